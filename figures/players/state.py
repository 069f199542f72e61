"""From arrays to what a page carries: fewer frames, fewer digits."""

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, Index

FRAMES = 160  # at 60 pictures a second the module interpolates between them


def frames(steps: int) -> Index:
    """At most `FRAMES` of the steps 0..steps-1, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, steps - 1, min(steps, FRAMES)).round().astype(np.intp))


def rounded(values: ArrayLike, digits: int = 6) -> Array:
    """Values to that many significant digits."""
    values = np.asarray(values, dtype=float)
    size = np.where(np.isfinite(values) & (values != 0), np.abs(values), 1.0)
    unit = 10.0 ** (np.floor(np.log10(size)) - digits + 1)
    return np.where(np.isfinite(values), np.round(values / unit) * unit, values)


def clock(log_t: ArrayLike) -> Array:
    """log t, (T,), with the -inf of the start (t = 0) replaced by a time just before the next one."""
    log_t = np.array(log_t, dtype=float, ndmin=1)
    if len(log_t) > 1 and log_t[0] == -np.inf:
        log_t[0] = log_t[1] - 1.0
    if not np.isfinite(log_t).all() or (np.diff(log_t) < 0).any():
        raise ValueError("log_t must be finite after its first entry and must not decrease")
    return log_t


def path(name: str, values: ArrayLike, steps: int, ndim: int) -> Array:
    """An array with one entry a step. Raises `ValueError` if its shape is another."""
    values = np.asarray(values, dtype=float)
    if values.ndim != ndim or len(values) != steps:
        raise ValueError(f"{name} must have {ndim} axes, the first with the {steps} steps of log_t; got {values.shape}")
    return values


def along(log_t: ArrayLike, W1: ArrayLike, w2: ArrayLike) -> tuple[Array, Array, Array, Index]:
    """log t (T,), neurons W1 (T, d, m) and w2 (T, m), and the steps that a page carries. Raises `ValueError`."""
    log_t = clock(log_t)
    T = len(log_t)
    return log_t, path("W1", W1, T, 3), path("w2", w2, T, 2), frames(T)


def directions(W1: ArrayLike) -> Array:
    """u_i = w_{1,i} / ||w_{1,i}|| along a flow: (T, m, d) for W1 (T, d, m); a zero neuron keeps a zero direction."""
    W1 = np.swapaxes(np.asarray(W1, dtype=float), 1, 2)
    lengths = np.linalg.norm(W1, axis=2, keepdims=True)
    return W1 / np.where(lengths > 0, lengths, 1.0)


FREE, DEAD = -1, -2


def whereabouts(X: Array, U: Array) -> Index:
    """Where each neuron is along a path of directions U (T, m, d): the row whose hyperplane it slides on, or FREE, or
    DEAD if no row is active. A neuron slides if it stays on a hyperplane for two steps; crossing takes one."""
    H = U @ X.T
    level = 1e-9 * np.linalg.norm(X, axis=1)
    on = np.abs(H) <= level
    before, after = np.roll(on, 1, axis=0), np.roll(on, -1, axis=0)
    before[0], after[-1] = False, False
    slides = on & (before | after)
    where = np.where(slides.any(axis=2), slides.argmax(axis=2), FREE)
    return np.where((level < H).any(axis=2), where, DEAD)
