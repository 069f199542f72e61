"""Pictures in the plane, for d = 2: data, cells, zonotopes."""

from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Wedge
from numpy.typing import ArrayLike

from figures.style import CATEGORIES, HAIR, MARK, SOFT, arrow, colour, columns, on_circle, plane
from lib.data import Array, validated, validated_dual
from lib.flow import direction_flow
from lib.zonotope import growth, hausdorff


def examples(ax: Axes, X: ArrayLike, y: ArrayLike, *, beside: tuple[float, float] = (6, -8)) -> Axes:
    """The rows of X (N, 2): discs for the label +1, rings for -1, numbered from 1, `beside` them by so many points."""
    X, y = validated(X, y)
    columns(X, 2)
    for n, (x, label) in enumerate(zip(X, y, strict=True), start=1):
        face = colour(label) if label > 0 else "none"
        ax.plot(*x, "o", ms=6.5, mfc=face, mec=colour(label), mew=1.6, zorder=3)
        ax.annotate(f"{n}", x, xytext=beside, textcoords="offset points", color=colour(label), fontsize=9)
    return ax


def arrangement(ax: Axes, X: ArrayLike, y: ArrayLike, h: ArrayLike) -> Axes:
    """The lines {h : x_n'h = 0} of the rows of X (N, 2), and a direction h (2,)."""
    X, y = validated(X, y)
    columns(X, 2)
    reach = 1.25 * max(1.0, float(np.linalg.norm(X, axis=1).max()))
    plane(ax, reach)
    for x, label in zip(X, y, strict=True):
        ends = np.outer([-2 * reach, 2 * reach], [-x[1], x[0]]) / (np.linalg.norm(x) or 1.0)
        ax.plot(*ends.T, color=colour(label), lw=1, zorder=1)
    arrow(ax, np.asarray(h) / np.linalg.norm(h), MARK, 2.0)
    ax.annotate("h", np.asarray(h) / np.linalg.norm(h), xytext=(5, 3), textcoords="offset points", color=MARK)
    return examples(ax, X, y)


def corners(Z: ArrayLike) -> Array:
    """The corners of the zonotope sum [0, z_n], counter-clockwise, (2k, 2) for generators Z (k, 2)."""
    Z = np.asarray(Z, dtype=float).reshape(-1, 2)
    down = (Z[:, 1] < 0) | ((Z[:, 1] == 0) & (Z[:, 0] < 0))
    up = np.where(down[:, None], -Z, Z)
    up = up[np.argsort(np.arctan2(up[:, 1], up[:, 0]), kind="stable")]
    return Z[down].sum(axis=0) + np.cumsum(np.vstack([np.zeros((1, 2)), up, -up]), axis=0)


def zonotopes(ax: Axes, X: ArrayLike, lam: ArrayLike) -> Axes:
    """Z_+(lam) and Z_-(lam) for X (N, 2), and the segment between them whose length is their Hausdorff distance."""
    X, lam = validated_dual(X, lam)
    columns(X, 2)
    best = hausdorff(X, lam)
    sides = {s: corners(s * lam[s * lam > 0, None] * X[s * lam > 0]) for s in (1, -1)}
    far = (np.maximum(best.s * lam, 0) * (X @ best.u > 0)) @ X
    plane(ax, 1.3 * float(np.abs(np.vstack([*sides.values(), far])).max()) or 1.0)
    for s, Z in sides.items():
        ax.fill(*Z.T, fc=colour(s), alpha=0.13, ec="none")
        ax.plot(*Z.T, color=colour(s))
        end = Z[np.argmax((Z**2).sum(axis=1))]
        beside = 8 * np.sign(end) if end.any() else (-8, -8)
        ax.annotate(r"$Z_{\!+}$" if s > 0 else r"$Z_{\!-}$", end, xytext=beside, textcoords="offset points",
                    color=colour(s), ha="center", va="center")  # fmt: skip
    ends = np.array([far, far - best.value * best.u])
    ax.plot(*ends.T, "o-", color=MARK, lw=2.2, ms=4)
    return ax


def duel(ax: Axes, X: ArrayLike, y: ArrayLike, u: ArrayLike) -> Axes:
    """The rows of X (N, 2) and the direction u (2,) of a neuron."""
    X, y = validated(X, y)
    columns(X, 2)
    reach = 1.3 * float(np.abs(X).max())
    plane(ax, reach)
    arrow(ax, 0.62 * reach * np.asarray(u), MARK, 2.2)
    return examples(ax, X, y)


def basins(ax: Axes, X: ArrayLike, lam: ArrayLike) -> Axes:
    """Where the directions of positive neurons end, a ring of one colour for each end, and lam'(Xu)_+ around it.

    X is (N, 2), lam (N,); a start from which a neuron dies is grey. Negative neurons descend the outer curve.
    """
    X, lam = validated_dual(X, lam)
    columns(X, 2)
    plane(ax, 1.75)
    starts = on_circle(np.radians(np.arange(0.5, 360)))
    limits = direction_flow(lam, starts, X, 1.0).limits
    at = np.where(growth(X, lam, limits, 1.0) > 1e-9, np.degrees(np.arctan2(*limits.T[::-1])).round(3) % 360, -1)
    ends = np.unique(at[at >= 0])
    tones = {-1.0: HAIR, **{end: CATEGORIES[k % len(CATEGORIES)] for k, end in enumerate(ends)}}
    for end, arc in groupby(range(360), key=at.__getitem__):
        first, *_, last = [*arc] * 2
        ax.add_patch(Wedge((0, 0), 1.1, first, last + 1, width=0.1, fc=tones[end], lw=0))
    for end, tip in zip(ends, on_circle(np.radians(ends)), strict=True):
        arrow(ax, tip, tones[end], 2.0)
    U = on_circle(np.radians(np.linspace(0, 360, 721)))
    values = growth(X, lam, U, 1.0)
    top = float(np.abs(values).max()) or 1.0
    ax.plot(*((1.3 + 0.2 * values / top)[:, None] * U).T, color=SOFT, lw=1.8)
    ax.plot(*(1.3 * U).T, color=SOFT, lw=0.8, ls="--")
    inside = 0.9 * X / np.linalg.norm(X, axis=1).max()
    return examples(ax, inside, np.where(lam < 0, -1.0, 1.0), beside=(-2, 6))
