"""Lorentz boosts: how a pull g moves a neuron (w1, w2), exactly.

    d/dtau [w1; w2] = [[0, g], [g', 0]] [w1; w2]

is the generator of a boost of R^(d+1) along g. It conserves w2^2 - ||w1||^2, and it is the same matrix for all
neurons that feel the same pull. For a pull that varies with tau the flow is composed of boosts of two averages of g
(a commutator-free Magnus formula of order 4, Blanes and Moan 2006): conservation then holds to rounding.
"""

import numpy as np

from lib.data import Array

# Radau's nodes on [0, 1]: the path of the dual variable over a step is the parabola through its values there.
NODES = np.array([(4 - np.sqrt(6)) / 10, (4 + np.sqrt(6)) / 10, 1.0])
_MONOMIALS = np.linalg.inv(np.vander(NODES, increasing=True))  # (powers, nodes): coefficients of the Lagrange basis
_GAUSS = 0.5 + np.array([-1.0, 1.0]) * np.sqrt(3) / 6
_SHARES = 0.25 + np.array([[1.0, -1.0], [-1.0, 1.0]]) * np.sqrt(3) / 6  # first boost: mostly the first Gauss value


def lagrange(theta: Array) -> Array:
    """The three Lagrange polynomials of `NODES` at theta (k,): (k, 3)."""
    return np.vander(np.asarray(theta, dtype=float), 3, increasing=True) @ _MONOMIALS


# INTEGRALS[j, l] = integral of the l-th Lagrange polynomial from 0 to NODES[j]: Radau IIA of order 5
INTEGRALS = np.vander(NODES, 4, increasing=True)[:, 1:] @ (_MONOMIALS / np.arange(1, 4)[:, None])


def shares(theta: Array) -> Array:
    """(2, k, 3): over [0, theta] of a unit step, the two boosts are h * shares @ (pull at the three nodes)."""
    theta = np.asarray(theta, dtype=float)
    at_gauss = lagrange(np.outer(_GAUSS, theta).ravel()).reshape(2, len(theta), 3)
    return theta[:, None] * np.tensordot(_SHARES, at_gauss, axes=1)


NODE_SHARES = shares(NODES)


def boosted(W1: Array, w2: Array, b: Array) -> tuple[Array, Array]:
    """exp [[0, b], [b', 0]] applied to neurons W1 (..., d), w2 (...) with boosts b (..., d)."""
    length = np.sqrt(np.einsum("...d,...d->...", b, b)) + 1e-150
    half = np.sinh(length / 2)
    along = np.einsum("...d,...d->...", b, W1)
    slope = 2 * half * np.sqrt(1 + half * half) / length  # sinh|b| / |b|
    bend = 2 * (half / length) ** 2  # (cosh|b| - 1) / |b|^2
    return W1 + (bend * along + slope * w2)[..., None] * b, w2 + 2 * half * half * w2 + slope * along


def transport(W1: Array, w2: Array, pulls: Array, h: float, weights: Array) -> tuple[Array, Array]:
    """Neurons (m, d), (m,) carried to k times of a step of length h: (k, m, d), (k, m).

    `pulls` (3, m, d) are the g of each neuron at the nodes; `weights` (2, k, 3) come from `shares`.
    """
    first, second = h * np.tensordot(weights, pulls, axes=1)
    return boosted(*boosted(W1, w2, first), second)
