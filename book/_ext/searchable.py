"""The search shows its excerpts also in a book that is opened from the disk.

Sphinx's search reads a page that it lists, which a browser forbids on file:. So the texts of all pages become one
script, which book/_static/offline.js loads on the search page of a book on the disk.
"""

import json
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

USELESS = ".headerlink, script, style, svg, .MathJax, details.code"


def text_of(page: Path) -> str:
    """What a page says, on one line."""
    article = BeautifulSoup(page.read_text(), "html.parser").select_one("article")
    for useless in article.select(USELESS):
        useless.decompose()
    return " ".join(article.get_text(" ").split())


def write_texts(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    uris = [app.builder.get_target_uri(document) for document in sorted(app.env.found_docs)]
    texts = {uri: text_of(Path(app.outdir, uri)) for uri in uris}
    Path(app.outdir, "_static", "texts.js").write_text(f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
