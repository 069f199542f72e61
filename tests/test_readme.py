"""What the README shows works as it is shown."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_of_the_readme_runs() -> None:
    """Catches a renamed function, a changed argument, and a number that is no longer what the comment says."""
    blocks = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_the_readme_points_at_what_is_there() -> None:
    """Catches a file or a make target that the README names and the repository lacks."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets
    names = re.findall(r"\]\(([\w.-]+)\)", README) + re.findall(r"^\| `([\w./]+)`", README, re.M)
    assert [name for name in names if not (ROOT / name).exists()] == []
