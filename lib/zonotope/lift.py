"""Neurons (x'w + t)_+ with a t that the norm does not see: the maximum falls into pieces without one.

    sup { lam'(Xw + t1)_+ : ||w|| <= 1, t in T },      T = {0} (no bias), R (free bias),
    sup { lam'(Xw - t1)_+ : ||w|| <= 1, t >= 0 }       (threshold).

For fixed w the function of t is piecewise linear. It bends upwards at the rows with lam_n > 0, downwards at those with
lam_n < 0, is 0 at one end, and level at the other: with a free bias iff 1'lam = 0, else the supremum is infinite on one
of the two sides. So the maximum over t, if positive, is reached where a row x_n with lam_n < 0 vanishes (or at t = 0,
for a threshold). There the neuron is (w'(x - x_n))_+: for each such n a maximum over w alone, of the rows x_m - x_n;
with a threshold over the half space x_n'w >= 0. (In terms of the zonotopes of the rows (x_n, 1): d_H of their slices of
equal height.)
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

import numpy as np

from lib.data import EPS, Array, one_of
from lib.zonotope.support import Zonotopes, zonotopes

Free = Literal["none", "bias", "threshold"]


class Piece(NamedTuple):
    """One side s of the maximum, of neurons with t = `at`'w, or at least `least`: none if `at` is empty."""

    s: float
    pair: Zonotopes
    at: Array
    least: float

    def lifted(self, U: Array) -> Array:
        """w or (w, t) of directions U (..., r) of the pair, with ||w|| = 1."""
        w = U @ self.pair.basis
        w = w / np.linalg.norm(w, axis=-1, keepdims=True)
        return np.concatenate([w, np.maximum(w @ self.at, self.least)[..., None]], axis=-1) if len(self.at) else w


def lifted_rows(X: Array, free: Free) -> Array:
    """The rows x_n, (x_n, 1) or (x_n, -1) whose product with w, (w, t) enters the neuron."""
    return X if free == "none" else np.column_stack([X, np.full(len(X), 1.0 if free == "bias" else -1.0)])


def _at(X: Array, lam: Array, s: float, n: int, free: Free) -> Piece:
    """The piece on which row n vanishes."""
    size = np.linalg.norm(X, axis=1)
    lost = EPS * float(np.abs(lam) @ (size + size[n]))
    if free == "bias":
        at, cone, least = -X[n], X[:0], -np.inf
    else:
        at, cone, least = X[n], -X[n], 0.0
    pair = zonotopes(X - X[n], lam, cone, lost)
    return Piece(s, pair if s > 0 else pair.swapped, at, least)


def pieces(X: Array, lam: Array, free: Free) -> Iterator[Piece]:
    """What the two-sided maximum is the largest of; raises `ValueError` where it is infinite."""
    one_of(free, get_args(Free), "free")
    if free == "bias" and abs(lam.sum()) > 4 * len(lam) * EPS * np.abs(lam).sum():
        raise ValueError(
            f"with a free bias lam must sum to 0, and sums to {lam.sum():.3g}: the maximum is infinite; "
            "subtract lam.sum() from one entry, or from all in equal parts"
        )
    if free != "bias":
        pair = zonotopes(X, lam)
        none = np.zeros(0 if free == "none" else X.shape[1])
        yield from (Piece(1.0, pair, none, 0.0), Piece(-1.0, pair.swapped, none, 0.0))
    if free != "none":
        for s in (1.0, -1.0):
            _, rows = np.unique(X[s * lam < 0], axis=0, return_index=True)
            yield from (_at(X, lam, s, n, free) for n in np.flatnonzero(s * lam < 0)[np.sort(rows)])
