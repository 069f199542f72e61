"""Print the lowest version of each direct dependency that pyproject.toml admits, as requirements for pip.

That of the build is among them: a test builds the package with what is installed.
"""

import re
import tomllib
from pathlib import Path


def lowest(requirement: str) -> str:
    """The requirement at its lower bound: "numpy>=1.26,<3" becomes "numpy==1.26"."""
    return re.sub(r"\s*>=\s*([^,;\s]+)[^;]*", r"==\1", requirement)


if __name__ == "__main__":
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    project, build = settings["project"], settings["build-system"]["requires"]
    for requirements in (build, project["dependencies"], *project["optional-dependencies"].values()):
        print(*map(lowest, requirements), sep="\n")
