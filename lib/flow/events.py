"""When within a step a neuron meets a hyperplane, or leaves one it slides along."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from lib.data import Array, Index, Mask
from lib.flow.arrangement import Arrangement
from lib.flow.boost import MONOMIALS, NODES, lagrange
from lib.flow.collocation import Step
from lib.flow.modes import Modes
from lib.flow.stride import Stride
from lib.zonotope.kinks import KINK

_TIMES = np.append(0.0, NODES)
_WIDTHS = np.diff(_TIMES)
_VALUES = lagrange(_TIMES).T  # of a parabola through its values at the nodes, as `_courses` has them
_SLOPES = (np.array([[0, 1, 2 * t] for t in _TIMES]) @ MONOMIALS).T


class Meeting(NamedTuple):
    """At `theta` of a step neuron `i` meets hyperplane `j`."""

    theta: float
    i: int
    j: int


class Leaving(NamedTuple):
    """At `theta` of a step neuron `i`, sliding along hyperplane `j`, leaves it: its coefficient becomes `c`, 0 or 1."""

    theta: float
    i: int
    j: int
    c: float


Hit = Meeting | Leaving


def first_root(s0: float, d0: float, s1: float, d1: float) -> float:
    """The first zero in (0, 1] of the Hermite cubic with values s0, s1 and slopes d0, d1; inf if there is none.

    For s0 = 0 the zero at 0 is divided out; s0 < 0 is past its zero.
    """
    if s0 < 0 or (s0 == 0 and d0 <= 0):
        return 0.0
    cubic = (s0, d0, 3 * (s1 - s0) - 2 * d0 - d1, d0 + d1 - 2 * (s1 - s0))
    if s0 == 0:
        cubic = (*cubic[1:], 0.0)
    high = _dip(*cubic)
    high = 1.0 if high > 1 and _value(1.0, *cubic) < 0 else high
    return brentq(_value, 0.0, high, cubic, xtol=1e-15) if high <= 1 else np.inf


def _value(x: float, a: float, b: float, c: float, d: float) -> float:
    return a + x * (b + x * (c + x * d))


def _dip(a: float, b: float, c: float, d: float) -> float:
    """Where on (0, 1) the cubic a + b x + c x^2 + d x^3 has a minimum that is not positive; inf if nowhere."""
    discriminant = c * c - 3 * d * b
    if discriminant <= 0:
        return np.inf
    root = discriminant**0.5
    x = -b / (c + root) if c > 0 else (root - c) / (3 * d) if d else np.inf
    return x if 0 < x < 1 and _value(x, a, b, c, d) <= 0 else np.inf


def first_zero(S: Array, dS: Array) -> float:
    """The first zero of the cubic spline with values S (4,) and slopes dS (4,) at the start and the nodes, or inf."""
    for k, width in enumerate(_WIDTHS):
        root = first_root(S[k], dS[k] * width, S[k + 1], dS[k + 1] * width)
        if root <= 1 and (S[k] or S[k + 1] < 0):  # one that only begins on the hyperplane does not meet it
            return float(_TIMES[k] + width * root)
    return np.inf


def crossings(stride: Stride, data: Arrangement) -> list[Meeting]:
    """Where neurons leave their sides of hyperplanes, unsorted."""
    i, j = np.nonzero(_within_reach(stride, data))
    S, dS = _courses(stride, data, i, j)
    dips = (S[:-1] > 0) & (dS[:-1] < 0) & (dS[1:] > 0) & (S[:-1] + dS[:-1] * _WIDTHS[:, None] < 0)
    found = np.flatnonzero((S < 0).any(axis=0) | dips.any(axis=0))
    hits = [Meeting(first_zero(S[:, n], dS[:, n]), int(i[n]), int(j[n])) for n in found]
    return [hit for hit in hits if hit.theta <= 1]


def _within_reach(stride: Stride, data: Arrangement) -> Mask:
    """(m, J): hyperplanes that a neuron can reach in the step, at twice its highest speed at the nodes."""
    speed = np.sqrt(np.vecdot(stride.g, stride.g)) * np.abs(stride.w2)
    return np.abs(stride.W1[0] @ data.normals.T) <= 2 * stride.step.h * speed.max(axis=0)[:, None]


def _courses(stride: Stride, data: Arrangement, i: Index, j: Index) -> tuple[Array, Array]:
    """h_j'w1_i on its side and in units of its size, and its slope in theta: (4, pairs) at the start and the nodes."""
    W1, w2, normals, modes = stride.W1[:, i], stride.w2[:, i], data.normals[j], stride.start.modes
    size = np.maximum(np.abs(W1).max(axis=2), np.abs(w2))
    side = np.where(modes.slide[i, j] | ~modes.alive[i], 0.0, 2.0 * modes.on[i, j] - 1) / size[0]
    S = np.vecdot(W1, normals)
    S = np.where(np.abs(S) <= KINK * size, 0.0, S) * side
    g = np.concatenate([stride.pulls(0.0)[None, i], stride.step.pulls[:, i]])
    return S, np.vecdot(g, normals) * w2 * (stride.step.h * side)


def departures(modes: Modes, step: Step) -> list[Leaving]:
    """Where a sliding neuron's coefficient reaches 0 or 1: the coefficient times |J| is a parabola in theta."""
    if not len(modes.sliders):
        return []
    hits = []
    for form, c_end in ((modes.low, 0.0), (modes.high, 1.0)):
        values = form @ step.pi.T
        violated = (values < 0).any(axis=1)
        course, slope = values[violated] @ _VALUES, values[violated] @ _SLOPES
        course[:, 0] = np.maximum(course[:, 0], 0.0)  # it has begun to slide
        for (i, j), S, dS in zip(modes.sliders[violated], course, slope, strict=True):
            theta = first_zero(S, dS)
            if theta <= 1:
                hits.append(Leaving(theta, int(i), int(j), c_end))
    return hits


def first_hits(stride: Stride, data: Arrangement) -> list[Hit]:
    """The hits that come first in a step, those at the same time together."""
    hits: list[Hit] = [*crossings(stride, data), *departures(stride.start.modes, stride.step)]
    first = min((hit.theta for hit in hits), default=0.0)
    return sorted((hit for hit in hits if hit.theta <= first + 1e-11), key=lambda hit: hit[:3])
