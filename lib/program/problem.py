"""What a problem of the family tells the solver: its rows, and what a network and a multiplier are worth on them.

    min  sum_n l(e_n) + beta (sum_j ||v_j|| + ||w0||)    s.t.  y_n f(x_n) + e_n >= a_n.

A loss that rises on both sides has every example twice, (x_n, 1, a_n) and (x_n, -1, -a_n): both ask for a margin.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple, TypeVar

import numpy as np

from lib.data import EPS, Array, Mask
from lib.program.affine import Affine
from lib.program.penalties import Penalty
from lib.zonotope import Columns, Search, violators
from lib.zonotope.ascent import WAVES, climb, ranked, spread, starts, unit
from lib.zonotope.lift import Free, pieces

NEW_ROWS = 100  # in one round

Self = TypeVar("Self", bound="Problem")


def evenly(N: int, most: int) -> Mask:
    """At most so many of N data, evenly spread."""
    some = np.zeros(N, dtype=bool)
    some[np.unique(np.linspace(0, N - 1, min(N, most)).astype(int))] = True
    return some


def around(U: Array, width: float, n: int) -> Array:
    """Unit directions U (m, D), and n in the neighbourhood of each."""
    steps = spread(len(U) * n, U.shape[1]).reshape(n, *U.shape)
    return unit(np.vstack([U, *(U + width * step for step in steps)]))


class Start(NamedTuple):
    """Directions U (m, D) and signs s (m,) of promising neurons, and the rows (R,) that matter to them.

    With weights w and coefficients z they are a network. The largest height of the dual variable lam that was found is
    `height`, and none is above `proved`.
    """

    U: Array
    s: Array
    rows: Mask
    w: Array
    z: Array
    lam: Array
    height: float
    proved: float


def lifted_violators(X: Array, lam: Array, free: Free, level: float, previous: Array, n: int, until: float) -> Columns:
    """`violators` for neurons (w, t) with ||w|| = 1 on lifted rows X, of length 1 but for their `values`."""
    U, s = np.zeros((0, X.shape[1])), np.zeros(0)
    for piece in pieces(X[:, :-1], lam, free):
        if perf_counter() > until:
            break
        pair = piece.pair
        begin = unit(np.vstack([previous[:, :-1] @ pair.basis.T, starts(pair, n)]))
        ends = climb(pair, begin, np.ones(len(begin)), WAVES, until)[0] if len(pair.A) else begin[:0]
        U = np.vstack([U, piece.lifted(ends)])
        s = np.append(s, np.full(len(ends), piece.s))
    found = ranked(X, lam, U, s)
    above = found.values > level
    return Columns(unit(found.U[above]), found.s[above], found.values[above])


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows `X` (R, D), signs `y`, targets `a` (R,), the first `N` of them the data; and a penalty of shortfalls."""

    X: Array
    y: Array
    a: Array
    affine: Affine
    N: int
    penalty: Penalty
    beta: float = 1.0
    free: Free = "none"

    @property
    def seen(self) -> int:
        """How many coordinates of a neuron its norm sees."""
        return self.X.shape[1] - (self.free != "none")

    @property
    def largest(self) -> float:
        """The size of the largest multipliers."""
        return self.beta

    def folded(self, lam: Array) -> Array:
        """Multipliers of the same example added up, at its first row, and made to meet the affine part."""
        sums = lam.reshape(-1, self.N).sum(axis=0)
        return self.affine.balanced(np.concatenate([sums, np.zeros(len(lam) - self.N)]))

    def gains(self, V: Array, s: Array) -> Array:
        """y_n s_j (x_n'v_j)_+, shape (R, m): what each neuron adds to each margin."""
        return np.maximum(self.X @ V.T, 0) * (self.y[:, None] * s)

    def outputs(self, V: Array, s: Array, z: Array) -> Array:
        """f at every row, for neurons of vectors V and signs s."""
        return np.maximum(self.X @ V.T, 0) @ s + self.affine.columns @ z

    def lost(self, V: Array, z: Array) -> Array:
        """At most this much of an output is rounding."""
        sums = np.abs(self.X) @ np.abs(V).sum(axis=0) + np.abs(self.affine.columns) @ np.abs(z)
        return (V.size / max(len(V), 1) + len(V) + len(z) + 4) * EPS / 2 * sums

    def lengths(self, V: Array) -> Array:
        """What the norm sees of each vector."""
        return np.linalg.norm(V[:, : self.seen], axis=1)

    def length(self, V: Array, z: Array) -> float:
        """sum_j ||v_j|| + ||w0||, rounded up."""
        length = float(self.lengths(V).sum()) + self.affine.length(z)
        return length * (1 + (len(V) + self.X.shape[1] + 4) * EPS)

    def climbed(self, lam: Array, level: float, previous: Array, n: int, until: float) -> Columns:
        """Local maximisers of the heights of lam above a level, those found until then."""
        rows = (lam != 0) | (not lam.any())
        if self.free == "none":
            return violators(self.X[rows], lam[rows], level, previous=previous, n=n, until=until)
        return lifted_violators(self.X[rows], lam[rows], self.free, level, previous, n, until)

    def search(self, lam: Array, goal: float) -> Search:
        """The search for d_H(lam)."""
        rows = (lam != 0) | (not lam.any())
        return Search(self.X[rows, : self.seen], lam[rows], goal=max(goal, self.affine.slope(lam)), free=self.free)

    def restricted(self: Self, rows: Mask) -> Self:
        """Some of the rows."""
        return replace(self, X=self.X[rows], y=self.y[rows], a=self.a[rows], affine=self.affine.of(rows))

    def on(self: Self, data: Mask) -> Self:
        """The same problem on some of the data, whose optimum is at most as large."""
        return replace(self.restricted(np.tile(data, len(self.y) // self.N)), N=int(data.sum()))

    # What differs from one problem to the next:

    def starts(self, tol: float, until: float) -> Iterator[Start]:
        """What to begin with, towards a relative gap of tol, better and better."""
        raise NotImplementedError

    def upper(self, V: Array, s: Array, z: Array) -> tuple[float, Array, Array, Array]:
        """The value, at least the optimum, of neurons of vectors V (B, D), signs s, at their best scale; and these."""
        raise NotImplementedError

    def polished(self, V: Array, s: Array, z: Array, until: float) -> tuple[Array, Array, Array]:
        """Vectors, signs and coefficients no worse than these, made from them at some cost."""
        return V, s, z

    def fitting(self, V: Array, s: Array, z: Array, quick: bool) -> tuple[Array, Array, Array]:
        """Vectors, signs and coefficients made from these, at whatever price, of a network that has a value."""
        return V, s, z

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """lam scaled to meet d_H <= beta, given its height, and its value: then at most the optimum."""
        raise NotImplementedError

    def wanted(self, q: Array) -> Mask:
        """Rows which at margins q cost something."""
        raise NotImplementedError

    def missing(self, q: Array, rows: Mask, most: int = NEW_ROWS) -> Mask:
        """The worst of the rows, so many at most, that cost something at margins q and are not at hand."""
        missing = self.wanted(q) & ~rows
        missing[np.argsort(np.where(missing, q - self.a, np.inf), kind="stable")[most:]] = False
        return missing

    def touched(self: Self, q: Array, rows: Mask) -> Self:
        """The problem whose penalty is like the loss at margins q of some rows."""
        return self

    def stiffened(self: Self, lam: Array) -> Self:
        """The problem with a larger penalty, if it stands for a hard constraint and multipliers reach its slope."""
        return self
