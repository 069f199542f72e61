"""What a network may have beside its neurons, f(x) = sum_i w2_i (x'w1_i + b_i)_+ + x'w0 + b0: constraints of the dual.

The multiplier lam of the outputs obeys, with beta the price of a norm, and d_H taken over free biases as well,

    d_H(lam) <= beta,   X'lam = 0 (w0 free)  or  ||X'lam|| <= beta (w0 at the price beta ||w0||),   1'lam = 0 (b0 free).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from lib.data import EPS, Array, Mask, one_of
from lib.zonotope.lift import Free

Skip = Literal["none", "free", "penalised"]


@dataclass(frozen=True, eq=False)
class Affine:
    """Columns `unpriced` (N, k), and `priced` (N, p) at the length of their coefficients; z (k + p,) are both.

    The price of the second is dual to their `slope`: ||z|| to ||priced'lam||.
    """

    unpriced: Array
    priced: Array

    @property
    def columns(self) -> Array:
        return np.hstack([self.unpriced, self.priced])

    def length(self, z: Array) -> float:
        return float(np.linalg.norm(z[self.unpriced.shape[1] :]))

    def of(self, rows: Mask) -> "Affine":
        return Affine(self.unpriced[rows], self.priced[rows])

    def times(self, factors: Array) -> "Affine":
        """Row n multiplied by factor n."""
        return Affine(factors[:, None] * self.unpriced, factors[:, None] * self.priced)

    def twice(self) -> "Affine":
        return Affine(np.vstack([self.unpriced, self.unpriced]), np.vstack([self.priced, self.priced]))

    def balanced(self, lam: Array) -> Array:
        """The nearest lam', in sum |lam_n| (lam'_n / lam_n - 1)^2, with unpriced'lam' = 0; 0 if rounding hides it."""
        if not self.unpriced.shape[1]:
            return lam
        for _ in range(2):  # the second time for the rounding of the first, by the sizes that are left
            root, before = np.sqrt(np.abs(lam)), np.abs(lam)
            weighed = np.divide(lam, root, where=root > 0, out=np.zeros_like(lam))
            A = root[:, None] * self.unpriced
            A = A / np.maximum(np.linalg.norm(A, axis=0), np.finfo(float).tiny)  # columns have units of their own
            c, _, rank, sizes = np.linalg.lstsq(A, weighed, rcond=None)
            lam = lam - root * (A @ c)
            lost = 8 * EPS * (sizes[0] / sizes[rank - 1] if rank else 1.0)
            lam = np.where(np.abs(lam) > lost * before, lam, 0.0)  # what is left may be rounding alone
        off = np.abs(self.unpriced.T @ lam) > 64 * np.count_nonzero(lam) * EPS * (np.abs(self.unpriced).T @ np.abs(lam))
        return np.zeros_like(lam) if off.any() else lam

    def slope(self, lam: Array) -> float:
        """||priced'lam||."""
        return float(np.linalg.norm(self.priced.T @ lam))


class Beside(NamedTuple):
    """What was asked for beside neurons without biases. Free biases make constants: neurons that see nothing else."""

    skip: Skip
    constant: bool
    free: Free

    @staticmethod
    def of(skip: Skip, constant: bool, free: Free) -> "Beside":
        """Raises `ValueError` for an unknown skip or bias."""
        one_of(skip, get_args(Skip), "skip")
        one_of(free, get_args(Free), "free")
        return Beside(skip, constant or free == "bias", free)

    def columns(self, X: Array) -> Affine:
        """Of x'w0 and b0."""
        one, none = np.ones((len(X), int(self.constant))), X[:, :0]
        return Affine(np.hstack([X if self.skip == "free" else none, one]), X if self.skip == "penalised" else none)

    def outer(self, V: Array) -> Array:
        """Neurons (w, t) of the rows (x, -1) of thresholds as neurons (w, -t) of the rows (x, 1)."""
        return V * np.append(np.ones(V.shape[1] - 1), -1.0) if self.free == "threshold" else V

    def parts(self, z: Array, d: int) -> tuple[Array, float]:
        """(w0, b0) of the coefficients z of the columns."""
        w0 = {"none": np.zeros(d), "free": z[:d], "penalised": z[len(z) - d :]}[self.skip]
        return w0, float(z[d if self.skip == "free" else 0]) if self.constant else 0.0
