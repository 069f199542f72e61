"""What the README shows works as it is shown."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_of_the_readme_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a renamed function, a changed argument, and a number that is no longer what is shown, to ten units of
    its last digit."""
    blocks = re.findall(r"^```python\n(.*?)^```\n+^```\n(.*?)^```", README, re.M | re.S)
    assert blocks
    for code, shown in blocks:
        exec(compile(code, "README.md", "exec"), {})
        printed, expected = (re.findall(r"-?\d+\.\d+", text) for text in (capsys.readouterr().out, shown))
        assert len(printed) == len(expected) > 0
        units = [10.0 ** -len(number.split(".")[1]) for number in expected]
        close = [abs(float(a) - float(b)) <= 10 * u for a, b, u in zip(printed, expected, units, strict=True)]
        assert all(close), (printed, expected)


def test_the_readme_points_at_what_is_there() -> None:
    """Catches a file or a make target that the README names and the repository lacks."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets
    names = re.findall(r"\]\(([\w.-]+)\)", README) + re.findall(r"^\| `([\w./]+)`", README, re.M)
    assert [name for name in names if not (ROOT / name).exists()] == []
