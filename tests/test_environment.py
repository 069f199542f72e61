"""The lock says everything, and only that; what is installed is whole, and leaves nothing behind."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
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


def files() -> list[Path]:
    """The files of the repository, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


BUILD = """
from setuptools import build_meta as backend
for build in (backend.build_editable, backend.build_sdist, backend.build_wheel):
    print(build("dist"))
"""


@pytest.mark.slow
def test_what_is_installed_is_whole_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Catches a build whose remains git lists, a module that the wheel lacks, and the `lib` of the current folder that
    runs in place of the installed one: from a clean folder, with nothing of the repository on the path."""
    source, site, clean = (tmp_path / name for name in ("source", "site", "clean"))
    for name in files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    subprocess.run("git init --quiet && git add --all", shell=True, cwd=source, check=True)
    built = subprocess.run([sys.executable, "-c", BUILD], cwd=source, capture_output=True, text=True, check=True)
    left = ["git", "ls-files", "--others", "--exclude-standard", "--directory"]
    assert subprocess.run(left, cwd=source, capture_output=True, text=True, check=True).stdout == ""
    wheel = source / "dist" / built.stdout.split()[-1]
    shutil.unpack_archive(wheel, site, "zip")
    (clean / "lib").mkdir(parents=True)
    (clean / "lib" / "__init__.py").write_text("raise SystemExit('another lib')")
    np.savez(clean / "keras.npz", np.eye(2), np.array([[1.0], [-1.0]]))
    (clean / "t.csv").write_text("1,0,1\n0,1,0\n")
    run = "import sys, reluproof; assert reluproof.HERE.parent.name == 'site'; sys.exit(reluproof.main())"
    command = [sys.executable, "-c", run, "certify", "--data", "t.csv", "--network", "keras.npz"]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, cwd=clean, capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and "verdict         optimal" in done.stdout, done.stderr
