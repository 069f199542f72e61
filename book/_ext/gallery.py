"""`{gallery}` shows every figure of the book, small and by name; sphinx-gallery shows scripts that it runs itself.

The figures come out of the chapters themselves. Each still is a small picture made of the one that a figure has for
paper, so a moving figure has one, too. What is in the gallery can be found in the book by its number.
"""

from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from gathered import Gather, GatherDirective, documents, section
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

WIDTH = 480  # pixels of a still
COLOURS = 64


class Gallery(Gather):
    kind = "gallery"

    def content(self) -> Iterator[nodes.Node]:
        for document in documents(self.env):
            figures = [figure for figure in self.env.get_doctree(document).findall(nodes.figure) if figure["ids"]]
            items = [self.item(document, figure) for figure in figures]
            if items:
                title = [self.link(document, "", *self.chapter(document))]
                shown = nodes.bullet_list("", *items, classes=["gallery"])
                yield section(nodes.make_id(f"gallery-{document}"), title, shown)

    def item(self, document: str, figure: nodes.figure) -> nodes.list_item:
        """Its still, its number and the first sentence of its caption; a word more if a reader drives it."""
        anchor = figure["ids"][0]
        number = ".".join(map(str, self.env.toc_fignumbers[document]["figure"][anchor]))
        name = nodes.Text(f"Figure {number}")
        pictures = [image for image in figure.findall(nodes.image) if not image["uri"].endswith(".svg")]
        still = [self.still(image, anchor) for image in pictures[:1]]
        line = nodes.paragraph("", "", self.link(document, anchor, *still, name))
        moves = any("data-player" in raw.astext() for raw in figure.findall(nodes.raw))
        line += nodes.Text(" (yours to drive)" if moves else "")
        caption = next(figure.findall(nodes.caption))
        line += [nodes.Text(". "), *self.copies(list(sentence(caption.children)))]
        return nodes.list_item("", line)

    def still(self, image: nodes.image, name: str) -> nodes.image:
        """A small copy of a picture, among the pictures of the built book."""
        made = Path(self.app.outdir, self.app.builder.imagedir, f"still-{name}.png")
        made.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(Path(self.app.srcdir, image["uri"])) as picture:
            picture.thumbnail((WIDTH, 2 * WIDTH))
            picture.convert("RGBA").quantize(COLOURS).save(made, optimize=True)
        here = self.app.builder.get_target_uri(self.env.docname)
        uri = f"{relative_uri(here, self.app.builder.imagedir)}/{made.name}"
        return nodes.image("", uri=uri, alt=image["alt"], candidates={"?": ""})


def sentence(parts: list[nodes.Node]) -> Iterator[nodes.Node]:
    """The first sentence of a text."""
    for part in parts:
        words, stop, _ = part.partition(". ") if isinstance(part, nodes.Text) else (part, "", "")
        yield nodes.Text(words + stop.strip()) if isinstance(part, nodes.Text) else part
        if stop:
            return


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("gathered")
    app.add_directive("gallery", GatherDirective)
    app.add_post_transform(Gallery)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
