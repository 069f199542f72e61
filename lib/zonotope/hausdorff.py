"""The Hausdorff distance of the two zonotopes of a dual variable: the largest |lam'(Xu)_+| over unit directions u.

max_{||u|| <= 1} |lam'(Xu)_+|  =  d_H(Z_+(lam), Z_-(lam))  =  max over both sides of  max_{vertices a} dist(a, Z).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.zonotope.ascent import climb, listable, listed, starts
from lib.zonotope.branching import Search, Tree, search
from lib.zonotope.cones import Cones
from lib.zonotope.signs import Signs
from lib.zonotope.support import Array, Zonotopes, growth, zonotopes

# Where the trees cross over on nearly optimal multipliers of Gaussian and real data: signs visit fewer nodes for up to
# three times as many generators as their rank; beyond rank 7 the cones are too many at any number of generators.
FEW, LOW_RANK = 12, 7


class Maximiser(NamedTuple):
    """`value` = s lam'(Xu)_+ at the unit direction `u` with sign `s`, and `value` <= truth <= `upper`."""

    value: float
    upper: float
    u: Array
    s: float


def longest_sum(A: Array) -> float:
    """max_S ||a_S|| if no two generators point away from each other (then it is ||sum a_n||); else infinity.

    Dropping Z_B only raises the distance, and with inner products >= 0 every generator lengthens a sum.
    """
    return float(np.linalg.norm(A.sum(axis=0))) if (A @ A.T >= 0).all() else np.inf


def _tree(pair: Zonotopes) -> Tree:
    """Few generators, or generators of high rank, have their signs fixed; the cells of others are covered by cones."""
    k, q = len(pair.A), np.linalg.matrix_rank(pair.A)
    return Signs(pair) if k <= max(FEW, 3 * q) or q > LOW_RANK else Cones(pair)


def _listed(pair: Zonotopes) -> Search:
    """One side, when all vertices of Z_A can be looked at."""
    found = listed(pair)
    U = found.U if len(found.U) else pair.A[:1] / np.linalg.norm(pair.A[0])
    values = pair.height(U)
    return Search(float(values.max()), found.upper + pair.rounding, U[values.argmax()])


def _side(pair: Zonotopes, goal: float, budget: int) -> Search:
    """One side: climb for a value, then bound. `goal` includes what the other side has reached."""
    if listable(pair, budget):
        return _listed(pair)
    U = starts(pair, 32)
    U, _ = climb(pair, U, np.ones(len(U)))
    values = pair.height(U)
    value, u = (values.max(), U[values.argmax()]) if len(U) else (0.0, pair.A[0] / np.linalg.norm(pair.A[0]))
    longest = longest_sum(pair.A) + pair.rounding
    if longest <= max(value, goal) + 2 * pair.rounding:
        return Search(float(value), longest, u)
    found = search(_tree(pair), float(value), u, goal, budget)
    return found._replace(upper=min(found.upper, longest))


def hausdorff(X: ArrayLike, lam: ArrayLike, goal: float = 0.0, budget: int = 200_000) -> Maximiser:
    """d_H(lam) = max over ||u|| <= 1 of |lam'(Xu)_+|, with a certificate: value <= d_H <= upper.

    `value` is reached, at `u` and `s`. `upper` - `value` is rounding, at most about 10 N eps sum |lam_n| ||x_n||,
    when the answer is exact. It is larger in two cases: after `budget` nodes of the branch and bound, or vertices,
    per side (more tighten it), and when `goal` > d_H, since nothing at or below the goal is looked into (for a caller
    who needs no more than d_H <= goal). Units of X lam. For lam = 0 the answer is 0, at the first unit vector.
    Raises `ValueError` for bad input.
    """
    pair = zonotopes(X, lam)
    X, lam = np.asarray(X, dtype=float), np.asarray(lam, dtype=float)
    scaled = float(np.ldexp(goal, -pair.exponent))
    best, upper = Maximiser(0.0, 0.0, np.eye(X.shape[1])[0], 1.0), 0.0
    for s, side in ((1.0, pair), (-1.0, pair.swapped)):
        if len(side.A) == 0:
            continue
        found = _side(side, max(scaled, float(np.ldexp(best.value, -pair.exponent))), budget)
        upper = max(upper, float(np.ldexp(found.upper, pair.exponent)))
        u = found.u @ pair.basis
        u /= np.linalg.norm(u)
        value = float(growth(X, lam, u, s))
        best = max(best, Maximiser(value, 0.0, u, s), key=lambda m: m.value)
    return best._replace(upper=max(upper, best.value))
