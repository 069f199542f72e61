"""A loss plus weight decay, sum_n l(q_n) + (beta/2)(||W1||^2 + ||w2||^2), to a certified gap, by the same rounds.

dual:  max -sum_n l*(-y_n lam_n)  s.t.  d_H(lam) <= beta.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, validated
from lib.losses import Loss, Tailed, get_loss
from lib.network import Network, margins
from lib.program.blocks import Mask
from lib.program.columns import generate
from lib.program.maps import neurons
from lib.program.penalties import Exponential, Hinge, Penalty, Softplus, SquaredHinge
from lib.program.rounds import NEW_BLOCKS, Start
from lib.program.solution import Solution, Watch, silent
from lib.zonotope import hausdorff, violators

ROWS = 300  # programs with at most this many rows begin with all of them


# The penalty of a row that falls short of its target, and the target.
PENALTIES: dict[str, tuple[Penalty, float]] = {
    "logistic": (Softplus(), 0.0),
    "exponential": (Exponential(), 0.0),
    "hinge": (Hinge(1.0), 1.0),
    "squared": (SquaredHinge(), 1.0),
}


@dataclass(frozen=True, eq=False)
class WeightDecay:
    """sum_n l(q_n) + beta sum_i |w2_i| ||w1_i|| on the rows (X, y), of which the first N are the data.

    The squared loss falls and rises: (1 - q)^2 = (1 - q)_+^2 + (q - 1)_+^2. Its rows come twice, the second time with
    the other label and the target -1, so that both halves ask for a margin: -q >= -1.
    """

    X: Array
    y: Array
    a: Array
    beta: float
    loss: Loss
    N: int

    @property
    def penalty(self) -> Penalty:
        return PENALTIES[self.loss.name][0]

    def start(self) -> Start:
        """Neurons that the zero network asks for; all rows, or some evenly spread over many."""
        found = violators(self.X, self.folded(self.loss.dual(np.zeros(len(self.y)), self.y) * (self.a >= 0)), 0.0, n=8)
        rows = np.zeros(len(self.y), dtype=bool)
        rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), ROWS)).astype(int))] = True
        return Start(found.U[:NEW_BLOCKS], found.s[:NEW_BLOCKS], rows)

    def folded(self, lam: Array) -> Array:
        """Multipliers of the same example added up, at its first row."""
        sums = lam.reshape(-1, self.N).sum(axis=0)
        return np.concatenate([sums, np.zeros(len(lam) - self.N)])

    def polished(self, V: Array, s: Array) -> tuple[Array, Array]:
        return V, s

    def upper(self, V: Array, s: Array) -> tuple[float, Network]:
        net = neurons(V, s)
        q = margins(net, self.X[: self.N], self.y[: self.N])
        return float(self.loss.value(q, 1.0).sum()) + self.beta * net.path_norm, net

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """sum_n -l*(-t y_n lam_n) with t at most 1, beta / height, and such that no y_n lam_n is too steep."""
        lam = self.folded(lam)
        lam = lam * min(1.0, self.beta / height, self.loss.steepest / max(float(np.abs(lam).max()), 1e-300))
        return float(self.loss.conjugate(lam[: self.N], self.y[: self.N]).sum()), lam

    def wanted(self, q: Array) -> Mask:
        """Rows short of their target, or all."""
        return (q < self.a) | isinstance(self.loss, Tailed)

    def stiffened(self, z: Array) -> "WeightDecay":
        return self


def beta_max(X: ArrayLike, y: ArrayLike, loss: str) -> float:
    """d_H(-l'(0) y): the zero network is optimal exactly for the weight decays from here on (ours).

    Raises `ValueError` for bad data or an unknown loss. Source: thm-convex-regularised.
    """
    X, y = validated(X, y)
    return hausdorff(X, get_loss(loss).dual(np.zeros(len(y)), y)).upper


def _task(X: Array, y: Array, loss: str, beta: float) -> WeightDecay:
    N, target = len(y), PENALTIES[loss][1]
    if loss == "squared":
        X, y = np.vstack([X, X]), np.concatenate([y, -y])
    return WeightDecay(X, y, target * np.repeat([1.0, -1.0], N)[: len(y)], beta, get_loss(loss), N)


def regularised(
    X: ArrayLike,
    y: ArrayLike,
    loss: str,
    beta: float,
    *,
    tol: float = 1e-6,
    seconds: float = np.inf,
    progress: Watch = silent,
) -> Solution:
    """min sum_n l(q_n) + (beta/2)(||W1||^2 + ||w2||^2), for the losses logistic, exponential, hinge and squared.

    l(q) = log(1 + e^-q), e^-q, (1 - q)_+ and (1 - q)^2 / 2. Any data are feasible. The certified values, up to a
    relative gap of `tol`, are

        primal_value = sum_n l(q_n) + beta sum_i |w2_i| ||w1_i||,
        dual_value = -sum_n l*(-y_n lam_n)  with  d_H(lam) <= beta,

    y_n lam_n >= 0 but for the squared loss, where margins above 1 cost too. From `beta_max` on the zero network (m = 0)
    is returned. As beta -> 0 the directions tend to those of the largest margin, if the data are feasible.
    Raises `ValueError` for bad data, an unknown loss, or beta or tol not positive. Source: Pilanci and Ergen 2020.
    Source: thm-convex-regularised.
    """
    X, y = validated(X, y)
    if not (beta > 0 and np.isfinite(beta)):
        raise ValueError(f"beta must be positive and finite; got {beta}: the limit of no weight decay is max_margin")
    if not tol > 0:
        raise ValueError(f"tol must be positive; got {tol}: a gap of zero is not reached in floating point")
    law, zero = get_loss(loss), np.zeros(len(y))
    start = law.dual(zero, y)
    if hausdorff(X, start, goal=beta).upper <= beta:
        value = float(law.value(zero, y).sum())
        return Solution(Network(np.zeros((X.shape[1], 0)), np.zeros(0)), start, value, value, "optimal", 0, 0)
    exponent = int(np.frexp(np.abs(X).max())[1])
    task = _task(np.ldexp(X, -exponent), y, loss, float(np.ldexp(beta, -exponent)))
    (lower, upper, net, lam), status, rounds, blocks = generate(task, tol, seconds, progress)
    root = 2.0 ** (-exponent / 2)
    return Solution(net.scaled(root), lam[: len(y)], upper, lower, status, rounds, blocks)
