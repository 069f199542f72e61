"""Pictures of directions: on the circle (d = 2) and on the sphere (d = 3), seen from far away."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from figures.style import CATEGORIES, HAIR, MARK, SOFT, arrow, colour, columns, on_circle
from lib.data import Array, validated

TURN, TILT = 35.0, 22.0  # degrees


def seen(points: ArrayLike, turn: float = TURN, tilt: float = TILT) -> Array:
    """Right, up and towards the eye, (..., 3), of points (..., 3) seen from `turn` and `tilt` degrees.

    Points of the plane (..., 2) are seen as they are, in front.
    """
    P = np.asarray(points, dtype=float)
    if P.shape[-1] == 2:
        return np.concatenate([P, np.ones((*P.shape[:-1], 1))], axis=-1)
    a, e = np.radians([turn, tilt])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    toward = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    return P @ np.column_stack([right, np.cross(toward, right), toward])


def equator(x: Array) -> Array:
    """Where the hyperplane of x cuts the unit sphere: a circle (97, 3), or for d = 2 its two ends."""
    if len(x) == 2:
        return np.array([[-x[1], x[0]], [x[1], -x[0]]]) / (np.linalg.norm(x) or 1.0)
    across = np.linalg.svd(x[None])[2][1:]
    angles = np.linspace(0, 2 * np.pi, 97)
    return on_circle(angles) @ across


def globe(ax: Axes, X: ArrayLike, y: ArrayLike) -> Axes:
    """The circle or sphere of directions, the hyperplanes of the rows of X (N, 2 or 3), and the rows' directions."""
    X, y = validated(X, y)
    columns(X, 2, 3)
    angles = np.linspace(0, 2 * np.pi, 200)
    ax.plot(*on_circle(angles).T, color=SOFT, lw=0.9)
    for x, label in zip(X, y, strict=True):
        curve = seen(equator(x))
        for part, alpha in ((curve[:, 2] >= 0, 1.0), (curve[:, 2] < 0, 0.35)):
            ax.plot(*np.where(part[:, None], curve[:, :2], np.nan).T, color=HAIR, lw=1, alpha=alpha)
        right, up, _ = 1.1 * seen(x / (np.linalg.norm(x) or 1.0))
        ax.plot(right, up, "o", ms=5, mfc=colour(label) if label > 0 else "none", mec=colour(label), mew=1.4)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    ax.set_axis_off()
    return ax


def neurons(ax: Axes, X: ArrayLike, y: ArrayLike, W1: ArrayLike, w2: ArrayLike) -> Axes:
    """The neurons W1 (d, m), w2 (m,), d = 2 or 3, as arrows over the hyperplanes of the data; longer if larger."""
    globe(ax, X, y)
    W = np.asarray(W1, dtype=float).T
    lengths = np.linalg.norm(W, axis=1)
    sizes = 0.2 + 0.8 * lengths / (lengths.max(initial=0.0) or 1.0)
    tips = seen(W / np.where(lengths > 0, lengths, 1.0)[:, None]) * sizes[:, None]
    for tip, sign in zip(tips, np.asarray(w2), strict=True):
        arrow(ax, tip[:2], colour(sign))
    return ax


def landings(ax: Axes, starts: ArrayLike, reached: ArrayLike, ends: ArrayLike) -> Axes:
    """Starts (n, 3) on the sphere coloured by the index of the end (k, 3) they reach; -1, which is grey, for none."""
    P, reached, ends = seen(starts), np.asarray(reached, dtype=int), np.asarray(ends, dtype=float).reshape(-1, 3)
    colours = np.array([*CATEGORIES, HAIR])[np.where(reached < 0, -1, reached % len(CATEGORIES))]
    front = P[:, 2] >= 0
    ax.scatter(P[front, 0], P[front, 1], c=colours[front], s=7, lw=0)
    for k, end in enumerate(seen(ends)):
        if end[2] >= 0:
            ax.plot(*end[:2], "o", ms=9, mfc=CATEGORIES[k % len(CATEGORIES)], mec=MARK, mew=1.5)
    return ax
