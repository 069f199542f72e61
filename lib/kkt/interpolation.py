"""Judging by f(x_n) = y_n: is a network the cheapest one with its predictions? lam may have any signs (ours).

P_int(X, y) = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. f(x_n) = y_n is the gauge of y for the convex hull of the rectified
ellipsoid {(Xu)_+ : ||u|| <= 1} and its negative. The support function of that hull is d_H, so

    P_int(X, y) = max { y'lam : d_H(lam) <= 1 }.

A balanced network has the least cost for its predictions iff some lam has d_H(lam) <= 1, and s_i lam'(Xu_i)_+ = 1 for
each of its neurons. Targets of floating point may not be attainable at all, so a bracket is for the predictions.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import Bracket, norm_lower, path_norm, prediction_errors
from lib.data import EPS, Array, validated_dual, validated_matrix, validated_targets
from lib.kkt.points import Multiplier, Neurons, balanced_form, neurons_of, nonnegative, stationarity
from lib.kkt.sufficient import uncovered
from lib.network import Network
from lib.zonotope import growth, hausdorff


def lower_bound(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> float:
    """y'lam / d_H(lam) <= P_int(X, y) for any lam, of any signs; 0 if y'lam is not positive. Raises `ValueError`."""
    X, y = validated_targets(X, y)
    X, lam = validated_dual(X, lam)
    return norm_lower(y, lam, hausdorff(X, lam).upper)


def bracket(net: Network, X: ArrayLike, lam: ArrayLike) -> Bracket:
    """lower <= P_int(X, f(X)) <= sum_i |w2_i| ||w1_i||: the least cost of a network that predicts what `net` predicts.

    lower = f(X)'lam / d_H(lam), with the rounding of the predictions taken off. Raises `ValueError`.
    """
    X, lam = validated_dual(X, lam)
    height, lost = hausdorff(X, lam).upper, float(prediction_errors(net, X) @ np.abs(lam)) * (1 + 8 * len(X) * EPS)
    lower = norm_lower(net.predict(X), lam, height)
    return Bracket(max(lower - lost / height, 0.0) if lower else 0.0, path_norm(net))


def _signs(neurons: Neurons, X: Array) -> Array:
    """The signs of the multiplier of least squares, with rows on a kink counted half."""
    pulls = [s * X.T * (on + kink / 2) for s, on, kink in zip(neurons.s, neurons.on, neurons.kink, strict=True)]
    weights = np.repeat(neurons.weights, X.shape[1])
    A, b = weights[:, None] * np.vstack(pulls), weights * neurons.U.ravel()
    return np.where(np.linalg.lstsq(A, b)[0] < 0, -1.0, 1.0)


def multiplier(net: Network, X: ArrayLike) -> Multiplier:
    """lam of any signs, with its Clarke coefficients, of least sum_i r_i^2 ||u_i - s_i sum_n lam_n c_in x_n||^2.

    At the balanced network, f times a power of two. Exact where no row is on the kink of a neuron; with
    such rows, the best for signs guessed by least squares. Raises `ValueError` for bad input or no neuron.
    """
    X = validated_matrix(X)
    net = balanced_form(net)
    if not net.m:
        raise ValueError("net has no neuron: the zero network has no multiplier, and the least cost, 0")
    neurons = neurons_of(net, X)
    lam = nonnegative(neurons, X, _signs(neurons, X), np.arange(len(X)))
    residual, c = stationarity(neurons, X, lam)
    return Multiplier(lam, c, residual, net)


class Conditions(NamedTuple):
    """At a network and lam: `stationarity` as in `Multiplier`; `error` = max |f(x_n) - y_n|; `exact`: d_H(lam), and
    `uncovered`, the highest bare local maximum, ask for <= 1; `tight`: the least s_i lam'(Xu_i)_+, 1 at an optimum.
    """

    stationarity: float
    error: float
    exact: float
    uncovered: float
    tight: float


def conditions(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Conditions:
    """What optimality among the interpolators of real targets y (N,) asks for. Enumerates cells: for small data."""
    X, y = validated_targets(X, y)
    X, lam = validated_dual(X, lam)
    error = float(np.abs(net.predict(X) - y).max())
    neurons = neurons_of(net := balanced_form(net), X)
    tight = float(growth(X, lam, neurons.U, neurons.s).min(initial=np.inf))
    exact = hausdorff(X, lam).upper
    return Conditions(stationarity(neurons, X, lam)[0], error, exact, uncovered(X, lam, net), tight)
