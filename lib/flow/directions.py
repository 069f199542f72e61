"""The early phase: directions that climb s lam'(Xu)_+ on the sphere for a fixed dual variable, exactly.

    du/dt = s (I - uu') g(u),      g(u) = sum over x_n'u > 0 of lam_n x_n, with least-norm coefficients on kinks.

Between kinks g is constant and u moves on the great circle towards s g as the direction of a boosted neuron:
cos angle(u, s g) = tanh(||g|| t + artanh cos_0). An arc meets each hyperplane at most once more, when exp(||g|| t) is
the positive root of a quadratic; so a path is finitely many arcs, and the last one ends at its limit, s g / ||g||.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, Mask, validated_dual
from lib.flow.arrangement import Arrangement, arrangement
from lib.flow.meetings import at_start, meet
from lib.flow.modes import change
from lib.results import Frozen, result
from lib.zonotope.kinks import KINK

_MAX_ARCS = 10_000
_STILL = 1e-13  # ||(I - uu')g|| at most this times ||g||: u stands still


@result
class Arc(NamedTuple):
    """From `t` on, a neuron of direction `u` (d,) is pulled by `g` (d,), until the next arc starts."""

    t: float
    u: Array
    g: Array


@dataclass(frozen=True, eq=False)
class Directions(Frozen):
    """The paths of n directions: their `arcs`, signs `s` (n,), and `limits` (n, d) as t goes to infinity."""

    arcs: tuple[tuple[Arc, ...], ...]
    s: Array
    limits: Array

    def at(self, t: float) -> Array:
        """The directions (n, d) at time t >= 0."""
        return np.array([_position(arcs, s, t) for arcs, s in zip(self.arcs, self.s, strict=True)])


def direction_flow(lam: ArrayLike, U0: ArrayLike, X: ArrayLike, s: ArrayLike) -> Directions:
    """du/dt = s (I - uu') g(u, lam) from the rows of `U0` (n, d), normalised; `s` is a sign or (n,) signs.

    X (N, d), lam (N,) of any signs, t in the units of 1 / (lam X). A direction that no example pulls stays where it is.
    Raises `ValueError` for bad data, zero directions, or signs other than -1 and +1.
    Source: Maennel, Bousquet and Gelly 2018; thm-flow-tanh (ours).
    """
    X, lam = validated_dual(X, lam)
    U = np.atleast_2d(np.array(U0, dtype=float))
    if U.shape[1] != X.shape[1] or not np.isfinite(U).all() or not (np.linalg.norm(U, axis=1) > 0).all():
        raise ValueError(f"U0 must have finite, nonzero rows of length {X.shape[1]}, one a direction; got {U.shape}")
    signs = np.broadcast_to(np.asarray(s, dtype=float), (len(U),))
    if not (np.abs(signs) == 1).all():
        raise ValueError("s must be -1 or +1, one sign or one for each row of U0")
    data = arrangement(X, np.where(lam < 0, -1.0, 1.0))
    U = U / np.linalg.norm(U, axis=1, keepdims=True)
    paths = [_path(data, np.abs(lam), u, sign) for u, sign in zip(U, signs, strict=True)]
    return Directions(tuple(arcs for arcs, _ in paths), signs.copy(), np.array([limit for _, limit in paths]))


def _path(data: Arrangement, size: Array, u: Array, s: float) -> tuple[tuple[Arc, ...], Array]:
    """The arcs of one direction and its limit."""
    z = data.normals @ u
    on, slide = at_start(data, s, z, np.abs(z) <= KINK, size)
    arcs: list[Arc] = []
    t = 0.0
    while len(arcs) < _MAX_ARCS:
        g = size @ change(data, 0, on, slide, size).field
        arcs.append(Arc(t, u, g))
        length = np.linalg.norm(g)
        if _still(u, g):
            return tuple(arcs), u
        growth = _growth_to_kinks(data.normals, u, g / length, s, on, slide)
        first = growth.min(initial=np.inf)
        if first == np.inf:
            return tuple(arcs), s * g / length
        t += float(np.log(first) / length)
        met = growth <= first * (1 + 1e-12)
        u = _onto(data.normals[met | slide], _turned(u, g / length, s, float(np.log(first))))
        on, slide = meet(data, s, on, slide, met, size)
    raise RuntimeError(f"a direction passed {_MAX_ARCS} arcs: rescale X and lam")


def _growth_to_kinks(normals: Array, u: Array, e: Array, s: float, on: Mask, slide: Mask) -> Array:
    """exp(||g|| t) (J,) at which u, moving towards s e, meets each hyperplane; inf where it does not.

    h'w1 = (h'u - p a) + (p/2) ((a + s) E + (a - s) / E) with a = u'e, p = h'e: times E, a quadratic with roots of
    opposite signs. The positive one counts if it lies ahead, E > 1, and h'w1 moves away from its side.
    """
    p, near, far = normals @ e, _from(u, e, -s), _from(u, e, s)
    leading, middle, last = p * s * near, normals @ (u + s * e) - 2 * p * s * near, -p * s * far
    q = -(middle + np.copysign(np.sqrt(middle**2 - 4 * leading * last), middle)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.where(q * leading > 0, q / leading, last / q)
    ahead = ~slide & (s * p * np.where(on, 1, -1) < 0) & np.isfinite(root) & (np.abs(normals @ u) > KINK)
    return np.where(ahead, np.maximum(root, 1.0), np.inf)


def _turned(u: Array, e: Array, s: float, angle: float) -> Array:
    """The direction of the neuron (u, s) after a boost by `angle` along e, scaled by exp(-angle) against overflow.

    Written for starts near -s e, from where u + s e is small and cosines are rounding.
    """
    decay = np.exp(-angle)
    w = decay * (u + s * e) + s * ((1 - decay) ** 2 * _from(u, e, -s) - decay**2) * e
    return w / np.linalg.norm(w)


def _from(u: Array, e: Array, s: float) -> float:
    """(1 - s u'e) / 2 for unit vectors, exact also where they nearly agree."""
    return float(((u - s * e) ** 2).sum()) / 4


def _onto(normals: Array, u: Array) -> Array:
    """u moved, by rounding, onto the hyperplanes it has met."""
    u = u - np.linalg.pinv(normals) @ (normals @ u)
    return u / np.linalg.norm(u)


def _still(u: Array, g: Array) -> bool:
    return bool(np.linalg.norm(g - (g @ u) * u) <= _STILL * np.linalg.norm(g))


def _position(arcs: tuple[Arc, ...], s: float, t: float) -> Array:
    k = int(np.searchsorted([arc.t for arc in arcs], t, side="right")) - 1
    start, u, g = arcs[max(k, 0)]
    length = float(np.linalg.norm(g))
    return u if _still(u, g) else _turned(u, g / length, s, length * (t - start))
