"""The rectified ellipsoid Q = {(Xu)_+ : ||u|| <= 1} of two or three examples, and a supporting plane of Q and -Q."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from lib.data import Array, validated_dual
from lib.figures.space import seen
from lib.figures.style import MARK, SOFT, arrow, colour, plane
from lib.zonotope import hausdorff


def _sphere(d: int) -> list[Array]:
    """Curves on the unit ball of R^2 (circles of several radii) or of R^3 (meridians and parallels)."""
    turn = np.linspace(0, 2 * np.pi, 241)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    if d == 2:
        return [r * circle for r in np.linspace(0, 1, 60)]
    rise = np.linspace(-np.pi / 2, np.pi / 2, 61)[:, None]
    meridians = [np.hstack([np.cos(rise) * u, np.sin(rise)]) for u in circle[::20]]
    return meridians + [
        np.column_stack([np.cos(b) * circle, np.full(241, np.sin(b))]) for b in np.linspace(-1.4, 1.4, 13)
    ]


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
            Z = seen(s * np.maximum(curve @ rows.T, 0.0))
            ax.plot(*Z[:, :2].T, color=colour(s), lw=0.8, alpha=0.35)
    normal = lam / np.linalg.norm(lam)
    foot = normal * hausdorff(X, lam).value / np.linalg.norm(lam)
    across = np.linalg.svd(normal[None])[2][1:]
    edges = [foot + 0.8 * reach * s * a for s in (1, -1) for a in across]
    for a, b in zip(edges, edges[len(across) :], strict=False):
        ax.plot(*seen(np.array([a, b]))[:, :2].T, color=MARK, lw=1.6)
    arrow(ax, seen(0.85 * reach * normal)[:2], MARK, 1.8)
    if len(X) == 3:
        for axis in seen(reach * np.eye(3)):
            ax.plot([-axis[0], axis[0]], [-axis[1], axis[1]], color=SOFT, lw=0.7, zorder=0)
    return ax
