"""What is reported about a network: its value, the interval of the best value, and the missing neuron."""

from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple, Protocol

import numpy as np

from lib.data import Array, Index, positive
from lib.kkt import misclassified
from lib.network import Network, margins
from lib.program import Solution
from lib.program.solution import Watch
from lib.results import result, silent
from lib.zonotope import Maximiser, hausdorff

LEAST = 1.0  # seconds for a solver, and for a proof, however late it is


@result
class Neuron(NamedTuple):
    """Unit direction `u` (d,), sign `s`, `height` = s lam'(Xu)_+, the rows it is active on, and the least upper bound
    known on the height of any direction. Neurons of a best network have height 1, and no direction has more."""

    u: Array
    s: float
    height: float
    upper: float
    active: Index


@result
class Standing(NamedTuple):
    """What needs no bound: a network's `value`, its least `margin`, and those `wrong` of all `rows`, as in `Report`."""

    objective: str
    network: Network
    value: float
    margin: float
    wrong: Index
    rows: int


@result
class Report(NamedTuple):
    """`value` of the network (inf if rows `wrong` have no positive margin), and `lower` <= best value <= `upper`.

    `lam` proves the lower bound and `best` has the value `upper`; `margin` is the network's least margin; `residual`
    its distance from a stationary point, relative to its weights; `missing` the highest neuron at its multiplier.
    """

    objective: str
    network: Network
    value: float
    lower: float
    upper: float
    margin: float
    wrong: Index
    residual: float
    missing: Neuron
    lam: Array
    best: Network
    tol: float

    @property
    def standing(self) -> Standing:
        """What needs no bound."""
        return Standing(self.objective, self.network, self.value, self.margin, self.wrong, len(self.lam))

    @property
    def ratio(self) -> float:
        """`value / lower`: at most this many times the best value."""
        return self.value / self.lower if self.lower > 0 else np.inf

    @property
    def verdict(self) -> str:
        """`optimal` within tol; `improvable` if a better network is known; `undecided` if the interval is too wide."""
        if self.value <= (1 + self.tol) * self.lower:
            return "optimal"
        return "improvable" if self.value > (1 + self.tol) * self.upper else "undecided"


class Objective(Protocol):
    """What is minimised, on data `X` (N, d), `y` (N,)."""

    @property
    def name(self) -> str: ...

    @property
    def X(self) -> Array: ...

    @property
    def y(self) -> Array: ...

    def upper(self, net: Network) -> float:
        """The value of a network, rounded up."""

    def lower(self, lam: Array, height: float) -> tuple[float, Array]:
        """The bound that lam proves, rounded down, given height >= d_H(lam), and lam scaled to be feasible."""

    def residual(self, net: Network) -> float:
        """The distance from a stationary point."""

    def solved(self, tol: float, seconds: float, watch: Watch) -> Solution:
        """A better network, of few neurons, and a better lam."""

    def own(self, net: Network, tol: float, seconds: float) -> Report:
        """What the network says of itself, without a solver."""


def highest(X: Array, lam: Array, top: Maximiser, unit: float) -> Neuron:
    """The neuron of a maximiser of |lam'(Xu)_+|, with heights in multiples of `unit`."""
    rounding = 1e-12 * np.linalg.norm(X, axis=1)
    return Neuron(top.u, top.s, top.value / unit, top.upper / unit, np.flatnonzero(X @ top.u > rounding))


def standing(goal: Objective, net: Network) -> Standing:
    """Where the network stands, before anything is proved."""
    q = margins(net, goal.X, goal.y)
    return Standing(goal.name, net, goal.upper(net), float(q.min()), misclassified(net, goal.X, goal.y), len(q))


def reported(goal: Objective, net: Network, lam: Array, missing: Neuron, height: float, tol: float) -> Report:
    """The report on a network with a dual variable of d_H(lam) <= height."""
    name, _, value, margin, wrong, _ = standing(goal, net)
    lower, lam = goal.lower(lam, height)
    return Report(name, net, value, lower, value, margin, wrong, goal.residual(net), missing, lam, net, tol)


def narrowed(goal: Objective, report: Report, solution: Solution, seconds: float) -> Report:
    """The report with each bound of the solution that is better. Both are computed here, from its variables, whatever
    the solver says of them."""
    upper = goal.upper(solution.network)
    lower, lam = goal.lower(solution.lam, hausdorff(goal.X, solution.lam, seconds=seconds).upper)
    report = report._replace(upper=upper, best=solution.network) if upper < report.upper else report
    return report._replace(lower=lower, lam=lam) if lower > report.lower else report


def answered(goal: Objective, net: Network | None, *, tol: float, solve: bool, seconds: float, watch: Watch = silent,
             first: Callable[[Standing], None] = lambda _: None) -> tuple[Report, str]:  # fmt: skip
    """The network's own report, narrowed by a solution if it is open, and how the solver ended, "" if it was not asked.

    Without a network it is that of the solution. `first` is told where the network stands, at once. Its own report may
    take a quarter of the time; the solver has 0.7 of what is left then, the last proof the rest. Ctrl-C ends whichever
    it meets, and the answer is what `LEAST` seconds more prove.
    """
    positive(tol, "tol", "no network is known to be optimal exactly")
    until, solution = perf_counter() + seconds, None
    if net is None:
        solution = goal.solved(min(tol / 10, 1e-8), seconds / 2, watch)
        net = solution.network
    first(standing(goal, net))
    report, stopped = _patient(lambda seconds: goal.own(net, tol, seconds), seconds / 4)
    if solution is None and solve and not stopped and report.verdict == "undecided":
        try:
            solution = goal.solved(min(tol / 10, 1e-6), max(0.7 * (until - perf_counter()), LEAST), watch)
        except KeyboardInterrupt:
            stopped = True  # before the solver had anything
    if solution is None:
        return report, "interrupted" if stopped else ""
    left = max(until - perf_counter(), LEAST)
    report, stopped = _patient(lambda seconds: narrowed(goal, report, solution, seconds), left)
    return report, "interrupted" if stopped else solution.status


def _patient(work: Callable[[float], Report], seconds: float) -> tuple[Report, bool]:
    """What a piece of work finds in so many seconds, or in a last one after Ctrl-C, and whether that came."""
    try:
        return work(seconds), False
    except KeyboardInterrupt:
        return work(LEAST), True
