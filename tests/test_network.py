"""Networks, margins and the dual variable that each loss carries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.network import LOSSES, Network, balanced, dual_variable, get_loss, margins


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
    derivative = (loss.value(np.array(q + h)) - loss.value(np.array(q - h))) / (2 * h)
    assert loss.slope(np.array(q)) == pytest.approx(-derivative, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", ["logistic", "exponential"])
def test_logarithms_of_slopes_survive_margins_of_a_million(name):
    loss = LOSSES[name]
    np.testing.assert_allclose(loss.log_slope(np.array([1e6, 30.0])), [-1e6, -30.0], rtol=1e-12)
    np.testing.assert_allclose(np.exp(loss.log_slope(np.array([-3.0, 2.0]))), loss.slope(np.array([-3.0, 2.0])))


def test_the_dual_variable_has_the_sign_of_the_label():
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((8, 2)), np.tile([1.0, -1.0], 4)
    lam = dual_variable(balanced(2, 3, 0.1, rng), X, y, "exponential")
    assert (y * lam > 0).all()


def test_unknown_losses_are_listed():
    with pytest.raises(ValueError, match="logistic"):
        get_loss("hinge loss")
