"""Bounds hold at every size of weights and data, and are never the better for rounding."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bounds import Bracket, decay_lower, decay_upper, in_range, norm_lower, norm_upper, relative_gap
from lib.closed_form import orthogonally_separable_optimum
from lib.data import gaussian, orthogonally_separable
from lib.kkt import best_dual, bracket, lower_bound, misclassified, multiplier, normalised, upper_bound
from lib.losses import LOSSES
from lib.network import Network, balanced, margins
from lib.zonotope import hausdorff

X, y, _ = orthogonally_separable(12, 4, np.random.default_rng(3))
BEST = orthogonally_separable_optimum(X, y)
SCALES = [1e-300, 1e-200, 6.6e-160, 1e-161, 1e-150, 1e-20, 1.0, 1e20, 1e150, 1e200, 1e300]


@pytest.mark.parametrize("outer", [1e-300, 1.0, 1e300])
@pytest.mark.parametrize("scale", SCALES)
def test_no_size_of_the_weights_moves_the_bracket(scale, outer):
    """f may under- or overflow by itself: catches a bound below P* from margins that lost their digits (6.6e-160), a
    network that seems to err (1e-161), infinities."""
    net = Network(BEST.network.W1 * scale, BEST.network.w2 * outer)
    found = bracket(net, X, y)
    assert found.lower <= BEST.value * (1 + 1e-14) and BEST.value * (1 - 1e-14) <= found.upper
    assert found.gap < 1e-6
    assert len(misclassified(net, X, y)) == 0
    assert multiplier(net, X, y).residual < 1e-6
    np.testing.assert_allclose(margins(normalised(net, X, y), X, y).min(), 1, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1e20, 1e150])
def test_the_bracket_scales_with_the_data(scale):
    """P*(c X) = P*(X) / c: catches a bound in the units of something else, and heights that underflow."""
    found = bracket(BEST.network, scale * X, y, 1e-200 * BEST.lam)
    assert found.lower == pytest.approx(BEST.value / scale, rel=1e-9)
    assert found.upper == pytest.approx(BEST.value / scale, rel=1e-9)
    assert bracket(BEST.network, scale * X, y).gap < 1e-6


def exact_predictions(net, X):
    """f(x_n) as fractions."""
    W1, w2, rows = ([[Fraction(v) for v in row] for row in a.tolist()] for a in (net.W1.T, net.w2[:, None], X))

    def f(x):
        heights = (sum(b * c for b, c in zip(w, x, strict=True)) for w in W1)
        return sum(a * max(Fraction(0), z) for (a,), z in zip(w2, heights, strict=True))

    return [f(x) for x in rows]


@given(st.integers(0, 10_000), st.integers(-200, 200))
def test_upper_bounds_are_above_exact_arithmetic(seed, shift):
    """Against fractions, on networks that nearly cancel: catches an error bound that is too small."""
    rng = np.random.default_rng(seed)
    W1, w2 = rng.standard_normal((2, 3)), rng.standard_normal(3)
    net = Network(np.ldexp(np.column_stack([W1, W1 * (1 + 1e-12)]), shift), np.append(w2, -w2))
    rows = rng.standard_normal((1, 2))
    label = np.array([1.0 if net.predict(rows)[0] >= 0 else -1.0])
    gamma, found = Fraction(label[0]) * exact_predictions(net, rows)[0], norm_upper(net, rows, label)
    lengths = [float(np.hypot(*w) * abs(a)) for w, a in zip(in_range(net).W1.T, in_range(net).w2, strict=True)]
    ratio = Fraction(2) ** int(np.round(np.log2(net.path_norm / sum(lengths))))
    if np.isfinite(found):
        assert gamma > 0 and Fraction(found) * gamma >= ratio * Fraction(sum(lengths)) * (1 - Fraction(1, 10**14))


def test_a_neuron_whose_squares_vanish_is_left_out():
    """Catches a direction that is 0 / 0: beside the others, a neuron of 1e-200 computes nothing."""
    W1 = np.column_stack([BEST.network.W1, np.full(4, 1e-200)])
    net = Network(W1, np.append(BEST.network.w2, 1e-3))
    assert bracket(net, X, y).gap < 1e-6 and multiplier(net, X, y).residual < 1e-6
    assert normalised(net, X, y).m == 2


def test_neurons_with_a_zero_layer_compute_nothing():
    """Catches a logarithm of zero, and a network that loses what it computes."""
    net = Network(np.array([[1.0, 0.0, 3e-200], [2.0, 0.0, 4e-200]]), np.array([1e200, 5.0, 0.0]))
    kept = in_range(net)
    assert kept.m == 1 and 0.25 <= np.abs(kept.W1).max() * abs(kept.w2[0]) <= 1
    ratio = net.predict(np.eye(2)) / kept.predict(np.eye(2))
    assert ratio[0] == ratio[1] and np.frexp(ratio[0])[0] == 0.5
    assert in_range(Network(np.zeros((2, 2)), np.ones(2))).m == 0
    assert norm_upper(Network(np.zeros((2, 2)), np.ones(2)), np.eye(2), np.ones(2)) == np.inf


def test_a_bound_that_floating_point_cannot_decide_is_given_up():
    """Catches a margin of 1e-17 taken for positive, and a height of zero that divides."""
    net = Network(np.array([[1.0, 1.0]]), np.array([1.0, -1.0 + 2e-16]))
    assert net.predict([[1.0]])[0] > 0 and norm_upper(net, np.array([[1.0]]), np.ones(1)) == np.inf
    assert norm_lower(np.ones(2), np.ones(2), 1e-300) == 0 and norm_lower(np.ones(2), np.zeros(2), 0.0) == 0
    assert lower_bound(X, y, np.zeros(12)) == 0


@pytest.mark.parametrize("units", [-900, -600, 400, 900])
def test_no_size_of_the_data_moves_the_bracket(units):
    """Catches squares of the rows that vanish or overflow on the way to a multiplier."""
    found, whole = bracket(BEST.network, np.ldexp(X, units), y), bracket(BEST.network, X, y)
    assert found == Bracket(*np.ldexp(whole, -units)) and whole.gap < 1e-6


def test_a_lower_bound_does_not_see_the_units():
    """Catches a product of X and lam that underflows, or a power of two that is not taken back."""
    lam = best_dual(BEST.network, X, y).lam
    for rows, dual in ((-990, 0), (0, -990), (700, -300)):
        found = lower_bound(np.ldexp(X, rows), y, np.ldexp(lam, dual))
        assert found == np.ldexp(lower_bound(X, y, lam), -rows) > 0


def test_the_gap_is_relative_to_the_lower_bound():
    """Catches a gap relative to the upper bound, which calls a factor of two a half."""
    assert relative_gap(1, 2) == 1 and Bracket(1, 2).gap == 1
    assert relative_gap(0, 2) == np.inf and relative_gap(1, np.inf) == np.inf
    assert relative_gap(2, 1) == 0 and relative_gap(0, 0) == 0


@given(st.integers(0, 10_000))
def test_the_best_of_what_is_suggested_is_no_worse_than_any(seed):
    """Catches a dual variable dropped too early, or judged in other units than the rest."""
    rng = np.random.default_rng(seed)
    data = gaussian(7, 3, rng)
    net = balanced(3, 5, 1.0, rng)
    q = margins(net, data.X, data.y)
    soft = [np.exp(-(q - q.min()) / (np.abs(q).max() * t)) for t in (0.3, 0.1, 0.03, 0.01)]
    best = best_dual(net, data.X, data.y)
    assert data.y @ best.lam == pytest.approx(1)
    assert best.lower == pytest.approx(lower_bound(data.X, data.y, best.lam), rel=1e-9)
    others = [lower_bound(data.X, data.y, data.y * np.where(w > 1e-9 * w.sum(), w, 0.0)) for w in soft]
    assert best.lower >= max(others) * (1 - 1e-9)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_a_scaled_dual_variable_meets_both_constraints(name):
    """Catches a bound from a lam that is too high or too steep."""
    rng, loss = np.random.default_rng(0), LOSSES[name]
    low = decay_lower(5 * y, y, hausdorff(1e-3 * X, 5 * y).upper, loss, 0.7)[1]  # of rows so short, only the slope is
    assert np.abs(low).max() == pytest.approx(min(loss.steepest, 5.0)) and np.abs(low).max() <= loss.steepest
    for _ in range(20):
        lam = y * 10.0 ** rng.uniform(-2, 2) * rng.random(12)
        height = hausdorff(X, lam).upper
        lower, scaled = decay_lower(lam, y, height, loss, 0.7)
        assert hausdorff(X, scaled).upper <= 0.7 * (1 + 1e-12) and np.abs(scaled).max() <= loss.steepest
        for scale in (0.01, 0.3, 1.0, 3.0):
            net = balanced(4, 6, scale, rng)
            value = loss.value(net.predict(X), y).sum() + 0.7 * net.path_norm
            assert max(lower, value * (1 - 1e-14)) <= decay_upper(net, X, y, loss, 0.7) <= value * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_predictions_that_cancel_bound_a_loss_from_above(seed):
    """Neurons of size 1e7 that nearly cancel, in exact fractions: catches a loss at the predictions as computed."""
    rng = np.random.default_rng(seed)
    W = 1e7 * rng.standard_normal((4, 1))
    net = Network(np.hstack([W, W + rng.standard_normal((4, 1))]), np.array([1.0, -1.0]))
    exact = sum((Fraction(label) - f) ** 2 for label, f in zip(y.tolist(), exact_predictions(net, X), strict=True)) / 2
    assert exact <= Fraction(decay_upper(net, X, y, LOSSES["squared"], 1e-30)) <= exact * (1 + Fraction(1, 10**5))


def test_an_overflow_is_infinite_and_not_a_number():
    """Catches inf - inf in the value of a network that is too large."""
    net = Network(np.full((4, 1), 1e200), np.array([1e200]))
    assert decay_upper(net, X, y, LOSSES["squared"], 0.1) == np.inf
    assert upper_bound(net, X, y) == np.inf


def test_rows_without_a_multiplier_do_not_move_a_lower_bound():
    """Catches units taken from a row that lam does not use, in which the others vanish."""
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [1e300, 1e290]]), np.array([1.0, -1.0, 1.0])
    found = lower_bound(X, y, [1.0, -1.0, 0.0])
    assert found == pytest.approx(2, rel=1e-12) and found <= 2
    small, lam = np.vstack([1e-20 * X[:2], X[2:]]), [1.0, -1.0, 0.0]
    assert bracket(balanced(2, 3, 1.0, np.random.default_rng(0)), small, y, lam).lower == pytest.approx(2e20, rel=1e-9)
