"""The build takes the outputs that pytest has made, from these sources and from no others."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks import MARK

ROOT = Path(__file__).parents[1]
MACHINERY = ("book/conftest.py", "book/_ext/executed.py")
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write(folder: Path, name: str, *cells: str, shown: str = "") -> Path:
    """A notebook of these cells; what is shown is the committed output of the last."""
    path = folder / "book" / f"{name}.ipynb"
    nb = new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=KERNEL)
    if shown:
        nb.cells[-1].update(execution_count=1, outputs=[new_output("stream", text=shown)])
    nbformat.write(nb, path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small book beside a small library."""
    for name in MACHINERY:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "lib").mkdir()
    for name in ("lib/one.py", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    write(tmp_path, "other", "pass")
    return tmp_path


@pytest.fixture
def executed(folder: Path) -> ModuleType:
    """The extension, of that book."""
    spec = spec_from_file_location("executed", folder / MACHINERY[1])
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(module := module_from_spec(spec))
    return module


CHANGES: dict[str, Callable[[Path], object]] = {
    "the notebook": lambda folder: write(folder, "one", "print(2)"),
    "a line of the library": lambda folder: (folder / "lib" / "one.py").write_text("x = 1\n"),
    "a new module": lambda folder: (folder / "lib" / "two.py").touch(),
    "a module's name": lambda folder: (folder / "lib" / "one.py").rename(folder / "lib" / "two.py"),
    "a module that is gone": lambda folder: (folder / "lib" / "one.py").unlink(),
    "data of the book": lambda folder: (folder / "book" / "data.npz").write_bytes(b"1"),
    "a pinned version": lambda folder: (folder / "requirements.txt").write_text("numpy==2\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_outputs_of_other_sources_are_not_taken(folder: Path, executed: ModuleType, change: str) -> None:
    """Catches a stale page: whatever changes, the notebook that was kept no longer stands for its source."""
    notebook = write(folder, "one", "print(1)")
    app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda document: str(folder / document) + ".ipynb"))
    nb = nbformat.read(notebook, as_version=4)
    nb.cells[0].outputs = [new_output("stream", text="1\n")]
    executed.keep(nb, executed.place(notebook))
    write(folder, "other", "another notebook may change")
    executed.take(app, "book/one", source := [""])
    taken = nbformat.reads(source[0], as_version=4)
    assert taken.cells[0].outputs[0].text == "1\n" and taken.metadata.mystnb.execution_mode == "off"
    CHANGES[change](folder)
    executed.take(app, "book/one", source := [""])
    assert source == [""]


@pytest.mark.slow
def test_what_passed_is_kept(folder: Path, executed: ModuleType) -> None:
    """Catches a notebook kept although a cell of it raised, differed or was left out, lost outputs, and outputs
    of a widget that would stand on the page twice."""
    say = f"{MARK}\nprint('said')"
    inside = "import ipywidgets as w\nwith w.Output():\n    print('inside')\nprint('below')"
    names = {
        "good": ["1 + 1", inside, say],
        "raises": ["1 / 0", say],
        "differs": ["1 + 1", say.replace("said", "other")],
    }
    paths = {name: write(folder, name, *cells, shown="said\n") for name, cells in names.items()}
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", *options]
    subprocess.run([*command, "--deselect", "book/good.ipynb::Cell 0", "book/good.ipynb"], cwd=folder)
    assert not executed.KEPT.exists()
    subprocess.run([*command, "book"], cwd=folder)
    assert [name for name, path in paths.items() if executed.place(path).exists()] == ["good"]
    outputs = [
        output for cell in nbformat.read(executed.place(paths["good"]), as_version=4).cells for output in cell.outputs
    ]
    assert outputs[0].data["text/plain"] == "2"
    assert [output.text for output in outputs[1:]] == ["below\n", "said\n"]
