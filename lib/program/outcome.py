"""From the rounds to an answer: proofs that few rows allow, deadlines, Ctrl-C, and a network without spare neurons."""

from time import perf_counter
from typing import NamedTuple

import numpy as np

from lib.data import Array, Mask
from lib.program.affine import Beside
from lib.program.columns import Generation, Interval, Times
from lib.program.maps import neurons
from lib.program.problem import Problem
from lib.program.rounds import nothing, part
from lib.program.solution import Solution, Watch
from lib.results import silent

FIRST = 6  # rows of each sign for the first proof
SHARE, ROUGH = 0.2, 0.03  # gap of a program on few rows: a share of the whole gap, at most this
GROWTH = 1.25, 2.0  # of the time that a proof takes, for every row more of each sign
MORE = 4  # rows of each sign, at most: a proof that is cut then leaves one that is not much smaller
LAST = 1.0  # seconds for a last proof


def heaviest(problem: Problem, lam: Array, k: int) -> Mask:
    """The k data with the largest multipliers of each sign."""
    lam, rows = lam[: problem.N], np.zeros(problem.N, dtype=bool)
    for s in (1.0, -1.0):
        order = np.argsort(-s * lam, kind="stable")[:k]
        rows[order[s * lam[order] > 0]] = True
    return rows


def _lifted(problem: Problem, rows: Mask, lam: Array) -> Array:
    """A multiplier of some of the data, as one of all: zero elsewhere."""
    lifted = np.zeros(len(problem.y))
    lifted[: problem.N][rows] = lam[: rows.sum()]
    return lifted


def _rough(work: Generation) -> float:
    """The gap to which a program on few rows is solved."""
    return max(work.tol, min(SHARE * work.interval.gap, ROUGH))


def few_rows(work: Generation, until: float) -> None:
    """Bound from below with the programs on k rows of each sign, for growing k.

    Fewer rows are fewer constraints, so their optimum is at most the whole one, and its multiplier has few nonzero
    entries. A proof is cheapest with as many of both signs. How much longer it takes for every row more of each, at
    most about twice as long, the last two tell.
    """
    problem, k, last = work.state.problem, FIRST, None
    whole = work.best.lam[: problem.N] != 0
    rows = heaviest(problem, work.best.lam, k)
    while whole.any() and perf_counter() < until and work.interval.gap > work.tol:
        began, before = perf_counter(), work.interval.lower
        tol = work.tol if np.array_equal(rows, whole) else _rough(work)
        inner = Generation(part(work.state, rows), tol, Times.of(until - began, 1.0), silent)
        inner.run()
        work.offer_bound(inner.interval.lower, _lifted(problem, rows, inner.interval.lam))
        work.take_in(inner.interval.V, inner.interval.s)  # the next program begins with its neurons
        work.tell()
        idle = work.interval.lower <= before * (1 + work.tol) and (inner.short or k >= whole.sum())
        if np.array_equal(rows, whole) or (np.isinf(until) and idle):
            return
        took, left = perf_counter() - began, until - perf_counter()
        growth = np.clip((took / last[1]) ** (1 / (k - last[0])), *GROWTH) if last else GROWTH[1]
        k, last = k + int(np.clip(np.log(max(left / took, 1)) / np.log(growth), 1, MORE)), (k, took)
        rows = heaviest(problem, work.best.lam, k)


class Outcome(NamedTuple):
    """What is certified, how the rounds ended, how many they were, and the blocks of the last restricted program."""

    interval: Interval
    status: str
    rounds: int
    blocks: int


def solution(found: Outcome, interval: Interval, beside: Beside, d: int, e: int) -> Solution:
    """The solution with these bounds for data with d columns, 2^e times as large: biases have units of their own."""
    lower, upper, V, s, z, lam = interval
    net = neurons(beside.outer(V), s, np.where(np.arange(V.shape[1]) < d, -e, 0))
    w0, b0 = beside.parts(z, d)
    return Solution(net, lam, upper, lower, *found[1:], np.ldexp(w0, -e), b0)


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


def generate(problem: Problem, tol: float, seconds: float, watch: Watch) -> Outcome:
    """Rounds and proofs until the certified relative gap is at most tol, the time is over, or Ctrl-C."""
    times = Times.of(seconds)
    work = Generation(nothing(problem, min(1e-9, tol / 100)), tol, times, watch)
    status = "stalled"
    try:
        work.begin()
        work.run()
        if work.short:
            few_rows(work, work.times.until)
        status = "out of time" if work.times.over else status
    except KeyboardInterrupt:
        status = "interrupted"
        few_rows(work, perf_counter() + LAST)
    work.tell()
    interval = _trimmed(problem, work.interval, tol)
    return Outcome(interval, "optimal" if interval.gap <= tol else status, work.round, len(work.state.blocks))
