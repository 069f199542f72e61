"""Rows of a matrix as exact integers, and the same rows modulo several primes at once.

Every float is a dyadic rational and row scaling changes no hyperplane, so the rows can be taken as primitive integer
vectors. A determinant of r of them is below Hadamard's bound B; modulo primes whose product exceeds 2 B it is zero
exactly when all its residues are. So linear dependence among at most r rows is decided exactly by residues.
"""

from collections.abc import Iterator
from functools import cache
from math import gcd, isqrt, lcm
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import Array, Index

Integers = NDArray[np.int64]  # residues below 2^31: products fit into 64 bits
Row = tuple[int, ...]


def primitive_row(row: Array) -> Row:
    """The shortest integer vector on the ray of a float row; the zero row stays zero."""
    exact = [value.as_integer_ratio() for value in row.tolist()]
    common = lcm(*(below for _, below in exact))
    whole = [above * (common // below) for above, below in exact]
    divisor = gcd(*whole)
    return tuple(value // divisor for value in whole) if divisor else tuple(whole)


class Lines(NamedTuple):
    """The distinct lines spanned by the nonzero rows of a matrix: primitive integer vectors `rows`, as first met.

    Row k of the matrix is a positive multiple of `sign`_k times line `which`_k; a zero row has sign 0.
    """

    rows: list[Row]
    which: Index
    sign: NDArray[np.int8]


def lines(X: Array) -> Lines:
    found: dict[Row, int] = {}
    which, sign = np.zeros(len(X), dtype=np.intp), np.zeros(len(X), dtype=np.int8)
    for n, v in enumerate(map(primitive_row, X)):
        opposite = tuple(-value for value in v)
        if v == opposite:
            continue
        sign[n] = -1 if opposite in found else 1
        which[n] = found[opposite] if opposite in found else found.setdefault(v, len(found))
    return Lines(list(found), which, sign)


def hadamard_bits(rows: list[Row], r: int) -> int:
    """B <= 2^bits for every r x r minor: the product of the r longest rows."""
    lengths = sorted((sum(value * value for value in row).bit_length() + 1) // 2 for row in rows)
    return sum(lengths[-r:]) + 1


@cache
def _prime_up_to(n: int) -> int:
    """The largest odd prime <= n < 2^31, by trial division."""
    odd = np.arange(3, isqrt(n) + 1, 2)
    return next(p for p in range(n - 1 + n % 2, 2, -2) if (p % odd[odd * odd <= p]).all())


def primes() -> Iterator[int]:
    """The primes below 2^31, from the largest, 2^31 - 1, downwards."""
    p = 2**31 - 1
    while True:
        yield (p := _prime_up_to(p))
        p -= 2


def residues(rows: list[Row], primes: list[int]) -> Integers:
    """(K, n, d) residues of n integer rows modulo K primes."""
    return np.array([[[value % p for value in row] for row in rows] for p in primes], dtype=np.int64)


def _power(a: Integers, exponent: Integers, p: Integers) -> Integers:
    result = np.ones_like(a)
    while exponent.any():
        result = np.where(exponent & 1, result * a % p, result)
        a, exponent = a * a % p, exponent >> 1
    return result


def inverse(a: Integers, p: Integers) -> Integers:
    """1/a modulo p along the last axis of a (0 stays 0); p broadcasts against a.

    One inverse serves two entries, 1/a = b / (a b), so that nearly all of the work is three products an entry.
    """
    m = a.shape[-1]
    if m < 16:
        return _power(a % p, p - 2, p)
    nonzero = a != 0
    a = np.where(nonzero, a, 1)
    left, right = a[..., : m // 2], a[..., m // 2 : 2 * (m // 2)]
    both = inverse(left * right % p, p)
    rest = _power(a[..., 2 * (m // 2) :], p - 2, p)
    return np.where(nonzero, np.concatenate([right * both % p, left * both % p, rest], axis=-1), 0)
