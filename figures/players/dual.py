"""Players of the dual problem: the rectified ellipsoid, a hypothesis that is lost, a planted direction."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player
from figures.players.state import along, directions, rounded
from figures.style import on_circle
from lib.data import Array, validated
from lib.flow import gradient_flow
from lib.network import Network
from lib.program import recovery as planted
from lib.zonotope import hausdorff

STEPS = 12  # of a slider from one data set to the next


def _images(X: Array, W1: Array, w2: Array) -> Array:
    """s_i (X u_i)_+, the places of the neurons in Q and -Q: (T, m, N)."""
    return np.where(w2 < 0, -1.0, 1.0)[:, :, None] * np.maximum(directions(W1) @ X.T, 0.0)


def ellipsoid(X: ArrayLike, y: ArrayLike, lam: ArrayLike, log_t: ArrayLike, W1: ArrayLike, w2: ArrayLike) -> Player:
    """Q = {(Xu)_+ : ||u|| <= 1} and -Q of N = 2 or 3 examples, a dual direction lam (N,), and the paths of neurons.

    X is (N, d), log_t (T,), W1 (T, d, m), w2 (T, m). For N = 2 the reader turns lam and sees the bound y'lam / d_H;
    for N = 3 the drawing turns. Raises `ValueError` for other N and unless y_n lam_n >= 0, not all zero.
    """
    X, y = validated(X, y)
    lam = np.asarray(lam, dtype=float)
    if len(X) not in (2, 3):
        raise ValueError(f"X must have 2 or 3 rows for its ellipsoid to be drawn; it has {len(X)}")
    if lam.shape != y.shape or (y * lam < 0).any() or not lam.any():
        raise ValueError("lam must have one entry for each row, with y_n lam_n >= 0, and not all zero")
    log_t, W1, w2, k = along(log_t, W1, w2)
    state = {
        "X": figures.coordinates(X), "y": y, "lam": lam, "distance": hausdorff(X, lam).value,
        "log_t": rounded(log_t[k]), "paths": rounded(_images(X, W1[k], w2[k]), 5), "signs": np.where(w2[0] < 0, -1, 1),
    }  # fmt: skip
    alt = (
        f"The set Q of the activations that a neuron can give {len(X)} examples, its mirror image, a dual direction "
        f"and the {'line' if len(X) == 2 else 'plane'} orthogonal to it that touches one of them."
    )

    def draw(figure: Figure) -> None:
        figures.ellipsoid(figure.subplots(), X, lam)

    return Player("ellipsoid" if len(X) == 2 else "ellipsoid3", state, alt, draw, 3.8, 3.8)


def _between(knots: ArrayLike, names: Sequence[str]) -> Array:
    """Data sets (K, N, 2) for a slider that leads from one to the next. Raises `ValueError`."""
    knots = np.asarray(knots, dtype=float)
    if knots.ndim != 3 or len(knots) < 2 or knots.shape[2] != 2 or len(names) != len(knots):
        raise ValueError(
            f"knots must be (K, N, 2) with K >= 2 and one name each; got {knots.shape}, {len(names)} names"
        )
    return knots


def _start(W1: ArrayLike, w2: ArrayLike) -> dict[str, Any]:
    """Neurons of one size as angles, signs and that size. Raises `ValueError` for others."""
    W1, w2 = np.asarray(W1, dtype=float), np.asarray(w2, dtype=float)
    scale = np.abs(w2)
    of_plane = W1.shape == (2, len(w2))
    if not of_plane or not np.allclose(np.linalg.norm(W1, axis=0), scale) or not np.allclose(scale, scale[0]):
        raise ValueError("W1 (2, m), w2 (m,) must be balanced and of one size, as lib.network.balanced makes them")
    return {"angles": np.arctan2(W1[1], W1[0]), "signs": np.sign(w2), "scale": scale[0]}


def dial(knots: ArrayLike, y: ArrayLike, names: Sequence[str], W1: ArrayLike, w2: ArrayLike) -> Player:
    """Data that change from knots[0] (N, 2) to the last of knots (K, N, 2), each with a name, K >= 2.

    For every position of the slider the browser solves for P*, follows the flow of the balanced start W1 (2, m),
    w2 (m,), and reports the Hausdorff distance of the multiplier it ends with, and the neuron that is missing.
    """
    knots = _between(knots, names)
    labels = np.array([validated(X, y)[1] for X in knots])[0]
    state = {"knots": knots, "y": labels, "names": list(names), **_start(W1, w2)}
    alt = (
        f"{len(labels)} data points in the plane, {names[0]}, and the neurons of a flow; a slider leads to {names[-1]}."
    )

    begin = Network(np.asarray(W1, dtype=float), np.asarray(w2, dtype=float))

    def draw(figure: Figure) -> None:
        reach = 1.35 * float(np.abs(knots).max())
        for ax, X, name in zip(figure.subplots(1, len(knots), squeeze=False)[0], knots, names, strict=True):
            net = gradient_flow(begin, X, labels, loss="exponential", log_t_end=50).network()
            figures.plane(ax, reach)
            figures.examples(ax, X, labels).set_title(name)
            for w, sign in zip(net.W1.T / np.linalg.norm(net.W1, axis=0).max(), net.w2, strict=True):
                figures.arrow(ax, 0.7 * reach * w, figures.colour(sign))

    return Player("dial", state, alt, draw, 6.4, 2.4)


def _steps(knots: Array) -> Array:
    """The data sets on the way, `STEPS` from one knot to the next."""
    at = np.arange(STEPS * (len(knots) - 1) + 1) / STEPS
    k = np.minimum(at.astype(int), len(knots) - 2)
    part = (at - k)[:, None, None]
    return (1 - part) * knots[k] + part * knots[k + 1]


def recovery(knots: ArrayLike, w: ArrayLike, names: Sequence[str]) -> Player:
    """Data from knots[0] (N, 2) to the last of knots (K, N, 2), and lam'(Xu)_+ of two lam with X'lam = w / ||w||.

    One lam is that of least squares, the other one that of kappa, solved here for `STEPS` steps a knot.
    """
    knots, w = _between(knots, names), np.asarray(w, dtype=float)
    along = _steps(knots)
    found = [planted(X, w) for X in along]
    if found[0].upper < 1:
        raise ValueError("knots[0] recovers w already, so the figure would begin solved: begin with data that do not")
    state = {
        "frames": along, "w": w / np.linalg.norm(w), "names": list(names), "lam": [one.lam for one in found],
        "kappa": [one.upper for one in found],
    }  # fmt: skip
    alt = (
        f"{knots.shape[1]} examples in the plane, {names[0]}, and a planted direction; beside them two curves over the "
        f"direction of a neuron, which tell whether the direction is recovered; a slider leads to {names[-1]}."
    )

    def draw(figure: Figure) -> None:
        angles, reach = np.linspace(0, 2 * np.pi, 361), 1.25 * max(1.0, float(np.abs(knots).max()))
        for above, below, X, name in zip(*figure.subplots(2, len(knots), sharey="row"), knots, names, strict=True):
            figures.plane(above, reach)
            figures.arrow(above, state["w"], figures.MARK, 2.0)
            figures.examples(above, X, np.where(X @ w > 0, 1.0, -1.0)).set_title(name)
            best = planted(X, w)
            up = np.maximum(X @ on_circle(angles).T, 0)
            below.plot(np.degrees(angles), np.linalg.pinv(X).T @ state["w"] @ up, color=figures.NEG, lw=1)
            below.plot(np.degrees(angles), best.lam @ up, color=figures.POS, lw=1.6)
            below.set(title=f"height {best.upper:.2f}", xticks=[0, 180, 360], yticks=[-1, 0, 1])

    return Player("recovery", state, alt, draw, 6.4, 4.4)
