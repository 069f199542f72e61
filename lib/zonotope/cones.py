"""Simplicial cones of directions: a bound on h_A - h_B whose cost does not feel the number of cells.

The support function h_A sees only the component of u in span A. There, on a simplicial cone K with vertices v_i, it is
convex and 1-homogeneous, so it lies below the linear function l with l'v_i = h_A(v_i). Hence for u over K, ||u|| <= 1,

    h_A(u) - h_B(u)  <=  l'u - h_B(u)  <=  dist(l, Z_B + K*),      K* = {w in span A: w'v_i <= 0 for all i},

the last because l'u - h_B(u) <= (l - z - w)'u for every z in Z_B and w in K*; by minimax it is the maximum over K.
Where no generator of Z_A changes sign on K, l is the vertex a_S of that cell and nothing is lost.
"""

import numpy as np

from lib.data import EPS, Array, Index, Mask
from lib.zonotope.projection import Nearest, nearest
from lib.zonotope.support import Zonotopes

THIN = 1e-9  # height of a vertex over the opposite face


def orthants(q: int) -> Array:
    """The 2^q orthants of R^q, as cones (2^q, q, q) with one vertex a row."""
    signs = 1.0 - 2.0 * ((np.arange(2**q)[:, None] >> np.arange(q)) & 1)
    return signs[:, :, None] * np.eye(q)


def interpolant(T: Array, V: Array, A: Array) -> Array:
    """l with l'v_i = h_A(v_i), from T = V A'. Generators of one sign on the cone enter exactly, without a solve."""
    up, down = T.min(axis=1) >= 0, T.max(axis=1) <= 0
    crossing = np.where((up | down)[:, None, :], 0.0, np.maximum(T, 0.0)).sum(axis=2)
    return (up & ~down).astype(float) @ A + np.linalg.solve(V, crossing[:, :, None])[:, :, 0]


def polar(V: Array) -> Array:
    """Unit generators of {w: w'v_i <= 0}: the columns of -V^{-1}.

    They are tilted inwards by more than the rounding of V^{-1}: sum_j v_j'v_i >= 1 for cones within an orthant.
    """
    rays = -np.linalg.inv(V).transpose(0, 2, 1)
    rays /= np.linalg.norm(rays, axis=2, keepdims=True)
    return rays - 8 * V.shape[1] * EPS * V.sum(axis=1)[:, None, :]


class Cones:
    """The tree of simplicial cones in span A, from the orthants; nodes are (n, q, q), unit vertices in rows."""

    def __init__(self, pair: Zonotopes) -> None:
        _, sizes, axes = np.linalg.svd(pair.A, full_matrices=False)
        q = int((sizes > 4 * EPS * max(pair.A.shape) * sizes[0]).sum())
        self.pair, self.span = pair, axes[:q]
        self.A = pair.A @ self.span.T
        self.roots = orthants(q)
        self.batch = int(np.clip(4e6 / (q * (len(pair.A) + len(pair.B))), 64, 4096))
        # In an orthant u = sum a_i v_i, ||u|| = 1, has sum a_i <= sqrt(q): errors at the vertices grow by no more.
        self.slack = (1 + np.sqrt(q)) * pair.rounding

    def bound(self, V: Array, level: float, until: float = np.inf) -> Nearest:
        l = interpolant(V @ self.A.T, V, self.A) @ self.span
        rays = np.concatenate([polar(V) @ self.span, self.pair.rays(len(V))], axis=1)
        return nearest(l, self.pair.B, rays, V.sum(axis=1) @ self.span, level, until)

    def final(self, V: Array) -> Mask:
        """No generator changes sign on the cone; or it is so thin that cutting it further would cut into rounding."""
        T = V @ self.A.T
        heights = 1 / np.linalg.norm(np.linalg.inv(V), axis=1)
        return np.logical_or(np.all((T.min(axis=1) >= 0) | (T.max(axis=1) <= 0), axis=1), heights.min(axis=1) < THIN)

    def split(self, V: Array, near: Nearest) -> tuple[Array, Index]:
        """Each cone cut in two, on an edge, by the hyperplane of the generator that bends h_A most there.

        The edge is the one where chord and h_A differ most, weighted by the two coordinates of r in the cone.
        """
        T = V @ self.A.T
        i, j = np.triu_indices(V.shape[1], 1)
        if len(i) == 0:
            return V, np.arange(len(V))
        bend = np.where(T[:, i] * T[:, j] < 0, np.minimum(abs(T[:, i]), abs(T[:, j])), 0.0)
        r = near.residual @ self.span.T
        at = np.maximum(np.linalg.solve(V.transpose(0, 2, 1), r[:, :, None])[:, :, 0], 0.0)
        at = at / np.maximum(at.sum(axis=1, keepdims=True), EPS) + 0.05
        rows = np.arange(len(V))
        edge = (bend.sum(axis=2) * at[:, i] * at[:, j]).argmax(axis=1)
        i, j, kink = i[edge], j[edge], bend[rows, edge].argmax(axis=1)
        share = np.abs(np.stack([T[rows, j, kink], T[rows, i, kink]])) + np.finfo(float).tiny
        share = np.clip(share / share.sum(axis=0), 0.02, 0.98)
        cut = share[0][:, None] * V[rows, i] + share[1][:, None] * V[rows, j]
        cut /= np.linalg.norm(cut, axis=1, keepdims=True)
        children = np.concatenate([V, V])
        children[rows, i] = cut
        children[rows + len(V), j] = cut
        return children, np.concatenate([rows, rows])
