"""A plot of matplotlib's becomes part of a page: its colours are the page's, and its names are its own."""

import io
import re
from pathlib import Path

import matplotlib as mpl
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from plots import drawing

from figures import HAIR, INK, MARK, NEG, POS, SOFT, drawn
from figures.style import THEMED

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


def file() -> str:
    """What a notebook hands over; no picture was made of it yet."""
    sheet = io.StringIO()
    figure = drawn(draw)
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
    plot = BeautifulSoup(drawing(file(), ALT, "one"), "html.parser").svg
    assert plot is not None and plot["aria-label"] == ALT and plot["role"] == "img"
    assert plot["width"] == str(round(6.0 * 110)) and not plot.select("style, metadata, rdf\\:rdf")
    assert drawing(file(), ALT, "one") == drawing(file(), ALT, "one")


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
