"""The report on the largest margin: P* = min (1/2)(||W1||^2 + ||w2||^2) subject to y_n f(x_n) >= 1."""

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, validated
from lib.kkt import misclassified, multiplier
from lib.network import Network, dual_variable, margins
from lib.program import max_margin
from lib.report.result import Report, highest_neuron
from lib.report.rounding import margin_lower, margin_upper

OBJECTIVE = "largest margin: the least sum of |w2_i| |w1_i| with all margins >= 1"


def _judged(net: Network, X: Array, y: Array) -> tuple[Array, float]:
    """The network's own dual variable, and how far it is from stationary (inf if it does not separate the data)."""
    if len(misclassified(net, X, y)):
        lam = dual_variable(net, X, y)
        return lam / np.abs(lam).sum(), np.inf
    found = multiplier(net, X, y)
    return found.lam, found.residual


def report_margin(X: ArrayLike, y: ArrayLike, net: Network, tol: float = 1e-3, solve: bool = True) -> Report:
    """Where the network stands: its value sum_i |w2_i| ||w1_i|| / (least margin), and lower <= P* <= upper.

    The lower bound is y'lam / d_H(lam) for the network's own multiplier lam. If that leaves open whether the network is
    within the relative tolerance `tol` of P*, and `solve` is true, the convex program is solved for a better one.
    Raises `ValueError` for bad input, and for data that no network separates.
    """
    X, y = validated(X, y)
    lam, residual = _judged(net, X, y)
    missing = highest_neuron(X, lam)
    value, lower = margin_upper(X, y, net), margin_lower(y, lam, missing.upper)
    upper, best = value, net
    if solve and value > (1 + tol) * lower:
        solution = max_margin(X, y, tol=min(tol / 10, 1e-6))
        # both bounds are computed here, from the solver's variables, whatever the solver says of them
        other = margin_upper(X, y, solution.network)
        bound = margin_lower(y, solution.lam, highest_neuron(X, solution.lam).upper)
        upper, best = (other, solution.network) if other < upper else (upper, best)
        lower, lam = (bound, solution.lam) if bound > lower else (lower, lam)
    margin, wrong = float(margins(net, X, y).min()), misclassified(net, X, y)
    return Report(OBJECTIVE, net, value, lower, upper, margin, wrong, residual, missing, lam, best, tol)
