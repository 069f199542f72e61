"""One step of the flow, with the path of the dual variable as its only unknown.

Given pi at Radau's three nodes, every neuron is carried by closed-form boosts; the equations are pi = dual(q) at the
nodes, 3 N of them, however many neurons there are. While the margins respond little to pi they are solved by substitution, later by
Newton's method in the variable of `clock`.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from lib.data import Array
from lib.flow.boost import INTEGRALS, NODE_SHARES, lagrange, transport
from lib.flow.clock import Clock
from lib.flow.modes import Modes

_SUPPORT = 1e-13  # examples with D = pi / (pi + T) below this do not move the neurons
_START = lagrange(np.zeros(1))[0]  # value at 0 of the parabola through the nodes
_ERROR = 0.09  # max over theta of |integral_0^theta omega / omega(0)|, omega the nodal cubic


class Step(NamedTuple):
    """A solved step: dual variable `pi` (3, N), `kappa` (3,), pulls (3, m, d), neurons at the nodes; `error` relative to rtol = 1.

    `solved` False says that the iteration did not converge: shorten the step.
    """

    h: float
    pi: Array
    kappa: Array
    pulls: Array
    W1: Array
    w2: Array
    error: float
    solved: bool


def pulls(pi: Array, modes: Modes) -> Array:
    """g = pi @ field: (k, m, d)."""
    return np.tensordot(pi, modes.field, axes=1)


def margins_of(W1: Array, w2: Array, modes: Modes) -> Array:
    """q = field . (w2 w1) of neurons (k, m, d), (k, m): (k, N)."""
    N = len(modes.field)
    return (W1 * w2[..., None]).reshape(len(w2), -1) @ modes.field.reshape(N, -1).T


def _kernel(W1: Array, w2: Array, modes: Modes, rows: Array) -> Array:
    """dq_n(j)/dpi_k(l) per unit of tau (3r, 3r): the tangent kernel between the neurons at nodes j and l."""
    field = modes.field[rows]
    r = len(field)
    outer = (w2[:, None, :, None] * field).reshape(3 * r, -1)
    inner = np.einsum("nmd,jmd->jnm", field, W1).reshape(3 * r, -1)
    return outer @ outer.T + inner @ inner.T


def _displacement(h: float, dpi: Array, modes: Modes) -> float:
    """How far, relative to its length, a change dpi (k, N) of the dual variable moves any neuron."""
    return float(h * np.abs(pulls(dpi, modes)).max(initial=0.0))


def solve(W1: Array, w2: Array, modes: Modes, clock: Clock, guess: Array, h: float, tol: float) -> Step:
    """The step of length h from neurons (m, d), (m,); `guess` (3, N) starts the iteration, stopped at displacement `tol`."""
    reach = h * (modes.field**2).sum(axis=2).max(initial=0.0) * (w2 @ w2)
    if reach < 0.3:
        return _substitute(W1, w2, modes, clock, guess, h, tol)
    return _newton(W1, w2, modes, clock, guess, h, tol)


def _substitute(W1: Array, w2: Array, modes: Modes, clock: Clock, pi: Array, h: float, tol: float) -> Step:
    seen = modes.seen
    for _ in range(12):
        g = pulls(pi, modes)
        W1s, w2s = transport(W1, w2, g, h, NODE_SHARES)
        new, kappa = clock.dual(margins_of(W1s, w2s, modes), seen)
        change, pi = _displacement(h, new - pi, modes), new
        if change <= tol:
            return Step(h, pi, kappa, g, W1s, w2s, 0.0, True)
    return Step(h, pi, kappa, g, W1s, w2s, np.inf, False)


def _newton(W1: Array, w2: Array, modes: Modes, clock: Clock, pi: Array, h: float, tol: float) -> Step:
    seen = modes.seen
    T = 1 / (h * (modes.field**2).sum(axis=2).max() * (w2 @ w2))
    v, kappa, change = pi, np.zeros(3), np.inf
    for iteration in range(20):
        g = pulls(pi, modes)
        W1s, w2s = transport(W1, w2, g, h, NODE_SHARES)
        if change <= tol:
            return Step(h, pi, kappa, g, W1s, w2s, 0.0, True)
        if not np.isfinite(w2s).all():
            break
        a, slope = clock.conjugate(margins_of(W1s, w2s, modes))
        if iteration == 0:
            v, kappa = _proximal(clock, pi, a, seen, T)
        v, kappa = _corrected(W1s, w2s, modes, clock, v, kappa, a, slope, h, T)
        new = np.where(seen, clock.curve(v, T).pi, clock.unseen(a, kappa))
        change, pi = _displacement(h, new - pi, modes), new
    return Step(h, pi, kappa, g, W1s, w2s, np.inf, False)


def _proximal(clock: Clock, pi: Array, a: Array, seen: Array, T: float) -> tuple[Array, Array]:
    """Newton's start: pi on one side of the curve, the slack of its margins on the other."""
    if not clock.normalised:
        return pi, np.zeros(3)
    kappa = -logsumexp(np.where(seen, -a, -np.inf), axis=1)
    return pi - T * (a - kappa[:, None]), kappa


def _corrected(
    W1: Array, w2: Array, modes: Modes, clock: Clock, v: Array, kappa: Array, a: Array, slope: Array, h: float, T: float
) -> tuple[Array, Array]:
    """One Newton correction of v (3, N) and kappa (3,) for a - z - kappa = 0 and, if normalised, sum pi = 1."""
    pi, z, D, E = clock.curve(v, T)
    rows = np.flatnonzero(modes.seen & (D.max(axis=0) > _SUPPORT))
    r = len(rows)
    blocks = h * T * INTEGRALS[:, None, :, None] * _kernel(W1, w2, modes, rows).reshape(3, r, 3, r)
    matrix = (slope[:, rows, None, None] * blocks * D[:, rows]).reshape(3 * r, 3 * r)
    matrix[np.diag_indices(3 * r)] += E[:, rows].ravel()
    residual = -T * (a - z - kappa[:, None])[:, rows].ravel()
    if not clock.normalised:
        v = v.copy()
        v[:, rows] += np.linalg.solve(matrix, residual).reshape(3, r)
        return v, kappa
    ones = np.repeat(np.eye(3), r, axis=0)
    bordered = np.block([[matrix, -ones], [ones.T * D[:, rows].ravel(), np.zeros((3, 3))]])
    change = np.linalg.solve(bordered, np.append(residual, 1 - pi[:, rows].sum(axis=1)))
    kappa = kappa + change[3 * r :] / T
    moved = -T * (a - kappa[:, None])  # off the support pi = 0 and the slack is read off the margin
    moved[:, rows] = v[:, rows] + change[: 3 * r].reshape(3, r)
    return moved, kappa


def parabola(step: Step, theta: float) -> Array:
    """pi (N,) on the parabola through the nodes."""
    return lagrange(np.array([theta]))[0] @ step.pi


def with_error(step: Step, modes: Modes, pi: Array, rtol: float) -> Step:
    """The step with its error: the parabola misses the dual variable `pi` at its start by so much."""
    return step._replace(error=_ERROR * _displacement(step.h, _START @ step.pi - pi, modes) / rtol)
