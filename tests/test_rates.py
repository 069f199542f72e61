"""How fast the flow's certificates close, over five decades of log t: a flow that stalls has another slope."""

import numpy as np
import pytest

from lib.closed_form import orthogonally_separable_optimum
from lib.data import orthogonally_separable
from lib.flow import gradient_flow
from lib.kkt import lower_bound, multiplier, upper_bound
from lib.network import balanced

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
