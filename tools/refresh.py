"""Execute the book's notebooks and write them back as they are committed: outputs in the compared cells alone.

    python tools/refresh.py [NOTEBOOK ...]      (all of book/ if none is named, two at a time)

A cell is compared by nbval when its first line is the mark below; every other output is made by the build.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

BOOK = Path(__file__).parents[1] / "book"
MARK = "# NBVAL_CHECK_OUTPUT"
KEPT_METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def strip(cell: NotebookNode) -> None:
    """Clear the outputs that are not compared."""
    cell.metadata.pop("execution", None)
    if cell.source.splitlines()[:1] != [MARK]:
        cell.outputs, cell.execution_count = [], None


def refresh(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    NotebookClient(nb, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    for cell in nb.cells:
        if cell.cell_type == "code":
            strip(cell)
    nb.metadata = nbformat.from_dict(KEPT_METADATA)
    nbformat.write(nb, path)


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[1:]] or sorted(BOOK.glob("**/*.ipynb"))
    with ThreadPoolExecutor(2) as pool:
        for path, _ in zip(paths, pool.map(refresh, paths), strict=True):
            print(path)
