"""Data sets (X, y): named real ones, generators, predicates, and the validation done at every boundary.

A data set is a matrix X with rows x_n (N x d) and labels y in {-1, +1}^N. Networks have no bias;
the named data sets append a column of ones instead.
"""

from collections.abc import Iterable
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from lib.results import result

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]  # rows, or other places

EPS = float(np.finfo(float).eps)


@result
class Data(NamedTuple):
    """Rows `X` (N x d), labels `y` in {-1, +1}^N, and the name the data goes by."""

    X: Array
    y: Array
    name: str


# --- validation ------------------------------------------------------------------------------------


def rows_named(rows: Index, most: int = 5) -> str:
    """Rows in a message: at most so many are named."""
    named = ", ".join(map(str, rows[:most]))
    return f"row {named}" if len(rows) == 1 else f"rows {named}{', ...' if len(rows) > most else ''}"


def reals(values: ArrayLike, name: str) -> Array:
    """A float copy of numbers of any shape. Raises `ValueError` for what a float would lose: masks, imaginary parts."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name} has masked entries: drop their rows, or fill them with {name}.filled(value)")
    try:
        if np.iscomplexobj(values):
            raise TypeError("it is complex; take .real if the imaginary part is meant to go")
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} is not a numeric array ({error}); convert it with numpy.asarray(..., dtype=float)"
        ) from error


def positive(value: object, name: str, remedy: str) -> None:
    """Raises `ValueError` for what is not a number above 0, or is infinite."""
    if not (isinstance(value, Real) and 0 < float(value) < np.inf):
        raise ValueError(f"{name} must be positive and finite; got {value!r}: {remedy}")


def at_least(value: object, least: float, name: str) -> None:
    """Raises `ValueError` for what is not a number from `least` on."""
    if not (isinstance(value, Real) and float(value) >= least):
        raise ValueError(f"{name} must be a number{f' of at least {least:g}' * (least > -np.inf)}; got {value!r}")


def one_of(value: str, known: Iterable[str], name: str) -> None:
    """Raises `ValueError` for a choice that is unknown, listing those there are."""
    if value not in known:
        raise ValueError(f"{name} {value!r} is unknown; the choices are {', '.join(known)}")


def vectors(V: ArrayLike, name: str = "X") -> Array:
    """A float copy of rows `V` (m, d), of which there may be none. Raises `ValueError`: not 2-D, NaN or infinite."""
    V = reals(V, name)
    if V.ndim != 2:
        raise ValueError(f"{name} must be 2-D; got shape {V.shape}: try {name}.reshape(-1, 1) or {name}[None, :]")
    bad = np.flatnonzero(np.logical_not(np.isfinite(V)).any(axis=1))
    if len(bad):
        raise ValueError(f"{name} has NaN or infinite entries in {rows_named(bad)}: drop those rows or impute them")
    return V


def validated_matrix(X: ArrayLike, name: str = "X") -> Array:
    """A float copy of `X`, (N, d). Raises `ValueError` if it is not 2-D, is empty, or has NaN or infinite entries."""
    X = vectors(X, name)
    if 0 in X.shape:
        raise ValueError(f"{name} is empty, shape {X.shape}: at least one row and one column are needed")
    return X


def _validated_vector(X: Array, v: ArrayLike, name: str) -> Array:
    v = reals(v, name)
    if v.shape != (len(X),):
        raise ValueError(f"{name} must have shape ({len(X)},), one entry for each row of X; got {v.shape}")
    if len(bad := np.flatnonzero(~np.isfinite(v))):
        raise ValueError(f"{name} has NaN or infinite entries in {rows_named(bad)}")
    return v


def validated(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Float copies of `X` (N, d) and `y` (N,), the labels exactly -1 or +1. One class alone is legitimate.

    Raises `ValueError` naming the argument, the rows and the remedy.
    """
    X = validated_matrix(X)
    y = _validated_vector(X, y, "y")
    bad = np.flatnonzero(np.abs(y) != 1)
    if len(bad):
        raise ValueError(
            f"y must be -1 or +1; {rows_named(bad)} hold {np.unique(y[bad])[:5]}: "
            "for labels 0/1 use 2*y - 1, for two other values use np.where(y == positive_label, 1, -1)"
        )
    return X, y


def validated_targets(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """Float copies of `X` (N, d) and of real targets `y` (N,). Raises `ValueError`."""
    X = validated_matrix(X)
    return X, _validated_vector(X, y, "y")


def validated_weights(X: Array, weights: ArrayLike) -> Array:
    """Weights (N,) of the examples: one number for all, or one each. Raises `ValueError`: negative, or all zero."""
    weights = reals(weights, "weights")
    weights = _validated_vector(X, np.full(len(X), weights) if weights.ndim == 0 else weights, "weights")
    bad = np.flatnonzero(weights < 0)
    if len(bad) or not weights.any():
        what = f"are negative in {rows_named(bad)}" if len(bad) else "are all zero"
        raise ValueError(f"weights {what}: examples count with a weight of at least 0, and some with a positive one")
    return weights


def validated_dual(X: ArrayLike, lam: ArrayLike) -> tuple[Array, Array]:
    """Float copies of `X` (N, d) and of a dual variable `lam` (N,) of any signs. Raises `ValueError`."""
    X = validated_matrix(X)
    return X, _validated_vector(X, lam, "lam")


def signed_dual(X: Array, y: Array, lam: ArrayLike) -> Array:
    """A float copy of a dual variable `lam` (N,) with y_n lam_n >= 0. Raises `ValueError`."""
    lam = _validated_vector(X, lam, "lam")
    if len(wrong := np.flatnonzero(y * lam < 0)):
        raise ValueError(
            f"lam must have the signs of y; {rows_named(wrong)} must change: use y * numpy.maximum(y * lam, 0), "
            "or negate lam"
        )
    return lam


# --- rows on one line ------------------------------------------------------------------------------

PARALLEL = 1e-13  # unit rows nearer than this to each other are one direction: their difference is rounding


def lengths(X: Array) -> Array:
    """||x_n|| for rows of any size, also where their squares overflow or underflow."""
    exponent = np.frexp(np.abs(X).max(axis=1, initial=0.0))[1]
    return np.ldexp(np.linalg.norm(np.ldexp(X, -exponent[:, None]), axis=1), exponent)


def directions(X: Array) -> Array:
    """x_n / ||x_n|| for rows of any size; zero rows stay."""
    X = X / np.where(X.any(axis=1), np.abs(X).max(axis=1), 1.0)[:, None]
    return X / np.where(X.any(axis=1), lengths(X), 1.0)[:, None]


@result
class Lines(NamedTuple):
    """Row n is on the line of row `first[n]`, the first there, and points its way (`sign[n]` = 1) or the other (-1).

    A zero row is on no line: it has `first` -1 and `sign` 0.
    """

    first: Index
    sign: Array


def lines(X: Array) -> Lines:
    """Which rows of X (N, d) are parallel or opposite, but for rounding: their directions are within `PARALLEL`.

    The one answer for all that computes in floating point. `lib.patterns` takes floats as the rationals they are.
    """
    U, on = directions(X), np.flatnonzero(X.any(axis=1))
    m, first, sign = len(on), np.full(len(X), -1), np.zeros(len(X))
    both = np.vstack([U[on], -U[on]])
    near = cKDTree(both).query_ball_point(U[on], PARALLEL) if m else []
    first[on], sign[on] = on, 1.0
    for n, found in zip(on, near, strict=True):
        k = min(j % m for j in found)  # an earlier row on this line, or row n itself
        first[n], sign[n] = first[on[k]], (1.0 if k in found else -1.0) * sign[on[k]]
    return Lines(first, sign)


# --- predicates ------------------------------------------------------------------------------------


def inseparable_pairs(X: Array, y: Array) -> Index:
    """(k, 2): pairs of rows with equal labels and x_i'x_j <= 0, or different ones and x_i'x_j > 0.

    Inner products are compared as computed in double precision, with no tolerance.
    """
    inner = X @ X.T
    return np.argwhere(np.where(np.equal.outer(y, y), inner <= 0, inner > 0))


def is_orthogonally_separable(X: ArrayLike, y: ArrayLike) -> bool:
    """x_i'x_j > 0 for equal labels (and i = j), x_i'x_j <= 0 for different ones (Phuong and Lampert 2021; def-os)."""
    return not len(inseparable_pairs(*validated(X, y)))


# --- generators ------------------------------------------------------------------------------------


def _cone(N: int, axis: Array, spread: float, rng: np.random.Generator) -> Array:
    """N rows axis + (orthogonal noise of length < spread * |axis|), so that all inner products are positive."""
    noise = rng.standard_normal((N, len(axis)))
    noise -= np.outer(noise @ axis, axis)
    lengths = np.linalg.norm(noise, axis=1, keepdims=True)
    noise *= spread * rng.random((N, 1)) / np.where(lengths > 0, lengths, 1.0)
    return (axis + noise) * rng.uniform(0.5, 1.5, (N, 1))


def orthogonally_separable(N: int, d: int, rng: np.random.Generator) -> Data:
    """Random orthogonally separable data: ceil(N/2) rows of label +1, the others of label -1.

    Rows are a e + z with |z| < |e| and z orthogonal to the class axis e = e_+ or e_- = -e_+, so inner products
    are positive within a class (>= 1 - |z||z'| > 0) and negative across. Raises `ValueError` for N < 2 or d < 2.
    Source: def-os.
    """
    if N < 2 or d < 2:
        raise ValueError(f"N and d must be at least 2 (got N={N}, d={d}): both classes and one spread direction")
    axis = rng.standard_normal(d)
    axis /= np.linalg.norm(axis)
    half = (N + 1) // 2
    X = np.vstack([_cone(half, axis, 0.95, rng), _cone(N - half, -axis, 0.95, rng)])
    return Data(X, np.repeat([1.0, -1.0], [half, N - half]), f"orthogonally separable, N={N}, d={d}")


def gaussian(N: int, d: int, rng: np.random.Generator) -> Data:
    """Gaussian rows with the labels sign(x_1 x_2 + 0.3 x_1), which no linear classifier fits. Needs d >= 2."""
    if N < 1 or d < 2:
        raise ValueError(f"N must be at least 1 and d at least 2 (got N={N}, d={d}): the labels use two features")
    X = rng.standard_normal((N, d))
    return Data(X, np.where(X[:, 0] * (X[:, 1] + 0.3) > 0, 1.0, -1.0), f"Gaussian, N={N}, d={d}")


# --- real data -------------------------------------------------------------------------------------

# name -> (scikit-learn's loader, the class of label +1, the class of label -1)
_SOURCES = {
    "iris": ("load_iris", 1, 2),  # versicolor against virginica
    "wine": ("load_wine", 0, 1),  # cultivar 1 against cultivar 2
    "breast-cancer": ("load_breast_cancer", 1, 0),  # benign against malignant
    "digits-3-8": ("load_digits", 3, 8),
}
NAMES = tuple(_SOURCES)


def source(name: str) -> Data:
    """The rows of a named data set as published: no standardising, no bias column. Raises `ValueError`."""
    if name not in _SOURCES:
        raise ValueError(f"name {name!r} is unknown; the data sets are {', '.join(NAMES)}")
    from sklearn import datasets  # slow to import, and used here only

    loader, positive, negative = _SOURCES[name]
    bunch = getattr(datasets, loader)()
    kept = np.isin(bunch.target, (positive, negative))
    return Data(bunch.data[kept].astype(float), np.where(bunch.target[kept] == positive, 1.0, -1.0), name)


def _standardised(X: Array) -> Array:
    """Columns of mean 0 and variance 1; constant columns (some pixels of the digits) carry nothing and go."""
    varying = X.std(axis=0) > 0
    X = X[:, varying]
    return (X - X.mean(axis=0)) / X.std(axis=0)


def _principal(X: Array, components: int) -> Array:
    """Coordinates of centred rows on their leading principal axes; each axis has its largest entry positive."""
    axes = np.linalg.svd(X, full_matrices=False)[2][:components]
    axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    return X @ axes.T


def load(name: str, *, components: int | None = None) -> Data:
    """A named real data set: columns standardised, then a bias column of ones.

    `components` keeps that many principal components (of the standardised columns) instead of all columns.
    Names: iris (versicolor/virginica), wine (cultivars 1/2), breast-cancer (benign/malignant), digits-3-8.
    Raises `ValueError` for an unknown name or an impossible number of components.
    """
    X, y, _ = source(name)
    X = _standardised(X)
    if components is not None:
        if not 1 <= components <= X.shape[1]:
            raise ValueError(f"components must be between 1 and {X.shape[1]} for {name}; got {components}")
        X = _principal(X, components)
    return Data(with_bias(X), y, name)


def with_bias(X: ArrayLike) -> Array:
    """X with a column of ones appended: the bias of every hidden neuron becomes its last weight."""
    X = validated_matrix(X)
    return np.column_stack([X, np.ones(len(X))])


def whitened(X: ArrayLike) -> Array:
    """X (X'X)^(-1/2), the nearest matrix with orthonormal columns; with orthonormal rows if X has independent rows.

    In between, on the span of X alone: the polar factor of X, its zero singular values left out. X is not centred.
    Raises `ValueError` for bad input.
    """
    X = validated_matrix(X)
    U, sizes, V = np.linalg.svd(X, full_matrices=False)
    kept = sizes > max(X.shape) * EPS * sizes.max()
    return np.asarray(U[:, kept] @ V[kept])
