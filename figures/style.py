"""One style for every plot: thin lines, no box, and colours that colour-blind readers tell apart.

Blue is the class +1 and what belongs to it (Z_+, positive neurons), vermillion the class -1 (both of Okabe and Ito);
wine is what is being looked at (of Tol: Okabe and Ito's green is their blue to a tritanope). Colour never speaks alone:
discs are +1 and rings -1, and curves carry their names.
"""

import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.data import Array

Point = Sequence[float] | np.ndarray

INK, POS, NEG, MARK, SOFT, HAIR = "#1b1e23", "#0072b2", "#d55e00", "#882255", "#6b7178", "#d3d6da"
# Of ends that a neuron may have: not the blue and the vermillion of the two classes.
CATEGORIES = ("#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#7a5cc0", "#b8a800", "#7f7f7f", "#a0522d")
STYLE: dict[str, Any] = {
    "figure.facecolor": "white",  # opaque: a plot on a dark page keeps its own ground
    "savefig.facecolor": "white",
    "figure.figsize": (6.0, 3.6),
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "figure.constrained_layout.use": True,
    "font.size": 10.5,
    "font.family": "sans-serif",
    "font.sans-serif": ["Liberation Sans", "Arial", "Helvetica", "DejaVu Sans"],
    "mathtext.fontset": "cm",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.8,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlecolor": INK,
    "axes.prop_cycle": cycler(color=[POS, NEG, MARK, "#cc79a7", "#e69f00", "#56b4e9", INK]),
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": HAIR,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "svg.hashsalt": "figures",  # the same drawing, the same file
}
# Paper's colours -> the page's, which follow the reader's light or dark mode where the page defines them.
THEMED = {
    INK: "var(--ink, currentColor)",
    POS: f"var(--pos, {POS})",
    NEG: f"var(--neg, {NEG})",
    MARK: f"var(--wine, {MARK})",
    SOFT: f"var(--soft, {SOFT})",
    HAIR: f"var(--hair, {HAIR})",
    "#000000": "var(--ink, currentColor)",
    "#ffffff": "var(--paper, #ffffff)",
}


def on_circle(angles: np.ndarray) -> Array:
    """The unit vectors (..., 2) at some angles, in radians."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def columns(X: Array, *allowed: int) -> int:
    """The number of columns of X. Raises `ValueError` if the figure shows no data of that many."""
    if X.shape[1] not in allowed:
        names = " or ".join(map(str, allowed))
        raise ValueError(f"X must have {names} columns for this figure; it has {X.shape[1]}")
    return X.shape[1]


def use_style() -> None:
    """Make every plot that follows look like the book's; in a notebook it is also a vector graphic."""
    mpl.rcParams.update(STYLE)
    if "ipykernel" in sys.modules:
        from matplotlib_inline.config import InlineBackend

        InlineBackend.instance().figure_formats = {"png", "svg"}


def themed(svg: str) -> str:
    """A drawing of matplotlib's for the middle of a page: the page's colours, no groups' names, no rules of its own."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.S)
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg)
    return re.sub(r"#[0-9a-f]{6}\b", lambda colour: THEMED.get(colour[0].lower(), colour[0]), svg, flags=re.I)


def drawn(draw: Callable[[Figure], object], width: float = 6.0, height: float = 3.2) -> Figure:
    """A figure in the book's style, of that size in inches, with `draw` applied; it belongs to no window."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height))
        draw(figure)
        return figure


def colour(sign: float) -> str:
    """The colour of a class, a side or a neuron: blue for +, vermillion for -."""
    return POS if sign > 0 else NEG


def plane(ax: Axes, reach: float) -> Axes:
    """Axes of the plane: equal units, from -reach to reach, two hairlines and no frame."""
    ax.axhline(0, color=HAIR, lw=0.8, zorder=0)
    ax.axvline(0, color=HAIR, lw=0.8, zorder=0)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    ax.set_axis_off()
    return ax


def arrow(ax: Axes, end: Point, color: str, width: float = 1.4) -> Axes:
    """An arrow from the origin to `end`."""
    shape = "-|>,head_width=0.22,head_length=0.45"
    look = {"arrowstyle": shape, "lw": width, "color": color, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=(end[0], end[1]), xytext=(0.0, 0.0), arrowprops=look)
    return ax
