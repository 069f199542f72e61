"""Solvers against each other, planted answers, brute force over feasibility, and the maps both ways.

A solution is judged by `lib.kkt`, never by the solver: primal and dual values, stationarity, complementarity apart.
"""

import itertools
import sys
from functools import partial
from time import perf_counter

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from lib.closed_form import orthogonally_separable_optimum
from lib.data import gaussian, load, orthogonally_separable
from lib.kkt import lower_bound, multiplier, residuals, upper_bound
from lib.network import Network, balanced, margins
from lib.patterns import cells
from lib.program import (
    feasible,
    gated_value,
    interpolate,
    max_margin,
    minimal,
    print_progress,
    reference,
    regularised,
    require_feasible,
    to_network,
    to_program,
)
from lib.program.affine import Beside
from lib.program.columns import Estimate, Generation, Times
from lib.program.hats import fitting
from lib.program.margin import HardMargin, Interpolation, _prepared
from lib.program.rounds import nothing
from lib.results import silent
from lib.zonotope import growth, hausdorff, violators


def judged(X, y, solution, tol):
    """The solution proves what it says: recomputed bounds, margins of at least 1, signs of lam, d_H(lam) <= 1."""
    assert upper_bound(solution.network, X, y) == pytest.approx(solution.primal_value, rel=1e-9)
    assert lower_bound(X, y, solution.lam) == pytest.approx(solution.dual_value, rel=1e-7)
    assert 1 - 1e-12 <= margins(solution.network, X, y).min() <= 1 + 1e-8
    assert solution.network.cost == pytest.approx(solution.primal_value, rel=1e-9)
    assert (y * solution.lam >= 0).all()
    assert hausdorff(X, solution.lam).value <= 1 + 1e-9
    assert 0 <= solution.primal_value - solution.dual_value <= 1.01 * tol * solution.primal_value


def on_a_grid(least, most):
    """X and y of so many rows in up to three dimensions: repeated, parallel, antipodal, dependent and zero rows."""
    return st.tuples(st.integers(least, most), st.integers(1, 3)).flatmap(
        lambda shape: st.tuples(
            arrays(np.int64, shape, elements=st.integers(-2, 2)),
            arrays(np.int64, shape[0], elements=st.sampled_from([-1, 1])),
        )
    )


def by_directions(X, y, n):
    """The linear program over n directions of the plane: P* from above, by another road and another solver."""
    angles = np.linspace(0, 2 * np.pi, n, endpoint=False)
    outputs = np.maximum(X @ np.array([np.cos(angles), np.sin(angles)]), 0)
    A = -y[:, None] * np.hstack([outputs, -outputs])
    return linprog(np.ones(2 * n), A_ub=A, b_ub=-np.ones(len(y)), method="highs").fun


def literal(X, y, solver, **settings):
    """The convex program over all cells, in cvxpy, by a solver of one's choice."""
    D = cells(X).patterns.astype(float)
    V_pos, V_neg = (cp.Variable((len(D), X.shape[1])) for _ in range(2))
    q = cp.multiply(y, cp.sum(cp.multiply(D.T, X @ (V_pos - V_neg).T), axis=1))
    inside = [cp.multiply((2 * D - 1).T, X @ V.T) >= 0 for V in (V_pos, V_neg)]
    cost = cp.sum(cp.norm(V_pos, 2, axis=1)) + cp.sum(cp.norm(V_neg, 2, axis=1))
    return float(cp.Problem(cp.Minimize(cost), [q >= 1, *inside]).solve(solver=solver, **settings))


def is_feasible_over_cells(X, y):
    """Feasibility by brute force: a linear program over all cells, with their cone constraints."""
    D = cells(X).patterns
    p, (N, d) = len(D), X.shape
    blocks = np.concatenate([D[j][:, None] * X for j in range(p)], axis=1)
    inside = np.zeros((p * N, p * d))
    for j in range(p):
        inside[j * N : (j + 1) * N, j * d : (j + 1) * d] = -np.where(D[j], 1, -1)[:, None] * X
    zero = np.zeros_like(inside)
    A = np.vstack([-y[:, None] * np.hstack([blocks, -blocks]), np.hstack([inside, zero]), np.hstack([zero, inside])])
    b = np.append(-np.ones(N), np.zeros(2 * p * N))
    return linprog(np.zeros(2 * p * d), A_ub=A, b_ub=b, bounds=(None, None), method="highs").status == 0


# --- values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_two_conic_solvers_agree_on_small_and_degenerate_data(seed):
    """An interior-point and a splitting method: an error that both share with us would have to be in the program."""
    rng = np.random.default_rng(seed)
    shape = int(rng.integers(1, 8)), int(rng.integers(1, 4))
    X = rng.integers(-2, 3, shape).astype(float) if seed % 2 else np.round(rng.standard_normal(shape), 1)
    y = rng.choice([-1.0, 1.0], shape[0])
    if not feasible(X, y):
        assert not is_feasible_over_cells(X, y)
        return
    value = max_margin(X, y, tol=1e-8).primal_value
    assert literal(X, y, cp.CLARABEL) == pytest.approx(value, rel=1e-5)
    assert literal(X, y, cp.SCS, eps_abs=1e-7, eps_rel=1e-7, max_iters=50_000) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(("N", "d", "seed"), [(8, 2, 0), (12, 2, 1), (10, 3, 2), (20, 3, 0), (9, 4, 3)])
def test_column_generation_agrees_with_the_program_written_out(N, d, seed):
    X, y, _ = gaussian(N, d, np.random.default_rng(seed))
    solution = max_margin(X, y, tol=1e-8)
    assert solution.status == "optimal"
    judged(X, y, solution, 1e-8)
    assert solution.primal_value == pytest.approx(reference(X, y).primal_value, rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_and_with_a_linear_program_over_directions(seed):
    X, y, _ = gaussian(9, 2, np.random.default_rng(seed))
    value, n = max_margin(X, y, tol=1e-8).primal_value, 4000
    above = by_directions(X, y, n)
    assert value <= above * (1 + 1e-9)
    assert above <= value * (1 + 100 / n)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_the_planted_optimum_is_found(seed):
    rng = np.random.default_rng(seed)
    X, y, _ = orthogonally_separable(int(rng.integers(2, 12)), int(rng.integers(2, 6)), rng)
    solution = max_margin(X, y, tol=1e-8)
    judged(X, y, solution, 1e-8)
    assert solution.primal_value == pytest.approx(orthogonally_separable_optimum(X, y).value, rel=2e-8)


@pytest.mark.parametrize("N", [1, 2, 5])
def test_one_class_alone_is_legitimate(N):
    solution = max_margin(np.eye(N), np.ones(N))
    assert solution.primal_value == pytest.approx(np.sqrt(N), rel=1e-6)


def test_iris_has_the_certified_optimum_that_the_book_states():
    X, y, _ = load("iris")
    solution = max_margin(X, y, tol=1e-7)
    judged(X, y, solution, 1e-7)
    assert solution.primal_value == pytest.approx(16.7762, abs=1e-4)


def test_the_four_conditions_hold_at_the_optimum_and_each_by_itself():
    X, y, _ = gaussian(12, 3, np.random.default_rng(5))
    solution = max_margin(X, y, tol=1e-10)
    found = residuals(solution.network, X, y, solution.lam)
    assert found.primal < 1e-9
    assert found.dual == 0
    assert found.complementarity < 1e-6
    assert multiplier(solution.network, X, y).residual < 1e-5


@pytest.mark.parametrize("c", [1e-6, 1.0, 1e6])
def test_the_value_scales_as_one_over_the_data(c):
    X, y, _ = gaussian(10, 2, np.random.default_rng(1))
    assert max_margin(c * X, y).primal_value * c == pytest.approx(max_margin(X, y).primal_value, rel=1e-5)


def test_nearly_infeasible_data_are_solved_in_relative_terms():
    # two rows an angle of 1e-4 apart with different labels: P* is at least 1e4
    X, y = np.array([[1.0, 0.0], [1.0, 1e-4]]), np.array([1.0, -1.0])
    solution = max_margin(X, y)
    assert solution.primal_value > 1e4
    judged(X, y, solution, 1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_tiny_data_do_not_make_the_rounds_cycle(seed):
    # few blocks, of which each is idle without another: dropping idle ones at once goes round in circles
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((3, 2)), rng.choice([-1.0, 1.0], 3)
    solution = max_margin(X, y)
    assert solution.status == "optimal"
    judged(X, y, solution, 1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_crowded_data_in_the_plane_are_solved(seed):
    # catches a penalty made stiffer again and again where climbing missed a block, without asking for a proof
    X, y, _ = gaussian(200, 2, np.random.default_rng(seed))
    solution = max_margin(X, y)
    assert solution.status == "optimal"
    judged(X, y, solution, 1e-6)


def test_fewer_neurons_than_the_optimum_needs_cost_strictly_more():
    # the negative control of the equivalence: m* neurons reach P*, and no one of them can be spared
    X, y, _ = gaussian(8, 2, np.random.default_rng(0))
    net = minimal(max_margin(X, y, tol=1e-8).network, X)
    assert net.m <= len(X)
    for i in range(net.m):
        fewer = Network(np.delete(net.W1, i, axis=1), np.delete(net.w2, i))
        assert upper_bound(fewer, X, y) > 1.001 * upper_bound(net, X, y)


def test_the_gated_program_is_a_lower_bound_and_not_tight_here():
    X, y, _ = gaussian(12, 2, np.random.default_rng(0))
    assert gated_value(X, y) < 0.99 * max_margin(X, y).primal_value


@settings(max_examples=25)
@given(on_a_grid(1, 5))
def test_degenerate_data_have_the_value_of_the_program_written_out(case):
    # repeated, parallel, antipodal and dependent rows: neurons sit on kinks of both classes, many at a time
    X, y = case[0].astype(float), case[1].astype(float)
    if not feasible(X, y):
        return
    solution, written = max_margin(X, y, tol=1e-7), reference(X, y)
    assert solution.status == "optimal"
    judged(X, y, solution, 1e-7)
    assert written.dual_value * (1 - 1e-7) <= solution.primal_value
    assert solution.dual_value <= written.primal_value * (1 + 1e-7)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_rows_of_very_different_lengths_are_solved_in_relative_terms(seed):
    # a tolerance that is absolute anywhere loses the long rows, whose neurons are ten million times shorter
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(int(rng.integers(2, 8)), int(rng.integers(2, 4)), rng)
    X = X * 10.0 ** rng.integers(-4, 5, (len(X), 1))
    solution = max_margin(X, y)
    assert solution.status == "optimal"
    # margins of 1 on long rows are differences of large numbers: they are known to fewer digits
    assert upper_bound(solution.network, X, y) == pytest.approx(solution.primal_value, rel=1e-6)
    assert lower_bound(X, y, solution.lam) == pytest.approx(solution.dual_value, rel=1e-6)


@pytest.mark.parametrize("angle", [1.0, 1e-2, 1e-4, 1e-6])
def test_two_close_rows_with_different_labels_have_the_value_two_over_the_sine(angle):
    # each row needs its own neuron, on the kink of the other row: lam = (1, -1) / sin(angle)
    X, y = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]]), np.array([1.0, -1.0])
    solution = max_margin(X, y)
    judged(X, y, solution, 1e-6)
    assert solution.primal_value == pytest.approx(2 / np.sin(angle), rel=1e-6)


def test_more_rows_than_the_first_program_holds():
    # rows enter by violation: a row that never enters shows in the least margin
    X, y, _ = orthogonally_separable(700, 3, np.random.default_rng(2))
    solution = max_margin(X, y)
    judged(X, y, solution, 1e-6)
    assert solution.primal_value == pytest.approx(orthogonally_separable_optimum(X, y).value, rel=2e-6)


def test_names_of_the_classes_and_order_of_the_rows_do_not_matter():
    X, y, _ = gaussian(14, 3, np.random.default_rng(9))
    order = np.random.default_rng(0).permutation(14)
    values = [max_margin(*data, tol=1e-8).primal_value for data in ((X, y), (X, -y), (X[order], y[order]))]
    np.testing.assert_allclose(values, values[0], rtol=2e-8)


def test_no_time_still_leaves_an_honest_interval():
    X, y, _ = gaussian(40, 3, np.random.default_rng(0))
    solution, best = max_margin(X, y, seconds=0.0), max_margin(X, y).primal_value
    assert solution.status == "out of time" and solution.rounds == 1  # a linear program
    assert 0 < solution.dual_value <= best <= solution.primal_value < 20 * best  # a network is found even then
    assert margins(solution.network, X, y).min() == pytest.approx(1, rel=1e-9)
    assert solution.dual_value * (1 - 1e-12) <= lower_bound(X, y, solution.lam) <= best


# --- feasibility -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        ([[1, 0], [0, 0]], [1, 1], ["row 1", "zero"]),
        ([[1, 0], [0, 1], [2, 0]], [1, 1, -1], ["0 and 2", "positive multiples", "append a bias"]),
        ([[1, 3, 1], [0, 1, 1], [1, 3, 1]], [1, 1, -1], ["0 and 2 of X are equal", "drop one, or add a feature"]),
        ([[1, 3], [0, 1], [1, 3 + 4e-15]], [1, 1, -1], ["0 and 2 of X differ by 1e-15", "which is rounding"]),
        ([[1, 0], [0, 1], [1, 1], [-1, 0], [0, -1], [-1, -1]], [1, 1, -1, -1, -1, 1], ["antipodes", "bias"]),
    ],
)
def test_infeasible_data_are_refused_naming_the_rows(X, y, words):
    with pytest.raises(ValueError) as error:
        max_margin(X, y)
    assert all(word in str(error.value) for word in words), str(error.value)


@settings(max_examples=60)
@given(on_a_grid(2, 6))
def test_feasibility_agrees_with_linear_programs_over_all_cells(case):
    X, y = case[0].astype(float), case[1].astype(float)
    try:
        require_feasible(X, y, X[:, :0])
        feasible = True
    except ValueError:
        feasible = False
    assert feasible == is_feasible_over_cells(X, y)


# --- maps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_round_trips_keep_predictions_and_do_not_raise_the_cost(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((10, 3))
    net = balanced(3, 25, 1.3, rng)
    patterns, V_pos, V_neg = to_program(net, X)
    back = to_network(V_pos, V_neg)
    np.testing.assert_allclose(back.predict(X), net.predict(X), atol=1e-9)
    assert back.path_norm <= net.path_norm * (1 + 1e-12)
    assert back.cost == pytest.approx(back.path_norm)
    for V in (V_pos, V_neg):  # every vector lies in the closed cell of its pattern
        assert ((2.0 * patterns - 1) * (V @ X.T) >= -1e-12).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_minimal_network_has_at_most_as_many_neurons_as_examples(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((6, 3))
    net = balanced(3, 40, 1.0, rng)
    small = minimal(net, X)
    assert small.m <= 6
    np.testing.assert_allclose(small.predict(X), net.predict(X), atol=1e-8)
    assert small.path_norm <= net.path_norm * (1 + 1e-9)


def test_no_neurons_are_a_network():
    """Catches a refusal of the zero network, which large weight decay asks for, and of a side that is not used."""
    assert minimal(Network(np.zeros((2, 0)), np.zeros(0)), np.eye(2)).m == 0
    one = to_network(np.zeros((0, 2)), [[3.0, 4.0]])
    np.testing.assert_allclose(one.predict(np.eye(2)), [-3.0, -4.0])
    with pytest.raises(ValueError, match="V_neg has NaN"):
        to_network(np.zeros((0, 2)), [[np.nan, 4.0]])


# --- manners ---------------------------------------------------------------------------------------


def test_an_interrupt_returns_the_best_bracket_so_far():
    """Catches an interrupt that loses what is proved, or is not said: after the first round something is left to do."""
    X, y, _ = gaussian(100, 3, np.random.default_rng(0))
    rounds = []

    def stop(at):
        rounds.append(at)
        if len(rounds) == 1:
            raise KeyboardInterrupt

    solution = max_margin(X, y, progress=stop)
    assert solution.status == "interrupted"
    assert solution.dual_value <= max_margin(X, y).primal_value <= solution.primal_value * (1 + 1e-9)
    assert solution.dual_value > 0


def test_progress_speaks_only_in_long_runs(capsys):
    X, y, _ = gaussian(8, 2, np.random.default_rng(0))
    max_margin(X, y, progress=print_progress)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("tol", [0.0, -1e-3, np.nan])
def test_an_impossible_tolerance_is_refused(tol):
    with pytest.raises(ValueError, match="tol"):
        max_margin(np.eye(2), [1, 1], tol=tol)


# --- deadlines -------------------------------------------------------------------------------------


def clocked(monkeypatch, call):
    """The answer, and the time it took by a clock that moves a millisecond whenever the library looks at it."""
    ticks = itertools.count()
    for name, module in list(sys.modules.items()):
        if name.startswith("lib.") and hasattr(module, "perf_counter"):
            monkeypatch.setattr(module, "perf_counter", lambda: next(ticks) / 1000)
    return call(), next(ticks) / 1000


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0])
def test_weight_decay_keeps_its_deadline(monkeypatch, seconds):
    """Catches time that is spent before the rounds begin, on the question whether the zero network is optimal."""
    X, y, _ = load("breast-cancer")
    found, took = clocked(monkeypatch, lambda: regularised(X, y, "logistic", 0.5, tol=1e-2, seconds=seconds))
    assert took <= 1.1 * seconds + 0.5
    assert 0 < found.dual_value <= 14.182 and found.primal_value >= 11.279  # of benchmarks/deadlines.md


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 0.3, 2.0])
def test_bounds_hold_at_any_deadline_and_the_proof_is_part_of_it(monkeypatch, seconds):
    """Catches a loop that does not look at the clock, a bound that is valid only once a proof is finished.

    Thirty-one features: the multiplier of all rows cannot be proved in this time, few rows can. P* <= 8.89596.
    """
    X, y, _ = load("breast-cancer")
    found, took = clocked(monkeypatch, lambda: max_margin(X, y, seconds=seconds))
    assert took <= 1.1 * seconds + 0.5
    assert found.status == "out of time"
    assert 0 < found.dual_value <= 8.896 and found.primal_value >= 8.85
    assert hausdorff(X, found.lam, seconds=5.0).value <= 1 + 1e-9


KINDS = {
    "gaussian": lambda N, d, rng: rng.standard_normal((N, d)),
    "on a grid": lambda N, d, rng: rng.integers(-2, 3, (N, d)).astype(float),
    "opposite": lambda N, d, rng: np.vstack([X := rng.integers(-1, 2, (N, d)).astype(float), -X[::2]]),
    "nearly on a line": lambda N, d, rng: rng.standard_normal((N, 1)) + 1e-6 * rng.standard_normal((N, d)),
    "of all sizes": lambda N, d, rng: rng.standard_normal((N, d)) * 10.0 ** rng.integers(-6, 7, (N, 1)),
}


@settings(max_examples=40)
@given(
    st.integers(0, 10_000),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from([0.0, 0.01, 0.05]),
    st.sampled_from(["none", "bias"]),
    st.sampled_from([max_margin, interpolate, partial(regularised, loss="hinge", beta=0.1)]),
)
def test_no_deadline_makes_a_bound_wrong(seed, kind, seconds, free, call):
    """Catches bounds of unfinished proofs and of few rows that are not bounds: against a better answer.

    Data that cannot be fitted are refused with and without a deadline.
    """
    rng = np.random.default_rng(seed)
    X = KINDS[kind](int(rng.integers(2, 20)), int(rng.integers(1, 6)), rng)
    y = rng.choice([-1.0, 1.0], len(X))
    answers, refusals = [], []
    for options in ({"seconds": seconds}, {"tol": 1e-2, "seconds": 2.0}):
        try:
            answers.append(call(X, y, free=free, **options))
        except ValueError as error:
            refusals.append(str(error))
    if refusals:
        assert len(set(refusals)) == 1 and not answers
        assert any(word in refusals[0] for word in ("infeasible", "no network"))
        return
    hasty, better = answers
    lower, upper = max(hasty.dual_value, better.dual_value), min(hasty.primal_value, better.primal_value)
    assert 0 <= lower <= upper * (1 + 1e-9)


@pytest.mark.parametrize(("N", "d", "seconds"), [(40, 12, 1.0), (30, 3, np.inf), (120, 5, 2.0)])
def test_the_interval_is_finite_from_the_first_line_on_and_only_shrinks(monkeypatch, N, d, seconds):
    """Catches a first line without a bound, and a better bound that is replaced by a worse one."""
    X, y, _ = gaussian(N, d, np.random.default_rng(0))
    for call in (max_margin, interpolate, partial(regularised, loss="logistic", beta=0.1)):
        lines = []
        clocked(monkeypatch, lambda: call(X, y, seconds=seconds, progress=lines.append))  # noqa: B023
        lower, upper = np.array([(line.lower, line.upper) for line in lines]).T
        assert np.isfinite(upper).all() and (lower > 0).all()
        assert (np.diff(lower) >= 0).all() and (np.diff(upper) <= 0).all() and (lower <= upper).all()


@settings(max_examples=100)
@given(
    on_a_grid(2, 7),
    st.sampled_from(["none", "bias"]),
    st.integers(0, 3),
)
def test_a_network_with_hats_fits_whatever_can_be_fitted(case, free, seed):
    """Catches hats that other rows see, lines with both labels, biases: parallel, opposite and equal rows on a grid.

    For labels and for targets that some network has, from networks that fit nothing.
    """
    X, y, rng = case[0].astype(float), case[1].astype(float), np.random.default_rng(seed)
    rows, columns, _, _ = _prepared(X, Beside.of("none", False, free))
    try:
        require_feasible(rows, y, columns.unpriced)
    except ValueError:
        return
    targets = Network(rng.standard_normal((rows.shape[1], 4)), rng.standard_normal(4)).predict(rows)
    V, s = rng.standard_normal((seed, rows.shape[1])), np.sign(rng.standard_normal(seed))
    z = np.zeros(columns.unpriced.shape[1])
    margin = HardMargin(rows, y, np.ones(len(y)), columns, len(y), free=free)
    twice = np.repeat([1.0, -1.0], len(y)), np.append(targets, -targets)
    fit = Interpolation(np.vstack([rows, rows]), *twice, columns.twice(), len(y), free=free)
    for problem in (margin, fit):
        found = fitting(problem, V, s, z, False)
        assert (problem.y * problem.outputs(*found) - problem.a).min() > -1e-9


def test_hats_stand_on_lines_that_a_linear_function_would_tear():
    """Catches a linear function that is chosen for some of the lines with both labels and spoils the others."""
    X, y = np.array([[1.0, 0.0], [-1, 0], [1, 1], [-1, -1]]), np.array([1.0, -1, -1, 1])
    problem = HardMargin(X, y, np.ones(4), Beside.of("none", False, "none").columns(X), 4)
    found = fitting(problem, np.array([[0.0, -1.0], [0.0, 1.0]]), np.array([1.0, -1.0]), np.zeros(0), False)
    assert (y * problem.outputs(*found)).min() > 1 - 1e-9


def test_targets_of_rounding_leave_a_multiplier_that_obeys_the_bias():
    """Catches a multiplier whose large entries cancel, and whose small one is then left alone: 1'lam != 0."""
    X = np.array([[0.0, 1.0], [1, 0], [1, 1], [2, -1]])
    for small in (-1e-17, -1e-15, 1e-16):
        found = regularised(X, [1, 1, 1, small], "squared", 0.1, free="bias")
        assert found.status == "optimal" and abs(found.lam.sum()) <= 1e-12 * np.abs(found.lam).sum()
    free, rng = Beside.of("none", False, "bias").columns(np.zeros((2, 2))), np.random.default_rng(0)
    for _ in range(300):
        lam = free.balanced(rng.standard_normal(2) * 10.0 ** rng.integers(-8, 1, 2))
        assert abs(lam.sum()) <= 8 * np.finfo(float).eps * np.abs(lam).sum()


def test_whether_zero_is_optimal_is_given_up_in_many_dimensions(monkeypatch):
    """Catches a search without an end: beta a little above d_H, where a proof would visit ever more nodes."""
    monkeypatch.setattr("lib.program.columns.NODES", 300)
    X, y, _ = gaussian(60, 10, np.random.default_rng(0))
    beta = 1.001 * hausdorff(X, y / 2, nodes=300).value
    found = regularised(X, y, "logistic", beta, tol=0.5)
    assert found.dual_value <= found.primal_value <= 60 * np.log(2) * (1 + 1e-12)


def test_few_rows_come_to_an_end_without_a_deadline(monkeypatch):
    """Catches rows that are added for ever: an unfinished proof, and a multiplier that lacks some of its rows."""
    monkeypatch.setattr("lib.program.columns.NODES", 0)
    X, y, _ = gaussian(60, 4, np.random.default_rng(0))
    found = max_margin(X, y, tol=1e-7)
    assert found.dual_value <= found.primal_value


def test_few_rows_bound_from_below_and_all_rows_meet_the_optimum():
    """P* of some rows is at most P*, and a multiplier of them is one of all: catches one out of place."""
    X, y, _ = gaussian(30, 3, np.random.default_rng(4))
    best = max_margin(X, y, tol=1e-8)
    weights = np.abs(best.lam) * np.linalg.norm(X, axis=1)
    some = np.argsort(-weights)[: int((best.lam != 0).sum())]
    values = [max_margin(X[some[:k]], y[some[:k]], tol=1e-8).primal_value for k in (4, 8, len(some))]
    assert values[0] <= values[1] * (1 + 1e-7) and values[1] < values[2] * (1 - 1e-3)
    assert values[2] == pytest.approx(best.primal_value, rel=1e-6)


@pytest.mark.slow
def test_an_unfinished_proof_gives_way_to_few_rows(monkeypatch):
    """Catches the switch to few rows: with proofs cut after some nodes, their bound is still far above the root's."""
    monkeypatch.setattr("lib.program.columns.NODES", 300)
    X, y, _ = gaussian(60, 8, np.random.default_rng(0))
    found = max_margin(X, y, tol=1e-3)
    exact = max_margin(X, y, tol=0.05, seconds=60)
    assert 0.3 * exact.dual_value < found.dual_value <= exact.primal_value
    assert hausdorff(X, found.lam, goal=1.0, seconds=20.0).upper <= 1 + 1e-9


def generation(X, y, tol, times):
    """The work on the largest margin, before its first round."""
    columns = Beside.of("none", False, "none").columns(X)
    return Generation(nothing(HardMargin(X, y, np.ones(len(y)), columns, len(y)), 1e-9), tol, times, silent)


def test_a_proof_that_is_refuted_at_a_glance_ends_there_and_brings_what_refutes_it():
    """Catches minutes of proof for a multiplier that the first climbs contradict, and neurons that are thrown away."""
    X, y, _ = gaussian(100, 20, np.random.default_rng(0))
    work, lam = generation(X, y, 1e-3, Times.of(np.inf)), y / 2
    found = work.prove(Estimate(1.0, lam, hausdorff(X, lam, nodes=0).value / 2), np.inf)
    assert work.short == 0 and len(found.values) > 1
    assert found.values == pytest.approx(growth(X, lam, found.U, found.s))
    assert work._retry(found) and len(work.state.blocks) > 1


@pytest.mark.parametrize("whole", [0.3, 1.0])
def test_a_proof_with_too_many_open_nodes_is_given_up_where_few_rows_are_left_to_try(whole, monkeypatch):
    """Catches time that goes into a bound which falls no more; and a last proof that is left before its end."""
    monkeypatch.setattr("lib.zonotope.distance.MANY", 100)
    monkeypatch.setattr("lib.program.columns.NODES", 20_000)
    X, y, _ = gaussian(100, 20, np.random.default_rng(0))
    lam, kept = y / 2, []
    height = 1.001 * hausdorff(X, lam, nodes=2000).value
    search = HardMargin.search
    monkeypatch.setattr(HardMargin, "search", lambda *arguments: kept.append(search(*arguments)) or kept[-1])
    work = generation(X, y, 1e-3, Times.of(np.inf, whole))
    work.prove(Estimate(1.0, lam, height), np.inf)
    assert work.short > 0.1 and kept[0].full
    assert work._given_up == (whole < 1) == (kept[0].nodes < 20_000)


@pytest.mark.parametrize("rounds", [np.inf, 0.0])
def test_after_a_hopeless_proof_no_other_is_tried_with_all_rows(rounds, monkeypatch):
    """Catches time that goes into proofs of all rows, where few rows would prove more: after rounds, or in them."""
    X, y, _ = gaussian(40, 8, np.random.default_rng(0))
    work = generation(X, y, 1e-3, Times(perf_counter(), rounds, np.inf, 0.3))
    work.begin()
    work.short = 0.5
    assert work.interval.gap > 0.1
    monkeypatch.setattr(Generation, "prove", lambda *_: pytest.fail("a proof with all rows"))
    work.run()


@pytest.mark.parametrize("free", ["none", "bias"])
def test_without_time_some_network_fits(free):
    """Catches an interval that is open above, and coefficients of the affine part that are missing."""
    X, y, _ = gaussian(60, 5, np.random.default_rng(0))
    for call in (max_margin, interpolate):
        found = call(X, y, seconds=0.0, free=free, constant=True)
        assert 0 <= found.dual_value <= found.primal_value < np.inf
        assert np.isfinite(found.predict(X)).all()


def test_a_first_program_cut_to_fit_the_time_still_leads_to_the_optimum(monkeypatch):
    """Catches rows or blocks that are lost for ever when the first program is made smaller."""
    X, y, _ = gaussian(40, 3, np.random.default_rng(0))
    best = max_margin(X, y).primal_value
    monkeypatch.setattr("lib.program.rounds.SECONDS", 0.01)
    found = max_margin(X, y, seconds=100.0)
    assert found.status == "optimal"
    assert found.primal_value == pytest.approx(best, rel=2e-6)


def test_climbs_without_time_find_nothing_that_is_not_there():
    """Catches values of directions that a climb had not finished."""
    X, y, _ = gaussian(80, 6, np.random.default_rng(0))
    found = violators(X, y, 0.0, until=0.0)
    np.testing.assert_allclose(found.values, growth(X, y, found.U, found.s), rtol=1e-12)
