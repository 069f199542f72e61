"""Certificates made from floating point: they are accepted, they are tight, and they never exclude the truth."""

import ast
import functools
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from lib.certificate import certify, write
from lib.certificate.cones import Sides, cones
from lib.certificate.decimals import above, below, places, printed, rounded
from lib.checker import check, check_file
from lib.data import Array, load
from lib.network import Network
from lib.zonotope import hausdorff
from lib.zonotope.signs import spare

# --- independent bounds on P* in the plane -------------------------------------------------------------

GRID = np.linspace(0, 2 * np.pi, 64, endpoint=False)


def grid_program(X: Array, y: Array, U: Array) -> tuple[float, Array]:
    """The least sum of |a_i| of a network sum_i a_i (x'u_i)_+ with margins >= 1, and its multiplier."""
    F = y[:, None] * np.maximum(X @ U, 0)
    A = np.hstack([F, -F])
    answer = linprog(np.ones(A.shape[1]), A_ub=-A, b_ub=-np.ones(len(X)))
    return (answer.fun, y * np.maximum(-answer.ineqlin.marginals, 0)) if answer.success else (np.inf, np.zeros(len(X)))


def height_in_the_plane(X: Array, lam: Array) -> float:
    """max |lam'(Xu)_+| over the circle: linear between the lines x_n'u = 0, so at their ends or at a gradient."""
    normals = X[lam != 0] @ np.array([[0, 1], [-1, 0]])
    ends = np.vstack([normals, -normals])
    middles = np.sort(np.arctan2(ends[:, 1], ends[:, 0]))
    middles = (middles + np.diff(middles, append=middles[0] + 2 * np.pi) / 2) if len(middles) else np.zeros(1)
    inside = np.column_stack([np.cos(middles), np.sin(middles)])
    gradients = ((inside @ X.T > 0) * lam) @ X
    U = np.vstack([ends, gradients, -gradients])
    U = U[np.linalg.norm(U, axis=1) > 1e-12]
    heights = np.maximum(U @ X.T, 0) @ lam / np.linalg.norm(U, axis=1)
    return float(np.abs(heights).max(initial=0.0))


def bounds_in_the_plane(X: Array, y: Array, net: Network) -> tuple[float, float]:
    """lower <= P* <= upper, from a linear program over directions: nothing is shared with the certificate."""
    U = np.column_stack([np.vstack([np.cos(GRID), np.sin(GRID)]), net.W1 / np.maximum(net.radii, 1e-300)])
    upper, lam = grid_program(X, y, U)
    height = height_in_the_plane(X, lam)
    return (float(y @ lam) / height if height > 0 else 0.0), upper


# --- the interval contains the truth -------------------------------------------------------------------

QUARTERS = st.integers(-8, 8).map(lambda k: k / 4)
SIZES = st.sampled_from([1.0, 1e-3, 1e4, 1e-7])


@st.composite
def trained(draw: st.DrawFn, d: int) -> tuple[Array, Array, Network, Array]:
    """Data labelled by a network, with repeated, parallel and opposite rows, and a multiplier of the right signs."""
    X = draw(arrays(float, (draw(st.integers(1, 7)), d), elements=QUARTERS)) * draw(SIZES)
    m = draw(st.integers(1, 4))
    net = Network(draw(arrays(float, (d, m), elements=QUARTERS)), draw(arrays(float, m, elements=QUARTERS)))
    q = net.predict(X)
    kept = np.abs(q) > 1e-9 * np.abs(q).max(initial=0.0)
    lam = draw(arrays(float, len(X), elements=st.sampled_from([0.0, 1.0, 0.5, 2.0, 1e-6, 0.3])))
    return X[kept], np.sign(q[kept]), net, np.sign(q[kept]) * lam[kept]


@given(trained(2))
def test_the_interval_contains_the_truth(case: tuple[Array, Array, Network, Array]) -> None:
    """Catches an interval that excludes P*, whatever the network and the multiplier: it meets the interval that a
    linear program over directions proves, and the one that contains P* contains it."""
    X, y, net, lam = case
    if not len(X):
        return
    verdict = check(certify(net, X, y, lam))
    assert verdict.accepted, verdict.message
    lower, upper = bounds_in_the_plane(X, y, net)
    assert verdict.lower <= upper * (1 + 1e-7) and lower <= verdict.upper * (1 + 1e-7)
    # and for the best multiplier of the grid both close in on the same value
    best = check(certify(net, X, y, grid_program(X, y, net.W1)[1]))
    assert best.accepted and best.lower <= upper * (1 + 1e-7)


@given(trained(4))
def test_the_interval_is_no_wider_than_the_inputs_allow(case: tuple[Array, Array, Network, Array]) -> None:
    """Catches a certificate that gives up more than rounding: lower is y'lam / d_H, upper is the path norm / margin."""
    X, y, net, lam = case
    if not len(X):
        return
    verdict = check(certify(net, X, y, lam))
    assert verdict.accepted, verdict.message
    height = hausdorff(X, lam).upper
    assert float(verdict.lower) == pytest.approx(y @ lam / height if height else 0.0, rel=1e-6)
    assert float(verdict.upper) == pytest.approx(net.path_norm / (y * net.predict(X)).min(), rel=1e-6)


@pytest.mark.slow
def test_thousands_of_random_cases() -> None:
    """Catches what small examples drawn by Hypothesis miss: a thousand seeded cases, half of them degenerate."""
    rng = np.random.default_rng(20)
    for case in range(1000):
        N, d, m = rng.integers(1, 9), rng.integers(1, 5), rng.integers(1, 5)
        X = rng.standard_normal((N, d)) if case % 2 else rng.integers(-2, 3, (N, d)) * 0.1
        net = Network(rng.standard_normal((d, m)), rng.standard_normal(m))
        q = net.predict(X)
        X, y = X[np.abs(q) > 1e-6], np.sign(q[np.abs(q) > 1e-6])
        if len(X):
            verdict = check(certify(net, X, y, y * rng.random(len(X)) * (rng.random(len(X)) < 0.8)))
            assert verdict.accepted, (case, verdict.message)
            assert verdict.lower <= verdict.upper, case


def test_orthogonal_examples() -> None:
    """Catches a wrong value where it is known: N orthonormal examples of one label have P* = sqrt N."""
    for N in (1, 2, 3, 5):
        net = Network(np.full((N, 1), N**-0.25), [N**0.25])
        verdict = check(certify(net, np.eye(N), np.ones(N), np.ones(N)))
        assert verdict.lower**2 <= N <= verdict.upper**2
        assert verdict.upper - verdict.lower < Fraction(1, 10**7)


def test_a_wide_network_far_from_optimal() -> None:
    """Catches an upper bound of anything but the network that was given: its own cost stands in the certificate."""
    net = Network(np.eye(3), np.ones(3))  # one neuron an example: cost 3, not sqrt 3
    verdict = check(certify(net, np.eye(3), np.ones(3), np.ones(3)))
    assert float(verdict.upper) == pytest.approx(3) and float(verdict.lower) == pytest.approx(3**0.5)


# --- the data are what was given ------------------------------------------------------------------------


def test_floats_are_written_so_that_they_read_back() -> None:
    """Catches data rounded on their way into the file: the theorem is about the matrix that was given."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((5, 3)) * 10.0 ** rng.integers(-20, 20, (5, 3))
    net = Network(X.T / np.linalg.norm(X, axis=1) ** 2, np.ones(5))
    written = [[float(word) for word in e["x"].split()] for e in certify(net, X, np.ones(5), np.ones(5))["examples"]]
    assert np.array_equal(written, X)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1, "0.1"), (5, "5"), (-0.0, "-0"), (1e22, "1e22"), (1e-7, "1e-07"), (True, "1"), (np.float32(0.5), "0.5"),
     (Fraction(2, 3), "2/3"), (Decimal("0.10"), "0.10"), (Decimal("1E+3"), "1e3")],
)  # fmt: skip
def test_numbers_as_they_print(value: object, text: str) -> None:
    """Catches a number that the checker cannot read, or another number."""
    assert printed(value) == text
    assert float(Fraction(text)) == float(value)  # type: ignore[arg-type]


def test_fractions_are_kept_exactly() -> None:
    """Catches exact data that pass through floating point."""
    X = [[Fraction(1, 3), Fraction(0)], [Fraction(0), Decimal("0.1")]]
    certificate = certify(Network(np.eye(2) * 5, np.ones(2) * 5), X, [1, 1], [1, 1])
    assert [e["x"] for e in certificate["examples"]] == ["1/3 0", "0 0.1"]
    assert check(certificate).accepted


# --- rounding -------------------------------------------------------------------------------------------


@given(st.fractions(0, 1000), st.integers(0, 12))
def test_outward_rounding(value: Fraction, digits: int) -> None:
    """Catches a bound rounded the wrong way, or by more than a digit."""
    low, high = Fraction(below(value, digits)), Fraction(above(value, digits))
    assert low <= value <= high and high - low <= Fraction(1, 10**digits)


@given(st.floats(-1e3, 1e3), st.floats(1e-12, 10))
def test_rounding_error_is_below_what_was_asked(value: float, error: float) -> None:
    """Catches a digit too few."""
    assert abs(Fraction(rounded(value, places(error))) - Fraction(value)) <= Fraction(error) * (1 + Fraction(1, 10**9))


# --- the cones --------------------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1))
def test_every_direction_has_its_cone(seed: int) -> None:
    """Catches a cone that bounds too little: at random directions, the height stays below the bound of the one cone
    that contains them."""
    rng = np.random.default_rng(seed)
    own, opposite = rng.standard_normal((rng.integers(0, 6), 3)), rng.standard_normal((rng.integers(0, 6), 3))
    G, weights = np.vstack([own, opposite]), np.repeat([1.0, -1.0], [len(own), len(opposite)])
    scale = hausdorff(G, weights).upper * (1 + 1e-9) if len(G) else 1.0
    found = cones(Sides(own / scale, opposite / scale, 1e-12))
    for u in rng.standard_normal((20, 3)):
        signs = "".join("+" if z > 0 else "-" for z in own @ u)
        (cone,) = [cone for cone in found if signs.startswith(cone.signs)]
        t, c = (np.array(text.split(), dtype=float) for text in (cone.own, cone.opposite))
        k = len(t)
        height = np.maximum(own @ u, 0).sum() - np.maximum(opposite @ u, 0).sum()
        bound = (t @ own[:k] + own[k:].sum(0) / 2 - c @ opposite) @ u + np.abs(own[k:] @ u).sum() / 2
        assert height <= bound + 1e-9 and bound <= scale * np.linalg.norm(u)


def test_what_is_left_without_a_sign_is_short() -> None:
    """Catches an order that makes certificates longer than they need be."""
    rng = np.random.default_rng(1)
    X = rng.random((12, 3))
    y = np.repeat([1.0, -1.0], 6) * np.sign(X[:, 0] - X[:, 1])
    X[y < 0] *= -1
    certificate = certify(Network([[1, -1], [1, -1], [1, -1]], [1, -1]), X, y, y * rng.random(12))
    G = X * np.array([float(e["lam"]) for e in certificate["examples"]])[:, None]
    for part in ("plus", "minus"):
        own = G[[int(n) for n in certificate[part][0]["own"].split()]]
        for k in range(len(own)):
            others = [spare(np.vstack([own[j], own[k + 1 :]])) for j in range(k)]
            assert spare(own[k:]) <= min(others, default=np.inf) * (1 + 1e-9)


def test_what_cannot_be_bounded_is_an_error() -> None:
    """Catches a certificate written although its bound fails: generators of length 2 have no bound 1."""
    with pytest.raises(ArithmeticError, match="on the cone"):
        cones(Sides(2 * np.eye(2), np.zeros((0, 2)), 0.0))


# --- bad input ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "y", "net", "lam", "message"),
    [
        (np.eye(2), [1, 1], Network(np.eye(2), [1, -1]), [1, 1], r"does not separate the data: .* row 1;"),
        (np.eye(2), [1, -1], Network(np.eye(2), [1, -1]), [1, 1], "lam must have the signs of y; row 1 must change"),
        (np.eye(2), [1, -1], Network(np.eye(2), [1, -1]), [1], "lam must have shape"),
        (np.eye(2), [1, 2], Network(np.eye(2), [1, -1]), [1, 1], "y must be -1 or"),
        (np.eye(3), [1, 1, 1], Network(np.eye(2), [1, 1]), [1, 1, 1], "bias column"),
        ([[np.nan, 1]], [1], Network(np.eye(2), [1, 1]), [1], "NaN"),
    ],
)
def test_bad_input_is_named(X: object, y: object, net: Network, lam: object, message: str) -> None:
    """Catches bad input that reaches the arithmetic."""
    with pytest.raises(ValueError, match=message):
        certify(net, X, y, lam)  # type: ignore[arg-type]


def test_too_large_a_support_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a file that grows without bound."""
    rng = np.random.default_rng(1)
    X, net = rng.standard_normal((12, 3)), Network([[1, -1], [1, -1], [1, -1]], [1, -1])
    y = np.sign(net.predict(X))
    monkeypatch.setattr("lib.certificate.proof.cones", functools.partial(cones, most=3))
    with pytest.raises(ValueError, match=r"rows in its support: more than 3 cones .* a lam of fewer rows"):
        certify(net, X, y, y * rng.random(12))


def test_slack_buys_a_shorter_certificate() -> None:
    """Catches slack that gives up bound for nothing, or that takes more than it was given."""
    rng = np.random.default_rng(1)
    X, net = rng.standard_normal((16, 4)), Network([[1, -1], [1, -1], [1, -1], [1, -1]], [1, -1])
    y = np.sign(net.predict(X))
    lam = y * rng.random(16)
    tight, loose = certify(net, X, y, lam), certify(net, X, y, lam, slack=0.1)
    assert float(loose["header"]["lower"]) == pytest.approx(0.9 * float(tight["header"]["lower"]), rel=1e-6)
    assert check(loose).accepted and len(loose["plus"]) + len(loose["minus"]) < len(tight["plus"]) + len(tight["minus"])
    with pytest.raises(ValueError, match="slack must be in"):
        certify(net, X, y, lam, slack=1.0)


def test_a_deadline_weakens_the_bound_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a deadline that is not passed on, where the exact d_H would take hours, and a proof that needs it."""

    def within(*data: Array, seconds: float) -> object:
        assert seconds == 0.1
        return hausdorff(*data, seconds=seconds)

    monkeypatch.setattr("lib.certificate.proof.hausdorff", within)
    rng = np.random.default_rng(2)
    X, net = rng.standard_normal((150, 15)), Network(rng.standard_normal((15, 3)), [1, -1, 1])
    y = np.where(net.predict(X) > 0, 1.0, -1.0)
    X, y = X[net.predict(X) != 0], y[net.predict(X) != 0]
    certificate = certify(net, X, y, y * rng.random(len(y)), seconds=0.1)
    verdict = check(certificate)
    assert verdict.accepted and 0 < verdict.lower < verdict.upper, verdict.message


# --- files ---------------------------------------------------------------------------------------------------


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    """Catches a half-written file, a lost old one, and rubbish left behind, when writing fails halfway."""
    certificate = certify(Network(np.eye(2), [1, 1]), np.eye(2), [1, 1], [1, 1])
    path = write(certificate, tmp_path / "c.jsonl")
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write({**certificate, "minus": [{"side": {1, 2}}]}, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_every_line_is_json(tmp_path: Path) -> None:
    """Catches a format that other programs cannot read."""
    path = write(certify(Network(np.eye(2), [1, 1]), np.eye(2), [1, 1], [1, 1]), tmp_path / "c.jsonl")
    assert all(isinstance(json.loads(line), dict) for line in path.read_text().splitlines())


def test_nothing_is_ever_executed() -> None:
    """Catches a loader that runs what it reads, and an array loaded with pickles allowed."""
    lib = Path(__file__).parents[1] / "lib"
    for path in [lib / "checker.py", *lib.glob("adapters/*.py"), *lib.glob("certificate/*.py")]:
        tree = ast.parse(path.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not names & {"pickle", "marshal", "shelve", "dill", "joblib", "torch"}, path
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if getattr(call.func, "attr", "") == "load":
                assert "allow_pickle=False" in ast.unparse(call), path
            assert getattr(call.func, "id", "") not in ("eval", "exec", "__import__"), path


def test_the_certificate_beside_the_page() -> None:
    """Catches a stored certificate that is refused, is about other data, or proves less than its page says."""
    chapter = Path(__file__).parents[1] / "book" / "80_certificate.ipynb"
    stored = chapter.parent / "_static" / "iris_certificate.jsonl"
    verdict = check_file(stored)
    records = [json.loads(line) for line in stored.read_text().splitlines()]
    printed_rows = [[float(entry) for entry in record["x"].split()] for record in records if "example" in record]
    X, y, _ = load("iris")
    assert verdict.accepted and np.array_equal(printed_rows, X)
    assert [record["y"] for record in records if "example" in record] == y.tolist()
    assert (verdict.lower, verdict.upper) == (Fraction("16.77619985"), Fraction("16.77619994"))
    assert r"16.77619985\\le P^*\\le16.77619994" in chapter.read_text()
