"""The activation patterns of a data set: every cell of {h : x_n'h = 0} once, with a point inside it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import Array, Mask, directions, validated_matrix
from lib.patterns.counting import cover, rank_of
from lib.patterns.frame import Frame, Points, framed
from lib.patterns.residues import Lines, lines
from lib.patterns.summits import halves
from lib.results import result

FLAG_SEED = 7919  # any number that data are unlikely to be drawn with: the flag must not contain rows of X
MOST_CELLS = 100_000_000  # what `cells` is willing to hold; `stream` has no such bound


@result
class Cells(NamedTuple):
    """Cells j = 1..p of N rows: `packed` patterns (p, ceil(N/8)) as numpy.packbits makes them, witnesses `H` (p, d).

    `margins` (p,) = min_n |x_n'h_j| / (||x_n|| ||h_j||) over the nonzero rows: how far inside its cell each witness is.
    A margin of 0 says that the cell is thinner than the spacing of floats and h_j only lies near it; its pattern is
    exact all the same.
    """

    packed: NDArray[np.uint8]
    H: Array
    margins: Array
    N: int

    @property
    def patterns(self) -> Mask:
        """`1[X h_j >= 0]`, (p, N) bool: unpacked when asked for. A zero row is on everywhere."""
        return np.unpackbits(self.packed, axis=1, count=self.N).astype(bool)

    def __len__(self) -> int:
        return len(self.packed)


def _packed(known: Lines, on: Mask) -> NDArray[np.uint8]:
    """Patterns of all rows from the sides `on` (n, p) of the distinct lines; zero rows are on."""
    if len(on) == len(known.which) and (known.sign > 0).all():
        return np.packbits(np.ascontiguousarray(on.T), axis=1)
    rows = (on[known.which] == (known.sign > 0)[:, None]) | (known.sign == 0)[:, None]
    return np.packbits(np.ascontiguousarray(rows.T), axis=1)


def _with_antipodes(known: Lines, frame: Frame, points: Points, d: int) -> Cells:
    """The cells of the points, then those of their negatives: every bit of a nonzero row turns over."""
    packed = _packed(known, points.on)
    H = np.zeros((len(packed), d))
    H[:, frame.columns] = (frame.scale[:, None] * points.H).T
    turned = packed ^ np.packbits(known.sign != 0)
    return Cells(np.concatenate([packed, turned]), np.vstack([H, -H]), np.tile(points.margins, 2), len(known.which))


def _everything(N: int, d: int) -> Cells:
    """The one cell of an arrangement without hyperplanes."""
    return Cells(np.packbits(np.ones((1, N), dtype=bool), axis=1), np.eye(1, d), np.ones(1), N)


def _blocks(known: Lines, d: int) -> Iterator[Cells]:
    if not known.rows:
        return iter([_everything(len(known.which), d)])
    frame = framed(known, rank_of(known.rows), np.random.default_rng(FLAG_SEED))
    return (_with_antipodes(known, frame, points, d) for points in halves(frame))


def stream(X: ArrayLike) -> Iterator[Cells]:
    """The cells of X in blocks: every cell once, none held longer than its block. Raises `ValueError` for bad input."""
    X = validated_matrix(X)
    return _blocks(lines(X), X.shape[1])


def cells(X: ArrayLike) -> Cells:
    """Every cell of {h : x_n'h = 0} once: patterns 1[X h_j >= 0] for j = 1..p, with interior unit witnesses h_j.

    X (N, d) may have repeated, parallel, opposite, zero and dependent rows: floats are the rationals they are, and
    the patterns are exact. Faces of lower dimension have patterns of their own; the closed cells cover them, so the
    convex program does not need them. Raises `ValueError` for bad input and for more than 1e8 cells.
    Source: thm-patterns-names.
    """
    X = validated_matrix(X)
    known = lines(X)
    bound = cover(len(known.rows), rank_of(known.rows))
    if bound > MOST_CELLS:
        raise ValueError(
            f"X has up to {bound:.3g} cells, more than {MOST_CELLS:.0e} to hold at once: go through them with "
            "`stream`, look at some with `sample`, or let lib.program.max_margin solve without them"
        )
    return _filled(_blocks(known, X.shape[1]), bound, X.shape)


def _filled(blocks: Iterator[Cells], bound: int, shape: tuple[int, int]) -> Cells:
    """The blocks in arrays for `bound` cells, allocated once; pages never written to take no memory."""
    N, d = shape
    packed, H, margins = np.empty((bound, (N + 7) // 8), np.uint8), np.empty((bound, d)), np.empty(bound)
    p = 0
    for block in blocks:
        here = slice(p, p + len(block))
        packed[here], H[here], margins[here] = block.packed, block.H, block.margins
        p = here.stop
    return Cells(packed[:p], H[:p], margins[:p], N)


def sample(X: ArrayLike, k: int, rng: np.random.Generator) -> Cells:
    """The distinct patterns among k Gaussian directions h: the practice of the field, which misses thin cells.

    A cell is found with probability 1 - (1 - a)^k, a its share of the sphere. Raises `ValueError` for
    bad input or k < 1. Source: thm-patterns-sampling.
    """
    X = validated_matrix(X)
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
    H = rng.standard_normal((k, X.shape[1]))
    H /= np.linalg.norm(H, axis=1, keepdims=True)
    U = directions(X)
    height = H @ U.T
    packed, first = np.unique(np.packbits(height >= 0, axis=1), axis=0, return_index=True)
    margins = np.abs(height[first][:, U.any(axis=1)]).min(axis=1, initial=1.0)
    return Cells(packed, H[first], margins, len(X))
