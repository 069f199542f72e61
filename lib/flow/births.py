"""Escape from KKT points that are not optimal: flow to the limit, birth of the missing neurons, flow on.

At a KKT point with dual variable lam, every active neuron grows at the rate 1; a new one of infinitesimal size along a
local maximum (u, s) of s lam'(Xu)_+ grows at the rate of its value. Those above 1 take over, and the flow leaves for a
cheaper KKT point (ours). With none above 1, d_H(lam) <= 1, and the point is optimal.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib import kkt
from lib.data import Array, validated
from lib.flow.integrate import gradient_flow
from lib.flow.trajectory import Trajectory
from lib.network import Network
from lib.zonotope import Maximiser, local_maxima

_LATE = 1e100  # log t at which a stage ends: rate v wins (log t)^((v - 1) / 2) against 1, so small gaps need late times
_SIZE = 0.3  # of a newborn, in weights of a typical neuron
_START = 1e10  # the largest margin from which a stage starts: the later, the less its softmax disturbs the last limit
_VANISHING = 1e-60  # a neuron shorter than this against the longest sleeps through a stage, in the place of a newborn


class Stage(NamedTuple):
    """One flow; the maximiser of its last dual variable (of sum 1); and `lower` <= P* <= `upper` from both.

    `upper / lower` is d_H in units of the growth rate of the active neurons: 1 at an optimum.
    """

    trajectory: Trajectory
    maximiser: Maximiser
    lower: float
    upper: float


def escape(
    net: Network, X: ArrayLike, y: ArrayLike, *, loss: str = "exponential", tol: float = 1e-2, max_stages: int = 20
) -> tuple[Stage, ...]:
    """Stages of flow and birth from `net` until upper / lower <= 1 + tol, at most `max_stages`.

    Each stage runs to log t = 1e100. Births happen at all local maxima of rate above 1 + tol/2 that no neuron occupies.
    Whether the last stage is certified is read off its bracket. Raises `ValueError` for bad data or weights. Source:
    thm-edge-escape.
    """
    stages: list[Stage] = []
    while len(stages) < max_stages:
        trajectory = gradient_flow(net, X, y, loss=loss, log_t_end=_LATE)
        stages.append(_judged(trajectory, X, y))
        if stages[-1].upper <= (1 + tol) * stages[-1].lower:
            break
        net = _reborn(_restarted(trajectory), X, stages[-1], 1 + tol / 2)
    return tuple(stages)


def _judged(trajectory: Trajectory, X: ArrayLike, y: ArrayLike) -> Stage:
    """y'lam / d_H(lam) <= P* <= path norm / least margin."""
    dual = kkt.judged(*validated(X, y), [trajectory.lam[-1]])
    return Stage(trajectory, dual.top, dual.lower, kkt.upper_bound(trajectory.network(), X, y))


def _restarted(trajectory: Trajectory) -> Network:
    """The last network without dead and vanishing neurons, scaled down: a limit has a direction, not a size."""
    net = trajectory.network()
    kept = ~trajectory.dead & (net.radii > _VANISHING * net.radii.max())
    net = Network(net.W1[:, kept], net.w2[kept])
    gamma = float(trajectory.margins[-1].max())
    return net.scaled(np.sqrt(_START / gamma)) if gamma > _START else net


def _reborn(net: Network, X: ArrayLike, stage: Stage, least: float) -> Network:
    """The network with a small neuron along every missing direction."""
    U, s = _missing(net, X, stage, least)
    scale = _SIZE * (np.sqrt(2 * net.cost / net.m) if net.m else 1.0)
    return Network(np.column_stack([net.W1, scale * U.T]), np.append(net.w2, scale * s))


def _missing(net: Network, X: ArrayLike, stage: Stage, least: float) -> tuple[Array, Array]:
    """The unoccupied local maxima (k, d) that grow at a rate of at least `least`, and their signs (k,).

    Without a positive margin there is no rate 1: then the maximiser alone.
    """
    if stage.upper == np.inf:
        return stage.maximiser.u[None], np.array([stage.maximiser.s])
    peaks = local_maxima(X, stage.trajectory.lam[-1])
    wanted = (peaks.values * stage.upper > least) & ~kkt.occupied(peaks, net)
    return peaks.U[wanted], peaks.s[wanted]
