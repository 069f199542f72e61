"""Orthogonal data, X = I_N with all labels +1: the event-driven flow against the limits known from its start."""

import numpy as np
import pytest

from lib.closed_form import covering_probability, orthogonal_limit_cost, race
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


# --- squared loss: the race -------------------------------------------------------------------------


def planted_race(rng):
    """Sets on five rows, lengths and targets, by arithmetic that shares nothing with `race`: exact small steps."""
    return rng.random((4, 5)) < 0.5, rng.uniform(0.5, 2, 5), rng.uniform(0.5, 2, 5)


@pytest.mark.parametrize("seed", range(8))
def test_the_race_is_that_of_small_steps(seed):
    """Catches a rate without a length or a target, a loser that keeps its old rate, a row that is learnt twice."""
    S, rho, y = planted_race(np.random.default_rng(seed))
    told = race(S, rho, y)
    sigma, left, times, cost, h = [-1.0] * 4, set(range(5)), [], 0.0, 1e-4
    for step in range(60_000):
        for i in range(4):
            sigma[i] += h * sum((rho[n] * y[n]) ** 2 for n in left if S[i, n]) ** 0.5
        done = [i for i in range(4) if sigma[i] >= 0 and any(S[i, n] for n in left)]
        if done:
            block = {n for n in left if S[done[0], n]}
            left, times = left - block, [*times, step * h]
            cost += sum((y[n] / rho[n]) ** 2 for n in block) ** 0.5
    assert times == pytest.approx(told.times, abs=2e-3)
    assert cost == pytest.approx(told.cost)
    assert left == set(np.flatnonzero(told.missed))


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_the_race_scales(factor):
    """Catches an absolute tolerance: times are those of 1 / (rho y), costs those of y / rho."""
    S, rho, y = planted_race(np.random.default_rng(3))
    told, long = race(S, rho, y), race(S, factor * rho, y)
    assert long.times * factor == pytest.approx(told.times)
    assert long.cost * factor == pytest.approx(told.cost)


def test_the_race_against_the_flow_with_unequal_targets():
    """Catches a rule that is consistent and wrong: the flow of the squared loss at scale 1e-60 ends at its cost."""
    S, rho, y = np.array([[1, 1, 0], [0, 1, 1]]), np.array([1.0, 0.8, 1.2]), np.array([2.0, 1.0, 0.5])
    W1 = np.where(S, 1, -1) / np.sqrt(3) * 1e-60
    run = gradient_flow(Network(W1.T, np.full(2, 1e-60)), np.diag(rho), y, loss="squared", log_t_end=20)
    assert run.network().cost == pytest.approx(race(S, rho, y).cost, rel=1e-6)


def test_nobody_races_for_what_nobody_sees():
    """Catches an endless race, and shapes that change without a block."""
    told = race([[0, 0], [0, 0]], [1, 1], [1, 1])
    assert told.times.shape == (0,)
    assert told.blocks.shape == (0, 2)
    assert told.cost == 0
    assert told.missed.all()


@pytest.mark.parametrize(
    ("patterns", "rho", "y", "named"),
    [
        ([[1, 1, 0], [0, 1, 1]], [1, 1, 1], [1, 1, 1], r"neurons \[0, 1\] arrive together"),
        ([[1, 0]], [1, 0], [1, 1], "lengths and y must be positive"),
        ([[1, 0]], [1, 1], [1, -1], "one class at a time"),
        ([[1, 0]], [1, 1, 1], [1, 1, 1], "one each for every column"),
        ([[1, 2]], [1, 1], [1, 1], "patterns must be boolean"),
    ],
)
def test_no_race_without_a_winner(patterns, rho, y, named):
    """Catches a tie that is decided in silence, and input that means something else."""
    with pytest.raises(ValueError, match=named):
        race(patterns, rho, y)
