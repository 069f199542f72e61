"""The clock tau, and how margins q determine the dual variable pi on it.

Logistic and exponential loss: d tau = (sum_n |lam_n|) dt, and pi = |lam| / sum |lam| is a softmax,
log pi_n = -a(q_n) - kappa', a = -log(-l') (a(q) = q, or log(1 + e^q)), so kappa = -log sum |lam|
and d(log t) = exp(kappa - log t) d tau. Sums run over the examples that some neuron sees: the others stand still and would stop the clock.
Squared loss: tau = t and pi_n = 1 - q_n, of either sign.

Newton's method works in v = pi - T z, z = -log pi: pi and z are smooth functions of v (Wright's omega), with slopes in [0, 1], for any
temperature T > 0, and become the positive and negative parts of v as T -> 0. Choosing T ~ 1 / (margin's response to pi) turns
the stiff softmax into the complementarity of slacks and multipliers, scaled by T: it does not lose digits at margins of 1e12.
"""

from typing import NamedTuple, Protocol

import numpy as np
from scipy.special import expit, logsumexp, wrightomega

from lib.data import Array
from lib.flow.boost import NODES
from lib.flow.modes import Mask
from lib.network import LOSSES, get_loss


class Curve(NamedTuple):
    """At Newton's unknown v: pi, its conjugate z, D = dpi/dv and E = -T dz/dv."""

    pi: Array
    z: Array
    D: Array
    E: Array


class Clock(Protocol):
    """pi from margins (k, N): explicitly (`dual`), and implicitly through a(q) - z - kappa = 0 with (pi, z) on a curve."""

    normalised: bool

    def dual(self, q: Array, seen: Mask) -> tuple[Array, Array]: ...

    def unseen(self, a: Array, kappa: Array) -> Array: ...

    def conjugate(self, q: Array) -> tuple[Array, Array]: ...

    def curve(self, v: Array, T: float) -> Curve: ...


class Softmax:
    """The clock of the logistic and the exponential loss."""

    normalised = True

    def __init__(self, name: str) -> None:
        self.name = name

    def dual(self, q: Array, seen: Mask) -> tuple[Array, Array]:
        """pi (k, N) = |lam| e^kappa and kappa (k,) = -log of the sum of |lam| over the seen examples."""
        a = self.conjugate(q)[0]
        kappa = -logsumexp(np.where(seen, -a, -np.inf), axis=-1)
        return self.unseen(a, kappa), kappa

    def unseen(self, a: Array, kappa: Array) -> Array:
        """|lam| e^kappa; examples that nobody sees may outweigh the others by any factor: e^60 is as good as infinite."""
        return np.exp(np.minimum(kappa[..., None] - a, 60.0))

    def conjugate(self, q: Array) -> tuple[Array, Array]:
        """a(q) = -log(-l'(q)) and its derivative."""
        if self.name == "exponential":
            return q, np.ones_like(q)
        return np.logaddexp(0, q), expit(q)

    def curve(self, v: Array, T: float) -> Curve:
        pi = T * wrightomega(v / T - np.log(T))
        D = pi / (pi + T)
        return Curve(pi, (pi - v) / T, D, 1 - D)


class Plain:
    """The clock of the squared loss: tau = t, pi = 1 - q."""

    normalised = False

    def dual(self, q: Array, seen: Mask) -> tuple[Array, Array]:
        return 1 - q, np.zeros(q.shape[:-1])

    def unseen(self, a: Array, kappa: Array) -> Array:
        return -a

    def conjugate(self, q: Array) -> tuple[Array, Array]:
        return q - 1, np.ones_like(q)

    def curve(self, v: Array, T: float) -> Curve:
        return Curve(v, -v, np.ones_like(v), np.full_like(v, T))


def clock(loss: str) -> Clock:
    """The clock of a loss. Raises `ValueError` for an unknown one."""
    get_loss(loss)
    return Softmax(loss) if hasattr(LOSSES[loss], "log_slope") else Plain()


# --- time ------------------------------------------------------------------------------------------

_X, _W = np.polynomial.legendre.leggauss(32)
_CUBIC = np.linalg.inv(np.vander(np.append(0.0, NODES), increasing=True))
_REACH = 40.0  # what lies more than e^-40 below the end of a growing integrand is below rounding


def log_elapsed(kappa: Array, h: float, theta: float) -> float:
    """log of the integral of exp(kappa) over [0, theta h], kappa the cubic with values (4,) at 0 and the nodes."""
    powers = _CUBIC @ (kappa - kappa[-1])
    slope = float(np.arange(1, 4) @ (powers[1:] * theta ** np.arange(3)))
    start = max(0.0, theta - _REACH / slope) if slope > 0 else 0.0
    x = start + (theta - start) * (_X + 1) / 2
    values = np.vander(x, 4, increasing=True) @ powers
    return float(logsumexp(values, b=_W) + np.log(h * (theta - start) / 2) + kappa[-1])
