"""Projection of points onto a zonotope { Z'c : c in [0,1]^k }, many points at once.

Wolfe's method of the nearest point (1976): a *corral* of a few vertices, the nearest point of its affine hull,
vertices with negative weight dropped, the vertex farthest along the residual added. A zonotope names that vertex in
one product, z(r) = sum of the generators with z_n'r > 0, so the cost does not feel its number of vertices.
Every iterate is a point of the zonotope and every residual a direction, so at any moment

    (a'r - h_Z(r)) / ||r||   <=   dist(a, Z)   <=   ||r||.

To the zonotope a cone of rays may be added: its rays join the corral with weights that need not sum to one.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.data import EPS, Array, Index, Mask, validated_matrix
from lib.results import result

STEPS = 2000
CHUNK = 8192  # points projected at a time
EVERY = np.ones((1, 1), dtype=bool)  # all generators of all points
SHORT = 1e-11  # of all lengths: what a shorter generator brings nearer is rounding, and its coefficient arbitrary
FREE = 1e-13  # a coefficient within FREE of 0 or 1 is there: the rounding of a mean of vertices


@result
class Projection(NamedTuple):
    """Coefficients `c` (..., k) in [0,1], residual a - Z'c (..., d), and its length, the distance (...)."""

    c: Array
    residual: Array
    distance: Array


class Nearest(NamedTuple):
    """Residuals r (n, d) of points of the zonotope, and `lower` <= dist <= `upper` = ||r||.

    The point reached has the coefficients `c` (n, k): the weighted mean of the corral's vertices.
    """

    residual: Array
    lower: Array
    upper: Array
    c: Array


def _positive(x: Array) -> Array:
    """x, or the smallest normal number where x is smaller: a divisor."""
    return np.maximum(x, np.finfo(float).tiny)


def _affine_weights(P: Array, live: Mask, e: Array) -> Array:
    """Weights w, e'w = 1, of the point sum w_i p_i nearest to 0, over the live members P (n, m, d) of a corral.

    e_i is 1 for a point and 0 for a ray. Stationarity is G w = const e on the live members, G their Gram matrix:
    solve (G + t ee') w = e, then scale. The ridge, of rounding size, splits weight evenly among repeated points.
    """
    G = P @ P.transpose(0, 2, 1)
    t = np.trace(G, axis1=1, axis2=2)[:, None, None] + np.finfo(float).tiny
    both = live[:, :, None] & live[:, None, :]
    identity = np.eye(P.shape[1])
    M = np.where(both, G / t + e[:, :, None] * e[:, None, :], identity) + 4 * EPS * identity
    w = np.linalg.solve(M, (e * live)[:, :, None])[:, :, 0]
    return np.where(live, w, 0.0) / (w * e).sum(axis=1, where=live)[:, None]


def _step(w: Array, target: Array, live: Mask, e: Array) -> tuple[Array, Mask]:
    """From weights w towards the affine ones, up to where the first weight vanishes; and who got all the way."""
    outside: Mask = np.logical_and(live, target <= 0)
    ratio = np.divide(w, w - target, out=np.ones_like(w), where=outside & (w > target))
    t = ratio.min(axis=1)
    w = np.where(live, np.maximum(w + t[:, None] * (target - w), 0.0), 0.0)
    w[outside & (ratio <= t[:, None])] = 0.0
    return w / (w * e).sum(axis=1, keepdims=True), np.logical_not(outside.any(axis=1))


class _Corrals:
    """Wolfe's state for points a (n, d): d + 2 places each for members of the corral, and the bounds so far.

    The zonotope of a point has the generators `own` (n, k) of Z (k, d). A member is a vertex less a (e = 1), with its
    pattern 1[z_n in the sum], or a ray (e = 0) with none.
    """

    def __init__(self, a: Array, Z: Array, own: Mask, rays: Array, start: Array) -> None:
        n, d = a.shape
        self.a, self.Z, self.own, self.rays = a, Z, own, rays
        self.scale = own @ np.linalg.norm(Z, axis=1) + np.linalg.norm(a, axis=1)
        self.members = np.zeros((n, d + 2, d))
        self.patterns = np.zeros((n, d + 2, len(Z)), dtype=bool)
        self.weights, self.best_weights, self.e = np.zeros((3, n, d + 2))
        self.live = np.zeros((n, d + 2), dtype=bool)
        self.lower, self.upper, self.best = np.full(n, -np.inf), np.full(n, np.inf), np.zeros_like(a)
        every = np.arange(n)
        self.add(every, *self.vertex(every, start), np.ones(n))
        self.weights[:, 0] = 1.0

    def vertex(self, who: Index, r: Array) -> tuple[Mask, Array]:
        """The vertex sum_{z_n'r > 0} z_n, farthest along r, less a; and its pattern."""
        pattern = (r @ self.Z.T > 0) & self.own[who]
        return pattern, pattern.astype(float) @ self.Z - self.a[who]

    def add(self, who: Index, patterns: Mask, members: Array, e: Array) -> None:
        """A new member of weight 0, in a free place."""
        place = self.live[who].argmin(axis=1)
        self.members[who, place], self.patterns[who, place], self.e[who, place] = members, patterns, e
        self.live[who, place] = True

    def descend(self, who: Index) -> Mask:
        """One step towards the affine hull's nearest point; True for those that reached it."""
        live, e = self.live[who], self.e[who]
        w, reached = _step(self.weights[who], _affine_weights(self.members[who], live, e), live, e)
        self.weights[who] = w
        self.live[who] = np.where(reached[:, None], live, w > 0)
        return reached

    def farthest(self, who: Index, r: Array) -> tuple[Mask, Array, Array, Array]:
        """The pattern, place and e of the member farthest along r, and (r'a - h_Z(r)) / ||r|| if no ray is violated."""
        (pattern, member), e = self.vertex(who, r), np.ones(len(who))
        length = _positive(np.linalg.norm(r, axis=1))
        bound = -np.einsum("nd,nd->n", member, r) / length
        if self.rays.shape[1]:
            along = np.einsum("nqd,nd->nq", self.rays[who], r)
            worst = along.argmax(axis=1)
            excess = along.max(axis=1)
            # Of vertex and ray, the one the residual sees at the smaller angle.
            violated = excess > 8 * EPS * self.scale[who]
            gain = np.where(length - bound > 4 * EPS * self.scale[who], length - bound, 0.0)
            turn = violated & (excess * np.linalg.norm(member + r, axis=1) >= length * gain)
            ray = self.rays[who, worst] * self.scale[who, None]
            member, e = np.where(turn[:, None], ray, member), np.where(turn, 0.0, 1.0)
            bound = np.where(violated, -np.inf, bound)
        return pattern, member, e, bound

    def advance(self, who: Index, level: float) -> Index:
        """Record the bounds of points at their hulls' nearest points, add a member; returns those not finished."""
        r = self.residual(who)
        length = np.linalg.norm(r, axis=1)
        pattern, member, e, bound = self.farthest(who, r)
        improved = length < self.upper[who]
        self.best[who[improved]] = r[improved]
        self.best_weights[who[improved]] = self.weights[who[improved]]
        self.upper[who] = np.minimum(self.upper[who], length)
        self.lower[who] = np.maximum(self.lower[who], bound)
        lower, upper, small = self.lower[who], self.upper[who], 4 * EPS * self.scale[who]
        known = (self.live[who] & (self.members[who] == member[:, None, :]).all(axis=2)).any(axis=1)
        full = self.live[who].all(axis=1)  # more than d + 1 members depend on each other: rounding has the last word
        going = improved & ~known & ~full & (upper - lower > small) & (length > small)
        if np.isfinite(level):
            going &= (upper > level) & (lower <= level)
        self.add(who[going], pattern[going], member[going], e[going])
        return who[going]

    def residual(self, who: Index) -> Array:
        return -np.einsum("nm,nmd->nd", self.weights[who], self.members[who])

    def coefficients(self) -> Array:
        """At the best weights, the share of those vertices that hold generator n. Places filled later weigh nothing."""
        c = np.einsum("nm,nmk->nk", self.best_weights * self.e, self.patterns)
        return np.clip(c, 0.0, 1.0)


def nearest(
    a: Array,
    Z: Array,
    rays: Array,
    start: Array,
    level: float = np.inf,
    until: float = np.inf,
    *,
    own: Mask = EVERY,
) -> Nearest:
    """The distance of points a (n, d) to the zonotope of their `own` (n, k) generators Z, plus a cone each.

    The cones are those of `rays` (n, q, d), unit or zero.
    Wolfe's method from the vertices farthest along `start` (n, d). A point is left once its distance is known to
    rounding, or on which side of `level` it lies (`level = inf` asks for the distance itself), or `until` then (of
    `time.perf_counter`). `upper` is valid whenever it stops; so is `lower`, up to the rounding of the rays.
    """
    corrals = _Corrals(a, Z, np.broadcast_to(own, (len(a), len(Z))), rays, start)
    active = np.arange(len(a))
    for _ in range(STEPS):
        reached = corrals.descend(active)
        active = np.concatenate([active[~reached], corrals.advance(active[reached], level)])
        if len(active) == 0 or perf_counter() > until:
            break
    # Of a residual as short as rounding a ray may be violated relatively: such a lower bound means nothing.
    return Nearest(corrals.best, np.minimum(corrals.lower, corrals.upper), corrals.upper, corrals.coefficients())


def normals(near: Nearest, Z: Array) -> Array:
    """The residuals made orthogonal, relative to their own length, to the generators with free coefficients.

    So the direction of a short residual is as exact as that of a long one. A residual that would lose half its
    length was not yet the nearest, and stays.
    """
    lengths, d = np.linalg.norm(Z, axis=1), Z.shape[1]
    free = ((near.c > FREE) & (near.c < 1 - FREE) & (lengths > SHORT * lengths.sum())).astype(float)
    unit = Z / _positive(lengths[:, None])
    H = (free @ (unit[:, :, None] * unit[:, None, :]).reshape(len(Z), d * d)).reshape(-1, d, d)
    onto_span = H @ np.linalg.pinv(H, rcond=1e-13, hermitian=True)
    r = near.residual
    for _ in range(2):
        r = r - np.einsum("nde,ne->nd", onto_span, r)
    kept = np.linalg.norm(r, axis=1) > near.upper / 2
    return np.where(kept[:, None], r, near.residual)


def project(a: ArrayLike, Z: ArrayLike) -> Projection:
    """argmin over c in [0,1]^k of ||a - Z'c||, for one point a (d,) or many (..., d); generators Z (k, d).

    The squared distance is exact to rounding (some 1e-15 of the square of ||a|| + sum ||z_n||). The residual is unique,
    c need not be.
    Raises `ValueError` if Z or a is not finite or their widths differ. Source: thm-dual-vertices.
    """
    Z = validated_matrix(Z, "Z")
    a = np.asarray(a, dtype=float)
    if a.ndim == 0 or a.shape[-1] != Z.shape[1] or not np.isfinite(a).all():
        raise ValueError(f"a must be finite, with last axis {Z.shape[1]} as in Z; got shape {a.shape}")
    points = a.reshape(-1, Z.shape[1])
    scale = max(np.abs(Z).max(), np.abs(a).max(initial=0.0)) or 1.0
    c = np.zeros((len(points), len(Z)))
    for n in range(0, len(points), CHUNK):
        some = points[n : n + CHUNK] / scale
        none = np.zeros((len(some), 0, Z.shape[1]))  # no rays
        c[n : n + CHUNK] = nearest(some, Z / scale, none, some - Z.sum(axis=0) / (2 * scale)).c
    r = points - c @ Z
    distance = scale * np.linalg.norm(r / scale, axis=1)
    return Projection(c.reshape(*a.shape[:-1], len(Z)), r.reshape(a.shape), distance.reshape(a.shape[:-1]))
