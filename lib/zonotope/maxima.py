"""All local maxima of +-lam'(Xu)_+ on the sphere, and all critical directions of the early flow.

A direction of sign s moves by du/dt = s (I - uu') g with g = sum_n C_n lam_n x_n, where the Clarke coefficient C_n is 1
for x_n'u > 0, 0 for x_n'u < 0 and anything in [0,1] on the kink x_n'u = 0. It can rest, with positive growth, where

    s sum_n C_n lam_n x_n = v u        for some such C,        v = s lam'(Xu)_+ > 0.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, Mask, validated_dual
from lib.patterns import cells
from lib.results import result
from lib.zonotope.ascent import Columns, peaks_of_a, ranked
from lib.zonotope.kinks import KINK, clarke
from lib.zonotope.projection import CHUNK, nearest
from lib.zonotope.support import Zonotopes, growth, unit, zonotopes

NEGLIGIBLE = 1e-11  # of sum |lam_n| ||x_n||: in the cells of rows with less, maxima drown in the rounding of the others


@result
class Maxima(NamedTuple):
    """Local maxima, highest first: `values` (n,), unit `U` (n, d), signs `s` (n,), Clarke coefficients `C` (n, N)."""

    values: Array
    U: Array
    s: Array
    C: Array


@result
class Extremal(NamedTuple):
    """Critical directions, highest first: fields as in `Maxima`; `stable` (n,) where they are local maxima."""

    values: Array
    U: Array
    s: Array
    C: Array
    stable: Mask


def _clarke(X: Array, lam: Array, u: Array, s: float) -> tuple[Array, float]:
    """C that brings s sum C_n lam_n x_n nearest to v u, and what is missing, as a share of sum |lam| ||x||."""
    C, rest = clarke(X, s * lam, u, growth(X, lam, u, s) * u)
    return C, float(np.linalg.norm(rest) / (np.abs(lam) @ np.linalg.norm(X, axis=1)))


class _Side(NamedTuple):
    """One side, the patterns (p, k) of all cells of the generators of Z_A, and its sign."""

    pair: Zonotopes
    cells: Mask
    s: float


def _sides(X: Array, lam: Array) -> list[_Side]:
    """Both sides, of rows with a share. Cells are found from them as given, where exact dependences are still exact."""
    share = np.abs(lam) * np.linalg.norm(X, axis=1)
    lam = np.where(share > NEGLIGIBLE * share.sum(), lam, 0.0)
    pair = zonotopes(X, lam)
    found = []
    for s, side in ((1.0, pair), (-1.0, pair.swapped)):
        rows = X[s * lam > 0]
        witnesses = cells(rows).H if len(side.A) else np.zeros((0, X.shape[1]))
        found.append(_Side(side, witnesses @ (side.A @ side.basis).T > 0, s))
    return found


def _rests(side: _Side, held: Mask, closed: bool) -> Array:
    """Unit u on the kinks of the `held` generators of Z_A where h_A - h_B > 0 rests along those kinks.

    There h_A = a_S'u on each cell S of the others, so h_A - h_B is concave: at most one u a cell, the direction of
    the residual of a_S from Z_B, both projected onto the flat. It counts if it lies in the cell, open or closed.
    """
    flat = _complement(side.pair.A[held])
    A = side.pair.A[~held] @ flat.T
    if len(A) == 0:
        return np.zeros((0, flat.shape[1]))
    pair = side.pair._replace(A=A, B=side.pair.B @ flat.T)
    patterns = np.unique(side.cells[:, ~held], axis=0)
    found = [_inside(pair, patterns[n : n + CHUNK], closed) for n in range(0, len(patterns), CHUNK)]
    return np.vstack(found) @ flat


def _inside(pair: Zonotopes, S: Mask, closed: bool) -> Array:
    """Directions a_S - proj_B(a_S), of length above rounding, that lie in their own cell S."""
    found = peaks_of_a(pair, S)
    return found.U[found.depth > (-pair.rounding if closed else pair.rounding)]


def _is_peak(side: _Side, u: Array) -> bool:
    """Whether u, where h_A - h_B rests, is a local maximum: every cell S at u has dist(a_S, Z_B) = h_A(u) - h_B(u).

    To first order h_A - h_B changes at u like the support functions of the two faces exposed by u; it cannot rise iff
    the face of Z_A, moved by the value along u, fits into that of Z_B. Off the kinks of Z_A the face is one vertex.
    """
    A, along, value = side.pair.A, side.pair.A @ u, side.pair.height(u)
    kink = np.abs(along) * value <= 2 * side.pair.rounding * np.linalg.norm(A, axis=1)
    if not kink.any():
        return True
    a = A[(along > 0) & ~kink].sum(axis=0) + np.unique(side.cells[:, kink], axis=0) @ A[kink]
    near = nearest(a, side.pair.B, side.pair.rays(len(a)), np.tile(u, (len(a), 1)))
    return bool(near.upper.max() <= value + KINK * np.linalg.norm(A, axis=1).sum())


def _distinct(U: Array) -> Array:
    """Directions closer than KINK are one: the first of them stays."""
    close = np.linalg.norm(U[:, None] - U[None, :], axis=2) < KINK
    return U[~np.tril(close, -1).any(axis=1)]


def _complement(W: Array) -> Array:
    """Orthonormal rows spanning the vectors orthogonal to the rows of W."""
    lengths = np.linalg.norm(W, axis=1, keepdims=True)
    _, sizes, axes = np.linalg.svd(W / lengths, full_matrices=True)
    return axes[int((sizes > KINK).sum()) :]


def flats(A: Array) -> Iterator[Mask]:
    """The flats of the generators, as masks of those held: all subspaces other than {0} where hyperplanes meet."""
    level = {np.zeros(len(A), dtype=bool).tobytes()}
    while level:
        deeper = set()
        for key in sorted(level):
            held = np.frombuffer(key, dtype=bool)
            yield held
            deeper |= {_closure(A, held, int(n)) for n in np.flatnonzero(~held)}
        level = deeper - {b""}


def _closure(A: Array, held: Mask, n: int) -> bytes:
    """The flat through `held` and n, as a key; empty if it is {0}."""
    flat = _complement(np.vstack([A[held], A[n]]))
    lengths = np.linalg.norm(A, axis=1)
    return (np.linalg.norm(A @ flat.T, axis=1) <= KINK * lengths).tobytes() if len(flat) else b""


def local_maxima(X: ArrayLike, lam: ArrayLike) -> Maxima:
    """Every local maximum, with positive value, of +lam'(Xu)_+ and of -lam'(Xu)_+ over the unit sphere.

    Inside a cell S of the rows with s lam_n > 0 the height is a_S'u - h_B(u), concave, with its maximum along
    a_S - proj_B(a_S): so they are cells that contain their residual. None lies on the kink of such a row, where the
    height bends upwards, unless rows of the other class with the same kink bend it down: that is looked into.
    Enumerates the cells of each class's support rows. One lower than some 1e-8 sum |lam_n| ||x_n||, where rounding
    turns the residual, may be missed. Raises `ValueError` for bad input. Source: thm-dual-vertices.
    """
    X, lam = validated_dual(X, lam)
    found, C, _ = _table(X, lam, {side.s: _peaks(side) @ side.pair.basis for side in _sides(X, lam)})
    return Maxima(found.values, found.U, found.s, C)


def _peaks(side: _Side) -> Array:
    rests = _distinct(_rests(side, np.zeros(len(side.pair.A), dtype=bool), closed=True))
    return rests[np.array([_is_peak(side, u) for u in rests], dtype=bool)]


def extremal_directions(X: ArrayLike, lam: ArrayLike) -> Extremal:
    """Every unit u and sign s with s sum_n C_n lam_n x_n = v u, v > 0, C a Clarke coefficient vector of u.

    On each flat where kinks of rows with s lam_n > 0 meet, and in each cell of the other such rows, the height is
    concave and has one candidate; it is kept when such a C is found. `stable` are the local maxima; the others
    lie on kinks that repel. All flats are enumerated, some N^(d-1)/(d-1)!. What is next to no height may be missed, as
    in `local_maxima`. Raises `ValueError` for bad input. Source: thm-early-extremal.
    """
    X, lam = validated_dual(X, lam)
    sides = {side.s: side for side in _sides(X, lam)}
    found, C, missed = _table(X, lam, {s: _on_all_flats(side) @ side.pair.basis for s, side in sides.items()})
    kept = missed <= KINK
    U, s = found.U[kept], found.s[kept]
    stable = [_is_peak(sides[sign], sides[sign].pair.basis @ u) for u, sign in zip(U, s, strict=True)]
    return Extremal(found.values[kept], U, s, C[kept], np.array(stable, dtype=bool))


def _on_all_flats(side: _Side) -> Array:
    none = np.zeros((0, len(side.pair.basis)))
    return np.vstack([none, *(_rests(side, held, closed=False) for held in flats(side.pair.A))])


def _table(X: Array, lam: Array, sides: dict[float, Array]) -> tuple[Columns, Array, Array]:
    """Directions with their signs, highest first; their Clarke coefficients, and what these miss."""
    s = np.repeat(list(sides), [len(V) for V in sides.values()])
    found = ranked(X, lam, unit(np.vstack(list(sides.values()))), s)
    best = [_clarke(X, lam, u, sign) for u, sign in zip(found.U, found.s, strict=True)]
    C, missed = np.array([C for C, _ in best]), np.array([miss for _, miss in best])
    return found, C.reshape(-1, len(X)), missed
