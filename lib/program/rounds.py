"""One round of column generation: solve over the blocks and rows at hand, look for what is missing, take it in.

A restricted optimum gives a dual variable lam; directions where s lam'(Xu)_+ exceeds beta name blocks that are missing.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from lib.data import Array
from lib.network import Network
from lib.patterns import cover
from lib.program.blocks import Blocks, Mask, sines
from lib.program.master import Restricted, solve
from lib.program.penalties import Penalty
from lib.zonotope import Columns, violators
from lib.zonotope.ascent import spread, unit

NEAR = 1.01  # a dual variable whose heights are below NEAR beta may be the last one
FEW_CELLS = 1000  # so few cells of the rows in use are listed by the proof
NEW_BLOCKS, NEW_ROWS = 40, 100  # in one round
SPARE = 60  # idle blocks are dropped when there are more: dropped at once, they come back
FORGETFUL = 60  # after this many rounds nothing leaves any more, so the rounds are finitely many
IDLE = 1e-7  # a block that moves margins, or a multiplier, this little against the largest one is idle
NOTHING = 1e-3  # but a block that moves some margin by this part of its target is not


class Start(NamedTuple):
    """Directions U (m, d) and signs s (m,) of promising neurons, and the rows (N,) that matter to them."""

    U: Array
    s: Array
    rows: Mask


class Task(Protocol):
    """What is minimised: sum_n l(e_n) + beta sum_j ||v_j||, where row n asks for a margin q_n + e_n >= a_n."""

    @property
    def X(self) -> Array: ...

    @property
    def y(self) -> Array: ...

    @property
    def a(self) -> Array: ...

    @property
    def beta(self) -> float: ...

    @property
    def penalty(self) -> Penalty: ...

    def start(self) -> "Start":
        """What to begin with."""

    def upper(self, V: Array, s: Array) -> tuple[float, Network]:
        """The network of the vectors V (B, d), signs s, at its best scale, and its value: at least the optimum."""

    def polished(self, V: Array, s: Array) -> tuple[Array, Array]:
        """Vectors and signs no worse than these, made from them at some cost."""

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """lam scaled to meet d_H <= beta, given d_H(lam) <= height, and its value: then at most the optimum."""

    def wanted(self, q: Array) -> Mask:
        """Rows which at margins q cost something."""

    def stiffened(self, z: Array) -> "Task":
        """The task with a larger penalty, if it stands for a hard constraint and the multipliers z reach its slope."""


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

    optimum: Restricted
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
    reach = (np.abs(optimum.V @ task.X.T) / np.where(task.a > 0, task.a, 1.0)).max(axis=1)
    active = reach > min(IDLE * reach.max(initial=0.0), NOTHING)
    heights = np.zeros(blocks.S.shape)
    heights[active] = sines(task.X, unit(optimum.V[active]))
    q = task.y * (blocks.s[active] @ np.maximum(optimum.V[active] @ task.X.T, 0))
    return Round(optimum, lam, optimum.V, active, heights, q)


def _climbed(state: State, done: Round, width: float, n: int) -> Columns:
    """Local maximisers of the heights of lam, climbing from the neurons in use, around them, and elsewhere."""
    U = unit(done.V[done.active])
    steps = spread(len(U) * state.jitter, U.shape[1]).reshape(state.jitter, *U.shape)
    around = [U + width * step for step in steps]
    rows = done.lam != 0
    return violators(state.task.X[rows], done.lam[rows], 0.99 * state.task.beta, unit(np.vstack([U, *around])), n)


def priced(state: State, done: Round) -> Columns:
    """What climbing finds; a second climb, from further away and from more places, where the first finds little.

    Among many cells a narrow hill is easily missed. It is noticed by the proof at the end, at the price of all rounds
    since. Few cells are listed by the proof, which then is as cheap as a second climb.
    """
    new, support = _climbed(state, done, 0.1, 8), int((done.lam != 0).sum())
    if new.values.max(initial=0.0) > NEAR * state.task.beta or cover(support, done.V.shape[1]) <= FEW_CELLS:
        return new
    wide = _climbed(state, done, 0.5, 2 * support)
    return max(new, wide, key=lambda found: found.values.max(initial=0.0))


def advanced(state: State, done: Round, new: Columns, round_: int) -> tuple[State, bool]:
    """The next restricted program, and whether it differs from this one."""
    task = state.task
    forgets = round_ < FORGETFUL
    loose = state.blocks.loosened(done.heights) if forgets and round_ % 4 == 3 else state.blocks
    blocks, low = loose.tightened(done.heights, task.y)
    missing = task.wanted(done.q) & ~state.rows
    missing[np.argsort(np.where(missing, done.q - task.a, np.inf), kind="stable")[NEW_ROWS:]] = False
    rows = state.rows | missing
    if forgets:
        if len(blocks) > SPARE + done.active.sum():
            blocks = blocks.kept(done.active)
        idle = (np.abs(done.lam) <= IDLE * np.abs(done.lam).max()) & ~task.wanted(done.q - 0.5 * np.abs(task.a))
        rows = rows & (~idle | missing)
    before = len(blocks)
    above = new.values > task.beta * (1 + 0.1 * state.accuracy)
    blocks = blocks.extended(task.X, task.y, new.U[above], new.s[above], NEW_BLOCKS)
    differs = low > 0 or bool(missing.any()) or len(blocks) > before
    return replace(state, blocks=blocks, rows=rows), differs


def first(task: Task, accuracy: float) -> State:
    """The blocks and rows that the task begins with."""
    U, s, rows = task.start()
    blocks = Blocks.none(len(task.y)).extended(task.X, task.y, U, s, len(U))
    return State(task, blocks, rows, 1, accuracy)
