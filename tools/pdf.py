"""The built book as one PDF: `make pdf` puts the pages of _build/html together and lets Chromium print them.

A moving figure is printed as its still, a fold is printed open, a link leads to its place in the document, and the code
behind a figure stays with the notebooks. The ledger lists its claims without their tables, which the chapters have.
What is about the pages stays with them: the book at a glance, and how it was made.
Every page of _build/html then offers the PDF where it offers its notebook.
"""

import posixpath
import shutil
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urldefrag

import yaml
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
HTML, OUT = ROOT / "_build" / "html", ROOT / "_build" / "pdf"
LEFT_OUT = "script, noscript, button, .headerlink, .tag_hide-input .cell_input, details.hide > summary"
PAGES_ALONE = ("book/gallery.html", "book/about.html")
REPEATED = "#the-ledger-of-verified-claims .verification"
HEAD = """<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="../html/_static/pygments.css"><link rel="stylesheet" href="../html/_static/custom.css">
<link rel="stylesheet" href="print.css"><script>{settings}</script>
<script defer src="../html/_static/mathjax/startup.js"></script></head><body class="bd-article">{body}</body></html>"""
WIDTH = 627  # pixels of the text: A4 without its margins
SHRINK = """() => document.querySelectorAll("mjx-container[display]").forEach((formula) => {
    const wide = formula.scrollWidth / formula.clientWidth;
    if (wide > 1) formula.style.fontSize = `${98 / wide}%`;
})"""
FOOT = '<div style="font: 8px sans-serif; width: 100%; text-align: center"><span class="pageNumber"></span></div>'


def files(entry: object) -> list[str]:
    """The documents of a part of the table of contents, in its order."""
    if isinstance(entry, list):
        return [file for part in entry for file in files(part)]
    if not isinstance(entry, dict):
        return []
    own = [entry[key] for key in ("root", "file") if key in entry]
    return own + [file for value in entry.values() for file in files(value)]


def name_of(page: str, anchor: str) -> str:
    """The name in the document of an anchor of a page; the anchor of its top is empty."""
    return f"{PurePosixPath(page).stem}--{anchor}" if anchor else PurePosixPath(page).stem


def beside(page: str, path: str) -> str:
    """Where a path that stands on a page leads, seen from the root of the book."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path)))


def target(page: str, href: str, pages: list[str]) -> str:
    """Where a link of a page leads in the document: to a place in it, or out of it."""
    path, anchor = urldefrag(href)
    goal = beside(page, path) if path else page
    return f"#{name_of(goal, unquote(anchor))}" if goal in pages else href


def chapter(page: str, pages: list[str]) -> Tag:
    """The article of a page, made to stand in one document with the others."""
    article = BeautifulSoup((HTML / page).read_text(), "html.parser").select_one("article.bd-article")
    assert article is not None
    for useless in article.select(f"{LEFT_OUT}, {REPEATED}"):
        useless.decompose()
    for fold in article.select("details"):
        fold["open"] = ""
    for code in article.select("details.hide"):
        code.name = "div"
    for tag in article.select("[id]"):
        if not tag.find_parent("svg"):  # the names inside a drawing are its own
            tag["id"] = name_of(page, str(tag["id"]))
    for link in article.select("a[href]"):
        link["href"] = target(page, str(link["href"]), pages)
        if beside(page, urldefrag(str(link["href"])).url) in PAGES_ALONE:
            link.unwrap()
    for picture in article.select("img[src]"):
        picture["src"] = f"../html/{beside(page, str(picture['src']))}"
    article["id"] = name_of(page, "")
    return article


def settings() -> str:
    """What the pages tell MathJax."""
    pages = (BeautifulSoup(path.read_text(), "html.parser") for path in HTML.glob("book/*.html"))
    scripts = (script.text for page in pages for script in page("script"))
    return next(text for text in scripts if text.startswith("window.MathJax"))


def pages_of_book() -> list[str]:
    """The pages that are printed, in the book's order."""
    pages = [f"{file}.html" for file in files(yaml.safe_load((ROOT / "_toc.yml").read_text()))]
    return [page for page in pages if page not in PAGES_ALONE]


def assemble(pages: list[str], name: str) -> Path:
    """Write these pages as one HTML file, _build/pdf/NAME.html."""
    title = yaml.safe_load((ROOT / "_config.yml").read_text())["title"]
    OUT.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tools" / "print.css", OUT)
    body = "\n".join(str(chapter(page, pages)) for page in pages)
    path = OUT / f"{name}.html"
    path.write_text(HEAD.format(title=title, settings=settings(), body=body))
    return path


def print_pdf(source: Path, pdf: Path) -> None:
    """Let Chromium set the formulas and print."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("make pdf needs Chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.set_default_timeout(600_000)
        page.goto(source.as_uri())
        page.evaluate("() => window.MathJax.startup.promise")
        page.evaluate(SHRINK)  # a formula too wide for the page is set smaller; on the screen it would scroll
        page.pdf(
            path=pdf, format="A4", print_background=True, outline=True, tagged=True, display_header_footer=True,
            header_template="<i></i>", footer_template=FOOT,
            margin={"top": "20mm", "bottom": "20mm", "left": "22mm", "right": "22mm"},
        )  # fmt: skip
        browser.close()


def offering(page: str, root: str) -> str:
    """The HTML of a page, with the PDF in its menu of downloads; unchanged if it is there, or if there is no menu."""
    link = f'<li><a class="btn btn-sm dropdown-item whole-book" href="{root}book.pdf">The whole book, .pdf</a></li>'
    before, menu, after = page.partition("dropdown-download-buttons")
    return before + menu + after.replace("</ul>", f"{link}</ul>", 1) if menu and "whole-book" not in page else page


def offer(pdf: Path) -> None:
    """Put the PDF beside the pages, and a link to it on each of them."""
    shutil.copy(pdf, HTML / "book.pdf")
    for path in HTML.glob("book/*.html"):
        path.write_text(offering(path.read_text(), "../"))


if __name__ == "__main__":
    print_pdf(assemble(pages_of_book(), "book"), OUT / "book.pdf")
    offer(OUT / "book.pdf")
    print("_build/pdf/book.pdf")
