"""Exact answers: orthogonally separable data (one classifier for each class), and orthogonal data.

An optimum comes with the dual variable that proves it, or is proved inside: none has to be believed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize, nnls

from lib.data import Array, Mask, inseparable_pairs, reals, signed_dual, validated, validated_matrix
from lib.network import Network
from lib.results import result

# --- one class -------------------------------------------------------------------------------------

_ROUNDING = 1e-13  # of a margin x_n'w, relative to ||x_n|| ||w||
_GAP = 1e-6  # of orthogonal_limit_cost, relative; quadratically less in its value


@result
class Classifier(NamedTuple):
    """Hard-margin classifier `w` (d,) of one class, and its multiplier `lam` (N,) >= 0: w = ||w|| sum_n lam_n x_n."""

    w: Array
    lam: Array


def class_classifier(X_class: ArrayLike) -> Classifier:
    """w = argmin ||w|| s.t. x_n'w >= 1 for every row, and the multiplier lam >= 0 that proves it.

    ||sum_n lam_n x_n|| = 1, sum_n lam_n = ||w||, and lam_n > 0 only where x_n'w = 1: by weak duality no w is shorter.
    The rows with lam_n > 0 come from a nonnegative least-squares problem (Lawson and Hanson 1974, chapter 23). They are
    linearly independent, so w is the least-norm solution of x_n'w = 1 on them.
    Raises `ValueError` if no w has x_n'w > 0 on all rows.
    """
    X = validated_matrix(X_class, "X_class")
    lengths = np.linalg.norm(X, axis=1)
    if not lengths.all():
        raise ValueError(f"X_class: row {lengths.argmin()} is zero, so its margin is 0 for every w: drop it")
    support = _support(X, lengths)
    units = X[support] / lengths[support, None]
    w = _least_norm(units, 1 / lengths[support])
    size = np.linalg.norm(w)
    margins, rounding = X @ w, _ROUNDING * (1 + size * lengths)
    if not (margins >= 1 - np.minimum(rounding, 0.5)).all():
        raise ValueError(
            f"X_class: no w has x_n'w > 0 on all rows, or only a very long one (row {margins.argmin()} is missed); "
            "drop opposite rows, or append a bias column of ones"
        )
    lam = np.zeros(len(X))
    lam[support] = _least_norm(units.T, w / size) / lengths[support]
    return Classifier(w, np.maximum(lam, 0.0))


def _least_norm(A: Array, b: Array) -> Array:
    return np.asarray(np.linalg.lstsq(A, b)[0], dtype=np.float64)


def _support(X: Array, lengths: Array) -> Mask:
    """Rows with a_n > 0 in min_{a >= 0} ||(0, 1) - sum_n a_n (x_n, c) / ||x_n|| ||, c the shortest length of a row.

    The residual (r, rho) has r'x_n + rho c <= 0, with equality where a_n > 0, so w = -r / (rho c). If there is no w,
    rho = 0.
    """
    columns = np.vstack([X.T, np.full(len(X), lengths.min())]) / lengths
    return nnls(columns, np.append(np.zeros(X.shape[1]), 1.0))[0] > 0


# --- orthogonally separable data -------------------------------------------------------------------


@result
class Optimum(NamedTuple):
    """P* = `value` = ||`w_pos`|| + ||`w_neg`|| = y'`lam`, lam (N,) the dual optimum. An absent class has w = 0."""

    value: float
    w_pos: Array
    w_neg: Array
    lam: Array

    @property
    def network(self) -> Network:
        """One balanced neuron for each class: `f(x) = (x'w_pos)_+ - (x'w_neg)_+`."""
        return Network.along(np.vstack([self.w_pos, self.w_neg]), np.array([1.0, -1.0]))


def _refuse_unless_separable(X: Array, y: Array) -> None:
    for i, k in inseparable_pairs(X, y)[:1]:
        kind = "equal labels need x_i'x_k > 0" if y[i] == y[k] else "different labels need x_i'x_k <= 0"
        raise ValueError(
            f"X is not orthogonally separable: rows {i} and {k} have inner product {X[i] @ X[k]:.6g}, but {kind}; "
            "for general data use lib.program.max_margin"
        )


def orthogonally_separable_optimum(X: ArrayLike, y: ArrayLike) -> Optimum:
    """P* = min ||w_+|| s.t. x_n'w_+ >= 1 on the rows with y = +1, plus the same for y = -1.

    On orthogonally separable data (x_i'x_k > 0 for equal labels, <= 0 for different ones) the max-margin network is two
    neurons, one hard-margin classifier for each class, since each is blind to the other class (Phuong and Lampert
    2021 for the limit of the flow; Wang and Pilanci 2022). One class alone is legitimate.
    Raises `ValueError` naming a pair of rows if the data is not orthogonally separable. Source: thm-os-closed.
    """
    X, y = validated(X, y)
    _refuse_unless_separable(X, y)
    lam, w = np.zeros(len(X)), dict.fromkeys((1.0, -1.0), np.zeros(X.shape[1]))
    for label in np.unique(y):
        w[label], lam_class = class_classifier(X[y == label])
        lam[y == label] = label * lam_class
    return Optimum(float(y @ lam), w[1.0], w[-1.0], lam)


def certificate_value(X: ArrayLike, y: ArrayLike, lam: ArrayLike) -> float:
    """max_{||u|| <= 1} |lam'(Xu)_+| = max(||sum_{y_n = +1} lam_n x_n||, ||sum_{y_n = -1} lam_n x_n||), ours.

    On orthogonally separable data, for y_n lam_n >= 0, no enumeration is needed: rows of the other class only lower the
    value; within a class all inner products are positive, so the full sum is the longest, and it sees no other row.
    Raises `ValueError` for other data, or lam of a wrong sign. Source: thm-os-certificate.
    """
    X, y = validated(X, y)
    lam = signed_dual(X, y, lam)
    _refuse_unless_separable(X, y)
    return float(max(np.linalg.norm(lam[y == label] @ X[y == label]) for label in (1.0, -1.0)))


# --- orthogonal data: X = I_N, every label +1 -------------------------------------------------------


def covering_probability(N: int, m: int) -> float:
    """1 - (1 - 2^-N)^m: the probability that one of m random directions is positive in all N coordinates.

    For any law that is unchanged when one coordinate flips its sign, and has no zero coordinates. On X = I_N with all
    labels +1 the flow from m such positive neurons reaches the global optimum, sqrt(N), with this probability (ours).
    Source: thm-edge-covering.
    """
    if N < 1 or m < 0:
        raise ValueError(f"N must be at least 1 and m at least 0; got N={N}, m={m}")
    return float(-np.expm1(m * np.log1p(-(2.0**-N))))


def orthogonal_limit_cost(patterns: ArrayLike) -> float:
    """min sum_k ||v_k|| s.t. sum_{k: n in S_k} v_kn >= 1 for all n: the normalised cost in which the flow ends (ours).

    X = I_N, all labels +1. Row k of `patterns` (K, N) is the set S_k of the examples that positive neuron k sees at the
    start, and for ever. Eliminating directions, v_kn = r_k / R_n with R_n = sum_{k: n in S_k} r_k, the value is
    min_{r >= 0} (1/2) sum_k r_k + (1/2) sum_n 1 / R_n; its dual is max sum_n lam_n s.t. ||lam_{S_k}|| <= 1, with
    lam_n = 1 / R_n. Relative duality gap below 1e-6. Raises `ValueError` naming an example that no positive neuron sees
    (the flow never fits it). Source: thm-edge-frozen, thm-edge-covering.
    """
    S = _sets(patterns).astype(np.float64)
    seen = S.any(axis=0)
    if not seen.all():
        raise ValueError(f"patterns: no positive neuron sees example {seen.argmin()}, so the flow never fits it")
    S = np.unique(S[S.any(axis=1)], axis=0)
    value, r = _least_radii(S)
    lam = 1 / (r @ S)
    lower = lam.sum() / np.sqrt(S @ lam**2).max()
    if value - lower > _GAP * value:
        raise RuntimeError(f"the duality gap stalled: the cost is between {lower} and {value}")
    return value


def _least_radii(S: Array) -> tuple[float, Array]:
    """Value and minimiser of (1/2) sum_k r_k + (1/2) sum_n 1 / R_n over r >= 0, R = S'r."""

    def objective(r: Array) -> tuple[float, Array]:
        R = np.maximum(r @ S, 1e-12)
        return float(r.sum() + (1 / R).sum()) / 2, (1 - S @ R**-2.0) / 2

    start = np.ones(len(S)) / np.sqrt(len(S))
    bounds, exactly = [(0, None)] * len(S), {"ftol": 0, "gtol": 1e-11}
    found = minimize(objective, start, jac=True, bounds=bounds, method="L-BFGS-B", options=exactly)
    return float(found.fun), found.x


# --- orthogonal rows, squared loss, small starts ----------------------------------------------------

_TIE = 1e-9  # of two arrivals, relative to the clock


@result
class Race(NamedTuple):
    """Row k of `blocks` (K, N) is the set A_k learnt at t = `times[k]` log(1/eps): the flow's limit as eps -> 0.

    `cost` = sum_k ||(y_n / rho_n : n in A_k)||, and `missed` (N,) are the rows that are never learnt.
    """

    times: Array
    blocks: Mask
    cost: float
    missed: Mask


def race(patterns: ArrayLike, lengths: ArrayLike, y: ArrayLike) -> Race:
    """Squared loss, orthogonal rows of `lengths` rho (N,), targets y > 0, positive neurons of size eps (ours).

    Row i of `patterns` (m, N) is the set S_i that neuron i sees at the start. On the clock t / log(1/eps) its size
    eps^(-sigma_i) starts at sigma_i = -1 and grows at the rate ||D_i||, D_i = sum of y_n x_n over the rows of S_i that
    are not learnt yet. Who reaches 0 first learns these rows at once; then the race goes on without them.
    Raises `ValueError` for bad input, and for a tie, where the limit depends on more than the sets.
    Source: thm-saddles-race.
    """
    S = _sets(patterns)
    rho, target = np.ravel(reals(lengths, "lengths")), np.ravel(reals(y, "y"))
    N = S.shape[1]
    both = np.append(rho, target)
    if not len(rho) == len(target) == N or not ((both > 0) & np.isfinite(both)).all():
        raise ValueError("lengths and y must be positive, one each for every column of patterns: one class at a time")
    sigma, clock, left = -np.ones(len(S)), 0.0, target > 0
    times, blocks = [], []
    for _ in range(N):  # whoever arrives learns a row
        rate = np.sqrt((S & left) @ (rho * target) ** 2)
        if not rate.any():
            break
        wait = np.divide(-sigma, rate, out=np.full(len(S), np.inf), where=rate > 0)
        first = np.flatnonzero(wait <= wait.min() + _TIE * (clock + wait.min()))
        if ((S[first] ^ S[first[0]]) & left).any():
            raise ValueError(f"patterns: neurons {first.tolist()} arrive together with different sets: change a length")
        sigma, clock = sigma + rate * wait.min(), clock + wait.min()
        times.append(clock)
        blocks.append(S[first[0]] & left)
        left = left & ~blocks[-1]
    learnt = np.array(blocks, dtype=bool).reshape(-1, N)
    return Race(np.array(times), learnt, float(np.sqrt(learnt @ (target / rho) ** 2).sum()), left)


def _sets(patterns: ArrayLike) -> Mask:
    S = validated_matrix(patterns, "patterns")
    if not np.isin(S, (0, 1)).all():
        raise ValueError("patterns must be boolean, one row for each positive neuron: pass W1.T > 0 of these neurons")
    return S.astype(bool)
