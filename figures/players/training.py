"""Players of the works on where training goes: from a mirrored start to the map of the theorems."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player, plain
from figures.players.state import rounded
from figures.style import columns, on_circle
from lib.closed_form import race as foreseen
from lib.data import Array, validated, validated_matrix
from lib.flow import direction_flow, gradient_flow
from lib.network import Network
from lib.zonotope import growth, hausdorff

LANES = figures.POS, figures.NEG, figures.MARK  # of the neurons of a race


def _ringed(ax: Axes, X: Array, y: Array) -> float:
    """The examples X (N, 2), y (N,) in a circle on which neurons start; its radius."""
    ring = 1.45 * float(np.abs(X).max())
    figures.plane(ax, 1.1 * ring)
    ax.plot(*(ring * on_circle(np.linspace(0, 2 * np.pi, 361))).T, color=figures.HAIR, lw=0.8)
    figures.examples(ax, X, y)
    return ring


def _neuron(ax: Axes, start: Array, end: Array, colour: str, face: str) -> None:
    """Where a neuron starts on the circle, and the arrow of where it is."""
    ax.plot(*start, "o", ms=6.5, mec=colour, mfc=face)
    figures.arrow(ax, 0.75 * end, colour, 2.2)


def _sides(ax: Axes, X: Array, y: Array, starts: Array, net: Network) -> None:
    """Two neurons, + and -, of a trained network, their starts, and the sign of the network."""
    ring, circle = _ringed(ax, X, y), on_circle(np.linspace(0, 2 * np.pi, 361))
    for s, u, w in zip((1, -1), starts, net.W1.T / net.radii.max(), strict=True):
        tone, side = figures.colour(s), s * net.predict(circle) > 0
        ax.fill(*(ring * side[:, None] * circle).T, fc=tone, alpha=0.13, ec="none")
        _neuron(ax, ring * u, ring * w, tone, tone if s > 0 else "none")


def mirror(X: ArrayLike, y: ArrayLike, angle: float, scale: float, answer: tuple[float, float]) -> Player:
    """A neuron of each sign on symmetric data X (N, 2), y (N,): mirrored starts at `angle` and opposite, or not.

    `answer` holds the angles of two starts, all of size `scale`, from which the flow leaves an example out. Raises
    `ValueError` if the data are not symmetric.
    """
    X, y = validated(X, y)
    columns(X, 2)
    rows = np.column_stack([X, y])
    if sorted(rows.tolist()) != sorted((-rows + 0.0).tolist()):
        raise ValueError("X, y must be symmetric: with each row x of label y the row -x of label -y")
    alt = (
        f"{len(X)} examples in opposite pairs, and the starts of a positive and a negative neuron on a circle; beside "
        "them the trained network over the circle of directions, with its linear part."
    )
    starts = {"mirrored": [angle, angle + np.pi], "not mirrored": list(answer)}

    def draw(figure: Figure) -> None:
        turns = np.linspace(0, 2 * np.pi, 361)
        circle, signs = on_circle(turns), np.array([1.0, -1.0])
        begin = {name: on_circle(np.array(angles)) for name, angles in starts.items()}
        left, *curves = figure.subplots(1, 3)
        curves[1].sharey(curves[0])
        nets = [
            gradient_flow(Network(scale * U.T, scale * signs), X, y, loss="exponential", log_t_end=4).network()
            for U in begin.values()
        ]
        for ax, name, net in zip(curves, starts, nets, strict=True):
            values = net.predict(circle)
            ax.plot(np.degrees(turns), values, color=figures.INK)
            ax.plot(np.degrees(turns), (values - net.predict(-circle)) / 2, "--", color=figures.MARK)
            ax.set(title=name, xticks=[0, 180, 360])
        _sides(left, X, y, begin["mirrored"], nets[0])

    state = {"X": X, "y": y, "angles": starts["mirrored"], "scale": scale, "answer": starts["not mirrored"]}
    return Player("mirror", state, alt, draw, 6.6, 2.4)


def _parted(ax: Axes, X: Array, y: Array, u: Array) -> None:
    """Two classes, the kinks of their examples, and the start u of a neuron."""
    ring = _ringed(ax, X, y)
    for x, label in zip(X, y, strict=True):
        edge = ring * np.array([-x[1], x[0]]) / np.linalg.norm(x)
        ax.plot(*np.array([-edge, edge]).T, "--", color=figures.colour(label), lw=0.8)
    _neuron(ax, ring * u, ring * u, figures.MARK, figures.MARK)


def clock(X: ArrayLike, y: ArrayLike, angle: float) -> Player:
    """Drag X (N, 2) and the start of a positive neuron, at first at `angle`: its time of alignment beside the bound.

    Raises `ValueError` unless all products y_n y_k x_n'x_k are positive, since otherwise there is no bound.
    """
    X, y = validated(X, y)
    columns(X, 2)
    Z = y[:, None] * X
    if (Z @ Z.T <= 0).any():
        raise ValueError("all y_n y_k x_n'x_k must be positive: begin with separated classes, the reader can part them")
    alt = (
        f"{len(X)} examples of two classes and the start of a positive neuron on a circle, to be dragged; beside them "
        "the time until a neuron sees its own class alone, for every start, and the bound on this time."
    )

    def draw(figure: Figure) -> None:
        (left, ax), turns = figure.subplots(1, 2), np.radians(np.arange(360) + 0.5)
        _parted(left, X, y, on_circle(np.array(angle)))
        circle = on_circle(turns)
        times = np.array([path[-1].t for path in direction_flow(y, circle, X, 1.0).arcs])
        fair = growth(X, y, circle, 1.0) >= 0
        for part, colour in ((fair, figures.POS), (~fair, figures.SOFT)):
            ax.plot(np.degrees(turns[part]), times[part], ".", ms=3, color=colour)
        lengths = np.linalg.norm(X, axis=1)
        least = (Z @ Z.T / np.outer(lengths, lengths)).min()
        limit = np.arccosh(1 / least) / lengths.min()
        ax.axhline(limit, color=figures.MARK)
        ax.set(xlabel="direction of the start (degrees)", ylabel="time of alignment", ylim=(-0.05, 1.8 * limit))

    return Player("clock", {"X": X, "y": y, "angle": angle}, alt, draw, 6.2, 2.8)


def _apart(X: Array, v: Array) -> bool:
    """d_H(X^-T v) > 1."""
    return hausdorff(X, np.linalg.solve(X.T, v)).value > 1 + 1e-9


def teacher(X: ArrayLike, v: ArrayLike) -> Player:
    """Drag the teacher v (3,) over the sphere, seen from e_1: where is d_H(X^-T v) > 1, for three examples X (3, 3)?

    Raises `ValueError` if the rows are dependent, or if d_H > 1 already, so that the figure would begin solved.
    """
    rows, first = validated_matrix(X), np.asarray(v, dtype=float)
    if rows.shape != (3, 3) or first.shape != (3,) or np.linalg.cond(rows) > 1e8 or first[0] <= 0:
        raise ValueError("X must be three independent rows of three entries, and v of three with v[0] > 0")
    first = first / np.linalg.norm(first)
    if _apart(rows, first):
        raise ValueError("v has d_H > 1 already, so the figure would begin solved: begin where one neuron is cheapest")
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alt = "Three examples on the sphere of teachers, seen from above; in a coloured part one neuron is not cheapest."

    def draw(figure: Figure) -> None:
        ax, a = figure.subplots(), np.linspace(-0.8, 0.8, 65)
        spots = np.array([(np.sqrt(1 - p * p - q * q), p, q) for p in a for q in a if p * p + q * q < 1])
        spots = spots[(spots @ units.T >= np.sqrt(0.5)).all(axis=1)]
        far = np.array([_apart(rows, spot) for spot in spots])
        for part, colour in ((spots[far], figures.MARK), (spots[~far], figures.POS)):
            ax.plot(*part[:, 1:].T, "s", ms=4.4, mew=0, color=colour, alpha=0.3)
        ax.plot(*units[:, 1:].T, "o", color=figures.POS)
        ax.plot(*first[1:], "o", color=figures.NEG)
        ax.set(aspect="equal", xlabel="second coordinate of the teacher", ylabel="third coordinate")

    return Player("teacher", {"X": rows, "v": first}, alt, draw, 3.8, 3.6)


def sizes(S: Array, rho: Array) -> tuple[Array, Array]:
    """The knots of the race: times (k + 1,) and sigma (k + 1, m), from -1 at time 0; y = 1 for every example."""
    told = foreseen(S, rho, np.ones(len(rho)))
    times, left, sigma = np.r_[0.0, told.times], np.ones(len(rho)), [-np.ones(len(S))]
    for wait, block in zip(np.diff(times), told.blocks, strict=True):
        sigma.append(sigma[-1] + wait * np.linalg.norm(S * left * rho, axis=1))
        left = left * ~block
    return times, np.array(sigma)


def _lengths(ax: Axes, S: Array, rho: Array) -> None:
    """A bar for the length of each example; below, which neuron sees which."""
    ax.set(xlim=(-0.5, len(rho) - 0.5), ylim=(-0.3 - 0.2 * len(S), 1.2 * rho.max()))
    ax.set_axis_off()
    ax.vlines(range(len(rho)), 0, rho, color=figures.INK)
    for k, length in enumerate(rho):
        ax.text(k, length + 0.07, f"{length:.2f}", ha="center")
        ax.text(k, -0.2, f"$x_{k + 1}$", ha="center")
    for i, (seen, colour) in enumerate(zip(S, LANES, strict=False)):
        on = np.flatnonzero(seen)
        ax.plot(on, np.full(len(on), -0.4 - 0.2 * i), "o-", ms=4, color=colour)


def race(patterns: ArrayLike, lengths: ArrayLike) -> Player:
    """Neurons with `patterns` (m, N), m <= 3, race on orthogonal examples whose `lengths` (N,) are to be dragged.

    Raises `ValueError` for more neurons than the figure has colours, and as `lib.closed_form.race` does.
    """
    S, rho = validated_matrix(patterns), np.asarray(lengths, dtype=float)
    if len(S) > 3:
        raise ValueError(f"patterns must have at most 3 rows, one colour for each neuron; got {len(S)}")
    times, sigma = sizes(S, rho)
    alt = (
        f"The lengths of {len(rho)} examples; beside them the sizes of {len(S)} neurons on a logarithmic scale, as "
        "straight lines over time, which race to the top and bend where a rival has learnt an example."
    )

    def draw(figure: Figure) -> None:
        left, ax = figure.subplots(1, 2, width_ratios=(2, 3))
        _lengths(left, S, rho)
        for own, colour in zip(sigma.T, LANES, strict=False):
            ax.plot(times, np.minimum(own, 0), color=colour)
        for time in times[1:]:
            ax.axvline(time, color=figures.SOFT, lw=0.8, ls="--")
        ax.set(xlabel="time", ylabel="log of the size", ylim=(-1.02, 0.05))

    return Player("race", {"S": S, "rho": rho}, alt, draw, 6.2, 2.8)


def programs(names: Sequence[str], y: ArrayLike, pairs: ArrayLike, scores: ArrayLike) -> Player:
    """Move two clouds of pre-activations over the wedges of (s)_+ - (t)_+; beside them the scores of another network.

    K tasks with `names`, labels y (n,), `pairs` (K, n, 2), `scores` (K, n). Raises `ValueError` if shapes disagree.
    """
    y, pairs, scores = (np.asarray(values, dtype=float) for values in (y, pairs, scores))
    if pairs.shape != (len(names), len(y), 2) or scores.shape != pairs.shape[:2]:
        raise ValueError(
            f"pairs must be ({len(names)}, {len(y)}, 2) and scores ({len(names)}, {len(y)}), one entry for each task "
            f"and input; got {pairs.shape} and {scores.shape}"
        )
    state = {"names": list(names), "y": y, "pairs": rounded(pairs, 4), "scores": rounded(scores, 4)}
    alt = (
        f"{len(y)} inputs of two classes in the plane of the two pre-activations of a trained network, over the "
        "wedges where it says plus and minus; beside them histograms of the scores of a random network."
    )

    def draw(figure: Figure) -> None:
        (left, right), far = figure.subplots(1, 2), 1.1 * float(np.abs(pairs[0]).max())
        left.fill([0, far, far, 0], [-far, -far, far, 0], color=figures.POS, alpha=0.13, lw=0)
        left.fill([-far, -far, far, 0], [0, far, far, 0], color=figures.NEG, alpha=0.13, lw=0)
        for label, colour in ((1.0, figures.POS), (-1.0, figures.NEG)):
            left.plot(*pairs[0][y == label].T, "o", ms=2, color=colour)
            right.hist(scores[0][y == label], bins=24, color=colour, alpha=0.5)
        left.set(xlabel="first pre-activation", ylabel="second")
        right.set(xlabel="score of the random network")

    return Player("programs", state, alt, draw, 6.4, 3.0)


def theorems(axes: Mapping[str, Sequence[str]], entries: Sequence[Mapping[str, Any]]) -> Player:
    """Choose one option on each of the `axes` (name -> options): the entry whose "where" has them all is shown.

    An entry has "where", "theorem", "checked", "limit" and "certificate". Raises `ValueError` for an unknown option.
    """
    for entry in entries:
        if any(entry["where"].get(name) not in options for name, options in axes.items()):
            raise ValueError(f"entries: {entry['where']} has an option that is not on its axis {dict(axes)}")
    state = {"axes": [{"name": name, "options": list(options)} for name, options in axes.items()], "entries": entries}
    names = ", ".join(axes)
    alt = f"Choices of {names}; for each combination the theorem that says where training ends, or that none is known."

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        ax.axis("off")
        ax.hlines(1 - np.arange(len(entries) + 1) / len(entries), 0, 1, color=figures.HAIR)
        ax.vlines([0, 1], 0, 1, color=figures.HAIR)
        for k, entry in enumerate(entries):
            words = f"{', '.join(entry['where'].values())}: {entry['theorem']}"
            ax.text(0.01, 1 - (k + 0.6) / len(entries), words, fontsize=8)

    return Player("map", plain(state), alt, draw, 6.4, 3.0)
