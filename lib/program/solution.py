"""What a solver returns, and the line it may print while it works."""

import sys
from collections.abc import Callable
from typing import NamedTuple

from lib.bounds import relative_gap
from lib.data import Array
from lib.network import Network
from lib.results import result


@result
class Solution(NamedTuple):
    """A network and a dual variable whose values enclose the optimum: `dual_value` <= optimum <= `primal_value`.

    Both values are computed from `network` and `lam` alone, whatever the solver did; `lam` (N,) is feasible. `status`
    is "optimal" when the gap asked for was reached. Otherwise it says what stopped the solver ("interrupted", "out of
    time", "stalled"), and the two values are still an honest interval. `rounds` counts the restricted programs solved,
    `blocks` the neurons that the last one could use.
    """

    network: Network
    lam: Array
    primal_value: float
    dual_value: float
    status: str
    rounds: int
    blocks: int

    @property
    def gap(self) -> float:
        """primal_value / dual_value - 1; infinite while a bound is missing."""
        return relative_gap(self.dual_value, self.primal_value)


class Progress(NamedTuple):
    """After a round: seconds so far, the certified bounds, and an estimate of the lower one that awaits its proof.

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
        gap = relative_gap(self.estimate, self.upper)
        return (
            f"{self.seconds:6.1f} s, round {self.rounds}: {self.lower:.9g} ({self.estimate:.9g}) <= optimum "
            f"<= {self.upper:.9g}, gap {gap:.1e}, {self.blocks} blocks on {self.rows} rows, "
            f"{self.directions} directions priced"
        )


Watch = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report nothing: the default."""


def print_progress(at: Progress) -> None:
    """A line on stderr for each round that ends more than two seconds into the work."""
    if at.seconds > 2:
        print(at, file=sys.stderr, flush=True)  # noqa: T201
