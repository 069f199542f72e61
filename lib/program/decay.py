"""A loss and weight decay, sum_n l(f(x_n), y_n) + (beta/2)(||W1||^2 + ||w2||^2), to a certified gap.

dual:  max sum_n min_f (l(f, y_n) + lam_n f)  s.t.  d_H(lam) <= beta.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import FAR, decay_lower, decay_value, exponent, typical
from lib.data import Array, Mask, positive
from lib.losses import LOSSES, Loss, Tailed, get_loss
from lib.program.affine import Beside, Skip
from lib.program.outcome import generate, solution
from lib.program.penalties import Hinge, Penalty, SquaredHinge, Tail, softplus, touching
from lib.program.problem import Problem, Start, evenly
from lib.program.rounds import NEW_BLOCKS
from lib.program.solution import Solution, Watch, checked
from lib.results import silent
from lib.zonotope import hausdorff
from lib.zonotope.lift import Free, lifted_rows

ROWS = 300  # programs with at most this many rows begin with all of them
LARGE = 2.5  # margins from which on a loss with a tail is touched by an exponential
CHEAP = 1e-8  # a multiplier that is not called smaller: beside the slope of a hinge, 1, the solver would lose it
FLAT = 5.0  # beyond the margin at which no slope matters any more

EXACT = {"logistic": softplus, "exponential": touching}  # the costs of losses with a tail, at target 0
# The penalty of a row that falls short of its target, and the target of a margin.
PENALTIES: dict[str, tuple[Penalty, float]] = {
    **{name: (Tail(law, EXACT[name]), 0.0) for name, law in LOSSES.items() if isinstance(law, Tailed)},
    "hinge": (Hinge(1.0), 1.0),
    "squared": (SquaredHinge(), 1.0),
}


@dataclass(frozen=True, eq=False)
class WeightDecay(Problem):
    """sum_n l(f(x_n), t_n) + beta sum_i |w2_i| ||w1_i||.

    The squared loss falls and rises, (f - t)^2 = (t - f)_+^2 + (f - t)_+^2: its rows come twice.
    """

    loss: Loss = LOSSES["squared"]

    @property
    def targets(self) -> Array:
        return (self.y * self.a if self.loss.real else self.y)[: self.N]

    def starts(self, tol: float, until: float) -> Iterator[Start]:
        """The zero network, and the neurons that it asks for."""
        lam = np.zeros(len(self.y))
        lam[: self.N] = self.loss.dual(np.zeros(self.N), self.targets)
        lam = self.affine.balanced(lam)
        found, z = self.climbed(lam, 0.0, self.X[:0], 8, until), np.zeros(self.affine.columns.shape[1])
        U, s = found.U[:NEW_BLOCKS], found.s[:NEW_BLOCKS]
        rows = np.tile(evenly(self.N, ROWS), len(lam) // self.N)
        yield Start(U, s, rows, np.zeros(len(s)), z, lam, float(found.values.max(initial=self.beta)), np.inf)

    def upper(self, V: Array, s: Array, z: Array) -> tuple[float, Array, Array, Array]:
        f, lost = self.outputs(V, s, z)[: self.N], self.lost(V, z)[: self.N]
        return decay_value(f, lost, self.targets, self.loss, self.beta * self.length(V, z)), V, s, z

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """sum_n min_f (l(f, t_n) + c lam_n f) with c at most 1, beta / height, and such that no lam_n is too steep."""
        value, scaled = decay_lower(lam[: self.N], self.targets, height, self.loss, self.beta)
        return value, np.concatenate([scaled, lam[self.N :]])

    @property
    def largest(self) -> float:
        if not isinstance(self.loss, Tailed):
            return max(self.beta, CHEAP)
        return max(self.beta, float(np.exp(self.loss.log_slope(self.a)).max()))

    def touched(self, q: Array, rows: Mask) -> "WeightDecay":
        """Large margins, like log(1 / beta) as beta -> 0, become targets: there the loss is nearly an exponential."""
        if not isinstance(self.loss, Tailed):
            return self
        flat = np.log1p(np.linalg.norm(self.X, axis=1).sum() / self.beta) + FLAT
        return replace(self, a=np.where(rows & (q >= LARGE), np.minimum(q, flat), 0.0))

    def wanted(self, q: Array) -> Mask:
        """Rows short of their target, or all."""
        return (q < self.a) | isinstance(self.loss, Tailed)


def beta_max(X: ArrayLike, y: ArrayLike, loss: str) -> float:
    """d_H(-l'(0)): the zero network is optimal exactly for the weight decays from here on (ours).

    Raises `ValueError` for bad data or an unknown loss. Source: thm-convex-regularised.
    """
    law = get_loss(loss)
    X, y = law.validated(X, y)
    return hausdorff(X, law.dual(np.zeros(len(y)), y)).upper


def _problem(X: Array, y: Array, beside: Beside, law: Loss, beta: float) -> WeightDecay:
    penalty, target = PENALTIES[law.name]
    columns, rows, N, free = beside.columns(X), lifted_rows(X, beside.free), len(y), beside.free
    if not law.real:
        return WeightDecay(rows, y, np.full(N, target), columns, N, penalty, beta, free, law)
    signs, targets, rows = np.repeat([1.0, -1.0], N), np.append(y, -y), np.vstack([rows, rows])
    return WeightDecay(rows, signs, targets, columns.twice(), N, penalty, beta, free, law)


def regularised(
    X: ArrayLike,
    y: ArrayLike,
    loss: str,
    beta: float,
    *,
    skip: Skip = "none",
    constant: bool = False,
    free: Free = "none",
    tol: float = 1e-6,
    seconds: float = np.inf,
    progress: Watch = silent,
) -> Solution:
    """min sum_n l(f(x_n), y_n) + (beta/2)(||W1||^2 + ||w2||^2) for the losses logistic, exponential, hinge, squared.

    Labels y, or real targets for the squared loss (1/2)(f - y)^2. Any data are feasible. The certified values, up to a
    relative gap of `tol`, are

        primal_value = sum_n l(f(x_n), y_n) + beta sum_i |w2_i| ||w1_i||,
        dual_value = sum_n min_f (l(f, y_n) + lam_n f)  with  d_H(lam) <= beta.

    From `beta_max` on the zero network (m = 0) is returned. As beta -> 0 the directions tend to those of the largest
    margin, if the data are feasible. `skip`, `constant`, `free`, `seconds` and `progress` are those of `max_margin`; a
    penalised skip costs beta ||w0||, and `free="threshold"` is for neurons (x'w - t)_+ with t >= 0.
    Raises `ValueError` for bad data, an unknown loss, or beta or tol not positive.
    Source: thm-convex-regularised, Pilanci and Ergen 2020.
    """
    law, beside = get_loss(loss), Beside.of(skip, constant, free)
    X, y = law.validated(X, y)
    checked(tol, seconds)
    positive(beta, "beta", "the limit of no weight decay is max_margin")
    e = typical(X, FAR) if beside.constant or free != "none" else exponent(X)  # most entries are then about 1
    problem = _problem(np.ldexp(X, -e), y, beside, law, float(np.ldexp(beta, -e)))
    found = generate(problem, tol, seconds, progress)
    return solution(found, found.interval._replace(lam=found.interval.lam[: len(y)]), beside, X.shape[1], e)
