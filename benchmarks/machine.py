"""The machine a table was made on, in one sentence; run as a script, it prints the sentence."""

import os
import platform
from pathlib import Path

import numpy as np
import scipy


def machine() -> str:
    """Processor, cores and their load when the benchmark started, and the versions that matter."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor()
    versions = f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}"
    load = os.getloadavg()[0]
    return f"{cpu}, {os.cpu_count()} cores, {platform.system()}, {versions}; load {load:.1f} at the start."


if __name__ == "__main__":
    print(machine())
