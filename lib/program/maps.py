"""Networks to points of the convex program and back, and fewer neurons for the same predictions.

    v = |w2| w1, summed over the neurons of equal pattern and sign;        w1 = v / sqrt||v||,  w2 = +-sqrt||v||.

Neither way raises the objective: the triangle inequality, and AM-GM (Pilanci and Ergen 2020).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import null_space

from lib.bounds import exponent
from lib.data import Array, Mask, lengths, validated_matrix, vectors
from lib.network import Network

NEGLIGIBLE = 1e-10  # of the longest neuron: what an interior-point method leaves of a neuron that is not used


def neurons(V: Array, s: Array, units: ArrayLike = 0) -> Network:
    """w1 = v / sqrt||v||, w2 = s sqrt||v|| for each row v of V (m, d) that is not negligible: cost = sum ||v||.

    Of V times 2^units, one exponent or (d,), for the v that are not negligible in V.
    """
    sizes = lengths(np.ldexp(V, -exponent(V)))
    used = sizes > NEGLIGIBLE * sizes.max(initial=0.0)
    return Network.along(np.ldexp(V[used], units), s[used])


def to_network(V_pos: ArrayLike, V_neg: ArrayLike) -> Network:
    """The network of a point of the program: one neuron, + or -, for each nonzero row of V_pos (p, d) or V_neg (q, d).

    cost = path_norm = sum ||v+_j|| + ||v-_j||. Raises `ValueError` if the arrays are not finite or their widths differ.
    Source: thm-convex-equivalence.
    """
    V_pos, V_neg = vectors(V_pos, "V_pos"), vectors(V_neg, "V_neg")
    if V_pos.shape[1] != V_neg.shape[1]:
        raise ValueError(f"V_pos and V_neg must have equally many columns; got {V_pos.shape} and {V_neg.shape}")
    return neurons(np.vstack([V_pos, V_neg]), np.repeat([1.0, -1.0], [len(V_pos), len(V_neg)]))


def to_program(net: Network, X: ArrayLike) -> tuple[Mask, Array, Array]:
    """(patterns, V_pos, V_neg): |w2_i| w1_i summed over neurons of equal pattern 1[X w1 >= 0] and sign.

    Shapes (p, N), (p, d), (p, d). The cone constraints hold, the predictions on X are the same, and
    sum ||v|| <= `net.path_norm`. Source: thm-convex-equivalence.
    """
    X = validated_matrix(X)
    patterns, which = np.unique((X @ net.W1 >= 0).T, axis=0, return_inverse=True)
    V = np.zeros((2, len(patterns), net.d))
    np.add.at(V, ((net.w2 < 0).astype(int), which.ravel()), (np.abs(net.w2) * net.W1).T)
    return patterns, V[0], V[1]


def minimal(net: Network, X: ArrayLike) -> Network:
    """The same predictions on X with at most N neurons and no larger path norm.

    Neurons of equal pattern and sign are merged. While the points s_i (X u_i)_+ of the rest are dependent, their
    weights move along a dependence that does not raise their sum, until one vanishes: Caratheodory's theorem for cones.
    Source: thm-convex-neurons.
    """
    X = validated_matrix(X)
    net = to_network(*to_program(net, X)[1:])
    U, s, weights = net.W1 / net.radii, np.sign(net.w2), net.radii**2
    F = s * np.maximum(X @ U, 0)
    live = np.flatnonzero(F.any(axis=0))
    while len(live) and (dependent := null_space(F[:, live], rcond=1e-12)).size:
        step = dependent[:, -1] * np.copysign(1.0, dependent[:, -1].sum())
        ratio = np.divide(weights[live], step, out=np.full(len(live), np.inf), where=step > 0)
        weights[live] -= ratio.min() * step
        live = np.delete(live, ratio.argmin())
    return neurons((U[:, live] * weights[live]).T, s[live])
