"""Plots as functions of an axis and a result that return the axis, in one style."""

from lib.figures.charts import bracket, clocked, gap
from lib.figures.ellipsoid import coordinates, ellipsoid
from lib.figures.plane import arrangement, basins, corners, duel, examples, zonotopes
from lib.figures.space import equator, globe, landings, neurons, seen
from lib.figures.style import HAIR, INK, MARK, NEG, POS, SOFT, STYLE, arrow, colour, drawn, plane, use_style

__all__ = [
    "HAIR",
    "INK",
    "MARK",
    "NEG",
    "POS",
    "SOFT",
    "STYLE",
    "arrangement",
    "arrow",
    "basins",
    "bracket",
    "clocked",
    "colour",
    "coordinates",
    "corners",
    "drawn",
    "duel",
    "ellipsoid",
    "equator",
    "examples",
    "gap",
    "globe",
    "landings",
    "neurons",
    "plane",
    "seen",
    "use_style",
    "zonotopes",
]
