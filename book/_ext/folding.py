"""Proofs set as proofs, folds in plain HTML; togglebutton needs its script, sphinx-design folds only a box of its own.

A proof becomes running text that opens with "Proof." and ends with a box; with `:class: dropdown` it, a solution or
an admonition becomes a `<details>` element, which a keyboard opens, a link into it opens, and a printer can unfold.
"""

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

PROOF_OPENING = "Proof. "  # what sphinx_proof writes before the first line of a proof
SHARED_IDS = {"proof", "proof-content", "exercise-content", "solution-content"}  # given to every box of a page alike


class fold(nodes.General, nodes.Element):
    """A closed `<details>` element."""


class fold_title(nodes.TextElement):
    """Its `<summary>`, the line that stays visible."""


def visit_fold(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "details"))


def depart_fold(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append("</details>\n")


def visit_hidden(self: HTML5Translator, node: nodes.Element) -> None:
    """A cell that myst-nb folds, without the name that would take the place of the word on it for a screen reader."""
    start = len(self.body)
    visit_HideCellInput(self, node)
    self.body[start:] = [text.replace(' aria-label="Toggle hidden content"', "") for text in self.body[start:]]


def visit_fold_title(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append(self.starttag(node, "summary", ""))


def depart_fold_title(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append("</summary>\n")


def without_opening(proof: nodes.Element) -> None:
    """Take "Proof. " off the first text of a proof."""
    text = next(proof.findall(nodes.Text))
    if not text.startswith(PROOF_OPENING):
        raise ValueError(f"a proof does not open with words: {text[:60]!r}; begin it with a sentence")
    text.parent.replace(text, nodes.Text(text.removeprefix(PROOF_OPENING)))


def close(proof: nodes.Element) -> None:
    """The box that ends a proof, on its last line if that is text."""
    box = nodes.inline("", "\u25a1", classes=["qed"])
    last = proof.children[-1]
    if isinstance(last, nodes.paragraph):
        last += [nodes.Text(" "), box]
    else:
        proof += nodes.paragraph("", "", box)


def set_proof(proof: nodes.Element) -> None:
    """The "Proof." of an open proof in italics; of a folded one in the summary line."""
    without_opening(proof)
    close(proof)
    if "dropdown" in proof["classes"]:
        proof.insert(0, nodes.title("", "Proof"))
    else:
        paragraph = next(proof.findall(nodes.paragraph))
        paragraph.insert(0, [nodes.emphasis("", "Proof."), nodes.Text(" ")])
        proof.replace_self(nodes.container("", *proof.children, classes=["proof-text"]))


def folded(box: nodes.Element) -> fold:
    """A box with a title as a closed fold; its kind (proof, solution, note) stays as a class.

    A link in the title (a solution's, to its exercise) becomes plain text: the line that opens a fold is a control
    already, and one control inside another is out of a keyboard's reach.
    """
    title = next(box.findall(nodes.title))
    title.parent.remove(title)
    for link in list(title.findall(nodes.reference)):
        link.replace_self(link.children)
    kinds = [name for name in " ".join(box["classes"]).split() if name not in ("dropdown", "admonition")]
    kind = kinds or [box.tagname]
    body = nodes.container("", *box.children, ids=box["ids"])  # a link to what is inside a fold opens it
    return fold("", fold_title("", "", *title.children), body, classes=["fold", *kind])


class SetProofsAndFolds(SphinxPostTransform):
    default_priority = 900  # after references are resolved: a solution's title links to its exercise
    formats = ("html",)

    def run(self, **_: object) -> None:
        for box in self.document.findall(nodes.Element):
            box["ids"] = [name for name in box["ids"] if name not in SHARED_IDS]
        boxes = list(self.document.findall(nodes.admonition))
        for proof in (box for box in boxes if box["classes"].count("proof") == 2):
            set_proof(proof)
        for box in [box for box in self.document.findall(nodes.Admonition) if "dropdown" in box["classes"]]:
            box.parent.replace(box, folded(box))  # not replace_self, which would give the fold the ids too


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden, depart_HideCellInput))
    app.add_node(fold_title, html=(visit_fold_title, depart_fold_title))
    app.add_post_transform(SetProofsAndFolds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
