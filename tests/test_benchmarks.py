"""The scripts of benchmarks/ that name lines of `lib` name lines that exist."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_break_names_one_line():
    """Catches a break whose line was rewritten since: it would change nothing, or too much."""
    spec = importlib.util.spec_from_file_location("breaks", ROOT / "benchmarks" / "breaks.py")
    breaks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(breaks)
    found = {b: (ROOT / "lib" / b.module).read_text().count(b.old) for b in breaks.BREAKS}
    assert len(found) >= 20
    assert [b for b, times in found.items() if times != 1] == []
