"""Skips, free constants, real targets and recovery: the programs written out over all cells, closed forms."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lib.data import gaussian, whitened
from lib.patterns import cells
from lib.program import beta_max, interpolate, max_margin, recovery, regularised
from lib.zonotope import hausdorff

BESIDE = [("none", True), ("penalised", False), ("penalised", True), ("free", False), ("free", True)]
LOSS = {
    "squared": lambda f, y: cp.sum_squares(f - y) / 2,
    "logistic": lambda f, y: cp.sum(cp.logistic(-cp.multiply(y, f))),
    "hinge": lambda f, y: cp.sum(cp.pos(1 - cp.multiply(y, f))),
}


def written_out(X, y, kind, skip="none", constant=False, beta=1.0, free="none"):
    """The program over all cells with their cone constraints, x'w0, b0, biases and thresholds, in cvxpy."""
    d = X.shape[1]
    rows = {"none": X, "bias": np.c_[X, np.ones(len(X))], "threshold": np.c_[X, -np.ones(len(X))]}[free]
    D = cells(rows).patterns.astype(float)
    V = [cp.Variable((len(D), rows.shape[1])) for _ in range(2)]
    f = cp.sum(cp.multiply(D.T, rows @ (V[0] - V[1]).T), axis=1)
    constraints = [cp.multiply((2 * D - 1).T, rows @ v.T) >= 0 for v in V]
    constraints += [v[:, d] >= 0 for v in V] if free == "threshold" else []
    norms = sum(cp.sum(cp.norm(v[:, :d], 2, axis=1)) for v in V)
    w0, b0 = cp.Variable(d), cp.Variable()
    f = f + (X @ w0 if skip != "none" else 0) + (b0 if constant else 0)
    norms = norms + (cp.norm(w0, 2) if skip == "penalised" else 0)
    if kind in LOSS:
        return cp.Problem(cp.Minimize(LOSS[kind](f, y) + beta * norms), constraints).solve(solver=cp.CLARABEL)
    fit = [f == y] if kind == "fit" else [cp.multiply(y, f) >= 1]
    return cp.Problem(cp.Minimize(norms), constraints + fit).solve(solver=cp.CLARABEL)


def norm_of(found, skip):
    """sum ||v_i|| + ||w0||, recomputed."""
    return found.network.path_norm + (np.linalg.norm(found.w0) if skip == "penalised" else 0.0)


def feasible_dual(X, lam, skip, constant, beta=1.0):
    """The constraints of C0.1, each by itself."""
    assert hausdorff(X, lam).value <= beta * (1 + 1e-9)
    pull, scale = np.linalg.norm(X.T @ lam), np.abs(lam) @ np.linalg.norm(X, axis=1)
    assert {"none": True, "free": pull <= 1e-12 * scale, "penalised": pull <= beta * (1 + 1e-9)}[skip]
    assert not constant or abs(lam.sum()) <= 1e-12 * np.abs(lam).sum()


def drawn(seed):
    rng = np.random.default_rng(seed)
    N, d = [(6, 2), (7, 3), (9, 2)][seed % 3]
    X, t = rng.standard_normal((N, d)), rng.standard_normal(N)
    return X, t, np.where(np.arange(N) % 2, 1.0, -1.0)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("skip", "constant"), BESIDE)
def test_least_norm_agrees_with_the_program_written_out(seed, skip, constant):
    """Catches a lost column, a norm on what is free or none on what is not, targets that are missed, a wrong dual."""
    X, t, _ = drawn(seed)
    found = interpolate(X, t, skip=skip, constant=constant, tol=1e-7)
    assert found.status == "optimal" and found.gap <= 1e-7
    np.testing.assert_allclose(found.predict(X), t, atol=1e-10 * np.abs(t).max())
    assert norm_of(found, skip) == pytest.approx(found.primal_value, rel=1e-9)
    assert t @ found.lam == pytest.approx(found.dual_value, rel=1e-9)
    feasible_dual(X, found.lam, skip, constant)
    assert found.primal_value == pytest.approx(written_out(X, t, "fit", skip, constant), rel=1e-5)


@pytest.mark.parametrize("loss", list(LOSS))
@pytest.mark.parametrize(("skip", "constant"), [("none", False), *BESIDE])
def test_weight_decay_agrees_with_the_program_written_out(loss, skip, constant):
    """Catches a price that is not beta, real targets taken for labels, a constant that is penalised."""
    X, t, y = drawn(2)
    y, beta = (t, 0.2) if loss == "squared" else (y, 0.2)
    found = regularised(X, y, loss, beta, skip=skip, constant=constant, tol=1e-7)
    assert found.status == "optimal" and found.gap <= 1e-7
    f, lam = found.predict(X), found.lam
    assert LOSS[loss](cp.Constant(f), y).value + beta * norm_of(found, skip) == pytest.approx(found.primal_value)
    feasible_dual(X, lam, skip, constant, beta)
    if loss == "squared":
        assert y @ lam - lam @ lam / 2 == pytest.approx(found.dual_value, rel=1e-9)
    assert found.primal_value == pytest.approx(written_out(X, y, loss, skip, constant, beta), rel=1e-5)


@pytest.mark.parametrize(("skip", "constant"), BESIDE)
def test_the_largest_margin_agrees_with_the_program_written_out(skip, constant):
    """Catches rows scaled to length one whose constant is not, margins that the affine part does not enter."""
    X, _, y = drawn(0)
    found = max_margin(X, y, skip=skip, constant=constant, tol=1e-7)
    best = written_out(X, y, "margin", skip, constant)
    assert (y * found.predict(X)).min() == pytest.approx(1, rel=1e-9)
    assert norm_of(found, skip) == pytest.approx(found.primal_value, rel=1e-9)
    feasible_dual(X, found.lam, skip, constant)
    assert found.primal_value == pytest.approx(best, rel=1e-5) and found.gap <= 1e-7


@pytest.mark.parametrize("free", ["bias", "threshold"])
@pytest.mark.parametrize("seed", range(3))
def test_free_biases_and_thresholds_agree_with_the_program_written_out(free, seed):
    """Catches a bias that the norm sees, a threshold of the wrong sign, a multiplier that the oracle does not allow."""
    rng = np.random.default_rng(seed)
    X, t = rng.standard_normal((6, 1 + seed % 2)), rng.standard_normal(6)
    y = np.where(np.arange(6) % 2, 1.0, -1.0)
    found = {
        "squared": regularised(X, t, "squared", 0.2, free=free, tol=1e-7),
        "logistic": regularised(X, y, "logistic", 0.2, free=free, skip="penalised", tol=1e-7),
    }
    if free == "bias":
        found |= {"fit": interpolate(X, t, free=free, tol=1e-7), "margin": max_margin(X, y, free=free, tol=1e-7)}
        np.testing.assert_allclose(found["fit"].predict(X), t, atol=1e-9)
        assert (y * found["margin"].predict(X)).min() == pytest.approx(1, rel=1e-8)
    for kind, one in found.items():
        skip = "penalised" if kind == "logistic" else "none"
        best = written_out(X, t if kind in ("squared", "fit") else y, kind, skip, False, 0.2, free)
        assert one.status == "optimal" and one.primal_value == pytest.approx(best, rel=1e-5)
        bound = 0.2 if kind in LOSS else 1.0
        assert hausdorff(X, one.lam, free=free).value <= bound * (1 + 1e-9)
        assert hausdorff(X, one.lam, free=free).value >= bound * (1 - 1e-5)  # the oracle's supremum is reached


def test_thresholds_are_refused_where_they_may_fit_nothing():
    with pytest.raises(ValueError, match="regularised"):
        max_margin(np.eye(2), [1, -1], free="threshold")
    with pytest.raises(ValueError, match="unknown"):
        interpolate(np.eye(2), [1, -1], free="biases")
    with pytest.raises(ValueError, match="unknown"):
        interpolate(np.eye(2), [1, -1], skip="yes")


def test_nothing_overflows_beside_a_constant():
    """Catches units of small rows in which a far one is infinite, and neurons that vanish in the units of the data."""
    X, y = np.array([[1e-10, 0], [0, 1e-10], [1e-10, 2e-10], [1e305, 1e304]]), np.array([1.0, -1, 1, -1])
    found = max_margin(X, y, constant=True, tol=1e-2, seconds=2)
    assert found.dual_value <= found.primal_value
    X, y = gaussian(12, 2, np.random.default_rng(0))[:2]
    assert interpolate(1e300 * X, 1e-30 * y, constant=True, tol=1e-2, seconds=2).primal_value <= 1e-300


def test_a_multiplier_keeps_what_it_proves_beside_long_columns():
    """Catches a balance asked for to more digits than the least squares behind it can give."""
    X, y = np.array([[1.0, 0], [0, 1], [1e4, 2e4], [2, 1]]), np.array([1.0, -1, 1, -1])
    found = regularised(X, y, "logistic", 0.1, skip="free", tol=1e-3, seconds=2)
    assert 1.4 < found.dual_value <= found.primal_value < 1.7


def test_what_a_free_part_fits_alone_costs_nothing():
    """Catches a gap of infinity at an optimum of zero, and neurons where none are needed."""
    X, t, _ = drawn(1)
    for found in (
        max_margin(X, np.sign(X @ [1.0, 2.0, 3.0]), skip="free"),
        interpolate(X, X @ [1.0, 2.0, 3.0] + 5, skip="free", constant=True),
        interpolate(X, 0 * t),
        regularised(X, np.full(7, 3.0), "squared", 1.0, constant=True),
    ):
        assert found.primal_value <= 1e-9 and found.dual_value >= 0 and found.network.path_norm <= 1e-9


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 1.0, 1e6]), st.sampled_from([1e-6, 1.0, 1e6]))
def test_least_norm_is_a_norm_of_the_targets(seed, c, b):
    """gamma(c t) = c gamma(t), over 1/b for rows times b: catches a tolerance that is absolute anywhere."""
    rng = np.random.default_rng(seed)
    N, d = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    X, t = rng.standard_normal((N, d)), rng.standard_normal(N)
    if d == 1:
        t = np.abs(X[:, 0]) * np.where(X[:, 0] > 0, 2.0, -1.0)
    found, scaled = interpolate(X, t), interpolate(b * X, c * t)
    assert scaled.status == found.status == "optimal"
    assert scaled.primal_value == pytest.approx(found.primal_value * c / b, rel=1e-5)


@pytest.mark.parametrize("c", [1e-160, 1e-12, 1e9, 1e200])
@pytest.mark.parametrize("beside", [{}, {"constant": True}, {"free": "bias"}])
@pytest.mark.parametrize("skip", ["none", "penalised", "free"])
def test_biases_and_constants_have_units_of_their_own(skip, beside, c):
    """P*(cX) = P*(X) / c: catches entries near 1 taken for granted beside ones, lengths that overflow or vanish."""
    X, y = gaussian(12, 2, np.random.default_rng(4))[:2]
    t = y * (1 + np.arange(12) / 12)
    for solve, target in ((max_margin, y), (interpolate, t)):
        found, scaled = (solve(b * X, target, skip=skip, tol=1e-4, seconds=20, **beside) for b in (1.0, c))
        assert max(found.dual_value, scaled.dual_value * c) <= min(found.primal_value, scaled.primal_value * c)
        assert scaled.gap <= 1e-3 or scaled.primal_value * c <= 1e-9
        assert (target * scaled.predict(c * X) / target**2).min() >= 1 - 1e-6
        free = beside.get("free", "none")
        assert hausdorff(X, scaled.lam * c, free=free).value <= 1 + 1e-9
        assert float(target @ scaled.lam) * c == pytest.approx(scaled.dual_value * c, rel=1e-9)


def test_a_far_row_leaves_others_their_digits():
    """Catches units of the largest row, beside which the others cannot be told apart, and neurons lost in them."""
    X, y = gaussian(12, 2, np.random.default_rng(0))[:2]
    X = X * np.where(np.arange(12) == 3, 1e4, 1.0)[:, None]
    for solve in (max_margin, interpolate):
        found = solve(X, y, free="bias", tol=1e-3, seconds=20)
        assert found.status == "optimal" and (y * found.predict(X)).min() >= 1 - 1e-6
    grid, t = 1e11 * np.array([[-1.0], [0], [1], [2], [3]]), np.array([0.0, 0, 1, 2, 0])
    np.testing.assert_allclose(interpolate(grid, t, free="bias").predict(grid), t, atol=1e-6)


@pytest.mark.parametrize(
    ("X", "truth"),
    [
        ([[0.0, 1.0], [1, 1.2], [2, 0], [1e12, 1]], None),
        ([[k, 1e-16 * np.sign(k + 0.5)] for k in range(-4, 4)], 0.0),
        ([[1e8 + k, (k % 3) - 1.0] for k in range(-4, 4)], None),
    ],
)
@pytest.mark.parametrize("beside", [{"constant": True}, {"free": "bias"}])
def test_a_multiplier_that_rounding_unbalances_proves_nothing(X, truth, beside):
    """Catches a lower bound from a lam that does not add up to zero against columns of any size."""
    X, N = np.array(X), len(X)
    y = np.where(np.arange(N) % 2, -1.0, 1.0) if truth is None and N == 4 else np.sign(np.arange(N) - N / 2 + 0.5)
    found = max_margin(X, y, skip="free", tol=1e-3, seconds=2, **beside)
    assert found.dual_value <= found.primal_value and (truth is None or found.dual_value <= truth)
    off = np.abs(X.T @ found.lam), np.abs(X.T) @ np.abs(found.lam)
    assert (off[0] <= 1e-12 * off[1]).all() and abs(found.lam.sum()) <= 1e-12 * np.abs(found.lam).sum()


def test_orthonormal_rows_have_the_norm_of_their_halves():
    """gamma(t) = ||t_+|| + ||t_-|| for X = I: a neuron for the positive targets, one for the negative ones."""
    t = np.array([3.0, 4.0, -5.0, -12.0])
    assert interpolate(np.eye(4), t, tol=1e-8).primal_value == pytest.approx(18.0, rel=1e-8)
    beta = 0.5  # the halves decouple, and each norm shrinks by beta
    value = regularised(np.eye(4), t, "squared", beta, tol=1e-9).primal_value
    assert value == pytest.approx(beta * 18 - beta**2, rel=1e-8)
    assert beta_max(np.eye(4), t, "squared") == pytest.approx(13.0)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[1, 0], [0, 0]], [1, 2], ["row 1", "zero"]),
        ([[1, 0], [2, 0], [0, 1]], [1, 3, 5], ["rows 0, 1", "with_bias"]),
        ([[1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1]], [1, 1, 0, 0, 0, 0], ["rows", "homogeneous"]),
        ([[1, 0], [0, 1]], [1, np.nan], ["y", "NaN"]),
    ],
)
def test_targets_that_no_network_fits_are_refused(X, y, words):
    """Catches a solver that runs on for ever, or fits by weights of 1e9."""
    with pytest.raises(ValueError) as error:
        interpolate(X, y)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_antipodes_fit_when_a_linear_function_does():
    """Catches a feasibility test that refuses all antipodal pairs."""
    X, t = np.array([[1.0, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1]]), np.array([1.0, 2, 3, 0, 0, 0])
    np.testing.assert_allclose(interpolate(X, t).predict(X), t, atol=1e-10)


# --- recovery ----------------------------------------------------------------------------------------


def kappa_in_the_plane(X, w, n=4000):
    """min h s.t. X'lam = w / ||w||, |lam'(Xu)_+| <= h for n directions: from below, by another solver."""
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    F = np.maximum(X @ np.array([np.cos(angles), np.sin(angles)]), 0).T
    A = np.vstack([np.column_stack([F, -np.ones(n)]), np.column_stack([-F, -np.ones(n)])])
    equal = np.column_stack([X.T, np.zeros(2)])
    b = w / np.linalg.norm(w)
    bounds = [(None, None)] * (len(X) + 1)
    return linprog(np.eye(len(X) + 1)[-1], A, np.zeros(2 * n), equal, b, bounds, method="highs").fun


@pytest.mark.parametrize("seed", range(6))
def test_kappa_agrees_with_a_linear_program_over_directions(seed):
    """Catches a normalisation of w, a wrong reciprocal, a multiplier that does not belong to the bound."""
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((int(rng.integers(2, 8)), 2)), rng.standard_normal(2)
    found = recovery(X, w, tol=1e-6)
    assert found.lower <= found.upper <= found.lower * (1 + 1e-6)
    np.testing.assert_allclose(X.T @ found.lam, w / np.linalg.norm(w), atol=1e-9)
    assert hausdorff(X, found.lam).value <= found.upper * (1 + 1e-9)
    below = kappa_in_the_plane(X, w)
    assert below * (1 - 1e-9) <= found.upper and found.lower <= below * (1 + 1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_kappa_decides_recovery(seed):
    """C3.1 both ways: the program of the planted model against ||w||. Flat data, where kappa > 1, are among them."""
    rng = np.random.default_rng(seed)
    X, w = rng.standard_normal((5, 3)) * [1, 1, 0.02 if seed % 2 else 1], rng.standard_normal(3)
    found, best = recovery(X, w), interpolate(X, X @ w, skip="penalised", tol=1e-7)
    if found.upper < 1:
        np.testing.assert_allclose(best.w0, w, atol=1e-4)
        assert best.primal_value == pytest.approx(np.linalg.norm(w), rel=1e-6)
    if found.lower > 1.001:
        assert best.primal_value < np.linalg.norm(w) * (1 - 1e-4)
    assert (found.upper < 1) != (found.lower > 1)


def test_the_progress_of_recovery_encloses_the_answer():
    """Bounds of 1 / kappa, on rows of length 1e3. Catches bounds of kappa itself."""
    rng, lines = np.random.default_rng(0), []
    found = recovery(1e3 * rng.standard_normal((6, 3)), [1.0, 2.0, 3.0], tol=1e-6, progress=lines.append)
    lower, upper = np.array([(line.lower, line.upper) for line in lines]).T
    assert len(lines) > 2 and lower[0] < 0.9 * upper[0] and found.lower > 0.6
    assert (lower * found.lower <= 1 + 1e-9).all() and (upper * found.upper >= 1 - 1e-9).all()
    assert upper[-1] <= lower[-1] * (1 + 1e-6)


def test_kappa_on_symmetric_and_on_one_sided_data():
    """kappa = 1/2 if the rows come in pairs +-x, kappa >= 1 where Xw >= 0; whitened rows have kappa <= 1."""
    rng = np.random.default_rng(3)
    A, w = rng.standard_normal((5, 3)), np.array([1.0, 2.0, 3.0])
    assert recovery(np.vstack([A, -A]), w, tol=1e-7).upper == pytest.approx(0.5, rel=1e-6)
    above = recovery(np.abs(A), w, tol=1e-7)
    assert above.upper >= 1 - 1e-9 and above.lower == pytest.approx(1, rel=1e-6)
    assert recovery(whitened(A), w).upper <= 1 + 1e-3


@pytest.mark.parametrize(("X", "w", "words"), [(np.eye(2), [0, 0], "w must"), ([[1, 0], [2, 0]], [1, 1], "rank")])
def test_recovery_refuses_what_is_not_determined(X, w, words):
    with pytest.raises(ValueError, match=words):
        recovery(X, w)


def test_recovery_is_certified_where_patterns_cannot_be_listed():
    """1.9e7 cells: catches a list of cells. The bound is checked by d_H."""
    X = gaussian(60, 6, np.random.default_rng(0)).X
    found = recovery(X, np.ones(6), tol=0.05)
    assert found.upper <= 1.05 * found.lower
    assert hausdorff(X, found.lam, goal=found.upper).upper <= found.upper * (1 + 1e-9)


@pytest.mark.parametrize("seed", [0, 3, 30])
def test_values_that_nearly_parallel_rows_make_ill_conditioned_are_fitted(seed):
    """Catches weights from normal equations, which square a condition of 1e8: then no network fits."""
    rng = np.random.default_rng(seed)
    X, t = rng.standard_normal((30, 2)), rng.standard_normal(30)
    found = interpolate(X, t)
    assert found.status == "optimal" and found.gap <= 1e-6
    np.testing.assert_allclose(found.predict(X), t, atol=1e-9 * np.abs(t).max())
