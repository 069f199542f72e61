"""The activation patterns of a data set: every cell of {h : x_n'h = 0} once, with a point inside it."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.data import Array, validated_matrix
from lib.patterns.bottom import Degenerate, witnesses
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


def _full_rank(X: Array) -> tuple[Array, Array]:
    """One unit row for each distinct line of X, in r = rank X coordinates (n, r), and their basis (r, d)."""
    A = _unit_rows(X)[list(lines(X).values())]
    basis = np.linalg.svd(A, full_matrices=False)[2][: rank(X)]
    A = A @ basis.T
    return A / np.linalg.norm(A, axis=1, keepdims=True), basis


def _all(A: Array) -> Iterator[Array]:
    """Witnesses of all cells of A (n, r) in blocks, antipodes beside each other.

    Whether A is in general position is found out by a first pass, which raises at the first suspect vertex.
    """
    if len(A) == 0:
        yield np.ones((1, A.shape[1]))
        return
    try:
        for _ in witnesses(A):
            pass
    except Degenerate:
        yield split(A).H
        return
    yield from (np.vstack([H, -H]) for H in witnesses(A))


def _as_cells(U: Array, H: Array) -> Cells:
    """Patterns of unit rows U at unit witnesses H; a zero row of U is on everywhere and has no margin."""
    height = H @ U.T
    margins = np.abs(height[:, U.any(axis=1)]).min(axis=1, initial=1.0)
    if margins.min(initial=1.0) < THIN:
        raise ValueError(
            f"X has cells thinner than {THIN:g}, in which no double-precision point lies safely: some rows "
            "nearly depend on each other. Round X (or enter integers) so that they depend exactly, or use `sample`"
        )
    return Cells(np.packbits(height >= 0, axis=1), H, margins, len(U))


def stream(X: ArrayLike) -> Iterator[Cells]:
    """The cells of X in blocks: every cell once, none held longer than its block.

    Data in general position are enumerated from bottom vertices, others by adding rows one at a time (all their
    cells are held). Raises `ValueError` for bad input, and for cells too thin for double precision.
    """
    X = validated_matrix(X)
    A, basis = _full_rank(X)
    U = _unit_rows(X)
    return (_as_cells(U, H @ basis) for H in _all(A)) if len(A) else iter([_as_cells(U, np.eye(1, X.shape[1]))])


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
    return _joined(list(stream(X)))


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
