"""Climbing s lam'(Xu)_+ on the sphere from many starts at once: minorise, maximise, repeat.

Let S be the generators of Z_A with positive product with u, and a_S their sum. For every v

    h_A(v) - h_B(v)  >=  a_S'v - h_B(v),     with equality at v = u,

and on the ball the right side has its maximum at v = (a_S - proj_B a_S) / ||.||, with value dist(a_S, Z_B). So
u <- v never descends. S takes finitely many values and the height rises strictly while S changes: finite.
"""

from functools import lru_cache
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from lib.data import Array, Mask
from lib.patterns import cells, cover
from lib.results import result
from lib.zonotope.projection import nearest, normals
from lib.zonotope.support import Zonotopes, growth, unit, zonotopes

MOST_LISTED = 1000  # vertices: more of them cost more than a search that bounds them in bulk
MOST_STARTS = 200  # generators along which climbs start
SCREENED, HIGHEST = 750, 75  # directions, and how many of them are starts, divided by the dimension
CELLS = 4  # of them at most for each cell of the own generators
WAVES = 3  # steps of the climbs that look for new neurons: a fourth takes as long and moves one or two of a hundred


@result
class Columns(NamedTuple):
    """Unit directions `U` (n, d), signs `s` (n,), and `values` (n,) = s lam'(Xu)_+, highest first."""

    U: Array
    s: Array
    values: Array


def spread(n: int, d: int) -> Array:
    """n directions spread evenly over the sphere of R^d: a Kronecker sequence, made normal, scaled to length one.

    Its steps are the powers of 1/phi, phi^(d+1) = phi + 1: the golden ratio for d = 1. Deterministic.
    """
    phi = 2.0
    for _ in range(64):
        phi = (1 + phi) ** (1 / (d + 1))
    steps = phi ** -np.arange(1.0, d + 1)
    return unit(ndtri((0.5 + np.outer(np.arange(1, n + 1), steps)) % 1.0))


_kept = lru_cache(maxsize=64)(spread)  # for starts, again and again


def _depth(U: Array, G: Array, S: Mask, own: Mask) -> Array:
    """The least sine of the angle from u, inside its cell S of its own generators, to a kink; negative outside."""
    lengths = np.maximum(np.linalg.norm(G, axis=1, keepdims=True), np.finfo(float).tiny)
    return (np.where(S, 1.0, -1.0) * (U @ (G / lengths).T)).min(axis=1, where=own, initial=1.0)


class Peaks(NamedTuple):
    """Unit directions `U` (n, r) in which Z_B is nearest to vertices a_S of Z_A, for patterns `S` and sides `s`.

    `depth` (n,) is the sine of the angle to the nearest kink of the own generators, negative outside the cell of S,
    times the distance: a residual is known to rounding, its direction to rounding / distance, so to about
    `pair.rounding` this says whether u is a local maximum. `upper` bounds the distances of all vertices asked for.
    """

    U: Array
    s: Array
    S: Mask
    depth: Array
    upper: float


def peaks(pair: Zonotopes, S: Mask, s: Array, start: Array, until: float = np.inf) -> Peaks:
    """At vertices of Z_A (s = 1) and of Z_B (s = -1) named by patterns S (n, k) of all generators, A then B.

    Projecting begins at the vertices of the other zonotope farthest along `start` (n, r). Left out are the vertices
    within rounding of the other zonotope, and those not reached `until` then.
    """
    G = np.vstack([pair.A, pair.B])
    own = pair.own(s)
    a = S @ G
    near = nearest(a, G, pair.rays(len(a)), start, until=until, own=~own)
    off = near.lower > pair.rounding
    U = unit(normals(near, G)[off])
    depth = _depth(U, G, S[off], own[off]) * near.upper[off]
    return Peaks(U, s[off], S[off], depth, float(near.upper.max(initial=0.0)))


def peaks_of_a(pair: Zonotopes, S: Mask, until: float = np.inf) -> Peaks:
    """At vertices of Z_A, named by patterns S (n, k) of its generators; from the centre of Z_B they are seen best."""
    both = np.column_stack([S, np.zeros((len(S), len(pair.B)), dtype=bool)])
    return peaks(pair, both, np.ones(len(S)), S @ pair.A - pair.B.sum(axis=0) / 2, until)


def climb(pair: Zonotopes, U: Array, s: Array, stop: int = 1000, until: float = np.inf) -> tuple[Array, Array]:
    """Where the ascents of s (h_A - h_B) from the directions U (n, r) with signs s (n,) end with a positive value.

    Both sides at once; each end once, with its sign. Those under way after `stop` steps, or `until` then, are given up.
    An end on a kink, up to rounding, is one and is left as well: with luck the kink is flat there.
    """
    G = np.vstack([pair.A, pair.B])
    seen: set[bytes] = set()
    ends, signs = [U[:0]], [s[:0]]
    for _ in range(stop):
        S = (U @ G.T > 0) & pair.own(s)
        keys = [key.tobytes() for key in np.packbits(np.column_stack([S, s > 0]), axis=1)]
        fresh = [n for key, n in dict(zip(keys, range(len(keys)), strict=True)).items() if key not in seen]
        if not fresh or perf_counter() > until:
            break
        seen.update(keys)
        found = peaks(pair, S[fresh], s[fresh], U[fresh], until)
        inside = found.depth >= -pair.rounding
        ends.append(found.U[inside])
        signs.append(found.s[inside])
        moved = (((found.U @ G.T > 0) & pair.own(found.s)) != found.S).any(axis=1)
        U, s = found.U[moved], found.s[moved]
    return np.vstack(ends), np.concatenate(signs)


def listable(pair: Zonotopes) -> bool:
    """Whether all vertices of Z_A are so few that listing them is cheaper than bounding most of them."""
    return len(pair.A) > 0 and cover(len(pair.A), min(pair.A.shape)) <= MOST_LISTED


def listed(pair: Zonotopes, until: float = np.inf) -> Peaks:
    """At every vertex of Z_A: one for each cell of its generators."""
    return peaks_of_a(pair, cells(pair.A).patterns, until)


def starts(pair: Zonotopes, n: int) -> Array:
    """Where to climb from: the longest generators of Z_A, their sum, and the highest of many directions.

    A height costs a product, a climb some hundred times as much: so the highest of many directions, all over the sphere
    and over an ellipsoid like Z_A. In few dimensions, where they are dense, they show narrow peaks.
    """
    r = pair.A.shape[1]
    if len(pair.A) == 0:
        return pair.A
    longest = pair.A[np.argsort(-np.linalg.norm(pair.A, axis=1), kind="stable")[:MOST_STARTS]]
    some = _kept(min(n * max(2, SCREENED // r), CELLS * cover(len(pair.A), r)), r)
    some = np.vstack([some, unit(some @ np.diag(pair.A.std(axis=0)))])
    most = min(n * max(2, HIGHEST // r), len(some)) - 1
    heights = -pair.height(some)
    highest = np.argpartition(heights, most)[: most + 1]
    highest = highest[np.argsort(heights[highest], kind="stable")]
    return unit(np.vstack([longest, pair.A.sum(axis=0), some[highest]]))


def columns(X: Array, lam: Array, pair: Zonotopes, U: Array, s: Array) -> Columns:
    """Directions of the basis of `pair`, with their signs, in the coordinates of X, highest first."""
    U = U @ pair.basis
    return ranked(X, lam, U / np.linalg.norm(U, axis=1, keepdims=True), s)


def ranked(X: Array, lam: Array, U: Array, s: Array) -> Columns:
    """Directions with their signs, highest first."""
    values = growth(X, lam, U, s)
    order = np.argsort(-values, kind="stable")
    return Columns(U[order], s[order], values[order])


def violators(
    X: ArrayLike, lam: ArrayLike, level: float, *, previous: ArrayLike = (), n: int = 64, until: float = np.inf
) -> Columns:
    """Distinct local maximisers of +lam'(Xu)_+ and of -lam'(Xu)_+ with value above `level`: new neurons, cheaply.

    Climbs from the longest support rows, from the highest of many directions spread over the sphere, in proportion to
    `n`, and from `previous` (m, d), such as the columns already in use, `until` then (of `time.perf_counter`). Finding
    none proves nothing: `hausdorff` does.
    Raises `ValueError` for bad input.
    """
    pair = zonotopes(X, lam)
    X, lam = np.asarray(X, dtype=float), np.asarray(lam, dtype=float)
    given = np.reshape(previous, (-1, X.shape[1])) if np.size(previous) else np.zeros((0, X.shape[1]))
    both = [np.vstack([unit(given @ pair.basis.T), starts(side, n)]) for side in (pair, pair.swapped)]
    signs = np.repeat([1.0, -1.0], [len(U) for U in both])
    found = columns(X, lam, pair, *climb(pair, np.vstack(both), signs, WAVES, until))
    above = found.values > level
    return Columns(found.U[above], found.s[above], found.values[above])
