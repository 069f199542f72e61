"""The subgradient flow from a network, as a trajectory."""

import numpy as np
from numpy.typing import ArrayLike

from lib.data import Array, validated
from lib.flow.arrangement import arrangement
from lib.flow.clock import clock
from lib.flow.run import Ends, Run
from lib.flow.state import TINY
from lib.flow.trajectory import Trajectory
from lib.network import Network


def gradient_flow(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str = "logistic",
    log_t_end: float = 1e4,
    margin_end: float = np.inf,
    gap_end: float = 0.0,
    residual_end: float = 0.0,
    max_events: int = 50_000,
    rtol: float = 1e-7,
) -> Trajectory:
    """dTheta/dt = -argmin { ||v|| : v in the Clarke subdifferential of L at Theta }, from `net` at t = 0.

    X (N, d), y (N,), `net` with no zero layer. The clock is d tau = (sum_n |lam_n|) dt over the examples that some
    neuron sees (squared loss: tau = t). The flow runs until log t = `log_t_end`, or the minimal margin is `margin_end`,
    or the bracket around P* has closed to `gap_end`, or the KKT residual has fallen to `residual_end` (both looked at
    whenever the minimal margin has grown by a tenth), or after `max_events` events, or it stands still: all neurons are
    dead, or ||dTheta/dtau|| <= 1e-8 max|x_n| ||Theta||, as happens where rows stay misclassified (while the margins of
    the others still grow, like log tau). `Trajectory.reason` says which. A start on a hyperplane x_n'w1 = 0 goes on
    with the velocity of least norm.
    `rtol` bounds the error of a step, relative to each neuron's length.

    Raises `ValueError` for bad data, an unknown loss, or neurons with a zero layer.
    Source: thm-flow-sliding, thm-flow-clock.
    """
    X, y = validated(X, y)
    _check(net, X)
    ends = Ends(log_t_end, margin_end, gap_end, residual_end, max_events)
    run = Run(net, arrangement(X, y), clock(loss), rtol)
    while not run.reason:
        run.advance(ends)
    return _trajectory(run)


def _check(net: Network, X: Array) -> None:
    if net.d != X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} columns but the network takes {net.d}: is a bias column missing or doubled?"
        )
    zero = (net.radii == 0) | (net.w2 == 0)
    if zero.any():
        raise ValueError(
            f"net has a zero layer in neurons {np.flatnonzero(zero)[:5]}: they have no direction or no sign; "
            "drop them or give them a small weight"
        )
    tiny = np.maximum(net.radii, np.abs(net.w2)) < TINY
    if tiny.any():
        raise ValueError(
            f"net has weights below {TINY:g} in neurons {np.flatnonzero(tiny)[:5]}: their squares underflow; "
            "drop them or scale them up"
        )


def _trajectory(run: Run) -> Trajectory:
    tau, log_t, W1, w2, pi, kappa = (np.array(column) for column in zip(*run.states, strict=True))
    active, total = np.maximum(W1 @ run.data.X.T, 0), np.abs(pi).sum(axis=1)
    total = np.where(total > 0, total, 1.0)
    return Trajectory(
        tau=tau,
        log_t=log_t,
        W1=np.swapaxes(W1, 1, 2),
        w2=w2,
        lam=run.data.y * pi / total[:, None],
        log_sum=np.log(total) - kappa,
        margins=run.data.y * (w2[:, None] @ active)[:, 0],
        events=tuple(run.events),
        dead=~run.state.modes.alive,
        reason=run.reason,
        pulls=np.array([step.pulls for step in run.steps]).reshape(-1, 3, *W1.shape[1:]),
        widths=np.array([step.h for step in run.steps]),
    )
