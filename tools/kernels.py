"""Run the tests as other machines would: on each code path of the linear algebra, with one thread and with two.

    python tools/kernels.py [ARGUMENT OF PYTEST ...]      (every unit test if none is given)

What an older processor computes is had on any x86 machine with AVX2 by asking OpenBLAS for that processor's kernels
and NumPy for its loops; digits then differ from the machine's own, and no test may depend on them. Prints a table, and
what failed; fails if anything did.
"""

import os
import re
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEW = "X86_V4 AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
MACHINES = {
    "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": f"X86_V3 AVX2 FMA3 {NEW}"},
    "Haswell": {"OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": NEW},
    "its own": {},
}
LINEAR_ALGEBRA = (
    "import numpy, scipy.linalg, threadpoolctl as t;"
    "print(*{f'{d[\"architecture\"]}/{d[\"num_threads\"]}' for d in t.threadpool_info() if 'architecture' in d})"
)
UNIT = ["tests", "-m", "not pages"]


def environment(machine: str, threads: int) -> dict[str, str]:
    """This process's environment as that machine's."""
    ours = {name: value for name, value in os.environ.items() if not re.match("OPENBLAS_|NPY_DISABLE", name)}
    return {**ours, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), **MACHINES[machine]}


def python(env: dict[str, str], *arguments: str) -> str:
    """What Python prints to these arguments, failed or not; NumPy's word on features it does not know is left out."""
    command = [sys.executable, "-W", "ignore::ImportWarning", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True).stdout


def main(arguments: list[str]) -> int:
    failures = []
    print(f"{'machine':10}{'kernel/threads':18}{'seconds':>8}  tests", flush=True)
    for machine, threads in product(MACHINES, (1, 2)):
        env, start = environment(machine, threads), time.monotonic()
        kernel = python(env, "-c", LINEAR_ALGEBRA).strip()
        report = python(env, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "--tb=short", *arguments)
        closing = (re.findall(r"^.* in [\d.]+s.*$", report, re.M) or ["no tests ran"])[-1].strip("= ")
        print(f"{machine:10}{kernel:18}{time.monotonic() - start:8.0f}  {closing}", flush=True)
        failures += [] if re.match(r"\d+ passed", closing) else [f"--- {machine}, {threads} threads\n{report}"]
    print(*failures, sep="\n")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or UNIT))
