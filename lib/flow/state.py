"""Where a flow is between two steps, and what holds exactly there: slides, conserved quantities, deaths."""

from typing import NamedTuple

import numpy as np

from lib.data import Array, Index
from lib.flow.arrangement import Arrangement
from lib.flow.modes import Change, Modes, dead, moved
from lib.flow.trajectory import Event, Kind

TINY = 1e-290  # weights below this lose digits: a neuron that has shrunk so far is dead


class State(NamedTuple):
    """Neurons `W1` (m, d), `w2` (m,) at `tau`, dual variable `pi` (N,), `kappa` = -log sum |lam_n|, and the modes."""

    tau: float
    log_t: float
    W1: Array
    w2: Array
    pi: Array
    kappa: float
    modes: Modes


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


def buried(s: State) -> State:
    """The state after the deaths of neurons too small for floating-point numbers."""
    if np.abs(s.w2).min() > TINY:
        return s
    tiny = np.flatnonzero(s.modes.alive & (np.maximum(np.abs(s.W1).max(axis=1), np.abs(s.w2)) < TINY))
    modes = s.modes
    for i in tiny:
        modes = moved(modes, dead(modes, int(i)))
    return s._replace(modes=modes)


def deaths_of(s: State, before: Modes) -> list[Event]:
    """The neurons that have ceased to be pulled since the modes `before`."""
    return [Event(s.tau, s.log_t, int(i), -1, "death") for i in np.flatnonzero(before.alive & ~s.modes.alive)]


def events_of(old: Modes, new: Change, lead: Index, tau: float, log_t: float) -> list[Event]:
    """What a neuron did in a change."""
    i, events = new.i, []
    for j in np.flatnonzero((new.on != old.on[i]) | (new.slide != old.slide[i])):
        kind: Kind = "slide" if new.slide[j] else "leave" if old.slide[i, j] else "cross"
        if not (new.slide[j] and old.slide[i, j]):
            events.append(Event(tau, log_t, i, int(lead[j]), kind))
    return events
