"""The hyperplanes of an arrangement in coordinates fit for work: distinct, of full rank, in floats and in integers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr

from lib.data import Array, Index, Mask
from lib.patterns.counting import pivots
from lib.patterns.residues import Lines, hadamard_bits, primes, residues

Exact = NDArray[np.object_]  # Python's integers

SPREAD = 40  # columns whose magnitudes differ by more than 2^SPREAD are brought together by powers of two
FLAG_BITS = 50  # integers of this size avoid a given hyperplane but for a probability of about 2^-FLAG_BITS


class Frame(NamedTuple):
    """n hyperplanes of rank r, then r generic functionals f_1, f_2, ... (the flag), as rows.

    `A` (n+r, r) are unit float rows, `Z` integer rows on the same rays; determinants of the first n are below 2^`bits`.
    A point h of these coordinates is the point of R^d with the entries `scale` * h in `columns` and zeros elsewhere;
    its angle to hyperplane j has the sine `reach`_j |A_j'h| / |scale * h|.
    """

    n: int
    A: Array
    Z: Exact
    bits: int
    columns: Index
    scale: Array
    reach: Array


def on_rays(Z: np.ndarray) -> Array:
    """Unit float vectors on the rays of integer ones of any size, along the last axis."""
    if Z.dtype != object:
        return Z / np.linalg.norm(Z.astype(float), axis=-1, keepdims=True)
    bits = np.array([int(z).bit_length() for z in Z.ravel()]).reshape(Z.shape).max(axis=-1, keepdims=True)
    A = (Z / 2 ** bits.astype(object)).astype(float)
    return A / np.linalg.norm(A, axis=-1, keepdims=True)


def _independent_columns(Z: Exact, A: Array, r: int) -> Index:
    """r columns of full rank, long ones first. Columns that are independent modulo a prime are independent."""
    if r == Z.shape[1]:
        return np.arange(r)
    order = qr(A, mode="r", pivoting=True)[1]
    columns = [tuple(column) for column in Z[:, order].T]
    tried = (pivots(residues(columns, [p]), np.array([[[p]]]))[1] for p in primes())
    return np.sort(order[next(found for found in tried if len(found) == r)])


def _shifts(A: Array) -> NDArray[np.int64]:
    """Powers of two that bring the columns to one magnitude; none where they are close enough as they are."""
    size = np.frexp(np.abs(A).max(axis=0))[1].astype(np.int64)
    return size.max() - size if np.ptp(size) > SPREAD else np.zeros_like(size)


def framed(known: Lines, r: int, rng: np.random.Generator) -> Frame:
    """The distinct lines of a matrix of rank r >= 1, with a random flag."""
    whole = np.array(known.rows, dtype=object)
    A = on_rays(whole)
    columns = _independent_columns(whole, A, r)
    shifts = _shifts(on_rays(whole[:, columns]))
    scale = np.ldexp(1.0, (shifts - shifts.max()).astype(np.int32))
    reach = np.linalg.norm(A[:, columns] * scale, axis=1) if r < A.shape[1] or shifts.any() else np.ones(len(A))
    flag = rng.integers(-(2**FLAG_BITS), 2**FLAG_BITS, (r, r)).astype(object)
    Z = np.vstack([whole[:, columns] * 2 ** shifts.astype(object), flag])
    bits = hadamard_bits([tuple(row) for row in Z[: len(whole)]], r)
    return Frame(len(whole), on_rays(Z), Z, bits, columns, scale, reach)


class Points(NamedTuple):
    """Cells as columns: sides `on` (n, M) of the hyperplanes, witnesses `H` (r, M), |scale * h| = 1, `margins` (M,)."""

    on: Mask
    H: Array
    margins: Array


def least_sine(frame: Frame, heights: Array, least: Array) -> Array:
    """min_j `reach`_j heights_j of (n, M), where `least` = min_j heights_j is known: the same in most frames."""
    return least if (frame.reach == 1).all() else (frame.reach[:, None] * heights).min(axis=0)
