"""Checks and code folded, a line each: togglebutton and myst-nb fold cell by cell, here a check takes its cells along.

Neither sphinx-togglebutton nor myst-nb's own hiding joins cells: here a verification takes the code cells before it
into its fold, and its verdict becomes the line that stays. A cell hidden after a solution goes into the solution's
fold. What a cell shows (a figure, a number) stays in sight.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from folding import fold, fold_title
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_exercise.nodes import solution_node

SHOWN = "tag_show-code"  # a cell whose code is what its reader came for
COMMENT = re.compile(r"# *(.+)\n")
SOURCE = re.compile(r"print\(inspect\.getsource\(([\w.]+)\)")


def is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def part(cell: nodes.Element, name: str) -> nodes.Element | None:
    """The input or the output of a cell."""
    return next((child for child in cell.children if child.get("nb_element") == f"cell_code_{name}"), None)


def code_of(cell: nodes.Element) -> str:
    return next(cell.findall(nodes.literal_block)).astext()


def verification(cell: nodes.Element) -> nodes.Element | None:
    return next((box for box in cell.findall(nodes.container) if "verification" in box["classes"]), None)


def runs(parent: nodes.Element) -> Iterator[list[nodes.Element]]:
    """Neighbouring open code cells; a run ends with a cell that shows something."""
    run: list[nodes.Element] = []
    for node in [*parent.children, nodes.comment()]:
        open_cell = is_cell(node) and not node.get("hide_mode") and SHOWN not in node["classes"]
        if run and not open_cell:
            yield run
            run = []
        if open_cell:
            run.append(node)
            if part(node, "output") is not None:
                yield run
                run = []


def plain(line: nodes.Element) -> list[nodes.Node]:
    """The text of a line without its links: a line that opens a fold is a control already."""
    line = line.deepcopy()
    for link in list(line.findall(nodes.reference)):
        link.replace_self(link.children)
    return line.children


def title(run: list[nodes.Element], box: nodes.Element | None) -> list[nodes.Node]:
    """The line of a run: its verdict, the definition it prints, its first comment, or just that it is code."""
    if box is not None:
        return plain(box[0])
    if source := SOURCE.search(code_of(run[-1])):
        return [nodes.Text("The object: "), nodes.literal("", source[1])]
    comment = COMMENT.match(code_of(run[0]))
    return [nodes.Text(f"Code: {comment[1]}" if comment else "Code")]


def folded(run: list[nodes.Element]) -> list[nodes.Node]:
    """The fold of a run, and after it what its last cell shows."""
    box, last = verification(run[-1]), run[-1]
    line = fold_title("", "", *title(run, box))
    output = part(last, "output")
    printed = SOURCE.search(code_of(last))
    shown = output if output is not None and box is None and not printed else None
    if printed and output is not None:
        for block in output.findall(nodes.literal_block):
            block["language"] = "python"
    if shown is not None:
        last.remove(shown)
    if box is not None:
        box.remove(box[0])
    body = nodes.container("", *run)
    made: list[nodes.Node] = [fold("", line, body, classes=["fold", "code" if box is None else "check"])]
    return made if shown is None else [*made, nodes.container("", shown, classes=["cell"])]


def into_solution(cell: nodes.Element) -> None:
    """A cell hidden right after a solution becomes its end."""
    siblings = cell.parent.children
    before = siblings[siblings.index(cell) - 1]
    if isinstance(before, solution_node) and cell.get("hide_mode") == "all":
        cell.parent.remove(cell)
        (hidden,) = cell.children  # myst-nb has wrapped all of it
        before.append(nodes.container("", *hidden.children, classes=["cell"]))


class FoldCode(SphinxPostTransform):
    default_priority = 300  # after references and outputs are settled, before proofs and solutions are folded
    formats = ("html",)

    def run(self, **_: object) -> None:
        for cell in [node for node in self.document.findall(nodes.container) if is_cell(node)]:
            into_solution(cell)
        for parent in [self.document, *self.document.findall(nodes.section)]:
            for run in list(runs(parent)):
                place = parent.index(run[0])
                for cell in run:
                    parent.remove(cell)
                parent[place:place] = folded(run)


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("folding")
    app.add_post_transform(FoldCode)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
