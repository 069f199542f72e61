"""What is reported about a network: its value, the interval of the best value, and the missing neuron."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import Array
from lib.network import Network
from lib.zonotope import hausdorff

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


def highest_neuron(X: Array, lam: Array) -> Neuron:
    """The unit direction of largest |lam'(Xu)_+|, and the examples it is active on."""
    found = hausdorff(X, lam)
    rounding = 1e-12 * np.linalg.norm(X, axis=1)
    return Neuron(found.u, found.s, found.value, found.upper, np.flatnonzero(X @ found.u > rounding))
