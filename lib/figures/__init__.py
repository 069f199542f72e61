"""Plots as functions of an axis and a result that return the axis, in one style."""

from lib.figures.charts import bracket, clocked, gap
from lib.figures.plane import arrangement, corners, duel, examples, zonotopes
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
    "bracket",
    "clocked",
    "colour",
    "corners",
    "drawn",
    "duel",
    "examples",
    "gap",
    "plane",
    "use_style",
    "zonotopes",
]
