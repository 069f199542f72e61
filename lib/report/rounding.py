"""Both bounds in double precision, moved outward by what their evaluation can have lost."""

import numpy as np

from lib.data import Array
from lib.losses import get_loss
from lib.network import Network, margins

EPS = float(np.finfo(float).eps)


def prediction_errors(net: Network, X: Array) -> Array:
    """At most this much is lost in each f(x_n): sums of d and of m rounded products."""
    return (X.shape[1] + net.m + 4) * EPS * ((np.abs(X) @ np.abs(net.W1)) @ np.abs(net.w2))


def path_norm(net: Network) -> float:
    """sum_i |w2_i| ||w1_i||, rounded up."""
    return net.path_norm * (1 + (net.m + net.d + 4) * EPS)


def margin_lower(y: Array, lam: Array, height: float) -> float:
    """y'lam / d_H(lam), rounded down; `height` is at least d_H(lam)."""
    return float(y @ lam) / height * (1 - (len(y) + 4) * EPS) if height > 0 else 0.0


def margin_upper(X: Array, y: Array, net: Network) -> float:
    """sum_i |w2_i| ||w1_i|| / min_n q_n, rounded up; infinite if a margin may not be positive."""
    gamma = float((margins(net, X, y) - prediction_errors(net, X)).min())
    return path_norm(net) / gamma * (1 + 2 * EPS) if gamma > 0 else np.inf


def decay_upper(X: Array, y: Array, net: Network, loss: str, beta: float) -> float:
    """sum_n l(q_n) + beta sum_i |w2_i| ||w1_i||, rounded up; l is evaluated where the margin is least favourable."""
    q, error = margins(net, X, y), prediction_errors(net, X)
    worst = np.maximum(get_loss(loss).value(q - error, 1.0), get_loss(loss).value(q + error, 1.0))
    return float(worst.sum() + beta * path_norm(net)) * (1 + (len(q) + 8) * EPS)
