"""What is made of all chapters at once: the map, paths, the gallery, linked words, the search, what others show."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import chapters
import citing
import home
import pytest
import yaml
from bs4 import Tag
from PIL import Image
from words import AMBIGUOUS

from tests.test_gathered import SmallBook, links
from tests.test_site import HTML, PAGES, skipped, soup_of

ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"
PREFACE = "# Preface\n\n```{{toctree}}\n:numbered:\n{}\n```\n\n```{{toctree}}\nglossary\nglance\n```\n"
CLAIM = ":::{{prf:theorem}} Name\n:label: thm-{}\n\nText.\n:::\n\n"
GLOSSARY = (
    "# Glossary\n\n:::{glossary}\nzonotope\n  A sum of segments.\n\ncell\n  A piece, and a {term}`zonotope`.\n:::\n"
)
GLANCE = (
    "# Glance\n\nNo zonotope.\n\n```{map}\n```\n\n## Path\n\n```{path}\nthree\n```\n\n## Figures\n\n```{gallery}\n```\n"
)
FIGURE = "```{figure} dot.png\n:name: fig-dot\n:alt: a dot\n\nA dot. It is small.\n```\n"
CHAPTERS = {
    "one": "Reading time about 90 minutes. Two zonotopes, a zonotope, **cell**, a cell.\n\n"
    + CLAIM.format("one")
    + FIGURE,
    "two": "You need {prf:ref}`thm-one`; later comes {doc}`four`. Reading time about 30 minutes.\n\n"
    + CLAIM.format("two"),
    "three": "You need {prf:ref}`thm-one`, {prf:ref}`thm-four` and {doc}`two`.\n\nA {term}`zonotope`, zonotopes.\n\n"
    + CLAIM.format("three"),
    "four": "You need {prf:ref}`thm-two` and {prf:ref}`thm-one`.\n\n**Zonotopes** are in `zonotope`.\n\n"
    + CLAIM.format("four"),
    "five": "A {term}`cell`, and another cell. A zonotope\nof a *zonotope*.\n",
}


class SmallBookAtAGlance(SmallBook):
    """Five chapters, of which the third needs the fourth; a glossary, and the page made of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        Image.new("RGB", (900, 300)).save(folder / "dot.png")
        (folder / "references.bib").write_text("")
        (folder / "preface.md").write_text(PREFACE.format("\n".join(CHAPTERS)))
        for name, text in CHAPTERS.items():
            (folder / f"{name}.md").write_text(f"# {name.title()}\n\n{text}")
        (folder / "glossary.md").write_text(GLOSSARY)
        (folder / "glance.md").write_text(GLANCE)


@pytest.fixture
def glance(tmp_path: Path) -> SmallBookAtAGlance:
    return SmallBookAtAGlance(tmp_path)


def test_a_glance_at_a_small_book(glance: SmallBookAtAGlance) -> None:
    """Catches a need that is lost, or read out of a look ahead; a line that others imply; a path in a wrong order or
    with too much on it; a figure that is left out, not linked, or shown at full size; a word linked twice, in bold, in
    code, or although it has two meanings; a marked word that is linked again."""
    assert glance.build() == ""
    page = glance.page("glance")
    needs = [" ".join(item.text.split()) for item in page.select("svg + ul > li")]
    assert needs == [
        "1. One · 90 minutes",
        "2. Two · 30 minutes · needs 1",
        "3. Three · needs 1, 2, 4",
        "4. Four · needs 1, 2",
        "5. Five",
    ]
    assert [a["href"] for a in page.select("svg a")] == ["one.html", "two.html", "four.html", "three.html"]
    assert len(page.select("svg path")) == 3
    path = page.select_one("ul.path")
    assert [name for name, _ in links(path)] == ["1. One", "2. Two", "4. Four", "3. Three"]
    assert path.find_next_sibling("p").text == "4 chapters, about 2 hours."
    (item,) = page.select("ul.gallery > li")
    assert item.text.strip() == "Figure 1.1. A dot." and links(item) == [("Figure 1.1", "one.html#fig-dot")]
    with Image.open(glance.folder / "out" / item.img["src"]) as still:
        assert item.img["alt"] == "a dot" and still.size == (480, 160)
    words = {name: [a.text for a in glance.page(name).select("a:has(.std-term)")] for name in (*CHAPTERS, "glance")}
    assert words == {
        "one": ["zonotopes"],
        "two": [],
        "three": ["zonotope"],
        "four": [],
        "five": ["cell", "zonotope"],
        "glance": [],
    }


def test_a_line_of_the_map_passes_circles_that_it_does_not_join() -> None:
    """Catches a line that runs behind a circle, and one that bows although nothing is in its way."""
    top, bottom = (200.0, 29.0), (200.0, 145.0)
    aside, between = (240.0, 87.0), (200.0, 87.0)
    assert "C200.0 87.0 200.0 87.0 200.0 145.0" in chapters.curve(top, bottom, [aside])
    for circles in ([between], [between, (160.0, 87.0)], [between, aside]):
        numbers = [float(number) for number in re.findall(r"[\d.]+", chapters.curve(top, bottom, circles))]
        way = list(zip(numbers[::2], numbers[1::2], strict=True))
        assert way[0] == top and way[-1] == bottom
        assert not any(chapters.met(way, circle) for circle in circles)


def test_chapters_that_need_each_other_stop_the_build(glance: SmallBookAtAGlance) -> None:
    """Catches a circle of needs, for which there is no path, and a path to what is no chapter."""
    glance.append("one.md", "\nYou need nothing.\n")
    (glance.folder / "two.md").write_text("# Two\n\nYou need {prf:ref}`thm-four`.\n\n" + CLAIM.format("two"))
    with pytest.raises(Exception, match="cycle"):
        glance.build()
    (glance.folder / "two.md").write_text("# Two\n\n" + CLAIM.format("two"))
    (glance.folder / "glance.md").write_text("# Glance\n\n```{path}\nsix\n```\n")
    with pytest.raises(Exception, match="no numbered chapter"):
        glance.build()


def test_a_fork_links_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a published copy that links to another repository, and links made where there is none."""
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert home.repository() == home.pages("") == home.pages("https://example.org/a/b") == ""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "Some-One/book")
    assert home.pages(home.repository()) == "https://some-one.github.io/book/"


def test_citations_are_those_of_the_citation_file() -> None:
    """Catches an author, a title or a year that BibTeX would lose."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    book, paper = (citing.bibtex(work, "2026") for work in (cff, cff["references"][0]))
    assert max(map(len, [*book.splitlines(), *paper.splitlines()])) <= 72
    book, paper = (re.sub(r"\n {4}", " ", entry) for entry in (book, paper))
    assert book.startswith("@software{book2026,\n") and cff["title"] in book and "author = {{The authors" in book
    assert cff["references"][0]["title"] in paper
    assert paper.startswith("@inproceedings{wang2022,\n") and "author = {Wang, Yifei and Pilanci, Mert}" in paper
    assert all(entry.count("{") == entry.count("}") and entry.endswith("\n}") for entry in (book, paper))


# --- the real book ---------------------------------------------------------------------------------

NUMBERS = ".proof .caption-number, .exercise .caption-number, figure .caption-number"


class Facts(NamedTuple):
    """What a page says of itself."""

    figures: list[str]
    numbers: list[tuple[str, str]]
    numbered: bool
    words: list[str]
    metas: list[tuple[str, str]]
    bar: bool


def name_of(number: Tag) -> str:
    return " ".join(number.text.replace("Fig.", "Figure").split())


def facts(path: str) -> Facts:
    page = soup_of(HTML / path)
    places = {number: number.find_parent(["div", "figure"], id=True) for number in page.select(NUMBERS)}
    return Facts(
        figures=[figure["id"] for figure in page.select("figure[id]")],
        numbers=[(name_of(number), place["id"]) for number, place in places.items()
                 if not number.find_parent("details")],
        numbered=bool(page.select("h1 .section-number")),
        words=[a["href"].partition("#")[2] for a in page.select("article a:has(> .std-term)")],
        metas=[(meta.get("name") or meta["property"], meta["content"]) for meta in page.select("meta[content]")
               if meta.get("name") or meta.get("property")],
        bar=bool(page.select("#searchbox")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages() -> dict[str, Facts]:
    return {path: facts(path) for path in PAGES if path.startswith("book/")}


@pytest.mark.pages
@skipped
def test_the_gallery_and_the_map_are_whole(pages: dict[str, Facts]) -> None:
    """Catches a figure without a still, which is one that the build did not draw, or a chapter without its line."""
    page = soup_of(HTML / "book" / "gallery.html")
    figures = [f"{Path(path).name}#{name}" for path, facts in pages.items() for name in facts.figures]
    shown = [item.a["href"] for item in page.select("ul.gallery > li") if item.a.img]
    assert sorted(shown) == sorted(figures) and len(figures) > 50
    driven = [item for item in page.select("ul.gallery > li") if "(yours to drive)" in item.text]
    assert 10 < len(driven) < len(shown)  # those that move say so, and the others do not
    numbered = [Path(path).name for path, facts in pages.items() if facts.numbered]
    assert sorted(a["href"] for a in page.select("svg + ul > li > p > a:first-child")) == sorted(numbered)
    assert len(page.select("ul.path")) == 3
    front = soup_of(HTML / "book" / "00_preface.html")
    assert front.select("article a[href='gallery.html']") and front.select("footer a[href='about.html']")


@pytest.mark.pages
@skipped
def test_words_of_the_glossary_are_linked_in_the_text(pages: dict[str, Facts]) -> None:
    """Catches a word with two meanings that is no longer in the glossary, and chapters without links to words."""
    known = {term["id"] for term in soup_of(HTML / "book" / "glossary.html").select("dl.glossary > dt")}
    assert {f"term-{word.replace(' ', '-')}" for word in AMBIGUOUS} <= known
    assert len({word for path, facts in pages.items() if facts.numbered for word in facts.words}) > 20


@pytest.mark.pages
@skipped
def test_the_search_knows_every_number(pages: dict[str, Facts]) -> None:
    """Catches a numbered claim, exercise or figure that the index does not lead to by the name that a reader types."""
    index = json.loads((HTML / "searchindex.js").read_text().removeprefix("Search.setIndex(").removesuffix(")"))
    titles = {(name, f"{index['docnames'][k]}.html", at) for name, all_ in index["alltitles"].items() for k, at in all_}
    wanted = {(name, path, place) for path, facts in pages.items() for name, place in facts.numbers}
    assert len(wanted) > 200 and wanted - titles == set()
    assert not any(title.strip() == "" or title.startswith(" (") for title, _, _ in titles)


@pytest.mark.pages
@skipped
def test_other_sites_can_show_each_page(pages: dict[str, Facts]) -> None:
    """Catches a page without a description, a title or a picture for other sites, or with two; and the bar that pushed
    a page down to hide what was searched for."""
    for path, facts in pages.items():
        counts, values = Counter(name for name, _ in facts.metas), dict(facts.metas)
        assert all(counts[name] == 1 for name in ("description", "og:title", "og:description", "og:image")), path
        assert 20 < len(values["description"]) <= 200 and not facts.bar, path
    assert dict(pages["book/05_duality.html"].metas)["og:description"].startswith("The dual of the convex program")
    assert (HTML / "_static" / "picture.png").is_file()


@pytest.mark.pages
@skipped
def test_the_page_about_the_book_cites_it() -> None:
    """Catches a page without its citations or without the changes."""
    text = soup_of(HTML / "book" / "about.html").select_one("article").text
    assert "@software{" in text and "@inproceedings{" in text and "0.1.0" in text


def test_the_picture_of_the_readme_shows_its_result() -> None:
    """Catches a picture that is heavy, not there, without words, that loads anything, or that shows another number."""
    readme = (ROOT / "README.md").read_text()
    found = re.search(r"!\[([^\]]{40,})\]\((book/_static/picture\.svg)\)", readme)
    assert found and readme.index(found[0]) < 1200
    svg = (ROOT / found[2]).read_text()
    kinds = [element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()]
    words = ["".join(text.itertext()).strip() for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert len(svg) < 40_000 and not {"script", "image"} & set(kinds) and "#ffffff" in svg
    result = re.search(r"\*\*(\d\.\d\d) times\*\*", readme)
    assert result and result[1] in found[1] and result[1] in words
