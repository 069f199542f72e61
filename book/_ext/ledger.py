"""`{ledger}` lists all verified and all cited claims; no list that Sphinx or sphinx-proof makes reads outputs."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from docutils import nodes
from folding import fold, fold_title
from gathered import Gather, GatherDirective, documents, section
from sphinx import addnodes
from sphinx.application import Sphinx

HYPOTHESIS = re.compile(r"\((H\d+)\)")
COLUMNS = ("chapter", "claims verified", "cases that hold", "controls that fail", "claims cited")


def boxes(doctree: nodes.document) -> list[nodes.container]:
    """The boxes that verification cells rendered."""
    return [box for box in doctree.findall(nodes.container) if "verification" in box["classes"]]


def label_of(box: nodes.container) -> str:
    """The label of the claim that a box verifies."""
    return next(box.findall(addnodes.pending_xref))["reftarget"]


def name_boxes(app: Sphinx, doctree: nodes.document) -> None:
    """A box can be linked to: verified-LABEL, and verified-LABEL-2 if there is a second of that claim."""
    count: dict[str, int] = {}
    for box in boxes(doctree):
        label = label_of(box)
        count[label] = count.get(label, 0) + 1
        box["ids"] = [f"verified-{label}" if count[label] == 1 else f"verified-{label}-{count[label]}"]


def is_claim(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Element) and "label" in node and "proof" in node.get("classes", [])


def sources(claim: nodes.Element) -> list[addnodes.pending_xref]:
    """What a claim cites, each source once."""
    cited = [xref for xref in claim.findall(addnodes.pending_xref) if xref["refdomain"] == "cite"]
    return list({xref["reftarget"]: xref for xref in cited}.values())


def verdicts(table: nodes.table) -> list[str]:
    """The first cell of each row."""
    return [row[0].astext() for body in table.findall(nodes.tbody) for row in body.children]


def hypotheses(claim: nodes.Element) -> str:
    """The hypotheses that a claim numbers, " · hypotheses H1, H2"."""
    marks = [HYPOTHESIS.fullmatch(strong.astext()) for strong in claim.findall(nodes.strong)]
    names = list(dict.fromkeys(mark[1] for mark in marks if mark))
    return f" · {'hypothesis' if len(names) == 1 else 'hypotheses'} {', '.join(names)}" if names else " · no hypotheses"


def in_order(doctree: nodes.document) -> list[nodes.container]:
    """The boxes of a chapter in the order of its claims; those of claims that stand elsewhere at the end."""
    places = {claim["label"]: place for place, claim in enumerate(doctree.findall(is_claim))}
    return sorted(boxes(doctree), key=lambda box: places.get(label_of(box), len(places)))


class Chapter(NamedTuple):
    """A document, the boxes in it, and its cited claims."""

    document: str
    boxes: list[nodes.container]
    cited: list[nodes.Element]

    def counts(self) -> list[int]:
        """Claims verified, cases, controls, claims cited."""
        marks = [mark for box in self.boxes for mark in verdicts(next(box.findall(nodes.table)))]
        hold, fail = (sum(mark.startswith(sign) for mark in marks) for sign in "✓✗")
        return [len({label_of(box) for box in self.boxes}), hold, fail, len(self.cited)]


def cells(contents: list[nodes.Node]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", content)) for content in contents))


def table(head: tuple[str, ...], rows: list[list[nodes.Node]]) -> nodes.table:
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", cells([nodes.Text(name) for name in head]))
    group += nodes.tbody("", *(cells(row) for row in rows))
    return nodes.table("", group)


class Ledger(Gather):
    kind = "ledger"

    def content(self) -> Iterator[nodes.Node]:
        trees = {document: self.env.get_doctree(document) for document in documents(self.env)}
        stated = [claim for tree in trees.values() for claim in tree.findall(is_claim)]
        self.titles = {claim["label"]: claim[0].children for claim in stated}
        self.numbered = {claim["label"]: hypotheses(claim) for claim in stated}
        self.sources = {claim["label"]: sources(claim) for tree in trees.values() for claim in cited_claims(tree)}
        chapters = [Chapter(document, in_order(tree), cited_claims(tree)) for document, tree in trees.items()]
        chapters = [chapter for chapter in chapters if chapter.boxes or chapter.cited]
        yield self.summary(chapters)
        for chapter in chapters:
            yield self.account(chapter)

    def summary(self, chapters: list[Chapter]) -> nodes.table:
        """One row for each chapter, and their sum."""
        counts = [chapter.counts() for chapter in chapters]
        sums = [sum(column) for column in zip(*counts, strict=True)]
        names = [self.place(chapter.document) for chapter in chapters]
        rows = [[name, *(nodes.Text(str(n)) for n in row)] for name, row in zip(names, counts, strict=True)]
        return table(COLUMNS, [*rows, [nodes.strong("", "all"), *(nodes.strong("", str(n)) for n in sums)]])

    def place(self, document: str) -> nodes.reference:
        """A link to a chapter's account on this page."""
        return nodes.reference("", "", *self.chapter(document), refid=anchor(document), internal=True)

    def account(self, chapter: Chapter) -> nodes.section:
        """The claims of a chapter, first the verified, then those only cited."""
        title = [self.link(chapter.document, "", *self.chapter(chapter.document))]
        verified = [node for box in chapter.boxes for node in self.verified(chapter.document, box)]
        known = {label_of(box) for box in chapter.boxes}
        cited = [self.cited(claim) for claim in chapter.cited if claim["label"] not in known]
        return section(anchor(chapter.document), title, *verified, *cited)

    def verified(self, document: str, box: nodes.container) -> list[nodes.Node]:
        label, anchor = label_of(box), box["ids"][0]
        words = "measured here" if anchor == f"verified-{label}" else "measured again"
        cell = self.link(document, anchor, nodes.Text(words))
        told = [self.claim(label), *self.name(label), nodes.Text(self.numbered.get(label, "")), nodes.Text(" · "), cell]
        told += self.origin(label)
        verdict = fold_title("", "", *self.copies(box[0].children[1:]))
        body = nodes.container("", *self.copies(list(box.findall(nodes.table))), classes=["verification"])
        return [nodes.paragraph("", "", *told), fold("", verdict, body, classes=["fold", "check"])]

    def cited(self, claim: nodes.Element) -> nodes.paragraph:
        label = claim["label"]
        return nodes.paragraph("", "", self.claim(label), *self.name(label), *self.origin(label))

    def origin(self, label: str) -> list[nodes.Node]:
        """Whence it is cited, unless its name says so; nothing for a claim that the book proves."""
        name = nodes.inline("", "", *self.name(label))
        named = {xref["reftarget"] for xref in name.findall(addnodes.pending_xref)}
        cited = self.sources.get(label, [])
        found = self.copies([xref for xref in cited if xref["reftarget"] not in named])
        if cited and not found:
            return [nodes.Text(" · cited")]
        marks = [" · cited from ", *[", "] * len(found)]
        return [node for mark, source in zip(marks, found, strict=False) for node in (nodes.Text(mark), source)]

    def claim(self, label: str) -> addnodes.pending_xref:
        """The numbered link to a claim."""
        words = nodes.literal("", label, classes=["xref"])
        return addnodes.pending_xref(
            "", words, refdomain="prf", reftype="ref", reftarget=label, refdoc=self.env.docname, refexplicit=False
        )

    def name(self, label: str) -> list[nodes.Node]:
        """What a claim is called, in parentheses as in its own heading; nothing if it has no name."""
        return self.copies(self.titles.get(label, []))


def cited_claims(doctree: nodes.document) -> list[nodes.Element]:
    return [claim for claim in doctree.findall(is_claim) if "cited" in claim["classes"]]


def anchor(document: str) -> str:
    return nodes.make_id(f"ledger-{document}")


def setup(app: Sphinx) -> dict[str, bool]:
    for extension in ("folding", "gathered"):
        app.setup_extension(extension)
    app.add_directive("ledger", GatherDirective)
    app.connect("doctree-read", name_boxes)
    app.add_post_transform(Ledger)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
