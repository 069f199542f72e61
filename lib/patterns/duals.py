"""Dual bases: vectors q_i with b_i'q_i > 0 and b_l'q_i = 0 for l != i, in floats and in exact integers.

The sign of x'q_i says on which side of the span of the other b_l the vector x lies. Blocks of bases are arrays with the
block last: B (r, r, M) holds the r vectors of M bases.
"""

import numpy as np

from lib.data import EPS, Array, Index
from lib.patterns.frame import Exact

WORD = 62  # bits of a machine integer that exact results may fill
FEW = 8  # minors are expanded by Laplace's rule up to this rank: r 2^r products


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


def _minors(rows: list[np.ndarray], one: np.ndarray) -> list[np.ndarray]:
    """The r minors of r-1 rows (r, M), column c left out, by expansion row after row; `one` (M,) is the empty minor."""
    r = len(rows) + 1
    forms = {0: one}
    for b in rows:
        grown: dict[int, np.ndarray] = {}
        for taken, value in forms.items():
            for c in (c for c in range(r) if not taken >> c & 1):
                term = value * b[c] * (-1) ** (taken >> c).bit_count()
                grown[taken | 1 << c] = grown.get(taken | 1 << c, 0) + term
        forms = grown
    return [forms[(1 << r) - 1 - (1 << c)] for c in range(r)]


def _by_minors(B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Adjugates (r, r, M) and determinants (M,) of B (r, r, M)."""
    r = len(B)
    Q = np.empty_like(B)
    for i in range(r):
        for c, minor in enumerate(_minors([B[l] for l in range(r) if l != i], np.ones_like(B[0, 0]))):
            Q[i, c] = (-1) ** (i + c) * minor
    return Q, (B[0] * Q[0]).sum(axis=0)


def _by_elimination(B: Exact) -> tuple[Exact, int]:
    """The dual basis of B (r, r), times its determinant up to sign, by fraction-free elimination; 0 if singular."""
    r = len(B)
    rows, previous = np.hstack([B, np.eye(r, dtype=int).astype(object)]), 1
    for k in range(r):
        pivot = next((i for i in range(k, r) if rows[i, k]), None)
        if pivot is None:
            return B, 0
        rows[[k, pivot]] = rows[[pivot, k]]
        others = np.arange(r) != k
        rows[others] = (rows[others] * rows[k, k] - np.outer(rows[others, k], rows[k])) // previous
        previous = rows[k, k]
    return rows[:, r:].T, previous


def exact_duals(Z: Exact, basis: Index, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Integer Q (r, r, M) and signs (M,) of b_i'q_i, zero for a singular basis; `bits` bounds determinants of rows Z.

    Machine integers where the bound allows, Python's otherwise.
    """
    r, M = basis.shape
    if bits + r.bit_length() <= WORD and r <= FEW:
        Q, det = _by_minors(Z[basis].astype(np.int64).transpose(0, 2, 1))
        return Q, np.sign(det)
    exact, sign = np.empty((r, r, M), dtype=object), np.zeros(M, dtype=np.int64)
    for m in range(M):
        exact[:, :, m], volume = _by_elimination(Z[basis[:, m]])
        sign[m] = (volume > 0) - (volume < 0)
    return exact, sign
