"""The built book, opened page by page in a browser: over http and from the disk, light and dark, wide and narrow.

`make test` builds the book first. Without Chromium or without a build these tests are skipped, but never in CI.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import nbformat
import pydata_sphinx_theme
import pytest
import unused
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, sync_playwright

from tests.notebooks import verified
from tests.visits import CHROMIUM, LAPTOP, PATIENCE, PHONE, QUIET, complaints, listen, serve

HTML = Path(__file__).parents[1] / "_build" / "html"
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
REDIRECT = "index.html"
ASSETS = "img[{0}], script[{0}], link[{0}]:not([rel=canonical])"  # its own address is nothing that a page loads
BUILT = (HTML / REDIRECT).is_file()
PAGES = sorted(str(path.relative_to(HTML)) for path in HTML.glob("**/*.html") if "_static" not in path.parts)
PAGES = PAGES if BUILT else [REDIRECT, "search.html"]  # so that without a build there are tests, to skip or to fail
SOURCES = sorted((HTML / "_sources").glob("**/*.*")) if BUILT else [HTML / "_sources" / "search.md"]

missing = [what for what, there in (("Chromium", CHROMIUM), ("the built book (make book)", BUILT)) if not there]
skipped = pytest.mark.skipif(bool(missing) and "CI" not in os.environ, reason=f"needs {' and '.join(missing)}")
pytestmark = [pytest.mark.pages, skipped]


def test_nothing_is_missing() -> None:
    """Catches a CI run that looks at no page: there, a missing browser or build is a failure."""
    assert missing == []


# --- a visit ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """Scheme -> the address of the book's root."""
    for http in serve(HTML):
        yield {"http": http, "file": HTML.as_uri() + "/"}


@pytest.fixture(scope="module")
def gone() -> list[str]:
    """The classes that no page uses, whose rules were taken out of the theme's style."""
    style = (THEME / unused.STYLES[0]).read_text()
    return sorted(set(unused.CLASS.findall(style)) - unused.words(HTML))


@pytest.mark.parametrize("path", [path for path in PAGES if path != REDIRECT])
@pytest.mark.parametrize(
    ("scheme", "colours", "settings"),
    [("http", "light", {"viewport": LAPTOP}), ("file", "dark", {"viewport": PHONE, "has_touch": True})],
    ids=["desktop", "phone"],
)
def test_page(
    browser: Browser, addresses: dict[str, str], gone: list[str], path: str, scheme: str, colours: str, settings: dict
) -> None:
    """Catches a console error, a request that fails or leaves the machine, a formula or a picture that is not shown,
    a picture without alt text or caption, sideways scrolling, text that is hard to tell from its ground, in a fold or
    in the other theme too; what keeps a reader with a keyboard or a screen reader out; a box that scrolls without a
    word; a target too small for a finger; text that moves; a page of code and tables; a heavy page; and a rule of the
    theme that was taken out although a page, with its scripts run, has an element for it."""
    assert len(gone) > 300
    assert complaints(browser, addresses[scheme], path, colours, gone, **settings) == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_page(browser: Browser, addresses: dict[str, str], scheme: str) -> None:
    """Catches a search without its index: a word of the notation page must lead to that page, where it is marked; and
    a word that is still marked on a page to which another way led.

    Results are listed one after the other, so the test waits for this one."""
    page = browser.new_page()
    page.add_init_script("window.asked = localStorage.getItem('sphinx_highlight_terms')")
    heard = listen(page, addresses[scheme])
    result = page.locator('#search-results ul.search li a[href*="notation.html"]').first
    for leave in (lambda: page.goto(addresses[scheme] + "book/glossary.html"), result.click):
        page.goto(addresses[scheme] + "search.html?q=zonotope")
        result.wait_for(timeout=PATIENCE)
        leave()
        page.wait_for_url("**/book/*.html*")
        assert page.evaluate("() => asked") == ("zonotope" if "notation" in page.url else None)
    page.close()
    assert [what for what in heard if not what.startswith("failed request")] == []  # what the next page cut off


def first_of_each_kind() -> dict[str, str]:
    """What a reader may type -> where it is, for one claim of each kind, one exercise and one figure."""
    found: dict[str, str] = {}
    for path in PAGES:
        for number in soup_of(HTML / path).select(".admonition-title .caption-number, figure .caption-number"):
            kind, place = number.text.split()[0], number.find_parent(["div", "figure"], id=True)
            if kind not in found and not number.text.split()[1].startswith("1."):
                found[kind] = f"{number.text.strip()} {path}#{place['id']}"
    return {text.rpartition(" ")[0].replace("Fig.", "figure").lower(): text.split()[-1] for text in found.values()}


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_search_finds_a_number(browser: Browser, addresses: dict[str, str], scheme: str) -> None:
    """Catches "theorem 5.3" that does not lead to the theorem, first of all results, with its own words as excerpt."""
    page, wanted = browser.new_page(), first_of_each_kind()
    heard = listen(page, addresses[scheme])
    assert len(wanted) >= 5
    for words, goal in wanted.items():
        page.goto(addresses[scheme] + f"search.html?q={words}")
        first = page.locator("#search-results ul.search > li").first
        first.locator("p.context").wait_for(timeout=30_000)
        assert str(first.locator("a").get_attribute("href")).endswith(goal)
        excerpt = first.locator("p.context").inner_text()
        assert words in excerpt.lower()[:40] and "\\" not in excerpt  # a formula is words, not TeX
    page.close()
    assert [what for what in heard if not what.startswith("failed request")] == []  # what the next question cut off


def test_the_front_door_opens(browser: Browser, addresses: dict[str, str]) -> None:
    """Catches an index.html that leads nowhere."""
    page = browser.new_page()
    page.goto(addresses["file"] + REDIRECT)
    page.wait_for_selector("article h1", timeout=10_000)
    page.close()


# --- links -----------------------------------------------------------------------------------------


def soup_of(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


def broken_links(folder: Path, path: str, soup: BeautifulSoup) -> list[str]:
    """Links of a page, within the book, to a file or an anchor that is not there; and assets from outside."""
    found = []
    assets = [tag[key] for key in ("src", "href") for tag in soup.select(ASSETS.format(key))]
    found += [f"an asset from outside: {url}" for url in assets if urlsplit(url).netloc]
    for url in {*assets, *(tag["href"] for tag in soup.select("a[href]"))}:
        parts = urlsplit(urljoin(path, url))
        if parts.scheme or parts.netloc:
            continue
        target = folder / unquote(parts.path or path)
        if not target.is_file():
            found.append(f"no such file: {url}")
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in anchors(target):
            found.append(f"no such anchor: {url}")
    return found


def page_of(source: Path) -> Path:
    """The page made from a file of _sources."""
    return (HTML / source.relative_to(HTML / "_sources")).with_suffix(".html")


@cache
def anchors(path: Path) -> set[str]:
    return set(re.findall(r'\b(?:id|name)="([^"]+)"', path.read_text()))


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path: str) -> None:
    """Catches a link, an anchor or an asset that is not there, raw HTML included, which Sphinx does not check; two
    places of one page with the same name: a link to the second would lead to the first; a line meant for nbval."""
    page = soup_of(HTML / path)
    counts = Counter(tag["id"] for tag in page.select("[id]"))
    assert broken_links(HTML, path, page) == []
    assert {name: count for name, count in counts.items() if count > 1} == {}
    assert [code for code in page.select(".cell_input") if "NBVAL" in code.text] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_page_shows_what_its_source_says(source: Path) -> None:
    """Catches a chapter without its notebook, and a button for a service that the book does not use; a proof left in
    its admonition, and a fold that is no `<details>`, which nothing else would open; code or a table left open on the
    page, or code folded that is tagged to be shown, a check whose verdict is not the line that stays, and a computed
    number in a sentence that is no formula."""
    text, page = source.read_text(), soup_of(page_of(source))
    hrefs = [str(tag["href"]) for tag in page.select("a[href]")]
    assert any(href.endswith(str(source.relative_to(HTML))) for href in hrefs)
    assert [href for href in hrefs if re.search("mybinder|colab|jupyterhub|deepnote|thebe", href)] == []
    folded = len(re.findall(r":class: [\w ]*\bdropdown\b", text))
    assert len(page.select(".proof-text, details.fold.proof")) == text.count("{prf:proof}")
    assert len(page.select("details.fold:not(.check, .code) > summary")) == folded
    assert page.select(".dropdown.admonition, summary a") == []
    assert [number.text for number in page.select(".pasted-text") if re.search(r"\de[+-]\d", number.text)] == []
    boxes = page.select("article .cell_input, .cell .verification")
    left_open = [box for box in boxes if not box.find_parent("details")]
    assert [box for box in left_open if not box.find_parent(class_="tag_show-code")] == []
    assert len(left_open) == text.count('"show-code"')
    lines = [line.text for line in page.select("details.check > summary")]
    assert all(re.search(r"verified: \d+ cases? holds?, \d+ controls? fails?", line) for line in lines)
    told = SOURCES if source.stem == "ledger" else [source]  # the ledger has the lines of all
    cells = [cell for one in told if one.suffix == ".ipynb" for cell in nbformat.read(one, as_version=4).cells]
    assert len(lines) == sum(len(verified(cell.source)) for cell in cells if cell.cell_type == "code")


# --- the eye itself --------------------------------------------------------------------------------

HEAD = """<!doctype html><html lang="en"><head><title>A page</title><link rel="icon" href="data:,"><script>
  const dark = matchMedia("(prefers-color-scheme: dark)");
  (dark.onchange = () => { document.documentElement.dataset.theme = dark.matches ? "dark" : "light"; })();
</script></head>"""
SOUND = '<h1 id="top">Title</h1><p>Words.</p><a href="#top">up</a>'
DEFECTS = {
    "script error": "<script>undefined.x</script>",
    "console": "<script>console.error('no')</script>",
    "failed request": "<script src='gone.js'></script>",
    "leaves the book": "<script src='http://127.0.0.1:9/x.js'></script>",
    "TeX error": "<mjx-merror data-mjx-error='Undefined control sequence'>x</mjx-merror>",
    "unrendered source": "<p>Let $x$ be</p>",
    "formula not set": "<span class='math'>x</span>",
    "no alt text": "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>",
    "picture not shown": "<img alt='a' src='data:image/png;base64,AAAA'>",
    "figure without a picture": "<div class='cell_output'><figure>&lt;Figure with 2 Axes&gt;</figure></div>",
    "no caption": "<div class='cell_output'><svg></svg></div>",
    "scrolls sideways": "<div style='width: 3000px; height: 3px'></div>",
    "too wide": "<div class='math' style='overflow: auto; width: 30px'><mjx-container>xxxxxxxxx</mjx-container></div>",
    "sticks out": "<div style='overflow: hidden; width: 3000px'>wide</div>",
    "scrolls without the keyboard": "<div style='overflow-x: auto'><p style='width: 3000px'>wide</p></div>",
    "scrolls without a hint": "<div tabindex='0' style='overflow-x: auto'><p style='width: 3000px'>wide</p></div>",
    "cut off": """<p><span class='math' style='display: inline-block; overflow: hidden; width: 30px'>
        <mjx-container><mjx-math style='display: inline-block; width: 90px'>x</mjx-math></mjx-container></span></p>""",
    "a mark may leave": "<p><span class='math'><mjx-container>x</mjx-container></span>, so</p>",
    "code and tables take": "<div class='highlight'><pre>" + 20 * "line\n" + "</pre></div>",
    "layout shift": """<script>requestAnimationFrame(() => requestAnimationFrame(() => {
        document.body.style.paddingTop = "300px";
    }))</script>""",
    "contrast 2.": "<p style='color: #999; background: #eee'>faint</p>",
    "contrast 1.": "<p style='color: color-mix(in oklab, white 90%, black)'>fainter</p>",
    "light: contrast": "<details><summary>A fold</summary><p style='color: #999'>faint in a fold</p></details>",
    "dark: contrast": "<style>[data-theme=dark] p { background: #333 }</style>",
    "a word of a plot has": "<svg class='plot'><g style='fill: #999'><use href='#x'/></g></svg>",
    "link-in-text-block": "<p>Words and <a href='#top' style='color: #223; text-decoration: none'>a link</a>.</p>",
}


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    """A folder for a page of our own."""
    (tmp_path / "other.html").write_text(SOUND)
    return tmp_path


def draw(folder: Path, body: str) -> None:
    (folder / "page.html").write_text(f"{HEAD}<body><main><article>{SOUND}{body}</article></main></body>")


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_seen(browser: Browser, sketch: Path, defect: str) -> None:
    """Catches a blind eye: each page has the defect it is named for."""
    draw(sketch, DEFECTS[defect])
    found = complaints(browser, sketch.as_uri() + "/", "page.html")
    assert any(defect in complaint for complaint in found)


def test_a_sound_page_passes(browser: Browser, sketch: Path) -> None:
    """Catches an eye that sees defects everywhere."""
    draw(
        sketch,
        "<p><code>\\(x\\)</code></p><div tabindex='0' data-more='right' style='overflow-x: auto'>"
        "<p style='width: 3000px'>wide</p></div>",
    )
    assert complaints(browser, sketch.as_uri() + "/", "page.html") == []
    assert broken_links(sketch, "page.html", soup_of(sketch / "page.html")) == []


def test_a_small_target_is_seen(browser: Browser, sketch: Path) -> None:
    """Catches a ruler that is never laid on: only where the pointer is a finger does size matter."""
    draw(sketch, "<button>OK</button>")
    phone = {"viewport": PHONE, "has_touch": True}
    assert any("a target of" in found for found in complaints(browser, sketch.as_uri() + "/", "page.html", **phone))


def test_a_point_far_from_its_readout_is_seen(browser: Browser, sketch: Path) -> None:
    """Catches a phone on which the hand covers one screen while the answer stands on the next."""
    draw(sketch, "<div class='player'><p class='handle'>A</p><p style='margin-top: 900px' class='words'>B</p></div>")
    found = complaints(browser, sketch.as_uri() + "/", "page.html", viewport=PHONE)
    assert any("a point without its readout" in complaint for complaint in found)


def test_a_class_without_its_rules_is_seen(browser: Browser, sketch: Path) -> None:
    """Catches a script that adds a class whose rules were taken out, unseen."""
    draw(sketch, "<script>document.querySelector('p').className = 'new'</script>")
    assert complaints(browser, sketch.as_uri() + "/", "page.html", gone=["new", "old"]) == ["without its rules: new"]


def test_a_heavy_page_is_seen(browser: Browser, sketch: Path) -> None:
    """Catches scales that weigh nothing: only over http does a server say how much it sends."""
    (sketch / "long.js").write_text("//" + 2_000_000 * "x")
    draw(sketch, "<script src='long.js'></script>")
    for http in serve(sketch):
        assert any(found.startswith("heavy:") for found in complaints(browser, http, "page.html"))


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("<a href='gone.html'>x</a>", "no such file"),
        ("<a href='other.html#gone'>x</a>", "no such anchor"),
        ("<a href='#gone'>x</a>", "no such anchor"),
        ("<img src='gone.png'>", "no such file"),
        ("<link rel='stylesheet' href='//example.org/x.css'>", "from outside"),
    ],
)
def test_each_broken_link_is_seen(sketch: Path, link: str, complaint: str) -> None:
    """Catches a link check that follows nothing."""
    draw(sketch, link)
    assert any(complaint in found for found in broken_links(sketch, "page.html", soup_of(sketch / "page.html")))
