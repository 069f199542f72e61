"""Column generation over the dual constraint: blocks and rows enter where they are violated, and leave when idle.

The optimum of the class-split program is approached by restricted programs over a few blocks and a few rows. Each
gives a dual variable lam, whose largest height d_H(lam) is the Hausdorff distance of its two zonotopes; directions of
height above beta name the blocks that were missing. Whatever the restricted programs return, the bounds are measured
on the whole problem: the value of a real network above, the value of lam / d_H(lam) below.
"""

import time
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from lib.data import Array
from lib.network import Network
from lib.program.blocks import Blocks, Mask, sines
from lib.program.master import Optimum, solve
from lib.program.penalties import Penalty
from lib.program.solution import Progress, Report
from lib.zonotope import Columns, hausdorff, violators
from lib.zonotope.ascent import spread, unit

ROWS = 300  # programs with at most this many rows begin with all of them
NEW_BLOCKS, NEW_ROWS = 40, 100  # in one round
FORGETFUL = 60  # after this many rounds nothing leaves any more, so the rounds are finitely many
IDLE = 1e-8  # a block, or a multiplier, this small against the largest is idle


class Task(Protocol):
    """What is minimised: sum_n l(e_n) + beta sum_j ||v_j||, where row n asks for a margin q_n + e_n >= a_n."""

    X: Array
    y: Array
    a: Array
    beta: float
    penalty: Penalty

    def start(self) -> Array:
        """A dual variable to begin with."""

    def upper(self, V: Array, s: Array) -> tuple[float, Network]:
        """The network of the vectors V (B, d), signs s, at its best scale, and its value: at least the optimum."""

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """lam scaled to meet d_H <= beta, given d_H(lam) <= height, and its value: then at most the optimum."""

    def wanted(self, q: Array) -> Mask:
        """Rows which at margins q cost something."""

    def stiffened(self, e: Array) -> "Task":
        """The task with a larger penalty, if the shortfalls e show that it stands for a hard constraint."""


class Interval(NamedTuple):
    """The best certified bounds so far, and who attains them."""

    lower: float
    upper: float
    network: Network
    lam: Array

    @property
    def gap(self) -> float:
        return (self.upper - self.lower) / abs(self.upper) if np.isfinite(self.upper) and self.upper else np.inf


@dataclass(frozen=True, eq=False)
class State:
    """A restricted program: blocks and rows; `jitter` new starts of ascent per neuron; `accuracy` of the solver."""

    task: Task
    blocks: Blocks
    rows: Mask
    jitter: int
    accuracy: float


class Round(NamedTuple):
    """The restricted optimum on all rows: lam (N,), vectors V, sines of their rows (0 when idle), margins q."""

    optimum: Optimum
    lam: Array
    V: Array
    active: Mask
    heights: Array
    q: Array


def restricted(state: State) -> Round:
    """Solve over the rows and blocks at hand."""
    task, blocks, rows = state.task, state.blocks, state.rows
    here = Blocks(blocks.s, blocks.S[:, rows], blocks.charge[:, rows])
    optimum = solve(task.X[rows], task.y[rows], task.a[rows], here, task.penalty, task.beta, state.accuracy)
    lam = np.zeros(len(task.y))
    lam[rows] = task.y[rows] * optimum.z
    lengths = np.linalg.norm(optimum.V, axis=1)
    active = lengths > IDLE * lengths.max()
    heights = np.zeros(blocks.S.shape)
    heights[active] = sines(task.X, optimum.V[active] / lengths[active, None])
    q = task.y * (blocks.s[active] @ np.maximum(optimum.V[active] @ task.X.T, 0))
    return Round(optimum, lam, optimum.V, active, heights, q)


def priced(state: State, done: Round) -> Columns:
    """Local maximisers of the heights of lam, climbing also from around the neurons in use."""
    V = done.V[done.active]
    U = V / np.linalg.norm(V, axis=1, keepdims=True)
    steps = spread(len(U) * state.jitter, U.shape[1]).reshape(state.jitter, *U.shape)
    around = [U + width * step for width in (0.3, 0.1, 0.03, 0.01) for step in steps]
    rows = done.lam != 0
    return violators(state.task.X[rows], done.lam[rows], 0.99 * state.task.beta, unit(np.vstack([U, *around])), n=8)


def advanced(state: State, done: Round, new: Columns, round_: int) -> tuple[State, bool]:
    """The next restricted program, and whether it differs from this one."""
    task = state.task
    keeps = round_ >= FORGETFUL
    blocks, low = (state.blocks if keeps else state.blocks.loosened(done.heights)).tightened(done.heights, task.y)
    missing = task.wanted(done.q) & ~state.rows
    missing[np.argsort(np.where(missing, done.q - task.a, np.inf), kind="stable")[NEW_ROWS:]] = False
    rows = state.rows | missing
    if not keeps:
        blocks = blocks.kept(done.active)
        idle = (np.abs(done.lam) <= IDLE * np.abs(done.lam).max()) & ~task.wanted(done.q - 0.5 * np.abs(task.a))
        rows = rows & (~idle | missing)
    before = len(blocks)
    above = new.values > task.beta * (1 + 0.1 * state.accuracy)
    blocks = blocks.extended(task.X, task.y, new.U[above], new.s[above], NEW_BLOCKS)
    stiffer = task.stiffened(done.optimum.e)
    differs = low > 0 or bool(missing.any()) or len(blocks) > before or stiffer is not task
    return replace(state, task=stiffer, blocks=blocks, rows=rows), differs


def _first(task: Task) -> State:
    """Blocks named by the ascent of a first dual variable, and all rows, or some evenly spread over many."""
    N = len(task.y)
    lam = task.start()
    found = violators(task.X, lam, 0.0, n=8)
    blocks = Blocks.none(N).extended(task.X, task.y, found.U, found.s, NEW_BLOCKS)
    rows = np.zeros(N, dtype=bool)
    rows[np.unique(np.linspace(0, N - 1, min(N, ROWS)).astype(int))] = True
    return State(task, blocks, rows, 1, 1e-5)


def _with_network(interval: Interval, state: State, done: Round) -> Interval:
    upper, net = state.task.upper(done.V[done.active], state.blocks.s[done.active])
    return interval._replace(upper=upper, network=net) if upper < interval.upper else interval


def _with_bound(interval: Interval, task: Task, lam: Array, height: float) -> Interval:
    lower, feasible = task.lower(lam, height)
    return interval._replace(lower=lower, lam=feasible) if lower > interval.lower else interval


class Generation:
    """The rounds, one at a time; `interval` holds what is certified so far, whenever they are stopped."""

    def __init__(self, task: Task, tol: float, report: Report) -> None:
        self.state, self.tol, self.report = _first(task), tol, report
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
        self.interval = _with_network(self.interval, state, done)
        new = priced(state, done)
        height = float(new.values.max(initial=task.beta))
        estimate = task.lower(done.lam, height)[0]
        if estimate > self.best[0]:
            self.best = estimate, done.lam, height
        close = self.interval.upper - self.best[0] <= self.tol * abs(self.interval.upper)
        self.state, differs = advanced(state, done, new, self.round)
        self.round += 1
        self.directions += len(new.s)
        self._tell(done)
        if not (close or not differs):
            self.state = replace(self.state, accuracy=self._accuracy())
            return True
        return self._settle(done, height, differs)

    def _settle(self, done: Round, height: float, differs: bool) -> bool:
        """Ask for a proof. Where it fails, its direction is a new block; where there is none, more accuracy may help."""
        lam, height = (done.lam, height) if not differs else self.best[1:]
        U, s = self.certify(lam, height)
        if self.interval.gap <= self.tol:
            return False
        before, task = self.state, self.state.task
        blocks = before.blocks.extended(task.X, task.y, U, s, 1)
        finer = max(before.accuracy / 100, 1e-13)
        self.state = replace(before, blocks=blocks, jitter=min(2 * before.jitter, 64), accuracy=finer)
        self.best = (self.interval.lower, self.interval.lam, task.beta)
        return differs or len(blocks) > len(before.blocks) or finer < before.accuracy

    def _accuracy(self) -> float:
        """A hundredth of the gap still to close."""
        upper = self.interval.upper
        gap = (upper - self.best[0]) / abs(upper) if np.isfinite(upper) and upper else 1.0
        return float(min(self.state.accuracy, max(gap / 100, self.tol / 100, 1e-12)))

    def _tell(self, done: Round) -> None:
        lower, upper = self.interval[:2]
        sizes = len(done.V), len(done.optimum.z), self.directions
        self.report(Progress(self.seconds, self.round, lower, self.best[0], upper, *sizes))


class Outcome(NamedTuple):
    """What is certified, how the rounds ended, how many they were, and the blocks of the last restricted program."""

    interval: Interval
    status: str
    rounds: int
    blocks: int


def generate(task: Task, tol: float, seconds: float, report: Report) -> Outcome:
    """Rounds until the certified relative gap is at most tol, the time is over, or Ctrl-C."""
    work = Generation(task, tol, report)
    status = "stalled"
    try:
        while work.step():
            if work.seconds > seconds:
                status = "out of time"
                break
        status = "optimal" if work.interval.gap <= tol else status
    except KeyboardInterrupt:
        status = "interrupted"
    if status in ("interrupted", "out of time") and np.isfinite(work.best[0]):
        work.certify(*work.best[1:])
    return Outcome(work.interval, status, work.round, len(work.state.blocks))
