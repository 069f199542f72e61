"""Which data a two-layer ReLU network without bias can fit, with the rows that prove it for data that it cannot (ours).

(z)_+ = z/2 + |z|/2, so a network is a linear function plus an even one, and an even function takes any values on
finitely many distinct lines. Only rows on a common line constrain each other. The margins can be made positive iff

  (i) no row is zero,  (ii) no two rows are positive multiples of each other with different labels,
  (iii) the rows with an antipode of the other label are strictly linearly separable: there the linear part decides.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linprog

from lib.data import Array, Index, Lines, directions, lines, rows_named, validated

FIT = 1e-9  # targets that a function on the lines misses by less, relatively, are fitted
SAME = 1e-12  # rows of one direction this near to each other are equal, but for rounding
BIAS = "append a bias column with lib.data.with_bias"


def _clash(known: Lines, y: Array) -> tuple[int, int] | None:
    """A row of label +1 and a row of label -1 of the same direction."""
    place = {way: n for n, way in enumerate(zip(*known, y, strict=True))}
    ways = ((n, place.get((k, s, -1.0), -1)) for (k, s, label), n in place.items() if label > 0)
    return next((pair for pair in ways if pair[1] >= 0), None)


def _antipodal(known: Lines, y: Array) -> Index:
    """The rows with an antipode of the other label."""
    ways = set(zip(*known, y, strict=True))
    return np.flatnonzero([(k, -s, -label) in ways for k, s, label in zip(*known, y, strict=True)])


def _cancelling(G: Array) -> Index:
    """Rows with mu_n > 0 in some sum mu_n g_n = 0, mu >= 0, sum mu_n = 1; none if all g_n'w >= 1 for a w (Gordan)."""
    equations = np.vstack([G.T, np.ones(len(G))])
    found = linprog(np.zeros(len(G)), A_eq=equations, b_eq=np.append(np.zeros(G.shape[1]), 1.0), method="highs-ds")
    return np.flatnonzero(found.x > 1e-9) if found.status == 0 else np.zeros(0, dtype=int)


def obstruction(X: ArrayLike, y: ArrayLike) -> str:
    """Why no network without bias has positive margins on (X, y), naming rows, and the remedy; "" if one has (ours)."""
    X, y = validated(X, y)
    zero = np.flatnonzero(~X.any(axis=1))
    if len(zero):
        return f"X is zero in {rows_named(zero)}, where f = 0 whatever the weights; {BIAS}, or drop what is zero"
    known = lines(X)
    clash = _clash(known, y)
    if clash:
        return _apart(X, *sorted(clash))
    rows = _antipodal(known, y)
    rows = rows[_cancelling(y[rows, None] * directions(X[rows]))] if len(rows) else rows
    if len(rows):
        return (
            f"{rows_named(rows)} of X have antipodes with the other label, where only the linear part of f decides, "
            f"and a positive combination of y_n x_n over these rows is zero, so no linear function fits them; {BIAS}, "
            "or drop some"
        )
    return ""


def _apart(X: Array, n: int, k: int) -> str:
    """Why rows n and k, of one direction and different labels, cannot be told apart."""
    far = np.abs(X[n] - X[k]).max() / np.abs(X[n]).max()
    if far <= SAME:
        how = "are equal" if far == 0 else f"differ by {far:.0e} of their size, which is rounding,"
        return f"rows {n} and {k} of X {how} and have different labels; drop one, or add a feature that differs"
    return (
        f"rows {n} and {k} of X are positive multiples of each other with different labels, and f has one sign on "
        f"both; {BIAS}, or drop one of them"
    )


def feasible(X: ArrayLike, y: ArrayLike) -> bool:
    """Whether some network f(x) = sum_i w2_i (x'w1_i)_+ has y_n f(x_n) >= 1 for all n (ours). Raises `ValueError`.

    Source: thm-convex-feasibility.
    """
    return not obstruction(X, y)


def functions_on(X: Array, first: Index) -> Array:
    """All that f can be on rows of the lines `first`: linear, and even, with a value of its own on each line."""
    return np.hstack([X, np.linalg.norm(X, axis=1)[:, None] * np.equal.outer(first, np.unique(first))])


def _shared(X: Array, free: Array) -> tuple[Index, Array]:
    """The rows on a line with others, or zero, which alone constrain each other; and all that f can be on them (ours).

    With the columns that are free.
    """
    first = lines(X).first
    rows = np.flatnonzero((first < 0) | (np.bincount(first + 1, minlength=len(X) + 1)[first + 1] > 1))
    return rows, np.hstack([functions_on(X[rows], first[rows]), free[rows]])


def require_feasible(X: Array, y: Array, free: Array) -> None:
    """Raises `ValueError` naming the rows that no network without biases fits, and the remedy; `free` adds columns."""
    if not free.shape[1]:
        reason = obstruction(X, y)
    else:
        rows, functions = _shared(X, free)
        rows = rows[_cancelling(y[rows, None] * functions)] if len(rows) else rows
        torn = f"{rows_named(rows)} of X contradict each other, whatever is free; drop some, or add a feature"
        reason = torn if len(rows) else ""
    if reason:
        raise ValueError(f"the data are infeasible: {reason}")


def require_fit(X: Array, y: Array, free: Array) -> None:
    """Raises `ValueError` naming rows that no f(x_n) = y_n fits: parallel rows whose targets are not, for instance."""
    rows, functions = _shared(X, free)
    if len(rows):
        found = np.linalg.lstsq(functions, y[rows], rcond=None)[0]
        wrong = rows[np.abs(functions @ found - y[rows]) > FIT * np.abs(y).max()]
        if len(wrong):
            raise ValueError(
                f"no network without biases has f(x_n) = y_n in {rows_named(wrong)}: there X is zero, or on a line "
                f"with other rows, and y contradicts that f is homogeneous; {BIAS}, or fit with regularised"
            )
