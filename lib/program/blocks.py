"""Blocks of the class-split program: one neuron each, with the rows it is credited and the rows it is charged.

A block of sign s is credited x_n'v on a set S of rows of its own class (y_n = s), and charged (x_n'v)_+ on every row
of the other class. The credit is at most the true (x_n'v)_+, so a block is a neuron at least as good. A charge is

    OFF: 0,        ON: x_n'v,        or RAMP: (x_n'v)_+,

the first two only while they equal the third at the restricted optimum: where they are too low, they become a RAMP.
In the dual, dist(sum_S lam_n x_n, {sum c_n |lam_n| x_n}) <= beta with c_n = 0, c_n = 1, or c_n in [0, 1].
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.data import Array, Mask, directions

OFF, ON, RAMP = 0, 1, 2

CLEAR = 3.0  # a neuron is expected to stay on its side of the hyperplanes of N rows with |sine| > CLEAR / sqrt(N)
SLACK = 1e-9  # sine above which a charge is too low


def sines(X: Array, U: Array) -> Array:
    """x_n'u / ||x_n|| for unit directions U (n, d); 0 for a zero row."""
    return U @ directions(X).T


def unclear(heights: Array) -> Mask:
    """Where a neuron may come to lie on the other side of a row, going by its sines to all N rows."""
    return np.abs(heights) <= CLEAR / np.sqrt(heights.shape[-1])


@dataclass(frozen=True, eq=False)
class Blocks:
    """Signs `s` (B,), credited rows `S` (B, N), and the `charge` (B, N) of the rows of the other class."""

    s: Array
    S: Mask
    charge: NDArray[np.int8]

    @staticmethod
    def none(N: int) -> "Blocks":
        return Blocks(np.zeros(0), np.zeros((0, N), dtype=bool), np.zeros((0, N), dtype=np.int8))

    def __len__(self) -> int:
        return len(self.s)

    def kept(self, mask: Mask) -> "Blocks":
        return Blocks(self.s[mask], self.S[mask], self.charge[mask])

    def opposite(self, y: Array) -> Mask:
        return np.not_equal.outer(self.s, y)

    def extended(self, X: Array, y: Array, U: Array, s: Array, limit: int) -> "Blocks":
        """With the first `limit` new blocks named by directions U: S = {n of the class : x_n'u > 0}."""
        heights = sines(X, U)
        S = (heights > 0) & np.equal.outer(s, y)
        known = {(sign, rows.tobytes()) for sign, rows in zip(self.s, self.S, strict=True)}
        fresh: list[int] = []
        for i in np.flatnonzero(S.any(axis=1)).tolist():
            key = (s[i], S[i].tobytes())
            if key not in known and len(fresh) < limit:
                known.add(key)
                fresh.append(i)
        charge = np.where(unclear(heights), RAMP, heights > 0).astype(np.int8)
        return Blocks(
            np.concatenate([self.s, s[fresh]]),
            np.concatenate([self.S, S[fresh]]),
            np.concatenate([self.charge, charge[fresh]]),
        )

    def loosened(self, heights: Array) -> "Blocks":
        """Ramps far from their kink become OFF or ON again, as their sign says."""
        clear = (self.charge == RAMP) & ~unclear(heights)
        return Blocks(self.s, self.S, np.where(clear, heights > 0, self.charge).astype(np.int8))

    def tightened(self, heights: Array, y: Array) -> tuple["Blocks", int]:
        """Charges below (x_n'v)_+ become ramps; and how many did. `heights` are sines, 0 for an idle block."""
        low = ((self.charge == OFF) & (heights > SLACK)) | ((self.charge == ON) & (heights < -SLACK))
        low &= self.opposite(y)
        return Blocks(self.s, self.S, np.where(low, RAMP, self.charge).astype(np.int8)), int(low.sum())
