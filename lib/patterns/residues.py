"""Rows of a matrix as exact integers, and the same rows modulo several primes at once.

Every float is a dyadic rational and row scaling changes no hyperplane, so the rows can be taken as primitive integer
vectors. A determinant of r of them is below Hadamard's bound B; modulo primes whose product exceeds 2 B it is zero
exactly when all its residues are. So linear dependence among at most r rows is decided exactly by residues.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, isqrt, lcm

import numpy as np
from numpy.typing import NDArray

from lib.data import Array

Integers = NDArray[np.int64]  # residues below 2^31: products fit into 64 bits


def primitive_row(row: Array) -> tuple[int, ...]:
    """The shortest integer vector on the ray of a float row; the zero row stays zero."""
    exact = [Fraction(value) for value in row.tolist()]
    common = lcm(*(value.denominator for value in exact))
    whole = [int(value * common) for value in exact]
    divisor = gcd(*whole)
    return tuple(value // divisor for value in whole) if divisor else tuple(whole)


def lines(X: Array) -> dict[tuple[int, ...], int]:
    """The distinct lines spanned by the nonzero rows, and the first row on each.

    A line is named by its primitive integer vector with a positive first nonzero entry.
    """
    found: dict[tuple[int, ...], int] = {}
    for n, row in enumerate(X):
        v = primitive_row(row)
        first = next((value for value in v if value), 0)
        if first:
            found.setdefault(v if first > 0 else tuple(-value for value in v), n)
    return found


def hadamard_bits(rows: list[tuple[int, ...]], r: int) -> int:
    """B <= 2^bits for every r x r minor: the product of the r longest rows."""
    lengths = sorted((sum(value * value for value in row).bit_length() + 1) // 2 for row in rows)
    return sum(lengths[-r:]) + 1


def primes_below(start: int) -> Iterator[int]:
    """Primes in decreasing order from `start` < 2^31, by trial division."""
    odd = np.arange(3, isqrt(start) + 1, 2)
    return (p for p in range(start, 2, -1) if p % 2 and (p % odd[odd * odd <= p]).all())


def residues(rows: list[tuple[int, ...]], primes: list[int]) -> Integers:
    """(K, n, d) residues of n integer rows modulo K primes."""
    return np.array([[[value % p for value in row] for row in rows] for p in primes], dtype=np.int64)


def inverse(a: Integers, p: Integers) -> Integers:
    """a^(p-2) = 1/a modulo p by repeated squaring (0 stays 0); p broadcasts against a."""
    result, base, exponent = np.ones_like(a), a % p, p - 2
    while exponent.any():
        result = np.where(exponent & 1, result * base % p, result)
        base, exponent = base * base % p, exponent >> 1
    return result
