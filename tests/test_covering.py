"""Orthogonal data, X = I_N with all labels +1: the event-driven flow against the limits known from its start."""

import numpy as np
import pytest

from lib.closed_form import covering_probability, orthogonal_limit_cost
from lib.flow import gradient_flow
from lib.network import Network, balanced
from lib.sweep import column, product, sweep


def limit(net, log_t):
    """The cost at least margin 1 in which the flow ends; infinite if it never fits some example."""
    N = net.d
    flow = gradient_flow(net, np.eye(N), np.ones(N), log_t_end=log_t)
    gamma = flow.margins[-1].min()
    return flow.network().path_norm / gamma if gamma > 0 else np.inf


def start(sets, rng):
    """Balanced positive neurons that see exactly these examples."""
    S = np.array([[c == "1" for c in s] for s in sets])
    W1 = np.where(S, 1, -1) * rng.uniform(0.2, 1.0, S.shape)
    return Network(0.1 * W1.T, 0.1 * np.linalg.norm(W1, axis=1))


@pytest.mark.parametrize(
    "sets",
    [
        ["111"],
        ["111", "110", "001"],
        ["110", "001"],
        ["110", "011"],
        ["110", "011", "101"],
        ["100", "010", "001", "100"],
        ["1100", "0110", "0011"],
        ["1110", "0111", "1001"],
    ],
)
def test_the_flow_ends_in_the_optimum_of_its_own_sets(sets):
    """Catches a limit that is only some KKT point of the sets, and a flow that changes a set it cannot change."""
    net = start(sets, np.random.default_rng(3))
    assert limit(net, 1e10) == pytest.approx(orthogonal_limit_cost(net.W1.T > 0), rel=5e-3)


def test_negative_neurons_change_nothing():
    """They only shrink: the limit is that of the positive ones, though here a negative one covers all examples."""
    net = start(["110", "011", "111"], np.random.default_rng(4))
    negative = Network(net.W1, net.w2 * [1, 1, -1])
    assert limit(negative, 1e10) == pytest.approx(np.sqrt(5), rel=5e-3)
    assert limit(net, 1e10) == pytest.approx(np.sqrt(3), rel=5e-3)


def reaches_optimum(seed, N, m):
    net = balanced(N, m, 0.1, np.random.default_rng([seed, N, m]))
    return {"global": limit(Network(net.W1, np.abs(net.w2)), 1e8) < 1.05 * np.sqrt(N)}


@pytest.mark.slow
@pytest.mark.parametrize(("N", "m", "flows"), [(2, 2, 120), (3, 4, 80)])
def test_the_optimum_is_found_as_often_as_a_neuron_covers_all_examples(tmp_path, N, m, flows):
    """Within three standard deviations of the curve, and outside for half as many neurons or one more example."""
    cases = sweep(reaches_optimum, product(seed=range(flows), N=[N], m=[m]), tmp_path, n_jobs=1)
    found = column(cases, "global").mean()

    def deviations(p):
        return abs(found - p) / np.sqrt(p * (1 - p) / flows)

    assert deviations(covering_probability(N, m)) < 3
    assert deviations(covering_probability(N, m // 2)) > 3
    assert deviations(covering_probability(N + 1, m)) > 3
