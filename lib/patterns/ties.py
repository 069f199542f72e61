"""Bases whose signs floating point does not decide, or that share their summit with others: settled in integers."""

from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import EPS, Array, Index, Mask
from lib.patterns.duals import exact_duals
from lib.patterns.frame import FLAG_BITS, Frame, Points, on_rays
from lib.patterns.residues import primitive_row


class _Bases(NamedTuple):
    """M nonsingular bases as rows of a frame (r, M), their exact dual vectors `Q` (r, r, M), b_i'q_i > 0, and unit
    floats `D` on the rays of those."""

    rows: Index
    Q: np.ndarray
    D: Array


def _nonsingular(frame: Frame, level: int, rows: Index) -> _Bases:
    r = len(rows)
    Q, sign = exact_duals(frame.Z, rows, frame.bits + level * (FLAG_BITS + r))
    rows, Q = rows[:, sign != 0], Q[:, :, sign != 0] * sign[sign != 0]
    return _Bases(rows, Q, on_rays(Q.swapaxes(1, 2)).swapaxes(1, 2))


def _cosines(Z: np.ndarray, Q: np.ndarray) -> Array:
    """z'q / |z||q| of integer vectors, row by row: correctly signed, zero only where it is zero."""
    found = np.zeros(len(Z))
    for k, product in enumerate((Z.astype(Q.dtype) * Q).sum(axis=-1).astype(object)):
        if product:
            lengths = (sum(int(a) ** 2 for a in v) for v in (Z[k], Q[k]))
            found[k] = product / (isqrt(next(lengths) * next(lengths)) + 1)
    return found


def _coordinates(frame: Frame, bases: _Bases, i: int, open_: Mask) -> Array:
    """Cosines (n, M) of the rows with the dual vectors q_i, the open ones with their exact signs."""
    n, r = frame.n, len(bases.rows)
    C = frame.A[:n] @ bases.D[i]
    doubtful = open_ & (np.abs(C) <= 8 * r * EPS)
    for l in set(range(r)) - {i}:  # b_l'q_i = 0
        (m,) = np.nonzero(bases.rows[l] < n)
        C[bases.rows[l, m], m], doubtful[bases.rows[l, m], m] = 0, False
    j, m = np.nonzero(doubtful)
    C[j, m] = _cosines(frame.Z[j], bases.Q[i, :, m])
    return C


def _falls(frame: Frame, level: int, bases: _Bases) -> NDArray[np.int64]:
    """sigma (r, M): 1 for the leading vectors, and the directions in which f_{L+1} falls for the others."""
    r, M = bases.rows.shape
    sigma = np.ones((r, M), dtype=np.int64)
    for i in range(level + 1, r):
        mu = frame.A[frame.n + level] @ bases.D[i]
        (m,) = np.nonzero(np.abs(mu) <= 8 * r * EPS)
        f = np.broadcast_to(frame.Z[frame.n + level], (len(m), r))
        mu[m] = _cosines(f, bases.Q[i, :, m].astype(object))
        if not mu.all():
            raise ArithmeticError("the random flag meets a flat of the arrangement")
        sigma[i] = -np.sign(mu)
    return sigma


def _rise(height: Array, slope: Array) -> Array:
    """Steps of at most 1 that take no height more than half-way to zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        closing = np.where(height != 0, -slope / height, 0.0).max(axis=0)
        return np.minimum(np.where(closing > 0, 0.5 / closing, 1.0), 1.0)


def _verified(frame: Frame, on: Mask, H: Array) -> Points:
    """The points, or where they are lost (duals of nearly parallel rows cancel) the sums of the rows on their sides."""
    found = _measured(frame, on, H)
    lost = np.flatnonzero(found.margins == 0)
    again = _measured(frame, on[:, lost], frame.A[: frame.n].T @ np.where(on[:, lost], 1.0, -1.0))
    better = again.margins > 0
    found.H[:, lost[better]], found.margins[lost[better]] = again.H[:, better], again.margins[better]
    return found


def _measured(frame: Frame, on: Mask, H: Array) -> Points:
    """The points at unit length, rounded; margin zero where, exactly, a point is then not inside its cell."""
    lengths = np.linalg.norm(frame.scale[:, None] * H, axis=0)
    H = np.where(lengths > 0, H / np.where(lengths > 0, lengths, 1.0), np.eye(len(H), 1))
    heights = frame.A[: frame.n] @ H
    lengths = np.linalg.norm(H, axis=0)
    j, m = np.nonzero(np.abs(heights) <= 8 * len(H) * EPS * lengths)
    exact = np.array([primitive_row(h) for h in H[:, m].T], dtype=object).reshape(len(m), len(H))
    heights[j, m] = _cosines(frame.Z[j], exact) * lengths[m]
    inside = ((heights > 0) == on).all(axis=0) & (heights != 0).all(axis=0)
    return Points(on, H, np.where(inside, (frame.reach[:, None] * np.abs(heights)).min(axis=0), 0.0))


def resolved(frame: Frame, level: int, rows: Index) -> Points:
    """The cells named by bases of a level, rows (r, M) of the frame, decided exactly; some bases name none.

    Row j is open until a coordinate of it is not zero. A basis with a row j that is decided by a t < j of T has a
    broken circuit.
    """
    bases = _nonsingular(frame, level, rows)
    sigma = _falls(frame, level, bases)
    r, M = bases.rows.shape
    number = np.arange(frame.n)[:, None]
    height, H, names = np.zeros((frame.n, M)), np.zeros((r, M)), np.ones(M, dtype=bool)
    for i in range(r):
        C = _coordinates(frame, bases, i, height == 0)
        if i > level:
            names &= ~((height == 0) & (C != 0) & (number > bases.rows[i])).any(axis=0)
        step = _rise(height, sigma[i] * C)
        height += step * sigma[i] * C
        H += step * sigma[i] * bases.D[i]
    return _verified(frame, height[:, names] > 0, H[:, names])
