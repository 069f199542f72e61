"""The restricted program: the class-split program over a few blocks and a few rows, as one conic program (ours).

    min  sum_n l(e_n) + beta (sum_j ||v_j|| + ||w0||)
    s.t. sum_j (credit_jn - charge_jn) + y_n (affine part)_n + e_n >= a_n   for the rows n at hand,

with credit x_n'v_j on S_j, charge 0, x_n'v_j or rho_jn >= (x_n'v_j)_+. The multiplier of row n is z_n = y_n lam_n.
"""

from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import clarabel
import numpy as np
import scipy.sparse as sp

from lib.data import Array, Index
from lib.program.blocks import ON, RAMP, Blocks
from lib.program.penalties import Cost
from lib.program.problem import Problem

LONGEST = 1e4  # the unit of vectors, at most: blocks may be missing, and then margins of all sizes are asked for


class Restricted(NamedTuple):
    """Multipliers `lam` (r,) of the rows, vectors `V` (B, D) of the blocks, coefficients `z` of the affine part."""

    lam: Array
    V: Array
    z: Array


def _products(X: Array, n: Index, j: Index, factors: Array, rows: Index, shape: tuple[int, int]) -> sp.csr_matrix:
    """factor x_n'v_j for the pairs (n, j), added up in the given rows, in the variables (v_1, ..., v_B, t)."""
    D = X.shape[1]
    columns = (j[:, None] * D + np.arange(D)).ravel()
    return sp.csr_matrix(((factors[:, None] * X[n]).ravel(), (np.repeat(rows, D), columns)), shape=shape)


def _last(B: int, D: int, of: int = 0) -> sp.csr_matrix:
    """The last coordinate of v_j for every block j: a threshold, which is not negative."""
    return sp.csr_matrix((np.ones(B), (np.arange(B), np.arange(B) * D + D - 1)), shape=(B, max(B, of) * (D + 1)))


def _norms(B: int, D: int, seen: int) -> sp.csr_matrix:
    """(t_j, the first `seen` of v_j) for every block j, in the variables (v_1, ..., v_B, t)."""
    place = np.column_stack([B * D + np.arange(B), np.arange(B * D).reshape(B, D)[:, :seen]]).ravel()
    return sp.csr_matrix((np.ones(len(place)), (np.arange(len(place)), place)), shape=(len(place), B * (D + 1)))


def _matrix(problem: Problem, blocks: Blocks, ramps: tuple[Index, ...], cost: Cost) -> sp.csc_matrix:
    """A, in the variables (v, t), rho, (e, ...) of the penalty, z of the affine part, and its length, in this order."""
    X, y, affine = problem.X, problem.y, problem.affine
    (r, D), B, (n, j) = X.shape, len(blocks), ramps
    k, p, K = len(n), affine.priced.shape[1], affine.columns.shape[1]
    coefficient = np.where(blocks.opposite(y), -1.0 * (blocks.charge == ON), blocks.S).T
    rows, owner = np.nonzero(coefficient)
    credit = _products(X, rows, owner, coefficient[rows, owner], rows, (r, B * (D + 1)))
    charged = sp.csr_matrix((np.ones(k), (n, np.arange(k))), shape=(r, k))
    ramp = _products(X, n, j, np.ones(k), np.arange(k), (k, B * (D + 1)))
    one, short = sp.identity(k), sp.eye(r, len(cost.q))
    length, coefficients = sp.eye(min(p, 1)), sp.eye(p, K, K - p)
    table = [
        [-credit, charged, -short, sp.csr_matrix(-y[:, None] * affine.columns), None],
        [ramp, -one, None, None, None],
        [None, -one, None, None, None],
        [-_last(B, D) if problem.free == "threshold" else _last(0, D, B), None, None, None, None],
        [-_norms(B, D, problem.seen), None, None, None, None],
        [None, None, cost.A, None, None],
        [None, None, None, None, -length],
        [None, None, None, -coefficients, None],
    ]
    return sp.bmat(table, format="csc")


def _settings(accuracy: float, until: float) -> clarabel.DefaultSettings:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_rel = settings.tol_gap_abs = settings.tol_feas = accuracy
    settings.time_limit = max(until - perf_counter(), 0.1)
    return settings


def solve(problem: Problem, blocks: Blocks, accuracy: float, until: float) -> Restricted:
    """The restricted program over the rows of a problem, to a relative accuracy; a rougher answer after `until`.

    In Clarabel's form, b - A x in a product of cones; of v / L and with the objective over `problem.largest`, so that
    what a tiny beta makes long or cheap is of about 1.
    """
    (r, D), B, p = problem.X.shape, len(blocks), problem.affine.priced.shape[1]
    unit, L = problem.largest, min(problem.largest / problem.beta, LONGEST)
    problem = replace(problem, X=L * problem.X, affine=problem.affine.times(np.full(r, L)), beta=L * problem.beta)
    ramps = np.nonzero((blocks.opposite(problem.y) & (blocks.charge == RAMP)).T)
    k, cost, norms = len(ramps[0]), problem.penalty.cost(problem.a), B * (problem.seen + 1)
    A = _matrix(problem, blocks, ramps, cost)
    z = B * (D + 1) + k + len(cost.q)
    signed = r + 2 * k + B * (problem.free == "threshold")
    b = np.concatenate([-problem.a, np.zeros(signed - r + norms), cost.b, np.zeros(p + (p > 0))])
    q = np.concatenate([np.zeros(B * D), np.full(B, problem.beta), np.zeros(k), cost.q, np.zeros(A.shape[1] - z)])
    q[len(q) - (p > 0) :] = problem.beta
    P = sp.diags(np.concatenate([np.zeros(z - len(cost.q)), cost.P, np.zeros(A.shape[1] - z)]), format="csc")
    cones = [clarabel.NonnegativeConeT(signed), *[clarabel.SecondOrderConeT(problem.seen + 1)] * B, *cost.cones]
    cones += [clarabel.SecondOrderConeT(p + 1)] * (p > 0)
    found = clarabel.DefaultSolver(P / unit, q / unit, A, b, cones, _settings(accuracy, until)).solve()
    x = L * np.array(found.x)
    lam = unit * problem.y * np.maximum(found.z[:r], 0.0)
    return Restricted(lam, x[: B * D].reshape(B, D), x[z : len(x) - (p > 0)])
