"""The subgradient flow, event by event."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from lib.data import Array, validated
from lib.flow.boost import boosted, lagrange, shares, transport
from lib.flow.clock import Clock, clock, log_elapsed
from lib.flow.collocation import Step, margins_of, pulls, solve, with_error
from lib.flow.events import Hit, crossings, departures
from lib.flow.modes import ON_KINK, Modes, Planes, initial, jumps, moved, planes, settle
from lib.flow.trajectory import Event, Kind, Trajectory
from lib.network import Network

_STILL = 1e-10  # the flow has stopped when ||dTheta/dtau|| <= _STILL max|x_n| ||Theta||
_MAX_STEPS = 200_000


class State(NamedTuple):
    """Neurons W1 (m, d), w2 (m,) at tau, with the dual variable `pi`, `kappa` = -log of its sum, and the modes."""

    tau: float
    log_t: float
    W1: Array
    w2: Array
    pi: Array
    kappa: float
    modes: Modes


class Ends(NamedTuple):
    """Where to stop."""

    log_t: float
    margin: float
    events: int


@dataclass
class _Run:
    """The data, the path so far, and the step size."""

    X: Array
    y: Array
    geometry: Planes
    clock: Clock
    ends: Ends
    rtol: float
    state: State
    h: float
    invariant: Array
    previous: tuple[Step, float] | None = None
    smooth: bool = True
    states: list[State] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


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
    """The Clarke subgradient flow dTheta/dt in -dL(Theta) from `net`, on the clock d tau = (sum_n |lam_n|) dt.

    Stops at log t = `log_t_end`, at minimal margin `margin_end`, when the flow stands still, or after `max_events` events;
    `Trajectory.reason` says which. `rtol` bounds the error of a step relative to each neuron's length.
    On a hyperplane x_n'w1 = 0, also at the start, the velocity is the element of least norm.

    Raises `ValueError` for bad data, an unknown loss, or neurons with a zero layer.
    """
    X, y = validated(X, y)
    run = _start(net, X, y, clock(loss), Ends(log_t_end, margin_end, max_events), rtol)
    reason = _still(run)
    while not reason:
        reason = _advance(run)
    return _trajectory(run, loss, reason)


def _start(net: Network, X: Array, y: Array, ticking: Clock, ends: Ends, rtol: float) -> _Run:
    if net.d != X.shape[1]:
        raise ValueError(f"X has {X.shape[1]} columns but the network takes {net.d}: is a bias column missing or doubled?")
    zero = (net.radii == 0) | (net.w2 == 0)
    if zero.any():
        raise ValueError(
            f"net has a zero layer in neurons {np.flatnonzero(zero)[:5]}: every direction is a kink there; "
            "drop these neurons or give them a small weight"
        )
    geometry = planes(X)
    W1, w2 = net.W1.T.copy(), net.w2.copy()
    q = y * net.predict(X)
    everything = np.ones(len(X), dtype=bool)
    modes = initial(X, y, geometry, W1, w2, ticking.dual(q, everything)[0])
    pi, kappa = ticking.dual(q, modes.seen)
    state = State(0.0, -np.inf, W1, w2, pi, float(kappa), modes)
    run = _Run(X, y, geometry, ticking, ends, rtol, state, 0.01 / (geometry.length.max() or 1.0), _invariant(W1, w2))
    run.states.append(state)
    for i in np.flatnonzero(~modes.alive):
        run.events.append(Event(0.0, -np.inf, int(i), -1, "death"))
    return run


def _still(run: _Run) -> str:
    s = run.state
    g = pulls(s.pi[None], s.modes)[0]
    speed = np.sqrt(((s.w2[:, None] * g) ** 2).sum() + (np.einsum("md,md->m", g, s.W1) ** 2).sum())
    size = np.sqrt((s.W1**2).sum() + (s.w2**2).sum())
    if not s.modes.alive.any():
        return "stationary: every neuron is dead"
    return "stationary: the velocity has vanished" if speed <= _STILL * run.geometry.length.max() * size else ""


def _advance(run: _Run) -> str:
    """One accepted step, cut at the first event; the reason to stop, or ''."""
    step = _trial(run)
    if step is None:
        return "step size underflow"
    hits = _first_hits(run, step)
    theta = hits[0].theta if hits else 1.0
    state, log_t, ended = run.state, _log_t(run, step, theta), False
    if log_t >= run.ends.log_t:
        target = run.ends.log_t
        low = 0.0 if run.state.log_t > -np.inf else 1e-9 * theta
        if _log_t(run, step, low) < target:
            theta = float(brentq(lambda x: _log_t(run, step, x) - target, low, theta, xtol=1e-15))
        hits, ended = [], True
    if theta < 1:
        step, state, theta = _cut(run, step, theta, hits)
    else:
        state = _at_end(run, step)
    run.state = state
    run.steps.append(step)
    run.previous = (step, theta)
    run.smooth = True
    for hit in hits:
        _apply(run, hit)
    if hits:
        run.smooth = False
        _refresh(run)
    run.state = _conserving(run.state, run.invariant)
    run.states.append(run.state)
    if len(run.events) >= run.ends.events:
        return f"event budget: {run.ends.events} events"
    if len(run.steps) >= _MAX_STEPS:
        return f"step budget: {_MAX_STEPS} steps"
    if ended:
        return "log_t_end"
    if run.ends.margin < np.inf and margins_of(run.state.W1[None], run.state.w2[None], run.state.modes).min() >= run.ends.margin:
        return "margin_end"
    return _still(run)


def _trial(run: _Run) -> Step | None:
    """A converged step within tolerance; sets the next step size."""
    s = run.state
    while run.h > 1e-14 * max(1.0, s.tau):
        strongest = np.sqrt((pulls(s.pi[None], s.modes) ** 2).sum(axis=2).max(initial=0.0))
        h = min(run.h, 1 / max(strongest, 1e-300))
        step = solve(s.W1, s.w2, s.modes, run.clock, _guess(run, h), h, 1e-3 * run.rtol)
        if not step.solved:
            run.h = 0.3 * h
            continue
        step = with_error(step, s.modes, s.pi, run.rtol)
        stiffness = (s.modes.field**2).sum(axis=2).max() * (s.w2 @ s.w2)
        if not run.smooth and stiffness > 1 / run.rtol:
            step = step._replace(error=0.5)
        factor = 0.9 * max(step.error, 1e-8) ** -0.25
        run.h = h * min(5.0, max(0.2, factor))
        if step.error <= 1:
            return step
    return None


def _guess(run: _Run, h: float) -> Array:
    s = run.state
    if run.previous is None:
        return np.tile(s.pi, (3, 1))
    step, theta = run.previous
    from lib.flow.boost import NODES

    times = theta + NODES * h / step.h
    if times[-1] > 2.5:
        return np.tile(s.pi, (3, 1))
    return np.maximum(lagrange(times) @ step.pi, 0.0) if run.clock.normalised else lagrange(times) @ step.pi


def _log_t(run: _Run, step: Step, theta: float) -> float:
    if theta <= 0:
        return run.state.log_t
    if not run.clock.normalised:
        return float(np.log(run.state.tau + theta * step.h))
    kappa = np.append(run.state.kappa, step.kappa)
    return float(np.logaddexp(run.state.log_t, log_elapsed(kappa, step.h, theta)))


def _first_hits(run: _Run, step: Step) -> list[Hit]:
    s = run.state
    hits = crossings(s.W1, s.w2, s.modes, run.geometry, step) + departures(s.modes, step)
    if not hits:
        return []
    first = min(hit.theta for hit in hits)
    return sorted(hit for hit in hits if hit.theta <= first + 1e-11)


def _at_end(run: _Run, step: Step) -> State:
    s = run.state
    return State(s.tau + step.h, _log_t(run, step, 1.0), step.W1[2], step.w2[2], step.pi[2], float(step.kappa[2]), s.modes)


def _cut(run: _Run, step: Step, theta: float, hits: list[Hit]) -> tuple[Step, State, float]:
    s = run.state
    g = np.tensordot(lagrange(np.array([theta]))[0], step.pulls, axes=1)
    W1, w2 = transport(s.W1, s.w2, step.pulls, step.h, shares(np.array([theta])))
    W1, w2 = W1[0], w2[0]
    if hits and not hits[0].leaves:
        i, j = hits[0].i, hits[0].j
        normal = run.geometry.normals[j]
        z, dz = W1[i] @ normal, step.h * w2[i] * (g[i] @ normal)
        shift = -z / dz if dz else 0.0
        if abs(shift) < 1e-3:
            theta = max(0.0, theta + shift)
            W1, w2 = boosted(W1, w2, shift * step.h * g)
    pi = lagrange(np.array([theta]))[0] @ step.pi
    if run.clock.normalised:
        pi = np.maximum(pi, 0.0)
    state = State(s.tau + theta * step.h, _log_t(run, step, theta), W1, w2, pi, s.kappa, s.modes)
    kappa = run.clock.dual(margins_of(W1[None], w2[None], s.modes), s.modes.seen)[1][0]
    return step, state._replace(kappa=float(kappa)), theta


def _apply(run: _Run, hit: Hit) -> None:
    """Give the neuron of the hit its new sides and slides."""
    s, (i, j) = run.state, (hit.i, hit.j)
    modes = s.modes
    if hit.leaves != modes.slide[i, j]:
        return  # settled together with an earlier hit of the same neuron
    Z = run.geometry.normals @ s.W1[i]
    pull = s.pi @ modes.field[:, i]
    toward = (2.0 * modes.on[i] - 1) * s.w2[i] * (run.geometry.normals @ pull) <= 0
    near = (np.abs(Z) <= ON_KINK * np.linalg.norm(s.W1[i])) & toward
    near[j] = not hit.leaves
    on, sliding = modes.on[i].copy(), modes.slide[i].copy()
    if hit.leaves:
        convex = s.w2[i] * (jumps(run.y, run.geometry, j)[1] @ s.pi) > 0
        sliding[j], on[j] = False, bool(hit.c) != convex
    kinks = np.flatnonzero(near | sliding)
    jump = np.array([jumps(run.y, run.geometry, k)[1] @ s.pi for k in kinks])
    free = sliding[kinks] | (s.w2[i] * jump <= 0)
    on[kinks[~free]] ^= True
    on, slide, _ = settle(run.X, run.y, run.geometry, float(s.w2[i]), on, kinks, free, s.pi)
    _change(run, i, on, slide)


def _change(run: _Run, i: int, on: Array, slide: Array) -> None:
    s, old = run.state, run.state.modes
    W1 = s.W1
    if slide.any():
        H = run.geometry.normals[slide]
        W1 = W1.copy()
        W1[i] -= np.linalg.pinv(H) @ (H @ W1[i])
    modes = moved(old, run.X, run.y, run.geometry, i, on, slide, s.pi)
    for k in np.flatnonzero((on != old.on[i]) | (slide != old.slide[i])):
        kind: Kind
        if slide[k] and not old.slide[i, k]:
            kind = "slide"
        elif old.slide[i, k] and not slide[k]:
            kind = "leave"
        elif not slide[k] and on[k] != old.on[i, k]:
            kind = "cross"
        else:
            continue
        run.events.append(Event(s.tau, s.log_t, i, int(run.geometry.lead[k]), kind))
    if old.alive[i] and not modes.alive[i]:
        run.events.append(Event(s.tau, s.log_t, i, -1, "death"))
    run.state = s._replace(W1=W1, modes=modes)


def _invariant(W1: Array, w2: Array) -> Array:
    """w2^2 - ||w1||^2, exactly 0 where it is 0 to rounding: so a balanced neuron stays balanced however small it gets."""
    difference = w2**2 - (W1**2).sum(axis=1)
    return np.where(np.abs(difference) <= 1e-14 * w2**2, 0.0, difference)


def _conserving(s: State, invariant: Array) -> State:
    """The larger layer of each neuron corrected to the conserved w2^2 - ||w1||^2: rounding would grow while a neuron shrinks."""
    r2 = (s.W1**2).sum(axis=1)
    outer = s.w2**2 >= r2
    w2 = np.where(outer, np.copysign(np.sqrt(np.maximum(r2 + invariant, 0.0)), s.w2), s.w2)
    factor = np.where(outer, 1.0, np.sqrt((s.w2**2 - invariant) / np.where(outer, 1.0, r2)))
    return s._replace(W1=s.W1 * factor[:, None], w2=w2)


def _refresh(run: _Run) -> None:
    """The clock counts the examples that are seen now."""
    s = run.state
    pi, kappa = run.clock.dual(margins_of(s.W1[None], s.w2[None], s.modes), s.modes.seen)
    stiff = (s.modes.field**2).sum(axis=2).max() * (s.w2 @ s.w2) > 1e4
    run.state = s._replace(kappa=float(kappa[0]), pi=s.pi / s.pi[s.modes.seen].sum() if stiff and run.clock.normalised else pi[0])


def _trajectory(run: _Run, loss: str, reason: str) -> Trajectory:
    states = run.states
    W1 = np.array([s.W1.T for s in states])
    w2 = np.array([s.w2 for s in states])
    q = run.y * np.einsum("kmn,km->kn", np.maximum(np.swapaxes(W1, 1, 2) @ run.X.T, 0), w2)
    pi = np.array([s.pi for s in states])
    total = np.abs(pi).sum(axis=1)
    lam = run.y * pi / np.where(total > 0, total, 1.0)[:, None]
    m, d = states[0].W1.shape
    return Trajectory(
        tau=np.array([s.tau for s in states]),
        log_t=np.array([s.log_t for s in states]),
        W1=W1,
        w2=w2,
        lam=lam,
        log_sum=np.log(total) - np.array([s.kappa for s in states]),
        margins=q,
        events=tuple(run.events),
        dead=~states[-1].modes.alive,
        reason=reason,
        pulls=np.array([step.pulls for step in run.steps]).reshape(-1, 3, m, d),
        widths=np.array([step.h for step in run.steps]),
    )
