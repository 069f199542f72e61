"""The report on the largest margin: P* = min (1/2)(||W1||^2 + ||w2||^2) subject to y_n f(x_n) >= 1."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from lib.data import Array, validated
from lib.kkt import misclassified, multiplier
from lib.network import Network, margins
from lib.program import max_margin, minimal
from lib.report.result import Neuron, Report, highest_neuron
from lib.report.rounding import margin_lower, margin_upper

OBJECTIVE = "largest margin: the least sum of |w2_i| |w1_i| with all margins >= 1"


def _offered(net: Network, X: Array, y: Array) -> list[Array]:
    """Dual variables that the network suggests, each with sum |lam_n| = 1: softmax weights of its margins at two
    temperatures, and the multiplier of its stationarity conditions if it separates the data."""
    q = margins(net, X, y)
    soft = [softmax(-q / ((np.abs(q).max() or 1.0) * temperature)) for temperature in (0.1, 0.01)]
    found = [y * np.where(weights > 1e-9, weights, 0.0) for weights in soft]
    if q.min() > 0:
        lam = multiplier(net, X, y).lam
        found += [lam / np.abs(lam).sum()] if lam.any() else []
    return found


def _judged(X: Array, offered: list[Array], value: float) -> tuple[Array, Neuron]:
    """The offered lam of least d_H, scaled to sum |lam_n| = value, and its highest neuron.

    Then height = value * d_H >= value / P*: some direction is above 1 unless the network is optimal.
    """
    neuron, lam = min(((highest_neuron(X, lam), lam) for lam in offered), key=lambda pair: pair[0].upper)
    scale = value if np.isfinite(value) else 1.0
    return scale * lam, neuron._replace(height=scale * neuron.height, upper=scale * neuron.upper)


def _reported(X: Array, y: Array, net: Network, offered: list[Array], tol: float, solve: bool) -> Report:
    value = upper = margin_upper(X, y, net)
    lam, missing = _judged(X, offered, value)
    lower, best = margin_lower(y, lam, missing.upper), net
    if solve and value > (1 + tol) * lower:
        solution = max_margin(X, y, tol=min(tol / 10, 1e-6))
        # both bounds are computed here, from the solver's variables, whatever the solver says of them
        other = margin_upper(X, y, solution.network)
        bound = margin_lower(y, solution.lam, highest_neuron(X, solution.lam).upper)
        upper, best = (other, solution.network) if other < upper else (upper, best)
        lower, lam = (bound, solution.lam) if bound > lower else (lower, lam)
    margin, wrong = float(margins(net, X, y).min()), misclassified(net, X, y)
    residual = np.inf if len(wrong) else multiplier(net, X, y).residual
    return Report(OBJECTIVE, net, value, lower, upper, margin, wrong, residual, missing, lam, best, tol)


def report_margin(X: ArrayLike, y: ArrayLike, net: Network, tol: float = 1e-3, solve: bool = True) -> Report:
    """Where the network stands: its value sum_i |w2_i| ||w1_i|| / (least margin), and lower <= P* <= upper.

    The lower bound is y'lam / d_H(lam) for the network's own multiplier lam. If that leaves open whether the network is
    within the relative tolerance `tol` of P*, and `solve` is true, the convex program is solved for a better one.
    Raises `ValueError` for bad input, and for data that no network separates.
    """
    X, y = validated(X, y)
    return _reported(X, y, net, _offered(net, X, y), tol, solve)


def report_best_margin(X: ArrayLike, y: ArrayLike, tol: float = 1e-3) -> Report:
    """The report on the best network that the convex program finds, with few neurons, and the solver's dual variable.

    Raises `ValueError` for bad input, and for data that no network separates.
    """
    X, y = validated(X, y)
    solution = max_margin(X, y, tol=min(tol / 10, 1e-8))
    return _reported(X, y, minimal(solution.network, X), [solution.lam / np.abs(solution.lam).sum()], tol, solve=False)
