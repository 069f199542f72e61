"""Column generation over the dual constraint: blocks and rows enter where they are violated, and leave when idle.

Whatever the restricted programs return, the bounds are measured on the whole problem: the value of a real network
above, and below the value of lam / d_H(lam), d_H being the certified Hausdorff distance of the two zonotopes of lam.
"""

from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from lib.bounds import relative_gap
from lib.data import Array
from lib.program.problem import Problem
from lib.program.rounds import NEAR, Round, advanced, first, priced, restricted
from lib.program.solution import Progress, Watch
from lib.zonotope import Maximiser

NODES = 200_000  # of a proof without a deadline
EVERY = 2.0  # seconds between reports
ROUNDS = 0.5  # the share of the time that is kept for rounds: the rest is for proofs


class Interval(NamedTuple):
    """The best certified bounds so far; vectors `V`, signs `s`, coefficients `z`, and the `lam` that attain them."""

    lower: float
    upper: float
    V: Array
    s: Array
    z: Array
    lam: Array

    @property
    def gap(self) -> float:
        return relative_gap(self.lower, self.upper)


class Estimate(NamedTuple):
    """A dual variable, the height found for it, and what it would prove if that were its d_H."""

    value: float
    lam: Array
    height: float


class Clock(NamedTuple):
    """When the work began, when the rounds must end, and when all must."""

    began: float
    rounds: float
    until: float


def clock(seconds: float, share: float) -> Clock:
    now = perf_counter()
    return Clock(now, now + share * seconds, now + seconds)


class Generation:
    """The rounds, one at a time; `interval` holds what is certified so far, whenever they are stopped."""

    def __init__(self, problem: Problem, tol: float, times: Clock, watch: Watch) -> None:
        self.tol, self.clock, self.watch = tol, times, watch
        D, lam = problem.X.shape[1], np.zeros(len(problem.y))
        self.interval = Interval(problem.lower(lam, 1.0)[0], np.inf, np.zeros((0, D)), np.zeros(0), np.zeros(0), lam)
        self.best = Estimate(-np.inf, lam, 0.0)
        self.round, self.directions, self.sizes, self.told = 0, 0, (0, 0), -np.inf
        self.state = first(problem, min(1e-9, tol / 100))

    def _with_network(self, V: Array, s: Array, z: Array) -> None:
        upper, V, s, z = self.state.problem.upper(V, s, z)
        if upper < self.interval.upper:
            self.interval = self.interval._replace(upper=upper, V=V, s=s, z=z)

    def _with_bound(self, lam: Array, height: float) -> None:
        problem = self.state.problem
        lower, feasible = problem.lower(lam, max(height, problem.affine.slope(lam)))
        if lower > self.interval.lower:
            self.interval = self.interval._replace(lower=lower, lam=feasible)

    def prove(self, estimate: Estimate, until: float) -> Maximiser:
        """Bound from below with the estimate's lam; returns the height that decided, and where it is."""
        search = self.state.problem.search(estimate.lam, estimate.height * (1 + self.tol / 4))
        nodes = NODES if np.isinf(until) else np.inf
        try:
            while search.nodes < nodes and perf_counter() < until and search.step(until):
                if perf_counter() > self.told + EVERY:
                    self._with_bound(estimate.lam, search.bound.upper)
                    self._tell()
        finally:
            self._with_bound(estimate.lam, search.bound.upper)
        return search.bound

    def step(self) -> bool:
        """One round; False when nothing is left to do."""
        state, problem = self.state, self.state.problem
        done = restricted(state, self.clock.rounds)
        new = priced(state, done)
        height = float(new.values.max(initial=problem.beta))
        network = done.V[done.active], state.blocks.s[done.active], done.z
        self._with_network(*network)
        if height < NEAR * problem.beta:  # then the network is worth polishing
            self._with_network(*problem.polished(*network))
        estimate = Estimate(problem.lower(done.lam, height)[0], done.lam, height)
        self.best = max(self.best, estimate, key=lambda one: one.value)
        close = relative_gap(self.best.value, self.interval.upper) <= self.tol
        self.state, differs = advanced(state, done, new, self.round)
        self.round, self.directions = self.round + 1, self.directions + len(new.s)
        self.sizes = len(done.V), int(state.rows.sum())
        self._tell()
        if not (close or not differs):
            return True
        return self._settle(done, estimate if not differs else self.best, differs)

    def _settle(self, done: Round, estimate: Estimate, differs: bool) -> bool:
        """Ask for a proof. Where it fails, its direction is a new block.

        If that is known, the restricted program is as good as the whole one: where its multipliers are at their cap the
        penalty is too soft; elsewhere more accuracy may help.
        """
        top = self.prove(estimate, self.clock.until)
        if self.interval.gap <= self.tol:
            return False
        self.best = Estimate(self.interval.lower, self.interval.lam, self.state.problem.beta)
        before, problem = self.state, self.state.problem
        blocks = before.blocks.extended(problem.X, problem.y, top.u[None], np.array([top.s]), 1)
        self.state = replace(before, blocks=blocks, jitter=min(2 * before.jitter, 64))
        if differs or len(blocks) > len(before.blocks):
            return True
        stiffer = problem.stiffened(done.raw)
        finer = max(before.accuracy / 100, 1e-13) if stiffer is problem else before.accuracy
        self.state = replace(self.state, problem=stiffer, accuracy=finer)
        return stiffer is not problem or finer < before.accuracy

    def concluded(self) -> None:
        """Cut short: prove the best estimate; if no network so far is feasible, try neurons along its rows."""
        problem = self.state.problem
        if np.isfinite(self.best.value):
            self.prove(self.best, self.clock.until)
        if not np.isfinite(self.interval.upper):
            X = problem.X[: problem.N]
            z = np.zeros(problem.affine.columns.shape[1])
            self._with_network(*problem.polished(np.vstack([X, X]), np.repeat([1.0, -1.0], len(X)), z))

    def _tell(self) -> None:
        self.told = perf_counter()
        bounds = self.interval.lower, self.best.value, self.interval.upper
        self.watch(Progress(self.told - self.clock.began, self.round, *bounds, *self.sizes, self.directions))


def _trimmed(problem: Problem, interval: Interval, tol: float) -> Interval:
    """Without the neurons that the gap asked for can spare: an interior-point method leaves a little of every block."""
    V, s, z = interval[2:5]
    lengths = np.linalg.norm(V, axis=1)
    for cut in (2.0, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        used = lengths > cut * lengths.max(initial=0.0)
        trial = Interval(interval.lower, *problem.upper(V[used], s[used], z), interval.lam)
        if trial.gap <= tol and trial.upper <= interval.upper * (1 + tol / 10):
            return trial
    return interval


class Outcome(NamedTuple):
    """What is certified, how the rounds ended, how many they were, and the blocks of the last restricted program."""

    interval: Interval
    status: str
    rounds: int
    blocks: int


def generate(problem: Problem, tol: float, seconds: float, watch: Watch) -> Outcome:
    """Rounds until the certified relative gap is at most tol, the time is over, or Ctrl-C."""
    work = Generation(problem, tol, clock(seconds, ROUNDS), watch)
    status = "stalled"
    try:
        while work.step():
            if perf_counter() > work.clock.rounds:
                status = "out of time"
                break
        status = "optimal" if work.interval.gap <= tol else status
    except KeyboardInterrupt:
        status = "interrupted"
    if status in ("interrupted", "out of time"):
        work.concluded()
    return Outcome(_trimmed(problem, work.interval, tol), status, work.round, len(work.state.blocks))
