"""A plot of matplotlib's becomes part of a page: its colours are the page's, and its names are its own."""

import io
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from playwright.sync_api import sync_playwright
from plots import drawing, panels

from figures import HAIR, INK, MARK, NEG, POS, SOFT, drawn
from figures.style import THEMED
from tests.visits import CHROMIUM, PHONE, PROBE, QUIET

ROOT = Path(__file__).parents[1]
ALT = 'A curve "of" <P*> & a ring'


def draw(figure: Figure) -> None:
    """A clipped curve, a ring with a white middle, a black line, text and a formula."""
    ax = figure.subplots()
    ax.plot([0, 1, 2], [0, 3, 1.23456789], color=POS, label=r"$\lambda_n^*$")
    ax.plot([1], [1], "o", mfc="white", mec=NEG)
    ax.axhline(1, color="black")
    ax.axhline(2, color=HAIR)
    ax.set_title("A title", color="black")
    ax.legend()


def file(draw: Callable[[Figure], object] = draw, width: float = 6.0) -> str:
    """What a notebook hands over; no picture was made of it yet."""
    sheet = io.StringIO()
    figure = drawn(draw, width)
    with mpl.rc_context({"svg.hashsalt": "figures"}):
        figure.savefig(sheet, format="svg")
    return sheet.getvalue()


def test_colours_are_the_pages() -> None:
    """Catches a colour of paper's that stays on a dark page: ink on black, or a white card."""
    svg = drawing(file(), ALT, "one")
    left = re.sub(r"var\(--[a-z]+, [^)]*\)", "", svg)
    assert set(THEMED) >= {INK, POS, NEG, MARK, SOFT, HAIR, "#000000", "#ffffff"}
    assert re.findall("|".join(THEMED), left, re.I) == []
    assert {"--ink", "--pos", "--neg", "--hair", "--paper"} <= set(re.findall(r"--[a-z]+", svg))


def test_a_dark_page_has_each_of_the_colours() -> None:
    """Catches a name that a plot asks for, and that no theme defines: it would keep the colour of paper."""
    css = (ROOT / "book" / "_static" / "custom.css").read_text()
    rules = re.search(r'html\[data-theme="dark"\] \.bd-article \.plot \{(.*?)\}', css, re.S)
    assert rules is not None
    asked = {re.findall(r"--[a-z]+", page)[0] for page in THEMED.values()} - {"--ink"}  # the text's own colour
    assert asked == set(re.findall(r"(--[a-z]+):", rules[1]))


def test_names_are_its_own_and_lead_somewhere() -> None:
    """Catches a second plot on a page that is clipped, or lettered, by the first one."""
    one, two = (BeautifulSoup(drawing(file(), ALT, name), "html.parser") for name in ("one", "two"))
    names = [{str(tag["id"]) for tag in plot.select("[id]")} for plot in (one, two)]
    assert len(names[0]) == len(one.select("[id]")) > 5 and not names[0] & names[1]
    used = {str(tag["href"]).removeprefix("#") for tag in one.select("use")}
    used |= set(re.findall(r"url\(#([^)]*)\)", str(one)))
    assert used <= names[0] and len(used) > 5


def test_a_plot_is_described_and_as_large_as_its_picture() -> None:
    """Catches a drawing without words, one that brings rules or a date of its own, and one of another size."""
    plot = BeautifulSoup(drawing(file(), ALT, "one"), "html.parser").div
    assert plot is not None and plot["aria-label"] == ALT and plot["role"] == "img"
    assert [svg["width"] for svg in plot("svg")] == [str(round(6.0 * 110))]
    assert not plot.select("style, metadata, rdf\\:rdf")
    assert drawing(file(), ALT, "one") == drawing(file(), ALT, "one")


# --- panels ----------------------------------------------------------------------------------------


def beside(figure: Figure, rows: int = 1, columns: int = 3) -> None:
    """Panels with words on all sides, turned ones too, and with a curve and marks that go on beyond their frames."""
    for ax in figure.subplots(rows, columns, squeeze=False).flat:
        ax.plot([-100, 0, 100], [0, 1, 1e6], "o-")
        ax.set(xlim=(0, 1), ylim=(0, 1e6), xlabel="a rather long name", ylabel="$y$", title="A title")
        ax.text(0.5, 0.5, "aslant", rotation=30)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)])
def test_a_window_shows_a_column_of_panels_and_no_other(rows: int, columns: int) -> None:
    """Catches a panel that is cut, or shows a piece of its neighbour: matplotlib knows how far each extends."""
    whole = drawn(lambda figure: beside(figure, rows, columns))
    whole.draw_without_rendering()
    boxes = [ax.get_tightbbox() for ax in whole.axes]
    ends = [(box.x0 * 72 / whole.dpi, box.x1 * 72 / whole.dpi) for box in boxes if box is not None]
    windows = panels(file(lambda figure: beside(figure, rows, columns)))
    assert len(windows) == columns and len(ends) == rows * columns
    assert windows[0][0] == 0 and windows[-1][1] == pytest.approx(72 * 6.0)
    assert all(one[1] == other[0] for one, other in pairwise(windows))
    for k, (left, right) in enumerate(ends):
        low, high = windows[k % columns]
        assert low <= left and right <= high


def test_what_lies_over_two_panels_keeps_them_together() -> None:
    """Catches a title, or a legend, of the whole figure that is cut in two."""

    def titled(figure: Figure) -> None:
        beside(figure)
        figure.suptitle("A title over two of the three panels, or over all of them")

    assert len(panels(file(titled))) == 1


SMALL = "a word of a plot is"  # says the probe


def test_a_phone_shows_words_that_can_be_read() -> None:
    """Catches a page that shrinks a row of panels instead of stacking them, and a probe that does not see it."""
    if not CHROMIUM and "CI" not in os.environ:
        pytest.skip("needs Chromium")
    css = (ROOT / "book" / "_static" / "custom.css").read_text()
    page = '<article class="bd-article"><figure>{}<figcaption>Words.</figcaption></figure></article>'
    row = drawing(file(beside, 6.4), ALT, "one")
    kept = row.replace('class="plots"', 'class="plots" style="flex-wrap: nowrap"')
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        sheet = chromium.new_page(viewport=PHONE)  # type: ignore[arg-type]
        found = []
        for plot in (row, kept, drawing(file(), ALT, "one")):
            sheet.set_content(f"<style>{css}</style>{page.format(plot)}")
            said = sheet.evaluate(PROBE, {"opening": False, "tables": True})
            found.append([one for one in said if "sideways" in one or "sticks out" in one or SMALL in one])
        chromium.close()
    assert found[0] == [] and SMALL in found[1][0] and SMALL in found[2][0]


# --- its size --------------------------------------------------------------------------------------


def test_places_are_kept_to_a_hundredth() -> None:
    """Catches a curve that is moved, or a letter whose scale is cut, to save room."""
    number = re.compile(r"-?\d+\.?\d*")
    svg = file()
    before, after = (
        [float(place) for path in re.findall(r' d="([^"]*)"', text) for place in number.findall(path)]
        for text in (svg, drawing(svg, ALT, "one"))
    )
    assert after == pytest.approx(before, abs=0.01)
    assert "scale(0.015625)" in drawing(svg, ALT, "one")
