"""Networks, margins and the dual variable that each loss carries."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lib.losses import LOSSES, get_loss
from lib.network import Network, balanced, dual_variable, margins


def test_predictions_are_the_formula_neuron_by_neuron():
    rng = np.random.default_rng(1)
    net = Network(rng.standard_normal((3, 4)), rng.standard_normal(4))
    X = rng.standard_normal((6, 3))
    by_hand = [sum(w * max(x @ net.W1[:, i], 0) for i, w in enumerate(net.w2)) for x in X]
    np.testing.assert_allclose(net.predict(X), by_hand, rtol=1e-14)
    y = np.array([1, -1, 1, -1, 1, 1.0])
    np.testing.assert_allclose(margins(net, X, y), y * by_hand, rtol=1e-14)


def test_costs_and_the_arithmetic_geometric_inequality():
    net = Network(np.array([[3.0, 0.0], [4.0, 1.0]]), np.array([-2.0, 1.0]))
    assert net.cost == (25 + 1 + 4 + 1) / 2
    assert net.path_norm == 2 * 5 + 1 * 1
    assert balanced(4, 7, 0.3, np.random.default_rng(0)).cost == pytest.approx(7 * 0.3**2)
    assert net.scaled(2.0).path_norm == pytest.approx(4 * net.path_norm)


def test_the_zero_network_has_no_neurons():
    np.testing.assert_array_equal(Network(np.zeros((2, 0)), np.zeros(0)).predict(np.eye(2)), 0)


def test_balanced_networks_are_balanced_and_reproducible():
    net = balanced(5, 1000, 1e-3, np.random.default_rng(3))
    np.testing.assert_allclose(net.radii, 1e-3, rtol=1e-12)
    np.testing.assert_allclose(np.abs(net.w2), 1e-3, rtol=1e-12)
    assert 400 < (net.w2 > 0).sum() < 600
    np.testing.assert_array_equal(net.W1, balanced(5, 1000, 1e-3, np.random.default_rng(3)).W1)


@pytest.mark.parametrize(
    ("W1", "w2", "words"),
    [
        (np.ones((2, 3)), np.ones(2), "neurons are the columns"),
        (np.ones(3), np.ones(3), "W1 must be"),
        (np.full((2, 2), np.nan), np.ones(2), "W1 has NaN"),
        (np.ones((2, 2)), np.array([1.0, np.inf]), "w2 has NaN"),
    ],
)
def test_bad_weights_are_refused(W1, w2, words):
    with pytest.raises(ValueError, match=words):
        Network(W1, w2)


def test_networks_cannot_be_written_to_and_do_not_alias():
    W1 = np.ones((2, 2))
    net = Network(W1, np.ones(2))
    W1[0, 0] = 9.0
    assert net.W1[0, 0] == 1.0
    with pytest.raises(ValueError):
        net.W1[0, 0] = 2.0


def test_a_missing_bias_column_is_named():
    with pytest.raises(ValueError, match="bias column"):
        Network(np.ones((3, 1)), np.ones(1)).predict(np.ones((4, 2)))


@pytest.mark.parametrize(("d", "m", "scale"), [(0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.0), (1, 1, np.nan)])
def test_balanced_refuses_impossible_sizes(d, m, scale):
    with pytest.raises(ValueError, match="scale"):
        balanced(d, m, scale, np.random.default_rng(0))


@given(st.sampled_from(sorted(LOSSES)), st.floats(-20, 20))
def test_the_slope_is_minus_the_derivative(name, q):
    # central differences see a wrong sign or factor
    loss, h = LOSSES[name], 1e-5
    assume(loss.smooth or abs(q - 1) > h)
    derivative = (loss.value(np.array(q + h), 1.0) - loss.value(np.array(q - h), 1.0)) / (2 * h)
    assert loss.dual(np.array(q), 1.0) == pytest.approx(-derivative, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["logistic", "exponential"])
def test_logarithms_of_slopes_survive_margins_of_a_million(name):
    loss = LOSSES[name]
    np.testing.assert_allclose(loss.log_slope(np.array([1e6, 30.0])), [-1e6, -30.0], rtol=1e-12)
    np.testing.assert_allclose(np.exp(loss.log_slope(np.array([-3.0, 2.0]))), loss.dual(np.array([-3.0, 2.0]), 1.0))


def test_the_dual_variable_has_the_sign_of_the_label():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((8, 2)), np.tile([1.0, -1.0], 4)
    lam = dual_variable(balanced(2, 3, 0.1, rng), X, y, loss="exponential")
    assert (y * lam > 0).all()


def test_unknown_losses_are_listed():
    with pytest.raises(ValueError, match="logistic"):
        get_loss("hinge loss")


def test_real_targets_belong_to_the_squared_loss():
    """lam = y - f: catches a residual turned over, and labels asked of regression or reals of classification."""
    net = Network(np.eye(2), np.array([1.0, -1.0]))
    np.testing.assert_allclose(dual_variable(net, np.eye(2), [0.3, 2.0], loss="squared"), [0.3 - 1, 2.0 + 1])
    with pytest.raises(ValueError, match="y must be -1 or"):
        dual_variable(net, np.eye(2), [0.3, 2.0], loss="logistic")
    with pytest.raises(ValueError, match="no derivative"):
        dual_variable(net, np.eye(2), [1.0, -1.0], loss="hinge")


@given(st.sampled_from(sorted(LOSSES)), st.floats(0.01, 0.99), st.sampled_from([-1.0, 1.0]))
def test_conjugates_are_the_least_of_loss_plus_linear(name, v, y):
    """Against a fine grid of predictions: catches a sign, a factor, a label left out; and a slope that is too steep."""
    loss, f = LOSSES[name], np.linspace(-60, 60, 240_001)
    lam = np.array(y * v)
    assert loss.conjugate(lam, y) == pytest.approx((loss.value(f, y) + lam * f).min(), abs=1e-6)
    assert (np.abs(loss.dual(f, y)) <= loss.steepest).all()
    assert (np.abs(loss.dual(np.array([-60.0, 60.0]), y)).max() > 10) == np.isinf(loss.steepest)
    if np.isfinite(loss.steepest):
        assert loss.conjugate(2 * loss.steepest * lam / v, y) == -np.inf


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_conjugate_of_the_squared_loss_at_real_targets(y, lam):
    """Catches a conjugate that knows only labels."""
    f = np.linspace(-7, 7, 140_001)
    loss = LOSSES["squared"]
    assert loss.conjugate(np.array(lam), y) == pytest.approx((loss.value(f, y) + lam * f).min(), abs=1e-6)
