"""The book on paper: every figure as its still, every fold open, every link with its place."""

import re
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from tests.test_site import HTML, missing, pytestmark, soup_of
from tools.pdf import OUT, assemble, beside, name_of, offering, pages_of_book, print_pdf, target

__all__ = ["pytestmark"]  # when to skip
FRONT = "book/00_preface.html"


@pytest.fixture(scope="module")
def paper() -> BeautifulSoup:
    if missing:
        pytest.fail(f"needs {' and '.join(missing)}")
    return soup_of(assemble(pages_of_book(), "test"))


def test_every_link_and_name_has_one_place(paper: BeautifulSoup) -> None:
    """Catches a link into a page that is now a place in the document, or two places of one name."""
    names = Counter(str(tag["id"]) for tag in paper.select("[id]"))
    assert [name for name, count in names.items() if count > 1] == []
    links = [str(a["href"]) for a in paper.select("article a[href]")]
    assert [link for link in links if link.startswith("#") and link[1:] not in names] == []
    assert [link for link in links if re.search(r"^(?!http).*\.html", link)] == [] and len(links) > 50


def test_every_figure_has_its_still(paper: BeautifulSoup) -> None:
    """Catches a moving figure that prints as nothing, a picture that is not found, a solution that stays folded."""
    players = sum(len(soup_of(HTML / page).select(".player")) for page in pages_of_book())
    assert len(paper.select(".player .still svg")) == players > 0
    assert [img["src"] for img in paper.select("img") if not (OUT / str(img["src"])).is_file()] == []
    assert paper.select("details:not([open]), details:not(:has(> summary))") == []
    assert paper.select("article script, article button") == []


def test_what_is_about_the_pages_stays_with_them(paper: BeautifulSoup) -> None:
    """Catches a gallery that prints every figure a second time, and a link to a page that is not there."""
    assert paper.select("ul.gallery") == [] and paper.select("article#about, article#gallery") == []
    assert paper.select("article#references") and paper.select("article#notation")


def test_links_are_resolved() -> None:
    """Catches a link resolved against the wrong folder."""
    pages = ["book/a.html", "book/b.html"]
    assert target("book/a.html", "b.html#x", pages) == f"#{name_of('book/b.html', 'x')}"
    assert target("book/a.html", "#x", pages) == f"#{name_of('book/a.html', 'x')}"
    assert target("book/a.html", "../book/b.html", pages) == "#b"
    assert target("book/a.html", "https://example.org/b.html#x", pages) == "https://example.org/b.html#x"
    assert beside("book/a.html", "../_images/p.png") == "_images/p.png"


def test_tables_are_printed_once(paper: BeautifulSoup) -> None:
    """Catches a ledger that prints every table a second time, and one that prints no claim."""
    ledger = paper.select_one("article#ledger")
    assert ledger is not None and ledger.select(".verification") == [] and len(ledger.select("p a")) > 50
    assert len(paper.select(".verification table")) > 50


def test_pages_offer_the_pdf() -> None:
    """Catches a link that is added twice, or to another list of the page."""
    page = '<ul></ul><div class="dropdown-download-buttons"><ul><li>a</li></ul></div><ul></ul>'
    offered = offering(page, "../")
    assert BeautifulSoup(offered, "html.parser").select(".dropdown-download-buttons ul a[href='../book.pdf']")
    assert offered.count("book.pdf") == 1 and offering(offered, "../") == offered
    assert offering("<ul></ul>", "../") == "<ul></ul>"


def test_chromium_prints(tmp_path: Path) -> None:
    """Catches a document that Chromium does not print, or prints before its formulas are set."""
    print_pdf(assemble([FRONT], "test-front"), tmp_path / "front.pdf")
    assert (tmp_path / "front.pdf").read_bytes()[:5] == b"%PDF-" and (tmp_path / "front.pdf").stat().st_size > 50_000
