"""Every cell of any arrangement, by adding its hyperplanes one at a time (deletion and restriction).

The hyperplane H_n cuts those cells of the earlier rows whose pattern is also the pattern of a cell of the arrangement
that they induce on H_n. So patterns are compared, and no linear program is solved; the induced arrangement is found by
the same method in one dimension less.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import Array
from lib.patterns.bottom import rotation

SAME = 1e-10  # unit vectors closer than this, up to sign, span the same line


class Split(NamedTuple):
    """Patterns (p, n) and interior unit vectors H (p, r) of all cells."""

    patterns: NDArray[np.bool_]
    H: Array


def _sectors(A: Array) -> Split:
    """Rank 2: the bisectors of neighbouring lines, around the circle."""
    angles = np.sort(np.arctan2(A[:, 0], -A[:, 1]) % np.pi)
    edges = np.concatenate([angles, angles + np.pi, angles[:1] + 2 * np.pi])
    middle = (edges[:-1] + edges[1:]) / 2
    H = np.column_stack([np.cos(middle), np.sin(middle)])
    return Split(H @ A.T > 0, H)


def _lines(A: Array) -> tuple[Array, NDArray[np.intp], NDArray[np.bool_]]:
    """Distinct lines among unit rows, which of them each row is, and whether it points the same way."""
    kept: list[int] = []
    which, same = np.zeros(len(A), dtype=np.intp), np.ones(len(A), dtype=bool)
    for n, a in enumerate(A):
        along = A[kept] @ a
        near = np.linalg.norm(a - np.sign(along)[:, None] * A[kept], axis=1) < SAME
        if near.any():
            which[n], same[n] = near.argmax(), along[near.argmax()] > 0
        else:
            which[n] = len(kept)
            kept.append(n)
    return A[kept], which, same


def _keys(patterns: NDArray[np.bool_]) -> NDArray[np.void]:
    packed = np.ascontiguousarray(np.packbits(patterns, axis=1))
    return packed.view(np.dtype((np.void, packed.shape[1]))).ravel()


def _on(A: Array, a: Array) -> Split:
    """The cells that unit rows A, none parallel to a, induce on the hyperplane of a; H in the coordinates of A."""
    basis = rotation(a)[:, :-1]
    induced = A @ basis
    induced /= np.linalg.norm(induced, axis=1, keepdims=True)
    distinct, which, same = _lines(induced)
    inner = split(distinct)
    return Split(inner.patterns[:, which] == same, inner.H @ basis.T)


def _insert(old: Split, A: Array, a: Array) -> Split:
    """The cells of rows A and a from those of A."""
    wall = _on(A, a)
    cut = np.isin(_keys(old.patterns), _keys(wall.patterns))
    # from the wall both ways, half as far as the nearest earlier hyperplane allows
    with np.errstate(divide="ignore"):
        step = (np.abs(wall.H @ A.T) / np.abs(A @ a)).min(axis=1) / 2
    step = np.minimum(step, 1.0)[:, None] * a
    H = np.vstack([old.H[~cut], wall.H + step, wall.H - step])
    patterns = np.vstack([old.patterns[~cut], wall.patterns, wall.patterns])
    side = np.concatenate([old.H[~cut] @ a > 0, np.ones(len(wall.H), bool), np.zeros(len(wall.H), bool)])
    return Split(np.column_stack([patterns, side]), H / np.linalg.norm(H, axis=1, keepdims=True))


def split(A: Array) -> Split:
    """All cells of distinct unit rows A (n, r), n >= 1."""
    n, r = A.shape
    if r == 1:
        return Split((A @ np.array([[1.0, -1.0]])).T > 0, np.array([[1.0], [-1.0]]))
    if r == 2:
        return _sectors(A)
    found = Split(np.array([[True], [False]]), np.vstack([A[0], -A[0]]))
    for k in range(1, n):
        found = _insert(found, A[:k], A[k])
    return found
