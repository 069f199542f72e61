"""Directions in place of blocks: linear programs, each of which goes on where the last one ended.

Each has a network; the peaks of its dual variable, and the rows that it leaves short, enter the next one. In few
dimensions most peaks lie on kinks and stay where they are, and some dozen programs come near to the optimum.
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np

from lib.data import Array, Mask
from lib.program.linear import Weighing
from lib.program.problem import NEW_ROWS, Problem, Start, around, evenly
from lib.zonotope import Columns
from lib.zonotope.ascent import spread

SPREAD, MANY = 100, 300  # directions of each sign, all over the sphere, and rows at most, to begin with
PASSES, LONGER = 3, 12  # linear programs at most; and while some row is short
FLAT, MORE_PASSES = 4, 100  # in at most FLAT dimensions
SHARE = 20  # one in so many rows at most enters with one program, but NEW_ROWS in any case
NEAR = 3e-3  # peaks that are lower, relatively to beta, are left to conic programs
STARTS, WIDTH = 16, 0.1  # of climbs; where they find nothing above NEAR, four times as many, and around those in use
NODES = 20_000  # of a search where these find nothing either
UNUSED, LOW = 3, 0.9  # directions are dropped when there are so many times as many as are used
SHORT = 0.1  # a margin that is above its target by no more, relatively, may be short of it in a conic program
SAME = 1e-9  # directions no higher than this above beta, relatively, are known
SPARE = 60  # directions, if there is no answer in time


class Exchange:
    """Directions `U` (m, D), signs `s`, `gains` on all rows; the places of the rows `at` hand; how many are `short`."""

    def __init__(self, problem: Problem, slope: float) -> None:
        """Along some of the rows and all over the sphere; a shortfall costs `slope`."""
        some, anywhere = evenly(problem.N, MANY), spread(SPREAD, problem.X.shape[1])
        signs = np.where((problem.y * problem.a)[: problem.N][some] >= 0, 1.0, -1.0)
        self.problem, self.Z = problem, problem.y[:, None] * problem.affine.unpriced
        self.program = Weighing(self.Z.shape[1], slope=slope)
        self.U, self.s, self.gains = problem.X[:0], signs[:0], np.zeros((len(self.Z), 0))
        self.at, self.short = np.zeros(0, dtype=int), problem.N
        self.add_rows(np.tile(some, len(self.Z) // problem.N))
        self.add(problem.X[: problem.N][some], signs)
        self.add(np.vstack([anywhere, anywhere]), np.repeat([1.0, -1.0], SPREAD))

    @property
    def most(self) -> int:
        """Rows that enter with one program."""
        return max(NEW_ROWS, len(self.Z) // SHARE)

    @property
    def rows(self) -> Mask:
        return np.isin(np.arange(len(self.Z)), self.at)

    def add_rows(self, fresh: Mask) -> None:
        self.at = np.append(self.at, np.flatnonzero(fresh))
        self.program.add_rows(self.Z[fresh], self.gains[fresh], self.problem.a[fresh])

    def add(self, U: Array, s: Array) -> None:
        gains = self.problem.gains(U, s)
        self.program.add_directions(gains[self.at], self.problem.beta * self.problem.lengths(U))
        self.U, self.s = np.vstack([self.U, U]), np.append(self.s, s)
        self.gains = np.hstack([self.gains, gains])

    def keep(self, used: Mask) -> None:
        self.program.keep(used)
        self.U, self.s, self.gains = self.U[used], self.s[used], self.gains[:, used]

    def peaks(self, lam: Array, U: Array, until: float) -> tuple[Columns, float]:
        """From directions in use, and from elsewhere; a search if none is above NEAR; and a bound on all heights."""
        beta, level = self.problem.beta, (1 + NEAR) * self.problem.beta
        found = self.problem.climbed(lam, 0.99 * beta if len(U) else 0.0, U, STARTS, until)
        if len(U) and found.values.max(initial=0.0) <= level:
            found = self.problem.climbed(lam, 0.99 * beta, around(U, WIDTH, STARTS // 4), 4 * STARTS, until)
        if len(U) == 0 or found.values.max(initial=0.0) > level:
            return found, np.inf
        search = self.problem.search(lam, level)
        while search.bound.value < level and search.nodes < NODES and search.step(until):
            pass
        top = search.bound
        found = Columns(np.vstack([top.u, found.U]), np.append(top.s, found.s), np.append(top.value, found.values))
        return found, max(top.upper, self.problem.affine.slope(lam))

    def step(self, until: float) -> Start:
        """Solve, look for peaks, and take in what is missing."""
        problem, (w, z, m) = self.problem, self.program.solve(until)
        solved, raw = bool(w.any()), np.zeros(len(self.Z))
        # Where shortfalls are cheaper than any neuron, on nearly infeasible data, all peaks of y are worth a try.
        raw[self.at] = m if solved else np.maximum(problem.a[self.at], 0)
        lam = problem.folded(problem.y * raw)
        found, proved = self.peaks(lam, self.U[w > 0], until)
        used = w > 0 if solved else np.arange(len(w)) < SPARE
        U, s, w_ = np.vstack([self.U[used], found.U]), np.append(self.s[used], found.s), np.append(w[used], 0 * found.s)
        q, z_ = self.gains @ w + self.Z @ z, np.append(z, 0 * problem.affine.priced[0])
        rows = (
            np.tile(lam[: problem.N] != 0, len(lam) // problem.N) | (q - problem.a < SHORT * np.abs(problem.a)) & solved
        )
        known = Start(U, s, rows, w_, z_, lam, float(found.values.max(initial=problem.beta)), proved)
        self.short = int(problem.wanted(q).sum())
        self.add_rows(problem.missing(q, self.rows, self.most))
        if solved and len(w) > UNUSED * used.sum():
            self.keep(used | (raw @ self.gains > LOW * problem.beta * problem.lengths(self.U)))
        new = found.values > problem.beta * (1 + SAME)
        self.add(found.U[new | (not solved)], found.s[new | (not solved)])
        return known


def exchanged(problem: Problem, slope: float, tol: float, until: float) -> Iterator[Start]:
    """What is known after each of some linear programs, at most until heights are within tol / 4 of beta."""
    work = Exchange(problem, slope)
    for n in range(MORE_PASSES):
        yield (found := work.step(until))
        if found.height < (1 + max(NEAR, tol / 4)) * problem.beta or perf_counter() > until:
            break
        if n + 1 >= (LONGER if work.short else PASSES) and (problem.N <= MANY or problem.X.shape[1] > FLAT):
            break
