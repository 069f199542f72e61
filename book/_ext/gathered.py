"""Pages gathered from all other documents, as Sphinx gathers its `todolist`, for which it offers no class of its own.

A directive leaves a placeholder; when its page is written, all documents have been read, and what it gathers comes out
of their stored doctrees. Nothing is kept in the environment, so nothing in it can be stale: after any change of any
document the page is simply written again.
"""

from collections.abc import Iterator

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective


class placeholder(nodes.General, nodes.Element):
    """Where the list will stand."""


class GatherDirective(SphinxDirective):
    """A placeholder with the directive's name."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["gathers"] = self.name
        return [placeholder("", kind=self.name)]


def documents(env: BuildEnvironment, root: str | None = None) -> Iterator[str]:
    """Every document, in the order of the table of contents."""
    root = root or env.config.root_doc
    yield root
    for child in env.toctree_includes.get(root, []):
        yield from documents(env, child)


def gathering_pages(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """The pages to write again because something was read again."""
    return [document for document, metadata in env.metadata.items() if "gathers" in metadata]


def shows_formulas(env: BuildEnvironment) -> None:
    """Of the page at hand, whose source has none: or MathJax is not loaded."""
    env.get_domain("math").data["has_equations"][env.docname] = True


class Gather(SphinxPostTransform):
    """Replaces the placeholders of one kind. A subclass says which, and what `content` they are replaced with."""

    default_priority = 1  # before references are resolved
    kind = ""

    def run(self, **_: object) -> None:
        for place in [place for place in self.document.findall(placeholder) if place["kind"] == self.kind]:
            made = list(self.made(place))
            place.replace_self(made)
            self.listed([node for node in made if isinstance(node, nodes.section)])
            if any(True for _ in self.document.findall(nodes.math)):
                shows_formulas(self.env)

    def listed(self, sections: list[nodes.section]) -> None:
        """The contents of a page that has no others: Sphinx made them when the page was read."""
        contents = self.env.tocs[self.env.docname][0]
        if sections and all(part.get("gathered") for part in contents[1:]):
            items = [nodes.list_item("", self.entry(node)) for node in sections]
            contents[1:] = [nodes.bullet_list("", *items, gathered=True)]
            self.env.toc_num_entries[self.env.docname] = 1 + len(items)

    def entry(self, node: nodes.section) -> nodes.Element:
        title = nodes.Text(node[0].astext())
        anchor = f"#{node['ids'][0]}"
        link = nodes.reference("", "", title, internal=True, refuri=self.env.docname, anchorname=anchor)
        return addnodes.compact_paragraph("", "", link)

    def made(self, place: placeholder) -> Iterator[nodes.Node]:
        """What takes the place of a placeholder."""
        return self.content()

    def content(self) -> Iterator[nodes.Node]:
        raise NotImplementedError

    def link(self, document: str, anchor: str, *children: nodes.Node) -> nodes.reference:
        """A link from this page to an anchor of a document; to its top if the anchor is empty."""
        uri = self.app.builder.get_relative_uri(self.env.docname, document) + (anchor and f"#{anchor}")
        return nodes.reference("", "", *children, refuri=uri, internal=True)

    def chapter(self, document: str) -> list[nodes.Node]:
        """The number and the title of a document."""
        number = self.env.toc_secnumbers.get(document, {}).get("")
        head = [nodes.Text(".".join(map(str, number)) + ". ")] if number else []
        return [*head, *self.copies(self.env.titles[document].children)]

    def copies(self, originals: list[nodes.Node]) -> list[nodes.Node]:
        """Copies for this page: without the originals' ids, and with references that start here."""
        made = [node.deepcopy() for node in originals]
        for element in [e for node in made for e in node.findall(nodes.Element)]:
            element["ids"], element["names"] = [], []
            if isinstance(element, addnodes.pending_xref):
                element["refdoc"] = self.env.docname
        return made


def section(anchor: str, title: list[nodes.Node], *body: nodes.Node) -> nodes.section:
    return nodes.section("", nodes.title("", "", *title), *body, ids=[anchor])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_node(placeholder)
    app.connect("env-updated", gathering_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
