"""What a theorem, a definition or a word of the glossary says, for the script that shows it where it is cited.

A page opened from the disk may not read its neighbours, so when the book is built the texts go into one script,
_static/previews.js: page#anchor -> HTML, without links, names or folds; book/_static/hover.js shows them.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

CLAIMS = "div.proof.admonition[id]"
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
    """Anchor -> text, for the claims and the terms of a page."""
    for claim in page.select(CLAIMS):
        yield str(claim["id"]), bare(claim)
    for term in page.select(TERMS):
        meaning = term.find_next_sibling("dd")
        if isinstance(meaning, Tag):
            yield str(term["id"]), f"<p><strong>{term.get_text().rstrip('#')}</strong></p>{bare(meaning)}"


def write_previews(app: Sphinx, error: Exception | None) -> None:
    """Read the finished pages and write the script."""
    if error or app.builder.format != "html":
        return
    texts = {}
    for document in sorted(app.env.found_docs):
        uri = app.builder.get_target_uri(document)
        page = BeautifulSoup(Path(app.outdir, uri).read_text(), "html.parser")
        texts |= {f"{uri}#{anchor}": text for anchor, text in previews_of(page)}
    script = f"const PREVIEWS = {json.dumps(texts, ensure_ascii=False, indent=0)};\n"
    Path(app.outdir, "_static", "previews.js").write_text(script)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write_previews)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
