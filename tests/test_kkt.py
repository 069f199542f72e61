"""The judge is judged: planted KKT points, closed forms, and each residual moved by the fault that it names."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.closed_form import orthogonally_separable_optimum
from lib.data import gaussian, orthogonally_separable
from lib.kkt import (
    best_dual,
    bracket,
    conditions,
    decay_bracket,
    lower_bound,
    misclassified,
    multiplier,
    normalised,
    residuals,
    upper_bound,
)
from lib.network import Network, balanced, margins
from lib.program import regularised
from lib.zonotope import hausdorff

X, y, _ = orthogonally_separable(12, 4, np.random.default_rng(3))
best = orthogonally_separable_optimum(X, y)


def moved(net, neuron, step):
    """The network with one direction moved by `step` in every coordinate."""
    W1 = net.W1.copy()
    W1[:, neuron] += step
    return Network(W1, net.w2)


def test_the_planted_optimum_has_its_planted_multiplier():
    # the closed form of orthogonally separable data: lam is unique on linearly independent support rows
    found = multiplier(best.network, X, y)
    np.testing.assert_allclose(found.lam, best.lam, atol=1e-8)
    assert found.residual < 1e-9
    assert max(residuals(best.network, X, y, best.lam)) < 1e-9


def test_each_residual_sees_its_own_fault():
    wrong_direction = residuals(moved(best.network, 0, 0.05), X, y, best.lam)
    assert wrong_direction.stationarity > 1e-3
    assert wrong_direction.dual == 0
    flipped = best.lam * np.where(np.arange(len(y)) == np.argmax(np.abs(best.lam)), -1, 1)
    assert residuals(best.network, X, y, flipped).dual > 0.1
    slack = best.lam.copy()
    n = int(np.argmax(margins(best.network, X, y)))
    slack[n] = y[n]
    assert residuals(best.network, X, y, slack).complementarity > 1e-3
    assert residuals(best.network, X, y, best.lam).complementarity < 1e-9


def test_a_multiplier_scaled_by_two_is_not_stationary():
    # every active neuron has value exactly one: a factor in lam must show
    assert residuals(best.network, X, y, 2 * best.lam).stationarity == pytest.approx(1.0, abs=1e-6)


def test_clarke_coefficients_of_boundary_rows_are_found():
    # Planted by hand: each neuron lies on the kink of the other class' row. u_+ = x_0 - c |lam_1| x_1 = (1, 0) and
    # u_- = |lam_1| x_1 - c x_0 = (-1, 1)/sqrt 2 with lam = (1, -sqrt 2) and both c = 1/sqrt 2. Without c, it fails.
    half = np.sqrt(0.5)
    net = Network(np.array([[1.0, -half], [0.0, half]]), np.array([1.0, -np.sqrt(2)]))
    found = multiplier(net, [[1.0, 1.0], [0.0, 1.0]], [1.0, -1.0])
    np.testing.assert_allclose(found.lam, [1, -np.sqrt(2)], rtol=1e-5)
    np.testing.assert_allclose(found.c, [[1, half], [half, 1]], rtol=1e-5)
    assert found.residual < 1e-5


@pytest.mark.parametrize(
    ("tilt", "longer", "most"), [(0.05, 2.0, 0.06), (0.005, 17 / 16, 0.006), (0.0, 257 / 256, 1e-9)]
)
def test_a_multiplier_lies_on_the_nearest_rows_that_explain_the_network(tilt, longer, most):
    """Rows e1 and e2, which a neuron (1, 1 + tilt) needs both, each between two copies that are `longer`.

    Catches a width that is left out: one too narrow misses e2, and the residual is 0.7; one too wide takes a copy, of
    margin `longer`, for the row itself.
    """
    rows = np.kron(np.eye(2), [[longer], [1.0], [longer]])
    net = Network(np.array([[1.0], [1.0 + tilt]]), [np.hypot(1.0, 1.0 + tilt)])
    found = multiplier(net, rows, np.ones(6))
    assert found.residual + residuals(net, rows, np.ones(6), found.lam).complementarity <= most


def test_normalising_balances_and_scales_without_changing_predictions():
    rng = np.random.default_rng(0)
    lopsided = Network(best.network.W1 * 7.0, best.network.w2 * 0.3)
    net = normalised(lopsided, X, y)
    np.testing.assert_allclose(np.abs(net.w2), net.radii, rtol=1e-12)
    assert margins(net, X, y).min() == pytest.approx(1, rel=1e-12)
    ratio = lopsided.predict(X) / net.predict(X)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-10)
    with_zero = Network(np.column_stack([best.network.W1, rng.standard_normal(4)]), np.append(best.network.w2, 0.0))
    assert normalised(with_zero, X, y).m == 2


def test_networks_that_err_are_told_which_rows_fail():
    flipped = Network(best.network.W1, -best.network.w2)
    assert len(misclassified(flipped, X, y)) == len(y)
    with pytest.raises(ValueError, match=r"rows 0, 1, 2, 3, 4, \.\.\."):
        multiplier(flipped, X, y)
    assert upper_bound(flipped, X, y) == np.inf
    assert bracket(flipped, X, y).lower > 0


@given(st.integers(0, 10_000))
def test_the_bracket_contains_the_closed_form(seed):
    # any network, any dual variable of the right signs: a wrong factor on either side would cut the optimum off
    rng = np.random.default_rng(seed)
    data = orthogonally_separable(int(rng.integers(2, 9)), int(rng.integers(2, 5)), rng)
    value = orthogonally_separable_optimum(data.X, data.y).value
    lam = data.y * rng.exponential(size=len(data.y)) * rng.integers(0, 2, len(data.y))
    if lam.any():
        assert lower_bound(data.X, data.y, lam) <= value * (1 + 1e-9)
    assert upper_bound(balanced(data.X.shape[1], 6, 1.0, rng), data.X, data.y) >= value * (1 - 1e-9)


def test_the_bracket_closes_at_the_optimum_only():
    assert bracket(best.network, X, y, best.lam).gap < 1e-9
    assert bracket(best.network, X, y).gap < 1e-6
    assert bracket(moved(best.network, 0, 0.1), X, y, best.lam).gap > 1e-3


@pytest.mark.parametrize("seconds", [0.0, 0.01, np.inf])
def test_a_deadline_leaves_a_bracket_that_holds(seconds):
    """Catches a lower bound that takes the best height found by then for d_H, and a deadline that is not passed on.

    The proof takes a tenth of a second.
    """
    rng = np.random.default_rng(0)
    rows, labels = rng.standard_normal((60, 6)), np.where(np.arange(60) % 2, 1.0, -1.0)
    lam, net = labels * rng.exponential(size=60), balanced(6, 8, 1.0, rng)
    whole = lower_bound(rows, labels, lam)
    for found, proved in (
        (bracket(net, rows, labels, lam, seconds=seconds).lower, whole),
        (decay_bracket(net, rows, labels, "logistic", 0.5, lam, seconds=seconds).lower, np.inf),
    ):
        assert 0 < found <= proved * (1 + 1e-12)
    assert seconds == np.inf or bracket(net, rows, labels, lam, seconds=seconds).lower < whole * (1 - 1e-6)
    assert bracket(net, rows, labels, seconds=seconds).lower > 0


def test_a_dual_variable_of_forbidden_sign_is_refused():
    with pytest.raises(ValueError, match="rows 0, 1, 2"):
        lower_bound(X, y, -best.lam - y)


def test_conditions_at_the_optimum_and_at_a_stationary_point_that_is_not():
    at_best = conditions(best.network, X, y, best.lam)
    assert at_best.exact == pytest.approx(1, abs=1e-9)
    assert at_best.uncovered == 0
    # orthogonal data, one neuron for each example: stationary with lam = 1, but d_H = sqrt N
    N = 3
    alone = Network(np.eye(N), np.ones(N))
    found = conditions(alone, np.eye(N), np.ones(N), np.ones(N))
    assert found.exact == pytest.approx(np.sqrt(N))
    assert found.relaxed == pytest.approx(np.sqrt(N))
    assert found.uncovered == pytest.approx(np.sqrt(N))
    assert residuals(alone, np.eye(N), np.ones(N), np.ones(N)).stationarity < 1e-12


def test_the_relaxed_condition_is_stronger_than_the_exact_one():
    # ||X'D_j lam|| ignores that neurons of cell j must lie in cell j
    rng = np.random.default_rng(1)
    for _ in range(20):
        data = gaussian(6, 2, rng)
        lam = data.y * rng.random(6)
        net = balanced(2, 4, 1.0, rng)
        if margins(net, data.X, data.y).min() > 0:
            found = conditions(net, data.X, data.y, lam)
            assert found.exact <= found.relaxed + 1e-9


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_the_bracket_with_weight_decay_holds_the_solver_s_optimum(loss):
    """Also for real targets of the squared loss: catches labels where targets belong, lam that is not scaled down, and
    a bound of the network's own lam that is not below; tight at the solution."""
    rng = np.random.default_rng(0)
    rows, net = rng.standard_normal((8, 3)), balanced(3, 5, 0.7, rng)
    targets = rng.standard_normal(8) * 2 if loss == "squared" else np.sign(rng.standard_normal(8))
    solved = regularised(rows, targets, loss, 0.3, tol=1e-7)
    at_best = decay_bracket(solved.network, rows, targets, loss, 0.3, solved.lam)
    assert at_best.gap < 1e-6 and at_best.lower <= solved.primal_value and solved.dual_value <= at_best.upper
    for lam in (None, 5 * solved.lam, rng.standard_normal(8)):
        found = decay_bracket(net, rows, targets, loss, 0.3, lam)
        assert found.lower <= at_best.upper <= found.upper
    assert decay_bracket(net, rows, targets, loss, 0.3, 5 * solved.lam).lower > 0
    for beta in (0.0, np.inf):
        with pytest.raises(ValueError, match="beta"):
            decay_bracket(net, rows, targets, loss, beta)


def test_the_hinge_is_judged_with_a_given_multiplier():
    """It has no slope of its own at the kink: catches a refusal where none is needed, and a guess where one is."""
    X, y, _ = gaussian(9, 2, np.random.default_rng(0))
    solved = regularised(X, y, "hinge", 0.3, tol=1e-7)
    assert decay_bracket(solved.network, X, y, "hinge", 0.3, solved.lam).gap < 1e-6
    with pytest.raises(ValueError, match="no derivative"):
        decay_bracket(solved.network, X, y, "hinge", 0.3)


@pytest.mark.parametrize("seconds", [-1.0, np.nan, "a"])
def test_an_impossible_time_is_refused(seconds):
    """Catches a limit that no clock reaches, or that is passed at once without a word."""
    X, y, _ = gaussian(9, 2, np.random.default_rng(0))
    for call in (bracket, best_dual):
        with pytest.raises(ValueError, match="seconds must be a number of at least 0"):
            call(balanced(2, 4, 1.0, np.random.default_rng(0)), X, y, seconds=seconds)
    with pytest.raises(ValueError, match="seconds must be a number of at least 0"):
        hausdorff(X, y, seconds=seconds)
