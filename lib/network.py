"""Two-layer ReLU networks f(x) = sum_i w2_i (x'w1_i)_+, their margins, and the dual variable they carry."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, lengths, reals, validated, validated_matrix
from lib.losses import SMOOTH, get_loss


@dataclass(frozen=True, eq=False)
class Network:
    """f(x) = sum_i w2_i (x'w1_i)_+ with `W1` (d, m), columns w1_i, and `w2` (m,). No bias: append a 1 to x.

    Raises `ValueError` if the shapes disagree or an entry is NaN or infinite. m = 0 is the zero network.
    Source: def-network.
    """

    W1: Array
    w2: Array

    def __post_init__(self) -> None:
        W1, w2 = reals(self.W1, "W1"), reals(self.w2, "w2")
        if W1.ndim != 2 or w2.shape != (W1.shape[1],):
            raise ValueError(
                f"W1 must be (d, m) and w2 (m,); got {W1.shape} and {w2.shape}: neurons are the columns of W1"
            )
        for name, weights in (("W1", W1), ("w2", w2)):
            if not np.isfinite(weights).all():
                raise ValueError(f"{name} has NaN or infinite entries: the training that made it diverged")
            weights.setflags(write=False)
        object.__setattr__(self, "W1", W1)
        object.__setattr__(self, "w2", w2)

    @classmethod
    def along(cls, V: Array, s: Array) -> "Network":
        """f(x) = sum_j s_j (x'v_j)_+ by balanced neurons, w1 = v / sqrt||v||, w2 = s sqrt||v||: cost = sum_j ||v_j||.

        Zero rows of V (m, d) compute nothing and are left out; `s` (m,) are signs.
        """
        used = V.any(axis=1)
        root = np.sqrt(lengths(V[used]))
        return cls((V[used] / root[:, None]).T, s[used] * root)

    @property
    def d(self) -> int:
        return self.W1.shape[0]

    @property
    def m(self) -> int:
        return self.W1.shape[1]

    @property
    def radii(self) -> Array:
        """`||w1_i||`, (m,), also where the squares underflow."""
        return lengths(self.W1.T)

    @property
    def cost(self) -> float:
        """`(1/2)(||W1||_F^2 + ||w2||^2)`, the objective of the max-margin problem."""
        return float((self.W1**2).sum() + (self.w2**2).sum()) / 2

    @property
    def path_norm(self) -> float:
        """`sum_i |w2_i| ||w1_i||`: the least cost of a network with these neurons (AM-GM); equal when balanced."""
        return float(np.abs(self.w2) @ self.radii)

    def predict(self, X: ArrayLike) -> Array:
        """`f(x_n)` for the rows of X, (N,). Raises `ValueError` if X has another number of columns than W1 has rows."""
        X = validated_matrix(X)
        if X.shape[1] != self.d:
            raise ValueError(
                f"X has {X.shape[1]} columns but the network takes {self.d}: is a bias column missing or doubled?"
            )
        return np.maximum(X @ self.W1, 0) @ self.w2

    def scaled(self, factor: float) -> "Network":
        """The network with both layers multiplied by `factor > 0`: f is multiplied by `factor^2`."""
        return Network(factor * self.W1, factor * self.w2)


def margins(net: Network, X: ArrayLike, y: ArrayLike) -> Array:
    """q_n = y_n f(x_n), (N,)."""
    X, y = validated(X, y)
    return y * net.predict(X)


def balanced(d: int, m: int, scale: float, rng: np.random.Generator) -> Network:
    """m neurons with |w2_i| = ||w1_i|| = scale: directions uniform on the sphere of R^d, signs fair coins."""
    if d < 1 or m < 1 or not scale > 0:
        raise ValueError(f"d and m must be at least 1 and scale positive; got d={d}, m={m}, scale={scale}")
    U = rng.standard_normal((d, m))
    return Network(scale * U / np.linalg.norm(U, axis=0), scale * rng.choice([-1.0, 1.0], m))


def dual_variable(net: Network, X: ArrayLike, y: ArrayLike, *, loss: str = "logistic") -> Array:
    """lam_n = -dl/df_n, (N,): the dual variable that the flow carries, there divided by its sum. y_n lam_n >= 0 for
    losses of margins.

    y (N,) are labels, or real targets of the squared loss. Raises `ValueError` for bad data or an unknown loss.
    """
    law = get_loss(loss, SMOOTH)
    X, y = law.validated(X, y)
    return law.dual(net.predict(X), y)
