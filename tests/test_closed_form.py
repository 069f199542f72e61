"""The exact answers against independent solvers, weak duality, brute force over directions, and values by hand."""

import itertools

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from lib.closed_form import (
    certificate_value,
    class_classifier,
    covering_probability,
    orthogonal_limit_cost,
    orthogonally_separable_optimum,
    race,
)
from lib.data import gaussian, orthogonally_separable
from lib.network import margins


def classifier_by_cone(X):
    w = cp.Variable(X.shape[1])
    problem = cp.Problem(cp.Minimize(cp.norm(w)), [X @ w >= 1])
    problem.solve(solver=cp.CLARABEL)
    return problem.value


def rows_in_a_cone(seed):
    """Separable rows, adversarial: lengths over nine decades, one row twice, one as its multiple, one nearly twice."""
    rng = np.random.default_rng(seed)
    N, d = rng.integers(1, 8), rng.integers(1, 6)
    axis = rng.standard_normal(d)
    X = rng.standard_normal((N, d))
    X *= np.where(X @ axis >= 0, 1.0, -1.0)[:, None]
    X = np.vstack([X, X[:1], 3 * X[:1], X[:1] * (1 + 1e-15)])
    return X * 10 ** rng.uniform(-4, 5, (len(X), 1)) if rng.random() < 0.5 else X


@given(st.integers(0, 10**6))
def test_the_classifier_is_proved_optimal_by_its_multiplier(seed):
    """Weak duality from outside: a wrong support, a factor in the multiplier, or a lost row opens the gap."""
    X = rows_in_a_cone(seed)
    w, lam = class_classifier(X)
    assert (X @ w >= 1 - 1e-12 * np.linalg.norm(w) * np.linalg.norm(X, axis=1)).all()
    assert (lam >= 0).all()
    assert np.linalg.norm(lam @ X) == pytest.approx(1, abs=1e-8)
    assert lam.sum() == pytest.approx(np.linalg.norm(w), rel=1e-8)
    assert lam @ (X @ w - 1) == pytest.approx(0, abs=1e-8 * lam.sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_classifier_has_the_length_that_a_conic_solver_finds(seed):
    X = np.abs(np.random.default_rng(seed).standard_normal((12, 4)))
    assert np.linalg.norm(class_classifier(X).w) == pytest.approx(classifier_by_cone(X), rel=1e-6)


def test_the_classifier_by_hand():
    """Unit vectors: w = ones, lam = 1/sqrt(N) each. Only the shorter of two parallel rows counts."""
    w, lam = class_classifier(np.eye(4))
    assert w == pytest.approx(np.ones(4)) and lam == pytest.approx(np.full(4, 0.5))
    w, lam = class_classifier([[3.0, 4.0], [6.0, 8.0]])
    assert w == pytest.approx([0.12, 0.16]) and lam == pytest.approx([0.2, 0.0])


@pytest.mark.parametrize("X", [[[1, 0], [-1, 0]], [[1, 0], [0, 1], [-1, -1]], [[1, 0], [0, 1], [-1, -1e-9]]])
def test_a_class_that_no_hyperplane_through_the_origin_separates_is_refused(X):
    """Opposite rows, rows around the origin: catches a least-squares answer passed off as a classifier."""
    with pytest.raises(ValueError, match="no w has"):
        class_classifier(X)


def test_a_zero_row_is_named():
    with pytest.raises(ValueError, match="row 1 is zero"):
        class_classifier([[1, 0], [0, 0]])


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(2, 5))
def test_the_separable_optimum_is_a_network_and_a_dual_variable_of_one_value(seed, N, d):
    """Primal and dual feasibility and equal values: catches swapped classes, a sign of lam, a forgotten balance."""
    X, y, _ = orthogonally_separable(N, d, np.random.default_rng(seed))
    optimum = orthogonally_separable_optimum(X, y)
    net = optimum.network
    assert margins(net, X, y).min() >= 1 - 1e-9
    assert net.cost == pytest.approx(optimum.value, rel=1e-10)
    assert net.path_norm == pytest.approx(optimum.value, rel=1e-10)
    assert (y * optimum.lam >= 0).all()
    assert y @ optimum.lam == pytest.approx(optimum.value, rel=1e-10)
    assert certificate_value(X, y, optimum.lam) == pytest.approx(1, abs=1e-9)


@given(st.integers(0, 10**6), st.integers(2, 8))
def test_the_certificate_is_the_maximum_over_all_directions(seed, N):
    """Brute force over 20,000 angles, d = 2, any lam of the right signs: catches a dropped class, or sums over both."""
    rng = np.random.default_rng(seed)
    X, y, _ = orthogonally_separable(N, 2, rng)
    lam = y * rng.exponential(size=N) * (rng.random(N) < 0.8)
    angles = np.linspace(0, 2 * np.pi, 20_000)
    U = np.vstack([np.cos(angles), np.sin(angles)])
    found = np.abs(lam @ np.maximum(X @ U, 0)).max()
    value = certificate_value(X, y, lam)
    assert found <= value * (1 + 1e-12)
    assert found >= value * (1 - 1e-7)


def test_one_class_alone_and_orthogonal_data():
    """X = I_N with labels +1 is not orthogonally separable, as its inner products are 0: catches >= in place of >."""
    X = np.array([[1.0, 0.2], [0.3, 1.0]])
    for label in (1.0, -1.0):
        optimum = orthogonally_separable_optimum(X, np.full(2, label))
        assert optimum.value == pytest.approx(classifier_by_cone(X), rel=1e-6)
        assert optimum.network.m == 1 and np.sign(optimum.network.w2[0]) == label
    with pytest.raises(ValueError, match="rows 0 and 1"):
        orthogonally_separable_optimum(np.eye(3), np.ones(3))
    assert orthogonally_separable_optimum(np.eye(2), [1, -1]).value == pytest.approx(2)  # 0 is allowed across classes


def test_data_that_is_not_orthogonally_separable_is_refused_with_the_pair():
    """The pair, its inner product and the remedy; both kinds of violation; a dual variable of a wrong sign."""
    X = np.array([[1.0, 0.0], [1.0, 0.1], [0.1, 1.0]])
    with pytest.raises(ValueError, match=r"rows 0 and 2 .* 0\.1, but different labels need"):
        orthogonally_separable_optimum(X, [1, 1, -1])
    with pytest.raises(ValueError, match=r"rows 0 and 1 .* -2, but equal labels need .*max_margin"):
        orthogonally_separable_optimum([[1.0, 0.0], [-2.0, 0.0]], [1, 1])
    with pytest.raises(ValueError, match="not orthogonally separable"):
        certificate_value(*gaussian(9, 3, np.random.default_rng(0))[:2], np.zeros(9))
    with pytest.raises(ValueError, match="lam must have the signs of y; row 1"):
        certificate_value([[1.0, 0.0], [-1.0, 0.0]], [1, -1], [0.5, 0.5])


@pytest.mark.parametrize(
    ("sets", "cost"),
    [
        (["111"], np.sqrt(3)),
        (["111", "100", "010"], np.sqrt(3)),
        (["110", "001"], 1 + np.sqrt(2)),
        (["110", "011"], np.sqrt(5)),  # 2 sqrt(1 - p) + sqrt(p) at its maximum, p = 1/5
        (["110", "011", "101"], 3 / np.sqrt(2)),
        (["100", "010", "001"], 3.0),
        (["1100", "0011"], 2 * np.sqrt(2)),
        (["1"], 1.0),
    ],
)
def test_limit_costs_by_hand(sets, cost):
    """lam_n = 1/sqrt(3), then (1/sqrt(2), 1/sqrt(2), 1), ...: catches a set that is ignored and a factor of 2."""
    patterns = np.array([[c == "1" for c in s] for s in sets])
    assert orthogonal_limit_cost(patterns) == pytest.approx(cost, rel=1e-8)


def limit_by_cone(S):
    lam = cp.Variable(S.shape[1], nonneg=True)
    problem = cp.Problem(cp.Maximize(cp.sum(lam)), [cp.norm(lam[np.flatnonzero(s)]) <= 1 for s in S if s.any()])
    problem.solve(solver=cp.CLARABEL)
    return problem.value


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 7))
def test_the_limit_cost_is_the_dual_of_a_conic_solver(seed, N, K):
    """Random families with repeated, nested and empty sets; between sqrt(N) (all in one) and N (all apart)."""
    S = np.random.default_rng(seed).random((K, N)) < 0.5
    if not S.any(axis=0).all():
        with pytest.raises(ValueError, match=f"example {np.flatnonzero(~S.any(axis=0))[0]}"):
            orthogonal_limit_cost(S)
        return
    cost = orthogonal_limit_cost(S)
    assert cost == pytest.approx(limit_by_cone(S), rel=1e-6)
    assert np.sqrt(N) * (1 - 1e-9) <= cost <= N * (1 + 1e-9)
    assert (cost < np.sqrt(N) * (1 + 1e-8)) == S.all(axis=1).any()  # global exactly if some neuron covers all


@pytest.mark.parametrize("sets", [["110", "011"], ["110", "011", "101"], ["110", "001", "010"], ["100", "010", "001"]])
def test_the_limit_cost_is_the_best_margin_of_networks_with_these_sets(sets):
    """The primal view, by brute search: catches an elimination of directions that solves another problem."""
    S = np.array([[c == "1" for c in s] for s in sets], dtype=float)
    rng, best = np.random.default_rng(0), 0.0
    for _ in range(5):
        v = rng.random(S.size)

        def worst(v):
            V = v.reshape(S.shape) * S
            return -V.sum(axis=0).min() / np.linalg.norm(V, axis=1).sum()

        found = minimize(worst, v, method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-10, "fatol": 1e-12})
        best = max(best, -found.fun)
    assert 1 / best == pytest.approx(orthogonal_limit_cost(S), rel=1e-3)


@pytest.mark.parametrize("patterns", [[[0.5, 1.0]], [[2, 1]]])
def test_patterns_that_are_not_boolean_are_refused(patterns):
    """Weights passed instead of their signs would be counted as sets."""
    with pytest.raises(ValueError, match="patterns must be boolean"):
        orthogonal_limit_cost(patterns)


@pytest.mark.parametrize(
    ("lengths", "y"), [([1.0, 1.0], [1.0]), ([1.0, np.nan], [1.0, 1.0]), ([1.0, 1.0], [1.0, -1.0])]
)
def test_a_race_of_other_sizes_is_refused(lengths, y):
    """Catches an error of numpy's where an argument could be named, and a comparison that NaN passes."""
    with pytest.raises(ValueError, match="lengths and y must be positive"):
        race([[True, False], [False, True]], lengths, y)


@pytest.mark.parametrize(("N", "m"), list(itertools.product((1, 2, 3), (0, 1, 2, 3))))
def test_the_covering_probability_by_counting(N, m):
    """Every choice of m sign vectors in N dimensions is counted."""
    vectors = list(itertools.product((False, True), repeat=N))
    covering = [any(all(v) for v in chosen) for chosen in itertools.product(vectors, repeat=m)]
    assert covering_probability(N, m) == pytest.approx(np.mean(covering), abs=1e-14)


def test_the_covering_probability_keeps_its_digits():
    """2^-60 vanishes against 1: catches the formula typed in naively."""
    assert covering_probability(60, 3) == pytest.approx(3 * 2.0**-60, rel=1e-12, abs=0)
    with pytest.raises(ValueError, match="N must be"):
        covering_probability(0, 1)
