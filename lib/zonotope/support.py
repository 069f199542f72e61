"""The two zonotopes of a dual variable, and the height of directions above them.

    Z_+(lam) = sum_{lam_n > 0} lam_n [0, x_n],      Z_-(lam) = sum_{lam_n < 0} |lam_n| [0, x_n]

The support function of the segment [0, x] is (x'u)_+, and Minkowski sums add support functions, so

    lam'(Xu)_+ = h_{Z_+}(u) - h_{Z_-}(u).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import exponent
from lib.data import EPS, Array, Mask, validated_dual

OUTSIDE = 1e-12  # a unit direction with c'u above it is outside the cone


def growth(X: ArrayLike, lam: ArrayLike, U: ArrayLike, s: ArrayLike) -> Array:
    """s lam'(Xu)_+ for each direction u: the rate at which a neuron of direction u and sign s grows.

    `U` is (d,) or (n, d), `s` a sign or (n,) signs; the answer has the shape of `s` and the leading shape of `U`,
    broadcast together. Source: thm-flow-polar.
    """
    X, lam, U = np.asarray(X, dtype=float), np.asarray(lam, dtype=float), np.asarray(U, dtype=float)
    return np.asarray(s, dtype=float) * (np.maximum(U @ X.T, 0.0) @ lam)


class Zonotopes(NamedTuple):
    """Generators of the zonotope to be left, `A`, and of the one to be reached, `B`, in units of 2^exponent.

    Both are written in the orthonormal rows of `basis` (r x d), which span the support rows. For the side s = +1,
    `A` generates Z_+ and `B` generates Z_-; for s = -1 they change places. `rounding` bounds what one evaluation
    of h_A - h_B, or of a point of Z_A - Z_B, can lose in double precision, and what `basis` leaves out.
    Directions are asked to satisfy c'u <= 0 for the unit rows c of `cone` (q x r), if there are any.
    """

    A: Array
    B: Array
    basis: Array
    exponent: int
    rounding: float
    cone: Array

    @property
    def swapped(self) -> "Zonotopes":
        """The same pair seen from the other side."""
        return self._replace(A=self.B, B=self.A)

    def units(self, value: float) -> float:
        """A value of this pair in the units of X lam."""
        return float(np.ldexp(value, self.exponent))

    def own(self, s: Array) -> Mask:
        """(n, k): whether a generator, those of A before those of B, belongs to the zonotope left on side s_n."""
        return np.equal.outer(np.asarray(s) > 0, np.arange(len(self.A) + len(self.B)) < len(self.A))

    def height(self, U: Array) -> Array:
        """h_A(u) - h_B(u) for directions U (n, r), -inf outside the cone."""
        height = np.maximum(U @ self.A.T, 0.0).sum(-1) - np.maximum(U @ self.B.T, 0.0).sum(-1)
        return np.where((U @ self.cone.T > OUTSIDE).any(axis=-1), -np.inf, height)

    def rays(self, n: int) -> Array:
        """The rows of `cone`, for each of n points (n, q, r)."""
        return np.broadcast_to(self.cone, (n, *self.cone.shape))


def unit(U: Array) -> Array:
    """The rows of U scaled to length one; zero rows dropped."""
    lengths = np.linalg.norm(U, axis=1)
    return U[lengths > 0] / lengths[lengths > 0, None]


def _merged(G: Array) -> Array:
    """[0, x] + [0, 2x] = [0, 3x]: generators of the same direction are added, zero ones dropped; the longest first.

    The same bit for bit: those that only rounding tells apart stay, which costs time and no exactness.
    """
    G = G[np.linalg.norm(G, axis=1) > 0]
    _, first, group = np.unique(unit(G), axis=0, return_index=True, return_inverse=True)
    merged = np.zeros((len(first), G.shape[1]))
    np.add.at(merged, group.ravel(), G)
    return merged[np.argsort(-np.linalg.norm(merged, axis=1), kind="stable")]


def _basis(G: Array) -> Array:
    """Orthonormal rows spanning the rows of G, up to rounding."""
    if len(G) == 0:
        return np.zeros((0, G.shape[1]))
    _, sizes, axes = np.linalg.svd(G, full_matrices=False)
    return axes[sizes > 4 * EPS * max(G.shape) * sizes[0]]


def zonotopes(X: ArrayLike, lam: ArrayLike, cone: ArrayLike = (), inexact: float = 0.0) -> Zonotopes:
    """The pair (Z_+, Z_-) of a dual variable, from its support rows alone. Raises `ValueError` for bad input.

    `cone` (q, d) holds the outward normals of a cone of directions; `inexact` is what lam'(Xu)_+ may have lost, in its
    own units, where X is itself computed.
    """
    X, lam = validated_dual(X, lam)
    exponents = exponent(X), exponent(lam)
    G = np.ldexp(X, -exponents[0]) * np.ldexp(lam, -exponents[1])[:, None]
    A, B = _merged(G[lam > 0]), _merged(-G[lam < 0])
    both, C = np.vstack([A, B]), unit(np.reshape(np.asarray(cone, dtype=float), (-1, X.shape[1])))
    basis = _basis(np.vstack([both, C * np.abs(both).max(initial=0.0)]))
    kept = both @ basis.T
    # gamma_n = n eps bounds a sum of n rounded terms; a component of a point of Z_A - Z_B sums len(both) of them.
    mass = np.linalg.norm(both, axis=1).sum()
    lost = np.linalg.norm(both - kept @ basis, axis=1).sum()
    rounding = (len(both) + X.shape[1] + 4) * EPS * mass + lost + np.ldexp(inexact, -sum(exponents))
    return Zonotopes(kept[: len(A)], kept[len(A) :], basis, sum(exponents), float(rounding), C @ basis.T)
