"""The report on a loss with weight decay: min sum_n l(q_n) + (beta/2)(||W1||^2 + ||w2||^2).

Its dual is max -sum_n l*(-y_n lam_n) subject to |lam'(Xu)_+| <= beta ||u||. At an optimum lam_n = -y_n l'(q_n), so a
network carries a candidate; shrunk to t lam with t = min(1, beta / d_H(lam)) it is feasible, and bounds the best
value from below.
"""

import numpy as np
from numpy.typing import ArrayLike

from lib import program
from lib.data import Array, validated
from lib.kkt import ON_KINK, misclassified
from lib.losses import LOSSES, SMOOTH, get_loss
from lib.network import Network, dual_variable, margins
from lib.report.result import Report, highest_neuron
from lib.report.rounding import EPS, decay_upper
from lib.zonotope import project


def dual_bound(y: Array, lam: Array, height: float, loss: str, beta: float) -> tuple[float, Array]:
    """The lower bound of t lam, t = min(1, beta / height), rounded down, and t lam; `height` is at least d_H(lam)."""
    scaled = lam * min(1.0, beta / height * (1 - 8 * EPS)) if height > 0 else lam
    terms = LOSSES[loss].conjugate(scaled, y)
    return float(terms.sum() - (len(terms) + 8) * EPS * (np.abs(terms) + np.abs(scaled)).sum()), scaled


def _miss(u: Array, s: float, X: Array, lam: Array) -> float:
    """min ||u - s sum_n c_n lam_n x_n|| over c_n = 1 where x_n'u > 0, 0 where < 0, and in [0, 1] on the kinks of u."""
    z, rounding = X @ u, ON_KINK * np.linalg.norm(X, axis=1)
    kink = (np.abs(z) <= rounding) & (lam != 0)
    rest = s * u - lam[z > rounding] @ X[z > rounding]
    return float(project(rest, X[kink] * lam[kink, None]).distance) if kink.any() else float(np.linalg.norm(rest))


def _stationarity(net: Network, X: Array, lam: Array) -> float:
    """What the neurons miss at lam, weighted by their squared size: 0 at a stationary point. lam in units of beta."""
    sizes = net.radii * np.abs(net.w2)
    kept = np.flatnonzero(sizes > 0)
    misses = [_miss(net.W1[:, i] / net.radii[i], np.sign(net.w2[i]), X, lam) for i in kept]
    return float(np.sqrt(sizes[kept] @ np.square(misses) / sizes[kept].sum())) if len(kept) else 0.0


def report_decay(
    X: ArrayLike, y: ArrayLike, net: Network, loss: str, beta: float, tol: float = 1e-3, solve: bool = True
) -> Report:
    """Where the network stands: its value sum l(q_n) + beta sum_i |w2_i| ||w1_i||, and lower <= best value <= upper.

    As `report_margin`, for the losses logistic, squared and exponential and a weight decay `beta` > 0 that falls on all
    weights, biases included. The bounds are computed in double precision and rounded outward. Raises `ValueError`.
    """
    X, y = validated(X, y)
    get_loss(loss, SMOOTH)
    if not beta > 0:
        raise ValueError(
            f"beta must be positive, got {beta}: without weight decay the best value is that of the margin"
        )
    own = dual_variable(net, X, y, loss)
    missing = highest_neuron(X, own / beta)
    lower, lam = dual_bound(y, own, missing.upper * beta, loss, beta)
    value = upper = decay_upper(X, y, net, loss, beta)
    best = net
    if solve and value > (1 + tol) * lower:
        solution = program.regularised(X, y, loss, beta, tol=min(tol / 10, 1e-6))
        other = decay_upper(X, y, solution.network, loss, beta)
        height = highest_neuron(X, solution.lam).upper
        bound, scaled = dual_bound(y, solution.lam, height, loss, beta)
        upper, best = (other, solution.network) if other < upper else (upper, best)
        lower, lam = (bound, scaled) if bound > lower else (lower, lam)
    objective = f"{loss} loss with weight decay {beta:g}"
    margin, wrong = float(margins(net, X, y).min()), misclassified(net, X, y)
    residual = _stationarity(net, X, own / beta)
    return Report(objective, net, value, lower, upper, margin, wrong, residual, missing, lam, best, tol)
