"""KKT points of the margin problem: the representative of a network, its multiplier, and the residuals.

Every network is first brought to the representative of its direction that the constraints ask for: each neuron
balanced, |w2_i| = ||w1_i||, which leaves f unchanged, and all weights scaled so that the least margin is 1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from lib.bounds import in_range
from lib.data import Array, Index, Mask, lengths, rows_named, validated, validated_dual
from lib.network import Network, margins
from lib.results import result
from lib.zonotope import clarke, on_kink

WIDTHS = (1e-1, 1e-2, 1e-3)  # how far, relatively, a margin may be above the least one and carry a multiplier
SHORT = 1e-150  # of the longest neuron: the squares of shorter ones underflow


# --- the representative ----------------------------------------------------------------------------


def misclassified(net: Network, X: ArrayLike, y: ArrayLike) -> Index:
    """The rows with y_n f(x_n) <= 0."""
    return np.flatnonzero(margins(in_range(net), X, y) <= 0)


def balanced_form(net: Network) -> Network:
    """f times a power of two, by neurons with |w2_i| = ||w1_i||; those that compute next to nothing are left out."""
    net = in_range(net)
    V = (net.W1 * np.abs(net.w2)).T
    used = lengths(V) > SHORT
    return Network.along(V[used], np.sign(net.w2[used]))


def normalised(net: Network, X: ArrayLike, y: ArrayLike) -> Network:
    """The network balanced and scaled to least margin 1; neurons with a zero layer compute nothing and are left out.

    Raises `ValueError` naming the rows that have no positive margin: such a network has no representative.
    """
    X, y = validated(X, y)
    wrong = misclassified(net, X, y)
    if len(wrong):
        raise ValueError(
            f"net does not separate the data: margins are not positive in {rows_named(wrong)}; "
            "train it further, or solve with lib.program.max_margin"
        )
    net = balanced_form(net)
    return net.scaled(float(margins(net, X, y).min()) ** -0.5)


# --- multipliers -----------------------------------------------------------------------------------


@result
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


class Neurons(NamedTuple):
    """Directions u_i (m, d), weights r_i / ||r||, signs s_i, and the rows (m, N) that are on, or on the kink."""

    U: Array
    weights: Array
    s: Array
    on: Mask
    kink: Mask


def neurons_of(net: Network, X: Array) -> Neurons:
    U = (net.W1 / net.radii).T
    kink = on_kink(X, U)
    return Neurons(U, net.radii / np.linalg.norm(net.radii), np.sign(net.w2), (U @ X.T > 0) & ~kink, kink)


def stationarity(neurons: Neurons, X: Array, lam: Array) -> tuple[float, Array]:
    """The residual of `Multiplier` at lam, and the best Clarke coefficients (m, N) of each neuron."""
    found = [clarke(X, s * lam, u, u) for u, s in zip(neurons.U, neurons.s, strict=True)]
    misses = [np.linalg.norm(one.rest) for one in found]
    return float(np.linalg.norm(neurons.weights * misses)), np.array([one.c for one in found]).reshape(-1, len(X))


def nonnegative(neurons: Neurons, X: Array, y: Array, support: Index) -> Array:
    """lam, of the signs y, on the support by nonnegative least squares.

    A boundary row n of neuron i enters with mu_in = lam_n c_in; 0 <= mu_in <= lam_n becomes the equation
    mu_in + nu_in = lam_n with nu_in >= 0, imposed by a large weight.
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
    Source: def-kkt; Lyu and Li 2020.
    """
    X, y = validated(X, y)
    net = normalised(net, X, y)
    neurons, q = neurons_of(net, X), margins(net, X, y)
    offered = [nonnegative(neurons, X, y, np.flatnonzero(q <= 1 + width)) for width in WIDTHS]
    found = [Multiplier(lam, c, residual, net) for lam in offered for residual, c in [stationarity(neurons, X, lam)]]
    return min(found, key=lambda one: one.residual + _complementarity(one.lam, q))


def _complementarity(lam: Array, q: Array) -> float:
    """sum_n |lam_n| |q_n - 1| / sum_n |lam_n|."""
    return float(np.abs(lam) @ np.abs(q - 1) / (np.abs(lam).sum() or 1.0))


def residuals(net: Network, X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> Residuals:
    """The four KKT residuals of the normalised network with a given multiplier lam, each measured by itself.

    Raises `ValueError` for a network that does not separate the data.
    """
    X, y = validated(X, y)
    X, lam = validated_dual(X, lam)
    net = normalised(net, X, y)
    q = margins(net, X, y)
    return Residuals(
        stationarity=stationarity(neurons_of(net, X), X, lam)[0],
        primal=float(np.maximum(1 - q, 0).max()),
        dual=float(np.maximum(-y * lam, 0).max() / (np.linalg.norm(lam) or 1.0)),
        complementarity=_complementarity(lam, q),
    )
