"""The activation patterns of a data set: every cell of {h : x_n'h = 0} once, with a point inside it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import Array, validated_matrix
from lib.patterns.bottom import Degenerate, Points, witnesses
from lib.patterns.counting import cover, rank
from lib.patterns.residues import lines
from lib.patterns.splitting import split

MOST_CELLS = 50_000_000  # what `cells` is willing to hold; `stream` has no such bound
THIN = 1e-13  # a margin below this is not told from zero in double precision


class Cells(NamedTuple):
    """Cells j = 1..p of N rows: `packed` patterns (p, ceil(N/8)) as numpy.packbits makes them, witnesses `H` (p, d).

    `margins` (p,) = min_n |x_n'h_j| / (||x_n|| ||h_j||) over the nonzero rows: how far inside its cell each witness is.
    """

    packed: NDArray[np.uint8]
    H: Array
    margins: Array
    N: int

    @property
    def patterns(self) -> NDArray[np.bool_]:
        """1[X h_j >= 0], (p, N) bool: unpacked when asked for. A zero row is on everywhere."""
        return np.unpackbits(self.packed, axis=1, count=self.N).astype(bool)

    def __len__(self) -> int:
        return len(self.packed)


def _unit_rows(X: Array) -> Array:
    """Rows of length one, zero rows kept; dividing by the largest entry first keeps 1e-150 and 1e150 in range."""
    X = X / np.where(X.any(axis=1), np.abs(X).max(axis=1), 1.0)[:, None]
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    return X / np.where(lengths > 0, lengths, 1.0)


class _Lines(NamedTuple):
    """One unit row for each distinct line of X, in r = rank X coordinates: `A` (n, r), of their `basis` (r, d).

    Row k of X is `sign`_k times line `which`_k; a zero row has sign 0.
    """

    A: Array
    basis: Array
    which: NDArray[np.intp]
    sign: Array


def _distinct_lines(X: Array) -> _Lines:
    U, found = _unit_rows(X), lines(X)
    rows = list(found.values())
    A = U[rows]
    basis = np.linalg.svd(A, full_matrices=False)[2][: rank(X)] if rows else np.eye(1, X.shape[1])
    along = U @ A.T
    which = np.abs(along).argmax(axis=1) if rows else np.zeros(len(X), dtype=np.intp)
    sign = np.round(np.take_along_axis(along, which[:, None], axis=1)[:, 0]) if rows else np.zeros(len(X))
    A = A @ basis.T
    return _Lines(A / np.linalg.norm(A, axis=1, keepdims=True), basis, which, sign)


def _as_cells(known: _Lines, points: Points) -> Cells:
    """Patterns and margins of points of r-space from their heights above the distinct lines; zero rows are on."""
    margins = np.abs(points.height).min(axis=1, initial=1.0)
    on = np.ones((len(points.H), len(known.which)), dtype=bool)
    if len(known.A):
        on = (known.sign == 0) | ((points.height > 0)[:, known.which] == (known.sign > 0))
    return Cells(np.packbits(on, axis=1), points.H @ known.basis, margins, len(known.which))


def _with_antipodes(known: _Lines, points: Points) -> Cells:
    """The cells of the points, then those of their negatives: every bit of a nonzero row turns over."""
    half = _as_cells(known, points)
    if half.margins.min() < THIN:
        raise Degenerate
    turned = half.packed ^ np.packbits(known.sign != 0)
    return Cells(np.concatenate([half.packed, turned]), np.vstack([half.H, -half.H]), np.tile(half.margins, 2), half.N)


def _by_splitting(known: _Lines) -> Cells:
    H = split(known.A).H if len(known.A) else np.ones((1, len(known.basis)))
    found = _as_cells(known, Points(H, H @ known.A.T))
    if found.margins.min() < THIN:
        raise ValueError(
            f"X has cells thinner than {THIN:g}, in which no double-precision point lies safely: some rows "
            "nearly depend on each other. Round X (or enter integers) so that they depend exactly, or use `sample`"
        )
    return found


def _general(known: _Lines) -> Iterator[Cells]:
    """Blocks of cells, for lines in general position. Raises `Degenerate`, at the latest after the last block."""
    if len(known.A) == 0:
        raise Degenerate
    return (_with_antipodes(known, points) for points in witnesses(known.A))


def stream(X: ArrayLike) -> Iterator[Cells]:
    """The cells of X in blocks: every cell once, none held longer than its block.

    A first pass over the vertices finds out whether the rows are in general position; if they are not, the cells are
    found by adding rows one at a time and come in a single block. Raises `ValueError` as `cells` does.
    """
    known = _distinct_lines(validated_matrix(X))
    try:
        for _ in _general(known):
            pass
    except Degenerate:
        return iter([_by_splitting(known)])
    return _general(known)


def cells(X: ArrayLike) -> Cells:
    """Every cell of {h : x_n'h = 0} once: patterns 1[X h_j >= 0] for j = 1..p, with interior unit witnesses h_j.

    X (N, d) may have repeated, parallel, opposite, zero and dependent rows. Faces of lower dimension have patterns of
    their own; the closed cells cover them, so the convex program does not need them.
    Raises `ValueError` for bad input, for more than 5e7 cells, and for cells too thin for double precision.
    """
    X = validated_matrix(X)
    bound = cover(len(lines(X)), rank(X))
    if bound > MOST_CELLS:
        raise ValueError(
            f"X has up to {bound:.3g} cells, more than {MOST_CELLS:.0e} to hold at once: go through them with "
            "`stream`, look at some with `sample`, or let lib.program.max_margin solve without them"
        )
    known = _distinct_lines(X)
    try:
        return _joined(list(_general(known)))
    except Degenerate:
        return _by_splitting(known)


def _joined(blocks: list[Cells]) -> Cells:
    packed, H, margins, N = zip(*blocks, strict=True)
    return Cells(np.concatenate(packed), np.concatenate(H), np.concatenate(margins), N[0])


def sample(X: ArrayLike, k: int, rng: np.random.Generator) -> Cells:
    """The distinct patterns among k Gaussian directions h: the practice of the field, which misses thin cells.

    A cell is found with probability 1 - (1 - a)^k, a its share of the sphere. Raises `ValueError` for
    bad input or k < 1.
    """
    X = validated_matrix(X)
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
    H = rng.standard_normal((k, X.shape[1]))
    H /= np.linalg.norm(H, axis=1, keepdims=True)
    U = _unit_rows(X)
    height = H @ U.T
    packed, first = np.unique(np.packbits(height >= 0, axis=1), axis=0, return_index=True)
    margins = np.abs(height[first][:, U.any(axis=1)]).min(axis=1, initial=1.0)
    return Cells(packed, H[first], margins, len(X))
