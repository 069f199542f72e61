"""The rectified ellipsoid Q = {(Xu)_+ : ||u|| <= 1} of two or three examples, and a supporting plane of Q and -Q."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from figures.space import seen
from figures.style import MARK, SOFT, arrow, colour, on_circle, plane
from lib.data import Array, validated_dual
from lib.zonotope import hausdorff


def _sphere(d: int) -> list[Array]:
    """Curves on the unit sphere of R^2 (the circle) or of R^3 (meridians and parallels)."""
    turn = np.linspace(0, 2 * np.pi, 241 if d == 2 else 61)
    circle = on_circle(turn)
    if d == 2:
        return [circle]
    rise = np.linspace(-np.pi / 2, np.pi / 2, 31)[:, None]
    meridians = [np.hstack([np.cos(rise) * u, np.sin(rise)]) for u in circle[::5]]
    return meridians + [
        np.column_stack([np.cos(b) * circle, np.full(61, np.sin(b))]) for b in np.linspace(-1.4, 1.4, 13)
    ]


def _support(ax: Axes, X: Array, lam: Array, reach: float) -> None:
    """The line, or a square of the plane, {z : lam'z = d_H(lam)}, and the direction lam."""
    normal = lam / np.linalg.norm(lam)
    foot = normal * hausdorff(X, lam).value / np.linalg.norm(lam)
    across = 0.6 * reach * np.linalg.svd(normal[None])[2][1:]
    square = np.array([[1.0], [-1.0]]) if len(lam) == 2 else np.array([[1, 1], [-1, 1], [-1, -1], [1, -1], [1, 1]])
    ax.plot(*seen(foot + square @ across)[:, :2].T, color=MARK, lw=1.6)
    arrow(ax, seen(0.85 * reach * normal)[:2], MARK, 1.8)


def coordinates(X: Array) -> Array:
    """Rows (N, N) with the same inner products as the N rows of X: all that Q depends on."""
    R = np.asarray(np.linalg.qr(X.T, mode="r"))
    return np.pad(R.T, ((0, 0), (0, len(X) - len(R))))


def ellipsoid(ax: Axes, X: ArrayLike, lam: ArrayLike) -> Axes:
    """Q (blue), -Q (vermillion), the dual direction lam and its supporting line or plane, for X (N, d), N = 2, 3."""
    X, lam = validated_dual(X, lam)
    if len(X) not in (2, 3):
        raise ValueError(f"X must have 2 or 3 rows for its ellipsoid to be drawn; it has {len(X)}")
    rows = coordinates(X)
    reach = 1.3 * float(np.linalg.norm(X, axis=1).max())
    plane(ax, reach)
    for curve in _sphere(len(X)):
        for s in (1, -1):
            Z = seen(s * np.maximum(curve @ rows.T, 0.0))[:, :2]
            ax.plot(*Z.T, color=colour(s), lw=1.6 if len(X) == 2 else 0.8, alpha=1 if len(X) == 2 else 0.5)
            if len(X) == 2:
                ax.fill(*Z.T, color=colour(s), alpha=0.15, lw=0)
    _support(ax, X, lam, reach)
    if len(X) == 3:
        for axis in seen(reach * np.eye(3)):
            ax.plot([-axis[0], axis[0]], [-axis[1], axis[1]], color=SOFT, lw=0.7, zorder=0)
    return ax
