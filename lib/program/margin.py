"""The largest margin: the hard-margin network of least norm, to a certified gap, at any number of patterns."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, directions
from lib.network import Network, margins
from lib.program.blocks import Mask
from lib.program.columns import generate
from lib.program.feasibility import require_feasible
from lib.program.linear import weights
from lib.program.maps import neurons
from lib.program.penalties import Hinge
from lib.program.rounds import Start
from lib.program.solution import Progress, Solution, Watch, silent
from lib.zonotope import violators
from lib.zonotope.ascent import spread

SPREAD, PASSES = 100, 3  # directions of each sign, and linear programs, before the first conic one
SHORT = 1e-9  # a margin this little below 1 is not worth a row


@dataclass(frozen=True, eq=False)
class HardMargin:
    """q_n >= a_n on unit rows, through a hinge whose slope grows until no row falls short: an exact penalty."""

    X: Array
    y: Array
    a: Array
    penalty: Hinge
    beta: float = 1.0

    def start(self) -> Start:
        """A few rounds with directions in place of blocks: first along the rows and all over the sphere."""
        X, y = self.X, self.y
        anywhere = spread(SPREAD, X.shape[1])
        U, s = np.vstack([X, anywhere, anywhere]), np.concatenate([y, np.repeat([1.0, -1.0], SPREAD)])
        for _ in range(PASSES):
            w, z = weights(gains(U, s, X, y), np.ones(len(U)), self.a, self.penalty.slope)
            # Where shortfalls are cheaper than any neuron, on nearly infeasible data, all peaks of y are worth a try.
            lam, level = (y * z, 0.99) if w.any() else (y, 0.0)
            rows, used = lam != 0, w > 0
            found = violators(X[rows], lam[rows], level, U[used], n=8)
            U, s = np.vstack([U[used], found.U]), np.concatenate([s[used], found.s])
        return Start(U, s, rows)

    def polished(self, V: Array, s: Array) -> tuple[Array, Array]:
        """The best weights for neurons along the vectors."""
        return V * reweighted(V, s, self.X, self.y, self.a)[:, None], s

    def upper(self, V: Array, s: Array) -> tuple[float, Network]:
        """sum ||v_j|| / min_n (q_n / a_n), and the network of that value; infinite while a margin is not positive."""
        net = neurons(V, s)
        least = float((margins(net, self.X, self.y) / self.a).min())
        return (net.path_norm / least, net.scaled(least**-0.5)) if least > 0 else (np.inf, net)

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """sum_n a_n |lam_n| / d_H(lam)."""
        return float(self.a @ np.abs(lam)) / height, lam / height

    def wanted(self, q: Array) -> Mask:
        return q < self.a * (1 - SHORT)

    def stiffened(self, z: Array) -> "HardMargin":
        slope = self.penalty.slope
        return replace(self, penalty=Hinge(10 * slope)) if z.max() > slope / 2 else self


def gains(V: Array, s: Array, X: Array, y: Array) -> Array:
    """y_n s_j (x_n'v_j)_+, shape (N, m): what each neuron adds to each margin."""
    return np.maximum(X @ V.T, 0) * (y[:, None] * s)


def reweighted(V: Array, s: Array, X: Array, y: Array, a: Array) -> Array:
    """argmin sum_j w_j ||v_j|| s.t. w >= 0 and q_n >= a_n: a linear program, whose vertices use few neurons.

    It meets the margins to the last digits, where an interior-point method leaves an error of its largest numbers.
    Zeros, if it finds no solution.
    """
    return weights(gains(V, s, X, y) / a[:, None], np.linalg.norm(V, axis=1), np.ones(len(y)), np.inf).w


def max_margin(
    X: ArrayLike, y: ArrayLike, *, tol: float = 1e-6, seconds: float = np.inf, progress: Watch = silent
) -> Solution:
    """P* = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. y_n f(x_n) >= 1 for all n, and a network that attains it.

    Column generation on the convex program, whose patterns are never enumerated. Stops when the two certified values

        primal_value = sum_i |w2_i| ||w1_i|| / min_n y_n f(x_n),        dual_value = y'lam / d_H(lam)

    are within `tol` of each other relatively, after `seconds`, or at Ctrl-C, in each case with what is certified so
    far (the last proof takes its own time). The network has least margin 1 and is balanced, so its `cost` is
    `primal_value`; `lam` has d_H(lam) <= 1.
    `progress` is called after each round, for instance `print_progress`. The values scale as X -> cX, P* -> P*/c.
    Raises `ValueError` for bad or infeasible data, naming rows. Source: Pilanci and Ergen 2020 for the convex program;
    its class-split form and the oracle are ours. Source: thm-convex-equivalence, thm-dual-split.
    """
    X, y = require_feasible(X, y)
    if not tol > 0:
        raise ValueError(f"tol must be positive; got {tol}: a gap of zero is not reached in floating point")
    units = directions(X)
    lengths = np.einsum("nd,nd->n", X, units)  # q_n >= 1 on x_n is q_n >= 1 / ||x_n|| on x_n / ||x_n||
    scale = float(lengths.min())
    task = HardMargin(units, y, scale / lengths, Hinge(1e3))

    def rescaled(at: Progress) -> Progress:
        return at._replace(lower=at.lower / scale, estimate=at.estimate / scale, upper=at.upper / scale)

    outcome = generate(task, tol, seconds, lambda at: progress(rescaled(at)))
    found = outcome.interval
    lam = found.lam / lengths
    least = margins(found.network, X, y).min() if np.isfinite(found.upper) else 1.0
    net = found.network.scaled(least**-0.5)
    value = net.path_norm if np.isfinite(found.upper) else np.inf
    return Solution(net, lam, value, float(y @ lam), outcome.status, outcome.rounds, outcome.blocks)
