"""Every moving figure is driven as a reader drives it, and must then show what `lib` says.

One page with all figures, opened over http, light and wide, and from the disk, dark and narrow.
"""

import os
import re
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pydata_sphinx_theme
import pytest
import sphinx_book_theme
from playwright.sync_api import Browser, FloatRect, Locator, Page, sync_playwright
from scipy.optimize import minimize

from figures.players.games import pressed
from lib import closed_form
from lib.checker import Verdict, check_lines
from lib.data import whitened
from lib.flow import direction_flow, gradient_flow
from lib.network import Network
from lib.patterns import cells, count
from lib.program import max_margin, recovery
from lib.zonotope import growth, hausdorff
from tests.attacks import BY_HAND, sealed
from tests.galleries import (
    BEAMS,
    CLOUD_Y,
    DIAL_W1,
    GALLERY,
    IRIS,
    KNOTS,
    LAM,
    LEFT_OUT,
    LOG_T,
    LOWER,
    MEASURED,
    PAIRS,
    PAIRS_Y,
    PARTED,
    PARTED_Y,
    PLANTED,
    RACE_RHO,
    RACE_SETS,
    REACHED,
    RECOVERED,
    RUN,
    SCORES,
    TAUGHT,
    UPPER,
    W1,
    X,
    Y,
    page_of,
)
from tests.test_figures import DICHROMATS
from tests.visits import CHROMIUM, DESKTOP, PHONE, QUIET, listen, serve

pytestmark = pytest.mark.pages
# The longest time, in milliseconds, for which a script has kept the page from answering.
LONGEST = """window.longest = 0;
new PerformanceObserver((tasks) => {
    for (const { duration } of tasks.getEntries()) longest = Math.max(longest, duration);
}).observe({ type: "longtask" });"""
BLOCKED = 2000  # a reader lets go; a frame takes a fiftieth of this
INK = {"light": ("#ffffff", "#212529"), "dark": ("#14181e", "#ced6dd")}


def gallery_page(colours: str) -> str:
    ground, ink = INK[colours]
    style = f"body {{ background: {ground}; color: {ink}; color-scheme: {colours}; font-family: serif; margin: 1rem }}"
    body = "".join(f"<section id='{name}'>{page_of(name)}</section>" for name in GALLERY)
    head = "<meta charset='utf-8'><meta name='viewport' content='width=device-width'><link rel='icon' href='data:,'>"
    return (
        f"<!doctype html><html lang='en'><head><title>All</title>{head}<style>{style}</style></head><body>{body}</body>"
    )


class Visit(NamedTuple):
    """An open page, and what went wrong on it so far."""

    page: Page
    heard: list[str]

    def figure(self, name: str) -> Locator:
        return self.page.locator(f"#{name} .player")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM and "CI" not in os.environ:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module", params=[("http", "light", DESKTOP), ("file", "dark", PHONE)], ids=["http", "file"])
def visit(
    request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Visit]:
    scheme, colours, size = request.param
    folder = tmp_path_factory.mktemp(scheme)
    (folder / "all.html").write_text(gallery_page(colours))
    for http in serve(folder):
        root = http if scheme == "http" else folder.as_uri() + "/"
        page = browser.new_context(color_scheme=colours, viewport=size, has_touch=scheme == "file").new_page()
        heard = listen(page, root)
        page.add_init_script(LONGEST)
        page.goto(root + "all.html", wait_until="load")
        page.wait_for_function("!document.querySelector('.player:not([data-started])')")
        yield Visit(page, heard)


def sticks_out(visit: Visit) -> list[str]:
    """What is wider than the screen, with its text."""
    return visit.page.evaluate("""() => [...document.querySelectorAll(".player, .player *:not(svg *)")]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
        .map((e) => `${e.closest("section").id}: ${e.className}: ${e.textContent.slice(0, 60)}`)""")


# --- reading a figure ------------------------------------------------------------------------------


def words(figure: Locator) -> str:
    return figure.locator(".words").inner_text()


def number(figure: Locator, pattern: str) -> float:
    """The number in the figure's text where `pattern` has #."""
    found = re.search(re.escape(pattern).replace(r"\#", r"(−?\d+(?:\.\d+)?)"), words(figure))
    assert found, f"{pattern!r} is not in {words(figure)!r}"
    return float(found[1].replace("−", "-"))


def drawing(figure: Locator) -> str:
    return figure.evaluate("(el) => [...el.querySelectorAll('svg')].map((svg) => svg.innerHTML).join()")


def held(figure: Locator, name: str) -> Any:
    """What the figure told its model."""
    return figure.evaluate("(el, name) => el.model.get(name)", name)


def slide(figure: Locator, name: str, value: float) -> None:
    """Move the slider that has the label `name` to a value, as a pointer would."""
    control = figure.locator("label.slider").filter(has_text=name).locator("input")
    control.evaluate("(el, value) => { el.value = value; el.dispatchEvent(new Event('input')); }", value)


def steady(mark: Locator) -> FloatRect:
    """Where a mark is, once what else happens on the page no longer moves it."""
    box, before = mark.bounding_box(), None
    while box != before:
        mark.page.wait_for_timeout(50)
        box, before = mark.bounding_box(), box
    assert box is not None
    return box


def drag(figure: Locator, name: str, dx: float, dy: float) -> None:
    """Drag the point called `name` by so many pixels; once it is let go, the pointer moves alone."""
    knob = figure.get_by_label(name, exact=True)
    knob.scroll_into_view_if_needed()
    box = steady(knob.locator(".grip"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = figure.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + dx / 2, y + dy / 2)
    mouse.move(x + dx, y + dy)
    mouse.up()
    dropped = drawing(figure)
    mouse.move(x, y)
    assert drawing(figure) == dropped


def angle(u: Any) -> float:
    return float(np.degrees(np.arctan2(u[1], u[0])) % 360)


# --- driving each ----------------------------------------------------------------------------------


def move_points(figure: Locator, first: str) -> np.ndarray:
    """Move one point with the keys and another with the pointer; the positions the figure then holds."""
    before = drawing(figure)
    knob = figure.get_by_label(first, exact=True)
    knob.focus()
    for key in ("ArrowUp", "Shift+ArrowLeft", "ArrowRight"):
        knob.press(key)
    moved = np.array(held(figure, "X"))
    assert drawing(figure) != before
    return moved


def drive_zonotopes(figure: Locator) -> None:
    assert number(figure, "distance is #,") == pytest.approx(hausdorff(X, LAM).value, abs=1e-4)
    moved = move_points(figure, "Example 1, label plus one")
    assert moved[0] == pytest.approx(X[0] + [-9 / 16, 1 / 16])
    drag(figure, "Example 3, label minus one", 40, 25)
    moved = np.array(held(figure, "X"))
    assert moved[2][0] > X[2][0] and moved[2][1] < X[2][1]
    best = hausdorff(moved, LAM)
    assert number(figure, "distance is #,") == pytest.approx(best.value, abs=1e-4)
    assert number(figure, f"{'positive' if best.s > 0 else 'negative'} neuron at #°") == pytest.approx(
        angle(best.u), abs=1
    )
    assert number(figure, "at least #") == pytest.approx(Y @ LAM / best.value, abs=1e-4)
    figure.get_by_role("button", name="Reset").click()
    assert number(figure, "distance is #,") == pytest.approx(hausdorff(X, LAM).value, abs=1e-4)


def drive_zonotopes_along(figure: Locator) -> None:
    before = drawing(figure)
    slide(figure, "log t", len(LOG_T) - 1)
    best = hausdorff(X, RUN.lam[-1])
    assert drawing(figure) != before
    assert number(figure, "distance is #,") == pytest.approx(best.value, abs=1e-4)
    arrows = figure.locator("svg").first.locator(".faint.line")
    assert arrows.count() == W1.shape[2]
    move_points(figure, "Example 2, label plus one")
    assert arrows.count() == 0
    assert "The points were moved" in words(figure)


def drive_arrangement(figure: Locator) -> None:
    moved = move_points(figure, "Example 2")
    assert number(figure, "into # cell") == count(moved)
    slide(figure, "direction of h", 200)
    h = np.array([np.cos(np.radians(200)), np.sin(np.radians(200))])
    active = [f"x{'₁₂₃₄'[n]}" for n in np.flatnonzero(moved @ h >= 0)]
    assert f"activates {', '.join(active) or 'no example'}." in words(figure)
    hand = figure.get_by_label("Direction h", exact=True)
    hand.focus()
    hand.press("ArrowUp")
    assert "at 201°" in words(figure)
    drag(figure, "Direction h", 30, -30)
    assert held(figure, "h") != pytest.approx(h, abs=0.01)
    figure.get_by_role("button", name="Reset").click()
    assert number(figure, "into # cell") == count(X)


def outward(lower: float, upper: float) -> str:
    """The interval as it is written: four digits, the lower end rounded down and the upper one up."""
    return f"[{np.floor(1e4 * lower) / 1e4:.4f}, {np.ceil(1e4 * upper) / 1e4:.4f}]"


def drive_bracket(figure: Locator) -> None:
    finite = np.flatnonzero(np.isfinite(UPPER) & (LOG_T >= 1))
    assert words(figure).endswith("%.")
    before = drawing(figure)
    slide(figure, "log t", 0)
    assert drawing(figure) != before
    k = held(figure, "frame")
    status = "No upper bound yet" if k < finite[0] else outward(LOWER[k], UPPER[k])
    assert status in words(figure)
    slide(figure, "log t", 10**6)
    assert outward(LOWER[-1], UPPER[-1]) in words(figure)
    assert number(figure, "within # %") == pytest.approx(100 * (UPPER[-1] / LOWER[-1] - 1), rel=0.01)


def drive_flow(figure: Locator) -> None:
    before = drawing(figure)
    slide(figure, "log t", 10**6)
    assert drawing(figure) != before
    assert number(figure, "log t = #") == pytest.approx(LOG_T[-1], abs=0.1)
    assert number(figure, ", # neuron") == (~RUN.dead).sum()
    assert number(figure, "and # dead") == RUN.dead.sum()
    sizes = np.linalg.norm(W1[-1], axis=0)
    large = np.flatnonzero((sizes > 0.05 * sizes.max()) & ~RUN.dead)
    found = re.findall(r"([+−]) at (\d+)°", words(figure))
    assert len(found) == len(large)
    for i, (sign, degrees) in zip(large, found, strict=True):
        assert sign == ("+" if RUN.w2[-1, i] > 0 else "−")
        assert float(degrees) == pytest.approx(angle(W1[-1, :, i]), abs=1)
    rows = set(re.findall(r"on the line of x(.)", words(figure)))
    on = np.abs(X @ W1[-1]) <= 1e-9 * np.linalg.norm(X, axis=1)[:, None] * sizes
    assert rows == {"₁₂₃₄"[n] for n in np.flatnonzero((on & ~RUN.dead).any(axis=1))}


def turn(figure: Locator) -> None:
    """Turning changes the drawing, by slider and by pointer, and nothing else."""
    said, before = words(figure), drawing(figure)
    slide(figure, "turn", 120)
    turned = drawing(figure)
    assert turned != before
    svg = figure.locator("svg").first
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    assert box is not None
    mouse = figure.page.mouse
    mouse.move(box["x"] + 60, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + 130, box["y"] + 90)
    mouse.up()
    dragged = drawing(figure)
    mouse.move(box["x"] + 60, box["y"] + 60)
    assert turned != dragged == drawing(figure)
    assert words(figure).split("In view")[0].split("None is")[0] == said.split("In view")[0].split("None is")[0]


def drive_flow_in_space(figure: Locator) -> None:
    turn(figure)
    said = words(figure)
    slide(figure, "log t", 10**6)
    assert words(figure) != said


def drive_basins(figure: Locator) -> None:
    def told() -> None:
        """Each end has its share of the circle, or the only one has all of it; together they are the circle."""
        said, ends = words(figure), held(figure, "ends")
        shares = [float(share) for share in re.findall(r"from ([\d.]+)° of the circle", said, re.I)]
        assert said.count("is reached from") + said.count("Almost all directions end at") == 1
        assert len(shares) == len(ends) + said.count("neurons die") if "reached" in said else len(ends) == 1
        assert sum(shares or [360]) == 360

    slide(figure, "start of a neuron", 100)
    for s, button in ((1, "Show negative neurons"), (-1, "Show positive neurons")):
        ends = np.array(held(figure, "ends"))
        around = ends + np.array([[-1e-5], [0.0], [1e-5]])
        heights = growth(X, LAM, np.stack([np.cos(around), np.sin(around)], axis=-1), float(s))
        assert (heights[1] >= heights.max(axis=0) - 1e-9).all()
        before = drawing(figure)
        told()
        figure.get_by_role("button", name=button).click()
        assert drawing(figure) != before
    move_points(figure, "Example 1")
    told()


def drive_sphere(figure: Locator) -> None:
    turn(figure)
    assert number(figure, "# % of the starts die") == pytest.approx(100 * (REACHED < 0).mean(), abs=1)


def drive_ellipsoid(figure: Locator) -> None:
    before = drawing(figure)
    for degrees in (0, 30, 90):
        slide(figure, "direction of λ", degrees)
        lam = Y[:2] * [np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]
        assert number(figure, "at least #") == pytest.approx(Y[:2] @ lam / hausdorff(X[:2], lam).value, abs=1e-4)
    hand = figure.get_by_label("Dual direction λ", exact=True)
    hand.focus()
    hand.press("ArrowDown")
    assert number(figure, "λ at #°") == 89
    drag(figure, "Dual direction λ", 40, 20)
    assert number(figure, "λ at #°") < 89
    assert drawing(figure) != before


def drive_ellipsoid_in_space(figure: Locator) -> None:
    turn(figure)
    state = GALLERY["ellipsoid-in-space"].state
    rows = np.asarray(state["X"])
    lam = np.asarray(state["lam"])
    assert number(figure, "at least #") == pytest.approx(state["y"] @ lam / hausdorff(rows, lam).value, abs=1e-4)
    said = words(figure)
    slide(figure, "log t", 10**6)
    assert words(figure) != said


def drive_dial(figure: Locator) -> None:
    for at in (0, 1, 2):
        slide(figure, "data", at)
        rows = KNOTS[at]
        shown = held(figure, "compared")
        assert number(figure, "P* is #,") == pytest.approx(shown["optimum"], abs=1e-3)
        assert shown["optimum"] == pytest.approx(max_margin(rows, np.ones(2), tol=1e-9).primal_value, rel=1e-8)
        assert number(figure, "pays #,") == pytest.approx(shown["cost"], abs=1e-3)
        assert number(figure, "distance is #.") == pytest.approx(shown["distance"], abs=1e-3)
        run = gradient_flow(Network(DIAL_W1, np.full(2, 0.1)), rows, np.ones(2), loss="exponential", margin_end=300.0)
        cost = run.normalised().path_norm
        missing = hausdorff(rows, run.lam[-1])
        assert shown["cost"] == pytest.approx(cost, rel=1e-3)
        assert shown["distance"] == pytest.approx(cost * missing.value, rel=1e-3)
        assert missing.s * growth(rows, run.lam[-1], shown["u"], 1.0) == pytest.approx(missing.value, rel=1e-3)
    assert "missing" in words(figure)
    slide(figure, "data", 1)
    assert "A positive neuron at 45° is missing." in words(figure)


def drive_recovery(figure: Locator) -> None:
    """Three conditions at three data sets; only the first one leaves w* with a rival."""
    for k, rows in enumerate(RECOVERED):
        slide(figure, "all on one side", 12 * k)
        shown = held(figure, "shown")
        lam = np.linalg.pinv(rows).T @ PLANTED
        norms = np.linalg.norm((cells(rows).patterns * lam) @ rows, axis=1)
        assert shown["squares"] == pytest.approx(hausdorff(rows, lam).value, rel=1e-9)
        assert shown["isometry"] == pytest.approx(norms.max(), rel=1e-9)
        assert shown["best"] == pytest.approx(recovery(rows, PLANTED, tol=1e-4).upper, rel=2e-3)
        assert number(figure, "κ is #,") == pytest.approx(shown["best"], abs=2e-3)
        assert ("the only optimum" in words(figure)) and ("not the only optimum" in words(figure)) == (k == 0)


def drive_missing(figure: Locator) -> None:
    """Won by script: a birth at the highest hill until none is left; then the cost is P*."""
    for _ in range(30):
        shown = held(figure, "game")
        assert shown["highest"] == pytest.approx(hausdorff(X, shown["lam"]).value, rel=1e-9)
        assert shown["cost"] == pytest.approx(Y @ shown["lam"], rel=1e-9)
        if shown["won"]:
            break
        slide(figure, "direction", round(angle(shown["u"])) % 360)
        figure.get_by_role("button", name="Birth here").click()
        assert held(figure, "game")["cost"] < shown["cost"]
    assert shown["won"] and shown["births"] > 0 and "Best so far" in figure.locator(".goal").inner_text()
    assert shown["cost"] == pytest.approx(max_margin(X, Y, tol=1e-9).primal_value, rel=2e-3)
    figure.get_by_role("button", name="Birth here").click()
    assert "would not lower the cost" in words(figure)
    figure.get_by_role("button", name="Show the answer").click()
    assert number(figure, "P* is #") == pytest.approx(max_margin(X, Y, tol=1e-9).primal_value, abs=1e-4)
    figure.get_by_role("button", name="Start again").click()
    assert "0 births" in words(figure)


def drive_prove(figure: Locator) -> None:
    best = max_margin(X, Y, tol=1e-9)
    figure.get_by_role("button", name="Use the flow's").click()
    shown = held(figure, "game")
    assert shown["bound"] == pytest.approx(Y @ shown["lam"] / hausdorff(X, shown["lam"]).value, rel=1e-9)
    assert shown["share"] == pytest.approx(shown["bound"] / best.primal_value, rel=1e-8)
    figure.get_by_role("button", name="Start again").click()
    assert not held(figure, "game")["won"]
    for n, weight in enumerate(np.abs(best.lam) / np.abs(best.lam).max()):
        slide(figure, f"|λ{'₁₂₃₄'[n]}|", weight)
    assert held(figure, "game")["won"] and "done" in words(figure)
    figure.get_by_role("button", name="Show the answer").click()
    assert number(figure, "P* is #") == pytest.approx(best.primal_value, abs=1e-4)


def lowest(order: tuple[int, ...]) -> float:
    """The least margin over the straight road between the two networks of the gallery."""
    state = GALLERY["landscapes"].state
    (W, w), (V, v) = ((np.asarray(state[name]["W"]), np.asarray(state[name]["w"])) for name in "AB")
    V, v = V[list(order)], v[list(order)]
    nets = [Network((W + t * (V - W)).T, w + t * (v - w)) for t in np.linspace(0, 1, 61)]
    return min(float((Y * net.predict(X)).min()) for net in nets)


def drive_landscapes(figure: Locator) -> None:
    """Won by script: every matching is tried."""
    orders = list(permutations(range(4)))
    assert not held(figure, "game")["won"]
    for _ in orders:
        shown = held(figure, "game")
        assert shown["lowest"] == pytest.approx(lowest(shown["order"]), abs=1e-9)
        if shown["won"]:
            break
        figure.get_by_role("button", name="Match the neurons otherwise").click()
    assert shown["won"] and shown["lowest"] == pytest.approx(max(map(lowest, orders)), abs=1e-9)
    slide(figure, "share of the second", 0)
    assert number(figure, "least margin here is #;") == pytest.approx(1, abs=1e-3)


def claimed_last_digits(content: str, key: str) -> Iterator[tuple[int, str]]:
    """Places of last digits of the long numbers of `key`, each with another digit that `lib` accepts there."""
    for number in re.finditer(rf'"{key}": "([^"]*)"', content):
        for word in re.finditer(r"-?\d+\.\d{3,}(?![^ ])", number[1]):
            at = number.start(1) + word.end() - 1
            for digit in {str((int(content[at]) + step) % 10) for step in (1, 9)}:
                if forged(content, at, digit).accepted:
                    yield at, digit


def forged(content: str, at: int, digit: str) -> Verdict:
    """What `lib` says of a certificate with another digit, and with its digest put right."""
    body = content[:at] + digit + content[at + 1 :]
    return check_lines(sealed(body[: body.rindex("{")]))


def verdict(figure: Locator, press: str = "") -> Any:
    """What the checker of the page says, after a button was pressed."""
    if press:
        figure.get_by_role("button", name=press).click()
    script = "(el) => el.model.get('game').verdict"
    figure.page.wait_for_function(script, arg=figure.element_handle(), timeout=60_000)
    return held(figure, "game")["verdict"]


def refused_and_sealed(figure: Locator, area: Locator) -> None:
    """A claim that is too much, and one that is less: `lib`'s line and reason, the digest, the light on a line."""
    at = IRIS.index('", "upper') - 1
    line = verdict(figure, "Raise the digit")["line"]
    assert f"Line {line} fails: {forged(IRIS, at, '6').message.partition(': ')[2]}." in words(figure)
    assert area.input_value()[at] == "6" and figure.locator(".stripe.wine").is_visible()
    figure.get_by_role("button", name="Go to the line that fails").click()
    in_sight = """(el) => {
        const [lit, sheet] = [".stripe.neg", ".sheet"].map((name) => el.querySelector(name)?.getBoundingClientRect());
        return lit && sheet.top <= lit.top && lit.top < sheet.bottom;
    }"""
    figure.page.wait_for_function(in_sight, arg=figure.element_handle(), timeout=30_000)
    verdict(figure, "Restore the file")
    assert verdict(figure, "Lower the digit")["line"] == 250 and "the digest differs" in words(figure)
    assert verdict(figure, "Keep the digest right")["accepted"]
    less = IRIS.replace("985", "984", 1)
    assert area.input_value() == b"".join(sealed(less[: less.rindex("{")])).decode()


def drive_forgery(figure: Locator) -> None:
    """Won by script, with digits that `lib` accepts; then the answer, and files of the reader's own."""
    area, own = figure.get_by_role("textbox"), figure.locator("input[type=file]")
    assert verdict(figure)["accepted"] and "16.77619985 ≤ P* ≤ 16.77619994 is proved" in words(figure)
    refused_and_sealed(figure, area)
    for kind, key in (("neuron", "w"), ("data", "x"), ("multiplier", "lam"), ("cone", "opposite")):
        verdict(figure, "Restore the file")
        at, digit = next(claimed_last_digits(IRIS, key))
        area.evaluate("(el, at) => el.setSelectionRange(at, at)", at)
        area.press(digit)  # typed over the digit that stands there
        assert verdict(figure)["accepted"] and held(figure, "game")["changed"]["kind"] == kind
        assert area.input_value()[at] == digit and len(area.input_value()) == len(IRIS)
    assert held(figure, "game")["won"] and "5 of 5" in figure.locator(".goal").inner_text()
    verdict(figure, "Restore the file")
    figure.get_by_role("button", name="Show the answer").click()
    ready = "(el) => el.model.get('game').room?.length === 5 && !/looking/.test(el.model.get('game').room)"
    figure.page.wait_for_function(ready, arg=figure.element_handle(), timeout=120_000)
    answers = re.findall(r"line (\d+): (\S+) with the last digit (\d)", figure.locator("dl").inner_text())
    for line, number, digit in answers:
        start = len("".join(IRIS.splitlines(keepends=True)[: int(line) - 1]))
        found = re.search(re.escape(number) + '(?=[ "])', IRIS[start:])
        assert found and forged(IRIS, start + found.end() - 1, digit).accepted
    assert len(answers) == 5
    short = BY_HAND.replace("1 1", "1 0.99", 1)
    for body, says in ((BY_HAND, "1.4142 ≤ P* ≤ 1.4143 is proved"), (short, "Line 4 fails: the margin")):
        own.set_input_files({"name": "own.jsonl", "mimeType": "", "buffer": b"".join(sealed(body))})
        figure.get_by_text(says).wait_for()
    verdict(figure, "Restore the file")
    figure.get_by_role("button", name="Hide the answer").click()


def drive_presses(figure: Locator) -> None:
    """Won by script: a third and a fourth normal pressed into the plane of the same two."""
    turn(figure)
    rows = np.asarray(GALLERY["presses"].state["X"])
    for k in (2, 3):
        for n in (0, 1, k):
            figure.get_by_role("button", name=f"x{'₁₂₃₄₅'[n]}", exact=True).click()
        figure.get_by_role("button", name="Press into one plane").click()
        figure.page.wait_for_function(
            "([el, moves]) => el.model.get('game').moves === moves && el.querySelector('[aria-pressed=true]') === null",
            arg=[figure.element_handle(), k - 1],
        )
        rows = pressed(rows, (0, 1, k))
        assert number(figure, "into # cell") == held(figure, "game")["count"] == count(rows)
    assert held(figure, "game")["won"]


def drive_theorems(figure: Locator) -> None:
    """The entry of the choice is shown, and where there is none the figure says so."""
    assert held(figure, "entry") == 0 and "covering" in words(figure)
    figure.get_by_role("button", name="squared").click()
    assert held(figure, "entry") is None and "no theorem of this book" in words(figure)
    assert figure.locator(".answer dd").count() == 0
    figure.get_by_role("button", name="logistic").click()
    assert "√N" in figure.locator(".answer").inner_text()


def drive_programs(figure: Locator) -> None:
    """The share is that of the network (s)_+ - (t)_+ on the moved clouds; the score only counts without the answer."""
    for task in (0, 1):
        slide(figure, "task", task)
        drag(figure, "Program", 30, -20)
        shown = held(figure, "game")
        moved = np.asarray(GALLERY["programs"].state["pairs"])[task] + shown["move"]
        net = Network(np.eye(2), np.array([1.0, -1.0]))
        assert shown["share"] == pytest.approx(np.mean(net.predict(moved) * CLOUD_Y > 0), abs=1e-12)
        assert shown["free"] == pytest.approx(np.mean(SCORES[task] * CLOUD_Y > 0), abs=1e-12)
        assert number(figure, "right on # %") == pytest.approx(100 * shown["share"], abs=0.06)
    figure.get_by_role("button", name="No program").click()
    assert held(figure, "game")["move"] == [0, 0]


def drive_wedges(figure: Locator) -> None:
    """The highest point is d_H for lengths, and the best of kinks and axes for absolute weights, moved data too."""
    for move in (0, 6):
        for _ in range(move):
            figure.get_by_label("Example 2", exact=True).press("ArrowLeft")
        slide(figure, "a neuron is measured by its", 2)
        shown = held(figure, "game")
        moved = np.array(shown["X"])
        assert shown["all"][0]["value"] == pytest.approx(hausdorff(moved, LAM).value, rel=1e-8)
        assert number(figure, "highest point is #") == pytest.approx(shown["all"][0]["value"], abs=6e-4)
        slide(figure, "a neuron is measured by its", 1)
        shown = held(figure, "game")
        U = np.vstack([moved @ [[0, 1], [-1, 0]], np.eye(2)])
        U = np.vstack([U, -U]) / np.abs(np.vstack([U, -U])).sum(axis=1, keepdims=True)
        assert shown["all"][0]["value"] == pytest.approx(np.abs(np.maximum(U @ moved.T, 0) @ LAM).max(), rel=1e-8)
        assert {m["kind"] for m in shown["all"]} <= {"wedge", "axis"}


def drive_beam(figure: Locator) -> None:
    """The bending is half the sum of the squared kinks, and the beam is free where they are a Gaussian's scores."""
    for k, free in ((0, False), (1, True)):
        slide(figure, "weight decay", k)
        shown = held(figure, "game")
        assert shown["bending"] == pytest.approx((BEAMS[k] ** 2).sum() / 2, rel=1e-8)
        assert shown["free"] is free and ("Gaussian" in words(figure))
    assert "Best so far: β = 2.00" in figure.locator(".goal").inner_text()


def drive_virtual(figure: Locator) -> None:
    """The sum stays while the pull of the other point is above minus the noise radius, and not after."""
    assert held(figure, "game")["stays"] and "nobody has seen" in words(figure)
    for _ in range(12):
        figure.get_by_label("Training point 2", exact=True).press("ArrowLeft")
        shown = held(figure, "game")
        a, b = np.array(shown["X"])
        pulls = a @ b / np.linalg.norm([a, b], axis=1)
        assert shown["stays"] == bool((pulls > -shown["rho"]).all())
    assert not shown["stays"] and "leaves the sum" in words(figure)
    figure.get_by_label("Training point 2", exact=True).press("Shift+ArrowDown")
    slide(figure, "noise radius", 0.6)
    assert "balls touch" in words(figure)
    figure.get_by_role("button", name="Reset").click()


def drive_whitening(figure: Locator) -> None:
    """Rows, P* and cells are lib's, half-way and at the end; two rays win."""
    assert held(figure, "game")["X"] == MEASURED.tolist() and held(figure, "game")["ends"][1] < -0.1
    figure.get_by_label("Example 1", exact=True).press("ArrowUp")
    for t in (0.5, 1.0):
        slide(figure, "whitening", t)
        shown = held(figure, "game")
        rows = np.array(shown["X"])
        now = (1 - t) * rows + t * whitened(rows)
        assert np.array(shown["now"]) == pytest.approx(now, abs=1e-12)
        assert shown["optimum"] == pytest.approx(max_margin(now, Y, tol=1e-9).primal_value, rel=1e-7)
        assert number(figure, "# cells") == count(rows)
        units = Y[:, None] * now / np.linalg.norm(now, axis=1, keepdims=True)
        assert shown["least"] == pytest.approx((units @ units.T).min(), abs=1e-12)
    assert "are not orthogonally" in words(figure)
    for n, key, presses in ((1, "ArrowDown", 7), (2, "ArrowLeft", 16), (3, "ArrowRight", 8), (4, "ArrowUp", 10)):
        for _ in range(presses):
            figure.get_by_label(f"Example {n}", exact=True).press(key)
    assert "goal reached" in words(figure)


def drive_price(figure: Locator) -> None:
    """The dual values are the oracle's and that of unit filters; C has the gap of a local search, A and B have none."""

    def cost(p: np.ndarray) -> float:
        return float(p @ p) / 2

    assert held(figure, "game")["cost"] > 1.1 * held(figure, "game")["least"]
    for model, tau, u in ((2, 0.5, 1.39), (0, 0.0, 1.0), (1, 0.3, 1.0)):
        slide(figure, "penalty", model)
        slide(figure, "threshold", tau)
        slide(figure, "length of the filter", u)
        shown = held(figure, "game")
        fits = {"type": "eq", "fun": lambda p, tau=tau: p[1] * max(p[0] - tau, 0) - 1}
        least = minimize(cost, [u, 1.0], constraints=[fits]).fun if model != 1 else 1 / (1 - tau)
        price = hausdorff([[1.0], [-1.0]], [1.0, -1.0], free="threshold").value if model != 1 else 1 - tau
        assert shown["dual"] == pytest.approx(1 / price, rel=1e-6)
        assert shown["least"] == pytest.approx(least, rel=1e-5)
        assert number(figure, "costs #;") == pytest.approx(shown["cost"], abs=6e-4)
        assert ("is reached" in words(figure)) == (model != 2) and shown["cost"] == pytest.approx(least, rel=1e-3)
    slide(figure, "length of the filter", 1.5)
    assert "at most 1" in words(figure)


def drive_mirror(figure: Locator) -> None:
    """Mirrored, the network is linear to rounding; if not, it leaves out what lib leaves out."""

    def compared() -> dict[str, Any]:
        shown = held(figure, "game")
        U = np.array([np.cos(shown["angles"]), np.sin(shown["angles"])])
        begun = Network(0.3 * U, np.array([0.3, -0.3]))
        run = gradient_flow(begun, PAIRS, PAIRS_Y, loss="exponential", log_t_end=shown["log_t"])
        assert shown["radii"] == pytest.approx(run.network().radii, rel=5e-3)
        assert shown["margins"] == pytest.approx(run.margins[-1], rel=2e-2, abs=1e-6)
        assert shown["lost"] == (run.margins[-1] < 1e-6).tolist()
        even = np.abs(PAIRS @ run.network().W1) @ run.network().w2 / 2
        assert shown["share"] == pytest.approx(np.abs(even / run.margins[-1].max()).max(), abs=1e-2)
        return shown

    assert compared()["share"] < 1e-9 and "is linear" in words(figure)
    drag(figure, "Start of the positive neuron", 60, 40)
    assert compared()["share"] < 1e-9 and not any(held(figure, "game")["lost"])
    figure.get_by_role("button", name="Mirrored").click()
    drag(figure, "Start of the negative neuron", 30, -30)
    compared()
    slide(figure, "training", 0.05)
    assert held(figure, "game")["share"] > 1e-3 and "not linear" in words(figure)
    slide(figure, "training", 1)
    figure.get_by_role("button", name="Show the answer").click()
    shown = compared()
    assert shown["angles"] == pytest.approx(LEFT_OUT) and any(shown["lost"]) and "left out" in words(figure)
    figure.get_by_role("button", name="Hide the answer").click()


def drive_clock(figure: Locator) -> None:
    """The time of alignment is that of lib's frozen flow; it reaches the bound where the proof says, and not before."""

    def compared() -> float:
        shown = held(figure, "game")
        rows = np.array(shown["X"])
        arcs = direction_flow(PARTED_Y, [shown["u"]], rows, 1.0).arcs[0]
        Z = PARTED_Y[:, None] * rows / np.linalg.norm(rows, axis=1, keepdims=True)
        limit = np.arccosh(1 / (Z @ Z.T).min()) / np.linalg.norm(rows, axis=1).min()
        assert shown["fair"] == (growth(rows, PARTED_Y, shown["u"], 1.0) >= 0)
        assert shown["bound"] == pytest.approx(limit, rel=1e-9)
        assert shown["time"] == pytest.approx(arcs[-1].t, rel=1e-9, abs=1e-12)
        assert number(figure, "bound #.") == pytest.approx(limit, abs=6e-4)
        return float(arcs[-1].t / limit)

    assert held(figure, "game")["X"] == PARTED.tolist() and compared() < 0.6
    start = figure.get_by_label("Start", exact=True)
    for _ in range(3):
        start.press("ArrowLeft")
    compared()
    before = drawing(figure)
    slide(figure, "time", 0.5)
    assert drawing(figure) != before
    for example, key, presses in (
        (1, "Shift+ArrowLeft", 2),
        (1, "Shift+ArrowDown", 3),
        (2, "Shift+ArrowLeft", 4),
        (3, "ArrowUp", 4),
    ):
        for _ in range(presses):
            figure.get_by_label(f"Example {example}", exact=True).press(key)
    for _ in range(6):
        start.press("ArrowLeft")
    assert 0.95 < compared() < 1 and "Goal reached" in words(figure)


def drive_teacher(figure: Locator) -> None:
    """The distance is lib's wherever the teacher stands, and the ring of the answer is not beaten."""

    def compared() -> float:
        shown = held(figure, "game")
        value = hausdorff(TAUGHT, np.linalg.solve(TAUGHT.T, shown["v"])).value
        assert shown["distance"] == pytest.approx(value, rel=1e-9)
        assert number(figure, "zonotopes is #.") == pytest.approx(value, abs=6e-4)
        assert ("not the cheapest" in words(figure)) == (value > 1 + 1e-9)
        return float(value)

    assert compared() == pytest.approx(1) and 0.1 < held(figure, "game")["share"] < 0.9
    drag(figure, "Teacher", -40, -70)
    assert compared() == pytest.approx(1)
    drag(figure, "Teacher", 0, -70)
    assert compared() > 1.05 and held(figure, "game")["allowed"]
    drag(figure, "Teacher", 0, -400)
    assert "more than 45°" in words(figure) and compared() > 1.05
    figure.get_by_role("button", name="Show the answer").click()
    assert held(figure, "game")["top"] > 1.4 and "The ring" in words(figure)
    figure.get_by_role("button", name="Hide the answer").click()


def drive_race(figure: Locator) -> None:
    """Times and cost are lib's, the least cost that by hand; the goal is far at first, then reached, and a tie said."""

    def compared() -> float:
        shown = held(figure, "game")
        told = closed_form.race(RACE_SETS, shown["rho"], np.ones(3))
        a, b, c = 1 / np.array(shown["rho"])
        assert shown["times"] == pytest.approx(told.times.tolist(), rel=1e-12)
        assert shown["cost"] == pytest.approx(told.cost, rel=1e-12)
        assert shown["least"] == pytest.approx(np.hypot(a + c, b), rel=1e-6)
        assert number(figure, "arrives first, at #,") == pytest.approx(told.times[0], abs=6e-4)
        assert number(figure, "squared loss pays #,") == pytest.approx(told.cost, abs=6e-4)
        return float(shown["cost"] / shown["least"])

    assert held(figure, "game")["rho"] == RACE_RHO.tolist() and compared() < 1.1
    figure.get_by_label("Length of example 1", exact=True).press("Shift+ArrowDown")
    compared()
    drag(figure, "Length of example 1", 0, -300)
    for name in ("Length of example 2", "Length of example 3"):
        drag(figure, name, 0, 300)
    assert compared() > 1.25 and "Goal reached" in words(figure)
    drag(figure, "Length of example 3", 0, -400)
    assert held(figure, "game")["tie"] and "a tie" in words(figure)


def drive_laboratory(figure: Locator) -> None:
    """P* and the flow's cost are those of the library; the search ends at data on which training fails."""
    ready = "(el) => el.model.get('game').ratio !== null"

    def compare() -> float:
        figure.page.wait_for_function(ready, arg=figure.element_handle(), timeout=60_000)
        shown = held(figure, "game")
        rows, labels, begin = np.array(shown["X"]), np.array(shown["y"]), shown["begin"]
        U = np.array([np.cos(begin["angles"]), np.sin(begin["angles"])])
        net = Network(begin["scale"] * U, begin["scale"] * np.array(begin["signs"], dtype=float))
        run = gradient_flow(net, rows, labels, loss="exponential", margin_end=300.0)
        assert shown["optimum"] == pytest.approx(max_margin(rows, labels, tol=1e-9).primal_value, rel=1e-7)
        assert shown["cost"] == pytest.approx(run.normalised().path_norm, rel=2e-3)
        return float(shown["ratio"])

    compare()
    before = drawing(figure)
    figure.get_by_label("Example 1", exact=True).press("ArrowUp")
    assert np.array(held(figure, "game")["X"])[0] == pytest.approx(X[0] + [0, 1 / 16]) and drawing(figure) != before
    compare()
    figure.get_by_label("Example 1", exact=True).press("Enter")
    assert held(figure, "game")["y"] == [-1, 1, -1, -1]
    figure.get_by_role("button", name="Reset").click()
    figure.get_by_role("button", name="Find data on which training fails").dispatch_event("click")
    figure.page.wait_for_function(
        "(el) => el.model.get('game').ratio > 1.05", arg=figure.element_handle(), timeout=120_000
    )
    assert compare() > 1.05
    figure.get_by_role("button", name="Reset").click()


DRIVERS: dict[str, Callable[[Locator], None]] = {
    "zonotopes": drive_zonotopes,
    "zonotopes-along": drive_zonotopes_along,
    "arrangement": drive_arrangement,
    "bracket": drive_bracket,
    "flow": drive_flow,
    "flow-in-space": drive_flow_in_space,
    "basins": drive_basins,
    "sphere": drive_sphere,
    "ellipsoid": drive_ellipsoid,
    "ellipsoid-in-space": drive_ellipsoid_in_space,
    "missing": drive_missing,
    "prove": drive_prove,
    "landscapes": drive_landscapes,
    "forgery": drive_forgery,
    "presses": drive_presses,
    "theorems": drive_theorems,
    "programs": drive_programs,
    "wedges": drive_wedges,
    "beam": drive_beam,
    "virtual": drive_virtual,
    "whitening": drive_whitening,
    "price": drive_price,
    "mirror": drive_mirror,
    "clock": drive_clock,
    "teacher": drive_teacher,
    "race": drive_race,
    "laboratory": drive_laboratory,
    "dial": drive_dial,
    "recovery": drive_recovery,
}


def test_every_figure_is_driven() -> None:
    """Catches a new figure that no test drives."""
    assert set(DRIVERS) == set(GALLERY)


@pytest.mark.parametrize("name", GALLERY)
def test_figure(visit: Visit, name: str) -> None:
    """Catches a control that does nothing, a drawing or a text that does not say what `lib` computes, and a figure that
    keeps the page from answering."""
    visit.page.evaluate("longest = 0")
    DRIVERS[name](visit.figure(name))
    assert visit.page.evaluate("longest") < BLOCKED
    assert visit.heard == []
    assert sticks_out(visit) == []


@pytest.mark.parametrize("name", ["zonotopes-along", "bracket", "flow", "ellipsoid"])
def test_play_and_pause(visit: Visit, name: str) -> None:
    """Catches a clock that does not run, does not stop, or speaks to a screen reader with every picture."""
    figure = visit.figure(name)
    slide(figure, "log t", 0)
    play = figure.get_by_role("button", name="Play")
    play.click()
    before = drawing(figure)
    pause = figure.get_by_role("button", name="Pause")
    assert figure.locator(".words").get_attribute("aria-live") == "off"
    visit.page.wait_for_timeout(250)
    assert drawing(figure) != before
    pause.click()
    at = figure.locator("label.slider").filter(has_text="log t").locator("input").input_value()
    stopped = drawing(figure)
    visit.page.wait_for_timeout(120)
    assert float(at) > 0 and drawing(figure) == stopped
    assert figure.locator(".words").get_attribute("aria-live") == "polite"


# --- for every reader ------------------------------------------------------------------------------


@pytest.mark.parametrize("spacing", ["normal", "0.06em"])
def test_nothing_sticks_out(visit: Visit, spacing: str) -> None:
    """Catches sideways scrolling, and a figure that is wider than its place, here or where the fonts are wider."""
    visit.page.evaluate("(spacing) => { document.body.style.letterSpacing = spacing }", spacing)
    found = sticks_out(visit)
    visit.page.evaluate("() => { document.body.style.letterSpacing = '' }")
    assert found == []


def test_every_control_has_a_name_and_a_value(visit: Visit) -> None:
    """Catches a control that a screen reader cannot name, or a point that the keyboard cannot reach."""
    unnamed = visit.page.evaluate("""() => [...document.querySelectorAll(".player :is(input, button, [tabindex], svg)")]
        .filter((e) => !(e.getAttribute("aria-label") ?? e.closest("label")?.textContent ?? e.textContent).trim())
        .map((e) => e.outerHTML)""")
    assert unnamed == []
    points = visit.page.locator(".player [role=slider]")
    assert points.count() > 15
    for attribute in ("aria-valuenow", "aria-valuetext", "aria-roledescription"):
        assert all(points.nth(k).get_attribute(attribute) for k in range(points.count()))
    ranges = visit.page.locator(".player input[type=range]")
    assert all(ranges.nth(k).get_attribute("aria-valuetext") for k in range(ranges.count()))


def test_the_keyboard_walks_through_a_figure(visit: Visit) -> None:
    """Catches a control that Tab skips."""
    figure = visit.figure("arrangement")
    figure.get_by_label("Example 1", exact=True).focus()
    reached = []
    for _ in range(6):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.tagName"))
    assert reached == ["Example 2", "Example 3", "Example 4", "Direction h", "INPUT", "BUTTON"]


def test_colours_stand_out_and_apart(visit: Visit) -> None:
    """Catches a class or a mark that is faint on the page's ground, or that a colour-blind reader confuses."""
    script = """(el) => ["--pos", "--neg", "--wine", "--ground"].map((name) => {
        const probe = el.appendChild(document.createElement("i"));
        probe.style.color = `var(${name})`;
        const canvas = document.createElement("canvas").getContext("2d");
        const { color } = getComputedStyle(probe);
        canvas.fillStyle = name === "--ground" ? getComputedStyle(document.body).backgroundColor : color;
        probe.remove();
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    })"""
    rgb = np.array(visit.figure("flow").evaluate(script)) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminances = linear @ [0.2126, 0.7152, 0.0722] + 0.05
    ratios = np.maximum(luminances[:3] / luminances[3], luminances[3] / luminances[:3])
    assert (ratios >= 4.5).all()
    for matrix in DICHROMATS.values():
        seen = np.clip(linear[:3] @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
        assert min(np.linalg.norm(seen[i] - seen[j]) for i, j in ((0, 1), (0, 2), (1, 2))) > 0.18


def test_the_theme_has_no_rules_for_our_classes(visit: Visit) -> None:
    """Catches a class of ours that the book's theme styles too: its `.mark`, say, sets another text colour."""
    used = visit.page.evaluate(
        "[...new Set([...document.querySelectorAll('.player *')].flatMap((e) => [...e.classList]))]"
    )
    themes = (Path(module.__file__).parent for module in (pydata_sphinx_theme, sphinx_book_theme))
    theme = "\n".join(path.read_text() for folder in themes for path in folder.rglob("*.css"))
    assert {"wine", "pos", "label", "slider"} <= set(used) and ".mark" in theme and ".margin" in theme
    assert [name for name in used if re.search(rf"(?<![\w)\]-])\.{name}(?![\w-])", theme)] == []


PLAYED = ("zonotopes-along", "bracket", "flow", "flow-in-space", "ellipsoid", "ellipsoid-in-space")


@pytest.mark.parametrize("name", PLAYED)
def test_less_motion_is_a_step(browser: Browser, tmp_path: Path, name: str) -> None:
    """Catches an animation for a reader who asked for none: there, Play is a step and nothing moves by itself."""
    (tmp_path / "all.html").write_text(page_of(name))
    page = browser.new_context(reduced_motion="reduce").new_page()
    page.goto(tmp_path.as_uri() + "/all.html")
    figure = page.locator(".player")
    step = figure.get_by_role("button", name="Next step")
    step.wait_for()
    before = drawing(figure)
    step.click()
    after = drawing(figure)
    page.wait_for_timeout(200)
    assert before != after == drawing(figure)
    page.context.close()


def test_every_figure_that_plays_is_named(visit: Visit) -> None:
    """Catches a new animation that the test above does not know."""
    plays = {name for name in GALLERY if visit.figure(name).get_by_role("button", name="Play").count()}
    assert plays == set(PLAYED)


def test_without_scripts_the_first_frame_stays(browser: Browser, tmp_path: Path) -> None:
    """Catches a page that shows nothing until its script has run."""
    (tmp_path / "all.html").write_text(gallery_page("dark"))
    page = browser.new_context(java_script_enabled=False, viewport=PHONE).new_page()
    page.goto(tmp_path.as_uri() + "/all.html")
    assert page.locator(".still svg").count() == len(GALLERY)
    box = page.locator(".still svg").first.bounding_box()
    assert box is not None and box["height"] > 100 and box["x"] + box["width"] <= PHONE["width"]


def test_a_finger_drags_a_point(browser: Browser, tmp_path: Path) -> None:
    """Catches a figure that only a mouse can drag: the page must not scroll away under the finger."""
    (tmp_path / "all.html").write_text(gallery_page("light"))
    context = browser.new_context(has_touch=True, viewport=PHONE)
    page = context.new_page()
    page.goto(tmp_path.as_uri() + "/all.html")
    figure = page.locator("#zonotopes .player")
    grip = figure.get_by_label("Example 1, label plus one").locator(".grip")
    grip.wait_for()
    box = grip.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x - 20, "y": y - 40}]),
        ("touchMove", [{"x": x - 40, "y": y - 80}]),
        ("touchEnd", []),
    ):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    moved = np.array(held(figure, "X"))
    assert moved[0][0] < X[0][0] and moved[0][1] > X[0][1]
    assert page.evaluate("scrollY") == 0
