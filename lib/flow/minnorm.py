"""The velocity on a kink: the element of least norm of Clarke's subdifferential.

For a neuron (w1, w2) on hyperplanes with unit normals h_j, across which its pull jumps by J_j h_j, dw1 = w2 g with

    g = argmin over c in [0, 1]^k of || g_off + sum_j c_j J_j h_j ||.

The sign of w2 plays no part in c. With 0 < c_j < 1 the neuron slides, h_j'g = 0. Where w2 J_j < 0 the kink is concave
for the ascent and a neuron that meets it crosses or slides as c says; where w2 J_j > 0 it is convex: a neuron that
meets it crosses, and only one that starts there stays, for as long as its c is inside. (If hyperplanes of opposite
curvature meet with dependent normals, these combinations are a superset of Clarke's set.)
"""

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, validated_matrix, validated_weights
from lib.flow.arrangement import Arrangement, Index, Mask, arrangement, coefficients, jumps
from lib.flow.modes import Modes, moved, resting
from lib.network import Network, dual_variable
from lib.zonotope import project
from lib.zonotope.kinks import KINK
from lib.zonotope.projection import FREE


def least(base: Array, rays: Array, size: Array) -> Array:
    """argmin over 0 <= t <= size (k,) of ||base + t @ rays||, unit rays (k, d): at a bound exactly, or clear of it."""
    if len(rays) < 2:
        return np.clip(-(rays @ base), 0.0, size)  # rays are of length one
    c = project(-base, size[:, None] * rays).c
    return np.where(c > FREE, np.where(c < 1 - FREE, c, 1.0), 0.0) * size


def kink_terms(data: Arrangement, on: Mask, kinks: Index, pi: Array) -> tuple[Array, Array, Array]:
    """One neuron's pull on its `kinks` (k,): base (d,) + t @ rays, unit rays (k, d), 0 <= t <= |jump|, jump (k,).

    t = 0 is the negative side of a hyperplane and t = |jump| its positive side.
    """
    negative, jump = (forms @ pi for forms in jumps(data, kinks))
    normals = data.normals[kinks]
    skipped = np.zeros(len(on), dtype=bool)
    skipped[kinks] = True
    base = (pi * data.y * coefficients(data, on, skipped)) @ data.X + negative @ normals
    return base, np.where(jump < 0, -1.0, 1.0)[:, None] * normals, jump


def settle(data: Arrangement, w2: float, on: Mask, kinks: Index, free: Mask, pi: Array) -> tuple[Mask, Mask]:
    """The sides and slides (J,) with which one neuron goes on from a point on the hyperplanes `kinks` (k,).

    The coefficients of the `free` ones (k,) are those of least norm. The others are being crossed and have their new
    side already; if the neuron would be pushed back from it, it is crossed back. Every such change makes ||g|| larger,
    because ||g||^2 is a convex function of the fixed part with gradient 2 g: so the loop ends.
    """
    on, free = on.copy(), free.copy()
    base, rays, jump = kink_terms(data, on, kinks, pi)
    size, s = np.abs(jump), np.sign(w2)
    convex = s * jump > 0
    while True:
        t = np.where(on[kinks], size, 0.0)
        t[free] = least(base + (t * ~free) @ rays, rays[free], size[free])
        g = base + t @ rays
        speed = s * (data.normals[kinks] @ g)
        inside = free & (t > 0) & (t < size)
        leaving = ~inside & (np.abs(speed) > 1e-13 * abs(s) * np.linalg.norm(g))
        on[kinks] = np.where(leaving & ~convex, speed > 0, t > size / 2)
        wrong = leaving & convex & (on[kinks] != (speed > 0))
        if not wrong.any():
            break
        k = np.where(wrong, np.abs(speed), -1.0).argmax()
        free[k], on[kinks[k]] = False, speed[k] > 0
    slide = np.zeros(len(on), dtype=bool)
    slide[kinks[inside]] = True
    return on, slide


def meet(data: Arrangement, w2: float, on: Mask, slide: Mask, met: Mask, pi: Array) -> tuple[Mask, Mask]:
    """Sides and slides (J,) of a neuron after it `met` hyperplanes: convex kinks are crossed, c decides the others."""
    kinks = np.flatnonzero(met | slide)
    free = slide[kinks] | (w2 * (jumps(data, kinks)[1] @ pi) <= 0)
    on = on.copy()
    on[kinks[~free]] ^= True
    return settle(data, w2, on, kinks, free, pi)


def near_kinks(data: Arrangement, W1: Array, w2: Array) -> tuple[Array, Mask]:
    """h_j'w1_i (m, J) and which of them count as zero beside the size of the neuron."""
    Z = W1 @ data.normals.T
    return Z, np.abs(Z) <= rounding(W1, w2)


def rounding(W1: Array, w2: Array) -> Array:
    """(..., m, 1): the values of h'w1 that count as zero."""
    return KINK * np.maximum(np.abs(W1).max(axis=-1), np.abs(w2))[..., None]


def initial(data: Arrangement, W1: Array, w2: Array, pi: Array) -> Modes:
    """The modes of neurons W1 (m, d), w2 (m,); where they lie on kinks, those of the velocity of least norm."""
    Z, near = near_kinks(data, W1, w2)
    modes = resting(data, len(W1))
    for i in range(len(W1)):
        on, slide = at_start(data, float(w2[i]), Z[i], near[i], pi)
        modes = moved(modes, data, i, on, slide, pi)
    return modes


def at_start(data: Arrangement, w2: float, z: Array, near: Mask, pi: Array) -> tuple[Mask, Mask]:
    """Sides and slides (J,) of a neuron with no past: the hyperplanes it is `near` get least-norm coefficients."""
    kinks = np.flatnonzero(near)
    if not len(kinks):
        return z > 0, near
    return settle(data, w2, z > 0, kinks, np.ones(len(kinks), dtype=bool), pi)


def velocity(net: Network, X: ArrayLike, y: ArrayLike, *, loss: str = "logistic", weights: ArrayLike = 1.0) -> Network:
    """dTheta/dt = -argmin { ||v|| : v in the Clarke subdifferential of L at Theta }, as (dW1/dt, dw2/dt).

    X (N, d), y (N,): labels, or real targets of the squared loss; `weights` of the examples, one number or (N,). Rows
    with |x_n'w1_i| <= 1e-12 |x_n| max |(w1_i, w2_i)| count as kinks. Raises `ValueError` for bad input.
    Source: thm-flow-sliding.
    """
    lam = dual_variable(net, X, y, loss)
    X = validated_matrix(X)
    data, pi = arrangement(X, np.ones(len(X))), validated_weights(X, weights) * lam
    pulls = np.empty((net.m, net.d))
    for i, (z, near) in enumerate(zip(*near_kinks(data, net.W1.T, net.w2), strict=True)):
        base, rays, jump = kink_terms(data, z > 0, np.flatnonzero(near), pi)
        pulls[i] = base + least(base, rays, np.abs(jump)) @ rays
    return Network(pulls.T * net.w2, (pulls.T * net.W1).sum(axis=0))
