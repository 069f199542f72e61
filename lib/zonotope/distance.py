"""The Hausdorff distance of the two zonotopes of a dual variable: the largest |lam'(Xu)_+| over unit directions u.

max_{||u|| <= 1} |lam'(Xu)_+|  =  d_H(Z_+(lam), Z_-(lam))  =  max over both sides of  max_{vertices a} dist(a, Z).
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, at_least, validated_dual
from lib.results import result
from lib.zonotope.ascent import Columns, climb, listable, listed, ranked, starts
from lib.zonotope.branching import MANY, Front, Tree, advanced, front, highest
from lib.zonotope.cones import Cones
from lib.zonotope.lift import Free, lifted_rows, pieces
from lib.zonotope.signs import Signs
from lib.zonotope.support import Zonotopes, growth, unit

# Where the trees cross over on optimal multipliers of Gaussian data: signs are ten times faster for some six times as
# many generators as their rank; for nine times as many in rank 4 the cones are, and for more the signs do not end.
DENSE, LOW_RANK = 6, 7
STEP = 0.1  # seconds that one step is meant to take
NODES = 1_000_000


@result
class Maximiser(NamedTuple):
    """`value` = s lam'(Xu)_+ at the unit direction `u` with sign `s`, and `value` <= truth <= `upper`."""

    value: float
    upper: float
    u: Array
    s: float


def longest_sum(A: Array) -> float:
    """A bound on max_S ||a_S||: ||sum a_n|| if no two generators point away from each other, else sum ||a_n||.

    Dropping Z_B only raises the distance, and with inner products >= 0 every generator lengthens a sum.
    """
    agree = len(A) ** 2 * A.shape[1] <= 1e8 and bool((A @ A.T >= 0).all())
    return float(np.linalg.norm(A.sum(axis=0)) if agree else np.linalg.norm(A, axis=1).sum())


def _tree(pair: Zonotopes) -> Tree:
    """Few generators, or generators of high rank, have their signs fixed; the cells of others are covered by cones."""
    q = np.linalg.matrix_rank(pair.A)
    return Signs(pair) if len(pair.A) <= DENSE * q or q > LOW_RANK else Cones(pair)


def _begun(pair: Zonotopes) -> Front:
    """Nothing known but the height of the sum of the generators, and a bound from their lengths."""
    u = unit(np.vstack([pair.A.sum(axis=0), pair.A[:1]]))[0]
    return front(_tree(pair), max(float(pair.height(u[None])[0]), 0.0), u, longest_sum(pair.A) + pair.rounding)


def _climbed(at: Front, until: float) -> Front:
    """After climbs from many starts; after a look at all vertices of Z_A, if those are few."""
    pair = at.tree.pair
    if listable(pair):
        found = listed(pair, until)
        U, upper = found.U, found.upper + pair.rounding
    else:
        U = starts(pair, 32)
        U, upper = climb(pair, U, np.ones(len(U)), until=until)[0], np.inf
    value, U = highest(pair, np.vstack([at.U, U]))
    at = at._replace(value=max(at.value, value), U=U)
    at = at._replace(bounds=np.minimum(at.bounds, upper))
    if np.isfinite(upper) and perf_counter() < until:
        at = at._replace(nodes=at.nodes[:0], bounds=at.bounds[:0], closed=upper)
    return at._replace(visits=at.visits + 1)


class Search:
    """The search for d_H(lam), a step at a time: `bound` holds whenever it is asked for, after Ctrl-C in a step too.

    Arguments and errors as in `hausdorff`. The pieces of the maximum compete: the one with the largest bound moves.
    """

    def __init__(self, X: ArrayLike, lam: ArrayLike, *, goal: float = 0.0, free: Free = "none") -> None:
        X, self.lam = validated_dual(X, lam)
        at_least(goal, -np.inf, "goal")
        self.X, self.goal = lifted_rows(X, free), goal
        self.pieces = [piece for piece in pieces(X, self.lam, free) if len(piece.pair.A)]
        self.fronts = tuple(_begun(piece.pair) for piece in self.pieces)
        self.batch, self.nodes = 64, 0

    @property
    def bound(self) -> Maximiser:
        """`value <= d_H <= upper`, from what is done so far."""
        best = Maximiser(0.0, 0.0, np.eye(self.X.shape[1])[0], 1.0)
        for piece, at in zip(self.pieces, self.fronts, strict=True):
            u = piece.lifted(at.U[0])
            value = float(growth(self.X, self.lam, u, piece.s))
            best = max(best, Maximiser(value, 0.0, u, piece.s), key=lambda m: m.value)
        return best._replace(upper=max([best.value, *(at.upper for at in self.fronts)]))

    @property
    def full(self) -> bool:
        """Whether so many nodes are open that the newest are bounded first: then `upper` falls at the end alone."""
        return any(len(at.nodes) >= MANY for at in self.fronts)

    @property
    def reached(self) -> Columns:
        """The highest directions that were come across in each piece, the ends of climbs among them, highest first."""
        U = [piece.lifted(at.U) for piece, at in zip(self.pieces, self.fronts, strict=True)]
        s = np.repeat([piece.s for piece in self.pieces], [len(V) for V in U])
        return ranked(self.X, self.lam, np.vstack([self.X[:0], *U]), s)

    def step(self, until: float = np.inf) -> bool:
        """Climb in a piece, or bound some nodes, in about a tenth of a second; False when nothing is left to do."""
        level = max([self.goal, *(at.best for at in self.fronts)])
        n = max(range(len(self.fronts)), key=lambda n: self.fronts[n].open, default=-1)
        if n < 0 or self.fronts[n].open <= level:
            return False
        at, began = self.fronts[n], perf_counter()
        until = min(until, began + 10 * STEP)
        if at.visits == 1:
            at = _climbed(at, until)
        else:
            batch = min(max(self.batch, len(at.nodes) // 4), at.tree.batch)  # copying all for a few would cost most
            self.nodes += min(batch, len(at.nodes))
            at = advanced(at, level, batch, until)
            self.batch = 1 + int(np.clip(batch * STEP / (perf_counter() - began), batch / 2, 2 * batch))
        self.fronts = (*self.fronts[:n], at, *self.fronts[n + 1 :])
        return True

    def run(self, *, seconds: float = np.inf, nodes: float = np.inf) -> Maximiser:
        """Steps until nothing is left to do, the seconds are over, or so many nodes more are bounded."""
        until, last = perf_counter() + seconds, self.nodes + nodes
        while self.nodes < last and perf_counter() < until and self.step(until):
            pass
        return self.bound


def hausdorff(
    X: ArrayLike,
    lam: ArrayLike,
    *,
    goal: float = 0.0,
    free: Free = "none",
    seconds: float = np.inf,
    nodes: float = NODES,
) -> Maximiser:
    """d_H(lam) = max over ||u|| <= 1 of |lam'(Xu)_+|, with a certificate: value <= d_H <= upper.

    `free="bias"`: the largest |lam'(Xw + t1)_+| over ||w|| <= 1 and every real t, for lam with 1'lam = 0;
    `free="threshold"`: of |lam'(Xw - t1)_+| over ||w|| <= 1 and t >= 0. Then `u` = (w, t).

    `value` is reached, at `u` and `s`. `upper` - `value` is rounding, at most about 10 N eps sum |lam_n| ||x_n||,
    when the answer is exact. It is larger in two cases: after `seconds`, or so many `nodes` of the branch and bound
    (more tighten it), and when `goal` > d_H, since nothing at or below the goal is looked into (for a caller who needs
    no more than d_H <= goal). Units of X lam. For lam = 0 the answer is 0, at the first unit vector. `Search` is the
    same in steps. Raises `ValueError` for bad input, and for a free bias if 1'lam != 0. Source: thm-dual-hausdorff,
    ours.
    """
    at_least(seconds, 0.0, "seconds")
    return Search(X, lam, goal=goal, free=free).run(seconds=seconds, nodes=nodes)
