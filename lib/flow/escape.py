"""Escape from KKT points that are not optimal: flow to the limit, birth of the most violating neuron, flow on.

At a KKT point with dual variable lam, every active neuron grows at the rate 1; a new one of infinitesimal size along
the maximiser (u, s) of d_H(lam) grows at the rate d_H. If d_H > 1 it takes over, and the flow leaves for a
cheaper KKT point (ours). With d_H <= 1 the point is optimal.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lib.flow.integrate import gradient_flow
from lib.flow.trajectory import Trajectory
from lib.network import Network
from lib.zonotope import Maximiser, hausdorff

_START = 10.0  # the least margin from which a stage starts


class Stage(NamedTuple):
    """One flow; the maximiser of its last dual variable (of sum 1); and `lower` <= P* <= `upper` from both.

    `upper / lower` is d_H in units of the growth rate of the active neurons: 1 at an optimum.
    """

    trajectory: Trajectory
    maximiser: Maximiser
    lower: float
    upper: float


def escape(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str = "exponential",
    tol: float = 1e-2,
    log_t_end: float = 1e10,
    size: float = 0.1,
    max_stages: int = 20,
) -> tuple[Stage, ...]:
    """Stages of flow and birth from `net` until upper / lower <= 1 + tol, at most `max_stages`.

    Each stage runs to log t = `log_t_end`. A newborn has `size` times the weights of a typical neuron. Whether the last
    stage is certified is read off its bracket: a newborn outgrows the others only at the rate d_H - 1, so the last bit
    of a gap closes slowly. Raises `ValueError` for bad data or weights.
    """
    stages: list[Stage] = []
    while len(stages) < max_stages:
        trajectory = gradient_flow(net, X, y, loss, log_t_end)
        stages.append(_judged(trajectory, X))
        if stages[-1].upper <= (1 + tol) * stages[-1].lower:
            break
        net = _reborn(_restarted(trajectory), stages[-1].maximiser, size)
    return tuple(stages)


def _judged(trajectory: Trajectory, X: ArrayLike) -> Stage:
    """1 / d_H(lam) <= P* <= path norm / least margin."""
    found = hausdorff(X, trajectory.lam[-1])
    gamma = float(trajectory.margins[-1].min())
    return Stage(trajectory, found, 1 / found.upper, trajectory.network().path_norm / gamma if gamma > 0 else np.inf)


def _restarted(trajectory: Trajectory) -> Network:
    """The last network without its dead neurons, scaled to a small margin: a limit has a direction, not a size."""
    net, kept = trajectory.network(), ~trajectory.dead
    net = Network(net.W1[:, kept], net.w2[kept])
    gamma = float(trajectory.margins[-1].max())
    return net.scaled(np.sqrt(_START / gamma)) if gamma > 0 else net


def _reborn(net: Network, most: Maximiser, size: float) -> Network:
    """The network with a small neuron along the maximiser."""
    scale = size * (np.sqrt(2 * net.cost / net.m) if net.m else 1.0)
    return Network(np.column_stack([net.W1, scale * most.u]), np.append(net.w2, most.s * scale))
