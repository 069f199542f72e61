"""A subgradient flow on its way: steps, cut at events, each of which changes the modes of neurons."""

from typing import NamedTuple

import numpy as np

from lib import kkt
from lib.data import Array
from lib.flow.arrangement import Arrangement
from lib.flow.boost import NODES, lagrange
from lib.flow.clock import Clock
from lib.flow.collocation import Step, error, margins_of, pulls, response, solve
from lib.flow.events import first_hits
from lib.flow.minnorm import initial
from lib.flow.state import TINY, Hit, State, buried, conserving, invariants, miss, on_slides, struck
from lib.flow.stride import Stride
from lib.flow.trajectory import Event, Reason
from lib.network import Network

_STILL = 1e-8  # pulls below this share of force max|x_n| do not move a neuron any more, on a clock that sums to one
_SPENT = 1e-12  # the same on the plain clock, where residuals vanish exponentially
_SHRINK = 8.0  # e-folds by which a neuron may shrink in a step, while its rounding grows by as many
_SHORT = 1e-6  # a stiff step is not shortened to less than this share: pi would be all rounding error
_NEAR = 1e-5  # the rest of the way to a hyperplane, in steps, gone along the last pulls: its square is below rounding
_GRAZING = 1e-2  # a neuron that seems to be further off than this share of a step only grazes the hyperplane
_ON_TIME = 1e-13


class Ends(NamedTuple):
    """Where a flow stops: log t, minimal margin, relative gap, KKT residual, number of events."""

    log_t: float
    margin: float
    gap: float
    residual: float
    events: int


class Run:
    """A flow on its way: the present state, the record, and the length of the next step."""

    def __init__(self, net: Network, data: Arrangement, ticking: Clock, rtol: float) -> None:
        self.data, self.clock, self.rtol = data, ticking, rtol
        W1, w2 = net.W1.T.copy(), net.w2.copy()
        q = data.y * net.predict(data.X)
        self.reason: Reason | None = None
        self.detail = ""
        modes = initial(data, W1, w2, ticking.dual(q, np.ones(len(q), dtype=bool))[0])
        pi, kappa = ticking.dual(q, modes.seen)
        self._arrive(State(0.0, -np.inf, W1, w2, pi, float(kappa), modes))
        self.invariant = invariants(W1, w2)
        self.h = 0.01 / max(data.length.max(), 1e-300)
        self.spacing = np.inf  # running mean of the distance between events
        self.last: tuple[Step, float] | None = None
        self.struck = False  # an event has just changed the modes
        self.events = [Event(0.0, -np.inf, int(i), -1, "death") for i in np.flatnonzero(~modes.alive)]
        self.states: list[tuple] = [self.state[:6]]
        self.steps: list[Step] = []
        self.judged = 0.0  # the minimal margin at which gap and residual were last computed
        self._still()

    def _arrive(self, state: State) -> None:
        self.state = state
        self.g = pulls(state.pi[None], state.modes)[0]
        self.reach = response(state.W1, state.w2, state.modes)

    def _still(self) -> None:
        """Stationary: no neuron feels a pull. At a saddle some do, however small they are."""
        s = self.state
        if not s.modes.alive.any():
            self.reason, self.detail = "stationary", "every neuron is dead"
            return
        still = (_STILL if self.clock.normalised else _SPENT) * self.clock.force * self.data.length.max()
        if np.abs(self.g).max() > still:
            return
        self.reason, self.detail = "stationary", "no neuron feels a pull"
        wrong = np.flatnonzero(margins_of(s.W1[None], s.w2[None], s.modes)[0] <= 0)
        if self.clock.normalised and len(wrong):
            self.detail += f"; rows {', '.join(map(str, wrong))} are misclassified"

    # --- one step ------------------------------------------------------------------------------

    def advance(self, ends: Ends) -> None:
        """One step, cut at its first event or at the end."""
        stride = self._trial()
        if stride is None:
            self.reason, self.detail = "unresolved", "steps below rounding do not meet the tolerance: raise rtol"
            return
        hits = first_hits(stride, self.data)
        theta = hits[0].theta if hits else 1.0
        ended = stride.reaches(ends.log_t, theta)
        if ended:
            hits, theta = [], stride.time_of(ends.log_t, theta)
        self._strike(self._accept(stride, theta, hits, ends.log_t))
        self.states.append(self.state[:6])
        self.reason = self._ended(ended, ends)
        if not self.reason:
            self._still()

    def _ended(self, on_time: bool, ends: Ends) -> Reason | None:
        s = self.state
        if on_time:
            return "log_t_end"
        gamma = float(margins_of(s.W1[None], s.w2[None], s.modes)[0].min())
        if gamma >= ends.margin:
            return "margin_end"
        if gamma > 1.1 * self.judged and (ends.gap > 0 or ends.residual > 0):
            self.judged = gamma
            if verdict := self._verdict(ends):
                return verdict
        return "max_events" if len(self.events) >= ends.events else None

    def _verdict(self, ends: Ends) -> Reason | None:
        """Whether the bracket, or the KKT residual, of the present network and dual variable is small enough."""
        s, (X, y) = self.state, self.data[:2]
        net, lam = Network(s.W1.T, s.w2), y * s.pi
        if ends.gap > 0 and kkt.bracket(net, X, y, lam).gap <= ends.gap:
            return "gap_end"
        if ends.residual > 0 and kkt.multiplier(net, X, y).residual <= ends.residual:
            return "residual_end"
        return None

    # --- the length of a step --------------------------------------------------------------------

    def _solve(self, h: float) -> Step:
        s = self.state
        return solve(s.W1, s.w2, s.modes, self.clock, self._guess(h), h, 1e-3 * self.rtol)

    def _stride(self, step: Step) -> Stride:
        return Stride(self.state, self.g, step, self.clock)

    def _trial(self) -> Stride | None:
        """A converged step within tolerance; sets the length of the next one."""
        s = self.state
        self.spacing = min(self.spacing, 1e300)
        longest = self._longest()
        while self.h > 1e-14 * max(1.0, s.tau):
            h = min(self.h, 3 * self.spacing, longest)
            step = self._solve(h)
            if not step.solved:
                self.h = 0.3 * h
                continue
            off = error(step, s.modes, s.pi) / self.rtol
            if self._in_layer():
                off = min(off, 0.5)
            self.h = h * min(5.0, max(0.2, 0.9 * max(off, 1e-8) ** -0.25))
            if off <= 1:
                return self._stride(step)
        return None

    def _longest(self) -> float:
        """No neuron turns or grows by more than half an e-fold in a step. One that only shrinks may do so faster."""
        s, g = self.state, self.g
        length, size = np.sqrt((g**2).sum(axis=1)), Network(s.W1.T, s.w2).radii
        along = np.sign(s.w2) * (g * (s.W1 / np.maximum(size, TINY)[:, None])).sum(axis=1)
        shrinks = along < -0.99 * length
        return 1 / max((length * np.where(shrinks, 1 / _SHRINK, 2.0)).max(initial=0.0), 1e-300)

    def _stiffness(self) -> float:
        return float(self.state.pi @ self.reach if self.clock.normalised else self.reach.sum())

    def _in_layer(self) -> bool:
        """Just after an event pi adapts within 1/stiffness; a layer thinner than rtol is not worth resolving."""
        return self.struck and self._stiffness() > 1 / self.rtol

    def _guess(self, h: float) -> Array:
        if self.last is None:
            return np.tile(self.state.pi, (3, 1))
        step, theta = self.last
        times = theta + NODES * h / step.h
        if times[-1] > 2.5:
            return np.tile(self.state.pi, (3, 1))
        pi = lagrange(times) @ step.pi
        return np.maximum(pi, 0.0) if self.clock.normalised else pi

    # --- arriving ------------------------------------------------------------------------------

    def _accept(self, stride: Stride, theta: float, hits: list[Hit], log_t: float) -> list[Hit]:
        """Move to theta of the step, by dense output or, where pi is stiff, a step of that length. The true hits."""
        h = stride.step.h
        self.spacing = 0.8 * min(self.spacing, h) + 0.2 * theta * h if hits else 2 * self.spacing
        stiffness = self._stiffness()
        if stiffness * self.rtol > 1e-2 and _SHORT < theta < 1:
            landed = self._landing(stride, theta, hits, log_t)
            stride, theta = (landed, 1.0) if landed else (stride, theta)
        dense = stiffness * stride.step.h > 0.3
        state = stride.end() if theta == 1 else stride.at(theta, dense)
        if hits and not hits[0].leaves:
            state, theta, hits = self._onto(state, stride, theta, hits, dense)
        self.steps.append(stride.step)
        self.last = (stride.step, theta)
        self.state = state._replace(log_t=max(self.state.log_t, stride.log_t(theta)))
        return hits

    def _onto(
        self, state: State, stride: Stride, theta: float, hits: list[Hit], stiff: bool
    ) -> tuple[State, float, list[Hit]]:
        """The state on the hyperplane of the first hit. A neuron that grazes has not hit: shorter steps will tell."""
        h = stride.step.h
        for _ in range(5):
            g = stride.pulls(theta)
            share = max(miss(state, self.data, hits[0], g) / h, -theta)
            if abs(share) <= _NEAR:
                return stride.onwards(state, share, g), theta + share, hits
            if abs(share) > _GRAZING:
                break
            theta += share
            state = stride.at(theta, stiff)
        if h <= _SHORT * max(1.0, state.tau):
            return state, theta, hits
        self.spacing = 0.1 * h
        return state, theta, []

    def _landing(self, stride: Stride, theta: float, hits: list[Hit], log_t: float) -> Stride | None:
        """A step of the length that ends on the hyperplane, or at log_t: ends of steps satisfy the equations."""
        longest, landed = stride.step.h, None
        h = theta * longest
        for _ in range(6):
            shorter = self._solve(h)
            if not shorter.solved:
                break
            landed = self._stride(shorter)
            state, now = landed.end(), landed.log_t(1.0)
            if not hits:
                more = (log_t - now) * float(np.exp(min(now - state.kappa, 0.0)))
            else:
                more = 0.0 if hits[0].leaves else miss(state, self.data, hits[0], shorter.pulls[2])
            if abs(more) <= (_NEAR if hits else _ON_TIME) * h or abs(more) > _GRAZING * longest:
                break
            h += more
        return landed

    def _strike(self, hits: list[Hit]) -> None:
        before, state = self.state.modes, self.state
        for hit in hits:
            state, events = struck(state, self.data, hit)
            self.events += events
        state, deaths = buried(conserving(on_slides(state, self.data), self.invariant))
        self.events += deaths
        if state.modes is not before and self.clock.normalised:
            kappa, state = state.kappa, self._reset(state)
            self.last = self.last if abs(state.kappa - kappa) < 1e-3 else None
        self.struck = state.modes is not before
        self._arrive(state)

    def _reset(self, s: State) -> State:
        """The clock counts the examples that are seen now."""
        total = s.pi[s.modes.seen].sum()
        if 1e-3 < total < 1e20:
            return s._replace(pi=s.pi / total, kappa=s.kappa - float(np.log(total)))
        pi, kappa = self.clock.dual(margins_of(s.W1[None], s.w2[None], s.modes), s.modes.seen)
        return s._replace(pi=pi[0], kappa=float(kappa[0]))
