"""The two zonotopes of a dual variable: projection, Hausdorff distance, maximisers, critical directions."""

import contextlib
import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from lib.data import gaussian, orthogonally_separable
from lib.patterns import cells
from lib.zonotope import (
    extremal_directions,
    growth,
    hausdorff,
    local_maxima,
    on_kink,
    project,
    violators,
)
from lib.zonotope.ascent import climb, listable, spread, starts
from lib.zonotope.branching import _foremost, advanced, front
from lib.zonotope.cones import THIN, Cones, orthants, polar
from lib.zonotope.distance import Maximiser, Search, longest_sum
from lib.zonotope.projection import _step
from lib.zonotope.signs import Signs, spare
from lib.zonotope.support import zonotopes

SEEDS = st.integers(0, 2**32 - 1)


def mass(X, lam):
    """sum |lam_n| ||x_n||: the size that rounding is measured against."""
    return float(np.abs(lam) @ np.linalg.norm(X, axis=1))


def problem(seed, N_max=6, d_max=4):
    """Small data: half of it of integers, where rows repeat, vanish, are parallel, and projections tie."""
    rng = np.random.default_rng(seed)
    N, d = rng.integers(1, N_max + 1), rng.integers(1, d_max + 1)
    X = rng.standard_normal((N, d)) if rng.random() < 0.5 else rng.integers(-2, 3, (N, d)).astype(float)
    lam = rng.standard_normal(N) if rng.random() < 0.5 else rng.integers(-2, 3, N).astype(float)
    return X, np.abs(lam) if rng.random() < 0.1 else lam


def bvls(a, Z):
    """scipy's distance from a to the zonotope of the rows of Z."""
    if len(Z) == 0:
        return float(np.linalg.norm(a))
    for rows in (Z, Z[::-1]):  # where entries tie, scipy may divide by zero; not in every order
        with np.errstate(divide="ignore", invalid="ignore"):
            c = lsq_linear(rows.T, a, (0, 1), method="bvls", tol=1e-14).x
        if np.isfinite(c).all():
            return float(np.linalg.norm(a - c @ rows))
    raise ArithmeticError("scipy finds no projection")


def over_all_subsets(X, lam):
    """d_H from its definition: the farthest of the sums over *all* subsets of one class, from the other zonotope.

    Every subset sum is a point of the zonotope, and a convex function is largest at a vertex, which is one of them.
    """
    G = np.abs(lam)[:, None] * X
    sides = (G[lam > 0], G[lam < 0]), (G[lam < 0], G[lam > 0])
    return max(bvls(np.array(S) @ A, B) for A, B in sides for S in itertools.product((0.0, 1.0), repeat=len(A)))


def search(tree, goal=0.0):
    """One tree alone, from nothing to its end."""
    at = front(tree, 0.0, np.eye(tree.pair.A.shape[1])[0], np.inf)
    while len(at.nodes):
        at = advanced(at, tree.pair.units(goal), tree.batch)
    return at


def wide(N, d):
    """Gaussian rows and multipliers: too many vertices to be listed."""
    rng = np.random.default_rng(N)
    X, lam = rng.standard_normal((N, d)), rng.standard_normal(N)
    assert not any(listable(side) for side in (zonotopes(X, lam), zonotopes(X, lam).swapped))
    return X, lam


def near_optimal(N, d, seed, rounds=6):
    """A dual variable at which many directions nearly tie, as column generation meets them: a few LP rounds."""
    from scipy.optimize import linprog

    X, y, _ = gaussian(N, d, np.random.default_rng(seed))
    U, s = spread(8 * N, d), np.tile([1.0, -1.0], 4 * N)
    for _ in range(rounds):
        lam = (
            y
            * linprog(
                -np.ones(N), A_ub=s[:, None] * np.maximum(U @ X.T, 0) * y, b_ub=np.ones(len(U)), bounds=(0, 1e4)
            ).x
        )
        found = violators(X, lam, 1.0)
        U, s = np.vstack([U, found.U]), np.concatenate([s, found.s])
    return X, lam


# --- projection --------------------------------------------------------------------------------------------------


@given(SEEDS)
@example(1642)  # products with a residual vanish but for rounding, which depends on array shapes
@example(657802118)  # a point inside: the corral fills up, and its last weights are not its best
def test_projection_equals_bounded_least_squares(seed):
    """Against scipy's BVLS and the optimality conditions, random and tied: a stalled corral, a wrong polish."""
    rng = np.random.default_rng(seed)
    k, d = rng.integers(1, 25), rng.integers(1, 7)
    integer = rng.random() < 0.5
    Z = rng.integers(-2, 3, (k, d)).astype(float) if integer else rng.standard_normal((k, d))
    a = rng.integers(-8, 9, (7, d)).astype(float) if integer else 4 * rng.standard_normal((7, d))
    c, r, distance = project(a, Z)
    size = np.linalg.norm(Z, axis=1).sum() + 20
    assert ((c >= 0) & (c <= 1)).all()
    assert np.abs(a - c @ Z - r).max() <= 1e-14 * size
    assert np.abs(distance - [bvls(point, Z) for point in a]).max() <= 1e-12 * size
    gap = distance**2 - (np.einsum("nd,nd->n", a, r) - np.maximum(r @ Z.T, 0).sum(axis=1))
    assert gap.max() <= 1e-12 * size**2


def test_projection_of_a_point_and_of_a_grid_have_their_shapes():
    """Leading axes of the points are those of the answer; a single point is not promoted to a batch."""
    Z = np.eye(3)[:2]
    one = project([2.0, 0.5, 1.0], Z)
    assert np.allclose(one.c, [1, 0.5]) and np.allclose(one.residual, [1, 0, 1])
    assert one.distance == pytest.approx(np.sqrt(2), rel=1e-15)
    grid = project(np.zeros((4, 5, 3)), Z)
    assert grid.c.shape == (4, 5, 2) and grid.residual.shape == (4, 5, 3) and grid.distance.shape == (4, 5)
    many = np.linspace([-1.0, 0.0, 0.0], [2.0, 0.0, 0.0], 10_001)  # more than are projected at a time
    assert np.allclose(project(many, Z).c[:, 0], np.clip(many[:, 0], 0, 1), atol=1e-15)
    assert project(np.zeros((0, 3)), Z).c.shape == (0, 2)


@pytest.mark.parametrize("scale", [1e-100, 1.0, 1e100])
def test_projection_at_any_scale(scale):
    """A point inside has distance 0 to rounding; squares of 1e-100 or 1e100 spoil nothing."""
    Z = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [0.0, 0.0]])
    inside, outside = project(scale * np.array([1.0, 1.5]), scale * Z), project(scale * np.array([3.0, 0.5]), scale * Z)
    assert inside.distance <= 1e-15 * scale
    assert outside.distance == pytest.approx(scale * bvls(np.array([3.0, 0.5]), Z), rel=1e-14)


@pytest.mark.parametrize("a", [np.zeros(2), 1.0, np.array([1.0, np.nan, 0.0])])
def test_projection_refuses_points_of_another_space(a):
    """Wrong widths would broadcast; NaN would come back as a distance."""
    with pytest.raises(ValueError, match="a must be finite, with last axis 3"):
        project(a, np.eye(3))


# --- the Hausdorff distance ----------------------------------------------------------------------------------------


@given(SEEDS)
def test_hausdorff_equals_the_farthest_subset_sum(seed):
    """The definition over all 2^k subsets of both classes, with scipy's projection: a missed cell, side or row."""
    X, lam = problem(seed)
    found, truth = hausdorff(X, lam), over_all_subsets(X, lam)
    assert found.value <= found.upper <= found.value + 1e-12 * mass(X, lam)
    assert found.value == pytest.approx(truth, abs=1e-12 * mass(X, lam))


@given(SEEDS)
def test_value_is_reached_at_the_unit_direction(seed):
    """`value` is the height of (u, s), re-evaluated, not the solver's opinion of it."""
    X, lam = problem(seed)
    found = hausdorff(X, lam)
    assert found.value == growth(X, lam, found.u, found.s)
    assert np.linalg.norm(found.u) == pytest.approx(1.0, abs=1e-15)


@given(SEEDS, st.integers(0, 40), st.floats(0.0, 0.05))
def test_interval_is_honest_whenever_it_is_stopped(seed, nodes, seconds):
    """Stopped early, `upper` still lies above every sampled direction, and `value` below the truth."""
    X, lam = problem(seed, N_max=9, d_max=5)
    found = hausdorff(X, lam, nodes=nodes, seconds=seconds)
    sampled = np.abs(growth(X, lam, spread(2000, X.shape[1]), 1.0)).max()
    assert sampled <= found.upper + 1e-14 * mass(X, lam)
    assert found.value <= hausdorff(X, lam).upper


def test_nothing_is_certified_for_nothing():
    """With no work the bound is finite and loose, with more it falls to the end: `upper` is never a copy of `value`."""
    X, lam = wide(24, 5)
    truth = hausdorff(X, lam)
    bounds = [hausdorff(X, lam, nodes=nodes).upper for nodes in (0, 1, 10**6)]
    assert np.inf > bounds[0] > bounds[1] > 1.01 * truth.value
    assert bounds == sorted(bounds, reverse=True) and bounds[-1] == pytest.approx(truth.upper, rel=1e-14)


def test_ctrl_c_in_a_step_leaves_a_valid_bound(monkeypatch):
    """Interrupted anywhere within a step, the search holds what it held before it, and can go on to the end."""
    X, lam = wide(24, 5)
    truth, at = hausdorff(X, lam), Search(X, lam)
    for calls in range(1, 400, 7):
        before, left = at.bound, iter(range(calls))

        def interrupted(*_, left=left):
            if next(left, None) is None:
                raise KeyboardInterrupt

        monkeypatch.setattr("lib.zonotope.projection._step", _spied(_step, interrupted))
        with contextlib.suppress(KeyboardInterrupt):
            at.step()
        assert before.value <= at.bound.value <= truth.upper and truth.value <= at.bound.upper <= before.upper
    monkeypatch.undo()
    assert at.run().upper == pytest.approx(truth.upper, rel=1e-13)


def _spied(function, before):
    """The function, after a call of `before`."""

    def spied(*arguments):
        before()
        return function(*arguments)

    return spied


@pytest.mark.parametrize(
    ("seed", "N", "d", "tiny"), [(95, 9, 3, 1e-15), (97, 7, 4, 1e-18), (119, 9, 4, 1e-100), (384, 7, 3, 1e-14)]
)
def test_generators_next_to_nothing_leave_nothing_open(seed, N, d, tiny):
    """Some rows have next to nothing of lam. Catches a residual that is made orthogonal to those whose coefficients
    rounding has chosen: the best direction found stays up to a hundredth below the bound."""
    rng = np.random.default_rng(seed)
    rng.integers(6, 14), rng.integers(2, 5)
    X, y, _ = gaussian(N, d, rng)
    lam = y * rng.random(N)
    found = hausdorff(X, np.where(rng.random(N) < 0.5, tiny * lam, lam))
    assert found.value <= found.upper <= found.value * (1 + 1e-12)


def test_a_goal_saves_work():
    """Nodes below the goal stay closed: fewer are bounded, and `upper` is loose but below the goal."""
    X, lam = near_optimal(40, 4, 2, rounds=3)
    pair = zonotopes(X, lam)
    visited = []
    for goal in (0.0, 3.0):
        tree = Counted(pair)
        found = search(tree, goal * over_cells(pair))
        visited.append(tree.visited)
    assert visited[1] < visited[0] / 2
    assert over_cells(pair) <= found.upper / pair.units(1.0) <= 3.0 * over_cells(pair) + 2 * tree.slack


class Counted(Cones):
    """Cones that count how many were bounded."""

    visited = 0

    def bound(self, V, level, until):
        self.visited += len(V)
        return super().bound(V, level, until)


def test_the_longest_sum_is_claimed_only_where_all_generators_lengthen_it():
    """Two generators that point away from each other: their sum is not the longest vertex; their lengths bound it."""
    assert longest_sum(np.array([[3.0, 0.0], [0.0, 4.0]])) == 5.0
    assert longest_sum(np.array([[3.0, 0.0], [-1e-9, 4.0]])) == 7.0


@given(SEEDS, st.floats(0.2, 3.0))
def test_goal_settles_on_which_side_the_truth_lies(seed, ratio):
    """Pruning at a goal may loosen `upper` up to the goal, never past it, and never hides a value above it."""
    X, lam = problem(seed)
    truth = hausdorff(X, lam)
    goal, tiny = ratio * truth.value, 1e-12 * mass(X, lam)
    found = hausdorff(X, lam, goal=goal)
    assert truth.value <= found.upper + tiny
    assert found.upper <= max(goal, truth.value) + tiny
    if goal < truth.value:
        assert found.value == pytest.approx(truth.value, abs=tiny)


def over_cells(pair):
    """One side by enumeration: the farthest vertex of Z_A, over all cells, from Z_B."""
    return project(cells(pair.A).patterns @ pair.A, pair.B).distance.max()


@pytest.mark.parametrize(("N", "d", "seed"), [(40, 2, 0), (60, 3, 1), (40, 4, 2), (30, 5, 3)])
def test_near_ties_are_resolved_by_both_trees(N, d, seed):
    """At nearly optimal lam, where many maxima tie and sum |lam| ||x|| >> d_H: cones, signs and enumeration agree."""
    X, lam = near_optimal(N, d, seed)
    pair = zonotopes(X, lam)
    for side in (pair, pair.swapped):
        truth, unit = over_cells(side), pair.units(1.0)
        for tree in (Cones(side), Signs(side)):
            found = search(tree)
            assert found.value == pytest.approx(truth, abs=4 * tree.slack)
            assert truth - 2 * pair.rounding <= found.upper / unit <= truth + 4 * tree.slack
            assert side.height(found.U[0]) == pytest.approx(found.value, abs=1e-14 * mass(X, lam))


@given(SEEDS)
@example(432)  # one zonotope holds the other: cones are cut down to rounding
def test_both_trees_end_at_the_farthest_vertex(seed):
    """Each tree alone, whichever `hausdorff` would choose, on small and degenerate data, started from nothing."""
    X, lam = problem(seed)
    pair = zonotopes(X, lam)
    assume(len(pair.A))
    G = np.abs(lam)[:, None] * X
    truth = max(bvls(np.array(S) @ G[lam > 0], G[lam < 0]) for S in itertools.product((0.0, 1.0), repeat=sum(lam > 0)))
    for tree in (Cones(pair), Signs(pair)):
        found = search(tree)
        assert found.best == pytest.approx(truth, abs=1e-12 * mass(X, lam))
        assert found.best <= found.upper <= found.best + 1e-10 * mass(X, lam)
        blind = search(tree, 2.0 * found.value)
        assert found.best <= blind.upper  # a bound that a goal closed still counts


@given(SEEDS)
def test_bounds_of_both_trees_hold_node_by_node(seed):
    """Every direction of a node stays below the node's bound, before anything is exact: a factor, a lost ray."""
    rng = np.random.default_rng(seed)
    X, lam = rng.standard_normal((7, 3)), rng.standard_normal(7)
    assume((lam > 0).any())
    pair = zonotopes(X, lam)
    U = spread(500, 3)
    for tree in (Cones(pair), Signs(pair)):
        nodes = tree.roots
        for _ in range(3):
            near = tree.bound(nodes, np.inf)
            inside = _inside(tree, nodes, U)
            assert inside.any(axis=0).all()
            assert (np.where(inside, pair.height(U), -np.inf).max(axis=1) <= near.upper + tree.slack).all()
            nodes, _ = tree.split(nodes, near)


@given(SEEDS, st.integers(1, 3))
def test_descent_is_that_of_one_coordinate_after_the_other(seed, sweeps):
    """Against loops in double precision: catches slopes left as they were within a block, and rows past the last."""
    rng = np.random.default_rng(seed)
    X, lam = rng.standard_normal((rng.integers(3, 30), rng.integers(2, 12))), rng.standard_normal(30)
    lam = lam[: len(X)]
    assume((lam > 0).any())
    tree = Signs(zonotopes(X, lam, rng.standard_normal((rng.integers(0, 3), X.shape[1]))))
    k, rays = tree.k, len(tree.pair.cone)
    signs = rng.integers(-1, 2, (5, k))
    nodes = np.column_stack([np.choose(signs + 1, (-0.3, 0.5, 1.2)), rng.random((5, len(tree.G) - k))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lib.zonotope.signs.SWEEPS", sweeps)
        found = tree.descended(nodes.astype(np.float32), np.full(5, 1e-9))
    assert (tree.signs(found) == signs).all()
    for x, sign, c in zip(nodes, signs, found, strict=True):
        low = np.concatenate([np.choose(sign + 1, (-64.0, 0.5, 1.0)), np.zeros(len(x) - k)])
        high = np.concatenate([np.choose(sign + 1, (0.0, 0.5, 64.0)), np.ones(len(x) - k - rays), np.full(rays, 64.0)])
        for _, i in itertools.product(range(sweeps), range(len(x))):
            row = tree.G[i]
            x[i] = np.clip(x[i] - row @ (x @ tree.G) / (row @ row), low[i], high[i])
        assert np.abs((c - x) @ tree.G).max() <= 1e-4 * ((1 + np.abs(x)) @ tree.lengths)


def test_descent_leaves_alone_what_is_too_short_for_single_precision():
    """Catches a division by a square that underflows: a bound that is no number would close its node."""
    X = np.vstack([np.random.default_rng(0).standard_normal((12, 3)), [[1e-25, 0.0, 0.0], [0.0, 1e-30, 0.0]]])
    tree = Signs(zonotopes(X, np.where(np.arange(14) % 2, -1.0, 1.0)))
    with np.errstate(all="raise", under="ignore"):
        near = tree.bound(tree.roots, 0.0)
    assert np.isfinite(near.c).all() and np.isfinite(near.upper).all()


def test_the_ends_of_climbs_are_kept_where_the_first_direction_is_the_highest():
    """Catches peaks that are thrown away because none is above the first direction: here that of all generators."""
    X = np.random.default_rng(0).standard_normal((40, 12))
    X[:, 0] = 1.2
    at = Search(X, np.ones(40))
    at.run(nodes=100)
    assert len(violators(X, np.ones(40), 0.9 * at.bound.value).values) > 2
    assert (at.reached.values > 0.9 * at.bound.value).sum() > 2


def test_the_nodes_of_the_highest_bounds_are_next_and_the_newest_once_there_are_many(monkeypatch):
    """Catches another order: bounds that fall late, or ever more open nodes."""
    bounds = np.random.default_rng(0).permutation(50).astype(float)
    assert set(bounds[_foremost(bounds, 7)]) == set(range(43, 50))
    assert sorted(_foremost(bounds, 60)) == list(range(50))
    monkeypatch.setattr("lib.zonotope.branching.MANY", 50)
    assert sorted(_foremost(bounds, 7)) == list(range(43, 50))


def test_a_bound_that_is_no_number_closes_no_node():
    """Catches a maximum that is passed over without a word: the bound of the node's parent holds on."""
    X, lam = wide(24, 5)

    class Broken(Signs):
        def bound(self, nodes, level, until=np.inf):
            near = super().bound(nodes, level, until)
            return near._replace(upper=np.where(np.arange(len(nodes)) % 2, near.upper, np.nan))

    tree = Broken(zonotopes(X, lam))
    at = front(tree, 0.0, np.eye(tree.pair.A.shape[1])[0], 100.0)
    for _ in range(3):
        at = advanced(at, 0.0, 64)
    assert at.upper == 100.0 * tree.pair.units(1.0) + tree.pair.units(tree.slack)


def test_what_a_search_has_reached_are_heights_on_both_sides():
    """Catches a sign, an order, and directions left where climbs began: those of the higher side have its peaks."""
    rng = np.random.default_rng(0)
    X, lam = rng.standard_normal((16, 3)), rng.standard_normal(16)
    at = Search(X, lam)
    at.run()
    found, top = at.reached, at.bound
    assert found.values[0] == pytest.approx(top.value, rel=1e-14) and found.s[0] == top.s
    assert found.values == pytest.approx(growth(X, lam, found.U, found.s), rel=1e-14)
    assert (np.diff(found.values) <= 0).all() and set(found.s) == {1.0, -1.0}
    peaks = local_maxima(X, lam)
    for u in peaks.U[peaks.s == top.s]:  # the other side may need no look
        assert (found.U[found.s == top.s] @ u).max() >= 1 - 1e-9


def _inside(tree, nodes, U):
    """Which directions U lie in (over) which nodes, for either tree."""
    if isinstance(tree, Signs):
        return (tree.signs(nodes)[:, None, :] * (U @ tree.A.T) >= 0).all(axis=2)
    coordinates = np.linalg.solve(nodes.transpose(0, 2, 1), tree.span @ U.T)
    return (coordinates >= -1e-12).all(axis=1)


def test_one_step_of_the_bound_of_free_generators():
    """C_U is exact for parallel generators (half their length) and for orthogonal ones; it bounds all sign vectors."""
    assert spare(np.outer([1.0, 2.0, 3.0], [0.6, 0.8])) == pytest.approx(3.0, rel=1e-14)
    assert spare(np.diag([3.0, 4.0, 12.0])) == pytest.approx(6.5, rel=1e-14)
    A, e = np.random.default_rng(0).standard_normal((7, 3)), np.array(list(itertools.product((-1, 1), repeat=7)))
    assert np.linalg.norm(e @ A, axis=1).max() / 2 <= spare(A) <= np.linalg.norm(A, axis=1).sum() / 2


def test_orthants_and_their_polar_cones():
    """The polar of an orthant is its negative, tilted inwards by rounding only, never outwards."""
    for V, rays in zip(orthants(3), polar(orthants(3)), strict=True):
        assert np.allclose(rays, -V, atol=1e-13) and (rays @ V.T <= 0).all()


@pytest.mark.parametrize("d", [2, 3, 4, 5, 6])
def test_rays_of_the_polar_cone_are_inside_it_in_exact_arithmetic(d):
    """w'v <= 0 for every ray w and vertex v, in fractions of the floats; cones cut from an orthant, down to THIN.

    Catches a tilt that is missing, or a hundredth of what it is, or outwards: then a bound may be below the truth.
    """
    rng, thinnest = np.random.default_rng(d), 1.0
    for trial in range(60):
        V = rng.random((d, d)) * (rng.random((d, d)) < 0.7) + 1e-3 * np.eye(d)
        V[0] = V[1:].mean(axis=0) + 10.0 ** -(trial % 9) * V[0]
        V /= np.linalg.norm(V, axis=1, keepdims=True)
        height = (1 / np.linalg.norm(np.linalg.inv(V), axis=0)).min()
        if height >= THIN:
            thinnest = min(thinnest, height)
            for w, v in itertools.product(polar(V[None])[0], V):
                assert sum(Fraction(a) * Fraction(b) for a, b in zip(w.tolist(), v.tolist(), strict=True)) <= 0
    assert thinnest < 10 * THIN


@pytest.mark.parametrize("N", [1, 2, 5, 40])
def test_orthogonal_rows(N):
    """X = I, lam = 1: the distance is sqrt(N), along the all-ones vector, at any N without enumeration."""
    found = hausdorff(np.eye(N), np.ones(N), nodes=1)
    assert found.value == pytest.approx(np.sqrt(N), rel=1e-14) == pytest.approx(found.upper, rel=1e-12)
    assert found.s == 1 and np.allclose(found.u, 1 / np.sqrt(N))


def test_orthogonally_separable_data_needs_no_enumeration():
    """Within-class inner products >= 0, across <= 0: the longer of the two class sums, at N = 300, d = 40."""
    X, y, _ = orthogonally_separable(300, 40, np.random.default_rng(0))
    lam = y * np.random.default_rng(1).random(300)
    found = hausdorff(X, lam, nodes=1)
    sums = [np.linalg.norm(lam[y == s] @ X[y == s]) for s in (1, -1)]
    assert found.value == pytest.approx(max(sums), rel=1e-13) == pytest.approx(found.upper, rel=1e-10)
    assert found.s == (1, -1)[int(np.argmax(sums))]


@pytest.mark.slow
@given(SEEDS)
def test_symmetries(seed):
    """Homogeneous in lam, invariant under rotations, row scalings x/c with lam c, and exchange of the two sides."""
    X, lam = problem(seed)
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((X.shape[1],) * 2))[0]
    c, tiny = rng.uniform(0.5, 2.0, len(X)), 1e-12 * mass(X, lam)
    value = hausdorff(X, lam).value
    assert hausdorff(X, 3.7 * lam).value == pytest.approx(3.7 * value, abs=4 * tiny)
    assert hausdorff(X @ Q, lam).value == pytest.approx(value, abs=tiny)
    assert hausdorff(X / c[:, None], lam * c).value == pytest.approx(value, abs=tiny)
    assert hausdorff(X, -lam).value == pytest.approx(value, abs=tiny)


@given(SEEDS)
def test_repeated_parallel_and_zero_rows_change_nothing(seed):
    """A row split into two of half the multiplier, zero rows, zero multipliers, an extra zero column."""
    X, lam = problem(seed)
    extra = np.random.default_rng(seed).standard_normal((2, X.shape[1]))
    split = np.vstack([X, 3 * X, 0 * extra, extra])
    weights = np.concatenate([lam / 2, lam / 6, [1.0, -1.0], [0.0, 0.0]])
    wide = np.column_stack([split, np.zeros(len(split))])
    assert hausdorff(wide, weights).value == pytest.approx(hausdorff(X, lam).value, abs=1e-12 * mass(X, lam))


@pytest.mark.parametrize(("rows", "multipliers"), [(1e-100, 1.0), (1e100, 1.0), (1.0, 1e-100), (1e-100, 1e100)])
def test_any_scale(rows, multipliers):
    """Neither small nor large units underflow, overflow or lose digits."""
    X, lam = problem(3)
    unit = hausdorff(X, lam)
    found = hausdorff(rows * X, multipliers * lam)
    assert unit.value > 0.1
    assert found.value == pytest.approx(unit.value * rows * multipliers, rel=1e-13)
    assert found.upper == pytest.approx(unit.upper * rows * multipliers, rel=1e-13)


def test_nothing_to_separate():
    """lam = 0, rows of zeros, and two equal zonotopes: distance 0, at some unit direction, no maxima."""
    assert hausdorff(np.ones((2, 3)), [0, 0])[:2] == (0, 0)
    assert hausdorff(np.zeros((2, 3)), [1, -1])[:2] == (0, 0)
    equal = hausdorff(np.ones((2, 3)), [1, -1])
    assert isinstance(equal, Maximiser) and equal.value == 0 and equal.upper <= 1e-13
    assert np.linalg.norm(equal.u) == pytest.approx(1)
    assert len(violators(np.ones((2, 3)), [1, -1], 0.0).s) == 0
    assert len(local_maxima(np.ones((2, 3)), [1, -1]).s) == 0


def test_opposite_rows_share_their_kink():
    """Rows +-(1, 0), +-(-.2, 1) with odd labels: the height is linear, its directions are the two of X'lam / 2.

    With free coefficients for each row four more would be listed, at which no limit of gradients balances.
    """
    X, lam = np.array([[1.0, 0.0], [-1.0, 0.0], [-0.2, 1.0], [0.2, -1.0]]), np.array([1.0, -1.0, 1.0, -1.0])
    found = extremal_directions(X, lam)
    D = lam @ X / 2
    assert len(found.U) == 2 and found.stable.all()
    np.testing.assert_allclose(found.s[:, None] * found.U, np.tile(D / np.linalg.norm(D), (2, 1)), atol=1e-12)
    np.testing.assert_allclose(found.values, np.linalg.norm(D))


@pytest.mark.parametrize("function", [hausdorff, local_maxima, extremal_directions, violators])
def test_bad_input_is_refused_by_name(function):
    """NaN in the multipliers, or one too few of them, would otherwise broadcast or vanish in comparisons."""
    level = (0.0,) if function is violators else ()
    with pytest.raises(ValueError, match="lam has NaN or infinite entries in row 1"):
        function(np.eye(2), [1.0, np.nan], *level)
    with pytest.raises(ValueError, match="lam must have shape"):
        function(np.eye(2), [1.0], *level)
    with pytest.raises(ValueError, match="X must be 2-D"):
        function(np.ones(2), [1.0], *level)


def test_kinks_know_no_size():
    """Catches lengths that overflow: then every row would count as a kink."""
    X, u = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 1.0]])
    for size in (1e-300, 1.0, 1e160, 1e300):
        assert on_kink(size * X, u).tolist() == [[True, True, False]]


def test_a_goal_that_is_no_number_is_refused():
    """NaN compares with nothing: a search towards it would begin and end at once."""
    with pytest.raises(ValueError, match="goal must be a number"):
        hausdorff(np.eye(2), [1.0, -1.0], goal=np.nan)


# --- neurons with a bias or a threshold that the norm does not see -----------------------------------------------


def centred(seed, N_max=7, d_max=2):
    """Small data, degenerate or not, with multipliers that sum to zero exactly."""
    X, lam = problem(seed, N_max, d_max)
    lam = np.round(lam * 64) / 64
    return X, np.append(lam[:-1], -lam[:-1].sum())


def over_directions(X, lam, free, W):
    """The best over the directions W of all t at which a row vanishes, and t = 0: t moves freely, w on a grid."""
    P, best = W @ X.T, 0.0
    for t in [0 * P[:, 0], *P.T]:
        bias = -t if free == "bias" else -np.maximum(t, 0)
        best = max(best, np.abs(np.maximum(P + bias[:, None], 0) @ lam).max())
    return best


def over_slices(X, lam, free):
    """The largest over all subset sums (a, h) of one class of min ||a - z|| with (z, k) in the other lift zonotope.

    k = h for a free bias; k >= h for rows (x, -1) and a threshold. A conic solver, and no lift to pieces.
    """
    import cvxpy as cp

    rows = np.column_stack([X, np.full(len(X), 1.0 if free == "bias" else -1.0)]) * np.abs(lam)[:, None]
    best = 0.0
    for own, other in ((rows[lam > 0], rows[lam < 0]), (rows[lam < 0], rows[lam > 0])):
        for S in itertools.product((0.0, 1.0), repeat=len(own)):
            c = cp.Variable(len(other))
            g = np.array(S) @ own - c @ other
            height = [g[-1] == 0] if free == "bias" else [g[-1] <= 0]
            cone = cp.Problem(cp.Minimize(cp.norm(g[:-1])), [c >= 0, c <= 1, *height])
            best = max(best, cone.solve(solver=cp.CLARABEL))
    return best


@pytest.mark.parametrize("free", ["bias", "threshold"])
@given(seed=SEEDS, stop=st.integers(0, 3))
def test_free_neurons_equal_brute_force(free, seed, stop):
    """Both ends against all t on a fine circle of w, with degenerate data, run to the end or not: a lost piece."""
    X, lam = centred(seed) if free == "bias" else problem(seed, 7, 2)
    angle = np.linspace(0, 2 * np.pi, 4000, endpoint=False)
    W = np.column_stack([np.cos(angle), np.sin(angle)]) if X.shape[1] == 2 else np.array([[1.0], [-1.0]])
    sampled, size = over_directions(X, lam, free, W), 2 * mass(X, lam)  # rows x_m - x_n
    found, early = (hausdorff(X, lam, free=free, nodes=nodes) for nodes in (1e6, stop))
    assert sampled <= found.upper + 1e-12 * size and found.upper <= found.value + 1e-12 * size
    assert found.value <= sampled + 1e-3 * size
    assert early.value <= found.upper and sampled <= early.upper + 1e-12 * size


@pytest.mark.parametrize("free", ["bias", "threshold"])
@pytest.mark.parametrize("seed", range(8))
def test_free_neurons_equal_the_distance_of_slices(free, seed):
    """The theorem on slices of equal height, by a conic solver over all subset sums, in up to four dimensions."""
    rng = np.random.default_rng(seed)
    X, lam = rng.standard_normal((6, 1 + seed % 4)), rng.standard_normal(6)
    lam[0] -= lam.sum()
    found = hausdorff(X, lam, free=free)
    assert found.value == pytest.approx(over_slices(X, lam, free), rel=1e-6)
    assert found.value <= found.upper <= found.value * (1 + 1e-12)


@given(SEEDS)
def test_a_free_neuron_reaches_its_value(seed):
    """u = (w, t) has ||w|| = 1, t >= 0 for a threshold, and the value; a bias that the norm sees does no better."""
    X, lam = centred(seed, 6, 3)
    ones = np.ones((len(X), 1))
    for free, sign in (("bias", 1.0), ("threshold", -1.0)):
        found = hausdorff(X, lam, free=free)
        assert found.value == growth(np.hstack([X, sign * ones]), lam, found.u, found.s)
        assert np.linalg.norm(found.u[:-1]) == pytest.approx(1.0, abs=1e-15)
        assert free == "bias" or found.u[-1] >= 0
    threshold, bias = hausdorff(X, lam, free="threshold"), hausdorff(X, lam, free="bias")
    tiny = 1e-14 * mass(np.hstack([X, ones]), lam)
    assert hausdorff(np.hstack([X, ones]), lam).value <= bias.upper + tiny
    assert hausdorff(X, lam).value <= threshold.upper + tiny and threshold.value <= bias.upper + tiny


def test_the_numbers_of_seven_rows_in_the_plane():
    """Computed once by other means: slices, 20,000 directions, and a bias in the norm, which is another problem."""
    for seed, value, penalised in zip(
        range(4), (2.049693, 1.497228, 0.881885, 6.731092), (1.687700, 1.252677, 0.822550, 3.687963), strict=True
    ):
        rng = np.random.default_rng(seed)
        X, lam = rng.standard_normal((7, 2)), rng.standard_normal(7)
        lam -= lam.mean()
        assert hausdorff(X, lam, free="bias").upper == pytest.approx(value, abs=1e-6)
        assert hausdorff(np.column_stack([X, np.ones(7)]), lam).value == pytest.approx(penalised, abs=1e-6)


def test_a_free_bias_asks_for_multipliers_that_sum_to_zero():
    """Else a far kink makes the maximum infinite; a threshold has no such end, on either side."""
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    with pytest.raises(ValueError, match=r"lam must sum to 0, and sums to 0\.5: the maximum is infinite"):
        hausdorff(X, [1.0, -1.0, 0.5], free="bias")
    with pytest.raises(ValueError, match="'both' is unknown; the choices are none, bias, threshold"):
        hausdorff(X, [1.0, -1.0, 0.0], free="both")
    assert hausdorff(X, [1.0, 1.0, 0.5], free="threshold").value == pytest.approx(hausdorff(X, [1.0, 1.0, 0.5]).value)
    assert hausdorff(X, [0.0, 0.0, 0.0], free="bias").upper == 0


@given(SEEDS)
def test_a_free_bias_does_not_see_translations(seed):
    """Rows moved by one vector: the same zonotope slices."""
    X, lam = centred(seed, 7, 3)
    shift = np.random.default_rng(seed).standard_normal(X.shape[1])
    moved = hausdorff(X + shift, lam, free="bias").value
    assert moved == pytest.approx(hausdorff(X, lam, free="bias").value, abs=1e-12 * mass(np.abs(X) + 3, lam))


# --- ascent and local maxima ---------------------------------------------------------------------------------------


@given(SEEDS)
def test_one_ascent_step_never_descends(seed):
    """The climb from u ends no lower than u: a residual of the wrong sign, a stale pattern."""
    X, lam = problem(seed, N_max=10)
    pair = zonotopes(X, lam)
    for u in starts(pair, 3):
        ends, _ = climb(pair, u[None, :], np.ones(1))
        if pair.height(u) > 1e-9:
            assert pair.height(ends).max() >= pair.height(u) - 1e-14


def distances(a, b):
    """How far apart the directions of two tables are, signs included."""
    return np.abs(a.U[:, None] - b.U).max(axis=2) + np.abs(a.s[:, None] - b.s)


@pytest.mark.parametrize("function", [local_maxima, extremal_directions])
@pytest.mark.parametrize("tiny", [1e-12, 1e-14, 1e-100])
def test_entries_of_lam_below_rounding_move_no_maximum(function, tiny):
    """Half of lam is next to nothing: all of some height is where it is without that half.

    Catches maxima that are lost, made up or doubled in the cells of rows with less than the rounding of the others.
    """
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y, _ = gaussian(7, 3, rng)
        lam, kept = y * rng.random(7), rng.permutation(7) < 4
        known, found = (function(X, np.where(kept, lam, share * lam)) for share in (0.0, tiny))
        high, clear = (one.values > 1e-6 * mass(X, lam) for one in (known, found))
        np.testing.assert_allclose(found.values[clear], known.values[high], rtol=1e-6)
        np.testing.assert_allclose(found.U[clear], known.U[high], atol=1e-6)


@pytest.mark.slow
@given(SEEDS)
def test_local_maxima_are_where_hills_end(seed):
    """Every climb ends at a listed maximum, the highest is the Hausdorff distance, none can be improved nearby."""
    rng = np.random.default_rng(seed)
    d = rng.integers(2, 4)
    X, lam = rng.standard_normal((7, d)), rng.standard_normal(7)
    peaks, climbed = local_maxima(X, lam), violators(X, lam, 1e-9)
    assert len(climbed.s) <= len(peaks.s)
    assert (distances(climbed, peaks).min(axis=1, initial=3) <= 1e-9).all()
    assert peaks.values.max(initial=0) == pytest.approx(hausdorff(X, lam).value, abs=1e-12)
    for v, u, s in zip(peaks.values, peaks.U, peaks.s, strict=True):
        around = u + 1e-5 * spread(200, d)
        assert (growth(X, lam, around / np.linalg.norm(around, axis=1, keepdims=True), s) <= v + 1e-14).all()


def circle(X, lam, s, n=40_000):
    """Heights along a fine circle, their strict local maxima and minima with positive value."""
    angle = 2 * np.pi * (np.arange(n) + 0.5) / n
    f = growth(X, lam, np.column_stack([np.cos(angle), np.sin(angle)]), s)
    before, after, up = np.roll(f, 1), np.roll(f, -1), f > 1e-6 * mass(X, lam)
    return ((f > before) & (f > after) & up).sum(), ((f < before) & (f < after) & up).sum()


@pytest.mark.parametrize("seed", range(12))
def test_critical_directions_in_the_plane(seed):
    """d = 2: as many maxima and critical directions as a fine circle shows, on both sides."""
    rng = np.random.default_rng(seed)
    X, lam = rng.standard_normal((6, 2)), rng.standard_normal(6)
    peaks, critical = local_maxima(X, lam), extremal_directions(X, lam)
    for s in (1.0, -1.0):
        tops, bottoms = circle(X, lam, s)
        assert (peaks.s == s).sum() == (critical.stable & (critical.s == s)).sum() == tops
        assert (critical.s == s).sum() == tops + bottoms


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("d", [2, 3, 5])
def test_a_peak_of_next_to_no_height_is_where_it_is_and_on_its_kinks(seed, d):
    """Planted: one generator of Z_A, a millionth above the middle of a facet of Z_B. Catches a residual's direction
    that is known to rounding beside the generators only: then the peak is on none of the kinks that meet there."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((d + 4, d))
    u = np.linalg.svd(B[: d - 1])[2][-1]
    vertex = B[d - 1 :][B[d - 1 :] @ u > 0].sum(axis=0)
    X = np.vstack([vertex + B[: d - 1].sum(axis=0) / 2 + 1e-6 * u, B])
    found = local_maxima(X, np.r_[1.0, -np.ones(len(B))])
    (peak,) = np.flatnonzero(found.s > 0)
    np.testing.assert_allclose(found.U[peak], u, atol=1e-11)
    np.testing.assert_allclose(found.C[peak, 1:d], 0.5, atol=1e-11)


def test_a_maximum_on_a_kink_that_the_other_class_bends_down():
    """Parallel rows of both classes share a kink; where the other class is stronger, a maximum may lie on it."""
    X, lam = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 0.0]]), np.array([1.0, -1.0, 1.0])
    X = np.vstack([X, [[0.0, -1.0]]])
    lam = np.append(lam, -0.25)
    peaks = local_maxima(X, lam)
    assert [(peaks.s == s).sum() for s in (1, -1)] == [circle(X, lam, s)[0] for s in (1, -1)]
    assert np.allclose(peaks.U[peaks.s == 1], [[1, 0]])


@given(SEEDS)
def test_clarke_coefficients_solve_the_fixed_point_equation(seed):
    """s sum C_n lam_n x_n = v u, C = 1 or 0 off the kinks, for stable and unstable directions, degenerate data."""
    X, lam = problem(seed, d_max=3)
    for found in (local_maxima(X, lam), extremal_directions(X, lam)):
        assert ((found.C >= 0) & (found.C <= 1)).all()
        velocity = found.s[:, None] * ((found.C * lam) @ X)
        assert np.abs(velocity - found.values[:, None] * found.U).max(initial=0) <= 1e-8 * mass(X, lam)
        along = found.U @ X.T
        off = np.abs(along) > 1e-8 * np.linalg.norm(X, axis=1)
        assert (((along > 0) == found.C) | ~off).all()
        assert np.allclose(found.values, growth(X, lam, found.U, found.s), atol=1e-14 * mass(X, lam))
        assert (np.diff(found.values) <= 1e-15 * mass(X, lam)).all()


@given(SEEDS)
def test_stable_directions_are_the_local_maxima(seed):
    """Two enumerations, one over cells, one over flats and cells, tied data included."""
    X, lam = problem(seed, d_max=3)
    peaks, critical = local_maxima(X, lam), extremal_directions(X, lam)
    assert np.allclose(peaks.values, critical.values[critical.stable], atol=1e-9 * mass(X, lam))


def test_every_face_of_orthogonal_rows_is_critical():
    """X = I, lam = 1, N = 4: the 15 directions of the nonempty subsets, of which the full one alone is stable."""
    found = extremal_directions(np.eye(4), np.ones(4))
    support = {tuple(u > 1e-9) for u in found.U}
    assert len(found.s) == len(support) == 15 and (found.s == 1).all()
    assert np.allclose(found.values**2, np.sort([sum(S) for S in support])[::-1])
    assert found.stable.tolist() == [True] + 14 * [False]


def test_early_directions_on_orthogonally_separable_data():
    """The only stable directions are the two class sums."""
    X, y, _ = orthogonally_separable(8, 3, np.random.default_rng(5))
    found = extremal_directions(X, y / 2)
    sums = np.array([X[y == s].sum(axis=0) / np.linalg.norm(X[y == s].sum(axis=0)) for s in found.s[found.stable]])
    assert sorted(found.s[found.stable]) == [-1, 1] and np.allclose(found.U[found.stable], sums)


def test_violators_lie_above_the_level_and_keep_previous_columns():
    """Sorted, distinct, above the level, and a maximum handed in is found again even from no other start."""
    X, lam = near_optimal(40, 4, 2, rounds=3)
    every = violators(X, lam, 0.0)
    level = float(np.median(every.values))
    some = violators(X, lam, level)
    assert (some.values > level).all() and len(some.s) == (every.values > level).sum()
    assert np.allclose(some.values, growth(X, lam, some.U, some.s), rtol=1e-13)
    assert (np.diff(some.values) <= 0).all() and some.values[0] <= hausdorff(X, lam).upper
    assert (distances(every, every) + np.eye(len(every.s))).min() > 1e-9
    again = violators(X, lam, 0.0, previous=every.U, n=1)
    assert len(again.s) >= len(every.s)
