"""The subgradient flow from a network, as a trajectory."""

import numpy as np
from numpy.typing import ArrayLike

from lib.cores import one_thread
from lib.data import Array, positive, validated_weights
from lib.flow.arrangement import arrangement
from lib.flow.clock import clock
from lib.flow.ends import Ends
from lib.flow.run import Run
from lib.flow.state import TINY
from lib.flow.trajectory import Progress, Reason, Trajectory, Watch
from lib.losses import SMOOTH, Loss, get_loss
from lib.network import Network
from lib.results import silent


def gradient_flow(
    net: Network,
    X: ArrayLike,
    y: ArrayLike,
    *,
    loss: str = "logistic",
    weights: ArrayLike = 1.0,
    log_t_end: float = 1e4,
    margin_end: float = np.inf,
    gap_end: float = 0.0,
    residual_end: float = 0.0,
    max_events: int = 50_000,
    rtol: float = 1e-7,
    progress: Watch = silent,
) -> Trajectory:
    """dTheta/dt = -argmin { ||v|| : v in the Clarke subdifferential of L at Theta }, from `net` at t = 0.

    L = sum_n weight_n l(f(x_n), y_n), with X (N, d), y (N,) of labels -1 and +1 (squared loss: any real targets),
    `weights` one number or (N,), `net` with no zero layer and weights of any size above 1e-290. The clock is
    d tau = (sum_n |lam_n|) dt over the examples that some neuron sees (squared loss: tau = t).

    The flow runs until log t = `log_t_end`, or the minimal margin is `margin_end`, or the bracket around P* has closed
    to `gap_end`, or the KKT residual has fallen to `residual_end` (both looked at whenever the minimal margin has grown
    by a tenth), or after `max_events` events, or until it is stationary: all neurons are dead, or the pull g_i of every
    neuron is at most 1e-8 max|x_n| in the clock (squared loss: 1e-12 max|x_n| sum_n weight_n |y_n|). At a saddle some
    sleeping neuron feels a pull, and the flow goes on. Ctrl-C returns the trajectory so far; `Trajectory.reason` says
    which it was. `progress` is called after each step. A start on a hyperplane x_n'w1 = 0 goes on with the velocity of
    least norm. `rtol` bounds the error of a step, relative to each neuron's length.

    Raises `ValueError` for bad data or weights, an unknown loss, neurons with a zero layer, an end or a tolerance that
    is no number, or an end that judges margins with the squared loss. Source: thm-flow-sliding, thm-flow-clock.
    """
    law = get_loss(loss, SMOOTH)
    X, y = law.validated(X, y)
    weights = validated_weights(X, weights)
    _check(net, X)
    ends = Ends(log_t_end, margin_end, gap_end, residual_end, max_events).checked(law.real)
    positive(rtol, "rtol", "steps shrink with it; 1e-7 is the default")
    with one_thread():  # products of a step are too small to be shared
        run = _begun(net, X, y, law, weights, rtol)
        return _trajectory(run, _followed(run, ends, progress), X, y, weights, law)


def _begun(net: Network, X: Array, y: Array, law: Loss, weights: Array, rtol: float) -> Run:
    """The run at its start, on the examples that count."""
    counts = weights > 0
    signs = np.ones(counts.sum()) if law.real else y[counts]
    return Run(net, arrangement(X[counts], signs), clock(law, y[counts], weights[counts]), rtol)


def _followed(run: Run, ends: Ends, progress: Watch) -> Reason:
    """Runs to an end, and says which."""
    try:
        while not run.reason:
            run.advance(ends)
            progress(Progress(len(run.steps), len(run.events), run.state.tau, run.state.log_t))
    except KeyboardInterrupt:
        return "interrupted"
    return run.reason


def _check(net: Network, X: Array) -> None:
    net.predict(X)  # refuses a network of another width than the data
    if not net.m:
        raise ValueError("net has no neuron, and none is born by itself: start from some, or see lib.flow.escape")
    zero = (net.W1 == 0).all(axis=0) | (net.w2 == 0)
    if zero.any():
        raise ValueError(
            f"net has a zero layer in neurons {np.flatnonzero(zero)[:5]}: they have no direction or no sign; "
            "drop them or give them a small weight"
        )
    tiny = np.maximum(np.abs(net.W1).max(axis=0, initial=0.0), np.abs(net.w2)) < TINY
    if tiny.any():
        raise ValueError(
            f"net has weights below {TINY:g} in neurons {np.flatnonzero(tiny)[:5]}: they lose digits; "
            "drop them or scale them up"
        )


def _trajectory(run: Run, reason: Reason, X: Array, y: Array, weights: Array, law: Loss) -> Trajectory:
    tau, log_t, W1, w2, pi, kappa = (np.array(column) for column in zip(*run.states, strict=True))
    f = np.array([np.maximum(X @ W1_k.T, 0) @ w2_k for W1_k, w2_k in zip(W1, w2, strict=True)])
    total = np.abs(pi).sum(axis=1)
    total = np.where(total > 0, total, 1.0)
    lam = np.zeros(f.shape)
    lam[:, weights > 0] = run.data.y * pi / total[:, None]
    with np.errstate(over="ignore"):
        losses = law.value(f, y) @ weights
    return Trajectory(
        tau=tau,
        log_t=log_t,
        W1=np.swapaxes(W1, 1, 2),
        w2=w2,
        lam=lam,
        log_sum=np.log(total) - kappa,
        losses=losses,
        margins=y * f,
        events=tuple(run.events),
        dead=~run.state.modes.alive,
        reason=reason,
        detail=run.detail,
        pulls=np.array([step.pulls for step in run.steps[: len(tau) - 1]]).reshape(-1, 3, *W1.shape[1:]),
        widths=np.array([step.h for step in run.steps[: len(tau) - 1]]),
    )
