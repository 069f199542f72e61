"""Players in the plane of d = 2: the arrangement of lines, and the two zonotopes."""

from math import atan2, degrees

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player
from figures.players.state import along, directions, path, rounded
from figures.style import columns
from lib.data import validated, validated_dual
from lib.zonotope import hausdorff


def arrangement(X: ArrayLike, y: ArrayLike, h: ArrayLike = (0.8, 0.6)) -> Player:
    """Drag the rows of X (N, 2) and turn h (2,): the lines x_n'h = 0, their cells and patterns, and the cell of h."""
    X, y = validated(X, y)
    columns(X, 2)
    h = np.asarray(h, dtype=float)
    alt = (
        f"The plane, cut into cells by the lines orthogonal to {len(X)} data points. "
        "A direction h lies in one of the cells and activates the points on its side of their lines."
    )

    def draw(figure: Figure) -> None:
        figures.arrangement(figure.subplots(), X, y, h)

    return Player("arrangement", {"X": X, "y": y, "h": h}, alt, draw, 3.6, 3.4)


def zonotopes(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Player:
    """Drag the rows of X (N, 2): Z_+ and Z_- of the dual variable lam (N,), their Hausdorff distance and its neuron."""
    X, lam = validated_dual(X, lam)
    return zonotopes_along(X, y, [0.0], lam[None], np.zeros((1, 2, 0)), np.zeros((1, 0)))


def zonotopes_along(
    X: ArrayLike, y: ArrayLike, log_t: ArrayLike, lam: ArrayLike, W1: ArrayLike, w2: ArrayLike
) -> Player:
    """The two zonotopes along a flow: log_t (T,), lam (T, N), the neurons W1 (T, 2, m) and w2 (T, m) as arrows.

    X (N, 2) can be dragged at any time; then the arrows, which belong to the flow of the given data, go away.
    """
    X, y = validated(X, y)
    columns(X, 2)
    log_t, W1, w2, k = along(log_t, W1, w2)
    lam = path("lam", lam, len(log_t), 2)
    state = {
        "X": X, "y": y, "log_t": rounded(log_t[k]), "lam": rounded(lam[k], 9),
        "directions": rounded(directions(W1[k]), 5), "signs": np.where(w2[0] < 0, -1, 1),
    }  # fmt: skip
    best = hausdorff(X, state["lam"][0])

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        figures.duel(left, X, y, best.u)
        figures.zonotopes(right, X, state["lam"][0])

    alt = (
        f"First, {len(X)} data points in the plane. Then the zonotopes of the positive and of the negative class; "
        f"their Hausdorff distance is {best.value:.4g}, reached by a {'positive' if best.s > 0 else 'negative'} neuron "
        f"at {degrees(atan2(best.u[1], best.u[0])) % 360:.0f} degrees."
    )
    return Player("zonotopes", state, alt, draw)
