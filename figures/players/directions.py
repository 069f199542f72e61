"""Players on the circle and the sphere of directions: neurons along a flow, and the basins of extremal directions."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player
from figures.players.state import along, directions, rounded, whereabouts
from figures.style import columns, on_circle
from lib.data import validated, validated_dual


def flow(
    X: ArrayLike,
    y: ArrayLike,
    log_t: ArrayLike,
    W1: ArrayLike,
    w2: ArrayLike,
    targets: ArrayLike = (),
    *,
    best: float = 0.0,
) -> Player:
    """Neurons W1 (T, d, m), w2 (T, m) along log_t (T,), d = 2 or 3: play, pause, scrub; sliding and death are marked.

    `targets` (k, d) are directions to be ringed, such as those of the optimal neurons. With `best`, the least cost P*,
    the words say how many times P* the network costs, (1/min_n q_n) sum_i |w2_i| ||w1_i||, once no margin is negative.
    """
    X, y = validated(X, y)
    d = columns(X, 2, 3)
    log_t, W1, w2, k = along(log_t, W1, w2)
    lengths = np.linalg.norm(W1[k], axis=1)
    margins = y * np.einsum("tnm,tm->tn", np.maximum(X @ W1[k], 0), w2[k])
    prices = (np.abs(w2[k]) * lengths).sum(axis=1)
    state: dict[str, Any] = {
        "X": X, "y": y, "log_t": rounded(log_t[k]), "directions": rounded(directions(W1[k]), 5),
        "sizes": rounded(lengths / lengths.max(axis=1, keepdims=True), 4), "signs": np.where(w2[0] < 0, -1, 1),
        "status": whereabouts(X, directions(W1))[k], "targets": np.reshape(targets, (-1, d)),
        "shares": rounded(best * margins.min(axis=1) / prices) if best else [],
    }  # fmt: skip
    alt = (
        f"{W1.shape[2]} neurons as arrows from the centre of the {'circle' if d == 2 else 'sphere'} of directions, "
        f"at the start of a gradient flow. The {'lines' if d == 2 else 'planes'} of {len(X)} data points cut it."
    )

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for ax, step, when in ((left, 0, "start"), (right, -1, "end")):
            figures.neurons(ax, X, y, W1[step], w2[step]).set_title(when)

    return Player("flow", state, alt, draw)


def basins(X: ArrayLike, lam: ArrayLike) -> Player:
    """Drag the rows of X (N, 2): where a small neuron ends while the dual variable stays lam (N,), for every start."""
    X, lam = validated_dual(X, lam)
    columns(X, 2)
    alt = (
        f"The circle of directions over {len(X)} data points, coloured by the extremal direction at which a small "
        "neuron that starts there ends; around it, the growth rate of each direction as a curve."
    )

    def draw(figure: Figure) -> None:
        figures.basins(figure.subplots(), X, lam)

    return Player("basins", {"X": X, "lam": lam}, alt, draw, 3.6, 3.6)


def basins_on_sphere(X: ArrayLike, y: ArrayLike, starts: ArrayLike, reached: ArrayLike, ends: ArrayLike) -> Player:
    """Starts (n, 3) on the sphere, the ends (k, 3), and the index (n,) of the end that each start reaches or -1."""
    X, y = validated(X, y)
    columns(X, 3)
    starts, ends = np.reshape(starts, (-1, 3)), np.reshape(ends, (-1, 3))
    reached = np.asarray(reached, dtype=int)
    if reached.shape != (len(starts),) or reached.max(initial=-1) >= len(ends) or reached.min(initial=0) < -1:
        raise ValueError(
            f"reached must hold, for each of the {len(starts)} starts, -1 or an index of the {len(ends)} ends"
        )
    alt = f"A sphere of directions: {len(starts)} starts, coloured by which of {len(ends)} directions they reach."

    def draw(figure: Figure) -> None:
        figures.landings(figures.globe(figure.subplots(), X, y), starts, reached, ends)

    state = {"X": X, "y": y, "starts": rounded(starts, 4), "reached": reached, "ends": ends}
    return Player("sphere", state, alt, draw, 3.8, 3.8)


def wedges(X: ArrayLike, lam: ArrayLike) -> Player:
    """Drag the rows of X (N, 2): the dual function lam'(Xu)_+ over the circle, its kinks and its maxima.

    u is measured by its length, or by the sum of its absolute entries. Raises `ValueError` for bad input.
    """
    X, lam = validated_dual(X, lam)
    columns(X, 2)
    alt = (
        f"{len(X)} data points in the plane; beside them the dual function over the circle of directions, with its "
        "kinks, which are the directions perpendicular to a point, and its maxima."
    )

    def draw(figure: Figure) -> None:
        t = np.linspace(0, 2 * np.pi, 1441)
        circle = on_circle(t)
        kinks = np.arctan2(X[:, 0], -X[:, 1]) % np.pi
        for ax, p in zip(figure.subplots(2, 1, sharex=True), (2, 1), strict=True):
            f = np.maximum(circle @ X.T, 0) @ lam / np.linalg.norm(circle, ord=p, axis=1)
            for a in (*kinks, *(kinks + np.pi)):
                ax.axvline(a, color=figures.style.HAIR, lw=0.8, zorder=0)
            ax.plot(t, f)
            peak = np.abs(f) > np.maximum(np.abs(np.roll(f, 1)), np.abs(np.roll(f, -1)))
            ax.plot(t[peak], f[peak], "o", color=figures.MARK)
            ax.set_ylabel("length 1" if p == 2 else "absolute sum 1")
        ax.set_xticks(np.pi * np.arange(5) / 2, [f"{90 * k}°" for k in range(5)])

    return Player("wedges", {"X": X, "lam": lam}, alt, draw, 6.0, 3.6)
