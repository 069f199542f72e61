"""The library's docstrings for autodoc: plain text, labels as links to theorems; napoleon wants sections in a markup.

Under a cell that shows the source of a function stands a link to its entry on the page of the library.
"""

import ast
import re
from collections.abc import Iterator
from textwrap import dedent

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

PIECES = re.compile(r"`([^`]+)`|\b((?:thm|lem|prop|cor|def)-[a-z]+(?:-[a-z]+)*)\b")
SHOWN = re.compile(r"inspect\.getsource\((\w+(?:\.\w+)+)\)")
FIELD = "Alias for field number"  # all that a NamedTuple says of its fields; the docstring of the class says more


def escaped(text: str) -> str:
    """Text in which no character means more than itself."""
    return re.sub(r"([\\*|_<>:(])", r"\\\1", text)


def inline(text: str) -> str:
    """Words in backticks are code, labels are links, and the rest is text."""
    found, end = [], 0
    for piece in PIECES.finditer(text):
        code, label = piece.groups()
        found += [escaped(text[end : piece.start()]), f"``{code}``" if code else f":prf:ref:`{label}`"]
        end = piece.end()
    return "\\ ".join([*found, escaped(text[end:])]) if found else escaped(text)


def is_python(block: str) -> bool:
    """Whether the colours of Python mean anything in it."""
    try:
        ast.parse(dedent(block))
    except SyntaxError:
        return False
    return True


def translated(lines: list[str]) -> Iterator[str]:
    """Paragraphs of text; indented ones are formulas, shown as they stand."""
    for block in re.split(r"\n\s*\n", "\n".join(lines).strip("\n")):
        rows = block.splitlines()
        if rows and all(row.startswith("    ") for row in rows):
            yield from ("::" if is_python(block) else ".. code-block:: text", "", *rows, "")
        else:
            yield from (inline(" ".join(row.strip() for row in rows)), "")


def process(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    lines[:] = list(translated(lines))


def signature(app: Sphinx, what: str, name: str, obj: object, *_: object) -> tuple[str, str | None] | None:
    """A protocol is not called; what autodoc would show is the call that forbids it."""
    return ("", None) if getattr(obj, "_is_protocol", False) else None


def skipped(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    return True if str(getattr(obj, "__doc__", "")).startswith(FIELD) else None


class Entries(SphinxTransform):
    """Links from shown sources to their entries, whose primes stay primes."""

    default_priority = 600

    def apply(self, **_: object) -> None:
        if any(self.document.findall(addnodes.desc)):
            self.document["support_smartquotes"] = False
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("nb_element") != "cell_code":
                continue
            names = [name for block in cell.findall(nodes.literal_block) for name in SHOWN.findall(block.astext())]
            if names:
                cell.parent.insert(cell.parent.index(cell) + 1, self.line(names))

    def line(self, names: list[str]) -> nodes.paragraph:
        line = nodes.paragraph("", "In the library: ", classes=["entry"])
        for n, name in enumerate(names):
            line += nodes.Text(", " if n else "")
            place = {"reftype": "obj", "reftarget": f"lib.{name}", "refdoc": self.env.docname, "refwarn": True}
            line += addnodes.pending_xref("", nodes.literal(name, name), refdomain="py", refexplicit=True, **place)
        return line


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-skip-member", skipped)
    app.add_transform(Entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
