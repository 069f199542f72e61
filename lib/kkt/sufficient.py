"""Sufficient conditions for global optimality, measured at a network and a multiplier of it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, Mask, validated, validated_dual
from lib.kkt.points import normalised
from lib.network import Network
from lib.patterns import cells
from lib.zonotope import Maxima, hausdorff, local_maxima

NEAR = 1e-3  # radians within which a neuron of the same sign occupies a local maximum


class Conditions(NamedTuple):
    """What each sufficient condition for global optimality measures at a multiplier; the first three ask for <= 1.

    `exact`: d_H(lam). `relaxed`: max over cells j of ||X'D_j lam||. `uncovered`: the largest local maximum of
    +-lam'(Xu)_+ that no active neuron of the matching sign occupies. `ratio`: d_H(lam), at least 1: cost <= ratio P*.
    """

    exact: float
    relaxed: float
    uncovered: float
    ratio: float


def occupied(peaks: Maxima, net: Network) -> Mask:
    """Which local maxima have a neuron of their sign, up to `NEAR`."""
    near = peaks.U @ (net.W1 / net.radii) > np.cos(NEAR)
    return (near & (peaks.s[:, None] == np.sign(net.w2))).any(axis=1)


def uncovered(X: Array, lam: Array, net: Network) -> float:
    peaks = local_maxima(X, lam)
    return float(peaks.values[~occupied(peaks, net)].max(initial=0.0))


def conditions(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Conditions:
    """The sufficient conditions at a network and a multiplier of it (Wang and Pilanci 2022; the last two ours).

    Enumerates the cells of X, so it is for small data. Raises `ValueError` for a network that does not separate them.
    Source: thm-kkt-exact, thm-kkt-relaxed, thm-kkt-coverage, thm-kkt-approximation.
    """
    X, y = validated(X, y)
    X, lam = validated_dual(X, lam)
    exact = hausdorff(X, lam).upper
    relaxed = float(np.linalg.norm((cells(X).patterns * lam) @ X, axis=1).max())
    return Conditions(exact, relaxed, uncovered(X, lam, normalised(net, X, y)), max(exact, 1.0))
