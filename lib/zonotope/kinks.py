"""Clarke coefficients: what a row on the kink of a direction adds to its pull is free, between nothing and all.

c_n = 1 where x_n'u > 0, 0 where x_n'u < 0, and anything in [0, 1] on the kink x_n'u = 0.
"""

from typing import NamedTuple

import numpy as np

from lib.zonotope.projection import project
from lib.zonotope.support import Array, Mask

KINK = 1e-10  # |x_n'u| <= KINK ||x_n|| ||u|| counts as x_n'u = 0


def on_kink(X: Array, U: Array) -> Mask:
    """(n, N): which rows of X are on the kinks of the directions U (n, d); zero rows are on all."""
    return np.abs(U @ X.T) <= KINK * np.multiply.outer(np.linalg.norm(U, axis=-1), np.linalg.norm(X, axis=1))


class Clarke(NamedTuple):
    """Coefficients `c` (N,), and the `rest` (d,) of what they are to reach."""

    c: Array
    rest: Array


def clarke(X: Array, lam: Array, u: Array, a: Array) -> Clarke:
    """argmin over the Clarke coefficients c of u of ||a - sum_n c_n lam_n x_n||: a projection onto a zonotope."""
    free = on_kink(X, u) & (lam != 0)
    c, G = np.where(free, 0.0, X @ u > 0), lam[:, None] * X
    rest = a - c @ G
    if free.any():
        c[free], rest, _ = project(rest, G[free])
    return Clarke(c, rest)
