"""The page of the library: every public name has an entry, docstrings survive the translation, labels exist."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import docstrings
import pytest
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import roles

from tests.test_site import HTML, skipped, soup_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "book" / "library.md").read_text()
LABEL = re.compile(r"\b(?:thm|lem|prop|cor|def)-[a-z]+(?:-[a-z]+)*\b")


def described() -> list[ModuleType]:
    return [import_module(name) for name in re.findall(r"automodule:: (\S+)", PAGE)]


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    own = [name for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__]
    for name in getattr(module, "__all__", [name for name in own if not name.startswith("_")]):
        yield f"{module.__name__}.{name}", getattr(module, name)


def test_every_room_has_its_entries() -> None:
    """Catches a module that nobody finds: all but those that only run the command."""
    rooms = {path.stem for path in (ROOT / "lib").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    named = {module.__name__.split(".")[1] for module in described()}
    assert rooms - named == {"__init__", "__main__", "cli", "cores", "results"}


def test_every_label_in_the_library_exists() -> None:
    """Catches a docstring that sends the reader to a theorem that has another name."""
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "lib").rglob("*.py")}
    found = {(path, label) for path, text in texts.items() for label in LABEL.findall(text)}
    assert len(found) > 25
    assert [(path, label) for path, label in sorted(found) if label not in known_labels()] == []


def known_labels() -> set[str]:
    return {
        label for path in (ROOT / "book").glob("*.ipynb") for label in re.findall(r":label: ([\w-]+)", path.read_text())
    }


def test_docstrings_are_read_as_they_are_written() -> None:
    """Catches a character of a formula that becomes markup: the text of the page is that of the docstring."""
    link = lambda name, raw, text, line, inliner, options=None, content=None: ([nodes.literal("", text)], [])  # noqa: E731
    roles.register_local_role("prf:ref", link)
    for module in described():
        for name, one in public(module):
            text = getattr(one, "__doc__", None)
            if not text or not callable(one):
                continue  # then it has no entry
            lines = docstrings.translated([line.removeprefix("    ") for line in text.splitlines()])
            page = publish_doctree("\n".join(lines), settings_overrides={"report_level": 2, "halt_level": 2})
            assert "".join(page.astext().split()) == "".join(text.replace("`", "").split()), name


def test_the_translation_links_and_shows() -> None:
    """Catches a label that stays text, code that is not code, a formula that is set as a paragraph."""
    found = list(docstrings.translated(["|x_n'u| <= 1, as in thm-dual, for `lam`.", "", "    a* = b_", "", "End."]))
    assert found[0] == "\\|x\\_n'u\\| \\<= 1, as in \\ :prf:ref:`thm-dual`\\ , for \\ ``lam``\\ ."
    assert found[2:5] == [".. code-block:: text", "", "    a* = b_"]
    assert next(docstrings.translated(["    a = f(b)"])) == "::"


@pytest.mark.pages
@skipped
def test_the_page_shows_what_is_written() -> None:
    """Catches primes of formulas that became quotation marks, and a default that shows an object, not its name."""
    text = soup_of(HTML / "book" / "library.html").select_one("article").text
    assert "lam'(Xu)_+" in text and "\N{RIGHT SINGLE QUOTATION MARK}" not in text
    assert "progress=silent" in text and "<function" not in text


def test_a_newcomer_finds_what_the_advice_names() -> None:
    """Catches advice in CONTRIBUTING.md that names a file which has gone, or what has moved to another file."""
    advice = " ".join((ROOT / "CONTRIBUTING.md").read_text().split())
    files = re.findall(r"`((?:lib|tests|book)/[\w/.]+)`", advice)
    assert len(files) > 15
    assert [path for path in files if not (ROOT / path).exists()] == []
    placed = [(name.split("."), path) for name, path in re.findall(r"`([\w.]+)`,? in `(lib/[\w/]+\.py)`", advice)]
    assert len(placed) > 8
    found = {path: (ROOT / path).read_text() for _, path in placed}
    gone = [(name, path) for names, path in placed for name in names if not defined(name, found[path])]
    assert gone == []


def defined(name: str, source: str) -> bool:
    return re.search(rf"^ *(def|class) {name}\b|^{name}\b.*=", source, re.MULTILINE) is not None
