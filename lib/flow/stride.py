"""The states along a step: by dense output, and the time log t that belongs to them."""

from functools import cached_property

import numpy as np
from scipy.optimize import brentq

from lib.data import Array
from lib.flow.boost import boosted, lagrange, shares, transport
from lib.flow.clock import Clock, log_elapsed
from lib.flow.collocation import Step, margin_rates, margins_of
from lib.flow.state import State


class Stride:
    """A `step` from the state `start`, whose pulls are `g` (m, d); theta in [0, 1] is the share of it that is gone."""

    def __init__(self, start: State, g: Array, step: Step, clock: Clock) -> None:
        self.start, self.step, self.clock = start, step, clock
        self.W1 = np.concatenate([start.W1[None], step.W1])  # at the start and the nodes
        self.w2 = np.concatenate([start.w2[None], step.w2])
        self.g = np.concatenate([g[None], step.pulls])

    # --- states --------------------------------------------------------------------------------

    def pulls(self, theta: float) -> Array:
        """(m, d) at theta."""
        pulls = self.step.pulls
        return (lagrange(np.array([theta])) @ pulls.reshape(3, -1)).reshape(pulls.shape[1:])

    def end(self) -> State:
        """The state after the step; its log t is still that of the start, as in the other states of a stride."""
        s, step = self.start, self.step
        return State(s.tau + step.h, s.log_t, step.W1[2], step.w2[2], step.pi[2], float(step.kappa[2]), s.modes)

    def at(self, theta: float, stiff: bool) -> State:
        """The state at theta by dense output. Where pi is stiff its parabola says more than the margins do."""
        s, step = self.start, self.step
        W1, w2 = transport(s.W1, s.w2, step.pulls, step.h, shares(np.array([theta])))
        pi, kappa = self.clock.dual(margins_of(W1, w2, s.modes), s.modes.seen)
        if stiff:
            pi = lagrange(np.array([theta])) @ step.pi
            pi = np.maximum(pi, 0.0) if self.clock.normalised else pi
        return State(s.tau + theta * step.h, s.log_t, W1[0], w2[0], pi[0], float(kappa[0]), s.modes)

    def onwards(self, state: State, share: float, g: Array) -> State:
        """The state moved on along pulls g (m, d) by a share of the step that is near rounding."""
        W1, w2 = boosted(state.W1, state.w2, share * self.step.h * g)
        rate = float(self._kappa_rates[-1]) if self.clock.normalised else 0.0
        further = share * self.step.h
        return state._replace(W1=W1, w2=w2, tau=state.tau + further, kappa=state.kappa + rate * further)

    # --- time ----------------------------------------------------------------------------------

    @cached_property
    def _kappa_rates(self) -> Array:
        """dkappa/dtau = sum_n pi_n a'(q_n) dq_n/dtau over the seen examples, (4,) at the start and the nodes."""
        modes = self.start.modes
        pi = np.concatenate([self.start.pi[None], self.step.pi]) * modes.seen
        slope = self.clock.conjugate(margins_of(self.W1, self.w2, modes))[1]
        return np.einsum("kn,kn->k", pi * slope, margin_rates(self.W1, self.w2, self.g, modes))

    def log_t(self, theta: float) -> float:
        s, step = self.start, self.step
        if theta <= 0:
            return s.log_t
        if not self.clock.normalised:
            return float(np.log(s.tau + theta * step.h))
        kappa = np.append(s.kappa, step.kappa)
        return float(np.logaddexp(s.log_t, log_elapsed(kappa, self._kappa_rates, step.h, theta)))

    def reaches(self, log_t: float, theta: float) -> bool:
        """Whether log t is passed by theta; mostly decided by a cheap upper bound."""
        s, step = self.start, self.step
        longest = max(s.kappa, float(step.kappa.max())) + 1 + np.log(step.h)
        may = not self.clock.normalised or np.logaddexp(s.log_t, longest) >= log_t
        return bool(may) and self.log_t(theta) >= log_t

    def time_of(self, log_t: float, theta: float) -> float:
        """The share at which log t reaches a value that it passes before theta."""
        start = 1e-250 if self.start.log_t == -np.inf else 0.0
        if self.log_t(start) >= log_t:  # large margins: the flow hardly moves in all that time
            return start
        return float(brentq(lambda x: self.log_t(x) - log_t, start, theta, xtol=1e-15))
