"""Gradient descent: a step against finite differences, its first-order distance to the flow, and what a step breaks."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from lib.data import gaussian, orthogonally_separable
from lib.flow import gradient_descent, gradient_flow
from lib.losses import LOSSES, SMOOTH
from lib.network import Network, balanced, margins


def loss_of(theta, X, y, loss, m):
    W1, w2 = theta[:-m].reshape(-1, m), theta[-m:]
    return LOSSES[loss].value(margins(Network(W1, w2), X, y), 1.0).sum()


def flat(net):
    return np.append(net.W1.ravel(), net.w2)


def slope(theta, X, y, loss, m):
    """Central differences of the loss: knows nothing of the chain rule."""
    steps = 1e-6 * np.eye(len(theta))
    return np.array([loss_of(theta + e, X, y, loss, m) - loss_of(theta - e, X, y, loss, m) for e in steps]) / 2e-6


def after(net, X, y, t, n):
    """Descent at time t, in n steps."""
    return gradient_descent(net, X, y, step=t / n, steps=n).network()


def conserved(net):
    return net.w2**2 - net.radii**2


@pytest.mark.parametrize("loss", SMOOTH)
@given(seed=st.integers(0, 10**6))
def test_a_step_is_minus_the_gradient(loss, seed):
    """Catches a sign, label or factor missing from either layer, a mean in place of the sum, layers updated in turn."""
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(5, 3, rng)
    net = balanced(3, 4, 0.8, rng)
    stepped = gradient_descent(net, X, y, loss=loss, step=0.01, steps=1).network()
    assert flat(stepped) == pytest.approx(flat(net) - 0.01 * slope(flat(net), X, y, loss, 4), abs=1e-7)


def test_a_dead_neuron_and_a_zero_neuron_stand_still():
    """(z)_+' = 0 at z = 0, as automatic differentiation has it: catches 1[z >= 0]."""
    net = Network(np.array([[-1.0, 0.0], [-1.0, 0.0]]), [1.0, 2.0])
    run = gradient_descent(net, [[1.0, 0.0], [0.0, 1.0]], [1, 1], step=0.1, steps=50)
    assert (run.W1 == net.W1).all() and (run.w2 == net.w2).all()


def flow_at(net, X, y, t):
    """The flow, by an integrator of high order on the raw weights; the start below crosses no hyperplane until t."""

    def velocity(_, theta):
        W1, w2 = theta[: -net.m].reshape(net.d, net.m), theta[-net.m :]
        Z = X @ W1
        lam = y / (1 + np.exp(y * (np.maximum(Z, 0) @ w2)))
        return np.append(((lam[:, None] * (Z > 0)).T @ X).T * w2, lam @ np.maximum(Z, 0))

    return solve_ivp(velocity, (0, t), flat(net), method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]


def smooth_case():
    """Two classes in opposite quadrants, each neuron sees all of one class for ever."""
    X = np.array([[1.0, 0.3], [0.4, 1.2], [-1.0, -0.2], [-0.3, -0.9]])
    net = Network(np.array([[0.5, 0.1, -0.3, -0.2], [0.2, 0.3, -0.1, -0.4]]), [0.6, 0.2, -0.4, -0.3])
    return net, X, np.array([1.0, 1, -1, -1])


def test_the_flow_is_the_limit_at_first_order_in_the_step():
    """Halving the step halves the error at a fixed time: catches a wrong clock, and a scheme of another order."""
    net, X, y = smooth_case()
    exact = flow_at(net, X, y, 4.0)
    errors = [np.abs(flat(after(net, X, y, 4.0, n)) - exact).max() for n in (200, 400, 800)]
    assert errors[2] < 2e-3
    assert np.divide(errors[:-1], errors[1:]) == pytest.approx([2, 2], rel=0.02)


@pytest.mark.parametrize("seed", [3, 5, 7, 9])
def test_the_event_driven_flow_is_the_limit_across_kinks_and_slides(seed):
    """Runs with 2 to 6 slides: descent chatters about the hyperplanes, and is still off by O(step) only.

    Catches a flow that crosses where it should slide, leaves at a wrong time, or runs on another clock.
    """
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(6, 2, rng)
    net = balanced(2, 5, 0.3, rng)
    flow = gradient_flow(net, X, y, log_t_end=np.log(6.0), rtol=1e-10)
    assert sum(event.kind == "slide" for event in flow.events) >= 2
    errors = [np.abs(flat(after(net, X, y, 6.0, n)) - flat(flow.network())).max() for n in (500, 4000)]
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize("seed", [4, 5, 6, 9])
def test_real_targets_and_weights_are_the_same_flow_at_first_order(seed):
    """Squared loss, weighted: descent with steps h and h/8 against the event-driven flow, through crossings and slides.

    Catches a target or a weight that the two read differently, and a flow that is right only for labels.
    """
    rng = np.random.default_rng(seed)
    X, y, weights = rng.standard_normal((6, 2)), rng.standard_normal(6), rng.uniform(0.3, 2, 6)
    net = balanced(2, 5, 0.3, rng)
    how = dict(loss="squared", weights=weights)
    flow = gradient_flow(net, X, y, log_t_end=np.log(3.0), rtol=1e-10, **how)
    assert flow.reason == "log_t_end" and len(flow.events) >= 3
    ends = [gradient_descent(net, X, y, step=3.0 / n, steps=n, **how) for n in (500, 4000)]
    errors = np.array([np.abs(flat(end.network()) - flat(flow.network())).max() for end in ends])
    assert errors[1] < 2e-3
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.1)
    assert ends[1].losses[-1] == pytest.approx(flow.losses[-1], rel=1e-3)


def test_conservation_breaks_at_the_square_of_the_step():
    """w2^2 - ||w1||^2 jumps by step^2 (|dL/dw2|^2 - ||dL/dw1||^2) each step: what the flow conserves, descent does not.

    Over a fixed time the drift is of first order; at a large step it is gross (the control).
    """
    net, X, y = smooth_case()
    g = slope(flat(net), X, y, "logistic", net.m)
    jump = 0.1**2 * (g[-net.m :] ** 2 - (g[: -net.m].reshape(2, -1) ** 2).sum(axis=0))
    assert conserved(after(net, X, y, 0.1, 1)) - conserved(net) == pytest.approx(jump, abs=1e-9)
    drifts = [np.abs(conserved(after(net, X, y, 4.0, n)) - conserved(net)).max() for n in (8, 400, 800)]
    assert drifts[1] / drifts[2] == pytest.approx(2, rel=0.02)
    assert drifts[0] > 0.02 > 40 * drifts[2]


@pytest.mark.parametrize(("w2", "changes"), [(-0.1, True), (-1.0, False)])
def test_only_an_unbalanced_neuron_changes_sign(w2, changes):
    """||w1|| = 1, label +1, w2 < 0: it turns positive from -0.1; balanced, it keeps its sign and dies out.

    Catches a projection on balanced networks, and a sign of the second layer's gradient.
    """
    run = gradient_descent(Network([[0.6], [0.8]], [w2]), [[1.0, 1.0]], [1], step=1e-3, steps=20_000)
    assert (run.w2.max() > 0) == changes
    assert run.w2[-1] > w2  # it grows either way


def test_a_large_step_changes_the_sign_of_a_balanced_neuron():
    """The control of the last test: what the flow forbids, a step of 20 does."""
    assert gradient_descent(Network([[0.6], [0.8]], [-1.0]), [[1.0, 1.0]], [1], step=20, steps=1).w2[-1] > 0


def test_snapshots_are_iterates():
    """Each kept network is that of a run of so many steps; catches an index off by one and a time of another step."""
    X, y, _ = orthogonally_separable(8, 3, np.random.default_rng(1))
    net = balanced(3, 5, 0.3, np.random.default_rng(2))
    run = gradient_descent(net, X, y, step=0.05, steps=300, snapshots=12)
    assert run.k[0] == 0 and run.k[-1] == 300 and len(run) == len(np.unique(run.k)) and run.reason == "steps"
    assert run.log_t[0] == -np.inf and run.log_t[1:] == pytest.approx(np.log(0.05 * run.k[1:]))
    assert (run.W1[0] == net.W1).all()
    for j in (1, 4, len(run) - 1):
        alone = gradient_descent(net, X, y, step=0.05, steps=int(run.k[j])).network()
        assert (alone.W1 == run.network(j).W1).all() and (alone.w2 == run.network(j).w2).all()
        assert run.margins[j] == pytest.approx(margins(alone, X, y), abs=1e-12)
        assert run.losses[j] == pytest.approx(loss_of(flat(alone), X, y, "logistic", 5))
    assert (np.diff(run.losses) < 0).all()


def test_an_interrupt_returns_what_there_is(monkeypatch):
    """Ctrl-C in step 38: the 37 steps done are kept, though 37 is no mark. Catches a lost run, and half a step."""
    net, X, y = smooth_case()

    calls = count(1)

    def impatient(f, y):
        if next(calls) == 38:
            raise KeyboardInterrupt
        return y / (1 + np.exp(y * f))

    whole = gradient_descent(net, X, y, step=0.1, steps=37).network()
    monkeypatch.setitem(LOSSES, "logistic", replace(LOSSES["logistic"], dual=impatient))
    run = gradient_descent(net, X, y, step=0.1, steps=10**9, snapshots=10)
    assert run.reason == "interrupted" and list(run.k) == [0, 1, 10, 37]
    assert (run.network().W1 == whole.W1).all()


def test_divergence_is_said():
    """Squared loss with a step far beyond 2 / curvature: the finite part is kept, and the reason names it."""
    net, X, y = smooth_case()
    run = gradient_descent(net, X, y, loss="squared", step=10.0, steps=1000)
    assert run.reason == "diverged" and np.isfinite(run.W1).all() and run.k[-1] < 1000
    assert run.losses[-1] > run.losses[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": 0.0}, "step must be positive"),
        ({"step": np.inf}, "step must be positive"),
        ({"steps": 0}, "steps and snapshots must be at least 1"),
        ({"snapshots": 0}, "steps and snapshots must be at least 1"),
        ({"loss": "hinge"}, "the losses are"),
        ({"X": np.ones((4, 3))}, "X has 3 columns"),
    ],
)
def test_bad_input_is_refused(change, words):
    net, X, y = smooth_case()
    with pytest.raises(ValueError, match=words):
        gradient_descent(**{"net": net, "X": X, "y": y, "step": 0.1, "steps": 5} | change)
