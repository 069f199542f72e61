"""The flow, judged from outside: conservation, closed forms, independent integrators and quadratic programs."""

import dataclasses
from typing import get_args

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import log_expit

from lib.data import gaussian, orthogonally_separable
from lib.flow import Trajectory, direction_flow, gradient_flow, velocity
from lib.flow.arrangement import arrangement
from lib.flow.boost import boosted
from lib.flow.clock import clock
from lib.flow.ends import Ends
from lib.flow.events import Meeting, first_root
from lib.flow.meetings import settled
from lib.flow.minnorm import least
from lib.flow.modes import change
from lib.flow.run import Run
from lib.flow.trajectory import Reason
from lib.kkt import multiplier
from lib.losses import SMOOTH, get_loss
from lib.network import Network, balanced, dual_variable, margins
from lib.zonotope import growth, hausdorff

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")  # nothing overflows, nothing is 0 / 0


def drift(run: Trajectory, net: Network) -> float:
    """The worst change of w2^2 - ||w1||^2 over a run, relative to the neuron's largest size so far."""
    invariant = run.w2**2 - (run.W1**2).sum(axis=1)
    size = np.maximum.accumulate(run.w2**2 + (run.W1**2).sum(axis=1), axis=0)
    return float((np.abs(invariant - (net.w2**2 - net.radii**2)) / size).max())


def losses(run: Trajectory, loss: str) -> np.ndarray:
    return get_loss(loss).value(run.margins, 1.0).sum(axis=1)  # labels only


def assert_a_flow(run: Trajectory, net: Network, y: np.ndarray, loss: str) -> None:
    """What every run must satisfy: conservation, descent, signs, order of time, kept records."""
    assert drift(run, net) < 1e-9
    L = losses(run, loss)
    assert (np.diff(L) <= 1e-8 * L[0]).all()
    if loss != "squared":
        assert (y * run.lam >= 0).all()
        np.testing.assert_allclose(np.abs(run.lam).sum(axis=1), 1, rtol=1e-9)
    assert (np.diff(run.tau) >= 0).all() and (np.diff(run.log_t[1:]) >= 0).all()
    times = [event.tau for event in run.events]
    assert times == sorted(times)
    assert sorted(e.neuron for e in run.events if e.kind == "death") == np.flatnonzero(run.dead).tolist()
    assert run.reason


# --- closed forms ----------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.floats(1e-9, 20.0))
def test_boosts_conserve_and_compose(seed, length):
    # a wrong cosh or sinh, or a boost that is not a group
    rng = np.random.default_rng(seed)
    w1, w2, b = rng.standard_normal((1, 3)), rng.standard_normal(1), rng.standard_normal((1, 3))
    b *= length / np.linalg.norm(b)
    there = boosted(w1, w2, b)
    twice = boosted(*boosted(w1, w2, b / 2), b / 2)
    size = np.exp(2 * length)
    assert abs((there[1] ** 2 - (there[0] ** 2).sum()) - (w2**2 - (w1**2).sum())) < 1e-13 * size * 10
    np.testing.assert_allclose(twice[0], there[0], rtol=1e-12, atol=1e-13 * np.exp(length))


@given(st.integers(0, 10**6), st.sampled_from([-1.0, 1.0]))
def test_inside_one_pattern_angles_follow_the_closed_form(seed, s):
    # cos angle(u, s g) = tanh(||g|| t + artanh cos_0): all rows on the positive side of u, no kink within reach
    rng = np.random.default_rng(seed)
    u = rng.standard_normal(3)
    X = u / np.linalg.norm(u) + 0.1 * rng.standard_normal((5, 3))
    lam = s * rng.uniform(0.1, 1, 5)
    path = direction_flow(lam, u, X, s)
    g = lam @ X
    cosine = s * g @ u / np.linalg.norm(g) / np.linalg.norm(u)
    assert len(path.arcs[0]) == 1
    for t in (0.0, 0.1, 1.0, 30.0):
        predicted = np.tanh(np.linalg.norm(g) * t + np.arctanh(cosine))
        assert s * g @ path.at(t)[0] / np.linalg.norm(g) == pytest.approx(predicted, abs=1e-9)


def test_one_example_and_one_neuron_follow_the_closed_form():
    # x = e1, exponential loss, w1 = w2 e1: q = w2^2, dq/dtau = 2 q, so q = q0 e^(2 tau) and t = (Ei(q) - Ei(q0)) / 2
    from scipy.special import expi

    net = Network(np.array([[0.5], [0.0]]), np.array([0.5]))
    run = gradient_flow(net, [[1.0, 0.0]], [1.0], loss="exponential", log_t_end=20.0)
    q = 0.25 * np.exp(2 * run.tau)
    np.testing.assert_allclose(run.margins[:, 0], q, rtol=1e-12)
    np.testing.assert_allclose(run.log_t[1:], np.log((expi(q[1:]) - expi(0.25)) / 2), atol=1e-6)
    assert run.reason == "log_t_end" and run.log_t[-1] == pytest.approx(20.0, abs=1e-9)


def orthogonal_limit(net: Network) -> float:
    """X = I: ||w1_i|| along the indicator of the neuron's set; cost = sum over a partition when sets are disjoint."""
    return float(np.sqrt((net.W1 > 0).sum(axis=0)).sum())


def test_orthogonal_examples_keep_their_sets_and_reach_the_known_limits():
    # disjoint sets {0,1}, {2}: limit cost sqrt 2 + 1, not optimal (sqrt 3); a covering neuron reaches sqrt 3
    W1 = np.array([[1.0, -0.1], [0.7, -0.2], [-0.3, 0.6]])
    net = Network(W1, np.linalg.norm(W1, axis=0))
    run = gradient_flow(net, np.eye(3), np.ones(3), loss="exponential", log_t_end=1e10)
    assert run.events == ()
    assert ((run.W1 > 0) == (W1 > 0)).all()
    assert run.normalised().path_norm == pytest.approx(np.sqrt(2) + 1, rel=1e-8)
    one = gradient_flow(Network(np.abs(W1), net.radii), np.eye(3), np.ones(3), loss="logistic", log_t_end=1e12)
    assert one.normalised().path_norm == pytest.approx(np.sqrt(3), rel=1e-3)


# --- independent integrators -----------------------------------------------------------------------


def raw_flow(net: Network, X, y, loss: str, t: float, weights=1.0) -> Network:
    """The flow by DOP853 on the weights, kinks and all; right only where nothing slides."""
    dual, cut = get_loss(loss).dual, net.W1.size

    def right_side(_, z):
        W1, w2 = z[:cut].reshape(net.W1.shape), z[cut:]
        Z = X @ W1
        lam = weights * dual(np.maximum(Z, 0) @ w2, y)
        return np.append((X.T @ (lam[:, None] * (Z > 0) * w2)).ravel(), np.maximum(Z, 0).T @ lam)

    start = np.append(net.W1.ravel(), net.w2)
    z = solve_ivp(right_side, (0, t), start, "DOP853", rtol=1e-12, atol=1e-13, max_step=0.02).y[:, -1]
    return Network(z[:cut].reshape(net.W1.shape), z[cut:])


@pytest.mark.parametrize("loss", SMOOTH)
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_an_independent_integrator_through_crossings(loss, seed):
    # a wrong clock, a wrong mode after a crossing, a missed crossing; unbalanced, so with changes of sign of w2 too
    rng = np.random.default_rng(seed)
    X, y, _ = orthogonally_separable(8, 3, rng)
    net = Network(0.5 * rng.standard_normal((3, 6)), 0.3 * rng.standard_normal(6))
    run = gradient_flow(net, X, y, loss=loss, log_t_end=np.log(0.7), rtol=1e-9)
    other = raw_flow(net, X, y, loss, np.exp(run.log_t[-1]))
    assert run.reason == "log_t_end" and len(run.events) >= 2
    np.testing.assert_allclose(run.network().W1, other.W1, atol=1e-7)
    np.testing.assert_allclose(run.network().w2, other.w2, atol=1e-7)
    assert_a_flow(run, net, y, loss)


@pytest.mark.parametrize("loss", SMOOTH)
def test_weights_and_real_targets_agree_with_an_independent_integrator(loss):
    """Catches a weight or a target that is lost, squared, or applied to the clock and not to the pull."""
    rng = np.random.default_rng(5)
    X, y, _ = orthogonally_separable(8, 3, rng)
    weights = rng.uniform(0.2, 3, 8)
    if loss == "squared":
        y = y * rng.uniform(1, 3, 8)  # nothing slides, which the integrator could not follow
    net = Network(0.5 * rng.standard_normal((3, 6)), 0.3 * rng.standard_normal(6))
    run = gradient_flow(net, X, y, loss=loss, weights=weights, log_t_end=np.log(0.7), rtol=1e-9)
    other = raw_flow(net, X, y, loss, np.exp(run.log_t[-1]), weights)
    assert run.reason == "log_t_end" and len(run.events) >= 2
    np.testing.assert_allclose(run.network().W1, other.W1, atol=1e-7)
    np.testing.assert_allclose(run.network().w2, other.w2, atol=1e-7)
    f = run.network().predict(X)
    np.testing.assert_allclose(run.lam[-1] * np.exp(run.log_sum[-1]), weights * get_loss(loss).dual(f, y), rtol=1e-6)
    assert run.losses[-1] == pytest.approx(weights @ get_loss(loss).value(f, y), rel=1e-9)
    assert (np.diff(run.losses) <= 0).all()


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_a_weight_is_a_number_of_copies(loss):
    """Weights 3, 1, 0, 2 against rows repeated as often. Catches an example of weight 0 that still bends the path."""
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((4, 2)), rng.choice([-1.0, 1.0], 4)
    net, weights = balanced(2, 5, 0.3, rng), np.array([3, 1, 0, 2])
    one = gradient_flow(net, X, y, loss=loss, weights=weights, log_t_end=2.0)
    many = gradient_flow(net, np.repeat(X, weights, axis=0), np.repeat(y, weights), loss=loss, log_t_end=2.0)
    assert len(one.events) == len(many.events) >= 2
    np.testing.assert_allclose(one.network().W1, many.network().W1, atol=1e-7)
    assert (one.lam[:, 2] == 0).all() and one.margins.shape[1] == 4
    single = velocity(net, X, y, loss=loss, weights=weights)
    copied = velocity(net, np.repeat(X, weights, axis=0), np.repeat(y, weights), loss=loss)
    np.testing.assert_allclose(single.W1, copied.W1, atol=1e-13)
    np.testing.assert_allclose(single.w2, copied.w2, atol=1e-13)


@pytest.mark.parametrize("eps", [1e-3, 1e-8, 1e-160])
def test_from_saddle_to_saddle_on_two_logistic_curves(eps):
    """Two orthogonal classes of unequal lengths and targets, a neuron along the pull of each: two logistic curves.

    dA/dt = 2 A (||D|| - rho^2 A), A = ||w1||^2. The second class sleeps for 2,600 units of time at 1e-160. Catches a
    verdict "stationary" on the plateau between, a length that underflows, and a target taken for its sign.
    """
    rho, target = np.array([3.0, 0.1]), np.array([1.0, -2.0])
    X, y = np.diag(np.repeat(rho, 2)), np.repeat(target, 2)
    U = np.array([[1, 1, 0, 0], [0, 0, 1, 1]]).T / np.sqrt(2)
    run = gradient_flow(Network(eps * U, eps * np.sign(target)), X, y, loss="squared", log_t_end=9.0)
    pull, t = np.sqrt(2) * rho * np.abs(target), run.tau
    top = pull / rho**2
    started = np.log(eps**2 / (top - eps**2)) if eps > 1e-100 else 2 * np.log(eps) - np.log(top)
    log_A = np.log(top) + log_expit(2 * pull * t[:, None] + started)
    np.testing.assert_allclose(2 * np.log(np.abs(run.w2)), log_A, atol=1e-5)
    assert run.reason == "stationary" and run.losses[-1] < 1e-18
    half = np.log(1 / eps) / pull[1]  # the plateau: the first class is learnt and the second is not
    assert run.losses[np.searchsorted(t, half / 2)] == pytest.approx(4.0, rel=2 * eps)
    assert run.log_t[-1] > np.log(half)


@pytest.mark.parametrize("power", [-60, 60])
def test_the_flow_knows_no_unit_of_time(power):
    """Rows times c and both layers by sqrt c: the same outputs, c times as fast. Catches a shortest step of 1e-14."""
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(8, 3, rng)
    net, c = balanced(3, 6, 0.3, rng), 2.0**power
    one = gradient_flow(net, X, y, loss="squared", log_t_end=2.0)
    two = gradient_flow(net.scaled(c**-0.5), c * X, y, loss="squared", log_t_end=2.0 - np.log(c))
    assert one.reason == two.reason == "log_t_end" and len(one.events) == len(two.events) > 2
    np.testing.assert_allclose(two.network().predict(c * X), one.network().predict(X), rtol=1e-6)


def test_dense_output_is_on_the_path():
    # an `at` that interpolates between the wrong steps, or ignores the cut of a step at an event
    rng = np.random.default_rng(3)
    X, y, _ = gaussian(8, 2, rng)
    net = balanced(2, 6, 0.3, rng)
    run = gradient_flow(net, X, y, loss="exponential", log_t_end=2.0)
    for k in range(len(run)):
        np.testing.assert_allclose(run.at(run.tau[k]).W1, run.W1[k], rtol=1e-8, atol=1e-8)
    middle = (run.tau[:-1] + run.tau[1:]) / 2
    for tau, k in zip(middle, range(len(middle)), strict=True):
        fine = gradient_flow(run.network(k), X, y, loss="exponential", log_t_end=np.inf, max_events=1)
        if fine.tau[-1] >= tau - run.tau[k]:
            np.testing.assert_allclose(run.at(tau).w2, fine.at(tau - run.tau[k]).w2, rtol=1e-5)
    with pytest.raises(ValueError, match="outside"):
        run.at(run.tau[-1] + 1)


def small_steps(net: Network, X, y, t: float, steps: int) -> Network:
    """Euler with the least-norm velocity of cvxpy-free brute force: the raw right side, which chatters on kinks."""
    W1, w2, h = net.W1.copy(), net.w2.copy(), t / steps
    for _ in range(steps):
        Z = X @ W1
        lam = y * np.exp(-y * (np.maximum(Z, 0) @ w2))
        W1, w2 = W1 + h * (X.T @ (lam[:, None] * (Z > 0) * w2)), w2 + h * (np.maximum(Z, 0).T @ lam)
    return Network(W1, w2)


def test_sliding_is_the_limit_of_chattering():
    # Filippov: small steps chatter around the hyperplane along which the flow slides, and converge to it at order one
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(8, 2, rng)
    net = balanced(2, 10, 0.3, rng)
    run = gradient_flow(net, X, y, loss="exponential", log_t_end=np.log(3.0))
    assert sum(event.kind == "slide" for event in run.events) >= 3
    errors = [
        np.abs(small_steps(net, X, y, np.exp(run.log_t[-1]), steps).W1 - run.network().W1).max()
        for steps in (3000, 30000)
    ]
    assert errors[1] < 2e-3 and errors[1] < errors[0] / 4


# --- events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 1e-8, 1e5])
@pytest.mark.parametrize(
    ("cubic", "root"),
    [
        ([0.3, -1], 0.3),
        (np.polymul([1, 0.5, 1], [-1, 0.7])[::-1], 0.7),
        (np.polymul([1, -0.2], [1, -0.9])[::-1], 0.2),  # down and up again within the step
        (-np.poly([0.2, 0.5, 0.8])[::-1], 0.2),  # three times
        ([0.3, 1, 1, 1], np.inf),
        ([0.25 + 1e-9, -1, 1], np.inf),  # nearly touches
        ([2, -4, 0, 4], np.inf),  # a dip that stays above zero
        ([0, 1, -2], 0.5),  # begins on the hyperplane and comes back
        ([0, 1, 1], np.inf),
        ([0, -1, 3], 0.0),
        ([-1e-3, -1, 1], 0.0),  # rounding has put it beyond
        ([-1e-3, 1, 1], 0.0),
    ],
)
def test_the_first_zero_of_a_course(cubic, root, scale):
    """Planted zeros. Catches a zero that is missed, the second taken for the first, and a start beyond the zero."""
    p = np.polynomial.Polynomial(scale * np.array(cubic))
    found = first_root(*(float(value) for x in (0, 1) for value in (p(x), p.deriv()(x))))
    assert found == pytest.approx(root, abs=1e-9)


# --- the min-norm rule -----------------------------------------------------------------------------


def least_norm_velocity(net: Network, X, y, loss: str, tol: float = 1e-9) -> tuple[np.ndarray, np.ndarray]:
    """min ||dTheta|| over the Clarke coefficients of the rows on kinks, by a conic solver."""
    lam, Z = dual_variable(net, X, y, loss=loss), X @ net.W1
    W1 = np.zeros(net.W1.shape)
    for i in range(net.m):
        c = cp.Variable(len(X))
        fixed = np.abs(Z[:, i]) > tol * np.linalg.norm(X, axis=1) * net.radii[i]
        constraints = [c[fixed] == (Z[fixed, i] > 0).astype(float), c >= 0, c <= 1]
        pull = X.T @ cp.multiply(lam, c)
        cp.Problem(cp.Minimize(cp.sum_squares(pull)), constraints).solve(
            solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13
        )
        W1[:, i] = net.w2[i] * pull.value
    return W1, np.maximum(Z, 0).T @ lam


@pytest.mark.parametrize("kinks", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_velocity_is_the_least_norm_element(kinks, seed):
    # neurons exactly on 0 to 3 hyperplanes at once, of both curvatures; a wrong side, a clipped coefficient, a lost row
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(9, 5, rng)
    net = balanced(5, 6, 0.7, rng)
    W1 = net.W1.copy()
    for i in range(net.m):
        rows = X[rng.choice(9, kinks, replace=False)]
        W1[:, i] -= np.linalg.pinv(rows) @ (rows @ W1[:, i])
    net = Network(W1, net.w2)
    found, (dW1, dw2) = velocity(net, X, y), least_norm_velocity(net, X, y, "logistic")
    np.testing.assert_allclose(found.W1, dW1, atol=1e-5)
    np.testing.assert_allclose(found.w2, dw2, atol=1e-9)


@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_least_meets_its_optimality_conditions(seed, k, dependent):
    rng = np.random.default_rng(seed)
    a, B = 2 * rng.standard_normal(3), rng.standard_normal((k, 3))
    if dependent:
        B[-1] = B[0]
    B /= np.linalg.norm(B, axis=1, keepdims=True)
    upper = rng.uniform(0, 2, k)
    t = least(a, B, upper)
    slope = B @ (a + t @ B)
    assert (t >= 0).all() and (t <= upper).all()
    assert (slope[t < upper] >= -1e-10).all() and (slope[t > 0] <= 1e-10).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_coefficient_that_is_rounding_is_at_its_bound(seed):
    """Kinks of tiny jumps, orthogonal to a large pull but for its rounding: c = 0, or it slides and leaves."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    rays = axes[1:3] @ np.linalg.qr(rng.standard_normal((5, 5)))[0]
    base = 3 * np.linalg.svd(rays)[2][-1]
    for k in (1, 2):
        assert (least(base, rays[:k], np.full(k, 1e-10)) == 0).all()


@pytest.mark.parametrize("scale", [1.0, 1e-26, 1e-140])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_coefficients_may_be_next_to_nothing_of_their_sizes(k, scale):
    """Planted: base + t @ rays is orthogonal to all rays but the last, which it leaves at 0; and sizes are 1.

    Catches coefficients that are rounded beside their sizes instead of beside the base.
    """
    rng = np.random.default_rng(k)
    rays = rng.standard_normal((k + 1, 5))
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    t = scale * np.append(rng.uniform(0.1, 0.5, k), 0.0)
    rest = np.linalg.pinv(rays) @ np.append(np.zeros(k), scale)
    np.testing.assert_allclose(least(rest - t @ rays, rays, np.ones(k + 1)), t, rtol=1e-11, atol=0)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e-140])
@pytest.mark.parametrize("seed", range(4))
def test_dependent_rays_may_be_longer_than_their_base_by_any_factor(seed, scale):
    """Twice the same ray, or nearly. Catches a projection whose rounding is that of the sizes, here 1."""
    rng = np.random.default_rng(seed)
    rays, base = rng.standard_normal((3, 4)), scale * rng.standard_normal(4)
    rays[2] = rays[0] + 1e-3 * (seed % 2) * rays[1]
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    t = least(base, rays, np.ones(3))
    slope = rays @ (base + t @ rays) / scale
    assert (slope[t < 1] >= -1e-9).all() and (slope[t > 0] <= 1e-9).all()


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 3), st.booleans())
@example(83, 7, 2, True)
@example(53, 7, 2, True)
def test_a_neuron_on_many_kinks_goes_on_to_the_sides_that_it_is_pushed_to(seed, N, d, whole):
    """On all hyperplanes at once, some of them being crossed: s h_j'g points to its side of each, or is 0.

    Catches a side from which the neuron is pushed back at once, and a search for sides that never ends where the pull
    cancels (more hyperplanes than dimensions): speeds are then rounding, and there each side seems wrong in turn.
    """
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (N, d)).astype(float) if whole else rng.standard_normal((N, d))
    data, s = arrangement(X, rng.choice([-1.0, 1.0], N)), rng.choice([-1.0, 1.0])
    pi = rng.uniform(0, 1, N) * (rng.random(N) < 0.8)
    J = len(data.normals)
    free = (rng.random(J) < 0.5) | (s * (data.jump @ pi) <= 0)  # of valleys only, as they alone are crossed
    on, slide = settled(data, s, rng.random(J) < 0.5, np.arange(J), free, pi)
    speed = s * (data.normals @ (pi @ change(data, 0, on, slide, pi).field))
    pushed = np.abs(speed) > 1e-9 * (pi @ data.length)
    np.testing.assert_array_equal(on[pushed], speed[pushed] > 0)
    assert not slide[pushed].any()


@pytest.mark.parametrize("seed", [0, 1])
def test_two_ridges_may_hold_a_neuron_by_next_to_nothing_of_their_jumps(seed):
    """Neurons with pulls of 1e-26 meet two hyperplanes at once, when the misclassified rows have all of the weight.

    Catches coefficients that are rounded to 0: the neurons meet them again at every step and never get on.
    """
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(12, 3, rng)
    net = balanced(3, 12, 0.1, rng)
    run = gradient_flow(net, X, y, log_t_end=1e6, max_events=200)
    assert run.reason == "log_t_end" and len(run) < 400
    assert_a_flow(run, net, y, "logistic")


def test_the_run_moves_with_the_least_norm_velocity_while_it_slides():
    # finite differences of the dense output against an independent quadratic program, at steps on which neurons slide
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(8, 2, rng)
    run = gradient_flow(balanced(2, 10, 0.3, rng), X, y, loss="exponential", log_t_end=2.0)
    slides = [k for k in range(2, len(run) - 1) if _on_kinks(run, X, k) and run.widths[k] > 1e-3][::6]
    assert len(slides) >= 3
    for k in slides:
        tau, h = run.tau[k] + (run.tau[k + 1] - run.tau[k]) / 2, 1e-4 * (run.tau[k + 1] - run.tau[k])
        net = run.at(tau)
        dW1, _ = least_norm_velocity(net, X, y, "exponential", tol=1e-7)
        moved = (run.at(tau + h).W1 - run.at(tau - h).W1) / (2 * h)
        scale = np.abs(dual_variable(net, X, y, loss="exponential")).sum()
        np.testing.assert_allclose(moved, dW1 / scale, atol=1e-5 * np.abs(moved).max())


def _on_kinks(run: Trajectory, X, k: int) -> bool:
    return bool((np.abs(X @ run.W1[k]) < 1e-9 * np.linalg.norm(run.W1[k], axis=0)).any())


def test_a_start_on_a_concave_kink_slides_and_on_a_convex_one_stays():
    # by symmetry the least-norm velocity of u = e1 keeps x2 = 0 in both cases, with c = 1/2 and c in (0, 1)
    X = np.array([[1.0, 0.5], [1.0, -0.5], [0.0, 1.0]])
    w = np.array([[0.3], [0.0]])
    for y3 in (1.0, -1.0):
        y = np.array([1.0, 1.0, y3])
        run = gradient_flow(Network(w, np.array([0.3])), X, y, loss="exponential", log_t_end=0.5)
        assert (run.W1[:, 1, 0] == 0).all()
    beside = Network(w + np.array([[0.0], [1e-3]]), np.array([0.3]))
    tilted = gradient_flow(beside, X, np.ones(3), loss="exponential", log_t_end=0.5)
    assert tilted.W1[-1, 1, 0] > 0.01  # the convex kink repels


def test_parallel_rows_share_their_hyperplane():
    # a duplicate, a multiple and a negative of a row: three kinks at once, which must neither chatter nor lose a row
    rng = np.random.default_rng(4)
    X, y, _ = gaussian(6, 2, rng)
    doubled, labels = np.vstack([X, X[:3], 2 * X[3:5]]), np.concatenate([y, y[:3], y[3:5]])
    net = balanced(2, 8, 0.1, rng)
    run = gradient_flow(net, doubled, labels, log_t_end=100.0)
    assert_a_flow(run, net, labels, "logistic")
    assert len(run.events) < 200
    mirrored = gradient_flow(net, np.vstack([X, -X]), np.concatenate([y, -y]), log_t_end=100.0)
    assert_a_flow(mirrored, net, np.concatenate([y, -y]), "logistic")


def test_hits_at_one_time_are_settled_by_the_first():
    """At the origin a neuron comes upon the ridges of e1 and e2 at once, slides along both, and no pull is left.

    Catches the second hit taken anew: what is not pulled moves away from no hyperplane, and would cross the valley of
    row 4, which it sees from then on.
    """
    X, y = np.vstack([np.eye(2), -np.eye(2), [2.0, -1.0]]), np.array([1.0, 1.0, 1.0, 1.0, -1.0])
    net = Network(-np.ones((2, 1)), [-2.0])
    run = Run(net, arrangement(X, y), clock(get_loss("exponential"), y, np.ones(5)), 1e-7)
    at = run.state._replace(W1=np.zeros((1, 2)), pi=np.array([0.5, 0.5, 0.125, 0.5, 0.5]))
    run._strike(at, [Meeting(0.5, 0, 0), Meeting(0.5, 0, 1)])
    assert [(event.example, event.kind) for event in run.events] == [(0, "slide"), (1, "slide"), (-1, "death")]
    assert run.state.modes.slide.tolist() == [[True, True, False]] and run.reason == "stationary"


# --- late times ------------------------------------------------------------------------------------


def hard_margin(X) -> float:
    w = cp.Variable(X.shape[1])
    cp.Problem(cp.Minimize(cp.norm(w)), [X @ w >= 1]).solve(solver=cp.CLARABEL, tol_gap_rel=1e-12, tol_feas=1e-12)
    return float(np.linalg.norm(w.value))


@pytest.mark.parametrize(("N", "d", "m"), [(20, 5, 50), (10, 3, 30)])
def test_orthogonally_separable_data_end_at_two_hard_margin_classifiers(N, d, m):
    # cost at log t = 1e6 against the closed form; at 1e12 the certified gap of the network and dual variable of the run
    rng = np.random.default_rng(0)
    X, y, _ = orthogonally_separable(N, d, rng)
    net = balanced(d, m, 1e-2, rng)
    optimum = hard_margin(X[y > 0]) + hard_margin(X[y < 0])
    run = gradient_flow(net, X, y, log_t_end=1e12)
    million = int(np.searchsorted(run.log_t, 1e6))
    assert run.normalised(million).path_norm == pytest.approx(optimum, rel=1e-6)
    assert run.reason == "log_t_end" and run.log_t[-1] == pytest.approx(1e12, rel=1e-9)
    upper, lam = run.normalised().path_norm, run.lam[-1]
    lower = 1 / max(np.linalg.norm(lam[y > 0] @ X[y > 0]), np.linalg.norm(lam[y < 0] @ X[y < 0]))
    assert upper == pytest.approx(optimum, rel=1e-9)
    assert -1e-14 <= upper / lower - 1 <= 1e-10
    assert_a_flow(run, net, y, "logistic")


def test_gaussian_data_slide_without_chattering_to_a_stationary_point():
    # steps grow with events, not with 1 / rtol, and at log t = 1e8 every active neuron satisfies its KKT condition
    rng = np.random.default_rng(4)
    X, y, _ = gaussian(8, 2, rng)
    net = balanced(2, 10, 1e-2, rng)
    runs = [gradient_flow(net, X, y, log_t_end=1e8, rtol=rtol) for rtol in (1e-5, 1e-9)]
    kinds = [[event.kind for event in run.events] for run in runs]
    assert kinds[0] == kinds[1] and "slide" in kinds[0] and "leave" in kinds[0]
    assert len(runs[0]) < 3 * len(kinds[0]) + 150
    run = runs[1]
    assert_a_flow(run, net, y, "logistic")
    top = run.normalised()
    multiplier = run.lam[-1] * top.path_norm
    active = top.radii > 0.1 * top.radii.max()
    rates = growth(X, multiplier, (top.W1 / top.radii).T, np.sign(top.w2))
    np.testing.assert_allclose(rates[active], 1, atol=1e-4)
    assert top.path_norm * hausdorff(X, run.lam[-1]).upper == pytest.approx(1, abs=1e-6)  # this draw ends optimal


def test_balanced_neurons_stay_balanced_relative_to_themselves_even_while_they_shrink():
    # a neuron that shrinks by 1e-5 would inherit the rounding of its former size without the correction of its layers
    rng = np.random.default_rng(1)
    X, y, _ = gaussian(8, 2, rng)
    run = gradient_flow(balanced(2, 10, 1e-2, rng), X, y, log_t_end=1e6)
    sizes = np.linalg.norm(run.W1, axis=1)
    assert sizes.min() < 1e-5
    np.testing.assert_allclose(np.abs(run.w2), sizes, rtol=1e-11)


# --- ends ------------------------------------------------------------------------------------------


def test_a_network_that_is_dead_at_the_start_stands_still():
    X = np.array([[1.0, 0.2], [0.8, -0.1]])
    run = gradient_flow(Network(np.array([[-1.0], [0.0]]), np.array([1.0])), X, [1.0, 1.0])
    assert (run.reason, run.detail) == ("stationary", "every neuron is dead") and run.dead.all() and len(run) == 1
    assert [event.kind for event in run.events] == ["death"]


def test_an_example_nobody_sees_is_said_and_stops_nothing():
    # example 1 is orthogonal and unseen: its margin stays 0, its share of lam goes to 1, the rest flows on
    net = Network(np.array([[0.5], [-0.5]]), np.array([np.sqrt(0.5)]))
    run = gradient_flow(net, np.eye(2), np.ones(2), log_t_end=1e6)
    assert run.reason == "log_t_end" and run.margins[-1, 1] == 0 and run.margins[-1, 0] > 1e5
    assert run.lam[-1, 1] == pytest.approx(1)
    with pytest.raises(ValueError, match="misclassifies"):
        run.normalised()


def test_deaths_are_reported_and_freeze_the_neuron():
    # a negative neuron on a positive example shrinks away from it and dies on the way past its hyperplane
    X = np.array([[1.0, 0.0], [-0.5, 1.0]])
    W1 = np.array([[0.2, 0.5], [-1.0, 0.5]])
    net = Network(W1, np.array([-np.linalg.norm(W1[:, 0]), np.linalg.norm(W1[:, 1])]))
    run = gradient_flow(net, X, [1.0, 1.0], log_t_end=5.0)
    deaths = [event for event in run.events if event.kind == "death"]
    assert [event.neuron for event in deaths] == [0] and list(run.dead) == [True, False]
    after = run.tau >= deaths[0].tau
    assert np.ptp(run.W1[after][:, :, 0], axis=0).max() == 0


@pytest.mark.parametrize(
    ("X", "y", "w1", "w2"),
    [
        ([[0, 0], [2, -2], [-2, 0], [2, 2], [1, -2]], [1, 1, -1, -1, -1], [1, -1], -2.5),
        ([[0, 2], [-1, -2], [-1, 0], [-2, 2]], [1, 1, -1, 1], [-2, 0], -2.5),
        ([[-1, 2], [0, -1], [2, 1], [1, -2], [-2, 0]], [1, 1, -1, 1, 1], [-1, -2], -1.01),
    ],
)
def test_a_neuron_dies_once_and_for_good(X, y, w1, w2):
    """It reaches the origin, where it meets every hyperplane at once. Catches a death between two of these meetings."""
    net = Network(np.array([w1], dtype=float).T, np.linalg.norm(w1) * np.array([w2]))
    assert_a_flow(gradient_flow(net, X, y, loss="exponential", log_t_end=6.0), net, np.array(y), "exponential")


def test_a_neuron_that_shrinks_while_it_slides_stays_on_its_hyperplane_until_it_is_nothing():
    """In the plane a slide has one direction; the neuron sees row 3, of the other label, and halves again and again.

    Catches rounding off the hyperplane, which does not shrink with the neuron and in the end turns it away; steps of
    more e-folds, in which it outgrows the neuron; and steps of one, which are a thousand.
    """
    X, y = np.array([[1, 0.25], [0.375, 1.125], [-0.875, 0.5], [-0.25, -1]]), np.array([1.0, 1.0, -1.0, -1.0])
    run = gradient_flow(balanced(2, 6, 0.05, np.random.default_rng(10)), X, y, log_t_end=300)
    mine = [(event.example, event.kind) for event in run.events if event.neuron == 4]
    assert mine == [(2, "slide"), (-1, "death")] and list(np.flatnonzero(run.dead)) == [4]
    slid, dead = (event.tau for event in run.events if event.neuron == 4)
    during = (run.tau >= slid) & (run.tau <= dead)
    w = run.W1[during][:, :, 4]
    size = np.hypot(*w.T)
    assert size[-1] < 1e-290 and during.sum() < 200
    assert np.abs(w @ X[2] / size).max() < 1e-14
    rate = -np.diff(np.log(size))[-5:] / np.diff(np.exp(run.log_t[during]))[-5:]
    np.testing.assert_allclose(rate, 0.5 * X[3] @ w[-1] / size[-1], rtol=1e-3)  # |lam_3| = 1/2


@pytest.mark.parametrize("seed", [8, 10])
def test_a_ridge_may_hold_a_neuron_by_next_to_nothing_of_its_jump(seed):
    """The neuron comes with a pull of 1e-289 upon a row that nobody else sees, whose pull would throw it back.

    Catches a coefficient of 1e-289 that is rounded to 0: the neuron crosses, is thrown back, and so on for ever.
    """
    X, y, _ = gaussian(5, 2, np.random.default_rng(3))
    net = balanced(2, 5, 0.1, np.random.default_rng(seed))
    run = gradient_flow(net, X, y, log_t_end=1e8, max_events=50)
    assert run.reason == "log_t_end" and run.events[-1].kind == "slide" and len(run) < 200
    assert_a_flow(run, net, y, "logistic")


@pytest.mark.parametrize("y1", [-1.0, 1.0])
@pytest.mark.parametrize("depth", [-1e-4, -1e-8, -1e-10, 1e-6, 1e-4])
def test_a_neuron_that_grazes_a_hyperplane_turns_only_where_it_reaches_it(depth, y1):
    """w1 = (a, c), pulled along e1 while w2 rises from -0.6, turns back where a^2 = a0^2 - w2^2 = .64, with x_1'w1 < 0
    or > 0: without example 1 in the one case, sliding along it or crossing twice in the other.

    Catches a minimum of the dense output that is taken for a meeting, and one that is overlooked.
    """
    net, X, y = Network(np.array([[1.0], [0.8 * (1 + depth)]]), np.array([-0.6])), [[1.0, 0], [-1, 1]], [1.0, y1]
    run = gradient_flow(net, X, y, log_t_end=3.0)
    if depth > 0:
        first = np.sqrt(net.W1[1, 0] ** 2 - 0.64)  # -w2 where a = c
        assert [event.kind for event in run.events] == (["slide"] if y1 > 0 else ["cross", "cross"])
        assert -run.w2[np.searchsorted(run.tau, run.events[0].tau), 0] == pytest.approx(first, abs=1e-7)
    else:
        alone = gradient_flow(net, X, y, weights=[1.0, 0.0], log_t_end=3.0).network()
        assert run.events == ()
        np.testing.assert_allclose(run.network().W1, alone.W1, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 5])
def test_a_flow_that_stands_still_has_no_least_norm_velocity(seed):
    """Draws that end with misclassified rows, sliding neurons and none dead; judged by the quadratic program.

    Catches a verdict from a wrong coefficient, neurons that have left their hyperplanes by rounding, and iterations
    that go on below it, so that steps stay short.
    """
    X, y, _ = gaussian(8, 2, np.random.default_rng(3))
    run = gradient_flow(balanced(2, 6, 0.1, np.random.default_rng(seed)), X, y, log_t_end=1e8)
    net, wrong = run.network(), np.flatnonzero(run.margins[-1] <= 0)
    assert run.reason == "stationary" and len(run) < 300
    assert run.detail == f"no neuron feels a pull; rows {', '.join(map(str, wrong))} are misclassified"
    dW1, dw2 = least_norm_velocity(net, X, y, "logistic", tol=1e-12)
    size = np.sqrt(2 * net.cost) * np.linalg.norm(X, axis=1).max() * np.exp(run.log_sum[-1])
    assert np.hypot(np.linalg.norm(dW1), np.linalg.norm(dw2)) < 1e-7 * size  # the program's own accuracy


def test_a_network_that_shrinks_to_nothing_is_dead():
    """All neurons slide and shrink at once. Catches a verdict by underflow, and one that tiny weights cannot move."""
    X, y, _ = gaussian(8, 2, np.random.default_rng(3))
    run = gradient_flow(balanced(2, 4, 0.1, np.random.default_rng(0)), X, y, log_t_end=1e8)
    assert (run.reason, run.detail) == ("stationary", "every neuron is dead") and run.dead.all()
    assert (np.linalg.norm(run.W1[-1], axis=0) < 1e-290).all()
    small = balanced(2, 6, 1e-100, np.random.default_rng(5))
    assert gradient_flow(small, X, y, log_t_end=5.0).network().radii.max() > 1e-60


def test_data_no_network_separates_end_at_rest():
    # one row with both labels: the loss tends to 2 log 2 and the flow says that it stands still
    net = balanced(2, 4, 0.5, np.random.default_rng(0))
    run = gradient_flow(net, [[1.0, 0.3], [1.0, 0.3]], [1.0, -1.0], log_t_end=1e9)
    assert run.reason == "stationary"
    assert losses(run, "logistic")[-1] == pytest.approx(2 * np.log(2), abs=1e-12)


def test_the_squared_loss_ends_at_rest_with_margins_one():
    rng = np.random.default_rng(0)
    X, y, _ = orthogonally_separable(4, 5, rng)
    net = balanced(5, 12, 0.5, rng)
    run = gradient_flow(net, X, y, loss="squared", log_t_end=np.inf)
    assert run.reason == "stationary"
    np.testing.assert_allclose(margins(run.network(), X, y), 1, atol=1e-7)
    np.testing.assert_allclose(run.log_t[1:], np.log(run.tau[1:]))
    assert_a_flow(run, net, y, "squared")


def test_ends_at_a_margin_and_at_the_event_budget():
    rng = np.random.default_rng(0)
    X, y, _ = orthogonally_separable(10, 3, rng)
    net = balanced(3, 10, 1e-2, rng)
    run = gradient_flow(net, X, y, margin_end=50.0)
    assert run.reason == "margin_end" and run.margins[-2].min() < 50 <= run.margins[-1].min()
    short = gradient_flow(net, X, y, max_events=7)
    assert short.reason == "max_events" and 7 <= len(short.events) <= 8


def test_ends_at_a_gap_and_at_a_residual():
    # judged by the bracket and the multiplier, which know nothing of the flow
    rng = np.random.default_rng(0)
    X, y, _ = orthogonally_separable(8, 3, rng)
    net = balanced(3, 6, 1e-1, rng)
    gap = gradient_flow(net, X, y, log_t_end=1e9, gap_end=1e-4)
    assert gap.reason == "gap_end" and 0 <= gap.bracket(X, y).gap <= 1e-4
    residual = gradient_flow(net, X, y, log_t_end=1e9, residual_end=1e-2)
    assert residual.reason == "residual_end" and multiplier(residual.network(), X, y).residual <= 1e-2


def test_progress_is_reported_and_an_interrupt_returns_what_there_is():
    """Ctrl-C after step 20. Catches a lost run, half a step, and records of different lengths."""
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(8, 2, rng)
    net, seen = balanced(2, 6, 0.1, rng), []
    whole = gradient_flow(net, X, y, log_t_end=50.0, progress=seen.append)
    assert [at.steps for at in seen] == list(range(1, len(whole)))
    assert seen[-1].events == len(whole.events) and seen[-1].log_t == whole.log_t[-1]

    def impatient(at):
        if at.steps == 20:
            raise KeyboardInterrupt

    part = gradient_flow(net, X, y, log_t_end=50.0, progress=impatient)
    assert part.reason == "interrupted" and len(part) == 21 and len(part.pulls) == 20
    np.testing.assert_array_equal(part.W1, whole.W1[:21])
    assert part.at(part.tau[-1]).m == 6 and "interrupted" in repr(part) and len(repr(part)) < 400
    with pytest.raises(ValueError, match="read-only"):
        part.W1[0] = 0


def test_an_end_between_two_steps_satisfies_the_equations():
    """At log t = 1e10 log |lam_n| = const - q_n on the support, to the rounding of margins of 1e10.

    Catches dense output at the end: it leaves slacks of some hundreds, and a path norm off by 4e-8.
    """
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(16, 4, rng)
    run = gradient_flow(balanced(4, 20, 0.1, rng), X, y, log_t_end=1e10)
    lam, q = np.abs(run.lam[-1]), run.margins[-1]
    support = lam > 1e-3
    assert support.sum() >= 4 and q.min() > 1e9
    assert np.ptp(np.log(lam[support]) + q[support]) < 1e-3
    assert run.log_t[-1] == pytest.approx(1e10, rel=1e-12)


def test_a_network_of_huge_margins_hardly_moves_in_a_moderate_time():
    """Its velocity is exp(-q): at margins of 1e8 nothing happens before log t = 1e8. Catches a time that underflows."""
    net = Network(np.array([[1e4, 1e4], [1e4, -1e4]]), np.full(2, np.sqrt(2) * 1e4))
    run = gradient_flow(net, np.eye(2), np.ones(2), log_t_end=1e6)
    assert run.reason == "log_t_end" and run.log_t[-1] >= 1e6
    np.testing.assert_allclose(run.network().W1, net.W1, rtol=1e-12)


def test_neurons_that_only_shrink_come_to_rest():
    """Negative neurons on orthogonal examples of label +1 shrink for ever, each towards a hyperplane.

    Catches a neuron whose modes say another side than its weights, which rounding has moved: steps without end.
    """

    def patience(at):
        if at.steps > 2000:
            raise KeyboardInterrupt

    net = balanced(5, 8, 0.1, np.random.default_rng(3))
    net = Network(net.W1, -np.abs(net.w2))
    run = gradient_flow(net, np.eye(5), np.ones(5), log_t_end=20.0, progress=patience)
    assert run.reason == "stationary"
    assert (np.diff(np.abs(run.w2), axis=0) <= 1e-12).all()


def test_a_run_that_cannot_get_on_ends():
    """A negative neuron on the kink of rows 0 and 1, held by all but 1e-20 of the pull of row 1: 1 - 1e-20 is 1, so
    that it meets the hyperplane at every step, in no time. Catches a run that goes on like this for ever."""

    def patience(at):
        if at.steps > 500:
            raise KeyboardInterrupt

    X, weights = np.array([[1.0, 0.0], [-1.0, 0.0], [0.5, 1.0]]), [1e-20, 1.0, 1e-20]
    net = Network(np.array([[0.0], [1.0]]), [-1.0])
    run = gradient_flow(net, X, np.ones(3), loss="exponential", weights=weights, progress=patience)
    assert (run.reason, run.events, run.tau[-1]) == ("unresolved", (), 0)
    assert "again and again" in run.detail


@pytest.mark.parametrize("scale", [1e80, 1e100])
def test_a_run_beyond_the_range_of_numbers_ends(scale):
    """Residuals whose squares overflow, so that no step is short enough. Catches a run that goes on with steps of 0."""
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(6, 3, rng)
    with np.errstate(all="ignore"):
        run = gradient_flow(balanced(3, 4, scale, rng), X, y, loss="squared", log_t_end=3.0)
    assert run.reason == "unresolved" and len(run) == 1 and "scale data and weights" in run.detail


def test_symmetric_data_make_ties_that_are_all_taken():
    # a square with two mirror neurons: every event happens to both at the same instant
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    y = np.array([1.0, 1.0, -1.0, -1.0])
    W1 = 0.1 * np.array([[0.3, 0.3], [1.0, -1.0]])
    net = Network(W1, np.linalg.norm(W1, axis=0))
    run = gradient_flow(net, X, y, log_t_end=1e3)
    np.testing.assert_allclose(run.W1[:, 0, 0], run.W1[:, 0, 1], rtol=1e-9)
    np.testing.assert_allclose(run.W1[:, 1, 0], -run.W1[:, 1, 1], rtol=1e-9)
    assert len(run.events) % 2 == 0 and len(run.events) > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(net=Network(np.zeros((2, 1)), np.ones(1))), "zero layer"),
        (dict(net=Network(np.ones((2, 1)), np.zeros(1))), "zero layer"),
        (dict(net=Network(np.full((2, 1), 1e-295), np.full(1, 1e-295))), "lose digits"),
        (dict(net=Network(np.ones((3, 1)), np.ones(1))), "bias column"),
        (dict(X=[[np.nan, 1.0]]), "NaN"),
        (dict(y=[0.0]), "y must be"),
        (dict(loss="hinge"), "logistic"),
        (dict(y=[0.5]), "y must be"),
        (dict(y=[np.nan], loss="squared"), "NaN"),
        (dict(y=[0.5], loss="squared", gap_end=0.1), "leave them out"),
        (dict(loss="squared", margin_end=0.1), "leave them out"),
        (dict(net=Network(np.zeros((2, 0)), np.zeros(0))), "no neuron"),
        (dict(weights=-1.0), "negative"),
        (dict(weights=[0.0]), "all zero"),
        (dict(weights=[1.0, 1.0]), "shape"),
        (dict(rtol=0.0), "rtol"),
        (dict(rtol=np.nan), "rtol"),
        (dict(log_t_end=np.nan), "log_t_end"),
        (dict(margin_end=np.nan), "margin_end"),
        (dict(gap_end=-1.0), "gap_end must be a number of at least 0"),
        (dict(residual_end=np.nan), "residual_end"),
        (dict(max_events=0), "max_events"),
        (dict(log_t_end="1e4"), "log_t_end"),
    ],
)
def test_bad_input_is_refused(change, words):
    good = dict(net=Network(np.ones((2, 1)), np.ones(1)), X=[[1.0, 0.0]], y=[1.0])
    with pytest.raises(ValueError, match=words):
        gradient_flow(**{**good, **change})


def test_every_end_is_reached_and_named():
    """Catches a rule that is never looked at, a reason without a rule, and an end that stops under another name."""
    X, y, _ = orthogonally_separable(12, 3, np.random.default_rng(0))
    net = balanced(3, 6, 0.1, np.random.default_rng(1))
    ends = dict(log_t_end=1.0, margin_end=5.0, gap_end=0.5, residual_end=0.5, max_events=2)
    assert {*ends, "stationary", "unresolved", "interrupted"} == set(get_args(Reason)) and len(ends) == len(
        Ends._fields
    )
    for name, end in ends.items():
        assert gradient_flow(net, X, y, **{"log_t_end": 1e6, name: end}).reason == name


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    N=st.integers(1, 7),
    d=st.integers(1, 3),
    m=st.integers(1, 6),
    scale=st.sampled_from([1e-3, 0.1, 1.0]),
    loss=st.sampled_from(SMOOTH),
    kind=st.sampled_from(["gaussian", "integers"]),
    even=st.booleans(),
)
def test_random_small_runs_keep_every_invariant(seed, N, d, m, scale, loss, kind, even):
    # integer rows repeat, are parallel, or zero; unbalanced neurons may change sign
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, d)) if kind == "gaussian" else rng.integers(-2, 3, (N, d)).astype(float)
    y = rng.choice([-1.0, 1.0], N)
    net = balanced(d, m, scale, rng)
    if not even:
        net = Network(net.W1 * rng.uniform(0.3, 2, m), net.w2)
    run = gradient_flow(net, X, y, loss=loss, log_t_end=8.0, max_events=2000)
    assert_a_flow(run, net, y, loss)
    assert run.reason not in ("max_events", "unresolved")


# --- directions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_directions_climb_to_stationary_points_of_the_dual_constraint(seed):
    # against small steps of the same ascent, and against the condition s g(u) = ||g|| u with least-norm coefficients
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(8, 3, rng)
    lam, U, s = y * rng.uniform(0.2, 1, 8), rng.standard_normal((12, 3)), rng.choice([-1.0, 1.0], 12)
    paths = direction_flow(lam, U, X, s)
    heights = np.array([growth(X, lam, paths.at(t), s) for t in np.linspace(0, 20, 60)])
    assert (np.diff(heights, axis=0) >= -1e-12).all()
    np.testing.assert_allclose(paths.at(1e6), paths.limits, atol=1e-6)
    V, h = U / np.linalg.norm(U, axis=1, keepdims=True), 1e-4
    for _ in range(20_000):
        g = ((V @ X.T > 0) * lam) @ X
        V = V + h * s[:, None] * (g - (g * V).sum(axis=1, keepdims=True) * V)
        V /= np.linalg.norm(V, axis=1, keepdims=True)
    np.testing.assert_allclose(paths.at(2.0), V, atol=5e-3)


def test_the_early_phase_of_a_tiny_network_is_the_direction_flow():
    # exponential loss at tiny weights: lam = y until the margins, of order scale^2, have grown
    rng = np.random.default_rng(7)
    X, y, _ = gaussian(8, 3, rng)
    net = balanced(3, 10, 1e-9, rng)
    paths = direction_flow(y, net.W1.T, X, np.sign(net.w2))
    run = gradient_flow(net, X, y, loss="exponential", log_t_end=np.log(1.5), rtol=1e-9)
    W1 = run.network().W1
    np.testing.assert_allclose((W1 / np.linalg.norm(W1, axis=0)).T, paths.at(1.5), atol=1e-9)


@pytest.mark.parametrize("delta", [1e-3, 1e-8, 1e-13])
def test_a_start_near_the_repelling_direction_leaves_in_time_log_one_over_delta(delta):
    """Rows (1, 0), (1, .3), a negative neuron at an angle delta from their pull: tan(angle / 2) grows by e^(||g|| t).

    Catches a cosine that rounds to 1: the neuron would rest where it is, or meet its kink at another time.
    """
    X, g = np.array([[1.0, 0.0], [1.0, 0.3]]), np.array([2.0, 0.3])
    length, e = np.linalg.norm(g), g / np.linalg.norm(g)
    u = e + np.tan(delta) * np.array([-e[1], e[0]])
    path = direction_flow(np.ones(2), u, X, -1.0)
    to_kink = np.pi / 2 - np.arctan2(0.3, 2.0)
    first = np.log(np.tan(to_kink / 2) / np.tan(delta / 2)) / length
    assert path.arcs[0][1].t == pytest.approx(first, abs=max(2e-16 / delta, 1e-9))


def test_bad_directions_are_refused():
    for U, s, words in (([[0.0, 0.0]], 1, "nonzero"), ([[1.0, 0.0, 0.0]], 1, "length 2"), ([[1.0, 0.0]], 0.5, "-1 or")):
        with pytest.raises(ValueError, match=words):
            direction_flow([1.0], U, [[1.0, 2.0]], s)


def test_a_loss_without_a_clock_is_refused() -> None:
    """Catches a new loss that silently flows as the squared one."""
    ones, steep = np.ones(2), dataclasses.replace(get_loss("squared"), name="steep")
    assert type(clock(get_loss("squared"), ones, ones)) is not type(clock(get_loss("logistic"), ones, ones))
    with pytest.raises(ValueError, match="steep loss needs a clock"):
        clock(steep, ones, ones)
