"""Clarke coefficients: what a row on the kink of a direction adds to its pull is free, between nothing and all.

c_n = 1 where x_n'u > 0, 0 where x_n'u < 0, and anything in [0, 1] on the kink x_n'u = 0.
"""

from typing import NamedTuple

import numpy as np

from lib.data import Array, Mask, directions, lines
from lib.results import result
from lib.zonotope.projection import project

KINK = 1e-10  # |x_n'u| <= KINK ||x_n|| ||u|| counts as x_n'u = 0


def on_kink(X: Array, U: Array) -> Mask:
    """(n, N): which rows of X are on the kinks of the directions U (n, d); zero rows are on all."""
    return np.abs(U @ directions(X).T) <= KINK * np.linalg.norm(U, axis=-1)[..., None]


@result
class Clarke(NamedTuple):
    """Coefficients `c` (N,), and the `rest` (d,) of what they are to reach."""

    c: Array
    rest: Array


def clarke(X: Array, lam: Array, u: Array, a: Array) -> Clarke:
    """argmin over the Clarke coefficients c of u of ||a - sum_n c_n lam_n x_n||: a projection onto a zonotope.

    Rows on one line share a kink: on either side of it those that point one way count, or those that point the other.
    """
    free = np.flatnonzero(on_kink(X, u) & (lam != 0) & X.any(axis=1))
    c, G = (X @ u > 0).astype(float), lam[:, None] * X
    first, sign = lines(X[free])
    c[free] = sign < 0  # the side from which the first row of each line points away
    rest = a - c @ G
    if len(free):
        leads, of_line = np.unique(first, return_inverse=True)
        jump = np.zeros((len(leads), X.shape[1]))
        np.add.at(jump, of_line, sign[:, None] * G[free])
        share, rest, _ = project(rest, jump)
        c[free] += sign * share[of_line]
    return Clarke(c, rest)
