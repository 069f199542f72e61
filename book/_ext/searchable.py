"""The search finds "theorem 5.3", and shows its excerpts also in a book that is opened from the disk.

Sphinx's search knows the titles of sections alone, and reads a page that it lists, which a browser forbids on file:.
So every numbered claim and exercise becomes a title, and the texts of all pages become one script, which
book/_static/offline.js loads on the search page of a book on the disk.
"""

import json
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx

USELESS = ".headerlink, script, style, svg, .MathJax, details.code"


def numbered(app: Sphinx, document: str) -> list[tuple[str, str]]:
    """("Theorem 5.3", its anchor) for every claim and exercise of a document."""
    counters = app.env.toc_fignumbers.get(document, {})
    numbers = {anchor: number for counter in counters.values() for anchor, number in counter.items()}
    boxes = [box for box in app.env.get_doctree(document).findall(nodes.Element) if box.get("label") in numbers]
    return [(name_of(box, numbers[box["label"]]), box["label"]) for box in boxes]


def name_of(box: nodes.Element, number: tuple[int, ...]) -> str:
    kind = box.get("realtype") or box["type"]
    return f"{kind.capitalize()} {'.'.join(map(str, number))}"


def add_titles(app: Sphinx, document: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """After the search has read a page: its claims are titles too."""
    if doctree is not None and app.builder.search:
        app.builder.indexer._all_titles.setdefault(document, []).extend(numbered(app, document))


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
    app.connect("html-page-context", add_titles)
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
