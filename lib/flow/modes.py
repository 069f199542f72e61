"""On which side of every hyperplane each neuron is, or that it slides along it; and what each example then pulls it by.

Neuron i feels g_i = sum_n c_in mu_n x_n, mu = y pi, with c_in = 1[x_n'w1_i > 0]. While it slides along hyperplanes,
h_j'g = 0 decides their coefficients: it feels the orthogonal projection of the pull of its other rows.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lib.data import Array
from lib.flow.arrangement import Arrangement, Index, Mask, coefficients, jumps


@dataclass(frozen=True, eq=False)
class Modes:
    """Per neuron and hyperplane (m, J): `on` its positive side, or `slide` along it; and what follows from these.

    `field` (N, m, d) is y_n times the pull of example n on neuron i, so g = pi @ field and q = field . (w2 w1);
    `squares` (N, m) its squared lengths. `sliders` (k, 2) lists the sliding pairs (neuron, hyperplane); `low`,
    `high` (k, N) are linear forms with low @ pi = c |J| and high @ pi = (1 - c) |J|, c the coefficient, J the jump;
    `duals` (k, d) the dual basis of the normals of a neuron's hyperplanes: w1 - sum_j (h_j'w1) duals_j lies on all.
    """

    on: Mask
    slide: Mask
    field: Array
    squares: Array
    sliders: Index
    low: Array
    high: Array
    duals: Array

    @cached_property
    def flat(self) -> Array:
        """`field` as a matrix (N, m d)."""
        return self.field.reshape(len(self.field), -1)

    @cached_property
    def seen(self) -> Mask:
        """(N,): examples that pull at least one neuron."""
        return self.squares.sum(axis=1) > 0

    @cached_property
    def alive(self) -> Mask:
        """(m,): neurons with an active example."""
        return self.squares.sum(axis=0) > 0

    @cached_property
    def side(self) -> Array:
        """(m, J): 1 or -1 for the side of a hyperplane that a living neuron may leave; 0 where it slides."""
        return np.where(self.slide | ~self.alive[:, None], 0.0, 2.0 * self.on - 1)


def pull_rows(data: Arrangement, on: Mask, slide: Mask) -> Array:
    """y_n c_n P x_n (N, d) for one neuron, P the projection on the intersection of its sliding hyperplanes."""
    rows = (data.y * coefficients(data, on, slide))[:, None] * data.X
    if not slide.any():
        return rows
    _, lengths, basis = np.linalg.svd(data.normals[slide], full_matrices=False)
    Q = basis[lengths > 1e-12 * lengths[0]]
    return rows - (rows @ Q.T) @ Q


def slide_forms(data: Arrangement, on: Mask, slide: Mask, pi: Array) -> tuple[Array, Array, Array]:
    """Of one neuron, for its k sliding hyperplanes: `low` and `high` (k, N), and `duals` (k, d), as in `Modes`."""
    rows = (data.y * coefficients(data, on, slide))[:, None] * data.X
    duals = np.asarray(np.linalg.pinv(data.normals[slide]).T, dtype=float)
    along = duals @ rows.T  # coordinates of the pull along the normals
    negative, jump = jumps(data, np.flatnonzero(slide))
    low = -along - negative
    sign = np.sign(jump @ pi)[:, None]
    return sign * low, sign * (jump - low), duals


def resting(data: Arrangement, m: int) -> Modes:
    """m neurons that no example pulls."""
    N, d = data.X.shape
    none, forms = np.zeros((m, len(data.normals)), dtype=bool), np.zeros((0, N))
    pairs, duals = np.zeros((0, 2), dtype=np.intp), np.zeros((0, d))
    return Modes(none, none, np.zeros((N, m, d)), np.zeros((N, m)), pairs, forms, forms, duals)


def moved(modes: Modes, data: Arrangement, i: int, on_i: Mask, slide_i: Mask, pi: Array) -> Modes:
    """The modes after neuron i changed to sides `on_i` and slides `slide_i` (J,)."""
    on, slide, field, squares = modes.on.copy(), modes.slide.copy(), modes.field.copy(), modes.squares.copy()
    on[i], slide[i], field[:, i] = on_i, slide_i, pull_rows(data, on_i, slide_i)
    squares[:, i] = (field[:, i] ** 2).sum(axis=1)
    kept = modes.sliders[:, 0] != i
    lists = [part[kept] for part in (modes.sliders, modes.low, modes.high, modes.duals)]
    if slide_i.any():
        j = np.flatnonzero(slide_i)
        more = (np.column_stack([np.full(len(j), i), j]), *slide_forms(data, on_i, slide_i, pi))
        lists = [np.vstack(pair) for pair in zip(lists, more, strict=True)]
    return Modes(on, slide, field, squares, *lists)


def died(modes: Modes, i: int) -> Modes:
    """The modes after neuron i ceased to be pulled by any example."""
    slide, field, squares = modes.slide.copy(), modes.field.copy(), modes.squares.copy()
    slide[i], field[:, i], squares[:, i] = False, 0.0, 0.0
    kept = modes.sliders[:, 0] != i
    lists = [part[kept] for part in (modes.sliders, modes.low, modes.high, modes.duals)]
    return Modes(modes.on, slide, field, squares, *lists)
