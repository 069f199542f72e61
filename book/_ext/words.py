"""The first use of a glossary word in a chapter is linked; Sphinx's own `{term}` links what is marked by hand.

Only a word that has no second meaning is linked by itself; any other, where it means what the glossary says, is marked
`{term}`. A word that has been marked is not linked again. What is a name already (a title, a link, bold, code, a
formula) stays as it is, and so do folds: a first use has to be seen.
"""

import re
from collections.abc import Iterable, Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

AMBIGUOUS = {"bracket", "cell", "certificate", "control", "convex program", "margin", "multiplier", "value"}
TAKEN = (nodes.title, nodes.reference, nodes.strong, nodes.literal, nodes.caption, nodes.raw, nodes.literal_block,
         addnodes.pending_xref, addnodes.glossary)  # fmt: skip
FOLDED = {"dropdown", "cell", "proof-title"}


def is_free(text: nodes.Text) -> bool:
    """Whether a word of this text may become a link: it stands in a paragraph, and in nothing that has a use for it."""
    node, inside = text.parent, False
    while node.parent is not None:
        if isinstance(node, TAKEN) or FOLDED & set(" ".join(node.get("classes", [])).split()):
            return False
        inside = inside or isinstance(node, nodes.paragraph)
        node = node.parent
    return inside


class LinkWords(SphinxPostTransform):
    default_priority = 5  # after pages are gathered, before references are resolved
    formats = ("html",)

    def run(self, **_: object) -> None:
        if not self.env.toc_secnumbers.get(self.env.docname, {}).get(""):  # a page of the back matter
            return
        marked = {xref["reftarget"] for xref in self.document.findall(addnodes.pending_xref) if is_term(xref)}
        words = {word for kind, word in self.env.domains["std"].objects if kind == "term"} - AMBIGUOUS - marked
        left = {word.lower(): word for word in words}
        for text in [text for text in self.document.findall(nodes.Text) if is_free(text)]:
            place = text.parent.index(text)
            text.parent[place : place + 1] = list(self.linked(text.astext(), left))

    def linked(self, text: str, left: dict[str, str]) -> Iterator[nodes.Node]:
        """The text, with a link for each word of `left` that is in it; such a word is left no more."""
        end = 0
        while left and (found := pattern(left).search(text, end)):
            yield from (nodes.Text(text[end : found.start()]), self.link(found[0], left.pop(found[1].lower())))
            end = found.end()
        yield nodes.Text(text[end:])

    def link(self, shown: str, word: str) -> addnodes.pending_xref:
        words = nodes.inline("", shown, classes=["xref", "std", "std-term"])
        place = {"reftype": "term", "reftarget": word, "refdoc": self.env.docname, "refwarn": True}
        return addnodes.pending_xref("", words, refdomain="std", refexplicit=True, **place)


def is_term(xref: addnodes.pending_xref) -> bool:
    return xref["refdomain"] == "std" and xref["reftype"] == "term"


def pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, the longest first, or its plural."""
    longest = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest))})s?(?![\w-])", re.I)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(LinkWords)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
