"""The report on the largest margin: P* = min (1/2)(||W1||^2 + ||w2||^2) subject to y_n f(x_n) >= 1."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import norm_lower
from lib.data import Array, validated
from lib.kkt import best_dual, misclassified, multiplier, upper_bound
from lib.network import Network
from lib.program import Solution, max_margin, minimal
from lib.program.solution import Watch
from lib.report.result import Report, answered, highest, reported
from lib.results import result


@result
class Margin(NamedTuple):
    """The largest margin on data `X` (N, d), `y` (N,)."""

    X: Array
    y: Array
    name: str = "largest margin: least sum of |w2_i| |w1_i|, all margins >= 1"

    def upper(self, net: Network) -> float:
        return upper_bound(net, self.X, self.y)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        return norm_lower(self.y, lam, height), lam

    def residual(self, net: Network) -> float:
        return np.inf if len(misclassified(net, self.X, self.y)) else multiplier(net, self.X, self.y).residual

    def solved(self, tol: float, seconds: float, watch: Watch) -> Solution:
        found = max_margin(self.X, self.y, tol=tol, seconds=seconds, progress=watch)
        return found._replace(network=minimal(found.network, self.X))

    def own(self, net: Network, tol: float = 1e-3, seconds: float = np.inf) -> Report:
        """With lam of sum |lam_n| = value, heights are d_H value >= value / P*: one is above 1 unless it is optimal."""
        value = self.upper(net)
        lam, top = best_dual(net, self.X, self.y, seconds=seconds)
        scale = value if np.isfinite(value) else 1.0
        missing = highest(self.X, lam, top, 1 / scale)
        return reported(self, net, scale * lam, missing, missing.upper, tol)


def report_margin(
    net: Network, X: ArrayLike, y: ArrayLike, *, tol: float = 1e-3, solve: bool = True, seconds: float = np.inf
) -> Report:
    """Where the network stands: its value sum_i |w2_i| ||w1_i|| / (least margin), and lower <= P* <= upper.

    The lower bound is y'lam / d_H(lam) for the best dual variable that the network suggests. If that leaves open
    whether the network is within the relative tolerance `tol` of P*, and `solve` is true, the convex program is solved
    for a better one. After about `seconds` the bounds are those found by then. Raises `ValueError` for bad input, and
    for data that no network separates.
    """
    return answered(Margin(*validated(X, y)), net, tol=tol, solve=solve, seconds=seconds)[0]
