"""Signs of the generators, fixed one by one: for few generators, or of high rank, where cones are too many.

A node fixes on which side of the hyperplanes of the first generators u lies. There (z)_+ <= t z for z = a_n'u and any
t >= 1 (side +) or t <= 0 (side -). The free generators U enter through (z)_+ = z/2 + |z|/2 and

    sum_U |a_n'u|  <=  max over signs e of ||sum_U e_n a_n||  <=  ( sum_{n, m in U} |a_n'a_m| )^(1/2)  =:  2 C_U,

which is exact for parallel and for orthogonal generators. With (z)_+ >= c z, 0 <= c <= 1, for those of Z_B,

    h_A(u) - h_B(u)  <=  C_U + |v|,        v = sum_n t_n a_n - sum_m c_m b_m,        t_n = 1/2 for n in U.

So a node *is* its coefficients: their ranges are its signs. A few sweeps of coordinate descent on |v|^2, over many
nodes at once, close most nodes that can be closed; exact distances are left for nodes without free generators.
"""

import itertools
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from lib.cores import in_order
from lib.data import EPS, Array, Index, Mask
from lib.zonotope.projection import Nearest, nearest
from lib.zonotope.support import Zonotopes, unit

Coefficients = NDArray[np.float32]
SignVectors = NDArray[np.int8]

SWEEPS = 5  # twice as many close one node in a hundred more
LARGEST = 64.0  # of a t: larger ones would only carry rounding
RANGES = np.array([(-LARGEST, 0.5, 1.0), (0.0, 0.5, LARGEST)], dtype=np.float32)  # of a t: least, largest, by its sign
CHUNK = 4096  # nodes that are swept together: what a cache holds
BLOCK = 8  # coordinates that move before v follows


def spare(A: Array) -> float:
    """C_U of the generators A: a bound on half the sum of |a_n'u| over the unit ball."""
    return 0.5 * float(np.sqrt(np.abs(A @ A.T).sum()))


class Signs:
    """The tree of coefficients (n, k + l): of the generators of Z_A in their order, of Z_B, of the cone's rays."""

    def __init__(self, pair: Zonotopes) -> None:
        self.pair, self.k, self.A = pair, len(pair.A), pair.A
        self.G = np.vstack([self.A, -pair.B, -pair.cone])
        self.lengths, self.rows = np.linalg.norm(self.G, axis=1), self.G.astype(np.float32)
        self.squares = (self.rows**2).sum(axis=1)
        self.spare: dict[int, float] = {}  # C_U, when that many are fixed
        self.roots = np.full((1, len(self.G)), 0.5, dtype=np.float32)
        self.batch = int(np.clip(3e7 / (1 + self.G.size), 64, 32768))
        self.slack = 2 * pair.rounding

    def signs(self, nodes: Coefficients) -> SignVectors:
        """+1, -1, and 0 where still free, for the generators of Z_A."""
        t = nodes[:, : self.k]
        return (t >= 1).astype(np.int8) - (t <= 0)

    def bound(self, nodes: Coefficients, level: float, until: float = np.inf) -> Nearest:
        """As in `Tree`; `c` are the coefficients found, with which children begin."""
        signs = self.signs(nodes)
        C = self._spare((signs != 0).sum(axis=1))
        c = self.descended(nodes, level - C, until).astype(float)
        v = c @ self.G
        upper = np.linalg.norm(v, axis=1) + C + sum(self.G.shape) * EPS * (np.abs(c) @ self.lengths)
        near = Nearest(v, np.full(len(v), -np.inf), upper, c)
        last = np.flatnonzero((signs != 0).all(axis=1) & (upper > level))
        return self._exact(near, last, signs[last], level, until) if len(last) else near

    def descended(self, nodes: Coefficients, level: Array, until: float = np.inf) -> Coefficients:
        """Coefficients within the same ranges of a shorter v, as short as `level` (n,) if that is found."""
        signs = self.signs(nodes)
        chunks = [slice(n, n + CHUNK) for n in range(0, len(nodes), CHUNK)]
        jobs = [(nodes[some], signs[some], level[some], until) for some in chunks]
        done = in_order(self._swept, jobs) if len(jobs) > 1 else itertools.starmap(self._swept, jobs)
        return np.concatenate(list(done))

    def _exact(self, near: Nearest, last: Index, signs: SignVectors, level: float, until: float) -> Nearest:
        """Exact distances for the nodes `last`, in which nothing is free."""
        pair = self.pair
        l = (signs > 0) @ self.A
        rays = np.concatenate([-signs[:, :, None] * unit(self.A), pair.rays(len(last))], axis=1)
        exact = nearest(l, pair.B, rays, l - pair.B.sum(axis=0) / 2, level, until)
        near.residual[last], near.lower[last] = exact.residual, exact.lower
        near.upper[last] = np.minimum(near.upper[last], exact.upper)
        return near

    def _ranges(self, signs: SignVectors) -> tuple[Coefficients, Coefficients]:
        """The least and the largest values of the coefficients, (k + l, n)."""
        low, high = np.zeros((2, len(self.G), len(signs)), dtype=np.float32)
        low[: self.k], high[: self.k] = RANGES[:, signs.T + 1]
        high[self.k :] = 1.0
        high[len(self.G) - len(self.pair.cone) :] = LARGEST
        return low, high

    # BLAS was seen to raise this flag once, at random; what is no number closes nothing in any case (`advanced`).
    @np.errstate(invalid="ignore")
    def _swept(self, nodes: Coefficients, signs: SignVectors, level: Array, until: float) -> Coefficients:
        """Descent on |v|^2, a coordinate at a time, until it is below the level or the sweeps are done.

        Coefficients of a node form a column. BLOCK coordinates share two products with G: between them a step of one
        changes the slopes of those after it.
        """
        low, high = self._ranges(signs)
        x = np.minimum(np.maximum(nodes.T, low), high)
        v, who, found, target = self.rows.T @ x, np.arange(len(nodes)), np.empty_like(x), np.maximum(level, 0.0) ** 2
        moving = np.flatnonzero((low < high).any(axis=1) & (self.squares > 0))
        for _ in range(SWEEPS):
            for n in range(0, len(moving), BLOCK):
                self._moved(x, v, low, high, moving[n : n + BLOCK])
            open_ = np.einsum("dn,dn->n", v, v) > target[who]
            found[:, who[~open_]] = np.compress(~open_, x, axis=1)
            x, v, low, high = (np.compress(open_, entries, axis=1) for entries in (x, v, low, high))
            who = who[open_]
            if len(who) == 0 or perf_counter() > until or (level[who] <= 0).all():
                break
        found[:, who] = x
        return found.T

    def _moved(self, x: Coefficients, v: Coefficients, low: Coefficients, high: Coefficients, some: Index) -> None:
        """Each coordinate of `some`, in turn, to its best value within its range: x and v = G'x change in place."""
        rows = self.rows[some]
        newton = rows / self.squares[some, None]
        step, among = newton @ v, newton @ rows.T
        for j, i in enumerate(some):
            best = np.minimum(np.maximum(x[i] - step[j], low[i]), high[i])
            step[j], x[i] = best - x[i], best
            step[j + 1 :] += among[j + 1 :, j, None] * step[j]
        v += rows.T @ step

    def _spare(self, fixed: Index) -> Array:
        self.spare |= {n: spare(self.A[n:]) for n in set(fixed.tolist()) - set(self.spare)}
        return np.array([self.spare[n] for n in fixed.tolist()])

    def final(self, nodes: Coefficients) -> Mask:
        return (self.signs(nodes) != 0).all(axis=1)

    def split(self, nodes: Coefficients, near: Nearest) -> tuple[Coefficients, Index]:
        """Both signs of the first free generator; a node without one stays as it is."""
        fixed = (self.signs(nodes) != 0).sum(axis=1)
        open_ = np.flatnonzero(fixed < self.k)
        ahead, behind = near.c.astype(np.float32), near.c[open_].astype(np.float32)
        ahead[open_, fixed[open_]], behind[np.arange(len(open_)), fixed[open_]] = 1.0, 0.0
        return np.concatenate([ahead, behind]), np.concatenate([np.arange(len(nodes)), open_])
