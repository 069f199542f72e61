"""Outputs from the run of pytest that compared them; jupyter-cache would run them again, and misses a changed lib.

`pytest --nbval` executes the notebooks side by side and compares the marked cells; `book/conftest.py` keeps each
notebook that ran to its end without an error. When the book is built, a kept notebook takes the place of its source if
it belongs to the sources as they are now: the same notebook, library, data and pinned packages, the same Python.
Otherwise the build executes the source itself, so no page can show an output of other sources.
"""

import platform
from collections.abc import Iterator
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "_build" / "executed"
FOLDERS = ("lib", "figures", "book", "benchmarks")
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}


def sources(notebook: Path) -> Iterator[Path]:
    """The notebook, and every file that its outputs may depend on."""
    yield from (notebook, ROOT / "requirements.txt", ROOT / "pyproject.toml")
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("**/*")):
        if path.is_file() and path.suffix not in (".ipynb", ".pyc"):
            yield path


def place(notebook: Path) -> Path:
    """Where the executed notebook is kept: its name is a digest of all sources, names and contents, and the Python."""
    digest = sha256(platform.python_version().encode())
    for path in sources(notebook):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(ROOT).as_posix()}\0{len(content)}\0".encode() + content)
    return KEPT / f"{digest.hexdigest()}.ipynb"


def keep(executed: NotebookNode, place: Path) -> None:
    """Write an executed notebook to its place, marked so that the build does not execute it again."""
    marked = deepcopy(executed)
    marked.metadata.update(language_info=LANGUAGE, mystnb={"execution_mode": "off"})
    place.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(marked, place)


def take(app: "Sphinx", document: str, source: list[str]) -> None:
    """Put the kept notebook, if its sources are the present ones, in the place of the source that Sphinx has read."""
    notebook = Path(app.env.doc2path(document))
    if notebook.suffix == ".ipynb" and (kept := place(notebook)).is_file():
        source[0] = kept.read_text()


def setup(app: "Sphinx") -> dict[str, bool]:
    app.connect("source-read", take)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
