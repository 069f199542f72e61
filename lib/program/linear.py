"""The linear program over neurons of given directions: the convex program with only their weights left free.

    min  sum_j w_j l_j + slope sum_n e_n    s.t.  F w + Z z + e >= a  (or = a, without e),   w >= 0,  e >= 0,

with F_nj what neuron j of weight 1 adds to the margin of row n, l_j its length, and Z the columns that cost nothing.
Its dual,

    max  a'm    s.t.  F'm <= l,  Z'm = 0,  0 <= m <= slope,

asks finitely many directions for what d_H asks of all: a dual variable to price with.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from lib.data import Array


class Weights(NamedTuple):
    """Weights `w` (m,) of the neurons, coefficients `z`, multipliers `m` (N,) of the rows; zeros if not solved."""

    w: Array
    z: Array
    m: Array


def weights(
    F: Array, lengths: Array, Z: Array, a: Array, *, until: float, slope: float = np.inf, equal: bool = False
) -> Weights:
    """A vertex of the program with gains F (N, m): few neurons. An infinite slope leaves no room for shortfalls."""
    (N, m), k = F.shape, Z.shape[1]
    short = np.eye(N) if np.isfinite(slope) else np.zeros((N, 0))
    costs = np.concatenate([lengths, np.zeros(k), np.full(short.shape[1], slope)])
    bounds = [(0, None)] * m + [(None, None)] * k + [(0, None)] * short.shape[1]
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    options["time_limit"] = min(max(until - perf_counter(), 0.3), 1e6)
    A = np.hstack([F, Z, short])
    rows = {"A_eq": A, "b_eq": a} if equal else {"A_ub": -A, "b_ub": -a}
    found = linprog(costs, **rows, bounds=bounds, method="highs-ds", options=options)
    if found.status != 0:
        return Weights(np.zeros(m), np.zeros(k), np.zeros(N))
    multipliers = found.eqlin.marginals if equal else np.maximum(-found.ineqlin.marginals, 0)
    return Weights(np.maximum(found.x[:m], 0), found.x[m : m + k], multipliers)
