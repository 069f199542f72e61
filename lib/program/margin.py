"""The largest margin: the hard-margin network of least norm, to a certified gap, at any number of patterns."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array
from lib.network import Network, margins
from lib.program.blocks import Mask
from lib.program.columns import generate
from lib.program.feasibility import require_feasible
from lib.program.maps import neurons
from lib.program.penalties import Hinge
from lib.program.solution import Progress, Report, Solution, silent

SHORT = 1e-9  # a margin this little below 1 is not worth a row


@dataclass(frozen=True, eq=False)
class HardMargin:
    """q_n >= 1, through a hinge whose slope grows until no row falls short: an exact penalty."""

    X: Array
    y: Array
    penalty: Hinge
    beta: float = 1.0

    @property
    def a(self) -> Array:
        return np.ones(len(self.y))

    def start(self) -> Array:
        return self.y / len(self.y)

    def upper(self, V: Array, s: Array) -> tuple[float, Network]:
        """sum ||v_j|| / min_n q_n of the network the vectors name; infinite while a margin is not positive."""
        net = neurons(V, s)
        least = float(margins(net, self.X, self.y).min())
        return (net.path_norm / least, net.scaled(least**-0.5)) if least > 0 else (np.inf, net)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """y'lam / d_H(lam)."""
        return float(self.y @ lam) / height, lam / height

    def wanted(self, q: Array) -> Mask:
        return q < 1 - SHORT

    def stiffened(self, e: Array) -> "HardMargin":
        return replace(self, penalty=Hinge(10 * self.penalty.slope)) if e.max() > 1e-6 else self


def max_margin(
    X: ArrayLike, y: ArrayLike, tol: float = 1e-6, seconds: float = np.inf, progress: Report = silent
) -> Solution:
    """P* = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. y_n f(x_n) >= 1 for all n, and a network that attains it.

    Column generation on the convex program, whose patterns are never enumerated. Stops when the two certified values

        primal_value = sum_i |w2_i| ||w1_i|| / min_n y_n f(x_n),        dual_value = y'lam / d_H(lam)

    are within `tol` of each other relatively, after `seconds`, or at Ctrl-C, in each case with what is certified so
    far. The network has least margin 1 and is balanced, so its `cost` is `primal_value`; `lam` has d_H(lam) <= 1.
    `progress` is called after each round, for instance `print_progress`. The values scale as X -> cX, P* -> P*/c.
    Raises `ValueError` for bad or infeasible data, naming rows. Source: Pilanci and Ergen 2020 for the convex program;
    its class-split form and the oracle are ours.
    """
    X, y = require_feasible(X, y)
    if not tol > 0:
        raise ValueError(f"tol must be positive; got {tol}: a gap of zero is not reached in floating point")
    exponent = int(np.frexp(np.abs(X).max())[1])  # P* of c X is P* / c, and powers of two are exact

    def rescaled(at: Progress) -> Progress:
        lower, estimate, upper = np.ldexp([at.lower, at.estimate, at.upper], -exponent).tolist()
        return at._replace(lower=lower, estimate=estimate, upper=upper)

    task = HardMargin(np.ldexp(X, -exponent), y, Hinge(1e3))
    (lower, upper, net, lam), status, rounds, blocks = generate(task, tol, seconds, lambda at: progress(rescaled(at)))
    lower, upper = np.ldexp([max(lower, 0.0), upper], -exponent).tolist()
    return Solution(net.scaled(2.0 ** (-exponent / 2)), np.ldexp(lam, -exponent), upper, lower, status, rounds, blocks)
