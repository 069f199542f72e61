"""Every bad input is refused with the argument, the place and the remedy; the data sets are what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.data import (
    NAMES,
    gaussian,
    is_orthogonally_separable,
    lines,
    load,
    orthogonally_separable,
    source,
    validated,
    validated_dual,
    validated_targets,
    validated_weights,
    whitened,
    with_bias,
)

X3 = np.eye(3)


@pytest.mark.parametrize(
    ("X", "y", "words"),
    [
        (np.ones(3), [1, 1, 1], ["X must be 2-D", "reshape"]),
        (np.ones((0, 2)), [], ["X is empty"]),
        (np.ones((2, 0)), [1, 1], ["X is empty"]),
        ([[1, 2], [np.nan, 1], [np.inf, 0]], [1, 1, 1], ["X has NaN or infinite", "rows 1, 2", "drop"]),
        ([["a"], ["b"]], [1, 1], ["X is not a numeric array"]),
        (X3, [1, -1], ["y must have shape (3,)", "(2,)"]),
        (X3, [[1], [1], [1]], ["y must have shape (3,)"]),
        (X3, [0, 1, 1], ["y must be -1 or +1", "row 0", "2*y - 1"]),
        (X3, [1, 2, 2], ["rows 1, 2", "np.where"]),
        (X3, [1, np.nan, 1], ["y has NaN", "row 1"]),
    ],
)
def test_bad_input_is_refused_with_argument_place_and_remedy(X, y, words):
    with pytest.raises(ValueError) as error:
        validated(X, y)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_one_class_alone_is_legitimate_and_input_is_copied():
    X, _ = validated(X3, np.ones(3))
    X[0, 0] = 7.0
    assert X3[0, 0] == 1.0  # would catch a function that writes into its caller's data


def test_a_dual_variable_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="lam must have shape"):
        validated_dual(X3, [1.0, 2.0])


@pytest.mark.parametrize(
    ("name", "shape"),
    [("iris", (100, 5)), ("wine", (130, 14)), ("breast-cancer", (569, 31)), ("digits-3-8", (357, 55))],
)
def test_named_data_are_standardised_with_a_bias_column(name, shape):
    X, y, given = load(name)
    assert name in NAMES and name in load.__doc__  # the list a reader sees
    assert given == name and X.shape == shape and set(y) == {-1.0, 1.0}
    np.testing.assert_allclose(X[:, :-1].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(X[:, :-1].std(axis=0), 1, atol=1e-12)
    assert (X[:, -1] == 1).all()


def test_iris_has_versicolor_first_and_one_repeated_row():
    # the label's side and the repeated virginica row are facts the book states
    X, y, _ = source("iris")
    assert (y[:50] == 1).all() and (y[50:] == -1).all()
    assert len(np.unique(X, axis=0)) == 99


def test_principal_components_are_the_leading_ones_and_deterministic():
    X = load("wine", components=4).X
    variance = X[:, :-1].var(axis=0)
    assert X.shape == (130, 5) and (np.diff(variance) < 0).all()
    full = np.linalg.eigvalsh(np.cov(load("wine").X[:, :-1].T, bias=True))[::-1]
    np.testing.assert_allclose(variance, full[:4], rtol=1e-9)
    np.testing.assert_array_equal(X, load("wine", components=4).X)


@pytest.mark.parametrize("components", [0, 14, -1])
def test_impossible_components_are_refused(components):
    with pytest.raises(ValueError, match="components"):
        load("wine", components=components)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match=NAMES[0]):
        load("mnist")


@pytest.mark.parametrize(("N", "d"), [(2, 2), (3, 2), (20, 5), (7, 40)])
def test_generated_data_are_orthogonally_separable(N, d):
    X, y, _ = orthogonally_separable(N, d, np.random.default_rng(N))
    assert is_orthogonally_separable(X, y)
    assert X.shape == (N, d) and (y == 1).sum() == (N + 1) // 2
    X = X * np.where(np.arange(N) == 0, -1.0, 1.0)[:, None]
    assert not is_orthogonally_separable(X, y)  # one row turned over breaks it


@pytest.mark.parametrize(
    ("X", "y", "answer"),
    [
        (np.eye(2), [1, 1], False),  # within a class the product must be positive, not zero
        (np.eye(2), [1, -1], True),  # across classes zero is allowed
        ([[0.0, 0.0]], [1], False),  # a zero row has x'x = 0
        ([[1.0, 0.1], [0.1, 1.0]], [1, -1], False),
    ],
)
def test_the_definition_at_its_boundary(X, y, answer):
    assert is_orthogonally_separable(X, y) is answer


def test_gaussian_labels_follow_the_stated_rule_and_bias_is_appended():
    X, y, _ = gaussian(50, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(y, np.sign(X[:, 0] * X[:, 1] + 0.3 * X[:, 0]))
    assert (with_bias(X)[:, -1] == 1).all() and with_bias(X).shape == (50, 4)


@pytest.mark.parametrize(
    ("make", "N", "d"),
    [(orthogonally_separable, 1, 2), (orthogonally_separable, 4, 1), (gaussian, 0, 2), (gaussian, 3, 1)],
)
def test_generators_refuse_impossible_sizes(make, N, d):
    with pytest.raises(ValueError, match="at least"):
        make(N, d, np.random.default_rng(0))


# --- rows on one line, targets, weights, whitening -------------------------------------------------


@given(st.integers(0, 10_000))
def test_planted_lines_are_found(seed):
    """Multiples of a few directions, of any size and sign, shuffled with zero rows: catches a line found twice, a sign
    of the wrong way, a first row that is not the first."""
    rng = np.random.default_rng(seed)
    base, which = rng.standard_normal((4, 3)), rng.integers(-1, 4, 12)
    factor = rng.choice([-1.0, 1.0], 12) * 10.0 ** rng.uniform(-100, 100, 12)
    X = np.where(which[:, None] >= 0, factor[:, None] * base[which], 0.0)
    first, sign = lines(X)
    for n, k in enumerate(which):
        own = np.flatnonzero(which == k)[0]
        assert first[n] == (own if k >= 0 else -1)
        assert sign[n] == (np.sign(factor[n] * factor[own]) if k >= 0 else 0)


def test_lines_nearer_than_rounding_are_one_and_others_are_not():
    """Catches a tolerance in the cosine, which takes lines at an angle of 1e-8 for one."""
    X = np.array([[1.0, 3.0], [0.1, 0.3], [-0.1, -0.3 - 1e-8], [1e-200, 3e-200]])
    first, sign = lines(X)
    assert first.tolist() == [0, 0, 2, 0] and sign.tolist() == [1, 1, 1, 1]


def test_a_chain_of_near_directions_is_one_line():
    """Each is within rounding of the next, turned over: catches a first row that is on another line by itself."""
    angle = 1 + 0.7e-13 * np.arange(3)
    X = np.column_stack([np.cos(angle), np.sin(angle)]) * [[1.0], [-2.0], [3.0]]
    first, sign = lines(X)
    assert first.tolist() == [0, 0, 0] and sign.tolist() == [1, -1, 1]


def test_targets_may_be_any_reals_and_weights_may_not():
    """Catches targets held to labels, and weights that would make a loss concave or vanish."""
    X = np.eye(3)
    np.testing.assert_array_equal(validated_targets(X, [0.5, -3, 0])[1], [0.5, -3, 0])
    np.testing.assert_array_equal(validated_weights(X, 2.0), [2, 2, 2])
    np.testing.assert_array_equal(validated_weights(X, [0, 1, 2]), [0, 1, 2])
    with pytest.raises(ValueError, match="row 1"):
        validated_weights(X, [0, -1, 2])
    with pytest.raises(ValueError, match="all zero"):
        validated_weights(X, 0.0)
    with pytest.raises(ValueError, match="one entry for each row"):
        validated_targets(X, [1.0, 2.0])


@pytest.mark.parametrize(("N", "d", "rank"), [(9, 3, 3), (3, 5, 3), (6, 4, 2)])
def test_whitened_rows_have_the_identity_on_the_span(N, d, rank):
    """X'X is the projection onto the span of the rows: catches a singular value kept, a transpose, a centring."""
    rng = np.random.default_rng(N)
    X = rng.standard_normal((N, rank)) @ rng.standard_normal((rank, d))
    W = whitened(X)
    np.testing.assert_allclose(W.T @ W, np.linalg.pinv(X) @ X, atol=1e-12)
    np.testing.assert_allclose(W @ W.T, X @ np.linalg.pinv(X), atol=1e-12)
    np.testing.assert_allclose(W, W @ W.T @ W, atol=1e-12)
    assert np.linalg.eigvalsh(X.T @ W).min() > -1e-12  # of all these matrices the nearest: X = W (X'X)^(1/2)
