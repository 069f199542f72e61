"""Every cell of an arrangement, each found once, from the basis that names it.

Take the half x_N'h > 0; the other half are the antipodes. A cell bounded above for a generic functional f_1 has one
highest point, its summit, where r-1 hyperplanes T meet that express f_1 = sum_t mu_t x_t + mu_N x_N, and the cell lies
where mu_t x_t'h <= 0. Cells unbounded above are seen at infinity, by f_2 on a far plane f_1 = const, and so on: there
the summits are named by r-2, r-3, ..., 0 hyperplanes. So a cell of level L is named by a basis

    b = (f_L, ..., f_1, x_N, t_k, ..., t_1),    t_k > ... > t_1,    k = r-1-L,

and it contains the points sum_i sigma_i w_i q_i of the dual basis q with w_1 >> w_2 >> ... > 0; sigma_i = 1 for the
leading vectors, -sign mu_t for t of T, mu the coordinates of f_{L+1}. Hence row j has the sign, in the cell, of its
first coordinate x_j'q_i that is not zero.

In general position every T names a cell: p/2 = sum_k C(N-1, k). If more than r-1 hyperplanes meet in a summit, several
T share it, and T names a cell exactly when no row j in its span has t < j for all t that x_j depends on (T contains no
broken circuit): move the hyperplanes of the cell inwards by 0 < w_{t_1} << w_{t_2} << ...; then the highest point is a
single one, and T are the hyperplanes there.
"""

from collections.abc import Iterator
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from lib.cores import in_order
from lib.data import Array, Index
from lib.patterns.counting import cover
from lib.patterns.duals import float_duals
from lib.patterns.frame import Frame, Points, least_sine
from lib.patterns.ties import resolved

SURE = 100.0  # heights so many times above their error bound are taken as computed
MOST = 2**62
BLOCK = 400_000  # entries of the arrays of a block: they should stay in a processor's cache


@cache
def _binomials(n: int, k: int) -> NDArray[np.int64]:
    """C(0, k), ..., C(n, k), as far as they fit."""
    return np.array([min(comb(c, k), MOST) for c in range(n + 1)])


def subsets(n: int, k: int, start: int, stop: int) -> Index:
    """k-subsets of range(n), (k, stop - start), elements falling, in the order of their largest elements."""
    left = np.arange(start, stop)
    T = np.empty((k, len(left)), dtype=np.intp)
    for i in range(k, 0, -1):
        table = _binomials(n, i)
        T[k - i] = np.searchsorted(table, left, side="right") - 1
        left -= table[T[k - i]]
    return T


def bases(frame: Frame, level: int, start: int, stop: int) -> Index:
    """(f_L, ..., f_1, x_N, t_k, ..., t_1) as row numbers of the frame, (r, M)."""
    n, r = frame.n, frame.A.shape[1]
    T = subsets(n - 1, r - 1 - level, start, stop)
    lead = np.arange(n + level - 1, n - 2, -1)[:, None]
    return np.vstack([np.broadcast_to(lead, (level + 1, T.shape[1])), T])


def _heads(basis: Index) -> Index:
    """Where a basis differs from the one before it in more than the last element."""
    return np.append(0, 1 + np.flatnonzero((basis[:-1, 1:] != basis[:-1, :-1]).any(axis=0)))


def _joined(a: Points, b: Points) -> Points:
    on, H, margins = (np.concatenate(pair, axis=-1) for pair in zip(a, b, strict=True))
    return Points(on, H, margins)


def _inwards(A: Array, own: tuple[np.ndarray, np.ndarray], summit: Array, into: Array) -> tuple[Array, Array]:
    """Points (r, M) on rays from the summits into their cells, and their heights A h (n, M).

    Steps change no height by more than half: what is clearly away from all hyperplanes then was so at the summit, but
    for the hyperplanes `own` that meet there. (n, M) arrays are overwritten: they are most of the work.
    """
    height, slope = A @ summit, A @ into
    height[own] = np.inf
    closing = np.divide(slope, height)
    step = np.abs(closing, out=closing).max(axis=0)
    step = np.minimum(0.5 / step, np.linalg.norm(summit, axis=0) / (1 + np.linalg.norm(into, axis=0)))
    height[own] = 0
    slope *= step
    height += slope
    return summit + step * into, height


def points(frame: Frame, level: int, start: int, stop: int) -> Points:
    """The cells of a level named by its bases from `start` to `stop`."""
    rows = bases(frame, level, start, stop)
    own = rows[max(level, 1) :], np.arange(rows.shape[1])
    with np.errstate(all="ignore"):
        Q, error = float_duals(frame.A, rows, _heads(rows))
        mu = np.einsum("c,icm->im", frame.A[frame.n + level], Q[level + 1 :])
        sigma = np.concatenate([np.ones((level, rows.shape[1])), -np.sign(mu)])
        H, height = _inwards(frame.A[: frame.n], own, Q[0], np.einsum("im,icm->cm", sigma, Q[1:]))
        on, clear = height > 0, np.abs(height, out=height).min(axis=0)
        sure = (clear > SURE * error) & (np.abs(mu).min(axis=0, initial=np.inf) > error)
        length = np.linalg.norm(frame.scale[:, None] * H, axis=0)
        found = Points(on, H / length, least_sine(frame, height, clear) / length)
    if sure.all():
        return found
    decided = Points(on[:, sure], found.H[:, sure], found.margins[sure])
    return _joined(decided, resolved(frame, level, rows[:, ~sure]))


def _jobs(frame: Frame, size: int) -> Iterator[tuple[Frame, int, int, int]]:
    """The bases of all levels, at most `size` at a time."""
    n, r = frame.n, frame.A.shape[1]
    for level in range(r):
        number = comb(n - 1, r - 1 - level)
        for start in range(0, number, size):
            yield frame, level, start, min(start + size, number)


def halves(frame: Frame) -> Iterator[Points]:
    """Blocks of cells, one of each antipodal pair."""
    n, r = frame.n, frame.A.shape[1]
    size = max(64, BLOCK // (n + r * r))
    if cover(n, r) <= 2 * size:
        return (points(*job) for job in _jobs(frame, size))
    return in_order(points, _jobs(frame, size))
