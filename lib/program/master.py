"""The restricted program: the class-split program over a few blocks and a few rows, as one conic program (ours).

    min  sum_n l(e_n) + beta sum_j ||v_j||
    s.t. sum_j (credit_jn - charge_jn) + e_n >= a_n   for the rows n at hand,

with credit x_n'v_j on S_j, charge 0, x_n'v_j or rho_jn >= (x_n'v_j)_+. The multiplier of row n is z_n = y_n lam_n.
"""

from typing import NamedTuple

import clarabel
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from lib.data import Array
from lib.program.blocks import ON, RAMP, Blocks
from lib.program.penalties import Penalty


class Restricted(NamedTuple):
    """Multipliers `z` (r,) of the rows, vectors `V` (B, d) of the blocks, shortfalls `e` (r,)."""

    z: Array
    V: Array
    e: Array


class Entries(NamedTuple):
    """Entries of a sparse matrix: `values` at `rows` and `columns`."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: Array


def _diagonal(row: int, column: int, n: int, value: float) -> Entries:
    """n times the value, on the diagonal that begins at (row, column)."""
    return Entries(row + np.arange(n), column + np.arange(n), np.full(n, value))


def _credits(X: Array, coefficient: Array) -> Entries:
    """-coefficient_jn x_n'v_j in row n, in the variables v."""
    n, j = np.nonzero(coefficient.T)
    d = X.shape[1]
    values = -coefficient[j, n, None] * X[n]
    return Entries(np.repeat(n, d), (j[:, None] * d + np.arange(d)).ravel(), values.ravel())


def _products(X: Array, j: NDArray[np.intp], n: NDArray[np.intp], row: int) -> Entries:
    """x_n'v_j for the pairs (j, n), in rows from `row` on, in the variables v."""
    d = X.shape[1]
    return Entries(np.repeat(row + np.arange(len(j)), d), (j[:, None] * d + np.arange(d)).ravel(), X[n].ravel())


def _cones(B: int, d: int, row: int) -> Entries:
    """-(t_j, v_j) for every block j, in the variables (v_1, ..., v_B, t): second-order cones of dimension d + 1."""
    place = np.column_stack([B * d + np.arange(B), np.arange(B * d).reshape(B, d)]).ravel()
    return Entries(row + np.arange(len(place)), place, np.full(len(place), -1.0))


def _moved(A: sp.csc_matrix, row: int, column: int) -> Entries:
    """The entries of A, with A's corner at (row, column)."""
    A = A.tocoo()
    return Entries(row + A.row, column + A.col, A.data)


def _settings(tol: float) -> clarabel.DefaultSettings:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_rel = settings.tol_gap_abs = settings.tol_feas = tol
    return settings


def solve(X: Array, y: Array, a: Array, blocks: Blocks, penalty: Penalty, beta: float, tol: float) -> Restricted:
    """The restricted program over rows X (r, d), labels y, targets a, to relative accuracy `tol`.

    In Clarabel's form, b - A x in a product of cones, with the variables x = (v, t), rho, e and what the penalty adds.
    """
    (r, d), B = X.shape, len(blocks)
    opposite = blocks.opposite(y)
    coefficient = np.where(opposite, -1.0 * (blocks.charge == ON), blocks.S)
    j, n = np.nonzero(opposite & (blocks.charge == RAMP))
    k, cost = len(j), penalty.cost(r)
    rho, e = B * (d + 1), B * (d + 1) + k
    entries = [
        _credits(X, coefficient),
        Entries(n, rho + np.arange(k), np.ones(k)),
        _diagonal(0, e, r, -1.0),
        _products(X, j, n, r),
        _diagonal(r, rho, k, -1.0),
        _diagonal(r + k, rho, k, -1.0),
        _cones(B, d, r + 2 * k),
        _moved(cost.A, r + 2 * k + B * (d + 1), e),
    ]
    rows, columns, values = (np.concatenate(part) for part in zip(*entries, strict=True))
    shape = r + 2 * k + B * (d + 1) + cost.A.shape[0], e + len(cost.q)
    A = sp.csc_matrix((values, (rows, columns)), shape=shape)
    b = np.concatenate([-a, np.zeros(2 * k + B * (d + 1)), cost.b])
    q = np.concatenate([np.zeros(B * d), np.full(B, beta), np.zeros(k), cost.q])
    P = sp.diags(np.concatenate([np.zeros(B * (d + 1) + k), cost.P]), format="csc")
    cones = [clarabel.NonnegativeConeT(r + 2 * k), *[clarabel.SecondOrderConeT(d + 1)] * B, *cost.cones]
    found = clarabel.DefaultSolver(P, q, A, b, cones, _settings(tol)).solve()
    x = np.array(found.x)
    return Restricted(np.maximum(found.z[:r], 0.0), x[: B * d].reshape(B, d), x[B * (d + 1) + k :][:r])
