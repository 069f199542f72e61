"""Interpolation judged without signs: planted optima, duality against a linear program, predictions that are cheap."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from lib.kkt import interpolation
from lib.network import Network, balanced
from lib.zonotope import growth, hausdorff

X = np.array([[1.0, 0.2], [-0.3, 1.0], [-0.8, -0.9], [0.9, -0.6]])


def circle(n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.column_stack([np.cos(angle), np.sin(angle)])


def by_directions(X, y, n=4000):
    """min sum |w| s.t. sum w_u (Xu)_+ = y over n directions of the plane, and its dual: another road to P_int."""
    F = np.maximum(X @ circle(n).T, 0)
    found = linprog(np.ones(2 * n), A_eq=np.hstack([F, -F]), b_eq=y, method="highs")
    return found.fun, found.eqlin.marginals, np.flatnonzero(found.x > 1e-9)


@pytest.mark.parametrize("y", [[1, 1, -1, -1], [0.3, -2, 0, 1.5], [-1, -1, -1, -1], [1, 0, 0, 0]])
def test_bounds_hold_the_value_of_a_linear_program(y):
    """The grid is above P_int by less than its step, 1.6e-3, and its dual proves as much: catches a condition on signs,
    the wrong zonotope, a factor."""
    y = np.array(y, dtype=float)
    value, lam, used = by_directions(X, y)
    assert interpolation.lower_bound(X, y, lam) == pytest.approx(value, rel=1.6e-3)
    assert interpolation.lower_bound(X, y, lam) <= value
    U, s = circle(4000)[used % 4000], np.where(used < 4000, 1.0, -1.0)
    F = s * np.maximum(X @ U.T, 0)
    w = np.linalg.lstsq(F, y)[0]
    net = Network((U * np.sqrt(w)[:, None]).T, s * np.sqrt(w))
    found = interpolation.bracket(net, X, lam)
    assert found.lower <= value * (1 + 1e-12) <= found.upper * (1 + 1e-9)
    assert found.gap < 1.6e-3


@given(st.integers(0, 10_000))
def test_any_signs_prove_a_bound(seed):
    """Weak duality, y'lam <= d_H(lam) cost, for networks and lam without any relation: catches a bound that is too
    high, also by rounding: at the optimum nothing is between."""
    rng = np.random.default_rng(seed)
    rows, lam = rng.standard_normal((5, 3)), rng.standard_normal(5)
    net = balanced(3, 2, 1.0, rng)
    found = interpolation.bracket(net, rows, lam)
    assert 0 <= found.lower <= found.upper
    top = hausdorff(rows, lam)
    alone = Network(top.u[:, None], [top.s])
    best = interpolation.bracket(alone, rows, lam)  # one neuron at the maximiser of its own lam
    assert best.lower <= 1 <= best.upper and best.gap < 1e-9


@given(st.integers(0, 10_000))
def test_the_lower_bound_is_below_exact_arithmetic(seed):
    """One example: P_int is |f(x)| / |x|, and f nearly cancels. Catches predictions taken as exact."""
    rng = np.random.default_rng(seed)
    w, a = rng.random(4), rng.random(4)
    w1, w2 = np.append(w, w * (1 + 1e-15 * rng.random(4))), np.append(a, -a)
    f = sum(Fraction(v) * Fraction(u) for u, v in zip(w1.tolist(), w2.tolist(), strict=True))
    found = interpolation.bracket(Network(w1[None], w2), [[1.0]], [np.sign(float(f))])
    assert Fraction(found.lower) <= abs(f) <= Fraction(found.upper)


def planted(rng):
    """Two neurons and a lam of both signs with s_i sum lam_n c_in x_n = u_i: a KKT point, no row on a kink."""
    rows = rng.standard_normal((16, 3))
    U = rng.standard_normal((2, 3))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    s = np.array([1.0, -1.0])
    A = np.vstack([sign * (rows * (rows @ u > 0)[:, None]).T for u, sign in zip(U, s, strict=True)])
    lam, *_ = np.linalg.lstsq(A, U.ravel())
    return rows, U, s, np.linalg.norm(A @ lam - U.ravel())


def test_a_planted_multiplier_of_both_signs_is_found():
    """Catches a multiplier held to the signs of the predictions, a neuron's sign left out, a scale."""
    found = 0
    for seed in range(30):
        rows, U, s, miss = planted(np.random.default_rng(seed))
        if miss > 1e-9:
            continue
        found += 1
        net = Network((U * np.array([[2.0], [0.7]])).T, s * np.array([0.5, 3.0]))
        one = interpolation.multiplier(net, rows)
        assert one.residual < 1e-9
        at = interpolation.conditions(net, rows, net.predict(rows), one.lam)
        assert at.stationarity < 1e-9 and at.error == 0
        np.testing.assert_allclose(growth(rows, one.lam, U, s), 1, atol=1e-8)
        assert at.tight == pytest.approx(1, abs=1e-8)
    assert found >= 10


@pytest.mark.parametrize("tilt", [0.5, -0.5])
def test_kinks_are_shared_out_whatever_the_sign(tilt):
    """x_1 + c lam_2 x_2 = u asks for c lam_2 = -tilt: catches coefficients for one sign of lam only."""
    net, rows = Network([[1.0], [0.0]], [1.0]), np.array([[1.0, tilt], [0.0, 1.0]])
    found = interpolation.multiplier(net, rows)
    assert found.residual < 1e-6
    assert found.lam[0] == pytest.approx(1) and found.c[0, 1] * found.lam[1] == pytest.approx(-tilt)


def test_the_conditions_separate_an_optimum_from_a_stationary_point():
    """Orthogonal rows, one neuron each: stationary with lam = 1, but one neuron for all is cheaper by sqrt N."""
    N = 3
    alone = interpolation.conditions(Network(np.eye(N), np.ones(N)), np.eye(N), np.ones(N), np.ones(N))
    assert alone.stationarity < 1e-12 and alone.tight == pytest.approx(1)
    assert alone.exact == pytest.approx(np.sqrt(N)) and alone.uncovered == pytest.approx(np.sqrt(N))
    weak = interpolation.conditions(Network(np.eye(N), np.ones(N)), np.eye(N), np.ones(N), [1.0, 1.0, 0.5])
    assert weak.tight == pytest.approx(0.5) and weak.stationarity > 0.1
    joint = Network(np.ones((N, 1)), [1.0])
    at = interpolation.conditions(joint, np.eye(N), np.ones(N), np.full(N, N**-0.5))
    assert at.exact == pytest.approx(1) and at.uncovered == 0 and at.tight == pytest.approx(1)
    assert interpolation.conditions(joint, np.eye(N), [1.0, 1.0, 3.0], np.ones(N)).error == 2


def test_the_zero_network_has_no_multiplier():
    """Catches a least-squares problem without unknowns."""
    with pytest.raises(ValueError, match="no neuron"):
        interpolation.multiplier(Network(np.zeros((2, 1)), [1.0]), np.eye(2))
