"""On which side of every hyperplane each neuron is, or that it slides along it; and what each example then pulls it by.

Neuron i feels g_i = sum_n c_in mu_n x_n, mu = y pi, with c_in = 1[x_n'w1_i > 0]. While it slides along hyperplanes,
h_j'g = 0 decides their coefficients: it feels the orthogonal projection of the pull of its other rows.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from lib.data import Array, Index, Mask
from lib.flow.arrangement import Arrangement, coefficients


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


def resting(data: Arrangement, m: int) -> Modes:
    """m neurons that no example pulls."""
    N, d = data.X.shape
    none, forms = np.zeros((m, len(data.normals)), dtype=bool), np.zeros((0, N))
    pairs, duals = np.zeros((0, 2), dtype=np.intp), np.zeros((0, d))
    return Modes(none, none, np.zeros((N, m, d)), np.zeros((N, m)), pairs, forms, forms, duals)


class Change(NamedTuple):
    """Neuron `i` goes on with sides `on` and slides `slide` (J,), and what follows from these: as in `Modes`."""

    i: int
    on: Mask
    slide: Mask
    field: Array
    pairs: Index
    low: Array
    high: Array
    duals: Array


def change(data: Arrangement, i: int, on: Mask, slide: Mask, pi: Array) -> Change:
    """The change of neuron i to sides `on` and slides `slide` (J,) at a dual variable pi.

    Its field is y_n c_n P x_n, P the projection on the intersection of the hyperplanes along which it slides.
    """
    j = np.flatnonzero(slide)
    rows = (data.y * coefficients(data, on, slide))[:, None] * data.X  # 0 for the rows of these hyperplanes
    normals, jump = data.normals[j], data.jump[j]
    duals = normals if len(j) < 2 else np.asarray(np.linalg.pinv(normals, rcond=1e-12).T, dtype=float)
    low = -(duals @ rows.T) - data.negative[j]  # less the coordinates of the pull along the normals
    sign = np.sign(jump @ pi)[:, None]
    pairs = np.column_stack([np.full(len(j), i), j])
    field = rows - (rows @ normals.T) @ duals
    return Change(i, on, slide, field, pairs, sign * low, sign * (jump - low), duals)


def moved(modes: Modes, new: Change) -> Modes:
    """The modes after a change."""
    on, slide, field, squares = modes.on.copy(), modes.slide.copy(), modes.field.copy(), modes.squares.copy()
    on[new.i], slide[new.i], field[:, new.i] = new.on, new.slide, new.field
    squares[:, new.i] = (new.field**2).sum(axis=1)
    kept = modes.sliders[:, 0] != new.i
    forms = ((modes.low, new.low), (modes.high, new.high), (modes.duals, new.duals))
    sliders = np.concatenate([modes.sliders[kept], new.pairs])
    return Modes(on, slide, field, squares, sliders, *(np.concatenate([old[kept], more]) for old, more in forms))


def dead(modes: Modes, i: int) -> Change:
    """Neuron i ceases to be pulled by any example."""
    N, _, d = modes.field.shape
    none, pairs = np.zeros((0, N)), np.zeros((0, 2), dtype=np.intp)
    return Change(i, modes.on[i], np.zeros_like(modes.slide[i]), np.zeros((N, d)), pairs, none, none, np.zeros((0, d)))
