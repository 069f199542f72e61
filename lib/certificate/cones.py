"""Cones of directions, each with coefficients that bound lam'(Xu)_+ on it: the body of a certificate.

On the cone of all u with given signs of own_n'u for the first own rows, with t_n >= 1 where the sign is +, t_n <= 0
where it is -, and 0 <= c_n <= 1,

    sum_own (g_n'u)_+ - sum_opposite (g_n'u)_+ <= |v| + r   for |u| <= 1,
    v = sum_signed t_n g_n + sum_rest g_n / 2 - sum_opposite c_n g_n,      r = sum_rest |g_n| / 2.

A cone with |v| + r <= 1 is settled; any other is cut by the hyperplane of its next own row. With every row signed the
bound is the maximum over the cone, by duality, so the cutting ends if the maximum over all directions is below 1.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.optimize import lsq_linear

from lib.certificate.decimals import joined
from lib.data import Array

MAX_CONES = 50_000  # of one side: a file of some 10 MB, checked in half a minute
MAX_PLACES = 14


class Cone(NamedTuple):
    """Signs of the first own rows; coefficients of the same rows and of all opposite rows, as decimal texts."""

    signs: str
    own: str
    opposite: str


class Sides(NamedTuple):
    """Own and opposite generators g_n = |lam_n| x_n, (k, d) each; the bound must be at most 1 - `rounding`."""

    own: Array
    opposite: Array
    rounding: float

    def radius(self, k: int) -> float:
        """r when the first k own rows are signed."""
        return float(np.linalg.norm(self.own[k:], axis=1).sum()) / 2

    def bound(self, t: Array, c: Array) -> float:
        """|v| + r."""
        k = len(t)
        v = t @ self.own[:k] + self.own[k:].sum(axis=0) / 2 - c @ self.opposite
        return float(np.linalg.norm(v)) + self.radius(k)


def _least(sides: Sides, signs: str) -> tuple[Array, Array]:
    """t and c of least |v|: a least-squares problem with bounds."""
    k, n = len(signs), len(sides.opposite)
    on = np.array([sign == "+" for sign in signs], dtype=bool)
    low = np.r_[np.where(on, 1.0, -np.inf), np.zeros(n)]
    high = np.r_[np.where(on, np.inf, 0.0), np.ones(n)]
    rest = sides.own[k:].sum(axis=0) / 2
    A = np.vstack([sides.own[:k], -sides.opposite]).T
    if not A.shape[1]:
        return np.zeros(0), np.zeros(0)
    x = np.clip(lsq_linear(A, -rest, bounds=(low, high), method="bvls").x, low, high)
    return x[:k], x[k:]


def _short(sides: Sides, t: Array, c: Array) -> tuple[str, str] | None:
    """t and c with the fewest digits that still settle the cone, if any do. Rounding keeps t and c in their bounds."""
    for digits in range(MAX_PLACES + 1):
        t_short, c_short = np.round(t, digits), np.round(c, digits)
        if sides.bound(t_short, c_short) <= 1 - sides.rounding:
            return joined(t_short, digits), joined(c_short, digits)
    return None


def settled(sides: Sides, signs: str) -> Cone | None:
    """The cone with coefficients that settle it, or None if there are none."""
    if sides.radius(len(signs)) >= 1:
        return None
    found = _short(sides, *_least(sides, signs))
    return Cone(signs, *found) if found else None


def cones(sides: Sides) -> Iterator[Cone]:
    """Settled cones that leave no direction out, from all + to all -, cut by the own rows in their order."""
    waiting = [""]
    while waiting:
        signs = waiting.pop()
        if cone := settled(sides, signs):
            yield cone
        elif len(signs) < len(sides.own):
            waiting += [signs + "-", signs + "+"]
        else:
            raise ArithmeticError(
                f"on the cone {signs} the bound on lam'(Xu)_+ exceeds 1 - {sides.rounding:.1e}: "
                "X and lam cancel beyond double precision; standardise the columns of X"
            )
