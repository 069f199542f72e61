"""The clock tau, and how margins q determine the dual variable pi on it.

Logistic and exponential loss: d tau = (sum_n |lam_n|) dt and pi = |lam| / sum |lam|, a softmax:
log pi_n = kappa - a(q_n), with a = -log(-l') (q, or log(1 + e^q)) and kappa = -log sum |lam|, so that
d(log t) = exp(kappa - log t) d tau. Sums run over the examples that some neuron sees: the others stand still, and would
in the end stop the clock. Squared loss: tau = t and pi_n = y_n - f(x_n), of either sign, with q = f. Each example
counts with its weight: |lam_n| and the residual are multiplied by it.

On the first clock Newton's method works in v = pi - T z, z = -log pi: both are smooth functions of v (Wright's omega)
with slopes D = dpi/dv and E = -T dz/dv in [0, 1], for any temperature T > 0, and turn into the positive and negative
parts of v as T -> 0. With T ~ 1 / (response of the margins to pi) the stiff softmax becomes, continuously, the
complementarity of slacks and multipliers, in numbers of order 1: no digits are lost at margins of 1e12. On the plain
clock v = pi.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import wrightomega

from lib.data import Array, Mask
from lib.flow.boost import NODES
from lib.losses import Loss, Tailed


class Curve(NamedTuple):
    """At Newton's unknown v: pi, its conjugate z, D = dpi/dv and E = -T dz/dv."""

    pi: Array
    z: Array
    D: Array
    E: Array


def log_sum_exp(x: Array) -> Array:
    """log sum exp over the last axis (scipy's takes ten times as long on short rows)."""
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[..., None]).sum(axis=-1))


class Softmax:
    """The clock of the logistic and the exponential loss.

    pi follows from margins q explicitly, by `dual`, or implicitly, by a(q) - z - kappa = 0 with (pi, z) on a `curve`.
    `gain` bounds how much pi falls when a margin rises by one; `force` is the size of sum |pi| at which the flow acts.
    """

    normalised, force = True, 1.0

    def __init__(self, loss: Tailed, weights: Array) -> None:
        self.loss, self.log_weights = loss, np.log(weights)

    def gain(self, pi: Array) -> Array:
        return pi

    def dual(self, q: Array, seen: Mask) -> tuple[Array, Array]:
        """pi (k, N) = |lam| e^kappa and kappa (k,) = -log of the sum of |lam| over the seen examples."""
        a = self.conjugate(q)[0]
        kappa = -log_sum_exp(-a[..., seen] if seen.any() else -a)
        return self.at_slack(a, kappa), kappa

    def at_slack(self, a: Array, kappa: Array) -> Array:
        """|lam| e^kappa. An example that nobody sees may outweigh the others by any factor: e^60 is as infinity."""
        return np.exp(np.minimum(kappa[..., None] - a, 60.0))

    def conjugate(self, q: Array) -> tuple[Array, Array]:
        """a(q) = -log(-l'(q)), less the logarithm of the weight, and its derivative."""
        return -self.loss.log_slope(q) - self.log_weights, self.loss.log_slope_rate(q)

    def curve(self, v: Array, T: float) -> Curve:
        pi = T * wrightomega(v / T - np.log(T))
        return Curve(pi, (pi - v) / T, pi / (pi + T), T / (pi + T))


class Plain:
    """The clock of the squared loss: tau = t, pi = weight (target - q). The same methods as those of `Softmax`."""

    normalised = False

    def __init__(self, targets: Array, weights: Array) -> None:
        self.targets, self.weights = targets, weights
        self.force = float(weights @ np.abs(targets))

    def gain(self, pi: Array) -> Array:
        return self.weights

    def dual(self, q: Array, seen: Mask) -> tuple[Array, Array]:
        return self.weights * (self.targets - q), np.zeros(q.shape[:-1])

    def at_slack(self, a: Array, kappa: Array) -> Array:
        return -self.weights * a

    def conjugate(self, q: Array) -> tuple[Array, Array]:
        return q - self.targets, np.ones_like(q)

    def curve(self, v: Array, T: float) -> Curve:
        return Curve(v, -v / self.weights, np.ones_like(v), np.broadcast_to(T / self.weights, v.shape))


Clock = Softmax | Plain


def clock(loss: Loss, y: Array, weights: Array) -> Clock:
    """The clock of a loss with labels or targets y (N,) and positive weights (N,).

    Raises `ValueError` for a loss that none of the clocks was made for.
    """
    if isinstance(loss, Tailed):
        return Softmax(loss, weights)
    if loss.name == "squared":
        return Plain(y, weights)
    raise ValueError(f"the flow of the {loss.name} loss needs a clock of its own, beside those of lib/flow/clock.py")


# --- time ------------------------------------------------------------------------------------------

_X, _W = np.polynomial.legendre.leggauss(32)
_X, _LOG_W = (_X + 1) / 2, np.log(_W / 2)  # on [0, 1]
_DEGREES = np.arange(1, 8)
_REACH = 40.0  # what lies more than e^-40 below the end of a growing integrand is below rounding


def _hermite() -> Array:
    """Coefficients (8, 8) in u = 1 - theta of the polynomial with given values and slopes at 0 and the nodes."""
    u = 1 - np.append(0.0, NODES)
    values = np.vander(u, 8, increasing=True)
    slopes = np.column_stack([np.zeros(4), -values[:, :-1] * np.arange(1, 8)])
    return np.linalg.inv(np.vstack([values, slopes]))


_HERMITE = _hermite()


def log_elapsed(kappa: Array, rates: Array, h: float, theta: float) -> float:
    """log of the integral of exp(kappa) over [0, theta h], from kappa (4,) and its rates (4,) at 0 and the nodes.

    The polynomial is expanded about the end of the step: there kappa may be 1e12 and its rounding must not show.
    """
    powers = _HERMITE @ np.append(kappa - kappa[-1], h * rates)
    powers[0], powers[1] = 0.0, -h * rates[-1]  # exactly
    end = 1 - theta
    slope = -float(powers[1:] @ (_DEGREES * end ** (_DEGREES - 1)))
    width = min(theta, _REACH / slope) if slope > 0 else theta
    values = np.vander(end + width * _X, 8, increasing=True) @ powers
    return float(log_sum_exp(values + _LOG_W) + np.log(h * width) + kappa[-1])
