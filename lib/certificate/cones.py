"""Cones of directions, each with coefficients that bound lam'(Xu)_+ on it: the body of a certificate.

On the cone of all u with given signs of own_n'u for the first own rows, with t_n >= 1 where the sign is +, t_n <= 0
where it is -, and 0 <= c_n <= 1,

    sum_own (g_n'u)_+ - sum_opposite (g_n'u)_+ <= |v| + r   for |u| <= 1,
    v = sum_signed t_n g_n + sum_rest g_n / 2 - sum_opposite c_n g_n,      r = ( sum_rest |g_n'g_m| )^(1/2) / 2.

A cone with |v| + r <= 1 is settled; any other is cut by the hyperplane of its next own row. With every row signed the
bound is the maximum over the cone, by duality, so the cutting ends if the maximum over all directions is below 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import lsq_linear

from lib.certificate.decimals import texts
from lib.data import Array
from lib.zonotope.signs import Coefficients, Signs, SignVectors, spare
from lib.zonotope.support import Zonotopes

MAX_CONES = 150_000  # of one side: beyond it the checker would refuse the file for the work it asks
MAX_PLACES = 14
NOTHING = 1e-9  # no |v| is asked to be shorter


class TooManyCones(ValueError):
    """More than a file should hold."""


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

    def room(self, k: int) -> float:
        """What |v| may be when the first k own rows are signed."""
        return 1 - self.rounding - spare(self.own[k:])

    def lengths(self, x: Array) -> Array:
        """|v| of coefficients (n, own + opposite), with 1/2 for the rest."""
        return np.linalg.norm(x @ np.vstack([self.own, -self.opposite]), axis=1)


def _least(sides: Sides, signs: SignVectors) -> Array:
    """Coefficients of least |v| with every own row signed: a least-squares problem with bounds."""
    low = np.r_[np.where(signs > 0, 1.0, -np.inf), np.zeros(len(sides.opposite))]
    high = np.r_[np.where(signs > 0, np.inf, 0.0), np.ones(len(sides.opposite))]
    A = np.vstack([sides.own, -sides.opposite]).T
    return np.clip(lsq_linear(A, np.zeros(len(A)), bounds=(low, high), method="bvls").x, low, high)


def _named(signs: SignVectors) -> str:
    return "".join("+" if sign > 0 else "-" for sign in signs)


def _short(sides: Sides, k: int, signs: SignVectors, x: Array) -> list[Cone | None]:
    """The cones with the fewest digits that settle each, if any do. Rounding keeps the coefficients in their bounds."""
    own, waiting = len(sides.own), np.arange(len(x))
    found: list[Cone | None] = [None] * len(x)
    for digits in range(MAX_PLACES + 1):
        short = np.round(x[waiting], digits)
        short[:, k:own] = 0.5
        settled = sides.lengths(short) <= sides.room(k)
        for n, row in zip(waiting[settled], texts(short[settled], digits), strict=True):
            found[n] = Cone(_named(signs[n, :k]), " ".join(row[:k]), " ".join(row[own:]))
        waiting = waiting[~settled]
    return found


def _settled(sides: Sides, tree: Signs, nodes: Coefficients, k: int) -> tuple[list[Cone], Coefficients]:
    """The cones of one depth that are settled, and the coefficients of those that are not."""
    room, signs = sides.room(k), tree.signs(nodes)
    if room <= 0:
        return [], nodes
    x = tree.descended(nodes, np.full(len(nodes), room))
    near = np.flatnonzero(sides.lengths(x.astype(float)) <= room)
    if len(near):
        x[near] = tree.descended(x[near], np.full(len(near), NOTHING))  # the shorter v is, the fewer digits do
    exact = x.astype(float)
    if k == len(sides.own):
        far = np.setdiff1d(np.arange(len(x)), near)
        exact[far] = np.reshape([_least(sides, sign) for sign in signs[far]], (len(far), x.shape[1]))
        near = np.arange(len(x))
    found = dict(zip(near.tolist(), _short(sides, k, signs[near], exact[near]), strict=True))
    open_ = np.array([found.get(n) is None for n in range(len(x))], dtype=bool)
    return [cone for cone in found.values() if cone], x[open_]


def cones(sides: Sides, most: int = MAX_CONES) -> list[Cone]:
    """Settled cones that leave no direction out, from all + to all -, cut by the own rows in their order.

    Raises `TooManyCones` if they are more than `most`, `ArithmeticError` if rounding keeps one from being settled.
    """
    own, d = sides.own.shape
    tree = Signs(Zonotopes(sides.own, sides.opposite, np.eye(d), 0, sides.rounding, np.zeros((0, d))))
    nodes, found = tree.roots, list[Cone]()
    for k in range(own + 1):
        settled, nodes = _settled(sides, tree, nodes, k) if len(nodes) else ([], nodes)
        found += settled
        if len(found) + len(nodes) > most:
            raise TooManyCones(f"more than {most} cones would be needed to bound lam'(Xu)_+")
        if k < own:
            nodes = np.repeat(nodes, 2, axis=0)
            nodes[::2, k], nodes[1::2, k] = 1.0, 0.0
    if len(nodes):
        raise ArithmeticError(
            f"on the cone {_named(tree.signs(nodes)[0])} the bound on lam'(Xu)_+ exceeds 1 - {sides.rounding:.1e}: "
            "X and lam cancel beyond double precision; standardise the columns of X"
        )
    return sorted(found)
