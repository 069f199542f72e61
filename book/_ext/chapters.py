"""`{map}` draws what chapters need, `{path}` lists the way to one; sphinx.ext.graphviz needs a program beside Python.

Nothing is kept by hand: what a chapter needs is what its opening box links to after "You need", and how long it takes
is what the box says. A claim of any chapter counts, a chapter as a whole only if it comes earlier.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from graphlib import TopologicalSorter
from html import escape
from math import hypot
from operator import mul

from docutils import nodes
from gathered import Gather, GatherDirective, documents, placeholder
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import docname_join

READING_TIME = re.compile(r"Reading time:?\s+(?:about\s+)?(\d+)\s+minutes")
WIDTH, ROW, RADIUS = 400, 58, 16
REACH = 25  # of a finger: 44 pixels on a narrow phone, and eight of them in a row do not overlap
CLEAR = RADIUS + 3  # of a line from the middle of a circle that it does not lead to
BOWS = (0, 20, -20, 40, -40, 60, -60, 80, -80)  # of a line to a side, until it meets no circle

Point = tuple[float, float]


class Chapters:
    """What the numbered chapters need, in the order of the book."""

    def __init__(self, gather: Gather) -> None:
        self.env = gather.env
        order = [name for name in documents(self.env) if self.env.toc_secnumbers.get(name, {}).get("")]
        self.trees = {name: self.env.get_doctree(name) for name in order}
        self.place = {name: k for k, name in enumerate(order)}
        self.needs = {name: sorted(self._needed(name), key=self.place.__getitem__) for name in order}
        TopologicalSorter(self.needs).prepare()  # an error that names the circle, if chapters need each other

    def _needed(self, name: str) -> set[str]:
        """The chapters that the sentence "You need ..." of a chapter links to."""
        paragraphs = [p for p in self.trees[name].findall(nodes.paragraph) if "You need" in p.astext()][:1]
        xrefs = [xref for p in paragraphs for xref in p.findall(addnodes.pending_xref)]
        goals = {self._goal(name, xref) for xref in xrefs}
        return {goal for goal in goals if goal in self.place and goal != name}

    def _goal(self, name: str, xref: addnodes.pending_xref) -> str | None:
        if xref["refdomain"] == "prf":
            return self.env.proof_list[xref["reftarget"]]["docname"]
        goal = docname_join(name, xref["reftarget"])
        return goal if xref["reftype"] == "doc" and self.place.get(goal, len(self.place)) < self.place[name] else None

    def number(self, name: str) -> str:
        return ".".join(map(str, self.env.toc_secnumbers[name][""]))

    def minutes(self, name: str) -> int:
        """How long a chapter says that it takes; 0 if it does not say."""
        found = READING_TIME.search(self.trees[name].astext())
        return int(found[1]) if found else 0

    def before(self, name: str) -> list[str]:
        """All that a chapter needs, and itself: in the book's order, but nothing before what it needs."""
        left, done = {name}.union(*map(self.before, self.needs[name])), []
        while left:
            done.append(min((s for s in left if not left & set(self.needs[s])), key=self.place.__getitem__))
            left.remove(done[-1])
        return done

    def direct(self, name: str) -> list[str]:
        """What a chapter needs, without what is needed already by something that it needs."""
        implied = {step for need in self.needs[name] for step in self.before(need)[:-1]}
        return [need for need in self.needs[name] if need not in implied]

    def depth(self, name: str) -> int:
        return max((1 + self.depth(need) for need in self.needs[name]), default=0)

    @cached_property
    def rows(self) -> list[list[str]]:
        """The chapters that need one or are needed, by depth; in a row, each below what it needs."""
        linked = [name for name in self.place if self.needs[name] or any(name in n for n in self.needs.values())]
        rows = [[name for name in linked if self.depth(name) == k] for k in range(1 + max(map(self.depth, linked)))]
        at: dict[str, float] = {}
        for row in rows:
            row.sort(key=lambda name: mean(at[need] for need in self.direct(name)))
            at |= {name: (k + 0.5) / len(row) for k, name in enumerate(row)}
        return rows


def mean(values: Iterable[float]) -> float:
    values = list(values)
    return sum(values) / len(values) if values else 0.5


def along(points: list[Point], t: float) -> Point:
    """The point at t in [0, 1] of the cubic curve with these four points."""
    shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return sum(map(mul, shares, (x for x, _ in points))), sum(map(mul, shares, (y for _, y in points)))


def curve(start: Point, end: Point, circles: list[Point]) -> str:
    """A line from circle to circle that bows to a side if the others would be in its way."""
    (x, y), (u, v) = start, end
    bend = (v - y) / 2
    ways = [[start, (x + bow, y + bend), (u + bow, v - bend), end] for bow in BOWS]
    free = [way for way in ways if not any(met(way, circle) for circle in circles)]
    (a, b), (c, d) = (free or ways)[0][1:3]
    return f'<path d="M{x:.1f} {y:.1f}C{a:.1f} {b:.1f} {c:.1f} {d:.1f} {u:.1f} {v:.1f}"/>'


def met(way: list[Point], circle: Point) -> bool:
    """Whether a curve runs behind a circle."""
    steps = [along(way, k / 40) for k in range(41)]
    return any(hypot(x - circle[0], y - circle[1]) < CLEAR for x, y in steps)


class Map(Gather):
    kind = "map"

    def content(self) -> Iterator[nodes.Node]:
        chapters = Chapters(self)
        yield nodes.raw("", self.drawing(chapters), format="html")
        lines = [self.line(chapters, name) for name in chapters.place]
        yield nodes.bullet_list("", *(nodes.list_item("", line) for line in lines))

    def line(self, chapters: Chapters, name: str) -> nodes.paragraph:
        """A chapter, how long it takes, and what it needs."""
        line = nodes.paragraph("", "", self.link(name, "", *self.chapter(name)))
        minutes, needs = chapters.minutes(name), chapters.needs[name]
        line += nodes.Text(f" · {minutes} minutes" if minutes else "")
        for k, need in enumerate(needs):
            number = self.link(need, "", nodes.Text(chapters.number(need)))
            line += [nodes.Text(", " if k else " · needs "), number]
        return line

    def drawing(self, chapters: Chapters) -> str:
        """Rows of numbered circles, each joined to what it needs in the rows above."""
        at = {
            name: (WIDTH * (k + 0.5) / len(row), ROW * (r + 0.5))
            for r, row in enumerate(chapters.rows)
            for k, name in enumerate(row)
        }
        joined = [(need, name) for name in at for need in chapters.direct(name)]
        lines = "".join(curve(at[a], at[b], [at[name] for name in at if name not in (a, b)]) for a, b in joined)
        circles = "".join(self.circle(chapters, name, *place) for name, place in at.items())
        size = f"{WIDTH} {ROW * len(chapters.rows)}"
        return f'<svg class="chapter-map" viewBox="0 0 {size}" role="group" aria-label="map">{lines}{circles}</svg>'

    def circle(self, chapters: Chapters, name: str, x: float, y: float) -> str:
        number, title = chapters.number(name), escape(self.env.titles[name].astext())
        href = self.app.builder.get_relative_uri(self.env.docname, name)
        text = f'<text x="{x:.1f}" y="{y:.1f}" dy=".35em">{number}</text>'
        place = f'cx="{x:.1f}" cy="{y:.1f}"'
        drawn = f'<circle class="reach" {place} r="{REACH}"/><circle {place} r="{RADIUS}"/>{text}'
        return f'<a href="{href}" aria-label="{number}. {title}"><title>{number}. {title}</title>{drawn}</a>'


class PathDirective(GatherDirective):
    """`{path}` with the names of the chapters to reach, one on each line."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        (place,) = super().run()
        place["goals"] = [docname_join(self.env.docname, line.strip()) for line in self.content if line.strip()]
        return [place]


class Path(Gather):
    kind = "path"

    def made(self, place: placeholder) -> Iterator[nodes.Node]:
        chapters = Chapters(self)
        if unknown := [goal for goal in place["goals"] if goal not in chapters.place]:
            raise ExtensionError(f"{self.env.docname}: a path leads to {unknown}, which is no numbered chapter")
        steps = list(dict.fromkeys(step for goal in place["goals"] for step in chapters.before(goal)))
        items = [nodes.paragraph("", "", self.link(step, "", *self.chapter(step))) for step in steps]
        hours = sum(map(chapters.minutes, steps)) / 60
        yield nodes.bullet_list("", *(nodes.list_item("", item) for item in items), classes=["path"])
        yield nodes.paragraph("", f"{len(steps)} chapters, about {hours:.0f} hours.")


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("gathered")
    app.add_directive("map", GatherDirective)
    app.add_directive("path", PathDirective)
    app.add_post_transform(Map)
    app.add_post_transform(Path)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
