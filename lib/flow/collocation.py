"""One step of the flow, with the path of the dual variable as its only unknown.

Given pi at Radau's three nodes, closed-form boosts carry every neuron; the equations are pi = dual(q) at the nodes,
3 N of them, however many neurons there are. While the margins respond little to pi they are solved by substitution,
later by Newton's method in the variable of `clock`, which knows no stiffness. The error is the gap, at the start of the
step, between the dual variable and the parabola through its values at the nodes.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dgetrf, dgetrs

from lib.data import Array, Index, Mask
from lib.flow.boost import INTEGRALS, NODE_SHARES, lagrange, transport
from lib.flow.clock import Clock, Curve, log_sum_exp
from lib.flow.modes import Modes

_OMITTED = 0.01  # examples whose stiffness adds up to this hardly move the neurons: their pi follows their margins
_START = lagrange(np.zeros(1))[0]  # value at 0 of the parabola through the nodes
_ERROR = 0.09  # max over theta of |integral_0^theta omega / omega(0)|, omega the cubic that vanishes at the nodes
_EXACT = 1e-14  # Newton's last displacement in stiff steps: slacks left wrong would disturb pi in a short one after it
_ROUNDING = 100.0  # displacements, in units of tol, that so many iterations could not better: in long steps at rest
_WILD = 30.0  # an iterate that moves a neuron by more e-folds than this has gone astray
_MILD = 3.0  # h times the stiffness, a sum over all examples, up to which substitution is tried
_SLOW = 0.3  # Newton's matrix is renewed when a correction shrinks by less than this


class Step(NamedTuple):
    """A step of length `h`: `pi` (3, N), `kappa` (3,), pulls (3, m, d) and neurons (3, m, d), (3, m) at the nodes.

    `solved` False: the iteration did not converge, shorten the step.
    """

    h: float
    pi: Array
    kappa: Array
    pulls: Array
    W1: Array
    w2: Array
    solved: bool


def pulls(pi: Array, modes: Modes) -> Array:
    """g = pi @ field, (k, m, d), of pi (k, N)."""
    return (pi @ modes.flat).reshape(-1, *modes.field.shape[1:])


def margins_of(W1: Array, w2: Array, modes: Modes) -> Array:
    """q = field . (w2 w1), (k, N), of neurons (k, m, d), (k, m)."""
    return (W1 * w2[..., None]).reshape(len(w2), -1) @ modes.flat.T


def margin_rates(W1: Array, w2: Array, g: Array, modes: Modes) -> Array:
    """dq/dtau (k, N) of neurons (k, m, d), (k, m) moved by pulls g (k, m, d)."""
    along = np.vecdot(g, W1)
    moving = (w2 * w2)[..., None] * g + along[..., None] * W1
    return moving.reshape(len(w2), -1) @ modes.flat.T


def response(W1: Array, w2: Array, modes: Modes) -> Array:
    """(N,): bounds on dq_n/dtau per unit of pi_n, the diagonal of the tangent kernel."""
    return modes.squares @ (np.vecdot(W1, W1) + w2 * w2)


def error(step: Step, modes: Modes, pi: Array) -> float:
    """How far, relative to its length, the step may have misplaced a neuron; `pi` (N,) is the truth at its start."""
    gap = pulls((_START @ step.pi - pi)[None], modes)
    return float(_ERROR * step.h * np.abs(gap).max(initial=0.0))


def solve(W1: Array, w2: Array, modes: Modes, clock: Clock, guess: Array, h: float, tol: float) -> Step:
    """The step of length h from neurons (m, d), (m,); iterates from `guess` (3, N) to displacements of `tol`."""
    reach = response(W1, w2, modes)
    stiffness = float((clock.gain(guess.mean(axis=0)) * modes.seen) @ reach)
    if h * stiffness < _MILD:
        step = _substitute(W1, w2, modes, clock, guess, h, tol)
        if step.solved:
            return step
    exact = max(_EXACT, tol / max(1.0, 10 * h * stiffness))
    return _Newton(W1, w2, modes, clock, h, reach).solve(guess, tol, exact)


def _substitute(W1: Array, w2: Array, modes: Modes, clock: Clock, pi: Array, h: float, tol: float) -> Step:
    """Iterates while that contracts, until what is left of a geometric series is within tol."""
    seen, g, change = modes.seen, pulls(pi, modes), np.inf
    for _ in range(12):
        if not h * np.abs(g).max(initial=0.0) < _WILD:
            break
        W1s, w2s = transport(W1, w2, g, h, NODE_SHARES)
        pi, kappa = clock.dual(margins_of(W1s, w2s, modes), seen)
        old, g, last = g, pulls(pi, modes), change
        change = h * np.abs(g - old).max()
        if change <= 10 * tol and change * change <= tol * (last - change):
            return Step(h, pi, kappa, old, W1s, w2s, True)
        if change > 0.5 * last:
            break
    return Step(h, pi, np.zeros(3), g, W1, w2, False)


def _kernel(W1: Array, w2: Array, modes: Modes, rows: Index) -> Array:
    """The tangent kernel (r, r) of some rows, for neurons (m, d), (m,): dq/dtau per unit of pi."""
    outer = modes.flat[rows] * np.repeat(w2, W1.shape[1])
    inner = np.vecdot(modes.field[rows], W1)
    return outer @ outer.T + inner @ inner.T


class _Newton:
    """Newton's method for v (3, N) and kappa (3,): a(q) - z - kappa = 0 and, if the clock is normalised, sum pi = 1.

    Examples outside the support hardly move anything: they follow their margins, and leave the linear system.
    """

    def __init__(self, W1: Array, w2: Array, modes: Modes, clock: Clock, h: float, reach: Array) -> None:
        self.W1, self.w2, self.modes, self.clock, self.h = W1, w2, modes, clock, h
        self.reach, self.T = reach, 1 / (h * reach.max())
        self.seen: Mask = modes.seen
        self.rows: Index = np.zeros(0, dtype=np.intp)
        self.factors: tuple[Array, ...] = ()  # none yet, or out of date

    def solve(self, pi: Array, tol: float, exact: float) -> Step:
        v, kappa, g, last, change = None, np.zeros(3), pulls(pi, self.modes), np.inf, np.inf
        for _ in range(25):
            if not self.h * np.abs(g).max(initial=0.0) < _WILD:
                break
            W1s, w2s = transport(self.W1, self.w2, g, self.h, NODE_SHARES)
            if change <= exact or (change <= tol and (change > 0.5 * last or change**2 <= exact * last)):
                return Step(self.h, pi, kappa, g, W1s, w2s, True)
            a, slope = self.clock.conjugate(margins_of(W1s, w2s, self.modes))
            if v is None:
                v, kappa = self._begun(pi, kappa, a)
                curve = self.clock.curve(v, self.T)
            if not self.factors:
                self._factor(W1s, w2s, curve, slope)
            v, kappa = self._corrected(v, kappa, a, curve)
            if not np.isfinite(v).all():  # a matrix that is singular to rounding
                break
            curve = self.clock.curve(v, self.T)
            pi = np.where(self.seen, curve.pi, self.clock.at_slack(a, kappa))
            old, g, last = g, pulls(pi, self.modes), change
            change = self.h * np.abs(g - old).max()
            self.factors = self.factors if change <= _SLOW * last else ()
        else:
            return Step(self.h, pi, kappa, g, W1s, w2s, bool(change <= _ROUNDING * tol))
        return Step(self.h, pi, kappa, g, self.W1, self.w2, False)

    def _begun(self, pi: Array, kappa: Array, a: Array) -> tuple[Array, Array]:
        """v and kappa of a guess: on the normalised clock with pi on one side of the curve, the slack on the other."""
        if not self.clock.normalised:
            return pi, kappa
        kappa = -log_sum_exp(-a[:, self.seen])
        return pi - self.T * (a - kappa[:, None]), kappa

    def _factor(self, W1: Array, w2: Array, curve: Curve, slope: Array) -> None:
        pi, _, D, E = curve
        share = self.h * self.clock.gain(pi.max(axis=0)) * self.seen * self.reach
        order = share.argsort()
        self.rows = np.sort(order[share[order].cumsum() > _OMITTED])
        rest = (pi * self.seen).sum(axis=1) - pi[:, self.rows].sum(axis=1)
        D, E, r = D[:, self.rows], E[:, self.rows], len(self.rows)
        size = 3 * r + (3 if self.clock.normalised else 0)
        matrix = np.zeros((size, size))
        kernel = _kernel(W1[1], w2[1], self.modes, self.rows) * (self.h * self.T * slope[:, self.rows, None])
        matrix[: 3 * r, : 3 * r] = (kernel[:, :, None] * (INTEGRALS[:, None, :, None] * D)).reshape(3 * r, 3 * r)
        matrix[np.diag_indices(3 * r)] += E.ravel()
        for j in range(size - 3 * r):
            matrix[j * r : (j + 1) * r, 3 * r + j] = -1.0
            matrix[3 * r + j, j * r : (j + 1) * r] = D[j]
            matrix[3 * r + j, 3 * r + j] = rest[j] / self.T
        self.factors = dgetrf(matrix, overwrite_a=True)[:2]

    def _corrected(self, v: Array, kappa: Array, a: Array, curve: Curve) -> tuple[Array, Array]:
        pi, z, _, _ = curve
        r = len(self.rows)
        residual = -self.T * (a - z - kappa[:, None])[:, self.rows].ravel()
        if self.clock.normalised:
            residual = np.append(residual, 1 - pi[:, self.seen].sum(axis=1))
        change = dgetrs(*self.factors, residual)[0]
        if self.clock.normalised:
            kappa = kappa + change[3 * r :] / self.T
        moved = self.clock.at_slack(a, kappa)
        if self.clock.normalised:
            moved = np.minimum(moved, 1.0) - self.T * (a - kappa[:, None])
        moved[:, self.rows] = v[:, self.rows] + change[: 3 * r].reshape(3, r)
        return moved, kappa
