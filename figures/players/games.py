"""Players with a goal: prove a bound, grow missing neurons, match two networks, press cells away; the laboratory."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.optimize import linprog

import figures
from figures.players.player import Player, bundle, plain
from figures.players.state import columns, rounded
from lib.data import Array, validated, validated_dual, validated_matrix
from lib.kkt import normalised, upper_bound
from lib.network import Network
from lib.patterns import count
from lib.zonotope import hausdorff

SOLVED = 1.05  # the highest hill of a network that is as good as optimal


def _data(X: Array, y: Array) -> Callable[[Figure], object]:
    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        figures.plane(ax, 1.35 * float(np.abs(X).max()))
        figures.examples(ax, X, y)

    return draw


def missing(X: ArrayLike, y: ArrayLike, net: Network) -> Player:
    """Column generation by hand: hills s lam'(Xu)_+ over the circle of directions; a tap on a bare hill is a birth.

    X (N, 2); the game begins with the directions of `net`. Raises `ValueError` if it errs, or is optimal already.
    """
    X, y = validated(X, y)
    columns(X, 2)
    net = normalised(net, X, y)
    if highest_hill(X, y, net) <= SOLVED:
        raise ValueError("net is optimal already, so the game would begin solved: pass a network that is not")
    angles = np.arctan2(net.W1[1], net.W1[0]) % (2 * np.pi)
    alt = (
        f"{len(X)} data points in the plane and the {net.m} neurons of a network; beside them the circle of directions "
        "unrolled, with the hills of the dual constraint. A hill above 1 is a neuron that is missing."
    )
    return Player("missing", {"X": X, "y": y, "angles": angles, "signs": np.sign(net.w2)}, alt, _data(X, y), 3.6, 3.4)


def highest_hill(X: Array, y: Array, net: Network) -> float:
    """d_H of the dual variable of the best network with the directions of `net`: above 1, a neuron is missing."""
    columns = (y[:, None] * np.maximum(X @ net.W1, 0) * np.sign(net.w2)) / net.radii
    solved = linprog(np.ones(net.m), A_ub=-columns, b_ub=-np.ones(len(y)))
    return hausdorff(X, -y * solved.ineqlin.marginals).value


def prove(X: ArrayLike, y: ArrayLike, lam: ArrayLike, net: Network) -> Player:
    """A lower bound of P* by hand, from sliders on |lam_n|: `lam` (N,) is the flow's, `net` a network that fits.

    X is (N, 2). Raises `ValueError` if `lam` has a forbidden sign or is zero, or if `net` errs.
    """
    X, y = validated(X, y)
    columns(X, 2)
    _, lam = validated_dual(X, lam)
    if (y * lam < 0).any() or not lam.any():
        raise ValueError("lam must have the signs of y, and not be zero: take that of a flow, or y itself")
    alt = (
        f"The two zonotopes of {len(X)} data points, with a slider for the weight of each; beside them the lower bound "
        "that they prove, and the cost of a network."
    )

    def draw(figure: Figure) -> None:
        figures.zonotopes(figure.subplots(), X, y / 2)

    cost = upper_bound(normalised(net, X, y), X, y)
    return Player("prove", {"X": X, "y": y, "lam": lam, "cost": cost}, alt, draw, 3.6, 3.4)


def landscapes(X: ArrayLike, y: ArrayLike, first: Network, second: Network) -> Player:
    """The least margin between two networks of equal width m <= 5, weight by weight and in the convex program.

    Both are scaled to least margin 1; in the convex program every point between them has margins of at least 1.
    """
    X, y = validated(X, y)
    first, second = normalised(first, X, y), normalised(second, X, y)
    if first.m != second.m or first.m > 5:
        raise ValueError(f"the networks must have equally many neurons, at most 5; got {first.m} and {second.m}")
    state = {name: {"W": net.W1.T, "w": net.w2} for name, net in (("A", first), ("B", second))}
    alt = (
        "The least margin of the networks between two good ones: along the average of the weights it falls, and some "
        "examples are misclassified; in the convex program it stays at 1."
    )

    def draw(figure: Figure) -> None:
        ax, t = figure.subplots(), np.linspace(0, 1, 61)
        nets = [Network(first.W1 + s * (second.W1 - first.W1), first.w2 + s * (second.w2 - first.w2)) for s in t]
        ax.plot(t, [(y * net.predict(X)).min() for net in nets], color=figures.NEG)
        ax.axhline(1, color=figures.POS)
        ax.set(xlabel="share of the second network", ylabel="least margin")

    return Player("landscapes", {"X": X, "y": y, **state}, alt, draw, 4.8, 2.8)


def presses(X: ArrayLike, moves: int = 2) -> Player:
    """Press three of the normals X (N, 3) into one plane, `moves` times: cells vanish, the count falls below Cover's.

    The rows are small whole numbers, so that pressed rows are exact. Raises `ValueError` if they are not.
    """
    X = validated_matrix(X)
    columns(X, 3)
    if (np.round(X) != X).any() or np.abs(X).max() > 9:
        raise ValueError("X must have whole entries of at most 9: pressed rows are counted exactly")
    alt = f"The planes of {len(X)} examples as great circles on a sphere, which they cut into {count(X)} cells."

    def draw(figure: Figure) -> None:
        figures.globe(figure.subplots(), X, np.ones(len(X)))

    return Player("presses", {"X": X, "moves": moves, "least": least_cells(X, moves)}, alt, draw, 3.6, 3.4)


def least_cells(X: Array, moves: int) -> int:
    """The least number of cells after `moves` presses, over every choice of the three normals."""
    if moves == 0:
        return count(X)
    triples = [(a, b, c) for a, b, c in combinations(range(len(X)), 3)]
    triples += [(a, c, b) for a, b, c in triples] + [(b, c, a) for a, b, c in triples]
    return min(least_cells(pressed(X, triple), moves - 1) for triple in triples)


def pressed(X: Array, triple: tuple[int, int, int]) -> Array:
    """Whole rows with row c moved into the plane of rows a and b, and stretched so that it stays whole."""
    a, b, c = triple
    normal = np.cross(X[a], X[b])
    moved = X.copy()
    row = X[c] * (normal @ normal) - normal * (X[c] @ normal)
    moved[c] = row / (np.gcd.reduce(row.astype(int)) or 1)
    return moved


def laboratory(X: ArrayLike, y: ArrayLike, width: int = 12, scale: float = 0.1, seed: int = 0) -> Player:
    """Data X (N, 2) to be dragged, labels to be flipped: P* under the finger, and a flow in a worker."""
    X, y = validated(X, y)
    columns(X, 2)
    state = {"X": X, "y": y, "width": width, "scale": scale, "seed": seed, "source": bundle("program")}
    alt = (
        f"{len(X)} data points in the plane, to be dragged; the least cost of a network that fits them, and the cost "
        "of a trained one."
    )
    return Player("laboratory", state, alt, _data(X, y), 3.6, 3.4)


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
        left, right = figure.subplots(1, 2)
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


def beam(x: ArrayLike, widths: ArrayLike, beams: ArrayLike) -> Player:
    """Score matching on the line: tubes of half-widths `widths` (K,) around the staircase of x (n,), a beam in each.

    `x` increases; `beams` (K, n) are the kinks, which are the scores. Raises `ValueError` if shapes disagree.
    """
    x, widths, beams = (np.asarray(values, dtype=float) for values in (x, widths, beams))
    if beams.shape != (len(widths), len(x)) or (np.diff(x) <= 0).any():
        raise ValueError(
            f"x must increase and beams be ({len(widths)}, {len(x)}), one row for each width; got {beams.shape}"
        )
    alt = f"A tube around the staircase that counts {len(x)} data on the line, a polygon in it, and its kinks as bars."

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        steps = len(x) - np.arange(len(x) + 1)
        edges = np.r_[x[0] - 0.6, x, x[-1] + 0.6]
        for shift in (-widths[0], widths[0]):
            ax.stairs(shift - steps, edges, color=figures.SOFT, baseline=None)
        t = np.r_[x[0] - 0.6, x, x[-1] + 0.6]
        ax.plot(t, np.maximum(x - t[:, None], 0) @ beams[0], color=figures.MARK)
        ax.set(xlabel="x")

    return Player("beam", {"x": x, "widths": widths, "beams": rounded(beams, 9)}, alt, draw, 5.6, 3.0)


def virtual_points(X: ArrayLike, rho: float) -> Player:
    """Two training points X (2, 2) beside the origin, the flow h(y) - y of the least-norm denoiser, and their sum.

    Raises `ValueError` unless 0 < rho < half the shorter length: the balls around the points must not touch.
    """
    X = validated_matrix(X)
    if X.shape != (2, 2) or not 0 < rho < np.linalg.norm(X, axis=1).min() / 2:
        raise ValueError(f"X must be (2, 2) and rho positive, below half the shorter row; got {X.shape} and rho={rho}")
    alt = "The origin and two training points with circles of the noise, arrows of the score flow, and the points' sum."

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        figures.plane(ax, 1.6 * float(np.abs(X).max()))
        ax.plot(*np.vstack([np.zeros(2), X]).T, "o", color=figures.POS)
        ax.plot(*X.sum(axis=0), "o", color=figures.MARK)

    return Player("virtual", {"X": X, "rho": rho}, alt, draw, 3.6, 3.4)
