"""Climbing s lam'(Xu)_+ on the sphere from many starts at once: minorise, maximise, repeat.

Let S be the generators of Z_A with positive product with u, and a_S their sum. For every v

    h_A(v) - h_B(v)  >=  a_S'v - h_B(v),     with equality at v = u,

and on the ball the right side has its maximum at v = (a_S - proj_B a_S) / ||.||, with value dist(a_S, Z_B). So
u <- v never descends. S takes finitely many values and the height rises strictly while S changes: finite.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from lib.zonotope.projection import nearest, no_rays, normals
from lib.zonotope.support import Array, Mask, Zonotopes, growth, zonotopes


class Columns(NamedTuple):
    """Unit directions `U` (n, d), signs `s` (n,), and `values` (n,) = s lam'(Xu)_+, highest first."""

    U: Array
    s: Array
    values: Array


def unit(U: Array) -> Array:
    """The rows of U scaled to length one; zero rows dropped."""
    lengths = np.linalg.norm(U, axis=1)
    return U[lengths > 0] / lengths[lengths > 0, None]


def spread(n: int, d: int) -> Array:
    """n directions spread evenly over the sphere of R^d: a Kronecker sequence, made normal, scaled to length one.

    Its steps are the powers of 1/phi, phi^(d+1) = phi + 1: the golden ratio for d = 1. Deterministic.
    """
    phi = 2.0
    for _ in range(64):
        phi = (1 + phi) ** (1 / (d + 1))
    steps = phi ** -np.arange(1.0, d + 1)
    return unit(ndtri((0.5 + np.outer(np.arange(1, n + 1), steps)) % 1.0))


def depth(pair: Zonotopes, U: Array, S: Mask) -> Array:
    """The least sine of the angle from u, inside its cell S of the generators of Z_A, to a kink; negative outside."""
    A = pair.A / np.linalg.norm(pair.A, axis=1, keepdims=True)
    return (np.where(S, 1.0, -1.0) * (U @ A.T)).min(axis=1)


def climb(pair: Zonotopes, U: Array, stop: int = 1000) -> Array:
    """Where ascent from the directions U (n, r) ends with a positive value, once each.

    An end on the kink of a generator of Z_A (up to rounding) is kept and left: with luck the kink is flat there.
    """
    if len(pair.A) == 0:
        return np.zeros((0, pair.A.shape[1]))
    seen: set[bytes] = set()
    ends = []
    for _ in range(stop):
        active = np.unique(U @ pair.A.T > 0, axis=0)
        fresh = np.array([S.tobytes() not in seen for S in active], dtype=bool)
        active = active[fresh]
        if len(active) == 0:
            break
        seen.update(S.tobytes() for S in active)
        a = active @ pair.A
        near = nearest(a, pair.B, no_rays(a), a - pair.B.sum(axis=0) / 2)
        outside = near.lower > pair.rounding
        U, active = unit(normals(near, pair.B)[outside]), active[outside]
        # A residual is known to rounding, its direction to rounding / distance.
        ends.append(U[depth(pair, U, active) * near.upper[outside] >= -pair.rounding])
        U = U[((U @ pair.A.T > 0) != active).any(axis=1)]
    return np.vstack([np.zeros((0, pair.A.shape[1])), *ends])


def starts(pair: Zonotopes, n: int) -> Array:
    """Where to climb from: along every generator of Z_A, along their sum, and n directions spread over the sphere."""
    r = pair.A.shape[1]
    if len(pair.A) == 0:
        return pair.A
    return unit(np.vstack([pair.A, pair.A.sum(axis=0), spread(n, r), spread(n, r) @ np.diag(pair.A.std(axis=0))]))


def columns(X: Array, lam: Array, pair: Zonotopes, sides: dict[float, Array]) -> Columns:
    """Directions of each side, in the basis of `pair`, as columns in the coordinates of X, highest first."""
    U = np.vstack([unit(V @ pair.basis) for V in sides.values()])
    s = np.repeat(list(sides), [len(V) for V in sides.values()])
    values = growth(X, lam, U, s)
    order = np.argsort(-values, kind="stable")
    return Columns(U[order], s[order], values[order])


def violators(X: ArrayLike, lam: ArrayLike, level: float, previous: ArrayLike = (), n: int = 64) -> Columns:
    """Distinct local maximisers of +lam'(Xu)_+ and of -lam'(Xu)_+ with value above `level`: new neurons, cheaply.

    Climbs from the support rows, from 2n directions spread over the sphere, and from `previous` (m, d), such as
    the columns already in use. Finding none proves nothing: `hausdorff` does. Raises `ValueError` for bad input.
    """
    pair = zonotopes(X, lam)
    X, lam = np.asarray(X, dtype=float), np.asarray(lam, dtype=float)
    given = np.reshape(previous, (-1, X.shape[1])) if np.size(previous) else np.zeros((0, X.shape[1]))
    sides = {}
    for s, side in ((1.0, pair), (-1.0, pair.swapped)):
        sides[s] = climb(side, np.vstack([unit(given @ pair.basis.T), starts(side, n)]))
    found = columns(X, lam, pair, sides)
    above = found.values > level
    return Columns(found.U[above], found.s[above], found.values[above])
