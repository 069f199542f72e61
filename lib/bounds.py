"""Bounds on an optimum from both sides, each rounded outward by what its evaluation can have lost, and their gap.

Weights may have any size: neurons are brought into range by powers of two, which are exact. A bound that floating point
cannot decide is given up (0 below, infinity above), never guessed.
"""

from typing import NamedTuple

import numpy as np

from lib.data import EPS, Array
from lib.losses import Loss
from lib.network import Network

TINY = 2.0**-1060  # products that underflow lose less
FAR = 20  # powers of two between a row of usual size and the largest
LARGEST = float(np.finfo(float).max)  # what overflows is at least this
SMALL = 2.0**-960  # a height below this may have lost its digits


def relative_gap(lower: float, upper: float) -> float:
    """upper / lower - 1, at least 0: what `upper` can be above the optimum, relatively. Infinite if lower <= 0."""
    if upper <= lower:
        return 0.0
    return upper / lower - 1 if lower > 0 else np.inf


class Bracket(NamedTuple):
    """`lower` <= optimum <= `upper`, both certified in double precision."""

    lower: float
    upper: float

    @property
    def gap(self) -> float:
        return relative_gap(self.lower, self.upper)


def exponent(values: Array) -> int:
    """e with max |values| in [2^(e-1), 2^e); 0 for zeros."""
    return int(np.frexp(np.abs(values).max(initial=0.0))[1])


def typical(X: Array, most: int) -> int:
    """The exponent of the median nonzero row, at least 2^-most of the largest: a far row leaves others their digits."""
    rows = np.frexp(np.abs(X[X.any(axis=1)]).max(axis=1))[1]
    return int(max(np.median(rows), rows.max() - most)) if len(rows) else 0


def in_range(net: Network) -> Network:
    """f times a power of two: the largest neuron has weights between 1/2 and 1; those below its 1e-300 are lost.

    Neurons with a zero layer, which compute nothing, are left out.
    """
    used = (net.w2 != 0) & net.W1.any(axis=0)
    W1, w2 = net.W1[:, used], net.w2[used]
    a, b = np.frexp(np.abs(W1).max(axis=0))[1], np.frexp(w2)[1]
    return Network(np.ldexp(W1, b - (a + b).max(initial=-10_000)), np.ldexp(w2, -b))


def prediction_errors(net: Network, X: Array) -> Array:
    """At most this much is lost in each f(x_n): sums of d and of m rounded products, some of which may underflow."""
    sums = np.abs(X) @ (np.abs(net.W1) @ np.abs(net.w2))
    return (X.shape[1] + net.m + 4) * (EPS / 2 * sums + TINY * (1 + np.abs(X).sum(axis=1)))


def path_norm(net: Network) -> float:
    """sum_i |w2_i| ||w1_i||, rounded up; of weights in range."""
    return net.path_norm * (1 + (net.m + net.d + 4) * EPS) + (net.m + 1) * TINY


def norm_upper(net: Network, X: Array, y: Array) -> float:
    """P* <= sum_i |w2_i| ||w1_i|| / min_n q_n, rounded up; inf if one may be negative. Source: thm-bias-bracket."""
    e, net = exponent(X), in_range(net)
    X = np.ldexp(X, -e)
    gamma = float((y * net.predict(X) - prediction_errors(net, X)).min())
    return float(np.ldexp(path_norm(net) / gamma * (1 + 2 * EPS), -e)) if gamma > SMALL else np.inf


def norm_lower(y: Array, lam: Array, height: float) -> float:
    """y'lam / d_H(lam) <= P*, rounded down; height >= d_H(lam). 0 if lam proves nothing. Source: thm-bias-bracket."""
    least = float(y @ lam) - (len(y) + 4) * EPS * float(np.abs(y) @ np.abs(lam))
    return least / height * (1 - 4 * EPS) if height > SMALL and least > 0 else 0.0


def decay_value(f: Array, error: Array, y: Array, loss: Loss, cost: float) -> float:
    """sum_n l(f_n, y_n) + cost, rounded up; inf where that overflows.

    l is convex, so that one end of f_n +- error_n is the worst.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        worst = np.maximum(loss.value(f - error, y), loss.value(f + error, y))
        value = (float(worst.sum()) + cost) * (1 + (len(f) + 8) * EPS)
    return value if np.isfinite(value) else np.inf


def decay_upper(net: Network, X: Array, y: Array, loss: Loss, beta: float) -> float:
    """sum_n l(f_n, y_n) + beta sum_i |w2_i| ||w1_i||, rounded up; inf where that overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return decay_value(net.predict(X), prediction_errors(net, X), y, loss, beta * path_norm(net))


def decay_lower(lam: Array, y: Array, height: float, loss: Loss, beta: float) -> tuple[float, Array]:
    """sum_n min_f l(f, y_n) + t lam_n f, rounded down, and t lam: with t <= 1 as large as t d_H(lam) <= beta allows.

    `height` is at least d_H(lam); nor may any t |lam_n| be steeper than the loss. Source: thm-convex-regularised.
    """
    largest = max(height / beta, float(np.abs(lam).max(initial=0.0)) / loss.steepest)
    lam = lam / largest * (1 - 8 * EPS) if largest * (1 + 8 * EPS) > 1 else lam
    terms = loss.conjugate(lam, y)
    lost = (len(terms) + 8) * EPS * (np.abs(terms) + np.abs(lam) * np.maximum(np.abs(y), 1)).sum()
    return float(terms.sum() - lost), lam
