"""Search by number ("theorem 5.3"), and excerpts on file:; Sphinx's search has neither, and Pagefind needs a server.

Sphinx's index knows titles without numbers, and its script reads each page that it lists, which a browser forbids on
file:. So when the book is built the numbers become titles of the index, and the texts of all pages become one script,
which book/_static/offline.js loads on the search page of a book on the disk.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

USELESS = ".headerlink, script, style, svg, .words, .MathJax, details.code"
KINDS = {"displaymath": "equation", "code-block": "listing"}  # as a reader calls what Sphinx calls so
SEARCH = ("Search.setIndex(", ")")  # around the index, in its file
IN_PARENTHESES = re.compile(r"\((.*)\)")
MARK = "\0"  # around the name of an anchor, in the text of a page


def numbers(env: BuildEnvironment) -> Iterator[tuple[str, str, str]]:
    """The document and the anchor of everything that has a number, and what it is called: Theorem 5.3."""
    claims = getattr(env, "proof_list", {})
    for document, kinds in env.toc_fignumbers.items():
        for kind, places in kinds.items():
            for anchor, number in places.items():
                name = claims[anchor]["realtype"] if anchor in claims else KINDS.get(kind, kind)
                yield document, anchor, f"{name.title()} {'.'.join(map(str, number))}"


def named(titles: dict[str, list]) -> dict[str, list]:
    """The titles of an index without the parentheses in which claims have their names, and without empty ones."""
    bare = {title: IN_PARENTHESES.fullmatch(title.strip()) for title in titles}
    return {(found[1] if (found := bare[title]) else title): titles[title] for title in titles if title.strip()}


def add_numbers(app: Sphinx, error: Exception | None) -> None:
    """Make each number a title of the finished index, which leads to its anchor."""
    path = Path(app.outdir, "searchindex.js")
    if error or app.builder.format != "html" or not path.is_file():
        return
    index = json.loads(path.read_text().removeprefix(SEARCH[0]).removesuffix(SEARCH[1]))
    titles = named(index["alltitles"])
    for document, anchor, title in numbers(app.env):
        place = [index["docnames"].index(document), anchor]
        if place not in titles.setdefault(title, []):  # a page that was not written again has it
            titles[title].append(place)
    index["alltitles"] = titles
    path.write_text(json.dumps(index, ensure_ascii=False, separators=(",", ":")).join(SEARCH))


def text_of(page: Path) -> tuple[str, dict[str, int]]:
    """What a page says, on one line, and where in it each of its anchors begins."""
    article = BeautifulSoup(page.read_text(), "html.parser").select_one("article")
    for useless in article.select(USELESS):
        useless.decompose()
    for place in article.select("[id]"):
        (place.find("figcaption", recursive=False) or place).insert(0, f"{MARK}{place['id']}{MARK}")
    first, *pieces = article.get_text(" ").split(MARK)
    text, starts = " ".join(first.split()), {}
    for anchor, piece in zip(pieces[::2], pieces[1::2], strict=True):
        starts[anchor] = len(text) + 1
        text = " ".join([text, *piece.split()])
    return text, starts


def write_texts(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    uris = [app.builder.get_target_uri(document) for document in sorted(app.env.found_docs)]
    texts = {uri: text_of(Path(app.outdir, uri)) for uri in uris}
    Path(app.outdir, "_static", "texts.js").write_text(f"const TEXTS = {json.dumps(texts, ensure_ascii=False)};\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", add_numbers)
    app.connect("build-finished", write_texts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
