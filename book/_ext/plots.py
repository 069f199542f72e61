"""Plots stand in the page as drawings in the colours of its theme; myst-nb sets pictures, out of reach of its rules.

A cell hands over a plot as a picture, for paper and for the gallery, and as a drawing. The drawing takes the picture's
place: in the page's colours, with the description that the picture has, and with names that no other drawing has.
Panels that stand beside each other do so on a wide page, and one below the other on a narrow one.
"""

import html
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np
from docutils import nodes
from matplotlib.transforms import Affine2D
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


def moved(part: Element) -> Affine2D:
    """Where a part puts what is in it: the last of its moves comes first."""
    moves = Affine2D()
    for move, values in reversed(re.findall(r"(\w+)\(([^)]*)\)", part.get("transform", ""))):
        step = {"translate": moves.translate, "scale": moves.scale, "rotate": moves.rotate_deg}[move]
        step(*map(float, re.split(r"[ ,]+", values)))
    return moves


def across(part: Element, names: dict[str, Element], place: Affine2D) -> Iterator[float]:
    """The horizontal places of the points of a part, put at `place`; between them is all that one sees of it."""
    kind, place = part.tag.rpartition("}")[2], moved(part) + place
    if clipped := part.get("clip-path"):
        yield from across(names[clipped[5:-1]], names, place)
    elif kind == "use":
        shift = Affine2D().translate(float(part.get("x", 0)), float(part.get("y", 0)))
        yield from across(names[part.attrib["{http://www.w3.org/1999/xlink}href"][1:]], names, shift + place)
    elif kind in ("path", "rect"):
        x, y, width, height = (float(part.get(size, 0)) for size in ("x", "y", "width", "height"))
        path = re.findall(r"-?\d+\.?\d*", part.get("d", f"{x} {y} {x + width} {y + height}"))
        yield from place.transform(np.array(path, dtype=float).reshape(-1, 2))[:, 0]
    elif kind != "defs":
        for child in part:
            yield from across(child, names, place)


def panels(svg: str) -> list[tuple[float, float]]:
    """Left and right of each panel, panels above each other in one: what lies over two keeps them together."""
    root = ElementTree.fromstring(svg)
    names = {part.get("id", ""): part for part in root.iter()}
    _, *parts = names["figure_1"]  # on the paper
    ends = sorted((min(places), max(places)) for part in parts if (places := [*across(part, names, Affine2D())]))
    cuts, reached = [0.0], -np.inf
    for left, right in ends:
        if left > reached > 0:
            cuts.append((left + reached) / 2)
        reached = max(reached, right)
    return [*pairwise([*cuts, float(root.attrib["viewBox"].split()[2])])]


def opening(left: float, right: float, height: str) -> str:
    """A window on a drawing, as large in the page as on paper; beside another one it may shrink by a fifth."""
    wide = (right - left) * PIXELS
    flex = f"flex: {wide:.0f} 1 {0.8 * wide:.0f}px; max-width: min(100%, {wide:.0f}px)"
    return f'<svg class="plot" width="{wide:.0f}" style="{flex}" viewBox="{left:.2f} 0 {right - left:.2f} {height}">'


def drawing(svg: str, alt: str, name: str) -> str:
    """A file of matplotlib's as an element of a page: its panels are windows on one drawing."""
    windows, height = panels(svg), re.search(r'viewBox="[^"]* ([\d.]+)"', svg)[1]  # type: ignore[index]
    svg = named(rounded(themed(re.sub(r"<!--.*?-->", "", svg, flags=re.S))), name)
    drawn = re.sub(r"\s*\n\s*", "\n", svg[svg.index(">") + 1 : svg.rindex("</svg>")])
    first, *others = (opening(left, right, height) for left, right in windows)
    shown = f'{first}<g id="{name}-whole">{drawn}</g></svg>'
    shown += "".join(f'{other}<use href="#{name}-whole"/></svg>' for other in others)
    return f'<div class="plots" role="img" aria-label="{html.escape(alt, quote=True)}">{shown}</div>'


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
