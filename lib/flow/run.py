"""A subgradient flow on its way: steps, cut at events, each of which changes the modes of neurons."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from lib import kkt
from lib.data import Array
from lib.flow.arrangement import Arrangement
from lib.flow.boost import NODES, boosted, lagrange, shares, transport
from lib.flow.clock import Clock, log_elapsed
from lib.flow.collocation import Step, error, margin_rates, margins_of, pulls, response, solve
from lib.flow.events import Hit, first_hits
from lib.flow.minnorm import initial
from lib.flow.state import State, buried, conserving, invariants, miss, on_slides, struck
from lib.flow.trajectory import Event
from lib.network import Network

_STILL = 1e-8  # the flow has stopped when ||dTheta/dtau|| <= _STILL max|x_n| ||Theta||
_SHRINK = 8.0  # e-folds by which a neuron may shrink in a step, while its rounding grows by as many
_MAX_STEPS = 200_000
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
        modes = initial(data, W1, w2, ticking.dual(q, np.ones(len(q), dtype=bool))[0])
        pi, kappa = ticking.dual(q, modes.seen)
        self.state = State(0.0, -np.inf, W1, w2, pi, float(kappa), modes)
        self.invariant = invariants(W1, w2)
        self.h = 0.01 / max(data.length.max(), 1e-300)
        self.spacing = np.inf  # running mean of the distance between events
        self.last: tuple[Step, float] | None = None
        self.events = [Event(0.0, -np.inf, int(i), -1, "death") for i in np.flatnonzero(~modes.alive)]
        self.states: list[tuple] = [self.state[:6]]
        self.steps: list[Step] = []
        self.judged = 0.0  # the minimal margin at which gap and residual were last computed
        self.reason = self._still()

    def _still(self) -> str:
        s = self.state
        if not s.modes.alive.any():
            return "stationary: every neuron is dead"
        g = pulls(s.pi[None], s.modes)[0]
        speed = ((s.w2[:, None] * g) ** 2).sum() + ((g * s.W1).sum(axis=1) ** 2).sum()
        size = (s.W1**2).sum() + (s.w2**2).sum()
        if speed > (_STILL * self.data.length.max()) ** 2 * size:
            return ""
        wrong = np.flatnonzero(margins_of(s.W1[None], s.w2[None], s.modes)[0] <= 0)
        rows = f"; rows {', '.join(map(str, wrong))} are misclassified" if len(wrong) else ""
        return f"stationary: the velocity has vanished{rows}"

    # --- one step ------------------------------------------------------------------------------

    def advance(self, ends: Ends) -> None:
        """One step, cut at its first event or at the end."""
        step = self._trial()
        if step is None:
            self.reason = "step size underflow: the flow is not resolved further at this tolerance"
            return
        hits = first_hits(self.state.W1, self.state.w2, self.state.modes, self.data, step)
        theta = hits[0].theta if hits else 1.0
        ended = self._may_end(step, ends.log_t) and self._log_t(step, theta) >= ends.log_t
        if ended:
            hits, theta = [], self._time_of(step, theta, ends.log_t)
        self._strike(self._accept(step, theta, hits, ends.log_t))
        self.states.append(self.state[:6])
        self.reason = self._ended(ended, ends) or self._still()

    def _ended(self, on_time: bool, ends: Ends) -> str:
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
        if len(self.events) >= ends.events:
            return f"event budget: {ends.events} events"
        return f"step budget: {_MAX_STEPS} steps" if len(self.steps) >= _MAX_STEPS else ""

    def _verdict(self, ends: Ends) -> str:
        """Whether the bracket, or the KKT residual, of the present network and dual variable is small enough."""
        s, (X, y) = self.state, self.data[:2]
        net, lam = Network(s.W1.T, s.w2), y * s.pi
        if ends.gap > 0 and kkt.bracket(net, X, y, lam).gap <= ends.gap:
            return "gap_end"
        if ends.residual > 0 and kkt.multiplier(net, X, y).residual <= ends.residual:
            return "residual_end"
        return ""

    def _solve(self, h: float) -> Step:
        s = self.state
        return solve(s.W1, s.w2, s.modes, self.clock, self._guess(h), h, 1e-3 * self.rtol)

    def _trial(self) -> Step | None:
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
                return step
        return None

    def _longest(self) -> float:
        """No neuron turns or grows by more than half an e-fold in a step. One that only shrinks may do so faster."""
        s = self.state
        g = pulls(s.pi[None], s.modes)[0]
        length = np.sqrt((g**2).sum(axis=1))
        size = np.sqrt((s.W1**2).sum(axis=1))
        shrinks = np.sign(s.w2) * (g * s.W1).sum(axis=1) < -0.99 * length * size
        return 1 / max((length * np.where(shrinks, 1 / _SHRINK, 2.0)).max(initial=0.0), 1e-300)

    def _stiffness(self) -> float:
        s = self.state
        reach = response(s.W1, s.w2, s.modes)
        return float(s.pi @ reach if self.clock.normalised else reach.sum())

    def _in_layer(self) -> bool:
        """Just after an event pi adapts within 1/stiffness; a layer thinner than rtol is not worth resolving."""
        return self.last is None and bool(self.steps) and self._stiffness() > 1 / self.rtol

    def _guess(self, h: float) -> Array:
        if self.last is None:
            return np.tile(self.state.pi, (3, 1))
        step, theta = self.last
        times = theta + NODES * h / step.h
        if times[-1] > 2.5:
            return np.tile(self.state.pi, (3, 1))
        pi = lagrange(times) @ step.pi
        return np.maximum(pi, 0.0) if self.clock.normalised else pi

    # --- time ----------------------------------------------------------------------------------

    def _log_t(self, step: Step, theta: float) -> float:
        s = self.state
        if theta <= 0:
            return s.log_t
        if not self.clock.normalised:
            return float(np.log(s.tau + theta * step.h))
        kappa = np.append(s.kappa, step.kappa)
        return float(np.logaddexp(s.log_t, log_elapsed(kappa, self._kappa_rates(step), step.h, theta)))

    def _kappa_rates(self, step: Step) -> Array:
        """dkappa/dtau = sum_n pi_n a'(q_n) dq_n/dtau over the seen examples, (4,) at the start and the nodes."""
        s = self.state
        pi = np.concatenate([s.pi[None], step.pi]) * s.modes.seen
        g = np.concatenate([pulls(s.pi[None], s.modes), step.pulls])
        W1, w2 = np.concatenate([s.W1[None], step.W1]), np.concatenate([s.w2[None], step.w2])
        slope = self.clock.conjugate(margins_of(W1, w2, s.modes))[1]
        return (pi * slope * margin_rates(W1, w2, g, s.modes)).sum(axis=1)

    def _may_end(self, step: Step, log_t: float) -> bool:
        """Cheaper than log t itself, and true whenever it may be passed in this step."""
        longest = max(self.state.kappa, float(step.kappa.max())) + 1 + np.log(step.h)
        return not self.clock.normalised or np.logaddexp(self.state.log_t, longest) >= log_t

    def _time_of(self, step: Step, theta: float, log_t: float) -> float:
        """The theta at which log t reaches a value that it passes before `theta`."""
        start = np.nextafter(0, 1) if self.state.log_t == -np.inf else 0.0
        return float(brentq(lambda x: self._log_t(step, x) - log_t, start, theta, xtol=1e-15))

    # --- arriving ------------------------------------------------------------------------------

    def _accept(self, step: Step, theta: float, hits: list[Hit], log_t: float) -> list[Hit]:
        """Move to theta of the step, by dense output or, where pi is stiff, a step of that length. The true hits."""
        if hits:
            self.spacing = 0.8 * min(self.spacing, step.h) + 0.2 * theta * step.h
        else:
            self.spacing *= 2
        stiffness = self._stiffness()
        if stiffness * self.rtol > 1e-2 and _SHORT < theta < 1:
            landed = self._landing(step, theta, hits, log_t)
            step, theta = (landed, 1.0) if landed else (step, theta)
        dense = stiffness * step.h > 0.3
        state = self._end(step) if theta == 1 else self._interpolated(step, theta, dense)
        if hits and not hits[0].leaves:
            state, theta, hits = self._onto(state, step, theta, hits, dense)
        self.steps.append(step)
        self.last = (step, theta)
        self.state = state
        return hits

    def _onto(
        self, state: State, step: Step, theta: float, hits: list[Hit], stiff: bool
    ) -> tuple[State, float, list[Hit]]:
        """The state on the hyperplane of the first hit. A neuron that grazes has not hit: shorter steps will tell."""
        for _ in range(5):
            g = np.tensordot(lagrange(np.array([theta]))[0], step.pulls, axes=1)
            share = max(miss(state, self.data, hits[0], g) / step.h, -theta)
            if abs(share) <= _NEAR:
                log_t = max(self.state.log_t, self._log_t(step, theta + share))
                return self._onwards(state, step, share, g)._replace(log_t=log_t), theta + share, hits
            if abs(share) > _GRAZING:
                break
            theta += share
            state = self._interpolated(step, theta, stiff)
        if step.h <= _SHORT * max(1.0, state.tau):
            return state, theta, hits
        self.spacing = 0.1 * step.h
        return state, theta, []

    def _end(self, step: Step) -> State:
        s = self.state
        log_t = self._log_t(step, 1.0)
        return State(s.tau + step.h, log_t, step.W1[2], step.w2[2], step.pi[2], float(step.kappa[2]), s.modes)

    def _interpolated(self, step: Step, theta: float, stiff: bool) -> State:
        """The state at theta by dense output. Where pi is stiff its parabola says more than the margins do."""
        s = self.state
        W1, w2 = transport(s.W1, s.w2, step.pulls, step.h, shares(np.array([theta])))
        pi, kappa = self.clock.dual(margins_of(W1, w2, s.modes), s.modes.seen)
        if stiff:
            pi = lagrange(np.array([theta])) @ step.pi
            pi = np.maximum(pi, 0.0) if self.clock.normalised else pi
        log_t = self._log_t(step, theta)
        return State(s.tau + theta * step.h, log_t, W1[0], w2[0], pi[0], float(kappa[0]), s.modes)

    def _onwards(self, state: State, step: Step, share: float, g: Array) -> State:
        """The state moved on along its pulls by a share of the step that is near rounding."""
        W1, w2 = boosted(state.W1, state.w2, share * step.h * g)
        rate = float(self._kappa_rates(step)[-1]) if self.clock.normalised else 0.0
        return state._replace(W1=W1, w2=w2, tau=state.tau + share * step.h, kappa=state.kappa + rate * share * step.h)

    def _landing(self, step: Step, theta: float, hits: list[Hit], log_t: float) -> Step | None:
        """A step of the length that ends on the hyperplane, or at log_t: ends of steps satisfy the equations."""
        h, landed = theta * step.h, None
        for _ in range(6):
            shorter = self._solve(h)
            if not shorter.solved:
                break
            landed, state = shorter, self._end(shorter)
            if not hits:
                more = (log_t - state.log_t) * float(np.exp(min(state.log_t - state.kappa, 0.0)))
            else:
                more = 0.0 if hits[0].leaves else miss(state, self.data, hits[0], shorter.pulls[2])
            if abs(more) <= (_NEAR if hits else _ON_TIME) * h or abs(more) > _GRAZING * step.h:
                break
            h += more
        return landed

    def _strike(self, hits: list[Hit]) -> None:
        before = self.state.modes
        for hit in hits:
            self.state, events = struck(self.state, self.data, hit)
            self.events += events
        self.state, deaths = buried(conserving(on_slides(self.state, self.data), self.invariant))
        self.events += deaths
        s = self.state
        if s.modes is not before and self.clock.normalised:  # the clock counts the examples that are seen now
            total = s.pi[s.modes.seen].sum()
            if 1e-3 < total < 1e20:
                self.state = s._replace(pi=s.pi / total, kappa=s.kappa - float(np.log(total)))
            else:
                pi, kappa = self.clock.dual(margins_of(s.W1[None], s.w2[None], s.modes), s.modes.seen)
                self.state = s._replace(pi=pi[0], kappa=float(kappa[0]))
            self.last = None
