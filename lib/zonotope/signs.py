"""Signs of the generators, fixed one by one: for supports of high rank, where cones are too many.

A node fixes, on which side of the hyperplanes of the first generators u lies; K is that cone, and F the ones with
u'a_n >= 0. The free generators, of sum a_U, enter through (t)_+ = t/2 + |t|/2 and, by Cauchy-Schwarz with the weights
||a_n||, with m = sum_U ||a_n||,

    sum_U |a_n'u|  <=  ( m  lmax( sum_U a_n a_n' / ||a_n|| ) )^(1/2)  =:  2 C_U,        ||u|| <= 1,

which is exact for parallel and for orthogonal equal generators. Hence on the node

    h_A(u) - h_B(u)  <=  C_U + dist(a_F + a_U / 2, Z_B + K*),      K* = cone of the outward normals of K.
"""

import numpy as np
from numpy.typing import NDArray

from lib.zonotope.projection import Index, Nearest, nearest
from lib.zonotope.support import Array, Mask, Zonotopes

SignVectors = NDArray[np.int8]


def spare(A: Array) -> float:
    """C_U of the generators A: a bound on half the sum of |a_n'u| over the unit ball."""
    lengths = np.linalg.norm(A, axis=1)
    scatter = (A / lengths[:, None]).T @ A
    return 0.5 * float(np.sqrt(lengths.sum() * np.linalg.eigvalsh(scatter)[-1])) if len(A) else 0.0


class Signs:
    """The tree of sign vectors (n, k) in {-1, 0, +1}, 0 where still free; the longest generators are fixed first."""

    def __init__(self, pair: Zonotopes) -> None:
        lengths = np.linalg.norm(pair.A, axis=1)
        self.pair = pair
        self.A = pair.A[np.argsort(-lengths, kind="stable")]
        self.normals = self.A / np.linalg.norm(self.A, axis=1, keepdims=True)
        self.spare: dict[int, float] = {}  # C_U, when that many are fixed
        self.roots = np.zeros((1, len(self.A)), dtype=np.int8)
        self.batch = int(np.clip(4e6 / (self.A.size + pair.B.size), 64, 4096))
        self.slack = 2 * pair.rounding

    def bound(self, nodes: SignVectors, level: float, until: float = np.inf) -> Nearest:
        C = self._spare((nodes != 0).sum(axis=1))
        l = (nodes + 1) / 2 @ self.A
        rays = np.concatenate([-nodes[:, :, None] * self.normals, self.pair.rays(len(nodes))], axis=1)
        near = nearest(l, self.pair.B, rays, l - self.pair.B.sum(axis=0) / 2, level, until)
        return near._replace(lower=near.lower + C, upper=near.upper + C)

    def _spare(self, fixed: Index) -> Array:
        self.spare |= {n: spare(self.A[n:]) for n in set(fixed.tolist()) - set(self.spare)}
        return np.array([self.spare[n] for n in fixed.tolist()])

    def final(self, nodes: SignVectors) -> Mask:
        return (nodes != 0).all(axis=1)

    def split(self, nodes: SignVectors, r: Array) -> tuple[SignVectors, Index]:
        """Both signs of the first free generator; a node without one stays as it is."""
        fixed = (nodes != 0).sum(axis=1)
        open_ = np.flatnonzero(fixed < nodes.shape[1])
        ahead, behind = nodes.copy(), nodes[open_]
        ahead[open_, fixed[open_]], behind[np.arange(len(open_)), fixed[open_]] = 1, -1
        return np.concatenate([ahead, behind]), np.concatenate([np.arange(len(nodes)), open_])
