"""The largest margin, and the least norm that fits: hard constraints on the outputs, to a certified gap."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import perf_counter
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import lstsq

from lib.bounds import FAR, TINY, norm_lower, typical
from lib.data import EPS, Array, Mask, lengths, validated, validated_targets
from lib.program.affine import Affine, Beside, Skip
from lib.program.columns import Interval
from lib.program.exchange import exchanged
from lib.program.feasibility import require_feasible, require_fit
from lib.program.hats import fitting
from lib.program.linear import Weighing
from lib.program.maps import neurons
from lib.program.outcome import Outcome, generate, solution
from lib.program.penalties import Hinge
from lib.program.problem import Problem, Start
from lib.program.solution import Solution, Watch, checked, in_units
from lib.results import silent
from lib.zonotope.lift import Free, lifted_rows

MOVES = 4  # Newton steps towards outputs that fit
CLOSE = 2.0  # margins below CLOSE times their target may be too small for other weights
SHORT = 1e-9  # a margin this little below its target is not worth a row
STIFF = Hinge(1e3)
FACTORED = 1e8  # products that a factorisation may take, tenths of a second
EXACT = 1e-11  # outputs this near to the largest target, relatively, fit


@dataclass(frozen=True, eq=False)
class HardMargin(Problem):
    """q_n >= a_n on unit rows, through a hinge whose slope grows until no row falls short: an exact penalty."""

    penalty: Hinge = STIFF
    both: ClassVar[bool] = False  # whether the margins of both labels are hard

    def starts(self, tol: float, until: float) -> Iterator[Start]:
        return exchanged(self, self.penalty.slope, tol, until)

    def polished(self, V: Array, s: Array, z: Array, until: float) -> tuple[Array, Array, Array]:
        """The best weights for neurons along the vectors: a linear program, whose vertices use few neurons.

        It meets the margins to the last digits, where an interior-point method leaves an error of its largest numbers.
        """
        N, k = self.N, self.affine.unpriced.shape[1]
        sizes = np.abs(self.a[:N, None]) if not self.both else 1.0
        F, Z = self.gains(V, s)[:N] / sizes, self.y[:N, None] * self.affine.columns[:N] / sizes
        prices = np.append(self.lengths(V), self.affine.length(z))
        unit = np.where(prices > 0, prices, 1.0)
        gains, a = np.column_stack([F, Z[:, k:] @ z[k:]]) / unit, (self.a[:N, None] / sizes)[:, 0]
        program = Weighing(k, equal=self.both)
        program.add_directions(gains[:0], prices / unit)
        rows, more = np.zeros(N, dtype=bool), gains @ unit + Z[:, :k] @ z[:k] < CLOSE * a
        more |= self.both or not more.any()
        w = np.ones(len(prices))
        while more.any() and w.any() and (perf_counter() < until or not rows.any()):
            program.add_rows(Z[more, :k], gains[more], a[more])
            rows |= more
            w, free, _ = program.solve(until)
            more = (gains @ w + Z[:, :k] @ free < a * (1 - SHORT)) & ~rows
        w = w / unit
        return V * w[:-1, None], s, np.concatenate([free, z[k:] * w[-1]])

    def fitting(self, V: Array, s: Array, z: Array, quick: bool) -> tuple[Array, Array, Array]:
        return fitting(self, V, s, z, quick)

    def upper(self, V: Array, s: Array, z: Array) -> tuple[float, Array, Array, Array]:
        """sum ||v_j|| / min_n (q_n / a_n), and the network of that value; infinite while a margin is not positive."""
        least = float(((self.y * self.outputs(V, s, z) - self.lost(V, z)) / self.a).min())
        return (self.length(V, z) / least, V / least, s, z / least) if least > 0 else (np.inf, V, s, z)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """sum_n a_n |lam_n| / d_H(lam)."""
        value = norm_lower(self.y * self.a, lam, height) if (self.y * lam >= 0).all() else 0.0
        return value, lam / max(height, TINY)

    def wanted(self, q: Array) -> Mask:
        return q < self.a * (1 - SHORT)

    def stiffened(self, lam: Array) -> "HardMargin":
        slope = self.penalty.slope
        return replace(self, penalty=Hinge(10 * slope)) if np.abs(lam).max() > slope / 2 else self


@dataclass(frozen=True, eq=False)
class Interpolation(HardMargin):
    """f(x_n) = t_n: the margins of both labels are hard."""

    both: ClassVar[bool] = True

    @property
    def targets(self) -> Array:
        return self.a[: self.N]

    def upper(self, V: Array, s: Array, z: Array) -> tuple[float, Array, Array, Array]:
        """sum ||v_j|| once the outputs are made to fit, by the least change of the vectors, or of their lengths.

        Infinite if neither makes them fit: patterns change on the way when the change is not small.
        """
        V, s = V[V.any(axis=1)], s[V.any(axis=1)]
        X, N, (m, D) = self.X[: self.N], self.N, V.shape
        if m > 2 * N and np.isfinite(cost := self._cost(V, s, z)):  # hats fit as they are
            return cost, V, s, z
        moved, c = V, z
        for _ in range(MOVES if m <= 2 * N or N * N * V.size <= FACTORED else 0):
            slopes = (s * (X @ moved.T > 0))[:, :, None] * X[:, None]
            step, c_ = self._step(slopes.reshape(N, m * D), moved, s, c)
            moved, c = moved + step.reshape(m, D), c + c_
        step, z_ = self._step(self.gains(V, s)[:N], V, s, z)
        w = 1 + step
        found = (moved, s, c), (V * np.abs(w)[:, None], s * np.where(w < 0, -1.0, 1.0), z + z_)
        return min([(self._cost(*one), *one) for one in found], key=lambda one: one[0])

    def _step(self, F: Array, V: Array, s: Array, z: Array) -> tuple[Array, Array]:
        """The least change, of what F multiplies and of the free coefficients, that would make the outputs fit."""
        rest = self.targets - self.outputs(V, s, z)[: self.N]
        A, k = np.hstack([F, self.affine.unpriced[: self.N]]), self.affine.unpriced.shape[1]
        change, wide = np.zeros(A.shape[1]), A.shape[1] > len(A)
        if A.size * min(A.shape) <= FACTORED:  # the normal equations square the condition of A
            change = lstsq(A, rest, lapack_driver="gelsy")[0]
        else:
            G = A @ A.T if wide else A.T @ A
            G[np.diag_indices(len(G))] += np.trace(G) * EPS + TINY
            for _ in range(2):  # the second time for the rounding of the first
                left = rest - A @ change
                change = change + (A.T @ np.linalg.solve(G, left) if wide else np.linalg.solve(G, A.T @ left))
        return change[: F.shape[1]], np.concatenate([change[F.shape[1] :], np.zeros(len(z) - k)])

    def _cost(self, V: Array, s: Array, z: Array) -> float:
        short = np.abs(self.outputs(V, s, z)[: self.N] - self.targets).max()
        return self.length(V, z) if short <= EXACT * np.abs(self.targets).max() else np.inf

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """sum_n t_n lam_n / d_H(lam)."""
        return norm_lower(self.targets, lam[: self.N], height), lam / max(height, TINY)

    def wanted(self, q: Array) -> Mask:
        return q < self.a - SHORT * np.abs(self.a).max()


def max_margin(
    X: ArrayLike,
    y: ArrayLike,
    *,
    skip: Skip = "none",
    constant: bool = False,
    free: Free = "none",
    tol: float = 1e-6,
    seconds: float = np.inf,
    progress: Watch = silent,
) -> Solution:
    """P* = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. y_n f(x_n) >= 1 for all n, and a network that attains it.

    Column generation on the convex program, whose patterns are never enumerated. Stops when the two certified values

        primal_value = sum_i |w2_i| ||w1_i|| / min_n y_n f(x_n),
        dual_value = y'lam / d_H(lam)

    are within `tol` of each other relatively, after `seconds`, or at Ctrl-C, in each case with what is certified so
    far. The network has least margin 1 and is balanced: without biases its `cost` is `primal_value`. d_H(lam) <= 1.
    With a `skip` f also has a term x'w0, "free" or "penalised" by ||w0||, with `constant` a free term b0; with
    `free="bias"` neurons (x'w1_i + b_i)_+, of which the norm sees w1_i alone (then the network takes (x, 1)).
    `progress` is called after each round, for instance `print_progress`. The values scale as X -> cX, P* -> P*/c.
    Raises `ValueError` for bad or infeasible data, naming rows. Source: Pilanci and Ergen 2020 for the convex program;
    its class-split form and the oracle are ours. Source: thm-convex-equivalence, thm-dual-split.
    """
    X, y = validated(X, y)
    checked(tol, seconds)
    beside = Beside.of(skip, constant, free)
    rows, columns, unit, e = _prepared(X, beside)
    require_feasible(rows, y, columns.unpriced)
    scale = float(unit.min())  # q_n >= 1 on x_n is q_n >= scale / ||x_n|| on x_n / ||x_n||, for scale times f
    problem = HardMargin(rows / unit[:, None], y, scale / unit, columns.times(1 / unit), len(y), free=free)
    found = generate(problem, tol, seconds, in_units(progress, float(np.ldexp(1 / scale, -e))))
    _, upper, V, s, z, lam = found.interval
    problem = HardMargin(rows, y, np.ones(len(y)), columns, len(y), free=free)  # of their own lengths
    lower, lam = problem.lower(lam / unit, 1.0)
    if np.isfinite(upper):
        upper, V, s, z = problem.upper(V, s, z)
    return solution(found, Interval(lower, upper, V, s, z, lam).smaller(e), beside, X.shape[1], e)


def _prepared(X: Array, beside: Beside) -> tuple[Array, Affine, Array, int]:
    """The rows that neurons see, the affine part, the unit of each row, its length beside a constant; and e.

    Biases and constants have units of their own. With them all this is of 2^-e X, with most entries of about 1; with
    free biases rows have the unit 1, and none is so long that a linear program refuses its gains along itself. Raises
    `ValueError` for thresholds, which constrain f(0) and the signs of slopes: their data need not be feasible.
    """
    if beside.free == "threshold":
        raise ValueError("free='threshold' is for regularised alone, since no norm may fit the data; use free='bias'")
    e = typical(X, FAR if beside.free == "bias" else 1000) if beside.constant else 0
    X, one = np.ldexp(X, -e), np.ones(len(X))
    if beside.free == "none":
        one = np.hypot(lengths(X), 1.0) if beside.constant else np.where(X.any(axis=1), lengths(X), 1.0)
    return lifted_rows(X, beside.free), beside.columns(X), one, e


def least_norm(
    rows: Array, y: Array, columns: Affine, unit: Array, free: Free, tol: float, seconds: float, progress: Watch
) -> Outcome:
    """The least norm with f(x_n) = y_n, not all 0, and whatever free columns."""
    scale = float(np.abs(y / unit).max())
    targets, one = y / unit / scale, np.ones(len(y))
    twice, columns = np.tile(rows / unit[:, None], (2, 1)), columns.times(1 / unit).twice()
    signs, targets = np.append(one, -one), np.append(targets, -targets)
    problem = Interpolation(twice, signs, targets, columns, len(y), free=free)
    found = generate(problem, tol, seconds, in_units(progress, scale))
    lower, upper, V, s, z, lam = found.interval
    lam = lam[: len(y)] / unit
    return found._replace(interval=Interval(lower * scale, upper * scale, V * scale, s, z * scale, lam))


def interpolate(
    X: ArrayLike,
    y: ArrayLike,
    *,
    skip: Skip = "none",
    constant: bool = False,
    free: Free = "none",
    tol: float = 1e-6,
    seconds: float = np.inf,
    progress: Watch = silent,
) -> Solution:
    """min sum_i |w2_i| ||w1_i|| s.t. f(x_n) = y_n for all n, y real.

    dual: max y'lam s.t. d_H(lam) <= 1. The rest is as in `max_margin`. For y = 0 the answer is the zero network.
    Raises `ValueError` for bad data and for rows that no network fits, naming them. The dual is ours.
    """
    X, y = validated_targets(X, y)
    checked(tol, seconds)
    beside = Beside.of(skip, constant, free)
    rows, columns, unit, e = _prepared(X, beside)
    require_fit(rows, y, columns.unpriced)
    if not y.any():
        return Solution(neurons(rows[:0], y[:0]), y, 0.0, 0.0, "optimal", 0, 0, np.zeros(X.shape[1]), 0.0)
    found = least_norm(rows, y, columns, unit, free, tol, seconds, in_units(progress, float(np.ldexp(1, -e))))
    return solution(found, found.interval.smaller(e), beside, X.shape[1], e)
