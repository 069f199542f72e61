"""On which side of every hyperplane x_n'w = 0 each neuron is, or that it slides along it; the min-norm rule.

A neuron i feels the pull g_i = sum_n c_in mu_n x_n, mu the (normalised) dual variable, with c_in = 1[x_n'w1_i > 0] off
the hyperplanes. On them the velocity is the element of least norm of Clarke's subdifferential, w2_i times

    argmin over c in [0, 1]^k of || g_off + sum_j c_j J_j h_j ||,     h_j unit normals, J_j h_j the jump of g across.

The sign of w2_i plays no part in c. With 0 < c_j < 1 the neuron slides, h_j'g = 0: so a sliding neuron feels the orthogonal
projection of the pull of its other rows, whatever c is. Parallel rows share one hyperplane (their kinks cannot be
told apart, and Clarke's set is a segment).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import Array

Mask = NDArray[np.bool_]
Index = NDArray[np.intp]
ON_KINK = 1e-12  # |x'w| <= ON_KINK |x| |w| counts as lying on the hyperplane of x


class Planes(NamedTuple):
    """The distinct hyperplanes of the rows: unit `normals` (J, d), a `lead` row of each; `plane`, `side`, `length` of rows.

    x_n = side_n length_n normals[plane_n]. A zero row has side 0 and length 0 (and plane 0, without effect).
    """

    normals: Array
    lead: Index
    plane: Index
    side: Array
    length: Array


def planes(X: Array) -> Planes:
    """The hyperplanes of the rows of X; rows parallel to rounding (either sense) share one."""
    length = np.linalg.norm(X, axis=1)
    units = X / np.where(length > 0, length, 1)[:, None]
    cosines = units @ units.T
    parallel = np.abs(np.abs(cosines) - 1) <= 1e-14
    first = np.where(length > 0, parallel.argmax(axis=1), -1)
    lead = np.flatnonzero(first == np.arange(len(X)))
    plane = np.maximum(np.searchsorted(lead, first), 0)
    side = np.where(first >= 0, np.sign(cosines[np.arange(len(X)), first]), 0.0)
    return Planes(units[lead], lead, plane, side, length)


class Modes(NamedTuple):
    """Per neuron and hyperplane: `on` (m, J) the positive side, `slide` (m, J) on it; and what follows from these.

    `field` (N, m, d): y_n times the pull of example n on neuron i, so g = pi @ field and q = field . (w2 w1).
    `sliders` (k, 2) lists the sliding pairs; with `low`, `high` (k, N), low @ pi = c |J| and high @ pi = (1 - c) |J|.
    """

    on: Mask
    slide: Mask
    field: Array
    sliders: Index
    low: Array
    high: Array

    @property
    def seen(self) -> Mask:
        """(N,): examples that pull at least one neuron."""
        return self.field.any(axis=(1, 2))

    @property
    def alive(self) -> Mask:
        """(m,): neurons with an active example."""
        return self.field.any(axis=(0, 2))


def coefficients(geometry: Planes, on: Mask, slide: Mask) -> Array:
    """c_n (N,) of one neuron off its sliding hyperplanes: 1 where x_n'w > 0; sliding rows are left out (0)."""
    n = geometry.plane
    return ((on[n] == (geometry.side > 0)) & ~slide[n] & (geometry.side != 0)).astype(float)


def pull_rows(X: Array, y: Array, geometry: Planes, on: Mask, slide: Mask) -> Array:
    """y_n c_n P x_n (N, d) for one neuron, P the projection on the intersection of its sliding hyperplanes."""
    rows = (y * coefficients(geometry, on, slide))[:, None] * X
    if not slide.any():
        return rows
    basis = np.linalg.svd(geometry.normals[slide], full_matrices=False)
    Q = basis[2][basis[1] > 1e-12 * basis[1][0]]
    return rows - (rows @ Q.T) @ Q


def jumps(y: Array, geometry: Planes, j: int) -> tuple[Array, Array]:
    """Linear forms in pi (N,), (N,): the pull along h_j of the rows of hyperplane j on its negative side, and the jump J_j."""
    rows = np.where(geometry.plane == j, y * geometry.length, 0.0)
    return np.where(geometry.side < 0, -rows, 0.0), np.where(geometry.side != 0, rows, 0.0)


def _slide_forms(
    X: Array, y: Array, geometry: Planes, on: Mask, slide: Mask, pi: Array
) -> tuple[Array, Array]:
    """Of one neuron, (k, N) each: c_j |J_j| and (1 - c_j) |J_j| as linear forms in pi, for its sliding hyperplanes."""
    rows = (y * coefficients(geometry, on, slide))[:, None] * X
    along = np.linalg.pinv(geometry.normals[slide]).T @ rows.T  # coordinates of the pull along the normals
    forms = [jumps(y, geometry, j) for j in np.flatnonzero(slide)]
    negative, jump = (np.array(form) for form in zip(*forms, strict=True))
    low = -along - negative
    sign = np.sign(jump @ pi)[:, None]
    return sign * low, sign * (jump - low)


def rebuilt(X: Array, y: Array, geometry: Planes, on: Mask, slide: Mask, pi: Array) -> Modes:
    """The modes of all neurons from their sides and slides."""
    m, N = len(on), len(X)
    empty = np.zeros((0, N))
    modes = Modes(on, slide, np.zeros((N, m, X.shape[1])), np.zeros((0, 2), dtype=np.intp), empty, empty)
    for i in range(m):
        modes = moved(modes, X, y, geometry, i, on[i], slide[i], pi)
    return modes


def moved(
    modes: Modes, X: Array, y: Array, geometry: Planes, i: int, on_i: Mask, slide_i: Mask, pi: Array
) -> Modes:
    """The modes after neuron i changed to sides `on_i`, slides `slide_i`."""
    on, slide, field = modes.on.copy(), modes.slide.copy(), modes.field.copy()
    on[i], slide[i], field[:, i] = on_i, slide_i, pull_rows(X, y, geometry, on_i, slide_i)
    keep = modes.sliders[:, 0] != i
    sliders, low, high = modes.sliders[keep], modes.low[keep], modes.high[keep]
    if slide_i.any():
        new_low, new_high = _slide_forms(X, y, geometry, on_i, slide_i, pi)
        j = np.flatnonzero(slide_i)
        sliders = np.vstack([sliders, np.column_stack([np.full(len(j), i), j])])
        low, high = np.vstack([low, new_low]), np.vstack([high, new_high])
    return Modes(on, slide, field, sliders, low, high)


# --- the min-norm rule -----------------------------------------------------------------------------


def box_least_squares(a: Array, B: Array, upper: Array) -> Array:
    """argmin over 0 <= t <= upper of ||a + t B||, with a (d,), B (k, d) of unit rows: a primal active-set method, finite."""
    gram, linear = B @ B.T, B @ a
    t, free = np.zeros(len(B)), np.zeros(len(B), dtype=bool)
    floor = 1e-14 * np.linalg.norm(a)
    for _ in range(3 ** len(B) + 1):
        slope = gram @ t + linear
        gain = np.where(free | (upper == 0), 0.0, np.where(t > 0, slope, -slope))
        if gain.max(initial=0.0) <= floor:
            break
        free[gain.argmax()] = True
        t, free = _descend(gram, linear, upper, t, free)
    return t


def _descend(gram: Array, linear: Array, upper: Array, t: Array, free: Mask) -> tuple[Array, Mask]:
    """Minimise over the free coordinates, fixing those that meet a bound on the way."""
    while free.any():
        target = t.copy()
        fixed_pull = linear[free] + gram[np.ix_(free, ~free)] @ t[~free]
        target[free] = np.linalg.lstsq(gram[np.ix_(free, free)], -fixed_pull, rcond=1e-13)[0]
        over = free & ((target <= 0) | (target >= upper))
        if not over.any():
            return target, free
        bound = np.where(target >= upper, upper, 0.0)
        share = np.full(len(t), np.inf)
        moving = over & (target != t)
        share[moving] = (bound[moving] - t[moving]) / (target[moving] - t[moving])
        share[over & ~moving] = 0.0
        k = share.argmin()
        t = t + np.where(free, share[k] * (target - t), 0.0)
        t[k] = bound[k]
        free = free & (np.arange(len(t)) != k)
    return t, free


def settle(
    X: Array, y: Array, geometry: Planes, w2: float, on: Mask, kinks: Index, free: Mask, pi: Array
) -> tuple[Mask, Mask, Array]:
    """Sides and slides with which one neuron leaves a point on the hyperplanes `kinks`, and its pull there.

    The coefficients of the `free` ones among the kinks are those of least norm. The others are being crossed and have their new
    side already; one whose neuron would be pushed back is crossed back. Every such change makes ||g|| larger, since
    ||g||^2 is convex in the fixed part with gradient 2 g, so the loop ends.
    """
    on, free = on.copy(), free.copy()
    forms = [jumps(y, geometry, j) for j in kinks]
    negative, jump = np.array([f[0] @ pi for f in forms]), np.array([f[1] @ pi for f in forms])
    normals = geometry.normals[kinks]
    off_kinks = np.zeros(len(on), dtype=bool)
    off_kinks[kinks] = True
    base = (pi * y * coefficients(geometry, on, off_kinks)) @ X + negative @ normals
    size, rays = np.abs(jump), np.where(jump < 0, -1.0, 1.0)[:, None] * normals
    convex = w2 * jump > 0
    while True:
        t = np.where(on[kinks], size, 0.0)
        fixed = base + (t * ~free) @ rays
        t[free] = box_least_squares(fixed, rays[free], size[free])
        g = base + t @ rays
        speed = w2 * (normals @ g)
        inside = free & (t > 0) & (t < size)
        leaving = ~inside & (np.abs(speed) > 1e-13 * abs(w2) * np.linalg.norm(g))
        on[kinks] = np.where(leaving & ~convex, speed > 0, t > size / 2)
        wrong = leaving & convex & (on[kinks] != (speed > 0))
        if not wrong.any():
            break
        k = np.where(wrong, np.abs(speed), -1.0).argmax()
        free[k], on[kinks[k]] = False, speed[k] > 0
    sliding = np.zeros(len(on), dtype=bool)
    sliding[kinks[inside]] = True
    return on, sliding, g


def initial(X: Array, y: Array, geometry: Planes, W1: Array, w2: Array, pi: Array) -> Modes:
    """The modes of neurons W1 (m, d), w2 (m,); where they lie on kinks, those of the min-norm velocity."""
    Z = W1 @ geometry.normals.T
    near = np.abs(Z) <= ON_KINK * np.linalg.norm(W1, axis=1, keepdims=True)
    on, slide = Z > 0, np.zeros(Z.shape, dtype=bool)
    for i in np.flatnonzero(near.any(axis=1)):
        kinks = np.flatnonzero(near[i])
        free = np.ones(len(kinks), dtype=bool)
        on[i], slide[i], _ = settle(X, y, geometry, float(w2[i]), on[i], kinks, free, pi)
    return rebuilt(X, y, geometry, on, slide, pi)
