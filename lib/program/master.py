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


class Optimum(NamedTuple):
    """Multipliers `z` (r,) of the rows, vectors `V` (B, d) of the blocks, shortfalls `e` (r,)."""

    z: Array
    V: Array
    e: Array


def _cone_rows(B: int, d: int) -> sp.csc_matrix:
    """-(t_j, v_j) for every block j, in the variables (v_1, ..., v_B, t): second-order cones of dimension d + 1."""
    place = np.column_stack([B * d + np.arange(B), np.arange(B * d).reshape(B, d)])
    n = place.size
    return sp.csc_matrix((-np.ones(n), (np.arange(n), place.ravel())), shape=(n, n))


def _products(X: Array, j: NDArray[np.intp], n: NDArray[np.intp], B: int) -> sp.csc_matrix:
    """x_n'v_j for the pairs (j, n), in the variables (v, t)."""
    k, d = len(j), X.shape[1]
    places = j[:, None] * d + np.arange(d)
    return sp.csc_matrix((X[n].ravel(), (np.repeat(np.arange(k), d), places.ravel())), shape=(k, B * (d + 1)))


def _settings(tol: float) -> clarabel.DefaultSettings:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_rel = settings.tol_gap_abs = settings.tol_feas = tol
    return settings


def solve(X: Array, y: Array, a: Array, blocks: Blocks, penalty: Penalty, beta: float, tol: float) -> Optimum:
    """The restricted program over rows X (r, d), labels y, targets a, to relative accuracy `tol`.

    In Clarabel's form, b - A x in a product of cones, with the variables x = (v, t), rho, e and what the penalty adds.
    """
    (r, d), B = X.shape, len(blocks)
    opposite = blocks.opposite(y)
    coefficient = np.where(opposite, -1.0 * (blocks.charge == ON), blocks.S)
    linear = sp.csc_matrix((coefficient.T[:, :, None] * X[:, None, :]).reshape(r, B * d))
    j, n = np.nonzero(opposite & (blocks.charge == RAMP))
    k, cost = len(j), penalty.cost(r)
    charged = sp.csc_matrix((np.ones(k), (n, np.arange(k))), shape=(r, k))
    eye = sp.identity(k)
    A = sp.bmat(
        [
            [sp.hstack([-linear, sp.csc_matrix((r, B))]), charged, -sp.eye(r, len(cost.q))],
            [_products(X, j, n, B), -eye, None],
            [None, -eye, None],
            [_cone_rows(B, d), None, None],
            [None, None, cost.A],
        ],
        format="csc",
    )
    b = np.concatenate([-a, np.zeros(2 * k + B * (d + 1)), cost.b])
    q = np.concatenate([np.zeros(B * d), np.full(B, beta), np.zeros(k), cost.q])
    P = sp.diags(np.concatenate([np.zeros(B * (d + 1) + k), cost.P]), format="csc")
    cones = [clarabel.NonnegativeConeT(r + 2 * k), *[clarabel.SecondOrderConeT(d + 1)] * B, *cost.cones]
    found = clarabel.DefaultSolver(P, q, A, b, cones, _settings(tol)).solve()
    x = np.array(found.x)
    return Optimum(np.maximum(found.z[:r], 0.0), x[: B * d].reshape(B, d), x[B * (d + 1) + k :][:r])
