"""Moving figures: what a cell puts out, what it refuses, and the mathematics of the modules against `lib`.

tests/test_players_driven.py drives them as a reader does.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import Page, sync_playwright
from scipy.optimize import linprog

import figures
from figures import players
from figures.players.player import plain
from figures.players.state import DEAD, FREE, clock, frames, rounded, whereabouts
from lib.data import gaussian, orthogonally_separable
from lib.flow import direction_flow, gradient_flow
from lib.kkt import upper_bound
from lib.network import Network
from lib.patterns import cells
from lib.program import max_margin
from lib.zonotope import growth, hausdorff, local_maxima
from tests.galleries import GALLERY, IRIS, LAM, LOG_T, RUN, W1, W2, X, Y, page_of
from tests.visits import CHROMIUM, QUIET

# --- what a cell puts out --------------------------------------------------------------------------


@pytest.mark.parametrize("name", GALLERY)
def test_the_bundle_of_mime_types(name: str) -> None:
    """Catches an output without a still for paper, a text that nbval would find different, and HTML that changes."""
    bundle = GALLERY[name]._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert bundle["text/plain"] == f"Player({GALLERY[name].module})"
    assert bundle["text/html"] == page_of(name)


@pytest.mark.parametrize("name", GALLERY)
def test_the_first_frame_needs_no_script(name: str) -> None:
    """Catches a page that is empty until its script has run, or that says nothing to a screen reader."""
    page = BeautifulSoup(page_of(name), "html.parser")
    still = page.select_one(".still")
    assert still is not None and len(still.select("path")) > 3
    assert still["role"] == "img" and len(str(still["aria-label"])) > 60
    assert str(still["aria-label"]) == page.select_one(".words").text  # type: ignore[union-attr]
    assert not page.select(".still style, .still metadata")


@pytest.mark.parametrize("name", GALLERY)
def test_a_figure_is_light_and_asks_nobody(name: str) -> None:
    """Catches an address in the page, and a figure too heavy for a page of many."""
    html = page_of(name)
    addresses = set(re.findall(r"https?://[\w./]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert len(html) < 250_000
    assert len(players.bundle(GALLERY[name].module)) < 32_000


def test_figures_share_a_page() -> None:
    """Catches two figures of one page with the same names inside."""
    page = BeautifulSoup("".join(map(page_of, GALLERY)), "html.parser")
    names = [tag["id"] for tag in page.select("[id]")] + [tag["data-player"] for tag in page.select("[data-player]")]
    assert len(names) == len(set(map(str, names)))


def test_a_script_is_not_ended_by_its_data() -> None:
    """Catches data that close the script element they stand in, or that are read as HTML."""
    names = ["</script><b>one</b>", "<!--two"]
    html = players.dial(np.array([X, X]), Y, names, W1[0], W2[0]).html()
    assert html.count("</script>") == 1
    assert BeautifulSoup(html, "html.parser").find("b") is None


def test_a_bundle_is_one_module() -> None:
    """Catches an import left in a bundle, which a blob cannot resolve, and a part bundled twice."""
    for module in {player.module for player in GALLERY.values()}:
        source = players.bundle(module)
        assert not re.search(r"^import ", source, re.M)
        assert source.count("export default") == 1
        assert source.count("export function stage(") == 1


# --- states ----------------------------------------------------------------------------------------


def test_json_knows_no_infinity() -> None:
    """Catches an Infinity or NaN in the page, which is no JSON and stops the script."""
    state = plain({"a": np.array([1.0, np.inf, np.nan]), "b": [True, np.bool_(False), "x", None], "c": np.int64(3)})
    assert json.loads(json.dumps(state, allow_nan=False)) == {
        "a": [1, None, None],
        "b": [True, False, "x", None],
        "c": 3,
    }


@pytest.mark.parametrize("steps", [1, 2, 159, 160, 161, 5000])
def test_frames_keep_both_ends(steps: int) -> None:
    """Catches a flow shown without its end, or with every one of its steps."""
    k = frames(steps)
    assert k[0] == 0 and k[-1] == steps - 1
    assert len(k) == min(steps, 160) and (np.diff(k) > 0).all()


def test_rounding_keeps_significant_digits() -> None:
    """Catches rounding to decimals, which would make small dual variables zero."""
    assert rounded([1.23456789e-30, -98765.4321, 0.0, np.inf], 3) == pytest.approx([1.23e-30, -98800.0, 0.0, np.inf])


def test_the_clock_starts_before_its_first_step() -> None:
    """Catches log 0 on an axis."""
    assert clock([-np.inf, 2.0, 3.0]) == pytest.approx([1.0, 2.0, 3.0])
    for bad in ([0.0, -np.inf], [2.0, 1.0], [0.0, np.nan]):
        with pytest.raises(ValueError, match="log_t"):
            clock(bad)


def test_whereabouts_tell_sliding_from_crossing() -> None:
    """Catches a crossing taken for a slide, a slide missed at its ends, and a death taken for either."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0]])
    up, right, down = [0.0, 1.0], [1.0, 0.0], [0.0, -1.0]
    sliding = [[0.6, 0.8], up, up, [-0.6, 0.8]]
    crossing = [[0.8, 0.6], right, [0.8, -0.6], [0.6, -0.8]]
    dying = [[0.6, -0.8], down, down, down]
    found = whereabouts(rows, np.swapaxes([sliding, crossing, dying], 0, 1))
    assert found.T.tolist() == [[FREE, 0, 0, FREE], [FREE] * 4, [FREE, DEAD, DEAD, DEAD]]


def test_the_flow_costs_what_lib_says() -> None:
    """Catches a cost that is not the normalised one, and a network that errs and is given a price."""
    best = max_margin(X, Y, tol=1e-8).primal_value
    shares = players.flow(X, Y, LOG_T, W1, W2, best=best).state["shares"]
    steps = frames(len(LOG_T))
    right = RUN.margins[steps].min(axis=1) > 0
    assert right.any() and not right.all() and ((shares > 0) == right).all()
    costs = [upper_bound(RUN.network(k), X, Y) for k in steps[right]]
    assert best / shares[right] == pytest.approx(np.array(costs), rel=1e-5)


def test_neurons_lie_in_their_ellipsoid() -> None:
    """Catches negative neurons shown in Q, or positive ones in -Q: their places are s_i (X u_i)_+."""
    state = GALLERY["ellipsoid"].state
    for k in (0, -1):
        net = RUN.network(k)
        places = np.sign(net.w2) * np.maximum(X[:2] @ (net.W1 / net.radii), 0)
        assert state["paths"][k] == pytest.approx(places.T, abs=1e-4)
    assert state["paths"][0].min() < 0 < state["paths"][0].max()


REFUSED: list[tuple[str, Callable[[], players.Player]]] = [
    ("W1 must have 3 axes", lambda: players.flow(X, Y, LOG_T, W1[0], W2)),
    ("w2 must have 2 axes, the first with the", lambda: players.flow(X, Y, LOG_T, W1, W2[:5])),
    ("2 or 3 columns", lambda: players.flow(np.ones((4, 4)), Y, LOG_T, W1, W2)),
    ("2 columns", lambda: players.basins(np.ones((4, 3)), LAM)),
    ("3 columns", lambda: players.basins_on_sphere(X, Y, np.eye(3), [0, 0, 0], np.eye(3))),
    ("index of the 1 ends", lambda: players.basins_on_sphere(np.eye(3), Y[:3], np.eye(3), [0, 1, 0], np.eye(3)[:1])),
    ("2 or 3 rows", lambda: players.ellipsoid(X, Y, LAM, LOG_T, W1, W2)),
    ("y_n lam_n >= 0", lambda: players.ellipsoid(X[:2], Y[:2], -LAM[:2], LOG_T, W1, W2)),
    ("not all zero", lambda: players.ellipsoid(X[:2], Y[:2], 0 * LAM[:2], LOG_T, W1, W2)),
    ("K >= 2", lambda: players.dial(X[None], Y, ["one"], W1[0], W2[0])),
    ("one name each", lambda: players.dial(np.array([X, X]), Y, ["one"], W1[0], W2[0])),
    ("K >= 2", lambda: players.recovery(X[None], Y[:2], ["one"])),
    ("begin solved", lambda: players.recovery(np.array([[X[0], -X[0], X[1], -X[1]]] * 2), X[0], ["one", "two"])),
    ("move a row", lambda: players.whitening(np.array([[2, 0], [1, 1], [-1, 0], [-2, -2]]), Y)),
    ("u > tau", lambda: players.price(1.0, 0.5, 0.4)),
    ("must be symmetric", lambda: players.mirror(X, Y, 0.0, 0.3, (0.0, 1.0))),
    ("separated classes", lambda: players.clock(X, Y, 0.0)),
    ("begin solved", lambda: players.teacher([[16, 0, 0], [16, -4, 1], [16, 4, 1]], [0.8, 0, 0.6])),
    ("three independent rows", lambda: players.teacher(np.ones((3, 3)), [1, 0, 0])),
    ("at most 3 rows", lambda: players.race(np.eye(4), np.arange(1, 5))),
    ("arrive together", lambda: players.race(np.eye(2), [1, 1])),
    ("balanced", lambda: players.dial(np.array([X, X]), Y, ["one", "two"], 2 * W1[0], W2[0])),
    ("2 columns", lambda: players.zonotopes(np.ones((4, 3)), Y, LAM)),
    ("lam must have 2 axes", lambda: players.zonotopes_along(X, Y, LOG_T, LAM, W1, W2)),
    ("2 columns", lambda: players.arrangement(np.ones((4, 3)), Y)),
    ("is refused (line 111: lower", lambda: players.forgery(IRIS.replace("16.77619985", "16.77619986"))),
    ("lower must have 1 axes", lambda: players.bracket(LOG_T, np.ones(3), np.ones(len(LOG_T)))),
]


@pytest.mark.parametrize(("needle", "build"), REFUSED, ids=[needle for needle, _ in REFUSED])
def test_what_cannot_be_shown_is_refused(needle: str, build: Callable[[], players.Player]) -> None:
    """Catches arrays of the wrong shape that would first fail in the reader's browser, without a word."""
    with pytest.raises(ValueError, match=re.escape(needle)):
        build()


# --- the mathematics of the modules ----------------------------------------------------------------


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    if not CHROMIUM and "CI" not in os.environ:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield chromium.new_page()
        chromium.close()


def call(page: Page, module: str, body: str, argument: Any) -> Any:
    """What `body`, a function of the argument, returns in the browser; the module's exports are in scope as `m`."""
    script = """async ([source, argument]) => {
        const m = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
        return (%s)(argument);
    }"""
    return page.evaluate(script % body, [players.bundle(module), plain(argument)])


def duals(rng: np.random.Generator, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Data in the plane with a dual variable: general, on a grid with parallel and zero rows, one-sided, sparse."""
    cases = []
    for k in range(count):
        N = int(rng.integers(1, 9))
        rows = rng.standard_normal((N, 2)) if k % 2 else rng.integers(-2, 3, (N, 2)).astype(float)
        lam = rng.standard_normal(N) * (rng.random(N) < 0.8)
        cases.append((rows, np.abs(lam) if k % 5 == 0 else lam))
    return cases


@pytest.mark.slow
def test_the_distance_is_libs(page: Page) -> None:
    """Catches an arc, a kink or a side that the browser's search leaves out, degenerate rows included."""
    cases = duals(np.random.default_rng(0), 120)
    found = call(page, "zonotopes", "(cases) => cases.map(([X, lam]) => m.hausdorff(X, lam))", cases)
    for (rows, lam), best in zip(cases, found, strict=True):
        assert best["value"] == pytest.approx(hausdorff(rows, lam).value, rel=1e-9, abs=1e-12)
        assert growth(rows, lam, best["u"], best["s"]) == pytest.approx(best["value"], abs=1e-12)


def test_the_distance_in_space_is_libs(page: Page) -> None:
    """Catches a side, a vertex or an edge that the browser's exact distance of three rows leaves out."""
    rng = np.random.default_rng(8)
    cases = [(rng.standard_normal((3, 3)) * [3, 1, 1], rng.standard_normal(3)) for _ in range(60)]
    cases += [(rows, np.abs(v)) for rows, v in cases[:10]]
    script = "(cases) => cases.map(([X, v]) => [m.multiplier(X, v), m.apart(X, v)])"
    found = call(page, "teacher", script, cases)
    for (rows, v), (lam, value) in zip(cases, found, strict=True):
        assert lam == pytest.approx(np.linalg.solve(rows.T, v), rel=1e-9)
        assert value == pytest.approx(hausdorff(rows, v).value, rel=1e-9)


def test_a_network_has_one_sign_in_each_sector(page: Page) -> None:
    """Catches a zero between two kinks that is left out, and a sector that is missing or of the other sign."""
    cases = duals(np.random.default_rng(4), 60)
    neurons = [[{"u": u, "s": np.sign(c), "mu": abs(c)} for u, c in zip(rows, lam, strict=True)] for rows, lam in cases]
    found = call(page, "laboratory", "(cases) => cases.map(m.sectors)", neurons)
    angles = 0.0123 + np.linspace(0, 2 * np.pi, 721)  # on no kink
    for (rows, lam), sectors in zip(cases, found, strict=True):
        values = growth(rows, lam, np.column_stack([np.cos(angles), np.sin(angles)]), 1.0)
        for angle, value in zip(angles, values, strict=True):
            around = [part for part in sectors if (angle - part["from"]) % (2 * np.pi) < part["to"] - part["from"]]
            assert len(around) == 1 or (not sectors and value == 0)
            assert abs(value) < 1e-9 or np.sign(value) == np.sign(around[0]["f"])
        assert sectors == [] or sum(part["to"] - part["from"] for part in sectors) == pytest.approx(2 * np.pi)


def test_the_arcs_of_alignment_are_libs(page: Page) -> None:
    """Catches a kink crossed too early or in the wrong order, or a neuron that is lost on the way."""
    rng = np.random.default_rng(9)
    cases = []
    for N in (2, 3, 6) * 10:
        angles, y = rng.uniform(-0.75, 0.75, N), rng.choice([-1.0, 1.0], N)
        Z = rng.uniform(0.5, 2, (N, 1)) * np.column_stack([np.cos(angles), np.sin(angles)])
        cases.append((Z, y, [np.cos(t := 6.28 * rng.random()), np.sin(t)]))
    found = call(page, "clock", "(cases) => cases.map(([Z, y, u]) => m.stretches(Z, y, u))", cases)
    for (Z, y, u), path in zip(cases, found, strict=True):
        arcs = direction_flow(y, [u], y[:, None] * Z, 1.0).arcs[0]
        assert [arc["t"] for arc in path] == pytest.approx([arc.t for arc in arcs], rel=1e-9, abs=1e-12)
        assert np.array([arc["g"] for arc in path]) == pytest.approx(np.array([arc.g for arc in arcs]))


def test_the_corners_span_the_support_function(page: Page) -> None:
    """Catches a zonotope drawn with a wrong or missing corner."""
    cases = [rows for rows, _ in duals(np.random.default_rng(1), 60)]
    angles = np.linspace(0, 2 * np.pi, 90)
    U = np.column_stack([np.cos(angles), np.sin(angles)])
    found = call(page, "zonotopes", "(cases) => cases.map(m.zonotope)", cases)
    for rows, corners in zip(cases, found, strict=True):
        assert (U @ np.array(corners).T).max(axis=1) == pytest.approx(np.maximum(U @ rows.T, 0).sum(axis=1), abs=1e-9)


def test_the_cells_are_libs(page: Page) -> None:
    """Catches a cell counted twice, left out, or given another pattern."""
    cases = [rows for rows, _ in duals(np.random.default_rng(2), 60)]
    found = call(page, "arrangement", "(cases) => cases.map((X) => m.cells(X).map((c) => c.pattern))", cases)
    for rows, patterns in zip(cases, found, strict=True):
        assert sorted(map(tuple, patterns)) == sorted(map(tuple, cells(rows).patterns.tolist()))


@pytest.mark.parametrize(("turn", "tilt"), [(0, 0), (35, 22), (-120, 80)])
def test_the_view_is_the_plots(page: Page, turn: float, tilt: float) -> None:
    """Catches a view that stretches, mirrors, or turns the other way than the still beside it."""
    points = np.random.default_rng(6).standard_normal((5, 3))
    found = call(page, "flow", f"(points) => points.map((p) => m.seen(p, {turn}, {tilt}))", points)
    assert np.array(found) == pytest.approx(figures.seen(points, turn, tilt))


def climbed(rows: np.ndarray, lam: np.ndarray, s: float, angle: float) -> float:
    """The angle at which tiny steps uphill on s lam'(Xu)_+ end, starting from `angle`."""
    step = 0.004
    while step > 1e-7:
        around = angle + np.array([-step, 0.0, step])
        heights = growth(rows, lam, np.column_stack([np.cos(around), np.sin(around)]), s)
        if heights.argmax() == 1 or np.ptp(heights) == 0:
            step /= 2
        else:
            angle = around[heights.argmax()]
    return angle


def test_neurons_end_where_small_steps_end(page: Page) -> None:
    """Catches an end on the wrong side of a kink, or a climb that stops early or passes its peak.

    On a grid a direction can stand exactly on a saddle, where small steps are luck: only one such case, by hand, in
    which the peak of one arc is the kink where the next begins.
    """
    rng = np.random.default_rng(3)
    cases = [(np.array([[0.0, -2.0], [2.0, 0.0]]), np.array([-0.94, -0.31]), -1.0, 3.6)]
    cases += [
        (rows, lam, float(s), t)
        for rows, lam in duals(rng, 50)[1::2]
        for s, t in zip(rng.choice([-1, 1], 3), 6.28 * rng.random(3), strict=True)
    ]
    found = call(page, "basins", "(cases) => cases.map(([X, lam, s, t]) => m.climb(X, lam, s, t))", cases)
    assert sum(end is None for end in found) > 3
    for (rows, lam, s, angle), end in zip(cases, found, strict=True):
        if end is None:  # it dies where it starts, or at the edge of the dead cone: the height there is zero
            assert growth(rows, lam, [np.cos(angle), np.sin(angle)], s) <= 1e-12
            continue
        u = np.array([np.cos(end["end"]), np.sin(end["end"])])
        goal = climbed(rows, lam, s, angle)
        assert u == pytest.approx([np.cos(goal), np.sin(goal)], abs=1e-3)


def test_ends_are_local_maxima(page: Page) -> None:
    """Catches an extremal direction that the browser finds and `lib` does not, or a peak that no start reaches."""
    cases = [(rows, lam) for rows, lam in duals(np.random.default_rng(4), 40) if lam.any()]
    script = "(cases) => cases.map(([X, lam]) => [1, -1].map((s) => m.basins(X, lam, s).ends))"
    found = call(page, "basins", script, cases)
    for (rows, lam), ends in zip(cases, found, strict=True):
        peaks = local_maxima(rows, lam)
        for s, angles in zip((1.0, -1.0), ends, strict=True):
            U = np.column_stack([np.cos(angles), np.sin(angles)])
            positive = U[growth(rows, lam, U, s) > 1e-9]
            expected = peaks.U[peaks.s == s]
            nearest = (positive @ expected.T).max(axis=1, initial=-1.0)
            assert nearest == pytest.approx(np.ones(len(positive)), abs=1e-9)
            assert len(positive) == len(expected)


def programs(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Small data in the plane, all of which a network can fit."""
    for N in (2, 3, 4):
        for _ in range(4):
            rows = rng.standard_normal((N, 2))
            yield rows, np.where(rng.random(N) < 0.6, 1.0, -1.0)
    yield np.eye(2), np.ones(2)


def dense(rows: np.ndarray, y: np.ndarray, directions: int = 1000) -> float:
    """An upper bound on P* that many directions give: min sum mu, sum mu_i s_i y_n (x_n'u_i)_+ >= 1, by an LP."""
    angles = np.r_[np.linspace(0, 2 * np.pi, directions), np.arctan2(rows[:, 0], -rows[:, 1])]
    angles = np.r_[angles, angles + np.pi]
    A = y[:, None] * np.maximum(rows @ np.array([np.cos(angles), np.sin(angles)]), 0)
    solved = linprog(np.ones(2 * len(angles)), A_ub=-np.hstack([A, -A]), b_ub=-np.ones(len(y)), method="highs")
    return float(solved.fun)


def test_the_optimum_is_libs(page: Page) -> None:
    """Catches a wrong pivot, a missing cut, or a bound on the wrong side: P* as `lib` and an LP see it."""
    cases = list(programs(np.random.default_rng(5)))
    found = call(page, "dial", "(cases) => cases.map(([X, y]) => m.maxMargin(X, y))", cases)
    for (rows, y), best in zip(cases, found, strict=True):
        lam = np.array(best["lam"])
        assert best["value"] == pytest.approx(best["upper"], rel=1e-9)
        assert best["value"] == pytest.approx(max_margin(rows, y, tol=1e-9).primal_value, rel=1e-7)
        assert best["value"] == pytest.approx(dense(rows, y), rel=1e-4)
        assert (y * lam >= 0).all() and y @ lam == pytest.approx(best["value"])
        assert hausdorff(rows, lam).value <= 1 + 1e-9


def test_the_optimum_has_no_value_where_no_network_fits(page: Page) -> None:
    """Catches a number for data that cannot be fitted: equal rows with different labels."""
    assert call(page, "dial", "([X, y]) => m.maxMargin(X, y)", (np.ones((2, 2)), [1.0, -1.0])) is None


def test_a_neuron_between_two_sides_that_pull_apart_stays(page: Page) -> None:
    """Catches a choice where the velocity of least norm is zero: on the kink of two opposite rows of one class."""
    start = {"angles": [np.pi / 2], "signs": [1.0], "scale": 0.1, "end": 40, "longest": 1}
    run = call(page, "dial", "([X, y, start]) => m.flow(X, y, start)", ([[1, 0], [-1, 0]], [1, 1], start))
    assert run["angles"] == [np.pi / 2]


def starts(rng: np.random.Generator, m: int) -> dict[str, Any]:
    return {"angles": 6.28 * rng.random(m), "signs": np.resize([1.0, -1.0], m), "scale": 0.1, "end": 40}


@pytest.mark.parametrize("seed", range(4))
def test_the_flow_is_libs(page: Page, seed: int) -> None:
    """Catches a kink crossed that should hold a neuron, a wrong clock, or a wrong velocity."""
    rng = np.random.default_rng(seed)
    data = orthogonally_separable(4, 2, rng) if seed % 2 else gaussian(4, 2, rng)
    start = starts(rng, 6)
    shown = call(page, "dial", "([X, y, start]) => m.compared(X, y, start)", (data.X, data.y, start))
    run = shown["run"]
    U = np.array([np.cos(start["angles"]), np.sin(start["angles"])])
    begun = Network(start["scale"] * U, start["scale"] * start["signs"])
    path = gradient_flow(begun, data.X, data.y, loss="exponential", log_t_end=run["log_t"])
    end = path.network()
    assert run["radii"] == pytest.approx(end.radii, rel=5e-3, abs=1e-3)
    large = end.radii > 0.05 * end.radii.max()
    angles = np.array(run["angles"])[large]
    cosines = (np.array([np.cos(angles), np.sin(angles)]) * (end.W1 / end.radii)[:, large]).sum(axis=0)
    assert cosines == pytest.approx(np.ones(large.sum()), abs=1e-4)
    assert run["lam"] == pytest.approx(path.lam[-1], abs=2e-2)
    assert run["margins"] == pytest.approx(path.margins[-1], rel=1e-2)
    gamma = path.margins[-1].min()
    assert shown["cost"] == pytest.approx(end.path_norm / gamma if gamma > 0 else np.inf, rel=1e-2)
    distance = shown["cost"] * hausdorff(data.X, path.lam[-1]).value
    assert shown["distance"] == pytest.approx(distance, rel=2e-2)
