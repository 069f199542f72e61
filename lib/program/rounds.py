"""One round of column generation: solve over the blocks and rows at hand, look for what is missing, take it in.

A restricted optimum gives a dual variable lam; directions where s lam'(Xu)_+ exceeds beta name blocks that are missing.
"""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from lib.data import Array, Mask, directions
from lib.patterns import cover
from lib.program.blocks import OFF, Blocks, sines
from lib.program.master import solve
from lib.program.problem import Problem, Start, around, evenly
from lib.zonotope import Columns
from lib.zonotope.ascent import MOST_LISTED, unit

NEAR = 1.01  # a dual variable whose heights are below NEAR beta may be the last one
NEW_BLOCKS = 40  # in one round
SPARE = 60  # idle blocks are dropped when there are more: dropped at once, they come back
FORGETFUL = 60  # after this many rounds nothing leaves any more, so the rounds are finitely many
IDLE = 1e-7  # a block that moves outputs, or a multiplier, this little against the largest one is idle
SECONDS = 1e-5  # of a conic program for each coordinate of a row in each block that it enters
SHORTEST = 0.1  # seconds that the first program is given at least
AHEAD = 12.0  # the margin that the first program expects, at most: a row without a block falls short of it
NOTHING = 1e-3  # but a block that moves some output by this part of its target is not


@dataclass(frozen=True, eq=False)
class State:
    """A restricted program: blocks and rows; `jitter` new starts of ascent per neuron; `accuracy` of the solver."""

    problem: Problem
    blocks: Blocks
    rows: Mask
    jitter: int
    accuracy: float


class Round(NamedTuple):
    """The restricted optimum on all rows: multipliers `raw` (R,) as solved, and `lam` of the data, for the rows twice.

    Vectors `V` (B, D), which of them are `active`, sines of their rows (0 when idle), coefficients `z`, margins `q`.
    """

    raw: Array
    lam: Array
    V: Array
    active: Mask
    heights: Array
    z: Array
    q: Array


def restricted(state: State, until: float) -> Round:
    """Solve over the rows and blocks at hand."""
    problem, blocks, rows = state.problem, state.blocks, state.rows
    here = Blocks(blocks.s, blocks.S[:, rows], blocks.charge[:, rows])
    lam, V, z = solve(problem.restricted(rows), here, state.accuracy, until)
    raw = np.zeros(len(problem.y))
    raw[rows] = lam
    reach = (np.abs(V @ problem.X.T) / np.where(problem.a != 0, np.abs(problem.a), 1.0)).max(axis=1)
    active = reach > min(IDLE * reach.max(initial=0.0), NOTHING)
    heights = np.zeros(blocks.S.shape)
    heights[active] = sines(problem.X, directions(V[active]))
    q = problem.y * problem.outputs(V[active], blocks.s[active], z)
    return Round(raw, problem.folded(raw), V, active, heights, z, q)


def _climbed(state: State, done: Round, width: float, n: int, until: float) -> Columns:
    """Local maximisers of the heights of lam, climbing from the neurons in use, around them, and elsewhere."""
    U = unit(done.V[done.active])
    return state.problem.climbed(done.lam, 0.99 * state.problem.beta, around(U, width, state.jitter), n, until)


def priced(state: State, done: Round, until: float) -> Columns:
    """What climbing finds; a second climb, from further away and from more places, where the first finds little.

    Among many cells a narrow hill is easily missed. It is noticed by the proof at the end, at the price of all rounds
    since. A proof that lists the vertices of few rows comes at once.
    """
    new, problem = _climbed(state, done, 0.1, 8, until), state.problem
    listed = cover(int((done.lam != 0).sum()), problem.seen) <= MOST_LISTED
    if listed or new.values.max(initial=0.0) > NEAR * problem.beta:
        return new
    wide = _climbed(state, done, 0.5, 32, until)
    return max(new, wide, key=lambda found: found.values.max(initial=0.0))


def advanced(state: State, done: Round, new: Columns, round_: int) -> tuple[State, bool]:
    """The next restricted program, and whether it differs from this one."""
    problem = state.problem
    forgets = round_ < FORGETFUL
    loose = state.blocks.loosened(done.heights) if forgets and round_ % 4 == 3 else state.blocks
    blocks, low = loose.tightened(done.heights, problem.y)
    missing = problem.missing(done.q, state.rows)
    rows = state.rows | missing
    if forgets:
        if len(blocks) > SPARE + done.active.sum():
            blocks = blocks.kept(done.active)
        idle = (np.abs(done.raw) <= IDLE * np.abs(done.raw).max()) & ~problem.wanted(done.q - 0.5 * np.abs(problem.a))
        rows = rows & (~idle | missing)
    before = len(blocks)
    above = new.values > problem.beta * (1 + 0.1 * state.accuracy)
    blocks = blocks.extended(problem.X, problem.y, new.U[above], new.s[above], NEW_BLOCKS)
    differs = low > 0 or bool(missing.any()) or len(blocks) > before
    return replace(state, problem=problem.touched(done.q, rows), blocks=blocks, rows=rows), differs


def part(state: State, data: Mask) -> State:
    """The same program on some of the data."""
    problem, blocks, rows = state.problem.on(data), state.blocks, np.tile(data, len(state.rows) // len(data))
    here = Blocks(blocks.s, blocks.S[:, rows], blocks.charge[:, rows])
    return State(
        problem, here.kept(np.asarray(here.S.any(axis=1))), np.ones(len(problem.y), dtype=bool), 1, state.accuracy
    )


def fitted(state: State, seconds: float) -> State:
    """The first of the blocks on some of the rows, if the program of all takes longer to solve."""
    blocks, rows = state.blocks, np.flatnonzero(state.rows)
    entered = np.where(blocks.opposite(state.problem.y), blocks.charge != OFF, blocks.S)[:, rows]
    share = np.sqrt(seconds / SECONDS / max(entered.sum() * state.problem.X.shape[1], 1))
    if share >= 1:
        return state
    fewer = np.zeros_like(state.rows)
    fewer[rows[evenly(len(rows), int(share * len(rows)) + 1)]] = True
    return replace(state, blocks=blocks.kept(np.arange(len(blocks)) <= share * len(blocks)), rows=fewer)


def nothing(problem: Problem, accuracy: float) -> State:
    """No blocks and no rows."""
    return State(problem, Blocks.none(len(problem.y)), np.zeros(len(problem.y), dtype=bool), 1, accuracy)


def first(problem: Problem, start: Start, accuracy: float, until: float) -> State:
    """The blocks and rows that the problem begins with, as many as there is time for."""
    blocks = Blocks.none(len(problem.y)).extended(problem.X, problem.y, start.U, start.s, len(start.U))
    margin = min(np.log(start.height) - np.log(problem.beta), AHEAD)
    problem = problem.touched(np.full(len(problem.y), margin), start.rows)
    return fitted(State(problem, blocks, start.rows, 1, accuracy), max(until - perf_counter(), SHORTEST))
