"""The report on a loss with weight decay: min sum_n l(q_n) + (beta/2)(||W1||^2 + ||w2||^2).

A network carries a candidate for the dual, its own lam_n = -dl/df_n; `bounds.decay_lower` says what that proves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib import program
from lib.bounds import decay_lower, decay_upper
from lib.data import Array, positive, validated
from lib.kkt.points import balanced_form, neurons_of, stationarity
from lib.losses import SMOOTH, Loss, get_loss
from lib.network import Network, dual_variable
from lib.program import Solution
from lib.program.solution import Watch
from lib.report.result import Report, answered, highest, reported
from lib.results import result
from lib.zonotope import hausdorff


@result
class Decay(NamedTuple):
    """A loss with weight decay `beta` on data `X` (N, d), `y` (N,)."""

    X: Array
    y: Array
    loss: Loss
    beta: float

    @property
    def name(self) -> str:
        return f"{self.loss.name} loss with weight decay {self.beta:g}"

    def upper(self, net: Network) -> float:
        return decay_upper(net, self.X, self.y, self.loss, self.beta)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        return decay_lower(lam, self.y, height, self.loss, self.beta)

    def residual(self, net: Network) -> float:
        """What the neurons miss at the network's own lam, as in `kkt.Multiplier`: 0 at a stationary point."""
        lam = dual_variable(net, self.X, self.y, loss=self.loss.name) / self.beta
        return stationarity(neurons_of(balanced_form(net), self.X), self.X, lam)[0]

    def solved(self, tol: float, seconds: float, watch: Watch) -> Solution:
        X, y, loss = self.X, self.y, self.loss.name
        return program.regularised(X, y, loss, self.beta, tol=tol, seconds=seconds, progress=watch)

    def own(self, net: Network, tol: float = 1e-3, seconds: float = np.inf) -> Report:
        lam = dual_variable(net, self.X, self.y, loss=self.loss.name)
        top = hausdorff(self.X, lam, seconds=seconds)
        return reported(self, net, lam, highest(self.X, lam, top, self.beta), top.upper, tol)


def decay(X: ArrayLike, y: ArrayLike, loss: str, beta: float) -> Decay:
    """The objective of a smooth loss by its name, for labels y = -1, +1. Raises `ValueError`."""
    law = get_loss(loss, SMOOTH)
    positive(beta, "beta", "without weight decay the best value is that of the margin")
    return Decay(*validated(X, y), law, beta)


def report_decay(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str,
    beta: float,
    *,
    tol: float = 1e-3,
    solve: bool = True,
    seconds: float = np.inf,
) -> Report:
    """Where the network stands: its value sum l(q_n) + beta sum_i |w2_i| ||w1_i||, and lower <= best value <= upper.

    As `report_margin`, for labels y = -1, +1, the losses logistic, exponential and squared, and a weight decay `beta`
    > 0 that falls on all weights, biases included. The bounds are computed in double precision and rounded outward.
    Raises `ValueError`.
    """
    return answered(decay(X, y, loss, beta), net, tol=tol, solve=solve, seconds=seconds)[0]
