"""Column generation over the dual constraint: blocks and rows enter where they are violated, and leave when idle.

Whatever the restricted programs return, the bounds are measured on the whole problem: the value of a real network
above, and below the value of lam / d_H(lam), d_H being the certified Hausdorff distance of the two zonotopes of lam.
"""

from dataclasses import replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from lib.bounds import LARGEST, relative_gap
from lib.data import Array, directions
from lib.program.rounds import NEAR, NEW_BLOCKS, Round, State, advanced, first, priced, restricted
from lib.program.solution import Progress, Watch
from lib.zonotope import Columns, Search

NODES = 200_000  # of a proof without a deadline
GLANCE = 1000  # nodes: a proof that finds so early what contradicts it ends there, as long as there is time for rounds
EVERY = 2.0  # seconds between reports
ROUNDS, WHOLE = 0.4, 0.3  # shares of the time: of all for rounds; of the rest for a proof with all rows
HOPELESS = 0.1  # a proof that is left this far from its goal, relatively, is not tried again with other multipliers


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

    def smaller(self, e: int) -> "Interval":
        """Bounds and multipliers times 2^-e."""
        lower, upper = (float(np.ldexp(bound, -e)) for bound in (self.lower, self.upper))
        return self._replace(lower=min(lower, LARGEST), upper=upper, lam=np.ldexp(self.lam, -e))


class Estimate(NamedTuple):
    """A dual variable, the height found for it, and what it would prove if that were its d_H."""

    value: float
    lam: Array
    height: float


class Times(NamedTuple):
    """When the work began, when the rounds must end, when all must; and the share of the rest that is for one proof."""

    began: float
    rounds: float
    until: float
    whole: float

    @property
    def over(self) -> bool:
        return perf_counter() > self.until

    @staticmethod
    def of(seconds: float, whole: float = WHOLE) -> "Times":
        now = perf_counter()
        return Times(now, now + ROUNDS * seconds, now + seconds, whole)

    def later(self) -> "Times":
        """With a share of what is left for more rounds."""
        now = perf_counter()
        return self._replace(rounds=now + ROUNDS * (self.until - now))

    @property
    def proof(self) -> float:
        """When a proof that begins now must end."""
        now = perf_counter()
        return now + self.whole * (self.until - now)


def _short(search: Search) -> float:
    """How far a search is from a proof that d_H is at most its goal, or the value it has reached."""
    return relative_gap(max(search.goal, search.bound.value), search.bound.upper)


class Generation:
    """The rounds, one at a time; `interval` holds what is certified so far, whenever they are stopped.

    `short`: how far from its goal the last proof was left, relatively: if not 0, one with fewer rows may be better.
    """

    def __init__(self, state: State, tol: float, times: Times, watch: Watch) -> None:
        self.state, self.tol, self.times, self.watch = state, tol, times, watch
        problem = state.problem
        D, lam, z = problem.X.shape[1], np.zeros(len(problem.y)), np.zeros(problem.affine.columns.shape[1])
        lower = problem.lower(lam, problem.beta)[0]
        self.interval = Interval(lower, np.inf, np.zeros((0, D)), np.zeros(0), z, lam)
        self.best = Estimate(-np.inf, lam, 0.0)
        self.round, self.directions, self.sizes, self.short = 0, 0, (0, 0), 0.0

    def offer_network(self, V: Array, s: Array, z: Array) -> None:
        """Where some row falls short, a network that fits is made from it."""
        problem, least = self.state.problem, self.interval.upper
        upper, V, s, z = problem.upper(V, s, z)
        if not np.isfinite(upper):
            upper, V, s, z = problem.upper(*problem.fitting(V, s, z, quick=bool(np.isfinite(least))))
        if upper < least:
            self.interval = self.interval._replace(upper=upper, V=V, s=s, z=z)
            if not self.credible(self.best):
                self.best = self.proved

    def offer_bound(self, lower: float, lam: Array) -> None:
        if lower > self.interval.lower:
            self.interval = self.interval._replace(lower=lower, lam=lam)

    @property
    def proved(self) -> Estimate:
        return Estimate(self.interval.lower, self.interval.lam, self.state.problem.beta)

    def credible(self, found: Estimate) -> bool:
        """Whether it may be true, but for a tolerance: above the upper bound some height was missed."""
        return found.value <= self.interval.upper * (1 + self.tol / 4)

    def offer_estimate(self, found: Estimate) -> None:
        """If it is the best one: what it proves at a glance counts at once."""
        if found.value > self.best.value and self.credible(found):
            self.best = found
            self._bounded(found, self.state.problem.search(found.lam, found.height))

    def _bounded(self, found: Estimate, search: Search) -> None:
        problem = self.state.problem
        height = max(search.bound.upper, problem.affine.slope(found.lam))
        self.offer_bound(*problem.lower(found.lam, height))

    def take_in(self, V: Array, s: Array) -> None:
        """Blocks for neurons that some program found useful."""
        problem, blocks = self.state.problem, self.state.blocks
        used = V.any(axis=1)
        more = blocks.extended(problem.X, problem.y, directions(V[used]), s[used], len(V))
        self.state = replace(self.state, blocks=more)

    def begin(self) -> None:
        """Take in the networks and dual variables that the problem begins with, and the blocks of the last ones."""
        problem = self.state.problem
        for known in problem.starts(self.tol, self.times.rounds):
            used, self.round = known.w > 0, self.round + 1
            self.offer_network(known.w[used, None] * known.U[used], known.s[used], known.z)
            self.offer_bound(*problem.lower(known.lam, known.proved))
            estimate = Estimate(problem.lower(known.lam, known.height)[0], known.lam, known.height)
            self.offer_estimate(estimate)
            self.tell()
        self.state = first(problem, known, self.state.accuracy, self.times.rounds)

    def prove(self, estimate: Estimate, until: float) -> Columns:
        """Bound from below with the estimate's lam; returns the highest direction, and all above what was asked for."""
        search = self.state.problem.search(estimate.lam, estimate.height * (1 + self.tol / 4))
        nodes, told, done, refuted = NODES if np.isinf(until) else np.inf, perf_counter(), False, False
        try:
            while not (done or refuted or self._hopeless(search)):
                if search.nodes >= nodes or perf_counter() > until:
                    break
                done = not search.step(until)
                glance = search.nodes < GLANCE and perf_counter() < self.times.rounds
                refuted = glance and search.bound.value > search.goal
                if perf_counter() > told + EVERY:
                    told = perf_counter()
                    self._bounded(estimate, search)
                    self.tell()
        finally:
            self._bounded(estimate, search)
            self.short = 0.0 if done or refuted else _short(search)
        top = search.reached
        n = max(1, int((top.values > search.goal).sum()))
        return Columns(top.U[:n], top.s[:n], top.values[:n])

    def _hopeless(self, search: Search) -> bool:
        """Whether a proof with few rows will bound more."""
        return self.times.whole < 1 and search.full and _short(search) > HOPELESS

    @property
    def _given_up(self) -> bool:
        """Whether proofs are left to few rows."""
        return self.times.whole < 1 and self.short > HOPELESS

    def run(self) -> None:
        """Rounds until the gap is closed, nothing is left to do, or their time is over: then a proof is left."""
        if relative_gap(self.best.value, self.interval.upper) <= self.tol:
            top = self.prove(self.best, self.times.proof)
            if self.interval.gap <= self.tol:
                return
            self._retry(top)
        while True:
            if perf_counter() > self.times.rounds and (len(self.interval.s) or self.times.over):
                if self.times.over or self._given_up:
                    return
                if self.best.value > self.interval.lower:
                    top = self.prove(self.best, self.times.proof)
                    if self.short or self.interval.gap <= self.tol:
                        return
                    self._retry(top)
                self.times = self.times.later()
            if not self.step():
                return

    def step(self) -> bool:
        """One round, and a proof when it is due; False when nothing is left to do."""
        done, estimate, differs = self.round_()
        if relative_gap(self.best.value, self.interval.upper) > self.tol and differs:
            return True
        return self._settle(done, self.best if differs else estimate, differs)

    def round_(self) -> tuple[Round, Estimate, bool]:
        """One round, its estimate, and whether the next program differs."""
        state, problem = self.state, self.state.problem
        done = restricted(state, self.times.rounds)
        new = priced(state, done, self.times.rounds)
        height = float(new.values.max(initial=problem.beta))
        network = done.V[done.active], state.blocks.s[done.active], done.z
        self.offer_network(*network)
        if height < NEAR * problem.beta:  # then the network is worth polishing
            self.offer_network(*problem.polished(*network, self.times.rounds))
        estimate = Estimate(problem.lower(done.lam, height)[0], done.lam, height)
        self.offer_estimate(estimate)
        self.state, differs = advanced(state, done, new, self.round)
        self.round, self.directions = self.round + 1, self.directions + len(new.s)
        self.sizes = len(done.V), int(state.rows.sum())
        self.tell()
        return done, estimate, differs

    def _settle(self, done: Round, estimate: Estimate, differs: bool) -> bool:
        """Ask for a proof. Where it fails, its direction is a new block.

        If that is known, the restricted program is as good as the whole one: where its multipliers are at their cap the
        penalty is too soft; elsewhere more accuracy may help.
        """
        if self._given_up:
            return False
        top = self.prove(estimate, self.times.proof)
        refuted = top.values.max(initial=0.0) > estimate.height * (1 + self.tol / 4)
        if self.interval.gap <= self.tol or (self.short and not refuted):
            return False
        if self._retry(top) or differs:
            return True
        before, problem = self.state, self.state.problem
        stiffer = problem.stiffened(done.raw)
        finer = max(before.accuracy / 100, 1e-13) if stiffer is problem else before.accuracy
        self.state = replace(self.state, problem=stiffer, accuracy=finer)
        return stiffer is not problem or finer < before.accuracy

    def _retry(self, top: Columns) -> bool:
        """The estimate was too good: take in the neurons that say so, and look around better; whether it is new."""
        self.best = self.proved
        before, problem = self.state, self.state.problem
        blocks = before.blocks.extended(problem.X, problem.y, top.U, top.s, NEW_BLOCKS)
        self.state = replace(before, blocks=blocks, jitter=min(2 * before.jitter, 64))
        return len(blocks) > len(before.blocks)

    def tell(self) -> None:
        interval, best = self.interval, self.best.value
        bounds = interval.lower, max(interval.lower, best), interval.upper
        self.watch(Progress(perf_counter() - self.times.began, self.round, *bounds, *self.sizes, self.directions))
