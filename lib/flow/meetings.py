"""What a neuron does on a kink: the truth table of thm-flow-sliding, part 2.

On a hyperplane with normal h, p = s h'g is the speed of h'w1, p_off on the negative side and p_on = p_off + s J on the
positive one, s the sign of w2. In the book's order:

    p_off, p_on of one sign     it crosses in that direction
    p_off > 0 > p_on            a ridge: it slides, with 0 < c < 1, and leaves to the side on which c ends: c = 1 to the
                                positive one
    p_off < 0 < p_on            a valley: a neuron that comes across crosses; one that starts on it stays while
                                0 < c < 1, and leaves to the side opposite to where c ends

A ridge has s J < 0, a valley s J > 0. Several hyperplanes at once are decided together by the least norm (part 1).
"""

import numpy as np

from lib.data import Array, Index, Mask
from lib.flow.arrangement import Arrangement
from lib.flow.events import Hit, Leaving
from lib.flow.minnorm import kink_terms, least, near_kinks, rounding
from lib.flow.modes import Modes, change, moved, resting
from lib.flow.state import State

Sides = tuple[Mask, Mask]  # (J,): on the positive side of a hyperplane, sliding along it


def settled(data: Arrangement, s: float, on: Mask, kinks: Index, free: Mask, pi: Array) -> Sides:
    """The sides and slides (J,) with which one neuron goes on from a point on the hyperplanes `kinks` (k,).

    The coefficients of the `free` ones (k,) are those of least norm. The others are being crossed and have their new
    side already; if the neuron would be pushed back from it, it is crossed back. Every such change makes ||g|| larger,
    because ||g||^2 is a convex function of the fixed part with gradient 2 g: so the loop ends. Of a pull that cancels
    speeds are rounding, and push nobody.
    """
    on, free = on.copy(), free.copy()
    base, rays, jump = kink_terms(data, on, kinks, pi)
    size, valley = np.abs(jump), s * jump > 0
    while True:
        t = np.where(on[kinks], size, 0.0)
        if free.any():
            t[free] = least(base + (t * ~free) @ rays, rays[free], size[free])
        g = base + t @ rays
        speed = s * (data.normals[kinks] @ g)
        inside = free & (t > 0) & (t < size)
        leaving = ~inside & (np.abs(speed) > 10 * rounding(base, t))
        on[kinks] = np.where(leaving & ~valley, speed > 0, t > size / 2)
        wrong = leaving & valley & (on[kinks] != (speed > 0))
        if not wrong.any():
            break
        k = np.where(wrong, np.abs(speed), -1.0).argmax()
        free[k], on[kinks[k]] = False, speed[k] > 0
    slide = np.zeros(len(on), dtype=bool)
    slide[kinks[inside]] = True
    return on, slide


def meet(data: Arrangement, s: float, on: Mask, slide: Mask, met: Mask, pi: Array) -> Sides:
    """Sides and slides (J,) of a neuron after it `met` hyperplanes: valleys are crossed, c decides the ridges."""
    kinks = np.flatnonzero(met | slide)
    free = slide[kinks] | (s * (data.jump[kinks] @ pi) <= 0)
    on = on.copy()
    on[kinks[~free]] ^= True
    return settled(data, s, on, kinks, free, pi)


def struck(data: Arrangement, state: State, hit: Hit) -> Sides:
    """The sides and slides (J,) of a neuron after a hit, and after all others that it is on and moves towards there.

    Where rounding has put it elsewhere (it may be tiny), its modes follow.
    """
    modes, pi, i, j = state.modes, state.pi, hit.i, hit.j
    s, slide, pull = float(np.sign(state.w2[i])), modes.slide[i].copy(), pi @ modes.field[:, i]
    Z, near = (one[0] for one in near_kinks(data, state.W1[i][None], state.w2[i][None]))
    other = modes.on[i] != (Z > 0)
    on = modes.on[i] ^ (~slide & ~near & other & (np.arange(len(Z)) != j))
    met = near & (np.where(on, 1, -1) * s * (data.normals @ pull) <= 0) & ~slide
    if isinstance(hit, Leaving):
        valley = s * (data.jump[j] @ pi) > 0
        slide[j], met[j], on[j] = False, False, (hit.c == 1) != valley
    else:
        beyond = other[j] & ~near[j]
        met[j], on[j] = not beyond, on[j] ^ beyond
    return meet(data, s, on, slide, met, pi)


def at_start(data: Arrangement, s: float, z: Array, near: Mask, pi: Array) -> Sides:
    """Sides and slides (J,) of a neuron with no past: the hyperplanes it is `near` get least-norm coefficients."""
    kinks = np.flatnonzero(near)
    return settled(data, s, z > 0, kinks, np.ones(len(kinks), dtype=bool), pi) if len(kinks) else (z > 0, near)


def initial(data: Arrangement, W1: Array, w2: Array, pi: Array) -> Modes:
    """The modes of neurons W1 (m, d), w2 (m,); where they lie on kinks, those of the velocity of least norm."""
    Z, near = near_kinks(data, W1, w2)
    sides = [at_start(data, s, z, on, pi) for s, z, on in zip(np.sign(w2), Z, near, strict=True)]
    modes = resting(data, len(W1))
    for i, one in enumerate(sides):
        modes = moved(modes, change(data, i, *one, pi))
    return modes
