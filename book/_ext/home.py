"""Where the book lives, and what a chapter promises: settings that neither the theme nor sphinxext-opengraph finds.

The address of the pages is `html_baseurl`, that of the repository the theme's `repository_url`, both in _config.yml.
What is empty comes from GitHub Actions, if the book is built there: a fork that publishes the book links to itself.
Without addresses there are no links and no picture for other sites, but the descriptions are there.
"""

import os
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

OPENINGS = ("You will learn ", "You will see ")
LONGEST = 200  # letters of a description


def repository() -> str:
    """The repository that GitHub Actions builds; nothing elsewhere."""
    owner_and_name = os.environ.get("GITHUB_REPOSITORY", "")
    return f"{os.environ['GITHUB_SERVER_URL']}/{owner_and_name}" if owner_and_name else ""


def pages(url: str) -> str:
    """The address at which GitHub publishes the pages of a repository; nothing for one that is elsewhere."""
    host, _, path = url.removeprefix("https://").partition("/")
    owner, _, name = path.partition("/")
    return f"https://{owner.lower()}.github.io/{name}/" if host == "github.com" else ""


def settle(app: Sphinx, config: Config) -> None:
    """Fill in the addresses, and switch on what needs them."""
    url = config.html_theme_options.get("repository_url") or repository()
    config.html_baseurl = config.html_baseurl or pages(url)
    config.ogp_site_url = config.html_baseurl
    options = {"repository_url": url, "use_repository_button": True, "use_issues_button": True} if url else {}
    config.html_theme_options = {**config.html_theme_options, **options}
    config.html_context = {**config.html_context, "repository_url": url}


def summary(doctree: nodes.document) -> str:
    """What the opening box of a chapter promises, at most so long; nothing if there is no such box."""
    for text in (" ".join(paragraph.astext().split()) for paragraph in doctree.findall(nodes.paragraph)):
        if text.startswith(OPENINGS):
            promise = next(text.removeprefix(opening) for opening in OPENINGS if text.startswith(opening))
            promise = promise[0].upper() + promise[1:]
            return promise if len(promise) <= LONGEST else f"{promise[: LONGEST - 2].rpartition(' ')[0]} …"
    return ""


def describe(app: Sphinx, name: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """A chapter is described by its promise, before sphinxext-opengraph would take the page's first words."""
    if doctree is not None and (text := summary(doctree)):
        context["meta"] = {**(context["meta"] or {}), "og:description": escape(text)}
        context["metatags"] += f'<meta name="description" content="{escape(text)}" />\n'


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", settle, priority=100)
    app.connect("html-page-context", describe, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
