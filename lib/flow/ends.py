"""Where a flow stops."""

from typing import NamedTuple

import numpy as np

from lib import kkt
from lib.data import Array
from lib.flow.arrangement import Arrangement
from lib.flow.clock import Clock
from lib.flow.collocation import margins_of
from lib.flow.state import State
from lib.flow.trajectory import Reason
from lib.network import Network

_STILL = 1e-8  # pulls below this share of force max|x_n| do not move a neuron any more, on a clock that sums to one
_SPENT = 1e-12  # the same on the plain clock, where residuals vanish exponentially


class Ends(NamedTuple):
    """Where a flow stops: log t, minimal margin, relative gap, KKT residual, number of events."""

    log_t: float
    margin: float
    gap: float
    residual: float
    events: int

    def judges(self) -> bool:
        return self.margin < np.inf or self.gap > 0 or self.residual > 0

    def verdict(self, s: State, data: Arrangement) -> Reason | None:
        """Whether the bracket, or the KKT residual, of the present network and dual variable is small enough."""
        net, X, y = Network(s.W1.T, s.w2), data.X, data.y
        if self.gap > 0 and kkt.bracket(net, X, y, y * s.pi).gap <= self.gap:
            return "gap_end"
        if self.residual > 0 and kkt.multiplier(net, X, y).residual <= self.residual:
            return "residual_end"
        return None


def stationary(s: State, g: Array, data: Arrangement, clock: Clock) -> str:
    """Why no neuron moves any more, if so. At a saddle some feel a pull g (m, d), however small they are."""
    if not s.modes.alive.any():
        return "every neuron is dead"
    still = (_STILL if clock.normalised else _SPENT) * clock.force * data.length.max()
    if np.abs(g).max() > still:
        return ""
    wrong = np.flatnonzero(margins_of(s.W1[None], s.w2[None], s.modes)[0] <= 0)
    rows = f"; rows {', '.join(map(str, wrong))} are misclassified" if clock.normalised and len(wrong) else ""
    return f"no neuron feels a pull{rows}"
