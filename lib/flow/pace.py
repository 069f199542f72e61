"""How long a step is tried."""

import numpy as np

from lib.data import Array
from lib.flow.boost import NODES, lagrange
from lib.flow.collocation import Step
from lib.flow.state import TINY, State

_SHRINK = 8.0  # e-folds by which a neuron may shrink in a step, while its rounding grows by as many


class Pace:
    """The length `h` that the error allows, and the mean distance `spacing` of events."""

    def __init__(self, h: float) -> None:
        self.h = h
        self.spacing = 1e300
        self.last: tuple[Step, float] | None = None  # the last step, and the share of it that was taken

    def length(self, s: State, g: Array) -> float:
        """No neuron turns or grows by more than half an e-fold in a step. One that only shrinks may do so faster."""
        h = min(self.h, 3 * self.spacing)
        pull = np.sqrt(np.vecdot(g, g))
        if 2 * h * pull.max(initial=0.0) <= 1:
            return h
        W1 = s.W1 / (np.abs(s.W1).max(axis=1) + TINY)[:, None]
        along = np.sign(s.w2) * np.vecdot(g, W1) / (np.sqrt(np.vecdot(W1, W1)) + TINY)
        rate = float((pull * np.where(along < -0.99 * pull, 1 / _SHRINK, 2.0)).max(initial=0.0))
        return min(h, 1 / max(rate, 1e-300))

    def adapted(self, h: float, off: float) -> bool:
        """Whether a step of length h with error `off`, in units of the tolerance, will do; sets the next one."""
        self.h = 0.3 * h if off == np.inf else h * min(5.0, max(0.2, 0.9 * max(off, 1e-8) ** -0.25))
        return off <= 1

    def passed(self, h: float, theta: float, hits: int) -> None:
        """A share theta of a step of length h was taken, until so many events at once."""
        gone = theta * h
        self.spacing = 0.8 * min(self.spacing, h) + 0.2 * gone if hits else min(2 * self.spacing, 1e300)

    def guess(self, pi: Array, h: float, normalised: bool) -> Array:
        """pi (3, N) at the nodes of the next step: the last parabola, continued."""
        if self.last is not None:
            step, theta = self.last
            times = theta + NODES * h / step.h
            if times[-1] <= 2.5:
                guess = lagrange(times) @ step.pi
                return np.maximum(guess, 0.0) if normalised else guess
        return np.tile(pi, (3, 1))
