"""Dual bases: vectors q_i with b_i'q_i > 0 and b_l'q_i = 0 for l != i, in floats and in exact integers.

The sign of x'q_i says on which side of the span of the other b_l the vector x lies. Blocks of bases are arrays with the
block last: B (r, r, M) holds the r vectors of M bases.
"""

import numpy as np

from lib.data import EPS, Array, Index
from lib.patterns.frame import Exact

WORD = 62  # bits of a machine integer that exact results may fill


def inverses(B: Array) -> Array:
    """Inverses of (M, r, r); not a number where the matrix is singular in floating point."""
    found = np.full_like(B, np.nan)
    try:
        found[:] = np.linalg.inv(B)
    except np.linalg.LinAlgError:
        regular = np.linalg.det(B) != 0
        found[regular] = np.linalg.inv(B[regular])
    return found


def float_duals(A: Array, basis: Index, heads: Index) -> tuple[Array, Array]:
    """Q (r, r, M), scaled so that b_i'q_i = 1, for the bases of unit rows A[basis], basis (r, M); and a bound (M,) on
    the rounding errors of x'q_i, |x| = 1.

    Bases differ in their last element only, from each of the positions `heads` to the next. Each such run is inverted
    once, with the normal of the others in the last place, and the last elements are exchanged for it.
    """
    r, M = basis.shape
    B = A[basis[:, heads].T]
    B[:, -1] = np.random.default_rng(r).standard_normal(r)
    normal = inverses(B)[:, :, -1]  # orthogonal to the others: the best conditioned last vector
    B[:, -1] = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    W = inverses(B).transpose(2, 1, 0)
    run = np.repeat(np.arange(len(heads)), np.diff(heads, append=M))
    before = np.sqrt((W**2).sum(axis=(0, 1)))[run]
    Q, last = W[:, :, run], A[basis[-1]].T
    Q[-1] /= (last * Q[-1]).sum(axis=0)
    Q[:-1] -= np.einsum("cm,icm->im", last, Q[:-1])[:, None] * Q[-1]
    size = np.sqrt((Q**2).sum(axis=(0, 1)))
    return Q, 8 * r * EPS * before * size * (before + size)


def exact_duals(Z: Exact, basis: Index, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Integer Q (r, r, M) and signs (M,) of b_i'q_i, zero for a singular basis; `bits` bounds determinants of rows Z.

    Fraction-free elimination (Bareiss) of all bases at once: entries are minors of (B, I), so products of two must fit.
    Machine integers where they do, Python's otherwise. Without a pivot the rows that are left vanish, and so does b'q.
    """
    r, M = basis.shape
    B = Z[basis.T].astype(np.int64 if 2 * bits + 1 <= WORD else object)
    rows = np.concatenate([B, np.broadcast_to(np.eye(r, dtype=int).astype(B.dtype), B.shape)], axis=2)
    every, previous = np.arange(M), np.ones(M, dtype=B.dtype)
    for k in range(r):
        pivot, others = k + (rows[:, k:, k] != 0).argmax(axis=1), np.arange(r) != k
        rows[every, k], rows[every, pivot] = rows[every, pivot], rows[every, k]
        lead = rows[:, k, k]
        cross = rows[:, others] * lead[:, None, None] - rows[:, others, k, None] * rows[:, k, None]
        rows[:, others] = cross // np.where(previous == 0, 1, previous)[:, None, None]
        previous = lead
    return rows[:, :, r:].transpose(2, 1, 0), np.sign(previous).astype(np.int64)
