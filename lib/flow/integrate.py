"""The subgradient flow, event by event."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from lib.data import Array, validated
from lib.flow.arrangement import Arrangement, arrangement
from lib.flow.boost import NODES, boosted, lagrange, shares, transport
from lib.flow.clock import Clock, clock, log_elapsed
from lib.flow.collocation import Step, error, margin_rates, margins_of, pulls, response, solve
from lib.flow.events import Hit, crossings, departures
from lib.flow.minnorm import initial
from lib.flow.state import State, conserving, invariants, miss, struck
from lib.flow.trajectory import Event, Trajectory
from lib.network import Network

_STILL = 1e-10  # the flow has stopped when ||dTheta/dtau|| <= _STILL max|x_n| ||Theta||
_MAX_STEPS = 200_000
_SHORT = 1e-6  # a stiff step is not shortened to less than this share: pi would be all rounding error
_NEAR = 1e-5  # the rest of the way to a hyperplane, in steps, that is gone along the last pulls: its square is below rounding
_ON_TIME = 1e-13


def gradient_flow(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str = "logistic",
    log_t_end: float = 1e4,
    margin_end: float = np.inf,
    max_events: int = 50_000,
    rtol: float = 1e-7,
) -> Trajectory:
    """dTheta/dt = -argmin { ||v|| : v in the Clarke subdifferential of L at Theta }, from `net` at t = 0.

    X (N, d), y (N,), `net` with no zero layer. The flow runs on the clock d tau = (sum_n |lam_n|) dt (squared loss: tau = t) until
    log t = `log_t_end` or the minimal margin is `margin_end`, until it stands still, or through `max_events` events;
    `Trajectory.reason` says which. `rtol` bounds the error of a step, relative to each neuron's length.

    Raises `ValueError` for bad data, an unknown loss, or neurons with a zero layer.
    """
    X, y = validated(X, y)
    _check(net, X)
    run = Run(net, arrangement(X, y), clock(loss), rtol)
    while not run.reason:
        run.advance(log_t_end, margin_end, max_events)
    return run.trajectory()


def _check(net: Network, X: Array) -> None:
    if net.d != X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns but the network takes {net.d}: is a bias column missing or doubled?"
        )
    zero = (net.radii == 0) | (net.w2 == 0)
    if zero.any():
        raise ValueError(
            f"net has a zero layer in neurons {np.flatnonzero(zero)[:5]}: they have no direction and no sign; "
            "drop them or give them a small weight"
        )


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
        self.record: list[tuple] = [self._entry()]
        self.steps: list[Step] = []
        self.reason = self._still()

    def _entry(self) -> tuple:
        return self.state[:6]

    def _still(self) -> str:
        s = self.state
        if not s.modes.alive.any():
            return "stationary: every neuron is dead"
        g = pulls(s.pi[None], s.modes)[0]
        speed = ((s.w2[:, None] * g) ** 2).sum() + ((g * s.W1).sum(axis=1) ** 2).sum()
        size = (s.W1**2).sum() + (s.w2**2).sum()
        still = speed <= (_STILL * self.data.length.max()) ** 2 * size
        return "stationary: the velocity has vanished" if still else ""

    # --- one step ------------------------------------------------------------------------------

    def advance(self, log_t_end: float, margin_end: float, max_events: int) -> None:
        """One step, cut at its first event or at the end."""
        step = self._trial()
        if step is None:
            self.reason = "step size underflow: the flow is not resolved further at this tolerance"
            return
        hits = first_hits(self.state, self.data, step)
        theta = hits[0].theta if hits else 1.0
        ended = self._may_end(step, log_t_end) and self._log_t(step, theta) >= log_t_end
        if ended:
            hits, theta = [], self._time_of(step, theta, log_t_end)
        self._accept(step, theta, hits, log_t_end)
        self._strike(hits)
        self.state = conserving(self.state, self.invariant)
        self.record.append(self._entry())
        self.reason = self._ended(ended, margin_end, max_events) or self._still()

    def _ended(self, ended: bool, margin_end: float, max_events: int) -> str:
        s = self.state
        if ended:
            return "log_t_end"
        if margin_end < np.inf and margins_of(s.W1[None], s.w2[None], s.modes).min() >= margin_end:
            return "margin_end"
        if len(self.events) >= max_events:
            return f"event budget: {max_events} events"
        return f"step budget: {_MAX_STEPS} steps" if len(self.steps) >= _MAX_STEPS else ""

    def _solve(self, h: float) -> Step:
        s = self.state
        return solve(s.W1, s.w2, s.modes, self.clock, self._guess(h), h, 1e-3 * self.rtol)

    def _trial(self) -> Step | None:
        """A converged step within tolerance; sets the length of the next one."""
        s = self.state
        g = pulls(s.pi[None], s.modes)[0]
        self.spacing = min(self.spacing, 1e300)
        longest = 0.5 / max(np.sqrt((g**2).sum(axis=1).max()), 1e-300)  # no neuron grows more than sqrt(e)-fold
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

    def _accept(self, step: Step, theta: float, hits: list[Hit], log_t: float) -> None:
        """Move to theta of the step: by its dense output or, where the dual variable is stiff, by a step of that length."""
        if hits:
            self.spacing = 0.8 * min(self.spacing, step.h) + 0.2 * theta * step.h
        else:
            self.spacing *= 2
        stiffness = self._stiffness()
        if stiffness * self.rtol > 1e-2 and _SHORT < theta < 1:
            landed = self._landing(step, theta, hits, log_t)
            step, theta = (landed, 1.0) if landed else (step, theta)
        state = self._end(step) if theta == 1 else self._interpolated(step, theta, step.h * stiffness > 0.3)
        for _ in range(4 if hits and not hits[0].leaves else 0):
            g = np.tensordot(lagrange(np.array([theta]))[0], step.pulls, axes=1)
            share = max(miss(state, self.data, hits[0], g) / step.h, -theta)
            theta += share
            if abs(share) <= _NEAR:
                state = self._onwards(state, step, share, g)
                break
            state = self._interpolated(step, theta, step.h * stiffness > 0.3)
        self.steps.append(step)
        self.last = (step, theta)
        self.state = state

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
        """A step of the length that ends on the hyperplane, or at log_t: ends of steps satisfy the equations exactly."""
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
            if abs(more) <= (_NEAR if hits else _ON_TIME) * h:
                break
            h += more
        return landed

    def _strike(self, hits: list[Hit]) -> None:
        before = self.state.modes
        for hit in hits:
            self.state, events = struck(self.state, self.data, hit)
            self.events += events
        s = self.state
        if s.modes is not before and self.clock.normalised:  # the clock counts the examples that are seen now
            total = s.pi[s.modes.seen].sum()
            if 1e-3 < total < 1e20:
                self.state = s._replace(pi=s.pi / total, kappa=s.kappa - float(np.log(total)))
            else:
                pi, kappa = self.clock.dual(margins_of(s.W1[None], s.w2[None], s.modes), s.modes.seen)
                self.state = s._replace(pi=pi[0], kappa=float(kappa[0]))
            self.last = None

    def trajectory(self) -> Trajectory:
        tau, log_t, W1, w2, pi, kappa = (np.array(column) for column in zip(*self.record, strict=True))
        total = np.abs(pi).sum(axis=1)
        q = np.maximum(W1 @ self.data.X.T, 0)
        m, d = W1.shape[1:]
        return Trajectory(
            tau=tau,
            log_t=log_t,
            W1=np.swapaxes(W1, 1, 2),
            w2=w2,
            lam=self.data.y * pi / np.where(total > 0, total, 1.0)[:, None],
            log_sum=np.log(total) - kappa,
            margins=self.data.y * (w2[:, None] @ q)[:, 0],
            events=tuple(self.events),
            dead=~self.state.modes.alive,
            reason=self.reason,
            pulls=np.array([step.pulls for step in self.steps]).reshape(-1, 3, m, d),
            widths=np.array([step.h for step in self.steps]),
        )


def first_hits(s: State, data: Arrangement, step: Step) -> list[Hit]:
    """The hits that come first in a step, those at the same time together."""
    hits = crossings(s.W1, s.w2, s.modes, data, step) + departures(s.modes, step)
    first = min((hit.theta for hit in hits), default=0.0)
    return sorted(hit for hit in hits if hit.theta <= first + 1e-11)
