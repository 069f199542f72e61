"""The hyperplanes x_n'w = 0 of the examples: the kinks of a network's margins as functions of a neuron w."""

from typing import NamedTuple

import numpy as np

from lib.data import Array, Index, Mask, directions, lines


class Arrangement(NamedTuple):
    """Examples and their distinct hyperplanes: unit `normals` (J, d), one `lead` example of each.

    `X` (N, d), and the signs `y` (N,) of the dual variable, lam = y pi. x_n = side_n length_n normals[plane_n]:
    parallel rows share a hyperplane, since their kinks cannot be told apart.
    `negative`, `jump` (J, N) are linear forms in pi: the pull along h_j of the rows of hyperplane j on its negative
    side, and by how much it jumps to the positive one.
    A zero row has side 0 and length 0 (and plane 0, without effect).
    """

    X: Array
    y: Array
    normals: Array
    lead: Index
    plane: Index
    side: Array
    length: Array
    negative: Array
    jump: Array


def arrangement(X: Array, y: Array) -> Arrangement:
    """The hyperplanes of the rows of X; rows that are parallel to rounding (in either sense) share one."""
    first, side = lines(X)
    lead = np.flatnonzero(first == np.arange(len(X)))
    plane = np.maximum(np.searchsorted(lead, first), 0)
    length = np.linalg.norm(X, axis=1)
    rows = np.where((np.arange(len(lead))[:, None] == plane) & (side != 0), y * length, 0.0)
    negative = np.where(side < 0, -rows, 0.0)
    return Arrangement(X, y, directions(X)[lead], lead, plane, side, length, negative, rows)


def coefficients(data: Arrangement, on: Mask, skipped: Mask) -> Array:
    """c_n (N,) of one neuron: 1 where x_n'w > 0, else 0; 0 also for the rows of `skipped` hyperplanes (J,)."""
    if not len(on):  # every row is zero
        return np.zeros(len(data.X))
    n = data.plane
    return ((on[n] == (data.side > 0)) & ~skipped[n] & (data.side != 0)).astype(float)
