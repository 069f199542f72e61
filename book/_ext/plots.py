"""Plots stand in the page as drawings in the colours of its theme; myst-nb sets pictures, out of reach of its rules.

A cell hands over a plot as a picture, for paper and for the gallery, and as a drawing. The drawing takes the picture's
place: in the page's colours, with the description that the picture has, and with names that no other drawing has.
"""

import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from figures.style import STYLE, themed

PIXELS = STYLE["figure.dpi"] / 72  # of a point


def rounded(svg: str) -> str:
    """Places on the paper to a hundredth of a point."""
    places = re.compile(r'(?<= )(?:d|x|y)="[^"]*"')
    return places.sub(lambda found: re.sub(r"(\.\d\d)\d+", r"\1", found[0]), svg)


def named(svg: str, name: str) -> str:
    """The drawing with `name` before every name inside it."""
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", svg).replace("xlink:href", "href")


def drawing(svg: str, alt: str, name: str) -> str:
    """A file of matplotlib's as an element of a page."""
    svg = named(rounded(themed(re.sub(r"<!--.*?-->", "", svg, flags=re.S))), name)
    width, box = re.search(r'width="([\d.]+)pt".*?viewBox="([^"]*)"', svg).groups()  # type: ignore[union-attr]
    size = f'width="{float(width) * PIXELS:.0f}" viewBox="{box}"'
    opening = f'<svg class="plot" role="img" aria-label="{html.escape(alt, quote=True)}" {size}>'
    return re.sub(r"\s*\n\s*", "\n", opening + svg[svg.index(">") + 1 :])


class Draw(SphinxPostTransform):
    default_priority = 5  # once myst-nb has chosen between picture and drawing
    formats = ("html",)

    def run(self, **_: object) -> None:
        for image in list(self.document.findall(nodes.image)):
            if image["uri"].endswith(".svg") and "jupyter_execute" in image["uri"]:
                file = Path(self.app.srcdir, image["uri"])
                name = (image.parent["ids"] or [file.stem])[0]
                image.replace_self(nodes.raw("", drawing(file.read_text(), image["alt"], name), format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(Draw)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
