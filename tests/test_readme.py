"""What the README shows works as it is shown."""

import re
import shlex
from pathlib import Path

import pytest

from lib.cli import BAD_INPUT, IMPROVABLE, INTERRUPTED, OPTIMAL, UNDECIDED, main
from lib.data import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def numbers(text: str) -> list[str]:
    return re.findall(r"-?\d+\.\d+", text)


def unit(number: str) -> float:
    """One unit of the last digit shown."""
    return 10.0 ** -len(number.partition(".")[2])


def test_the_python_of_the_readme_prints_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """Catches a renamed function, a changed argument, and a number that is no longer what is shown, to a unit of its
    last digit; and a digit shown beyond the accuracy that the code asks for, which another machine need not print."""
    blocks = re.findall(r"^```python\n(.*?)^```\n+^```\n(.*?)^```", README, re.M | re.S)
    assert blocks
    for code, shown in blocks:
        exec(compile(code, "README.md", "exec"), {})
        printed, expected = numbers(capsys.readouterr().out), numbers(shown)
        assert len(printed) == len(expected) > 0
        assert all(abs(float(a) - float(b)) <= unit(b) for a, b in zip(printed, expected, strict=True)), printed
        asked = min(map(float, re.findall(r"\btol=([\d.e-]+)", code)))
        assert [number for number in expected if unit(number) < asked * abs(float(number))] == []


def test_the_command_of_the_readme_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Catches an output that is no longer what the command prints: the same words, the numbers to three digits."""
    block = re.search(r"^```console\n\$ reluproof (.*?)\n(.*?)^```", README, re.M | re.S)
    assert block
    iris = load("iris")
    (tmp_path / "iris.safetensors").write_bytes((ROOT / "book" / "networks" / "iris.safetensors").read_bytes())
    rows = [[*row[:-1], label] for row, label in zip(iris.X.tolist(), iris.y.tolist(), strict=True)]
    (tmp_path / "iris.csv").write_text("".join(",".join(map(repr, row)) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(block[1])) == 1
    printed, shown = capsys.readouterr().out, block[2]
    without = [re.sub(r"-?\d[\d.]*", "#", re.sub(r"time .*\n", "", text)) for text in (printed, shown)]
    assert without[0] == without[1]
    pairs = zip(*(numbers(re.sub(r"time .*\n", "", text)) for text in (printed, shown)), strict=True)
    assert [(a, b) for a, b in pairs if abs(float(a) - float(b)) > 2e-3 * abs(float(b))] == []


def test_the_exit_statuses_are_those_of_the_command() -> None:
    """Catches a status that the README leaves out or gives another meaning."""
    rows = dict(re.findall(r"^\| (\d+) \| ([^|]*) \|", README, re.M))
    words = {OPTIMAL: "optimal", IMPROVABLE: "better", UNDECIDED: "undecided", BAD_INPUT: "bad input",
             INTERRUPTED: "interrupted"}  # fmt: skip
    assert set(rows) == set(map(str, words)) and all(word in rows[str(code)] for code, word in words.items())


def test_the_readme_points_at_what_is_there() -> None:
    """Catches a file or a make target that the README names and the repository lacks."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets
    names = re.findall(r"\]\(([\w.-]+)\)", README) + re.findall(r"^\| `([\w./]+)`", README, re.M)
    assert [name for name in names if not (ROOT / name).exists()] == []
