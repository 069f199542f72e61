"""What a row that falls short of its margin costs, in the words of a conic solver.

A row asks q_n + e_n >= a_n, with its shortfall e_n. A penalty sums over the rows; its dual side is the concave function
sum_n (a_n z_n - l*(z_n)) of the multipliers z_n = y_n lam_n >= 0, with l* the conjugate in e.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import clarabel
import numpy as np
import scipy.sparse as sp

from lib.data import Array
from lib.losses import Tailed


class Cost(NamedTuple):
    """(1/2) x'diag(P) x + q'x over x = (e, further variables), s.t. b - A x in `cones`."""

    P: Array
    q: Array
    A: sp.csc_matrix
    b: Array
    cones: list


def _nonnegative(P: Array, q: Array) -> Cost:
    """A cost of shortfalls e >= 0."""
    return Cost(P, q, -sp.identity(len(q), format="csc"), np.zeros(len(q)), [clarabel.NonnegativeConeT(len(q))])


def _interleaved(*entries: list[sp.spmatrix]) -> sp.csc_matrix:
    """Rows of blocks, reordered so that the first rows of all blocks come first, then the second ones."""
    A = sp.vstack([sp.hstack(row) for row in entries], format="csr")
    order = np.arange(A.shape[0]).reshape(len(entries), -1).T.ravel()
    return sp.csc_matrix(A[order])


@dataclass(frozen=True)
class Hinge:
    """slope * max(e, 0): multipliers in [0, slope]. With a slope beyond the largest multiplier, a hard constraint."""

    slope: float

    def cost(self, a: Array) -> Cost:
        return _nonnegative(np.zeros(len(a)), np.full(len(a), self.slope))


@dataclass(frozen=True)
class SquaredHinge:
    """(1/2) max(e, 0)^2."""

    def cost(self, a: Array) -> Cost:
        return _nonnegative(np.ones(len(a)), np.zeros(len(a)))


def touching(a: Array, loss: Tailed) -> Cost:
    """w e^(k e) = min w t s.t. (k e, 1, t) in the exponential cone: slope and curvature at e = 0 are those at a."""
    r, k = len(a), loss.log_slope_rate(a)
    none = sp.csc_matrix((r, r))
    A = _interleaved([-sp.diags(k), none], [none, none], [none, -sp.identity(r)])
    q = np.concatenate([np.zeros(r), np.exp(loss.log_slope(a)) / k])
    return Cost(np.zeros(2 * r), q, A, np.tile([0.0, 1.0, 0.0], r), [clarabel.ExponentialConeT()] * r)


def softplus(a: Array, loss: Tailed) -> Cost:
    """log(1 + e^e) = min t s.t. g + h <= 1, exp(e - t) <= g, exp(-t) <= h: the logistic loss, two cones a row."""
    r = len(a)
    one, none = sp.identity(r), sp.csc_matrix((r, r))
    # Variables e, t, g, h. Slack rows: 1 - g - h >= 0; (e - t, 1, g) and (-t, 1, h) in the exponential cone.
    total = sp.hstack([none, none, one, one])
    shifted = _interleaved([-one, one, none, none], [none] * 4, [none, none, -one, none])
    base = _interleaved([none, one, none, none], [none] * 4, [none, none, none, -one])
    A = sp.vstack([total, shifted, base], format="csc")
    b = np.concatenate([np.ones(r), np.tile([0.0, 1.0, 0.0], 2 * r)])
    cones = [clarabel.NonnegativeConeT(r), *[clarabel.ExponentialConeT()] * (2 * r)]
    return Cost(np.zeros(4 * r), np.repeat([0.0, 1.0, 0.0, 0.0], r), A, b, cones)


@dataclass(frozen=True)
class Tail:
    """l(a - e) of a loss that falls for ever: its `exact` cost for a = 0, an exponential for large a."""

    loss: Tailed
    exact: Callable[[Array, Tailed], Cost]

    def cost(self, a: Array) -> Cost:
        if self.exact is touching or a.all():
            return touching(a, self.loss)
        zero = a == 0
        near, far = self.exact(a[zero], self.loss), touching(a[~zero], self.loss)
        n, order = len(near.q), np.empty(len(a), dtype=int)
        order[zero], order[~zero] = np.arange(zero.sum()), n + np.arange((~zero).sum())
        order = np.append(order, np.setdiff1d(np.arange(n + len(far.q)), order))  # e of all rows in their order, first
        A, q = sp.block_diag([near.A, far.A], format="csc")[:, order], np.append(near.q, far.q)[order]
        return Cost(np.zeros(len(q)), q, A, np.append(near.b, far.b), near.cones + far.cones)


Penalty = Hinge | SquaredHinge | Tail  # each tells its `cost` for rows of targets a
