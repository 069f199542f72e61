"""MathJax from sphinx-mathjax-offline without its 24 megabytes, of which its own hook copies all.

Only what a page can ask for is copied: the parts that _config.yml loads, the fonts, and the TeX extensions that are
loaded on demand.
"""

from importlib.metadata import files
from pathlib import Path, PurePosixPath
from shutil import copyfile

from sphinx.application import Sphinx

PACKAGE = "sphinx-mathjax-offline"
ROOT = "mathjax"  # the folder's name in the package and under the book's _static
NEEDED = (
    "startup.js",
    "core.js",
    "a11y/assistive-mml.js",
    "input/tex.js",
    "input/tex/extensions/",
    "output/chtml.js",
    "output/chtml/fonts/",
)


def needed_files() -> dict[PurePosixPath, Path]:
    """Path under ROOT -> where it is installed."""
    installed = {PurePosixPath(file): Path(str(file.locate())) for file in files(PACKAGE) or []}
    inside = {
        PurePosixPath(*path.parts[path.parts.index(ROOT) + 1 :]): place
        for path, place in installed.items()
        if ROOT in path.parts
    }
    return {path: place for path, place in inside.items() if str(path).startswith(NEEDED)}


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Put the needed files under _static of a finished HTML build."""
    if error or app.builder.format != "html":
        return
    for path, place in needed_files().items():
        target = Path(app.outdir, "_static", ROOT, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        copyfile(place, target)


def setup(app: Sphinx) -> dict[str, bool]:
    app.config.mathjax_path = f"{ROOT}/startup.js"
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
