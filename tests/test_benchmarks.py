"""The scripts of benchmarks/ that name lines of `lib`, or of a chapter, name lines that exist."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_break_names_one_line():
    """Catches a break whose line was rewritten since: it would change nothing, or too much."""
    spec = importlib.util.spec_from_file_location("breaks", ROOT / "benchmarks" / "breaks.py")
    breaks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(breaks)
    paths = {b: breaks.source(b, ROOT / "lib", ROOT / "book") for b in breaks.BREAKS}
    assert len(paths) >= 60
    assert [b for b, path in paths.items() if path.read_text().count(b.old) != 1] == []
