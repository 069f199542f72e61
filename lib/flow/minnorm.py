"""The velocity on a kink: the element of least norm of Clarke's subdifferential.

For a neuron (w1, w2) on hyperplanes with unit normals h_j, across which its pull jumps by J_j h_j, dw1 = w2 g with

    g = argmin over c in [0, 1]^k of || g_off + sum_j c_j J_j h_j ||:

the point of a zonotope nearest to 0. (If hyperplanes of opposite curvature meet with dependent normals, these
combinations are a superset of Clarke's set.)
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg.lapack import dposv

from lib.data import Array, Index, Mask, validated_matrix, validated_weights
from lib.flow.arrangement import Arrangement, arrangement, coefficients
from lib.network import Network, dual_variable
from lib.zonotope import project
from lib.zonotope.kinks import KINK
from lib.zonotope.projection import FREE

_FAR = 1e3  # coefficients, in units of the base, that are not needed: rays that cancel them nearly depend on others
_APART = 0.05  # the least distance of a unit ray from the span of those before it for normal equations


def near_kinks(data: Arrangement, W1: Array, w2: Array) -> tuple[Array, Mask]:
    """h_j'w1_i (..., m, J) and which of them count as zero beside the size of the neuron."""
    Z = (W1.reshape(-1, W1.shape[-1]) @ data.normals.T).reshape(*W1.shape[:-1], -1)
    return Z, np.abs(Z) <= KINK * np.maximum(np.abs(W1).max(axis=-1), np.abs(w2))[..., None]


def least(base: Array, rays: Array, size: Array) -> Array:
    """argmin over 0 <= t <= size (k,) of ||base + t @ rays||, unit rays (k, d): at a bound exactly, or clear of it."""
    alone = len(rays) < 2  # then the answer is explicit, and most kinks are met alone
    t = np.minimum(np.maximum(-(rays @ base), 0.0), size) if alone else _pivoted(base, rays, size)
    lost = rounding(base, t)
    return np.where(t > lost, np.where(t < size - lost, t, size), 0.0)


def rounding(base: Array, t: Array) -> float:
    """Of base + t @ rays, and of coefficients t (k,) beside each other and the base: far below their sizes, perhaps."""
    return float(1e-14 * (np.sqrt(base @ base) + np.abs(t).sum()))


def _pivoted(base: Array, rays: Array, size: Array) -> Array:
    """The argmin by guesses which t are free; by projection where a ray nearly depends on others, or guesses go on."""
    t, free = np.zeros(len(size)), np.ones(len(size), dtype=bool)
    for _ in range(2 * len(size)):
        if free.any():
            some = rays[free]
            factor, t[free], _ = dposv(some @ some.T, -(some @ (base + (t * ~free) @ rays)))
            if factor.diagonal().min() < _APART:
                break
        lost = rounding(base, t)
        low, high = free & (t <= lost), free & (t >= size - lost)
        t[low], t[high] = 0.0, size[high]
        free &= ~(low | high)
        slope = rays @ (base + t @ rays)
        wrong = ~free & (np.where(t > 0, slope, -slope) > lost)
        if not (low | high | wrong).any():
            return t
        free |= wrong & ~(low | high)
    size = np.minimum(size, _FAR * np.sqrt(base @ base))
    c = project(-base, size[:, None] * rays).c
    return size * np.where(c > FREE, np.where(c < 1 - FREE, c, 1.0), 0.0)


def kink_terms(data: Arrangement, on: Mask, kinks: Index, pi: Array) -> tuple[Array, Array, Array]:
    """One neuron's pull on its `kinks` (k,): base (d,) + t @ rays, unit rays (k, d), 0 <= t <= |jump|, jump (k,).

    t = 0 is the negative side of a hyperplane and t = |jump| its positive side.
    """
    negative, jump = data.negative[kinks] @ pi, data.jump[kinks] @ pi
    normals = data.normals[kinks]
    skipped = np.zeros(len(on), dtype=bool)
    skipped[kinks] = True
    base = (pi * data.y * coefficients(data, on, skipped)) @ data.X + negative @ normals
    return base, np.where(jump < 0, -1.0, 1.0)[:, None] * normals, jump


def velocity(net: Network, X: ArrayLike, y: ArrayLike, *, loss: str = "logistic", weights: ArrayLike = 1.0) -> Network:
    """dTheta/dt = -argmin { ||v|| : v in the Clarke subdifferential of L at Theta }, as (dW1/dt, dw2/dt).

    X (N, d), y (N,): labels, or real targets of the squared loss; `weights` of the examples, one number or (N,). Rows
    with |x_n'w1_i| <= 1e-10 |x_n| max |(w1_i, w2_i)| count as kinks. Raises `ValueError` for bad input.
    Source: thm-flow-sliding.
    """
    lam = dual_variable(net, X, y, loss=loss)
    X = validated_matrix(X)
    data, pi = arrangement(X, np.ones(len(X))), validated_weights(X, weights) * lam
    pulls = np.empty((net.m, net.d))
    for i, (z, near) in enumerate(zip(*near_kinks(data, net.W1.T, net.w2), strict=True)):
        base, rays, jump = kink_terms(data, z > 0, np.flatnonzero(near), pi)
        pulls[i] = base + least(base, rays, np.abs(jump)) @ rays
    return Network(pulls.T * net.w2, (pulls.T * net.W1).sum(axis=0))
