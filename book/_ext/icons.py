"""The theme's icons, without the two thousand that no page uses: of a page's weight they were almost half.

The theme ships its icons as one script (a table name -> path) and as rules of its style sheet (a class for each name).
When the book is built, entries and rules of icons that no page asks for are taken out of the built copies.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

SCRIPT, STYLE = "scripts/fontawesome.js", "styles/pydata-sphinx-theme.css"
NAME = re.compile(r"\bfa-([a-z0-9-]+)")
# name:[width,height,[aliases],"code point","path" or two paths],
ENTRY = re.compile(
    r'"?(?P<name>[\w-]+)"?:\[\d+,\d+,\[(?P<aliases>[^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?'
)
RULE = re.compile(r"(?P<selectors>(?:\.fa-[\w-]+(?:::?before)?,?\s*)+)\{[^{}]*\}")


def used_names(folder: Path) -> set[str]:
    """Every fa-... of the built pages and of the theme's own scripts, which make icons too."""
    sources = [*folder.glob("**/*.html"), *folder.glob("_static/scripts/*theme*.js")]
    return {name for path in sources for name in NAME.findall(path.read_text())}


def trimmed_script(script: str, used: set[str]) -> str:
    """The table without the entries of which neither the name nor an alias is used."""

    def kept(entry: re.Match[str]) -> str:
        names = {entry["name"], *re.findall(r'"([^"]*)"', entry["aliases"])}
        return entry[0] if names & used else ""

    return ENTRY.sub(kept, script)


def trimmed_style(style: str, used: set[str]) -> str:
    """The style sheet without the rules that speak of unused icons alone."""
    return RULE.sub(lambda rule: rule[0] if set(NAME.findall(rule["selectors"])) & used else "", style)


def trim(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    used = used_names(Path(app.outdir))
    for name, trimmed in ((SCRIPT, trimmed_script), (STYLE, trimmed_style)):
        path = Path(app.outdir, "_static", name)
        path.write_text(trimmed(path.read_text(), used))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", trim, priority=900)  # after the theme has copied its files
    return {"parallel_read_safe": True, "parallel_write_safe": True}
