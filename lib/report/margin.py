"""The report on the largest margin: P* = min (1/2)(||W1||^2 + ||w2||^2) subject to y_n f(x_n) >= 1."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import norm_lower
from lib.data import Array, validated
from lib.kkt import Dual, best_dual, judged, misclassified, multiplier, upper_bound
from lib.network import Network
from lib.program import Solution, max_margin, minimal
from lib.report.result import Report, highest, reported


class Margin(NamedTuple):
    """The largest margin on data `X` (N, d), `y` (N,)."""

    X: Array
    y: Array
    name: str = "largest margin: the least sum of |w2_i| |w1_i| with all margins >= 1"

    def upper(self, net: Network) -> float:
        return upper_bound(net, self.X, self.y)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        return norm_lower(self.y, lam, height), lam

    def residual(self, net: Network) -> float:
        return np.inf if len(misclassified(net, self.X, self.y)) else multiplier(net, self.X, self.y).residual

    def solved(self, tol: float) -> Solution:
        return max_margin(self.X, self.y, tol=tol)

    def report(self, net: Network, own: Dual, *, tol: float, solve: bool) -> Report:
        """With lam of sum |lam_n| = value, heights are d_H value >= value / P*: one is above 1 unless it is optimal."""
        value = self.upper(net)
        lam, top = own
        scale = value if np.isfinite(value) else 1.0
        missing = highest(self.X, lam, top, 1 / scale)
        return reported(self, net, scale * lam, missing, missing.upper, tol=tol, solve=solve)


def report_margin(net: Network, X: ArrayLike, y: ArrayLike, *, tol: float = 1e-3, solve: bool = True) -> Report:
    """Where the network stands: its value sum_i |w2_i| ||w1_i|| / (least margin), and lower <= P* <= upper.

    The lower bound is y'lam / d_H(lam) for the best dual variable that the network suggests. If that leaves open
    whether the network is within the relative tolerance `tol` of P*, and `solve` is true, the convex program is solved
    for a better one. Raises `ValueError` for bad input, and for data that no network separates.
    """
    goal = Margin(*validated(X, y))
    return goal.report(net, best_dual(net, goal.X, goal.y), tol=tol, solve=solve)


def report_best_margin(X: ArrayLike, y: ArrayLike, *, tol: float = 1e-3) -> Report:
    """The report on the best network that the convex program finds, with few neurons, and the solver's dual variable.

    Raises `ValueError` for bad input, and for data that no network separates.
    """
    goal = Margin(*validated(X, y))
    found = goal.solved(min(tol / 10, 1e-8))
    return goal.report(minimal(found.network, X), judged(goal.X, goal.y, [found.lam]), tol=tol, solve=False)
