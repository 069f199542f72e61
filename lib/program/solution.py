"""What a solver returns, and the line it may print while it works."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.bounds import relative_gap
from lib.data import Array, at_least, positive, with_bias
from lib.network import Network
from lib.results import result


def checked(tol: float, seconds: float) -> None:
    """Raises `ValueError` for a tolerance or a time that is not positive, or not a number."""
    positive(tol, "tol", "a gap of zero is not reached in floating point")
    at_least(seconds, 0.0, "seconds")


@result
class Solution(NamedTuple):
    """f(x) = network(x) + x'w0 + b0, or network(x, 1) with free biases, and a dual variable; they enclose the optimum.

    `dual_value` <= optimum <= `primal_value`; both are computed from the network, `w0` (d,), `b0` and `lam` (N,) alone,
    whatever the solver did; `lam` is feasible. `status` is "optimal" when the gap asked for was reached. Otherwise it
    says what stopped the solver ("interrupted", "out of time", "stalled"), and the two values are still an honest
    interval. `rounds` counts the starts and the restricted programs, `blocks` the neurons that the last could use.
    """

    network: Network
    lam: Array
    primal_value: float
    dual_value: float
    status: str
    rounds: int
    blocks: int
    w0: Array
    b0: float

    @property
    def gap(self) -> float:
        """`primal_value / dual_value - 1`; infinite while a bound is missing."""
        return relative_gap(self.dual_value, self.primal_value)

    def predict(self, X: ArrayLike) -> Array:
        """f at the rows of X, (N,)."""
        X = np.asarray(X, dtype=float)
        inputs = X if self.network.d == len(self.w0) else with_bias(X)
        return self.network.predict(inputs) + X @ self.w0 + self.b0


class Progress(NamedTuple):
    """Seconds so far, the certified bounds, and an estimate of the lower one that awaits its proof.

    `blocks` and `rows` measure the restricted program, `directions` all the local maximisers priced so far.
    """

    seconds: float
    rounds: int
    lower: float
    estimate: float
    upper: float
    blocks: int
    rows: int
    directions: int

    def __str__(self) -> str:
        return (
            f"{self.seconds:6.1f} s, round {self.rounds}: {self.lower:.9g} ({self.estimate:.9g}) <= optimum "
            f"<= {self.upper:.9g}, gap {relative_gap(self.lower, self.upper):.1e}, {self.blocks} blocks on "
            f"{self.rows} rows, {self.directions} directions priced"
        )


Watch = Callable[[Progress], object]


def print_progress(at: Progress) -> None:
    """A line on stderr for each report more than two seconds into the work."""
    if at.seconds > 2:
        print(at, file=sys.stderr, flush=True)  # noqa: T201


def in_units(watch: Watch, scale: float) -> Watch:
    """Who is told of bounds that are `scale` times those of the solver."""
    return lambda at: watch(at._replace(lower=scale * at.lower, estimate=scale * at.estimate, upper=scale * at.upper))
