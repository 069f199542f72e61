"""Judging a network from outside: its multiplier, its residuals, the bracket around P*, the sufficient conditions.

P* = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. y_n f(x_n) >= 1. Nothing here knows how a network was found. Every network is
first brought to the representative of its direction that the constraints ask for: each neuron balanced,
|w2_i| = ||w1_i||, which leaves f unchanged, and all weights scaled so that the least margin is 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import lsq_linear, nnls
from scipy.special import softmax

from lib.data import Array, validated, validated_dual
from lib.network import Network, margins
from lib.patterns import cells
from lib.zonotope import hausdorff, local_maxima

Mask = NDArray[np.bool_]

ON_KINK = 1e-7  # |x_n'u| at most this times ||x_n||: the row may be on the kink of the neuron
WIDTHS = (1e-1, 1e-2, 1e-3)  # how far, relatively, a margin may be above the least one and carry a multiplier


# --- the representative ----------------------------------------------------------------------------


def misclassified(net: Network, X: ArrayLike, y: ArrayLike) -> NDArray[np.intp]:
    """The rows with y_n f(x_n) <= 0."""
    return np.flatnonzero(margins(net, X, y) <= 0)


def normalised(net: Network, X: ArrayLike, y: ArrayLike) -> Network:
    """The network balanced and scaled to least margin 1; neurons with a zero layer compute nothing and are left out.

    Its `cost` is path_norm / least margin. Raises `ValueError` naming rows with a margin that is not positive.
    """
    wrong = misclassified(net, X, y)
    if len(wrong):
        raise ValueError(
            f"net does not separate the data: margins are not positive in rows {', '.join(map(str, wrong[:5]))}"
            f"{', ...' if len(wrong) > 5 else ''}; train it further, or solve with lib.program.max_margin"
        )
    radii = net.radii * np.abs(net.w2)
    used = radii > 0
    U, r = net.W1[:, used] / net.radii[used], np.sqrt(radii[used] / margins(net, X, y).min())
    return Network(U * r, np.sign(net.w2[used]) * r)


# --- multipliers -----------------------------------------------------------------------------------


class Multiplier(NamedTuple):
    """`lam` (N,), Clarke coefficients `c` (m, N) in [0, 1] for the neurons of `network`, and the `residual`.

    residual^2 = sum_i r_i^2 ||u_i - s_i sum_n lam_n c_in x_n||^2 / sum_i r_i^2 with r_i = ||w1_i||: 0 at a KKT point.
    """

    lam: Array
    c: Array
    residual: float
    network: Network


class Residuals(NamedTuple):
    """The four conditions, each 0 when it holds, with d_H the Hausdorff distance of the zonotopes of lam.

    `stationarity` as in `Multiplier`; `primal` = max(1 - q_n)_+; `dual` = max(-y_n lam_n)_+ / ||lam||;
    `complementarity` = sum_n |lam_n| |q_n - 1| / sum_n |lam_n|.
    """

    stationarity: float
    primal: float
    dual: float
    complementarity: float


class _Geometry(NamedTuple):
    """Directions u_i (m, d), weights r_i / ||r||, signs s_i, and the rows (m, N) that are on, or on the kink."""

    U: Array
    weights: Array
    s: Array
    on: Mask
    kink: Mask


def _geometry(net: Network, X: Array) -> _Geometry:
    U = (net.W1 / net.radii).T
    height = U @ X.T
    kink = np.abs(height) <= ON_KINK * np.linalg.norm(X, axis=1)
    return _Geometry(U, net.radii / np.linalg.norm(net.radii), np.sign(net.w2), (height > 0) & ~kink, kink)


def _stationarity(neurons: _Geometry, X: Array, lam: Array, c: Array) -> float:
    pulled = neurons.s[:, None] * ((lam * c) @ X)
    return float(np.linalg.norm(neurons.weights * np.linalg.norm(neurons.U - pulled, axis=1)))


def _clarke(neurons: _Geometry, X: Array, lam: Array) -> Array:
    """For a given lam, each neuron's best c: 1 on, 0 off, and on the kinks the box-constrained least squares."""
    c = neurons.on.astype(float)
    for i in np.flatnonzero((neurons.kink & (lam != 0)).any(axis=1)):
        rows = np.flatnonzero(neurons.kink[i] & (lam != 0))
        rest = neurons.s[i] * neurons.U[i] - (lam * c[i]) @ X
        c[i, rows] = lsq_linear((lam[rows, None] * X[rows]).T, rest, bounds=(0, 1), method="bvls").x
    return c


def _nonnegative(neurons: _Geometry, X: Array, y: Array, support: NDArray[np.intp]) -> Array:
    """lam on the support by nonnegative least squares, a boundary row n of neuron i entering with mu = lam_n c_in.

    0 <= mu_in <= lam_n becomes the equation mu_in + nu_in = lam_n with nu_in >= 0, imposed by a large weight.
    """
    m, d = neurons.U.shape
    pairs = np.argwhere(neurons.kink[:, support])
    K, k = len(support), len(pairs)
    scale = np.linalg.norm(X[support], axis=1)
    pull = (y[support] / scale)[:, None] * X[support]
    A = np.zeros((m * d + k, K + 2 * k))
    for i in range(m):
        rows = slice(i * d, i * d + d)
        A[rows, :K] = (neurons.weights[i] * neurons.s[i]) * (pull * neurons.on[i, support, None]).T
    for j, (i, n) in enumerate(pairs):
        A[i * d : i * d + d, K + j] = neurons.weights[i] * neurons.s[i] * pull[n]
        A[m * d + j, [n, K + j, K + k + j]] = 1e3 * np.array([1.0, -1.0, -1.0])
    b = np.append((neurons.weights[:, None] * neurons.U).ravel(), np.zeros(k))
    lam = np.zeros(len(X))
    lam[support] = y[support] * nnls(A, b, maxiter=50 * A.shape[1])[0][:K] / scale
    return lam


def multiplier(net: Network, X: ArrayLike, y: ArrayLike) -> Multiplier:
    """The best KKT multiplier of the max-margin problem at the normalised network.

    Minimises sum_i r_i^2 ||u_i - s_i sum_n lam_n c_in x_n||^2 over lam with y_n lam_n >= 0, supported on the rows of
    (nearly) least margin, and over the coefficients c_in in [0, 1] of rows on the kink of neuron i. How near is tried
    at three widths: the least sum of stationarity and complementarity wins.
    Raises `ValueError` for a network that does not separate the data.
    Source: Lyu and Li 2020.
    """
    X, y = validated(X, y)
    net = normalised(net, X, y)
    neurons = _geometry(net, X)
    q = margins(net, X, y)
    found = [_with_support(net, neurons, X, y, np.flatnonzero(q <= 1 + width)) for width in WIDTHS]
    return min(found, key=lambda one: one.residual + _complementarity(one.lam, q))


def _with_support(net: Network, neurons: _Geometry, X: Array, y: Array, support: NDArray[np.intp]) -> Multiplier:
    lam = _nonnegative(neurons, X, y, support)
    c = _clarke(neurons, X, lam)
    return Multiplier(lam, c, _stationarity(neurons, X, lam, c), net)


def _complementarity(lam: Array, q: Array) -> float:
    """sum_n |lam_n| |q_n - 1| / sum_n |lam_n|."""
    return float(np.abs(lam) @ np.abs(q - 1) / (np.abs(lam).sum() or 1.0))


def residuals(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Residuals:
    """The four KKT residuals of the normalised network with a given multiplier lam, each measured by itself."""
    X, y = validated(X, y)
    X, lam = validated_dual(X, lam)
    net = normalised(net, X, y)
    neurons, q = _geometry(net, X), margins(net, X, y)
    return Residuals(
        stationarity=_stationarity(neurons, X, lam, _clarke(neurons, X, lam)),
        primal=float(np.maximum(1 - q, 0).max()),
        dual=float(np.maximum(-y * lam, 0).max() / (np.linalg.norm(lam) or 1.0)),
        complementarity=_complementarity(lam, q),
    )


# --- the bracket -----------------------------------------------------------------------------------


class Bracket(NamedTuple):
    """`lower` <= P* <= `upper`; both are certified in double precision, `upper` is infinite for a network that errs."""

    lower: float
    upper: float

    @property
    def gap(self) -> float:
        """upper / lower - 1: what the network can be above the optimum, relatively."""
        return self.upper / self.lower - 1 if self.lower > 0 else np.inf


def lower_bound(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> float:
    """y'lam / d_H(lam) <= P* for any lam with y_n lam_n >= 0 (ours); d_H enters by its certified upper bound.

    Raises `ValueError` if lam has a sign that the label forbids.
    """
    X, y = validated(X, y)
    X, lam = validated_dual(X, lam)
    wrong = np.flatnonzero(y * lam < 0)
    if len(wrong):
        raise ValueError(f"lam must satisfy y * lam >= 0; row {wrong[0]} does not: clip it to 0, or negate lam")
    d_H = hausdorff(X, lam).upper
    return float(y @ lam / d_H) if d_H > 0 else 0.0


def upper_bound(net: Network, X: ArrayLike, y: ArrayLike) -> float:
    """P* <= sum_i |w2_i| ||w1_i|| / min_n q_n; infinite if a margin is not positive."""
    gamma = margins(net, X, y).min()
    return net.path_norm / float(gamma) if gamma > 0 else np.inf


def _candidates(net: Network, X: Array, y: Array) -> list[Array]:
    """What a network suggests: softmax weights of its margins at three temperatures, and its multiplier."""
    q = margins(net, X, y)
    spread = np.abs(q).max() or 1.0
    soft = [y * softmax(-q / (spread * temperature)) for temperature in (0.3, 0.03, 0.003)]
    return soft if q.min() <= 0 else [*soft, multiplier(net, X, y).lam]


def bracket(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike | None = None) -> Bracket:
    """y'lam / d_H(lam) <= P* <= sum_i |w2_i| ||w1_i|| / min_n q_n, for any network, trained by anyone (ours).

    `lam` (N,) with y_n lam_n >= 0 is any dual variable, such as the one a flow or a solver carries; without it the best
    of a few that the network itself suggests is used. Raises `ValueError` for bad data or a forbidden sign of lam.
    """
    X, y = validated(X, y)
    offered = _candidates(net, X, y) if lam is None else [validated_dual(X, lam)[1]]
    return Bracket(max(lower_bound(X, y, one) for one in offered), upper_bound(net, X, y))


# --- sufficient conditions -------------------------------------------------------------------------


class Conditions(NamedTuple):
    """What each sufficient condition for global optimality measures at a multiplier; the first three ask for <= 1.

    `exact`: d_H(lam). `relaxed`: max over cells j of ||X'D_j lam||. `uncovered`: the largest local maximum of
    +-lam'(Xu)_+ that no active neuron of the matching sign occupies. `ratio`: d_H(lam), at least 1: cost <= ratio P*.
    """

    exact: float
    relaxed: float
    uncovered: float
    ratio: float


def _uncovered(X: Array, lam: Array, net: Network) -> float:
    """Local maxima within 1e-3 radians of a neuron of the same sign are covered."""
    peaks = local_maxima(X, lam)
    near = (peaks.U @ (net.W1 / net.radii) > np.cos(1e-3)) & (peaks.s[:, None] == np.sign(net.w2))
    return float(peaks.values[~near.any(axis=1)].max(initial=0.0))


def conditions(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Conditions:
    """The sufficient conditions at a network and a multiplier of it (Wang and Pilanci 2022; the last two ours).

    Enumerates the cells of X, so it is for small data.
    """
    X, y = validated(X, y)
    X, lam = validated_dual(X, lam)
    exact = hausdorff(X, lam).upper
    relaxed = float(np.linalg.norm((cells(X).patterns * lam) @ X, axis=1).max())
    return Conditions(exact, relaxed, _uncovered(X, lam, normalised(net, X, y)), max(exact, 1.0))
