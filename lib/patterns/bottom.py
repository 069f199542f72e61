"""Every cell of an arrangement in general position, each found once from its bottom vertex.

Put the last row at infinity: the cells with x_N'h > 0 are the cells of an affine arrangement of n = N-1 hyperplanes in
dimension k = r-1. A cell that is bounded below, for a generic linear functional, has one lowest vertex, where k of the
hyperplanes meet, and each k-subset is the bottom of one cell. The cells unbounded below are seen at infinity, in an
arrangement of dimension k-1. So the subsets of size k, k-1, ..., 0 name the cells, p/2 = sum_k C(n, k) of them: no
linear program, no search, no comparison of patterns. The other half are the antipodes.
"""

from collections.abc import Iterator
from itertools import chain, combinations, islice
from typing import NamedTuple

import numpy as np

from lib.data import Array

NEAR = 1e-9  # relative distance below which a vertex is suspected to lie on one hyperplane too many
BLOCK = 4_000_000  # entries of the largest array of a block


class Degenerate(ArithmeticError):
    """A vertex lies (nearly) on more hyperplanes than its rank: the rows are not in general position."""


def _subsets(n: int, k: int, block: int) -> Iterator[np.ndarray]:
    """The k-subsets of range(n), (at most block, k) at a time."""
    every = combinations(range(n), k)
    while True:
        flat = np.fromiter(chain.from_iterable(islice(every, block)), dtype=np.int64)
        if flat.size == 0:
            return
        yield flat.reshape(-1, k)


def rotation(axis: Array) -> Array:
    """An orthogonal matrix whose last column is the unit vector `axis`."""
    Q = np.linalg.qr(np.column_stack([axis, np.eye(len(axis))]))[0]
    return np.column_stack([Q[:, 1:], axis])


class Points(NamedTuple):
    """Unit vectors `H` (p, r) inside cells, and `height` (p, n) = H A' above the n unit rows A."""

    H: Array
    height: Array


def _unit(points: Points) -> Points:
    length = np.linalg.norm(points.H, axis=1, keepdims=True)
    return Points(points.H / length, points.height / length)


def _bottoms(A: Array, functional: Array, T: np.ndarray) -> Points:
    """Points (z, 1) inside the cells whose bottom vertices are the meets of the subsets T of the rows A (n, k+1)."""
    k = T.shape[1]
    B, c = A[T][:, :, :k], A[T][:, :, k]
    with np.errstate(all="ignore"):
        try:
            inverse = np.linalg.inv(B)
        except np.linalg.LinAlgError as error:
            raise Degenerate from error
        z = -np.einsum("tij,tj->ti", inverse, c)
        # the functional rises from the vertex into the cell: it is a positive combination of s_i b_i
        s = np.sign(np.einsum("tij,i->tj", inverse, functional))
        into = np.einsum("tij,tj->ti", inverse, s * np.linalg.norm(B, axis=2))
        slack, slope = z @ A[:, :k].T + A[:, k], into @ A[:, :k].T
        length = np.sqrt((z**2).sum(axis=1) + 1)
        np.put_along_axis(slack, T, np.inf, axis=1)
        if not (np.abs(slack).min(axis=1, initial=np.inf) > NEAR * length).all() or not np.isfinite(into).all():
            raise Degenerate
        # the ray leaves through the row with the largest rate of closing, -slope / slack
        closing = np.divide(slope, slack).min(axis=1, initial=0.0)
    step = 1 / np.maximum(-2 * closing, np.linalg.norm(into, axis=1) / length)
    np.put_along_axis(slack, T, 0.0, axis=1)
    return Points(np.column_stack([z + step[:, None] * into, np.ones(len(T))]), slack + step[:, None] * slope)


def _from_infinity(A: Array, far: Array) -> Array:
    """Points (z, e), e > 0 small, on the rays `far`: where x'(z, 0) outweighs the offset for every row."""
    if len(A) == 0:
        return np.column_stack([far, np.ones(len(far))])
    return np.column_stack([far, (np.abs(far @ A[:, :-1].T) / np.maximum(np.abs(A[:, -1]), NEAR)).min(axis=1) / 2])


def upper_half(A: Array, rng: np.random.Generator) -> Iterator[Points]:
    """Points inside all cells of the rows A (n, k+1) whose last coordinate is positive."""
    n, k = A.shape[0], A.shape[1] - 1
    if k == 0:
        yield Points(np.ones((1, 1)), A.T)
        return
    down = rng.standard_normal(k)
    down /= np.linalg.norm(down)
    for T in _subsets(n, k, max(1, BLOCK // max(n, k * k))):
        yield _unit(_bottoms(A, -down, T))
    turn = rotation(down)
    infinity = A[:, :k] @ turn
    infinity /= np.linalg.norm(infinity, axis=1, keepdims=True)
    for far in upper_half(infinity, rng):
        H = _from_infinity(A, far.H @ turn.T)
        yield _unit(Points(H, H @ A.T))


def witnesses(A: Array) -> Iterator[Points]:
    """Blocks of points, one for each pair of antipodal cells, of unit rows A (n, r) that span R^r.

    Raises `Degenerate` if the rows are not, to working accuracy, in general position.
    """
    turn = rotation(A[-1])
    for H, height in upper_half(A[:-1] @ turn, np.random.default_rng(0)):
        yield Points(H @ turn.T, np.column_stack([height, H[:, -1]]))
