"""Cells and counts against each other, brute force, linear programs and known families."""

from fractions import Fraction
from itertools import product
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from lib.patterns import cells, count, cover, rank, sample, stream

small = st.tuples(st.integers(1, 8), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(-2, 2))
)


def patterns_by_linear_programs(X):
    """All sign vectors s of the nonzero rows for which s_n x_n'h >= 1 has a solution."""
    rows = X[X.any(axis=1)].astype(float)
    free = [(None, None)] * X.shape[1]
    found = set()
    for signs in product((1, -1), repeat=len(rows)):
        A = -np.array(signs)[:, None] * rows
        if linprog(np.zeros(X.shape[1]), A_ub=A, b_ub=-np.ones(len(rows)), bounds=free).status == 0:
            found.add(signs)
    return found


@settings(max_examples=25)
@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 3)), elements=st.integers(-2, 2)))
def test_cells_are_the_feasible_sign_vectors(X):
    # would catch a missing, a doubled or an impossible cell, on any degenerate data
    found = cells(X).patterns[:, X.any(axis=1)]
    listed = {tuple(np.where(pattern, 1, -1)) for pattern in found}
    assert len(listed) == len(found)
    if X.any():
        assert listed == patterns_by_linear_programs(X)


@given(small)
def test_counting_and_listing_agree_and_witnesses_are_interior(X):
    # two independent algorithms: residues modulo primes, and patterns with witnesses
    found = cells(X)
    assert len(found) == count(X) == len(np.unique(found.packed, axis=0))
    height = found.H @ X.T
    np.testing.assert_array_equal(height >= 0, found.patterns)
    assert (np.abs(height[:, X.any(axis=1)]) > 0).all()
    np.testing.assert_allclose(np.linalg.norm(found.H, axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(("N", "d"), [(1, 1), (1, 3), (2, 2), (5, 2), (9, 3), (12, 4), (10, 5), (3, 6), (40, 3)])
def test_general_position_gives_covers_number(N, d):
    X = np.random.default_rng(N * d).standard_normal((N, d))
    assert rank(X) == min(N, d)
    assert len(cells(X)) == count(X) == cover(N, min(N, d))


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_braid_arrangement_has_n_factorial_cells(n):
    X = [[(k == i) - (k == j) for k in range(n)] for i in range(n) for j in range(i)]
    assert count(X) == factorial(n)
    assert len(cells(X)) == factorial(n)


def test_named_degenerate_cases():
    assert count(np.zeros((3, 2))) == 1  # zero rows bound nothing
    assert cells(np.zeros((3, 2))).patterns.all()
    assert count([[1, 2], [2, 4], [-1, -2], [0, 0]]) == 2  # one line
    assert count(np.eye(6)) == 64
    assert count([[1, 0, 1], [0, 1, 1], [1, 1, 2]]) == 6  # rank two in three dimensions
    assert rank([[1, 0, 1], [0, 1, 1], [1, 1, 2]]) == 2


@pytest.mark.parametrize("power", [-150, -20, 20, 150])
def test_rescaling_rows_changes_nothing(power):
    X = np.random.default_rng(3).integers(-3, 4, (8, 3)).astype(float)
    scaled = X * 10.0 ** np.where(np.arange(8) % 2, power, 0)[:, None]
    # multiplying by 10^-150 rounds, so rows that depended may no longer: the rows here stay parallel to themselves
    assert count(scaled[:, :1]) == count(X[:, :1])
    powers = X * 2.0 ** np.where(np.arange(8) % 2, 3 * power, 0)[:, None]
    assert count(powers) == count(X)
    np.testing.assert_array_equal(np.unique(cells(powers).packed, axis=0), np.unique(cells(X).packed, axis=0))


def test_floats_are_the_rationals_they_are():
    # 0.1 + 0.2 is not 0.3 in binary: three rows that depend as decimals do not as floats
    assert count([[0.1, 1.0], [0.2, 1.0], [0.3, 1.0]]) == 6
    X = np.array([[1.0, 0.1, 0.0], [1.0, 0.2, 0.0], [0.0, 0.1 + 0.2, 0.0], [0.0, 0.3, 0.0], [0, 0, 1]])
    assert count(X) == count(X[[0, 1, 2, 4]])  # rows 2 and 3 are parallel whatever rounding did
    assert count([[1, 0, 0.1 + 0.2], [1, 0, 0.3], [0, 1, 0]]) == 8


def height_signs(X, h):
    """The signs of x_n'h as the rationals that the floats are."""
    heights = [sum(Fraction(a) * Fraction(b) for a, b in zip(x, h.tolist(), strict=True)) for x in X.tolist()]
    return [(value > 0) - (value < 0) for value in heights]


def assert_exact(X):
    """Each cell once, as many as the residues count, and every witness with a margin exactly inside its cell."""
    found, nonzero = cells(X), X.any(axis=1)
    assert len(found) == count(X) == len(np.unique(found.packed, axis=0))
    for h, pattern, margin in zip(found.H, found.patterns, found.margins, strict=True):
        assert pattern[~nonzero].all()
        if margin > 0:
            assert height_signs(X[nonzero], h) == np.where(pattern[nonzero], 1, -1).tolist()


def angles(X, H):
    """min_n |x_n'h| / |x_n||h| over nonzero rows, for each witness."""
    X = X[X.any(axis=1)]
    U = X / np.abs(X).max(axis=1, keepdims=True)
    U = U / np.linalg.norm(U, axis=1, keepdims=True)
    return np.abs(H @ U.T).min(axis=1, initial=1.0) / np.linalg.norm(H, axis=1)


@pytest.mark.parametrize("sizes", [(0, 0, 0, 0), (0, 30, 0, -30), (0, 50, 90, -60)])
def test_margins_are_sines_of_angles_in_the_space_of_the_data(sizes):
    # would catch angles measured in the coordinates of the work: rank 2 in R^4, columns of different sizes
    rng = np.random.default_rng(5)
    X = rng.integers(-4, 5, (9, 2)) @ rng.integers(-4, 5, (2, 4)) * 2.0 ** np.array(sizes)
    found = cells(X)
    inside = found.margins > 1e-12
    np.testing.assert_allclose(found.margins[inside], angles(X, found.H[inside]), rtol=1e-3)
    assert (found.margins > 0).all()


def test_columns_in_different_units_cost_no_witness():
    # would catch columns that are not brought together: then some witnesses round off their cells
    X = np.random.default_rng(0).standard_normal((20, 4)) * 10.0 ** np.array([0, 60, -60, 30])
    assert (cells(X).margins > 0).all()


def test_thin_cells_are_neither_dropped_nor_given_a_false_witness():
    # four dependent rows, moved by one unit in the last place or by little more: cells far thinner than rounding
    for eps in (1e-11, 1e-15, 2.0**-52):
        assert_exact(np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 1, eps], [1 / 3, 1 / 3, 1]]))


HARD = {
    "rows of sizes 1e-150 to 1e150": lambda X, rng: X * 10.0 ** rng.integers(-150, 150, (len(X), 1)),
    "columns of sizes 1e-100 to 1e100": lambda X, rng: X * 10.0 ** rng.integers(-100, 100, (1, X.shape[1])),
    "almost dependent": lambda X, rng: (X + 1e-13 * rng.integers(-1, 2, X.shape)) * 0.1,
    "of rank two": lambda X, rng: X[:, :2] @ rng.integers(-5, 6, (X[:, :2].shape[1], X.shape[1])),
    "of rank two but for rounding": lambda X, rng: (
        X[:, :1] * 0.1 + X[:, -1:] * rng.integers(-5, 6, (1, X.shape[1])) / 3
    ),
}


@pytest.mark.parametrize("hardened", HARD.values(), ids=HARD)
@pytest.mark.parametrize("seed", range(12))
def test_cells_are_exact_where_floating_point_is_not(hardened, seed):
    # would catch a sign taken from rounding, a broken circuit not seen, a scale that is lost
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (rng.integers(1, 9), rng.integers(1, 6))).astype(float)
    assert_exact(np.asarray(hardened(X, rng), dtype=float))


def test_streaming_gives_the_same_cells_in_bounded_blocks():
    X = np.random.default_rng(0).standard_normal((40, 4))
    blocks = list(stream(X))
    assert len(blocks) > 1
    together = np.concatenate([block.packed for block in blocks])
    np.testing.assert_array_equal(np.unique(together, axis=0), np.unique(cells(X).packed, axis=0))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("row", [[-1.0891538822289981, -1.0801530342975805], [-0.4, -1.3, -0.2]])
def test_wide_cells_beside_thin_ones_have_witnesses(row):
    """Two rows within rounding of one line make two wide cells, where the dual vectors cancel: catches NaN there, and a
    margin of 0, which says that the cell is thin."""
    for factor in (2.5, 1e-3, -3.0, 7.1):
        X = np.array([row, factor * np.array(row)])
        found = cells(X)
        wide = np.isin(found.patterns.sum(axis=1), [0, 2] if factor > 0 else [1])
        assert np.isfinite(found.H).all() and (found.margins[wide] > 0.1).all()


def test_sampling_finds_a_subset_and_misses_thin_cells():
    X = np.random.default_rng(1).standard_normal((30, 4))
    every = {row.tobytes() for row in cells(X).packed}
    found = {row.tobytes() for row in sample(X, 2000, np.random.default_rng(2)).packed}
    assert found < every


def test_impossible_requests_are_refused_before_any_work():
    X = np.random.default_rng(0).standard_normal((400, 8))
    with pytest.raises(ValueError, match="stream"):
        cells(X)
    with pytest.raises(ValueError, match="cover"):
        count(X)
    with pytest.raises(ValueError, match="k must be"):
        sample(np.eye(2), 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="NaN"):
        count([[np.nan, 1.0]])
