"""The pages gathered from all others, the ledger and the list of exercises, in a small book and in the real one."""

import re
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from lib.verify import equal, theorem
from tests.notebooks import claims, verified
from tests.test_book import read
from tests.test_site import HTML, SOURCES, skipped, soup_of

EXTENSIONS = ["myst_parser", "sphinx_design", "sphinx_proof", "sphinx_exercise", "sphinxcontrib.bibtex"]
SETTINGS = {
    "root_doc": "preface",
    "extensions": [*EXTENSIONS, "chapters", "exercises", "gallery", "ledger", "words"],
    "myst_enable_extensions": ["colon_fence", "dollarmath"],
    "nitpicky": True,
    "numfig": True,
    "bibtex_bibfiles": ["references.bib"],
    "html_theme": "basic",
}
PREFACE = "# Preface\n\n```{toctree}\n:numbered:\none\npart/two\nledger\nsolutions\n```\n"
THEOREM = ":::{{prf:theorem}} {name}\n:label: {label}\n\nText.\n:::\n\n"
CITED = ":::{prf:lemma}\n:label: lem-known\n:class: cited\n\nBy {cite:t}`known`, and $x$.\n:::\n\n"
EXERCISE = ":::{exercise}\n:label: ex-a\n\nShow that $1+1=2$.\n\nReally.\n:::\n\n:::{solution} ex-a\nCount.\n:::\n"
SOURCE = "@book{known, author={Known, A.}, title={Known}, publisher={P}, year={2001}}\n"


def box(label: str, *cases: str) -> str:
    """What a verification cell renders."""
    holds = dict.fromkeys(cases, equal(1, 1, tol=0))
    verified = theorem(label, holds=holds, fails={"H1: control": equal(2, 1, tol=1e-9)})
    return verified._repr_markdown_() + "\n\n"


class SmallBook:
    """A book of two chapters, a ledger and a list of exercises, that can be built again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {
            "preface.md": PREFACE,
            "one.md": "# One\n\n" + THEOREM.format(name="First $x$", label="thm-a") + box("thm-a", "a case") + EXERCISE,
            "part/two.md": "# Two\n\n" + CITED + THEOREM.format(name="", label="thm-b") + box("thm-b", "other", "more"),
            "ledger.md": "# Ledger\n\n```{ledger}\n```\n",
            "solutions.md": "# Exercises\n\n```{exercises}\n```\n",
            "references.bib": SOURCE,
        }.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        self.append("preface.md", "```{bibliography}\n```\n")

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(path.read_text() + text)

    def build(self, parallel: int = 0) -> str:
        """Build what changed; the warnings."""
        warnings = StringIO()
        out, trees = self.folder / "out", self.folder / "trees"
        with patch_docutils(), docutils_namespace():
            Sphinx(self.folder, None, out, trees, "html", SETTINGS, StringIO(), warnings, parallel=parallel).build()
        return warnings.getvalue()

    def page(self, name: str) -> BeautifulSoup:
        return soup_of(self.folder / "out" / f"{name}.html")


def anchor_of(link: Tag) -> str:
    return str(link["href"]).partition("#")[2]


@pytest.fixture
def book(tmp_path: Path) -> SmallBook:
    return SmallBook(tmp_path)


def links(part: Tag) -> list[tuple[str, str]]:
    return [(a.text, str(a["href"])) for a in part.select("a[href]:not(.headerlink)")]


@pytest.mark.parametrize("parallel", [0, 2])
def test_the_ledger_lists_what_was_verified_and_what_is_cited(book: SmallBook, parallel: int) -> None:
    """Catches a claim left out, a wrong number or link, a lost row, a table in the open, a source that is not named."""
    assert book.build(parallel) == ""
    page = book.page("ledger")
    assert [row.text.split() for row in page.select("section > table tr")][1:] == [
        ["1.", "One", "1", "1", "1", "0"],
        ["2.", "Two", "1", "2", "1", "1"],
        ["all", "2", "3", "2", "1"],
    ]
    first, second = page.select("section section")
    assert links(first) == [
        ("1. One", "one.html"),
        ("Theorem 1.1", "one.html#thm-a"),
        ("measured here", "one.html#verified-thm-a"),
    ]
    assert "Theorem 1.1 (First" in first.text and first.select(".math")
    assert [row.td.text for row in first.select("details > .verification tbody tr")] == ["✓ holds", "✗ fails"]
    assert [line.text.split(",")[0].strip() for line in first.select("summary")] == ["verified: 1 case holds"]
    assert "a case" in first.text and "other" in second.text
    known = second.find_all("p")[-1]
    assert known.text.endswith("cited from Known [Kno01]") and ("Lemma 2.1", "part/two.html#lem-known") in links(known)
    assert any(target.startswith("preface.html#") for _, target in links(known))
    assert not known.select("[id]")  # the original keeps its name for itself
    assert "mathjax" in str(page.head).lower()  # a page with no formula of its own still has to set those it gathers


def test_a_claim_that_is_cited_and_verified_stands_once(book: SmallBook) -> None:
    """Catches a claim that the ledger lists twice, and one that it lists without its source."""
    book.append("part/two.md", box("lem-known", "measured"))
    assert book.build() == ""
    told = [p.text for p in book.page("ledger").select("section section > p") if "Lemma 2.1" in p.text]
    assert len(told) == 1 and "measured here" in told[0] and told[0].endswith("cited from Known [Kno01]")


def test_the_ledger_follows_the_chapter(book: SmallBook) -> None:
    """Catches claims in the order of their checks, and a source that is told twice, in the name and after it."""
    named = CITED.replace("{prf:lemma}", "{prf:lemma} Named; {cite:t}`known`").replace("lem-known", "lem-named")
    later = THEOREM.format(name="", label="thm-c") + box("thm-c", "first")
    book.append("one.md", named + later + box("lem-named", "then") + box("thm-a", "again"))
    assert book.build() == ""
    told = [p.text for p in book.page("ledger").select("section section")[0].find_all("p", recursive=False)]
    assert [re.match(r"\w+ [\d.]+", line)[0] for line in told] == [*["Theorem 1.1"] * 2, "Lemma 1.1", "Theorem 1.2"]  # type: ignore[index]
    assert told[2].endswith("measured here · cited") and told[2].count("Known") == 1


def test_what_the_ledger_links_to_is_there(book: SmallBook) -> None:
    """Catches two boxes of one claim under one name."""
    book.append("one.md", box("thm-a", "once more"))
    book.build()
    ids = [tag["id"] for tag in book.page("one").select(".verification[id]")]
    assert ids == ["verified-thm-a", "verified-thm-a-2"]
    assert [(name, target) for name, target in links(book.page("ledger")) if name.startswith("measured")] == [
        ("measured here", f"one.html#{ids[0]}"),
        ("measured again", f"one.html#{ids[1]}"),
        ("measured here", "part/two.html#verified-thm-b"),
    ]
    assert book.page("ledger").select("section > table td")[1].text == "1"  # one claim, though verified twice


def test_the_exercises_are_listed_with_their_solutions(book: SmallBook) -> None:
    """Catches an exercise without its link, or with more than its opening; a page without its contents at the side, or
    with those of an earlier build too."""
    for _ in range(2):
        book.build()
        book.append("solutions.md", "\nMore.\n")
    contents = book.page("solutions").select(".sphinxsidebar li li > a.reference")
    assert [(link.text, link["href"]) for link in contents] == [("1. One", "#exercises-one")]
    (item,) = book.page("solutions").select("section li")
    assert item.text.startswith("Exercise 1.1. Show that") and "Really" not in item.text
    (exercise, (name, target)) = links(item)
    assert exercise == ("Exercise 1.1", "one.html#ex-a") and name == "Solution 1.1"
    assert book.page("one").select(f"[id='{target.partition('#')[2]}']")[0].text.strip().startswith("Solution to")


def test_a_change_anywhere_reaches_the_ledger(book: SmallBook) -> None:
    """Catches a page that keeps what it gathered when another document was changed, or lost a claim."""
    book.build()
    book.append("part/two.md", THEOREM.format(name="", label="thm-c") + box("thm-c", "new"))
    assert book.build() == ""
    assert "new" in book.page("ledger").text
    (book.folder / "part" / "two.md").write_text("# Two\n\nNothing.\n")
    (book.folder / "one.md").write_text((book.folder / "one.md").read_text().replace("a case", "a better case"))
    assert book.build() == ""
    assert "a better case" in book.page("ledger").text and "2. Two" not in [
        name for name, _ in links(book.page("ledger").select_one(".body"))
    ]


# --- the real book ---------------------------------------------------------------------------------


def built_texts() -> Iterator[str]:
    """The Markdown of the documents that were built."""
    for source in SOURCES:
        if source.suffix == ".ipynb":
            yield from (cell.source for cell in read(source).cells if cell.cell_type == "markdown")
        else:
            yield source.read_text()


@pytest.mark.pages
@skipped
def test_the_ledger_of_the_book_is_complete() -> None:
    """Catches a verification or a cited claim of the real book that its ledger does not show."""
    codes = [cell.source for source in SOURCES if source.suffix == ".ipynb" for cell in read(source).cells
             if cell.cell_type == "code"]  # fmt: skip
    calls = Counter(label for code in codes for label in verified(code))
    cited = [claim.label for text in built_texts() for claim in claims(text) if claim.cited]
    page = soup_of(HTML / "book" / "ledger.html")
    shown = [anchor_of(a) for a in page.select("section section a[href]") if a.text.startswith("measured ")]
    assert Counter(re.sub(r"^verified-|-\d+$", "", name) for name in shown) == calls and calls
    stated = {anchor_of(a) for a in page.select("section section p a[href]")}
    lines = page.select("section section > p")
    assert set(cited) <= stated and len(lines) == calls.total() + len(set(cited) - set(calls))
    assert {anchor_of(p.a) for p in lines if "· cited" in p.text} == set(cited)
    assert len(page.select("section section .verification table")) == calls.total()


@pytest.mark.pages
@skipped
def test_the_list_of_exercises_is_complete() -> None:
    """Catches an exercise of the real book that is not listed, or one without a solution."""
    text = "\n".join(built_texts())
    items = soup_of(HTML / "book" / "solutions.html").select("article section section > ul > li")
    assert [links(item)[0][1].partition("#")[2] for item in items] == re.findall(
        r"^(?::{3,}|`{3,})\{exercise\}[^\n]*\n:label: (\S+)", text, re.M
    )
    assert [item.text for item in items if not re.search(r"Solution [\d.]+\s*$", item.text)] == []
