"""The number of cells, exactly and without enumerating them, for any data.

Adding the hyperplane H_n to an arrangement cuts as many cells as the earlier hyperplanes cut H_n into
(deletion and restriction; Zaslavsky 1975, Winder 1966):

    p(x_1..x_N) = 1 + sum_n p(x_1..x_{n-1} restricted to H_n),        p = 2 #lines in rank 2.

The restriction to H_n replaces rows by their classes modulo x_n. In rank r that is about C(N, r-2) problems of rank 2.
"""

from itertools import islice
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from lib.data import validated_matrix
from lib.patterns.residues import Integers, Row, hadamard_bits, inverse, lines, primes, residues

MOST_PLANES = 2_000_000  # problems of rank 2 that `count` is willing to look at


class UnluckyPrime(ArithmeticError):
    """A nonzero integer vanished modulo one of the primes: the count is begun again with others."""


def cover(N: int, r: int) -> int:
    """2 sum_{k < r} C(N-1, k): the cells of N hyperplanes of rank r in general position. Source: thm-patterns-cover."""
    if N < 0 or r < 0:
        raise ValueError(f"N and r must not be negative; got N={N}, r={r}")
    return 2 * sum(comb(N - 1, k) for k in range(r)) if N and r else 1


def _everywhere(nonzero: np.ndarray) -> np.ndarray:
    """Entries that vanish modulo no prime; an entry that vanishes modulo some primes only is unlucky."""
    if (nonzero.any(axis=0) != nonzero.all(axis=0)).any():
        raise UnluckyPrime
    return nonzero[0]


def _canonical(V: Integers, p: Integers) -> Integers:
    """Rows (K, ..., n, d) scaled so that the first nonzero entry is 1: equal exactly when they span the same line."""
    nonzero = _everywhere(V != 0)
    first = nonzero.argmax(axis=-1)
    lead = np.take_along_axis(V, np.broadcast_to(first[None, ..., None], (*V.shape[:-1], 1)), axis=-1)
    return V * inverse(lead, p) % p


def _distinct(V: Integers, p: Integers) -> Integers:
    """One canonical row for each line among the rows of V (K, n, d), in order of appearance; zero rows vanish."""
    V = _canonical(V, p)
    V = V[:, (V[0] != 0).any(axis=-1)]
    if V.shape[1] == 0:
        return V
    _, first = np.unique(V.transpose(1, 0, 2).reshape(V.shape[1], -1), axis=0, return_index=True)
    return V[:, np.sort(first)]


def _modulo(V: Integers, n: int, p: Integers) -> Integers:
    """Rows before n modulo row n, in coordinates that leave out the first nonzero one of the canonical row n."""
    k = int((V[0, n] != 0).argmax())
    W = (V[:, :n] - V[:, :n, k, None] * V[:, n, None, :]) % p
    return np.delete(W, k, axis=2)


def _pairs(V: Integers, p: Integers) -> int:
    """p in rank at most 3: 1 + sum_n 2 #{lines x_l modulo x_n, l < n}, all n together.

    In three coordinates the class of x_l modulo x_n is named by the cross product x_l x x_n.
    """
    n = V.shape[1]
    a, b = V[:, :, None, :], V[:, None, :, :]
    cross = [a[..., i] * b[..., j] % p - a[..., j] * b[..., i] % p for i, j in ((1, 2), (2, 0), (0, 1))]
    C = _canonical(np.stack(cross, axis=-1) % p[..., None], p[..., None])
    earlier = np.tri(n, k=-1, dtype=bool)[None, :, :, None]  # row n of the table holds the classes of x_l, l < n
    keys = np.where(earlier, C.transpose(0, 2, 1, 3), -1).transpose(1, 2, 0, 3).reshape(n, n, -1)
    order = np.lexsort(keys.transpose(2, 0, 1), axis=-1)
    keys = np.take_along_axis(keys, order[..., None], axis=1)
    new = np.append(np.ones((n, 1), dtype=bool), (keys[:, 1:] != keys[:, :-1]).any(axis=-1), axis=1)
    number = (new & (keys[..., 0] >= 0) & (keys != 0).any(axis=-1)).sum(axis=1)
    return 1 + int(np.where(number > 0, 2 * number, 1).sum())


def _cells(V: Integers, p: Integers) -> int:
    """The number of cells of the arrangement of distinct canonical rows V (K, n, d), d at least 1."""
    n, d = V.shape[1:]
    if n == 0 or d == 1:
        return 2 if n else 1
    if d == 2:
        return 2 * n
    if d == 3:
        return _pairs(V, p)
    return 1 + sum(_cells(_distinct(_modulo(V, k, p), p), p) for k in range(n))


def pivots(V: Integers, p: Integers) -> tuple[Integers, list[int]]:
    """The rows in r coordinates, r their rank (the column echelon form without its zero columns), and the first r
    independent rows."""
    V, found = V.copy(), list[int]()
    for row in range(V.shape[1]):
        column = len(found)
        nonzero = _everywhere(V[:, row, column:] != 0)
        if not nonzero.any():
            continue
        k = column + int(nonzero.argmax())
        V[:, :, [column, k]] = V[:, :, [k, column]]
        pivot = V[:, :, column] * inverse(V[:, row, column, None], p[..., 0]) % p[..., 0]
        V[:, :, column + 1 :] = (V[:, :, column + 1 :] - pivot[..., None] * V[:, row, None, column + 1 :]) % p
        found.append(row)
    return V[:, :, : len(found)], found


def _count_modulo(rows: list[Row], several: list[int]) -> int:
    """At most the true count, since a dependence may appear modulo a prime; equal to it if the primes are enough."""
    p = np.array(several, dtype=np.int64)[:, None, None]
    return _cells(_distinct(pivots(residues(rows, several), p)[0], p), p)


def _lucky(rows: list[Row], number: int) -> int:
    source = primes()
    while True:
        try:
            return _count_modulo(rows, list(islice(source, number)))
        except UnluckyPrime:
            continue


def _rank_modulo(rows: list[Row], number: int) -> int:
    some = list(islice(primes(), number))
    return len(pivots(residues(rows, some), np.array(some, dtype=np.int64)[:, None, None])[1])


def rank_of(rows: list[Row]) -> int:
    """The rank of integer rows: a prime may lower it, so one prime is enough where it finds full rank."""
    most = min(len(rows), len(rows[0])) if rows else 0
    if most == 0 or _rank_modulo(rows, 1) == most:
        return most
    return _rank_modulo(rows, 1 + hadamard_bits(rows, len(rows[0])) // 30)


def rank(X: ArrayLike) -> int:
    """The exact rank of X, floats taken as the rationals they are."""
    return rank_of(lines(validated_matrix(X)).rows)


def count(X: ArrayLike) -> int:
    """p = |chi(-1)|: the number of cells of the arrangement {h : x_n'h = 0}, exactly, for any data.

    Floats are the rationals they are; zero rows bound nothing and parallel rows count once. One prime is enough
    when the result is Cover's number, since residues only add dependences; otherwise Hadamard's bound says how many.
    Raises `ValueError` for bad input, and where C(N, r-2) is beyond reach. Source: thm-patterns-deletion.
    """
    rows = lines(validated_matrix(X)).rows
    r = rank_of(rows)
    if r > 2 and comb(len(rows), r - 2) > MOST_PLANES:
        raise ValueError(
            f"X has {len(rows)} distinct hyperplanes in rank {r}: an exact count would visit "
            f"{comb(len(rows), r - 2):.1e} planes. cover({len(rows)}, {r}) is an upper bound, exact in general position"
        )
    bound = cover(len(rows), r)
    if len(rows) == 0 or _lucky(rows, 1) == bound:
        return bound
    return _lucky(rows, 1 + (hadamard_bits(rows, len(rows[0])) + 1) // 30)
