"""What `max_margin` and `regularised` certify within a deadline where nothing closes at once: many features, many rows.

Four tables: (1) real and Gaussian data against a deadline, with the rows of the multiplier that could be proved, both
ends recomputed by `lib.kkt`; (2) the interval against the dimension and against the number of rows, beside the practice
of the field, the program on sampled patterns; (3) weight decay; (4) another checkout on the same data, without a
deadline, in processes of their own, one after the other. Writes deadlines.md.

    git worktree add ../before 227e7e3
    python benchmarks/deadlines.py [--full] [--beside ../before]      --full adds the run of ten minutes
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from machine import machine
from sklearn.datasets import load_digits

from lib.data import Data, gaussian, load, with_bias
from lib.kkt import upper_bound
from lib.patterns import sample
from lib.program import max_margin, regularised
from lib.program.written import written_out
from lib.zonotope import hausdorff

HERE = Path(__file__).parent
SIZES = (*((100, d) for d in (2, 4, 8, 12, 16, 20, 30)), *((N, 3) for N in (300, 1000, 2000, 5000)))
MOST, CONES = 1000, 150_000  # sampled directions, and rows times directions


def pixels() -> Data:
    """Digits 3 and 8 on all pixels that vary, standardised, and a column of ones."""
    digits = load_digits()
    some = np.isin(digits.target, (3, 8))
    X = digits.data[some]
    X = X[:, X.std(axis=0) > 0]
    y = np.where(digits.target[some] == 3, 1.0, -1.0)
    return Data(with_bias((X - X.mean(axis=0)) / X.std(axis=0)), y, "digits 3/8, all pixels")


def normal(N: int, d: int) -> Callable[[], Data]:
    return lambda: gaussian(N, d, np.random.default_rng(0))


# data, relative gap asked for, seconds
RUNS: list[tuple[Callable[[], Data], float, float]] = [
    (lambda: load("wine"), 1e-6, 60),
    (lambda: load("breast-cancer"), 1e-2, 60),
    (pixels, 1e-2, 60),
    (normal(100, 8), 1e-2, 60),
    (normal(100, 12), 1e-2, 120),
    (normal(100, 20), 1e-2, 120),
    (normal(1000, 3), 1e-6, 600),
    (normal(2000, 4), 1e-6, 600),
    (normal(5000, 2), 1e-6, 60),
    (normal(5000, 6), 1e-2, 60),
]
LONG: list[tuple[Callable[[], Data], float, float]] = [(lambda: load("breast-cancer"), 1e-3, 600)]


# rows, columns, how often: the first call of a process
PAIRS = ((50, 3, 41), (1000, 3, 3), (2000, 4, 1))
ALONE = """
import sys, time
import numpy as np
from lib.data import gaussian
from lib.program import max_margin
X, y = gaussian(int(sys.argv[1]), int(sys.argv[2]), np.random.default_rng(0))[:2]
start = time.process_time()
found = max_margin(X, y, tol=1e-6)
print(time.process_time() - start, found.primal_value)
"""


def line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def run(make: Callable[[], Data], tol: float, seconds: float) -> str:
    X, y, name = make()
    start = time.perf_counter()
    found = max_margin(X, y, tol=tol, seconds=seconds)
    took = time.perf_counter() - start
    upper = upper_bound(found.network, X, y)
    d_H = hausdorff(X, found.lam, goal=1 + 1e-9, seconds=max(3 * seconds, 60), nodes=np.inf).upper
    lower, rows = float(y @ found.lam) / d_H, int((found.lam != 0).sum())
    return line(name, f"{len(X)} x {X.shape[1]}", f"{seconds:.0f}", f"{took:.1f}", f"[{lower:.6g}, {upper:.6g}]",
                f"{upper / lower - 1:.1e}", rows, found.network.m, found.status)  # fmt: skip


def size(N: int, d: int, seconds: float = 60) -> str:
    X, y, _ = gaussian(N, d, np.random.default_rng(0))
    start = time.perf_counter()
    found = max_margin(X, y, tol=1e-4, seconds=seconds)
    took, directions = time.perf_counter() - start, min(MOST, CONES // N)
    D = sample(X, directions, np.random.default_rng(1)).patterns.astype(float)
    start = time.perf_counter()
    try:
        value = written_out(X, y, D, cones=True)[3]
    except (ValueError, TypeError):  # cvxpy returns no dual value for an infeasible restriction
        value = np.inf
    theirs = time.perf_counter() - start
    excess = f"{value / found.dual_value - 1:+.1%}" if np.isfinite(value) else "infeasible"
    ends = f"[{found.dual_value:.6g}, {found.primal_value:.6g}]"
    ours = ends, f"{found.gap:.1e}", f"{took:.1f}", int((found.lam != 0).sum())
    return line(f"{N} x {d}", *ours, f"{directions:,}", f"{theirs:.1f}", excess)


def decay(make: Callable[[], Data], loss: str, beta: float, seconds: float = 60) -> str:
    X, y, name = make()
    start = time.perf_counter()
    found = regularised(X, y, loss, beta, tol=1e-2, seconds=seconds)
    took = time.perf_counter() - start
    ends = f"[{found.dual_value:.6g}, {found.primal_value:.6g}]"
    return line(name, loss, beta, ends, f"{found.gap:.1e}", f"{took:.1f}", int((found.lam != 0).sum()), found.status)


def alone(checkout: Path, N: int, d: int) -> tuple[float, float]:
    """Processor seconds of one call in a process of its own, with the library of a checkout; and its optimum."""
    command, settings = [sys.executable, "-c", ALONE, str(N), str(d)], {"PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run(command, env=os.environ | settings, cwd=checkout, capture_output=True, text=True, check=True)
    seconds, value = map(float, done.stdout.split())
    return seconds, value


def pair(checkout: Path, N: int, d: int, times: int) -> str:
    runs = [(alone(checkout, N, d), alone(HERE.parent, N, d)) for _ in range(times)]
    before, now = (statistics.median(run[i][0] for run in runs) for i in (0, 1))
    differs = max(abs(one[1] / other[1] - 1) for one, other in runs)
    return line(f"{N} x {d}", times, f"{before:.3g}", f"{now:.3g}", f"{before / now:.2g}", f"{differs:.0e}")


TEXT = """# Deadlines

Written by `benchmarks/deadlines.py`. {machine}

## Against a deadline

`seconds` is what was asked for, the proof included. The multiplier of the lower bound has few nonzero entries where the
multiplier of all rows cannot be proved: the program on some of the rows bounds the whole one from below. Both ends are
recomputed; the data of the last runs are those of the benchmark `program`.

| data | N x d | asked | took (s) | P* in | gap | rows of lam | neurons | status |
|---|---|---|---|---|---|---|---|---|
{run}

## Where exactness ends

Gaussian rows, labels sign(x1 x2 + 0.3 x1), 60 s, a gap of 1e-4 asked for; beside it the program on the distinct
patterns of random directions, as many as a solver takes, and how far its value is above the certified lower bound.

| N x d | P* in | gap | took (s) | rows of lam | directions | sampled: solved in (s) | above the lower bound by |
|---|---|---|---|---|---|---|---|
{size}

## Weight decay

| data | loss | beta | optimum in | gap | took (s) | rows of lam | status |
|---|---|---|---|---|---|---|---|
{decay}

## Beside the commit before this work

Commit 227e7e3, the largest margin of the same Gaussian data to 1e-6: processor seconds of the first call of a process,
medians, the two taking turns; and by how much the two optima differ, relatively.

| N x d | runs | before (s) | now (s) | times faster | optima differ by |
|---|---|---|---|---|---|
{pair}
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also the run of ten minutes")
    parser.add_argument("--beside", type=Path, help="a checkout of the commit before")
    options = parser.parse_args()
    runs = RUNS + (LONG if options.full else [])
    where, tables = machine(), {"run": [], "size": [], "decay": [], "pair": []}
    jobs = [("run", lambda one=one: run(*one)) for one in runs]
    jobs += [("size", lambda one=one: size(*one)) for one in SIZES]
    jobs += [
        ("decay", lambda loss=loss: decay(lambda: load("breast-cancer"), loss, 0.5)) for loss in ("logistic", "squared")
    ]
    jobs += [("decay", lambda: decay(pixels, "hinge", 0.5))]
    jobs += [("pair", lambda one=one: pair(options.beside, *one)) for one in (PAIRS if options.beside else ())]
    for table, job in jobs:
        tables[table].append(job())
        print(tables[table][-1], flush=True)
        text = {name: "\n".join(rows) for name, rows in tables.items()}
        (HERE / "deadlines.md").write_text(TEXT.format(machine=where, **text))
