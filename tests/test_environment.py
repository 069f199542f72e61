"""The lock says everything, and only that."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([a-z0-9-]+)==([\w.!+]+)")


def pins() -> dict[str, str]:
    """Package -> version of requirements.txt."""
    lines = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and not line.startswith("#")]
    matches = [PIN.fullmatch(line) for line in lines]
    assert None not in matches, "requirements.txt holds something that is no exact pin"
    return {match[1]: match[2] for match in matches if match}


def wanted() -> list[Requirement]:
    """Every requirement of pyproject.toml, the extras' included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(text) for texts in lists for text in texts]


def test_the_lock_fits_the_ranges() -> None:
    """Catches a dependency added or moved in pyproject.toml without `make lock`, and an address in the lock."""
    locked = pins()
    versions = {want: locked.get(canonicalize_name(want.name), "0") for want in wanted()}
    assert [str(want) for want, version in versions.items() if not want.specifier.contains(version)] == []


def test_the_lock_is_whole() -> None:
    """Catches a lock of the direct dependencies alone: what they need is pinned too."""
    assert {"sphinx", "myst-nb", "setuptools", "pyzmq"} <= set(pins())
