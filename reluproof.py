"""The console command `reluproof`: it runs the `lib` that was installed with it, whatever else is called `lib`."""

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent / "lib"


def main() -> int:
    """Run `lib.cli` from beside this file; status 3 if that is not what is there."""
    source = HERE / "__init__.py"
    spec = importlib.util.spec_from_file_location("lib", source, submodule_search_locations=[str(HERE)])
    try:
        if spec is None or spec.loader is None or "convex geometry of two-layer ReLU" not in source.read_text():
            raise ImportError(f"{HERE} is another package that is called lib")
        sys.modules["lib"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        from lib.cli import main as command
    except (ImportError, OSError) as error:
        remedy = "install convex-geometry-of-backpropagation again, in a fresh environment"
        sys.stderr.write(f"reluproof: {error}; {remedy}\n")
        return 3
    return command(prog="reluproof")
