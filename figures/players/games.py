"""Players with a goal: prove a bound, grow missing neurons, match two networks, press cells away; the laboratory."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.optimize import linprog

import figures
from figures.players.player import Player, bundle
from figures.style import columns, on_circle
from lib.data import Array, validated, validated_dual, validated_matrix
from lib.flow import gradient_flow
from lib.kkt import normalised, upper_bound
from lib.network import Network, balanced
from lib.patterns import count
from lib.program import max_margin
from lib.zonotope import growth, hausdorff

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

    def draw(figure: Figure) -> None:
        data, hills = figure.subplots(1, 2)
        figures.plane(data, 1.35 * float(np.abs(X).max()))
        figures.examples(data, X, y)
        theta = np.linspace(0, 2 * np.pi, 361)
        heights = growth(X, dual(X, y, net), on_circle(theta), 1.0)
        for s, color in ((1, figures.POS), (-1, figures.NEG)):
            hills.plot(np.degrees(theta), np.maximum(s * heights, 0), color=color)
        hills.axhline(1, color="black", linestyle="--")
        hills.set(xlabel="direction, degrees", xticks=[0, 90, 180, 270, 360], ylabel="value of a neuron")

    return Player("missing", {"X": X, "y": y, "angles": angles, "signs": np.sign(net.w2)}, alt, draw, 7.0, 3.2)


def dual(X: Array, y: Array, net: Network) -> Array:
    """lam (N,) of the best network with the directions of `net`, by a linear program."""
    columns = (y[:, None] * np.maximum(X @ net.W1, 0) * np.sign(net.w2)) / net.radii
    solved = linprog(np.ones(net.m), A_ub=-columns, b_ub=-np.ones(len(y)))
    return np.asarray(-y * solved.ineqlin.marginals)


def highest_hill(X: Array, y: Array, net: Network) -> float:
    """d_H of that dual variable: above 1, a neuron is missing."""
    return hausdorff(X, dual(X, y, net)).value


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

    def draw(figure: Figure) -> None:
        _data(X, y)(figure)
        (ax,) = figure.axes
        side = np.linspace(*ax.get_xlim(), 89)
        outputs = max_margin(X, y).network.predict(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
        for s in (1, -1):
            ax.contourf(side, side, s * outputs.reshape(89, 89), [1e-6, np.inf], colors=[figures.colour(s)], alpha=0.15)
        run = gradient_flow(balanced(2, width, scale, np.random.default_rng(seed)), X, y, log_t_end=30).network()
        for end, s in zip(0.7 * side[-1] * run.W1.T / run.radii.max(), run.w2, strict=True):
            figures.arrow(ax, end, figures.colour(s))

    return Player("laboratory", state, alt, draw, 3.6, 3.4)
