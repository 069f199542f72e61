"""What no page uses is left out of the theme's files; PurgeCSS, which does it for styles, needs Node and keeps icons.

The theme ships two thousand icons as one script (a table name -> path), and rules for hundreds of classes. When the
book is built, the icons of which neither name nor alias occurs in a page or a script are taken out, and so are the
rules none of whose selectors can match: each names a class that occurs in no page and in no script.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from sphinx.application import Sphinx

ICONS = "scripts/fontawesome.js"
STYLES = ("styles/pydata-sphinx-theme.css", "sphinx-design.min.css", "mystnb.*.css")
WORD = re.compile(r"[\w-]+")
# name:[width,height,[aliases],"code point","path" or two paths],
ICON = re.compile(
    r'"?(?P<name>[\w-]+)"?:\[\d+,\d+,\[(?P<aliases>[^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?'
)
RULE = re.compile(r"(?P<selectors>[^{}@;]+)\{[^{}]*\}")
IN_PARENTHESES = re.compile(r"\([^()]*\)")
CLASS = re.compile(r"\.([a-zA-Z_][\w-]*)")


def sources(folder: Path) -> Iterator[Path]:
    """The built pages, and the scripts that add classes and icons to them."""
    yield from folder.glob("**/*.html")
    static = folder / "_static"
    yield from (path for path in [*static.glob("*.js"), *static.glob("scripts/*.js")] if path.name not in ICONS)


def words(folder: Path) -> set[str]:
    """Every word of the pages and scripts: whatever class or icon is used, its name is among them."""
    return {word for path in sources(folder) for word in WORD.findall(path.read_text())}


def used_icons(script: str, used: set[str]) -> str:
    """The table without the icons of which neither the name nor an alias is used."""

    def kept(icon: re.Match[str]) -> str:
        names = {icon["name"], *WORD.findall(icon["aliases"])}
        return icon[0] if {f"fa-{name}" for name in names} & used else ""

    return ICON.sub(kept, script)


def may_match(selector: str, used: set[str]) -> bool:
    """False if the selector names a class that is not used; what stands in :not(...) or :is(...) is not looked at."""
    return set(CLASS.findall(selector)) <= used


def used_rules(style: str, used: set[str]) -> str:
    """The style sheet without the rules none of whose selectors can match."""

    def kept(rule: re.Match[str]) -> str:
        selectors = rule["selectors"]
        while IN_PARENTHESES.search(selectors):
            selectors = IN_PARENTHESES.sub("", selectors)
        return rule[0] if any(may_match(selector, used) for selector in selectors.split(",")) else ""

    return RULE.sub(kept, style)


def leave_out(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    static, used = Path(app.outdir, "_static"), words(Path(app.outdir))
    for name, kept in [(ICONS, used_icons), *((style, used_rules) for style in STYLES)]:
        for path in static.glob(name):
            path.write_text(kept(path.read_text(), used))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", leave_out, priority=900)  # after the theme has copied its files
    return {"parallel_read_safe": True, "parallel_write_safe": True}
