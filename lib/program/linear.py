"""The linear program over neurons of given directions: the convex program with only their weights left free.

    min  sum_j w_j l_j + slope sum_n e_n    s.t.  F w + Z z + e >= a  (or = a, without e),   w >= 0,  e >= 0,

with F_nj what neuron j of weight 1 adds to the margin of row n, l_j its length, and Z the columns that cost nothing.
Its dual,

    max  a'm    s.t.  F'm <= l,  Z'm = 0,  0 <= m <= slope,

asks finitely many directions for what d_H asks of all: a dual variable to price with.
"""

from time import perf_counter
from typing import NamedTuple

import highspy
import numpy as np
import scipy.sparse as sp

from lib.data import Array, Index, Mask

LONGEST = 1e6  # seconds


class Weights(NamedTuple):
    """Weights `w` (m,) of the neurons, coefficients `z`, multipliers `m` (N,) of the rows; zeros if not solved."""

    w: Array
    z: Array
    m: Array


class _Silent(highspy.Highs):
    """HiGHS that does not open with a banner, which newer versions print when they enable callbacks."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)


def _entries(G: Array) -> tuple[int, Index, Index, Array]:
    """The rows of G as HiGHS takes them."""
    rows = sp.csr_matrix(G)
    return rows.nnz, rows.indptr[:-1], rows.indices, rows.data


class Weighing:
    """The dual program. With more rows or more directions the simplex method goes on from where it was.

    An infinite `slope` leaves no room for shortfalls; `k` columns cost nothing.
    """

    def __init__(self, k: int, *, slope: float = np.inf, equal: bool = False) -> None:
        self.k, self.least, self.slope, self.highs = k, -np.inf if equal else 0.0, slope, _Silent()
        for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self.highs.setOptionValue(option, 1e-10)
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue("output_flag", False)
        self.highs.addRows(k, np.zeros(k), np.zeros(k), *_entries(np.zeros((k, 0))))

    def add_rows(self, Z: Array, F: Array, a: Array) -> None:
        """Rows with targets a (n,), free columns Z (n, k), and the gains F (n, m) of all directions so far."""
        n = len(a)
        self.highs.addCols(n, -a, np.full(n, self.least), np.full(n, self.slope), *_entries(np.hstack([Z, F])))

    def add_directions(self, F: Array, lengths: Array) -> None:
        """Directions with gains F (N, m) on all rows so far."""
        self.highs.addRows(len(lengths), np.full(len(lengths), -np.inf), lengths, *_entries(F.T))

    def keep(self, directions: Mask) -> None:
        """Drop the other directions."""
        others = self.k + np.flatnonzero(~directions)
        self.highs.deleteRows(len(others), others.astype(np.int32))

    def solve(self, until: float) -> Weights:
        """A vertex: few neurons."""
        left = min(max(until - perf_counter(), 0.3), LONGEST)
        self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)
        self.highs.run()
        found = self.highs.getSolution()
        multipliers, weights = np.array(found.col_value), -np.array(found.row_dual)
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return Weights(*(np.zeros(n) for n in (self.highs.getNumRow() - self.k, self.k, len(multipliers))))
        return Weights(np.maximum(weights[self.k :], 0), weights[: self.k], np.maximum(multipliers, self.least))
