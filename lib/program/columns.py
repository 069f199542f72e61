"""Column generation over the dual constraint: blocks and rows enter where they are violated, and leave when idle.

Whatever the restricted programs return, the bounds are measured on the whole problem: the value of a real network
above, and below the value of lam / d_H(lam), d_H being the certified Hausdorff distance of the two zonotopes of lam.
"""

import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lib.bounds import relative_gap
from lib.data import Array
from lib.network import Network
from lib.program.rounds import NEAR, Round, Task, advanced, first, priced, restricted
from lib.program.solution import Progress, Watch
from lib.zonotope import hausdorff


class Interval(NamedTuple):
    """The best certified bounds so far, and who attains them."""

    lower: float
    upper: float
    network: Network
    lam: Array

    @property
    def gap(self) -> float:
        return relative_gap(self.lower, self.upper)


def _with_network(interval: Interval, task: Task, V: Array, s: Array) -> Interval:
    upper, net = task.upper(V, s)
    return interval._replace(upper=upper, network=net) if upper < interval.upper else interval


def _with_bound(interval: Interval, task: Task, lam: Array, height: float) -> Interval:
    lower, feasible = task.lower(lam, height)
    return interval._replace(lower=lower, lam=feasible) if lower > interval.lower else interval


class Generation:
    """The rounds, one at a time; `interval` holds what is certified so far, whenever they are stopped."""

    def __init__(self, task: Task, tol: float, watch: Watch) -> None:
        self.state, self.tol, self.watch = first(task, min(1e-9, tol / 100)), tol, watch
        empty = Network(np.zeros((task.X.shape[1], 0)), np.zeros(0))
        self.interval = Interval(-np.inf, np.inf, empty, np.zeros(len(task.y)))
        self.best = (-np.inf, np.zeros(len(task.y)), 0.0)  # the best estimate below, its lam and the height found
        self.began, self.round, self.directions = time.perf_counter(), 0, 0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def certify(self, lam: Array, height: float) -> tuple[Array, Array]:
        """Bound from below with lam; returns the direction and sign of the height that decided."""
        rows = lam != 0
        top = hausdorff(self.state.task.X[rows], lam[rows], goal=height * (1 + self.tol / 4))
        self.interval = _with_bound(self.interval, self.state.task, lam, top.upper)
        return top.u[None], np.array([top.s])

    def step(self) -> bool:
        """One round; False when nothing is left to do."""
        state, task = self.state, self.state.task
        done = restricted(state)
        new = priced(state, done)
        height = float(new.values.max(initial=task.beta))
        V, s = done.V[done.active], state.blocks.s[done.active]
        self.interval = _with_network(self.interval, task, V, s)
        if height < NEAR * task.beta:  # then the network is worth polishing
            self.interval = _with_network(self.interval, task, *task.polished(V, s))
        estimate = task.lower(done.lam, height)[0]
        if estimate > self.best[0]:
            self.best = estimate, done.lam, height
        close = self._gap() <= self.tol
        self.state, differs = advanced(state, done, new, self.round)
        self.round += 1
        self.directions += len(new.s)
        self._tell(done)
        if not (close or not differs):
            return True
        return self._settle(done, height, differs)

    def concluded(self) -> None:
        """Cut short: prove the best estimate; if no network so far separates the data, try neurons along its rows."""
        task = self.state.task
        if np.isfinite(self.best[0]):
            self.certify(*self.best[1:])
        if not np.isfinite(self.interval.upper):
            V, s = np.vstack([task.X, task.X]), np.repeat([1.0, -1.0], len(task.X))
            self.interval = _with_network(self.interval, task, *task.polished(V, s))

    def _settle(self, done: Round, height: float, differs: bool) -> bool:
        """Ask for a proof. Where it fails, its direction is a new block.

        If that is known, the restricted program is as good as the whole one: where its multipliers are at their cap the
        penalty is too soft; elsewhere more accuracy may help.
        """
        lam, height = (done.lam, height) if not differs else self.best[1:]
        U, s = self.certify(lam, height)
        if self.interval.gap <= self.tol:
            return False
        self.best = (self.interval.lower, self.interval.lam, self.state.task.beta)
        before, task = self.state, self.state.task
        blocks = before.blocks.extended(task.X, task.y, U, s, 1)
        self.state = replace(before, blocks=blocks, jitter=min(2 * before.jitter, 64))
        if differs or len(blocks) > len(before.blocks):
            return True
        stiffer = task.stiffened(done.optimum.z)
        finer = max(before.accuracy / 100, 1e-13) if stiffer is task else before.accuracy
        self.state = replace(self.state, task=stiffer, accuracy=finer)
        return stiffer is not task or finer < before.accuracy

    def _gap(self) -> float:
        """The relative gap that the best estimate would leave, were it proved."""
        return self.interval._replace(lower=self.best[0]).gap

    def _tell(self, done: Round) -> None:
        lower, upper = self.interval[:2]
        sizes = len(done.V), len(done.optimum.z), self.directions
        self.watch(Progress(self.seconds, self.round, lower, self.best[0], upper, *sizes))


def _trimmed(task: Task, interval: Interval, tol: float) -> Interval:
    """Without the neurons that the gap asked for can spare: an interior-point method leaves a little of every block."""
    net = interval.network
    V, s, lengths = (np.abs(net.w2) * net.W1).T, np.sign(net.w2), net.radii * np.abs(net.w2)
    for cut in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
        used = lengths > cut * lengths.max(initial=0.0)
        upper, shorter = task.upper(V[used], s[used])
        trial = interval._replace(upper=upper, network=shorter)
        if trial.gap <= tol and upper <= interval.upper * (1 + tol / 10):
            return trial
    return interval


class Outcome(NamedTuple):
    """What is certified, how the rounds ended, how many they were, and the blocks of the last restricted program."""

    interval: Interval
    status: str
    rounds: int
    blocks: int


def generate(task: Task, tol: float, seconds: float, watch: Watch) -> Outcome:
    """Rounds until the certified relative gap is at most tol, the time is over, or Ctrl-C."""
    work = Generation(task, tol, watch)
    status = "stalled"
    try:
        while work.step():
            if work.seconds > seconds:
                status = "out of time"
                break
        status = "optimal" if work.interval.gap <= tol else status
    except KeyboardInterrupt:
        status = "interrupted"
    if status in ("interrupted", "out of time"):
        work.concluded()
    return Outcome(_trimmed(task, work.interval, tol), status, work.round, len(work.state.blocks))
