"""How fast the flow's certificates close, over five decades of log t: a flow that stalls has another slope."""

import numpy as np
import pytest

from lib.closed_form import orthogonally_separable_optimum
from lib.data import gaussian, orthogonally_separable
from lib.flow import gradient_flow
from lib.kkt import lower_bound, multiplier, upper_bound
from lib.network import balanced
from lib.zonotope import growth

DECADES = np.geomspace(1e2, 1e7, 11)


@pytest.fixture(scope="module", params=[0, 2])
def late(request):
    """Data with a closed form, a run to log t = 1e7, and its steps nearest to eleven times in five decades."""
    rng = np.random.default_rng(request.param)
    data = orthogonally_separable(6, 3, rng)
    run = gradient_flow(balanced(3, 8, 0.1, rng), data.X, data.y, log_t_end=1.01e7, rtol=1e-9)
    assert run.reason == "log_t_end"
    return data, run, np.searchsorted(run.log_t, DECADES)


def slope(run, steps, values):
    return np.polyfit(np.log(run.log_t[steps]), np.log(values), 1)[0]


def test_the_bracket_closes_like_one_over_log_t(late):
    # both ends have an error of the order of the temperature 1/q of the softmax, and q grows like log t
    (X, y, _), run, steps = late
    upper = np.array([upper_bound(run.network(k), X, y) for k in steps])
    lower = np.array([lower_bound(X, y, run.lam[k]) for k in steps])
    assert slope(run, steps, upper / lower - 1) == pytest.approx(-1, abs=0.03)
    value = orthogonally_separable_optimum(X, y).value
    assert (lower <= value * (1 + 1e-9)).all()
    assert (upper >= value * (1 - 1e-9)).all()


def test_the_kkt_residual_falls_like_one_over_the_root_of_log_t(late):
    # the neurons that stopped growing keep their length while the others' squared length grows like log t
    (X, y, _), run, steps = late
    residual = np.array([multiplier(run.network(k), X, y).residual for k in steps])
    assert slope(run, steps, residual) == pytest.approx(-0.5, abs=0.03)


def gaussian_run(N, d, m, seed):
    """A flow that slides, its eight steps nearest to evenly spaced times in the last four decades, their residuals."""
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(N, d, rng)
    run = gradient_flow(balanced(d, m, 0.1, rng), X, y, log_t_end=1e8)
    assert run.reason == "log_t_end" and sum(event.kind == "slide" for event in run.events) >= 6
    steps = np.unique(np.append(np.searchsorted(run.log_t, np.geomspace(1e4, 1e8, 8)[:-1]), len(run) - 1))
    return X, y, run, steps, np.array([multiplier(run.network(k), X, y).residual for k in steps])


@pytest.mark.parametrize(("N", "d", "m", "seed"), [(8, 2, 10, 1), (8, 2, 10, 4), (6, 3, 12, 9), (8, 3, 12, 9)])
def test_sliding_neurons_become_stationary_at_the_same_rate(N, d, m, seed):
    """On Gaussian data, with Clarke coefficients: a neuron off its hyperplane, or a wrong coefficient, would stay."""
    _, _, run, steps, residual = gaussian_run(N, d, m, seed)
    assert residual[-1] < 1e-4
    assert slope(run, steps, residual) == pytest.approx(-0.5, abs=0.03)


@pytest.mark.parametrize(("N", "d", "m", "seed"), [(8, 3, 12, 8), (6, 3, 12, 8), (8, 3, 12, 6)])
def test_neurons_at_lower_maxima_slow_the_residual(N, d, m, seed):
    """A direction of growth rate v < 1 loses only (log t)^((v-1)/2) against those of rate 1: v = 0.34, 0.71, 0.70 here.

    Catches growth rates that are wrong by a per cent, in the flow or in the multiplier.
    """
    X, y, run, steps, residual = gaussian_run(N, d, m, seed)
    net = run.network()
    v = growth(X, multiplier(net, X, y).lam, (net.W1 / net.radii).T, np.sign(net.w2))
    highest = v[v < 0.99].max()
    assert 0.2 < highest < 0.8
    assert slope(run, steps, residual) == pytest.approx((highest - 1) / 2, abs=0.015)
