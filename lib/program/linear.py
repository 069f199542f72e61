"""The linear program over neurons of given directions: the convex program with only their weights left free.

    min  sum_j w_j l_j + slope sum_n e_n    s.t.  F w + e >= a,  w >= 0,  e >= 0,

with F_nj what neuron j of weight 1 adds to the margin of row n, and l_j its length. Its dual,

    max  a'z    s.t.  F'z <= l,  0 <= z <= slope,

asks finitely many directions for what d_H asks of all: a dual variable to price with.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from lib.data import Array


class Weights(NamedTuple):
    """Weights `w` (m,) of the neurons and multipliers `z` (N,) of the rows; zeros if no solution was found."""

    w: Array
    z: Array


def weights(F: Array, lengths: Array, a: Array, slope: float) -> Weights:
    """A vertex of the program with gains F (N, m): few neurons. An infinite slope leaves no room for shortfalls."""
    N, m = F.shape
    short = np.eye(N) if np.isfinite(slope) else np.zeros((N, 0))
    costs = np.concatenate([lengths, np.full(short.shape[1], slope)])
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(costs, A_ub=-np.hstack([F, short]), b_ub=-a, method="highs-ds", options=options)
    if found.status != 0:
        return Weights(np.zeros(m), np.zeros(N))
    return Weights(np.maximum(found.x[:m], 0), np.maximum(-found.ineqlin.marginals, 0))
