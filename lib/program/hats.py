"""A network that fits, made from one that falls short: hats on the lines where it does, which no other row sees (ours).

For w orthogonal to the direction d of a line, the three neurons of

    (w'x + e d'x)_+ - 2 (w'x)_+ + (w'x - e d'x)_+  =  max(e |d'x| - |w'x|, 0)

are e |d'x| on the line and 0 on every row with |w'x| >= e |d'x|. So hats make any even function of the rows. What the
rows of lines with both labels ask for beyond that takes a linear function, of two neurons (thm-convex-feasibility).
"""

import numpy as np
from scipy.optimize import linprog

from lib.bounds import TINY
from lib.data import Array, Index, Lines, Mask, directions, lines
from lib.program.feasibility import functions_on
from lib.program.problem import Problem
from lib.zonotope.ascent import spread

WAYS, FEWEST, PRODUCTS = 64, 2, 3e7  # orthogonal directions tried for each hat, while their products are so many
WIDEST = 1e3  # e, where no other row is in the way
SAME = 1e-9  # heights that differ by less, relatively, agree
LARGEST = 3e7  # rows times lines with hats, of three neurons each


def fitting(problem: Problem, V: Array, s: Array, z: Array, quick: bool) -> tuple[Array, Array, Array]:
    """The network with hats where rows fall short of their targets.

    As it is, if they are too many to be `quick`, or for the memory. With hats it fits the data, if they are feasible
    without other z, but for rounding, and for the accuracy of a linear program where lines with both labels need one.
    """
    known = lines(problem.X)
    low, high = _heights(problem, known, V, s, z)
    if (low - high > SAME * np.minimum(np.abs(low), np.abs(problem.a))).any():
        shared = np.bincount(known.first[: problem.N] + 1, minlength=len(low) + 1)[1:] > 1
        torn = np.isin(known.first, np.flatnonzero(shared & np.isfinite(low) & np.isfinite(high)))
        V, s = _leaning(problem, torn, known, V, s, z)
        low, high = _heights(problem, known, V, s, z)
    heights = np.clip(0.0, low, high)
    on = np.flatnonzero(heights)
    if len(on) * len(problem.X) > (PRODUCTS / FEWEST if quick else LARGEST):
        return V, s, z
    hats, signs = _hats(problem, known, on, heights[on])
    return np.vstack([V, hats]), np.append(s, signs), z


def _heights(problem: Problem, known: Lines, V: Array, s: Array, z: Array) -> tuple[Array, Array]:
    """The least and the largest height, at length 1, of a hat on the line of each row that is the first of one.

    -inf and inf elsewhere. A row that is not short asks for none.
    """
    q = problem.y * problem.outputs(V, s, z)
    low, high, up = np.full(len(q), -np.inf), np.full(len(q), np.inf), problem.y > 0
    short = np.where(problem.wanted(q), problem.a - q, np.minimum(problem.a - q, 0))
    wanted = np.divide(short, np.linalg.norm(problem.X, axis=1), where=known.first >= 0, out=low.copy())
    np.maximum.at(low, known.first[up], wanted[up])
    np.minimum.at(high, known.first[~up], -wanted[~up])
    return low, high


def _leaning(problem: Problem, rows: Mask, known: Lines, V: Array, s: Array, z: Array) -> tuple[Array, Array]:
    """With the neurons of a linear function with which hats make the rows fit, if there is one."""
    short = (problem.a - problem.y * problem.outputs(V, s, z))[rows]
    A = -problem.y[rows, None] * functions_on(problem.X[rows], known.first[rows])
    accurate = {"primal_feasibility_tolerance": 1e-10}
    found = linprog(np.zeros(A.shape[1]), A_ub=A, b_ub=-short, bounds=(None, None), options=accurate)
    if found.status != 0:
        return V, s
    w = found.x[: problem.X.shape[1]]
    return np.vstack([V, w, -w]), np.append(s, [1.0, -1.0])


def _hats(problem: Problem, known: Lines, on: Index, heights: Array) -> tuple[Array, Array]:
    """Vectors and signs of three neurons for each line, of those tried the shortest whose hat no other row sees."""
    X = directions(problem.X[: problem.N])
    W = spread(int(np.clip(PRODUCTS / (len(X) * max(len(on), 1)), FEWEST, WAYS)), X.shape[1])
    products, V = X @ W.T, [np.zeros((0, X.shape[1]))]
    for n, height in zip(on, heights, strict=True):
        d, others = X[n], known.first[: len(X)] != n
        along, lean = X[others] @ d, W @ d
        far = np.abs(products[others] - along[:, None] * lean)
        e = np.divide(far, np.abs(along)[:, None], where=along[:, None] != 0, out=np.full(far.shape, WIDEST))
        e, across = np.maximum(e.min(axis=0, initial=WIDEST), TINY), W - lean[:, None] * d
        best = int((problem.lengths(across) / e).argmin())
        w, step = across[best], e[best] * d
        V.append(np.array([w + step, 2 * w, w - step]) * abs(height) / e[best])
    return np.vstack(V), (np.sign(heights)[:, None] * [1.0, -1.0, 1.0]).ravel()
