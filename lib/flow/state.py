"""Where a flow is between two steps, and what happens to it when a neuron meets or leaves a hyperplane."""

from typing import NamedTuple

import numpy as np

from lib.data import Array
from lib.flow.arrangement import Arrangement, Index, Mask, jumps
from lib.flow.minnorm import meet, near_kinks
from lib.flow.modes import Modes, died, moved
from lib.flow.trajectory import Event, Kind

TINY = 1e-290  # weights below this lose digits: a neuron that has shrunk so far is dead


class State(NamedTuple):
    """Neurons `W1` (m, d), `w2` (m,) at `tau`, dual variable `pi` (N,), `kappa` = -log of its sum, and the modes."""

    tau: float
    log_t: float
    W1: Array
    w2: Array
    pi: Array
    kappa: float
    modes: Modes


class Hit(NamedTuple):
    """At `theta` of a step, neuron `i` meets hyperplane `j` (`c` NaN), or leaves it as its coefficient becomes c."""

    theta: float
    i: int
    j: int
    c: float

    @property
    def leaves(self) -> bool:
        return self.c == self.c


def _scaled(W1: Array, w2: Array) -> tuple[Array, Array, Array]:
    """Neurons (m, d), (m,) times powers of two, so that their squares are numbers of order one; and the exponents."""
    exponent = np.frexp(np.maximum(np.abs(W1).max(axis=1), np.abs(w2)))[1]
    return np.ldexp(W1, -exponent[:, None]), np.ldexp(w2, -exponent), exponent


def invariants(W1: Array, w2: Array) -> Array:
    """The root of |w2^2 - ||w1||^2| (m,) with the sign of the difference, 0 where that is rounding."""
    W1, w2, exponent = _scaled(W1, w2)
    difference = w2**2 - (W1**2).sum(axis=1)
    difference = np.where(np.abs(difference) <= 1e-14 * w2**2, 0.0, difference)
    return np.ldexp(np.copysign(np.sqrt(np.abs(difference)), difference), exponent)


def on_slides(s: State, data: Arrangement) -> State:
    """Sliding neurons back on their hyperplanes; rounding off them would stay while a neuron shrinks."""
    if not len(s.modes.sliders):
        return s
    (i, j), W1 = s.modes.sliders.T, s.W1.copy()
    off = (W1[i] * data.normals[j]).sum(axis=1)
    np.subtract.at(W1, i, off[:, None] * s.modes.duals)
    return s._replace(W1=W1)


def conserving(s: State, invariant: Array) -> State:
    """The larger layer of each neuron corrected to its invariant; rounding would grow while a neuron shrinks."""
    W1, w2, exponent = _scaled(s.W1, s.w2)
    invariant = np.ldexp(invariant, -exponent)
    r2, invariant = (W1**2).sum(axis=1), invariant * np.abs(invariant)
    outer = w2**2 >= r2
    new = np.where(outer, np.copysign(np.sqrt(np.maximum(r2 + invariant, 0.0)), w2), w2)
    factor = np.where(outer, 1.0, np.sqrt(np.maximum(w2**2 - invariant, 0.0) / np.where(outer, 1.0, r2)))
    return s._replace(W1=s.W1 * factor[:, None], w2=np.ldexp(new, exponent))


def struck(s: State, data: Arrangement, hit: Hit) -> tuple[State, list[Event]]:
    """The state and the events after a hit, the neuron of which lies on the hyperplane."""
    if hit.leaves != s.modes.slide[hit.i, hit.j]:
        return s, []  # settled together with an earlier hit of the same neuron
    on, slide = settle_hit(s, data, hit)
    modes = moved(s.modes, data, hit.i, on, slide, s.pi)
    return on_slides(s._replace(modes=modes), data), changes(s, modes, data.lead, hit.i)


def buried(s: State) -> tuple[State, list[Event]]:
    """The state after the deaths of neurons too small for floating-point numbers."""
    events, modes = [], s.modes
    for i in np.flatnonzero(modes.alive & (np.maximum(np.abs(s.W1).max(axis=1), np.abs(s.w2)) < TINY)):
        modes = died(modes, int(i))
        events.append(Event(s.tau, s.log_t, int(i), -1, "death"))
    return s._replace(modes=modes), events


def settle_hit(s: State, data: Arrangement, hit: Hit) -> tuple[Mask, Mask]:
    """The new sides and slides of the neuron of a hit, with all other hyperplanes that it meets at the same point.

    Where rounding has put the neuron on another side than its modes say (it may be tiny), the modes follow.
    """
    i, w2 = hit.i, float(np.sign(s.w2[hit.i]))
    on, slide = s.modes.on[i].copy(), s.modes.slide[i].copy()
    Z, near = (a[0] for a in near_kinks(data, s.W1[i : i + 1], s.w2[i : i + 1]))
    stray = ~slide & ~near & (on != (Z > 0)) & (np.arange(len(on)) != hit.j)
    on ^= stray
    toward = np.where(on, 1, -1) * w2 * (data.normals @ (s.pi @ s.modes.field[:, i])) <= 0
    met = near & toward & ~slide
    met[hit.j] = not hit.leaves and (near[hit.j] or on[hit.j] == (Z[hit.j] > 0))
    on[hit.j] ^= not met[hit.j] and not hit.leaves
    if hit.leaves:  # a concave kink is left to the side that c says, a convex one to the other
        slide[hit.j], on[hit.j] = False, (hit.c == 1) != (w2 * (jumps(data, np.array([hit.j]))[1] @ s.pi)[0] > 0)
    return meet(data, w2, on, slide, met, s.pi)


def changes(s: State, modes: Modes, lead: Index, i: int) -> list[Event]:
    """What neuron i did between two modes."""
    old, events = s.modes, []
    for j in np.flatnonzero((modes.on[i] != old.on[i]) | (modes.slide[i] != old.slide[i])):
        kind: Kind = "slide" if modes.slide[i, j] else "leave" if old.slide[i, j] else "cross"
        if not (modes.slide[i, j] and old.slide[i, j]):
            events.append(Event(s.tau, s.log_t, i, int(lead[j]), kind))
    if old.alive[i] and not modes.alive[i]:
        events.append(Event(s.tau, s.log_t, i, -1, "death"))
    return events


def miss(s: State, data: Arrangement, hit: Hit, pulls: Array) -> float:
    """How much longer, in tau, the neuron of a hit has to move with its pull (m, d) to be on the hyperplane."""
    normal = data.normals[hit.j]
    speed = float(s.w2[hit.i] * (pulls[hit.i] @ normal))
    return -float(s.W1[hit.i] @ normal) / speed if speed else 0.0
