"""A subgradient flow on its way: steps, cut at events, each of which changes the modes of a neuron."""

import numpy as np

from lib.data import Array
from lib.flow.arrangement import Arrangement
from lib.flow.clock import Clock
from lib.flow.collocation import Step, error, margins_of, pulls, response, solve
from lib.flow.ends import Ends, stationary
from lib.flow.events import Hit, Leaving, Meeting, first_hits
from lib.flow.meetings import initial, struck
from lib.flow.modes import change, moved
from lib.flow.pace import Pace
from lib.flow.state import State, buried, conserving, deaths_of, events_of, invariants, on_slides
from lib.flow.stride import Stride
from lib.flow.trajectory import Event, Reason
from lib.network import Network

_NEAR = 1e-5  # the rest of the way to a hyperplane, in steps, gone along the last pulls: its square is below rounding
_ON_TIME = 1e-13
_STILL = 30  # steps in a row without motion or event: shorter and shorter steps towards a kink need half as many
_STUCK = "a neuron meets a hyperplane again and again and does not move: its coefficient there is below rounding"
_SHORT = "no step above rounding meets the tolerance: raise rtol, or scale data and weights to numbers of order one"


class Run:
    """A flow on its way: the present state, its pulls `g` (m, d) and stiffness, and the record."""

    def __init__(self, net: Network, data: Arrangement, ticking: Clock, rtol: float) -> None:
        self.data, self.clock, self.rtol = data, ticking, rtol
        W1, w2 = net.W1.T.copy(), net.w2.copy()
        q = data.y * net.predict(data.X)
        modes = initial(data, W1, w2, ticking.dual(q, np.ones(len(q), dtype=bool))[0])
        pi, kappa = ticking.dual(q, modes.seen)
        self.invariant = invariants(W1, w2)
        self.pace = Pace(0.01 / max(data.length.max(), 1e-300))
        self.judged = 0.0  # the minimal margin at which gap and residual were last computed
        self.events = [Event(0.0, -np.inf, int(i), -1, "death") for i in np.flatnonzero(~modes.alive)]
        self.still = 0  # steps since something moved or happened
        self.states: list[tuple] = []
        self.steps: list[Step] = []
        self._arrive(State(0.0, -np.inf, W1, w2, pi, float(kappa), modes))

    def _arrive(self, s: State) -> None:
        self.state = s
        self.g = pulls(s.pi[None], s.modes)[0]
        self.stiffness = float((self.clock.gain(s.pi) * s.modes.seen) @ response(s.W1, s.w2, s.modes))
        self.states.append(s[:6])
        self.detail = stationary(s, self.g, self.data, self.clock)
        self.reason: Reason | None = "stationary" if self.detail else None

    # --- one step ------------------------------------------------------------------------------

    def advance(self, ends: Ends) -> None:
        """One step, cut at its first event or at the end."""
        stride = self._trial()
        if stride is None or self.still > _STILL:
            self.reason, self.detail = "unresolved", _STUCK if stride else _SHORT
            return
        before = self.state.tau, len(self.events)
        hits = first_hits(stride, self.data)
        theta = hits[0].theta if hits else 1.0
        on_time = stride.reaches(ends.log_t, theta)
        if on_time:
            hits, theta = [], stride.time_of(ends.log_t, theta)
            stride, theta = self._cut(stride, theta, ends.log_t)
        self._accept(stride, theta, hits)
        self.still = self.still + 1 if (self.state.tau, len(self.events)) == before else 0
        self.reason = "log_t_end" if on_time else self._ended(ends) or self.reason

    def _ended(self, ends: Ends) -> Reason | None:
        gamma = ends.margin_of(self.state, self.data)
        grown = gamma > 1.1 * self.judged
        self.judged = gamma if grown else self.judged
        return ends.reached(self.state, self.data, len(self.events), gamma, grown)

    def _solve(self, h: float) -> Step:
        s = self.state
        guess = self.pace.guess(s.pi, h, self.clock.normalised)
        return solve(s.W1, s.w2, s.modes, self.clock, guess, h, 1e-3 * self.rtol)

    def _trial(self) -> Stride | None:
        """A converged step within tolerance; sets the length of the next one."""
        s, pace = self.state, self.pace
        while (h := pace.length(s, self.g)) > 1e-14 * s.tau:
            step = self._solve(h)
            off = error(step, s.modes, s.pi) / self.rtol if step.solved else np.inf
            if pace.adapted(h, off):
                return Stride(s, self.g, step, self.clock)
        return None

    # --- arriving ------------------------------------------------------------------------------

    def _cut(self, stride: Stride, theta: float, log_t: float) -> tuple[Stride, float]:
        """The part of a step until log t, about theta of the way.

        Where pi is stiff it is a step of its own: ends of steps satisfy the equations, dense output leaves slacks.
        """
        if self.stiffness * self.rtol <= 1e-2 or not 0 < theta < 1:
            return stride, theta
        longest, found = stride.step.h, None
        h = theta * longest
        for _ in range(6):
            step = self._solve(h)
            if not step.solved:
                break
            found = Stride(self.state, self.g, step, self.clock)
            now = found.log_t(1.0)
            more = (log_t - now) * float(np.exp(min(now - step.kappa[2], 0.0)))  # in tau
            if abs(more) <= _ON_TIME * h or not 0 < h + more <= longest:
                break
            h += more
        return (found, 1.0) if found else (stride, theta)

    def _miss(self, s: State, hit: Hit, g: Array) -> float:
        """How much longer a neuron has to move with pulls g (m, d) to be on the hyperplane that it meets."""
        normal = self.data.normals[hit.j]
        speed = float(s.w2[hit.i] * (g[hit.i] @ normal))
        return -float(s.W1[hit.i] @ normal) / speed if speed else 0.0

    def _accept(self, stride: Stride, theta: float, hits: list[Hit]) -> None:
        """Moves to theta of the step and takes what happens there."""
        stiff = self.stiffness * stride.step.h > 0.3
        self.pace.passed(stride.step.h, theta, len(hits))
        state = stride.end() if theta == 1 else stride.at(theta, stiff)
        if hits and isinstance(hits[0], Meeting):
            state, theta, hits = self._onto(state, stride, theta, hits, stiff)
        self.steps.append(stride.step)
        self.pace.last = stride.step, theta
        self._strike(state._replace(log_t=max(self.state.log_t, stride.log_t(theta))), hits)

    def _onto(
        self, state: State, stride: Stride, theta: float, hits: list[Hit], stiff: bool
    ) -> tuple[State, float, list[Hit]]:
        """The state on the hyperplane of the first hit. A neuron that grazes has not hit: shorter steps will tell."""
        h = stride.step.h
        for _ in range(5):
            g = stride.pulls(theta)
            share = max(self._miss(state, hits[0], g) / h, -theta)
            if abs(share) <= _NEAR:
                return stride.onwards(state, share, g), theta + share, hits
            if theta + share > 1:
                break
            theta += share
            state = stride.at(theta, stiff)
        self.pace.spacing = 0.1 * h
        return state, theta, []

    # --- what happens there ----------------------------------------------------------------------

    def _strike(self, state: State, hits: list[Hit]) -> None:
        before = state.modes
        for hit in hits:
            state = self._struck(state, hit)
        state = buried(conserving(on_slides(state, self.data), self.invariant))
        self.events += deaths_of(state, before)
        if state.modes is not before and self.clock.normalised:
            kappa, state = state.kappa, self._reset(state)
            self.pace.last = self.pace.last if abs(state.kappa - kappa) < 1e-3 else None
        self._arrive(state)

    def _struck(self, s: State, hit: Hit) -> State:
        """The state after a hit, the neuron of which lies on the hyperplane."""
        modes, i = s.modes, hit.i
        if isinstance(hit, Leaving) != modes.slide[i, hit.j]:
            return s  # settled together with an earlier hit of the same neuron
        new = change(self.data, i, *struck(self.data, s, hit), s.pi)
        self.events += events_of(modes, new, self.data.lead, s.tau, s.log_t)
        return s._replace(modes=moved(modes, new))

    def _reset(self, s: State) -> State:
        """The clock counts the examples that are seen now."""
        total = s.pi[s.modes.seen].sum()
        if 1e-3 < total < 1e20:
            return s._replace(pi=s.pi / total, kappa=s.kappa - float(np.log(total)))
        pi, kappa = self.clock.dual(margins_of(s.W1[None], s.w2[None], s.modes), s.modes.seen)
        return s._replace(pi=pi[0], kappa=float(kappa[0]))
