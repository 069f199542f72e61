"""The convex program written out literally, over all cells, in cvxpy: the yardstick, and an independent check."""

import warnings

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import norm_lower, norm_upper
from lib.data import Array, validated
from lib.network import margins
from lib.patterns import cells
from lib.program.feasibility import require_feasible
from lib.program.maps import to_network
from lib.program.solution import Solution
from lib.zonotope import hausdorff

TOLERANCES = {"tol_gap_rel": 1e-9, "tol_gap_abs": 1e-9, "tol_feas": 1e-9}


def written_out(X: Array, y: Array, D: Array, cones: bool) -> tuple[Array, Array, Array, float]:
    """(V_pos, V_neg, lam, value) of min sum ||v|| over the patterns D (p, N), with or without the cone constraints."""
    import cvxpy as cp  # it takes longer to import than all the rest

    V_pos, V_neg = cp.Variable((len(D), X.shape[1])), cp.Variable((len(D), X.shape[1]))
    margin = cp.multiply(y, cp.sum(cp.multiply(D.T, X @ (V_pos - V_neg).T), axis=1)) >= 1
    inside = [cp.multiply((2 * D - 1).T, X @ V.T) >= 0 for V in (V_pos, V_neg)] if cones else []
    objective = cp.sum(cp.norm(V_pos, 2, axis=1)) + cp.sum(cp.norm(V_neg, 2, axis=1))
    problem = cp.Problem(cp.Minimize(objective), [margin, *inside])
    with warnings.catch_warnings():
        # a solver that stops short of these tolerances warns; what its answer is worth is measured by the bounds
        warnings.filterwarnings("ignore", "Solution may be inaccurate", UserWarning)
        problem.solve(solver=cp.CLARABEL, **TOLERANCES)
    return V_pos.value, V_neg.value, y * np.maximum(margin.dual_value, 0), float(problem.value)


def reference(X: ArrayLike, y: ArrayLike) -> Solution:
    """min sum_j ||v+_j|| + ||v-_j|| s.t. Y sum_j D_j X (v+_j - v-_j) >= 1, (2D_j - I) X v+_j, (2D_j - I) X v-_j >= 0.

    Over all p cells, so for small data. The bounds are, as always, those that the network and lam prove by themselves.
    Raises `ValueError` for bad or infeasible data. Source: Pilanci and Ergen 2020; thm-convex-equivalence.
    """
    X, y = validated(X, y)
    require_feasible(X, y, X[:, :0])
    D = cells(X).patterns.astype(float)
    V_pos, V_neg, lam, _ = written_out(X, y, D, cones=True)
    net = to_network(V_pos, V_neg)
    least, d_H = float(margins(net, X, y).min()), hausdorff(X, lam).upper
    upper, lower = norm_upper(net, X, y), norm_lower(y, lam, d_H)
    scaled = net.scaled(least**-0.5) if least > 0 else net
    return Solution(scaled, lam / d_H, upper, lower, "optimal", 1, 2 * len(D), np.zeros(X.shape[1]), 0.0)


def gated_value(X: ArrayLike, y: ArrayLike) -> float:
    """The value without the cone constraints: gated ReLU networks, whose gates need not agree with their weights.

    At most P*, and equal to it iff some dual optimum has max_j ||X'D_j lam|| <= 1 (Mishkin, Sahiner, Pilanci 2022).
    Source: thm-convex-gated.
    """
    X, y = validated(X, y)
    require_feasible(X, y, X[:, :0])
    return written_out(X, y, cells(X).patterns.astype(float), cones=False)[3]
