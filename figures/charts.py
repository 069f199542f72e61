"""Curves along the clock of a flow."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from figures.style import MARK, NEG, POS
from lib.data import Array, Mask


def clocked(ax: Axes, log_t: ArrayLike) -> Mask:
    """Make the horizontal axis log t, logarithmic if it spans decades. Returns which of the steps (T,) it can show."""
    log_t = np.asarray(log_t, dtype=float)
    late = log_t >= 1
    wide = late.sum() > 1 and log_t[-1] > 50 * max(1.0, log_t[0])
    if wide:
        ax.set_xscale("log")
    ax.set_xlabel("log t")
    return late if wide else np.isfinite(log_t)


def _named(ax: Axes, x: float, y: float, name: str, color: str, above: float) -> None:
    ax.annotate(name, (x, y), xytext=(8, above), textcoords="offset points", color=color)


def _range(lower: Array, upper: Array) -> tuple[float, float]:
    """Limits that show the end of the bracket, and no more than there is: early upper bounds can be arbitrarily bad."""
    last, low = lower[-1], lower.min()
    high = max([1.25 * last, 2 * last - low, *(2 * upper[-1:] - last)])
    high = min([high, *upper.max(keepdims=True, initial=last)]) if len(upper) else high
    return low - 0.06 * (high - low), high + 0.06 * (high - low)


def bracket(ax: Axes, log_t: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Axes:
    """lower <= P* <= upper along log t, all (T,); upper is infinite while some example is misclassified."""
    log_t, lower, upper = (np.asarray(v, dtype=float) for v in (log_t, lower, upper))
    shown = clocked(ax, log_t)
    solved = shown & np.isfinite(upper)
    ax.fill_between(log_t[solved], lower[solved], upper[solved], color=MARK, alpha=0.13, lw=0)
    for values, where, color in ((lower, shown, POS), (upper, solved, NEG)):
        ax.plot(log_t[where], values[where], color=color, lw=2.2)
    ax.set_ylim(*_range(lower[shown], upper[solved]))
    ax.set_ylabel("P*")
    k = int(np.flatnonzero(shown)[shown.sum() // 4])
    bottom, top = ax.get_ylim()
    room = lower[k] - bottom > 0.12 * (top - bottom)  # else the name would lie on the axis
    _named(ax, log_t[k], lower[k], "lower", POS, -14 if room else 6)
    inside = np.flatnonzero(solved & (upper <= top))
    if len(inside):
        third = inside[len(inside) * 3 // 10]  # it falls: the name stands over it
        _named(ax, log_t[third], upper[third], "upper", NEG, 6)
    return ax


def gap(ax: Axes, log_t: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Axes:
    """upper / lower - 1 along log t, logarithmic if it spans a decade."""
    log_t, lower, upper = (np.asarray(v, dtype=float) for v in (log_t, lower, upper))
    shown = clocked(ax, log_t) & np.isfinite(upper)
    relative = np.maximum(upper[shown] / lower[shown] - 1, 1e-16)
    ax.plot(log_t[shown], relative, color=MARK, lw=2.2)
    ax.set_yscale("log" if relative.max(initial=0) > 10 * relative.min(initial=1) else "linear")
    ax.set_ylabel("upper / lower − 1")
    ax.grid(axis="y")
    return ax
