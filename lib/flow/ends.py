"""Where a flow stops: one rule a row, beside those for the end of time, rest, and Ctrl-C."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lib import kkt
from lib.data import Array, at_least
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

    def checked(self, real: bool) -> "Ends":
        """Itself. Raises `ValueError` for an end that is no number or never reached, or judges margins of targets."""
        at_least(self.log_t, -np.inf, "log_t_end")
        at_least(self.margin, -np.inf, "margin_end")
        at_least(self.gap, 0.0, "gap_end")
        at_least(self.residual, 0.0, "residual_end")
        at_least(self.events, 1, "max_events")
        if real and self.judges:
            raise ValueError(
                "margin_end, gap_end and residual_end judge margins, and real targets ask for none: leave them out, "
                "the flow stops where it interpolates"
            )
        return self

    @property
    def judges(self) -> bool:
        """Whether margins of labels are looked at."""
        return self.margin < np.inf or self.gap > 0 or self.residual > 0

    def margin_of(self, s: State, data: Arrangement) -> float:
        """The minimal margin, with the sign that the judge sees; -inf if no rule asks."""
        return float((data.y * Network(s.W1.T, s.w2).predict(data.X)).min()) if self.judges else -np.inf

    def reached(self, s: State, data: Arrangement, events: int, gamma: float, grown: bool) -> Reason | None:
        """The first rule that holds, given the minimal margin; what costs more is computed where that has grown."""
        X, y, net = data.X, data.y, lambda: Network(s.W1.T, s.w2)
        rules: dict[Reason, Callable[[], bool]] = {
            "margin_end": lambda: gamma >= self.margin,
            "gap_end": lambda: grown and self.gap > 0 and kkt.bracket(net(), X, y, y * s.pi).gap <= self.gap,
            "residual_end": lambda: (
                grown and self.residual > 0 and kkt.multiplier(net(), X, y).residual <= self.residual
            ),
            "max_events": lambda: events >= self.events,
        }
        return next((reason for reason, holds in rules.items() if holds()), None)


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
