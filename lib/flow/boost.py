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
_POWERS = np.arange(3)
MONOMIALS = np.linalg.inv(np.vander(NODES, increasing=True))  # (powers, nodes): coefficients of the Lagrange basis
_GAUSS = 0.5 + np.array([-1.0, 1.0]) * np.sqrt(3) / 6
_MIX = 0.25 + np.array([[1.0, -1.0], [-1.0, 1.0]]) * np.sqrt(3) / 6  # first boost: mostly the first Gauss value
_SHARES = (_MIX @ _GAUSS[:, None] ** _POWERS)[:, :, None] * MONOMIALS  # (boosts, powers, nodes)

# INTEGRALS[j, l] = integral of the l-th Lagrange polynomial from 0 to NODES[j]: Radau IIA of order 5
INTEGRALS = np.vander(NODES, 4, increasing=True)[:, 1:] @ (MONOMIALS / np.arange(1, 4)[:, None])


def lagrange(theta: Array) -> Array:
    """The three Lagrange polynomials of `NODES` at theta (k,): (k, 3)."""
    return theta[:, None] ** _POWERS @ MONOMIALS


def shares(theta: Array) -> Array:
    """(2, k, 3): over [0, theta] of a unit step, the two boosts are h * shares @ (pull at the three nodes).

    The pulls at theta times Gauss's two nodes, mixed, times theta.
    """
    return theta[:, None] ** (_POWERS + 1) @ _SHARES


NODE_SHARES = shares(NODES)


def boosted(W1: Array, w2: Array, b: Array) -> tuple[Array, Array]:
    """exp [[0, b], [b', 0]] applied to neurons W1 (..., d), w2 (...) with boosts b (..., d)."""
    return _applied(W1, w2, b, *_factors(b))


def _factors(b: Array) -> tuple[Array, Array, Array]:
    """(cosh|b| - 1) / |b|^2, sinh|b| / |b| and cosh|b| - 1."""
    length = np.sqrt(np.vecdot(b, b)) + 1e-150
    half = np.sinh(length / 2)
    ratio = half / length
    return 2 * ratio * ratio, 2 * ratio * np.sqrt(1 + half * half), 2 * half * half


def _applied(W1: Array, w2: Array, b: Array, bend: Array, slope: Array, growth: Array) -> tuple[Array, Array]:
    along = np.vecdot(b, W1)
    return W1 + (bend * along + slope * w2)[..., None] * b, w2 + growth * w2 + slope * along


def transport(W1: Array, w2: Array, pulls: Array, h: float, weights: Array) -> tuple[Array, Array]:
    """Neurons (m, d), (m,) carried to k times of a step of length h: (k, m, d), (k, m).

    `pulls` (3, m, d) are the g of each neuron at the nodes; `weights` (2, k, 3) come from `shares`.
    """
    boosts = ((h * weights).reshape(-1, 3) @ pulls.reshape(3, -1)).reshape(2, -1, *W1.shape)
    bend, slope, growth = _factors(boosts)
    W1, w2 = _applied(W1, w2, boosts[0], bend[0], slope[0], growth[0])
    return _applied(W1, w2, boosts[1], bend[1], slope[1], growth[1])
