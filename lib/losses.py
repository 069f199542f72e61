"""The losses: one table of what each is, and what it can be used for.

L = sum_n l(f_n, y_n) over predictions f and targets y. A loss of margins is l(y f) for labels y = -1, +1; the squared
loss takes any real targets. The loss of a margin q is l(q, 1).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import entr, expit, log_expit, xlog1py

from lib.data import Array, validated, validated_targets

Function = Callable[[Array], Array]
OfTargets = Callable[[Array, Array | float], Array]


@dataclass(frozen=True)
class Loss:
    """`value` l(f, y); `dual` lam = -dl/df (f, y); `conjugate` min_f l(f, y) + lam f (lam, y), -inf where unbounded.

    |lam| never exceeds `steepest`. A `smooth` loss trains networks; every loss has convex programs with weight decay. A
    `real` one takes real targets.
    """

    name: str
    value: OfTargets
    dual: OfTargets
    conjugate: OfTargets
    steepest: float = np.inf
    smooth: bool = True
    real: bool = False

    def validated(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        """Float copies of X (N, d) and y (N,): labels, or real targets if the loss takes them. Raises `ValueError`."""
        return validated_targets(X, y) if self.real else validated(X, y)


@dataclass(frozen=True)
class Tailed(Loss):
    """A loss of margins that falls for ever: `log_slope` log(-l'(q)), and `log_slope_rate` minus its derivative."""

    log_slope: Function = field(kw_only=True)
    log_slope_rate: Function = field(kw_only=True)


def _of_margins(value: Function, slope: Function, conjugate: Function) -> tuple[OfTargets, OfTargets, OfTargets]:
    """l(y f) from l(q), -l'(q), and min_q l(q) + v q as functions of the margin q and of v = y lam."""
    return lambda f, y: value(y * f), lambda f, y: y * slope(y * f), lambda lam, y: conjugate(y * lam)


# log(1 + e^-q), e^-q, (1 - q)_+ and (1/2)(y - f)^2
_TABLE = (
    Tailed(
        "logistic",
        *_of_margins(
            lambda q: np.logaddexp(0, -q),
            lambda q: expit(-q),
            lambda v: entr(v) - xlog1py(1 - v, -np.minimum(v, 1.0)),  # entr(1 - v) would lose the digits of a small v
        ),
        steepest=1.0,
        log_slope=lambda q: log_expit(-q),
        log_slope_rate=expit,
    ),
    Tailed(
        "exponential",
        *_of_margins(lambda q: np.exp(-q), lambda q: np.exp(-q), lambda v: entr(v) + v),
        log_slope=np.negative,
        log_slope_rate=np.ones_like,
    ),
    Loss(
        "hinge",
        *_of_margins(
            lambda q: np.maximum(1 - q, 0),
            lambda q: np.where(q < 1, 1.0, 0.0),
            lambda v: np.where((v >= 0) & (v <= 1), v, -np.inf),
        ),
        steepest=1.0,
        smooth=False,
    ),
    Loss(
        "squared",
        lambda f, y: (y - f) ** 2 / 2,
        lambda f, y: np.asarray(y - f),
        lambda lam, y: y * lam - lam**2 / 2,
        real=True,
    ),
)
LOSSES = {loss.name: loss for loss in _TABLE}
SMOOTH = tuple(name for name, loss in LOSSES.items() if loss.smooth)


def get_loss(name: str, among: Iterable[str] = tuple(LOSSES)) -> Loss:
    """The loss of that name. Raises `ValueError` listing those that serve the purpose."""
    if name not in among:
        known = "" if name not in LOSSES else " here, since it has no derivative"
        raise ValueError(f"loss {name!r} is unknown{known}; the losses are {', '.join(among)}")
    return LOSSES[name]
