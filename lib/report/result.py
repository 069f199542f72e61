"""What is reported about a network: its value, the interval of the best value, and the missing neuron."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from lib.bounds import in_range
from lib.data import Array
from lib.network import Network, margins
from lib.program import Solution
from lib.zonotope import Maximiser, hausdorff

Rows = NDArray[np.intp]


class Neuron(NamedTuple):
    """Unit direction `u` (d,), sign `s`, `height` = s lam'(Xu)_+, the rows it is active on, and the least upper bound
    known on the height of any direction. Neurons of a best network have height 1, and no direction has more."""

    u: Array
    s: float
    height: float
    upper: float
    active: Rows


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
    wrong: Rows
    residual: float
    missing: Neuron
    lam: Array
    best: Network
    tol: float

    @property
    def ratio(self) -> float:
        """value / lower: at most this many times the best value."""
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

    def solved(self, tol: float) -> Solution:
        """A better network and a better lam."""


def highest(X: Array, lam: Array, top: Maximiser, unit: float) -> Neuron:
    """The neuron of a maximiser of |lam'(Xu)_+|, with heights in multiples of `unit`."""
    rounding = 1e-12 * np.linalg.norm(X, axis=1)
    return Neuron(top.u, top.s, top.value / unit, top.upper / unit, np.flatnonzero(X @ top.u > rounding))


def reported(
    goal: Objective, net: Network, lam: Array, missing: Neuron, height: float, *, tol: float, solve: bool
) -> Report:
    """The report on a network with a dual variable of d_H(lam) <= height. Both bounds of a solution are computed here,
    from its variables, whatever the solver says of them."""
    value = upper = goal.upper(net)
    (lower, lam), best = goal.lower(lam, height), net
    if solve and value > (1 + tol) * lower:
        found = goal.solved(min(tol / 10, 1e-6))
        other, (bound, proof) = goal.upper(found.network), goal.lower(found.lam, hausdorff(goal.X, found.lam).upper)
        upper, best = (other, found.network) if other < upper else (upper, best)
        lower, lam = (bound, proof) if bound > lower else (lower, lam)
    margin = float(margins(net, goal.X, goal.y).min())
    wrong = np.flatnonzero(margins(in_range(net), goal.X, goal.y) <= 0)
    return Report(goal.name, net, value, lower, upper, margin, wrong, goal.residual(net), missing, lam, best, tol)
