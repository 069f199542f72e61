"""What a link leads to, for book/_static/hover.js: offline and by keyboard; sphinx-tippy fetches its scripts.

Claims, equations, sources and words of the glossary are shown. A page opened from the disk may not read its neighbours,
so when the book is built every page gets a script, _static/previews/PAGE.js, with what its links lead to:
page#anchor -> HTML, without links, names or folds.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import urldefrag

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

WHOLE = "div.proof.admonition[id], div.math[id], div.citation[id]"  # claims, equations, sources
TERMS = "dl.glossary > dt[id]"
USELESS = ".headerlink, script, style, img, details, .math-wrapper > .eqno, span.eqno"


def bare(part: Tag) -> str:
    """The HTML of a part of a page that can stand anywhere."""
    copy = BeautifulSoup(str(part), "html.parser")
    for useless in copy.select(USELESS):
        useless.decompose()
    for link in copy.select("a"):
        link.unwrap()
    for tag in copy.find_all(True):
        tag.attrs = {key: value for key, value in tag.attrs.items() if key == "class"}
    return str(copy)


def previews_of(page: BeautifulSoup) -> Iterator[tuple[str, str]]:
    """Anchor -> text, for what a page shows where it is cited."""
    for part in page.select(WHOLE):
        yield str(part["id"]), bare(part)
    for term in page.select(TERMS):
        meaning = term.find_next_sibling("dd")
        if isinstance(meaning, Tag):
            yield str(term["id"]), f"<p><strong>{term.get_text().rstrip('#')}</strong></p>{bare(meaning)}"


def links_of(page: BeautifulSoup, uri: str) -> set[str]:
    """Every page#anchor that the text of a page links to."""
    hrefs = (urldefrag(str(link["href"])) for link in page.select("article a.reference.internal[href*='#']"))
    return {f"{normpath(join(dirname(uri), path)) if path else uri}#{anchor}" for path, anchor in hrefs}


def write_previews(app: Sphinx, error: Exception | None) -> None:
    """Read the finished pages and write their scripts."""
    if error or app.builder.format != "html":
        return
    uris = {document: app.builder.get_target_uri(document) for document in sorted(app.env.found_docs)}
    pages = {uri: BeautifulSoup(Path(app.outdir, uri).read_text(), "html.parser") for uri in uris.values()}
    texts = {f"{uri}#{anchor}": text for uri, page in pages.items() for anchor, text in previews_of(page)}
    for document, uri in uris.items():
        cited = {name: texts[name] for name in sorted(links_of(pages[uri], uri) & texts.keys())}
        script = Path(app.outdir, "_static", "previews", f"{document}.js")
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(f"const PREVIEWS = {json.dumps(cited, ensure_ascii=False, indent=0)};\n")


def load_previews(app: Sphinx, name: str, *_: object) -> None:
    """A page loads its own script, before the one that shows what is in it."""
    if name in app.env.found_docs:
        app.add_js_file(f"previews/{name}.js", priority=400)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", load_previews)
    app.connect("build-finished", write_previews)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
