"""Plots as functions of an axis and a result that return the axis, in one style."""

from figures.charts import bracket, clocked, gap
from figures.ellipsoid import coordinates, ellipsoid
from figures.plane import arrangement, basins, corners, duel, examples, zonotopes
from figures.space import equator, globe, landings, neurons, seen
from figures.style import HAIR, INK, MARK, NEG, POS, SOFT, STYLE, arrow, colour, drawn, plane, use_style

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
