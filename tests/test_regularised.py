"""Weight decay: the program written out over all cells, closed forms for one example, both limits."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib.data import gaussian
from lib.kkt import upper_bound
from lib.losses import LOSSES, SMOOTH, get_loss
from lib.network import margins
from lib.patterns import cells
from lib.program import beta_max, interpolate, max_margin, regularised
from lib.program.decay import PENALTIES
from lib.report import report_decay
from lib.zonotope import hausdorff

# l(q), and where l(q) + v q is least: written apart from the library's own table
VALUE = {
    "logistic": lambda q: np.log1p(np.exp(-q)),
    "exponential": lambda q: np.exp(-q),
    "hinge": lambda q: np.clip(1 - q, 0, None),
    "squared": lambda q: 0.5 * (1 - q) ** 2,
}
LEAST_AT = {
    "logistic": lambda v: np.log(1 / np.clip(v, 1e-300, None) - 1),
    "exponential": lambda v: -np.log(np.clip(v, 1e-300, None)),
    "hinge": lambda v: np.ones_like(v),
    "squared": lambda v: 1 - v,
}
WRITTEN = {
    "logistic": lambda q: cp.sum(cp.logistic(-q)),
    "exponential": lambda q: cp.sum(cp.exp(-q)),
    "hinge": lambda q: cp.sum(cp.pos(1 - q)),
    "squared": lambda q: cp.sum_squares(1 - q) / 2,
}
losses = pytest.mark.parametrize("loss", list(VALUE))


def test_every_loss_is_served():
    """Catches a loss without a penalty, without a place in these tests, or that a docstring does not name."""
    assert set(LOSSES) == set(PENALTIES) == set(VALUE) == set(LEAST_AT) == set(WRITTEN)
    assert [name for name in LOSSES if name not in regularised.__doc__] == []
    assert [name for name in SMOOTH if name not in report_decay.__doc__] == []


def written_out(X, y, loss, beta):
    """The program over all cells with their cone constraints, in cvxpy."""
    D = cells(X).patterns.astype(float)
    V = [cp.Variable((len(D), X.shape[1])) for _ in range(2)]
    q = cp.multiply(y, cp.sum(cp.multiply(D.T, X @ (V[0] - V[1]).T), axis=1))
    inside = [cp.multiply((2 * D - 1).T, X @ v.T) >= 0 for v in V]
    norms = sum(cp.sum(cp.norm(v, 2, axis=1)) for v in V)
    problem = cp.Problem(cp.Minimize(WRITTEN[loss](q) + beta * norms), inside)
    problem.solve(solver=cp.CLARABEL)
    return problem.value


def judged(X, y, loss, beta, found, tol):
    """Both values recomputed from the network and lam alone; lam feasible; the gap closed."""
    q = margins(found.network, X, y)
    assert VALUE[loss](q).sum() + beta * found.network.path_norm == pytest.approx(found.primal_value, rel=1e-9)
    assert found.network.cost == pytest.approx(found.network.path_norm, rel=1e-9)
    assert hausdorff(X, found.lam).value <= beta * (1 + 1e-9)
    v = y * found.lam
    assert (v <= 1).all() or loss in ("squared", "exponential")  # beyond, the conjugate is infinite
    assert loss == "squared" or (v >= 0).all()
    at = LEAST_AT[loss](v)
    assert (VALUE[loss](at) + v * at).sum() == pytest.approx(
        found.dual_value, rel=1e-7, abs=1e-9 * min(found.primal_value, 1.0)
    )
    assert found.dual_value <= found.primal_value * (1 + 1e-12)
    assert found.status == "optimal" and found.gap <= 1.01 * tol


@losses
@pytest.mark.parametrize("part", [0.9, 0.3, 0.02])
def test_agrees_with_the_program_written_out(loss, part):
    # catches a wrong conjugate, a lost factor of beta, a squared loss that forgets margins above 1
    X, y, _ = gaussian(7, 2, np.random.default_rng(4))
    beta = part * beta_max(X, y, loss)
    found = regularised(X, y, loss, beta, tol=1e-7)
    judged(X, y, loss, beta, found, 1e-7)
    assert found.primal_value == pytest.approx(written_out(X, y, loss, beta), rel=1e-5)


@settings(max_examples=20)
@given(
    st.sampled_from(list(VALUE)),
    st.floats(0.05, 0.95),
    st.tuples(st.integers(1, 6), st.integers(1, 3)).flatmap(
        lambda shape: st.tuples(
            arrays(np.int64, shape, elements=st.integers(-2, 2)),
            arrays(np.int64, shape[0], elements=st.sampled_from([-1, 1])),
        )
    ),
)
def test_any_data_are_feasible(loss, part, case):
    # zero rows, repeated rows, contradicting labels: the bounds still meet
    X, y = case[0].astype(float), case[1].astype(float)
    largest = beta_max(X, y, loss)
    beta = part * largest if largest > 1e-12 else 1.0  # of rows that cancel, rounding is left
    judged(X, y, loss, beta, regularised(X, y, loss, beta, tol=1e-6), 1e-6)


@losses
def test_a_weight_decay_below_rounding_leaves_an_interval(loss):
    # one row with both labels: the zero network is optimal for every weight decay, but nothing below rounding proves it
    X, y = np.ones((2, 1)), np.array([-1.0, 1.0])
    found = regularised(X, y, loss, 0.5 * beta_max(X, y, loss))
    assert found.dual_value <= found.primal_value == pytest.approx(2 * VALUE[loss](np.zeros(1))[0])


@pytest.mark.parametrize("beta", [0.1, 1.0, 2.5])
def test_one_example_has_closed_forms(beta):
    # one neuron along x with |w2| ||w1|| = a: minimise l(a ||x||) + beta a
    x, length = np.array([[3.0, 4.0]]), 5.0
    squared = regularised(x, [-1.0], "squared", beta, tol=1e-9)
    assert squared.primal_value == pytest.approx(beta / length - beta**2 / (2 * length**2), rel=1e-8)
    assert regularised(x, [1.0], "hinge", beta, tol=1e-9).primal_value == pytest.approx(beta / length, rel=1e-8)
    t = beta / length  # -l'(q) = t
    exponential = regularised(x, [1.0], "exponential", beta, tol=1e-9).primal_value
    assert exponential == pytest.approx(t - t * np.log(t), rel=1e-8)
    entropy = -t * np.log(t) - (1 - t) * np.log(1 - t)
    logistic = regularised(x, [1.0], "logistic", beta, tol=1e-9).primal_value
    assert logistic == pytest.approx(entropy if t < 0.5 else np.log(2), rel=1e-8)


@losses
def test_the_threshold_of_the_zero_network_is_exact(loss):
    X, y, _ = gaussian(9, 3, np.random.default_rng(2))
    threshold, at_zero = beta_max(X, y, loss), 9 * VALUE[loss](np.zeros(1))[0]
    above, below = (regularised(X, y, loss, part * threshold, tol=1e-9) for part in (1.0001, 0.999))
    assert above.network.m == 0 and above.dual_value <= at_zero <= above.primal_value and above.gap < 1e-12
    assert below.network.m > 0 and below.primal_value < at_zero * (1 - 1e-8)
    judged(X, y, loss, 1.0001 * threshold, above, 1e-9)


def test_a_small_weight_decay_with_the_hinge_is_the_largest_margin():
    # exact penalty: for beta max|lam*| <= 1 the hinge program has the value beta P*
    X, y, _ = gaussian(12, 2, np.random.default_rng(7))
    best = max_margin(X, y, tol=1e-8)
    beta = 0.5 / np.abs(best.lam).max()
    assert regularised(X, y, "hinge", beta, tol=1e-8).primal_value == pytest.approx(beta * best.primal_value, rel=1e-6)
    assert regularised(X, y, "hinge", 20 * beta, tol=1e-8).primal_value < 0.99 * 20 * beta * best.primal_value


@pytest.mark.parametrize("loss", ["logistic", "exponential"])
def test_vanishing_weight_decay_tends_to_the_largest_margin(loss):
    X, y, _ = gaussian(10, 2, np.random.default_rng(1))
    best = max_margin(X, y).primal_value
    excess = [upper_bound(regularised(X, y, loss, beta).network, X, y) / best - 1 for beta in (1e-1, 1e-3, 1e-5)]
    assert excess[0] > excess[1] > excess[2] > -1e-6
    assert excess[2] < 0.15


def written_out_in_units(X, y, beta):
    """The exponential loss over all cells, (1 / beta) sum e^-q = sum e^(c - q) for c = log(1 / beta), times beta."""
    D = cells(X).patterns.astype(float)
    V = [cp.Variable((len(D), X.shape[1])) for _ in range(2)]
    q = cp.multiply(y, cp.sum(cp.multiply(D.T, X @ (V[0] - V[1]).T), axis=1))
    inside = [cp.multiply((2 * D - 1).T, X @ v.T) >= 0 for v in V]
    norms = sum(cp.sum(cp.norm(v, 2, axis=1)) for v in V)
    problem = cp.Problem(cp.Minimize(cp.sum(cp.exp(-np.log(beta) - q)) + norms), inside)
    problem.solve(solver=cp.CLARABEL)
    return beta * problem.value


tailed = pytest.mark.parametrize("loss", ["logistic", "exponential"])


def test_the_bound_keeps_the_digits_of_a_small_multiplier():
    # catches entr(1 - v), which is rounded to the digits of 1: then the bound is above the optimum
    v = np.array([1e-16, 1e-13, 1e-8])
    least = v - v * np.log(v) - v**2 / 2
    assert get_loss("logistic").conjugate(v, 1.0) == pytest.approx(least, rel=1e-14)


@tailed
@pytest.mark.parametrize("part", [1e-5, 1e-8, 1e-12])
@pytest.mark.parametrize("size", [1e-4, 1e5])
def test_a_tiny_weight_decay_agrees_with_the_program_in_its_own_units(loss, part, size):
    # catches a conic program whose numbers are of the size of beta; both losses are e^-q at these margins
    X, y, _ = gaussian(9, 2, np.random.default_rng(6))
    X = size * X
    beta = part * beta_max(X, y, loss)
    found = regularised(X, y, loss, beta)
    judged(X, y, loss, beta, found, 1e-6)
    away = 1e-6 if loss == "exponential" else 1e-6 + 100 * part  # a second-order term of the slopes, about beta
    assert found.primal_value == pytest.approx(written_out_in_units(X / size, y, beta / size), rel=10 * away)


@tailed
@pytest.mark.parametrize("t", [1e-4, 1e-7, 1e-10, 1e-13])
def test_one_example_with_a_tiny_weight_decay_has_closed_forms(loss, t):
    # catches 1 - v with the digits of v lost, in the bound or in the program
    entropy = -t * np.log(t) - (1 - t) * np.log1p(-t) if loss == "logistic" else t - t * np.log(t)
    found = regularised([[3.0, 4.0]], [1.0], loss, 5 * t, tol=1e-8)
    assert found.status == "optimal"
    assert found.primal_value == pytest.approx(entropy, rel=1e-8)
    assert found.dual_value <= entropy * (1 + 1e-14)


@pytest.mark.parametrize("loss", ["hinge", "squared"])
@pytest.mark.parametrize("beta", [1e-7, 1e-9, 1e-12])
def test_the_other_losses_are_solved_with_a_tiny_weight_decay(loss, beta):
    # catches an objective divided by so small a beta that the solver loses the hinge's slope
    X, y, _ = gaussian(9, 2, np.random.default_rng(0))
    limit = {"hinge": max_margin, "squared": interpolate}[loss](X, y, tol=1e-8)
    found = regularised(X, y, loss, beta)
    least = beta * limit.primal_value - (0 if loss == "hinge" else beta**2 * (limit.lam @ limit.lam) / 2)
    assert found.status == "optimal" and found.primal_value == pytest.approx(least, rel=2e-5)


@pytest.mark.parametrize(("size", "target", "beta"), [(1.0, 1.0, 1e-300), (1.0, 1e-300, 1e-301), (1e300, 1.0, 0.1)])
def test_numbers_of_any_size_leave_an_interval(size, target, beta):
    # catches vectors whose squares underflow, dropped in one place and not in another
    X, y, _ = gaussian(6, 2, np.random.default_rng(0))
    found = regularised(size * X, target * y, "squared", beta)
    assert 0 <= found.dual_value <= found.primal_value < np.inf


@tailed
@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 3), st.floats(-12, -2))
def test_every_small_weight_decay_is_solved(loss, seed, N, d, exponent):
    # catches margins of a first program without enough blocks, steps that diverge, multipliers that vanish
    X, y, _ = gaussian(N, d, np.random.default_rng(seed))
    X, y = np.vstack([X, 3 * X[0]]), np.append(y, y[0])  # a direction that comes twice, with the same label
    beta = 10**exponent * beta_max(X, y, loss)
    judged(X, y, loss, beta, regularised(X, y, loss, beta), 1e-6)


@pytest.mark.parametrize(
    ("loss", "beta", "words"),
    [
        ("absolute", 1.0, "logistic, exponential, hinge, squared"),
        ("hinge", 0.0, "max_margin"),
        ("hinge", np.nan, "beta"),
        ("hinge", np.inf, "beta"),
    ],
)
def test_bad_arguments_are_refused(loss, beta, words):
    with pytest.raises(ValueError, match=words):
        regularised(np.eye(2), [1.0, -1.0], loss, beta)
