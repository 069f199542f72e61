"""How fast are all cells of an arrangement listed, against a tree of linear programs and against random sampling?

`cells` and two peers, on Gaussian rows: (a) the tree that adds rows one at a time and asks a linear program (HiGHS,
one warm-started model) whether a sign vector still has an interior; (b) random directions, for as long as `cells`
took and a hundred times as long (at most LONGEST seconds): what fraction of the cells they find. Writes patterns.md.

    python benchmarks/patterns.py
"""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median

import highspy
import numpy as np
from machine import machine

from lib.data import Array
from lib.patterns import cells, count, cover, sample

HERE = Path(__file__).parent
SIZES = ((8, 3), (30, 3), (16, 4), (100, 3), (24, 5), (50, 4), (317, 3), (40, 5), (60, 5), (1000, 3))
TREE_CELLS, LONGEST, REPEATS = 3_000, 20.0, 3


def tree(X: Array) -> int:
    """The number of cells, by one linear program for each candidate: max t s.t. s_n x_n'h >= t, |h| <= 1."""
    N, d = X.shape
    model = highspy.Highs()
    model.silent()
    h = [model.addVariable(lb=-1, ub=1) for _ in range(d)]
    t = model.addVariable(lb=-1, ub=1, obj=-1)
    for x in X:
        model.addConstr(sum(float(a) * v for a, v in zip(x, h, strict=True)) - t >= -2 * highspy.kHighsInf)

    def interior(n: int, sign: int) -> bool:
        """Row n switched on with this sign, the later rows off."""
        for k in range(d):
            model.changeCoeff(n, h[k].index, sign * float(X[n, k]))
        model.changeRowBounds(n, 0.0, highspy.kHighsInf)
        model.run()
        return model.getInfo().objective_function_value < -1e-9

    def grow(n: int) -> int:
        if n == N:
            return 1
        found = sum(grow(n + 1) for sign in (1, -1) if interior(n, sign))
        model.changeRowBounds(n, -highspy.kHighsInf, highspy.kHighsInf)
        return found

    return grow(0)


def timed(call: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    answer = call()
    return time.perf_counter() - start, answer


def fraction(X: Array, p: int, seconds: float) -> float:
    """The share of p cells that random directions find in about that time, drawn in growing batches."""
    rng, start, k = np.random.default_rng(1), time.perf_counter(), 256
    found = np.zeros((0, (len(X) + 7) // 8), np.uint8)
    while time.perf_counter() - start < seconds:
        found = np.unique(np.vstack([found, sample(X, k, rng).packed]), axis=0)
        k = min(2 * k, 100_000)
    return len(found) / p


def row(N: int, d: int) -> str:
    X = np.random.default_rng(N).standard_normal((N, d))
    seconds = median(timed(lambda: cells(X))[0] for _ in range(REPEATS))
    tracemalloc.start()
    p = len(cells(X))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if p != cover(N, d):
        raise AssertionError(f"N={N}, d={d}: {p} cells listed, {cover(N, d)} exist")
    by_tree = f"{timed(lambda: tree(X))[0] / seconds:.0f}" if p <= TREE_CELLS else "-"
    counting = timed(lambda: count(X))[0]
    found = [fraction(X, p, min(factor * seconds, LONGEST)) for factor in (1, 100)]
    measured = f"{seconds:.3f}", f"{1e6 * seconds / p:.2f}", f"{peak / 2**20:.1f}", f"{counting:.2f}"
    entries = [N, d, f"{p:,}", *measured, by_tree, *(f"{share:.1%}" for share in found)]
    return "| " + " | ".join(map(str, entries)) + " |"


HEAD = """# Cells per second

Written by `benchmarks/patterns.py`. {machine}

Gaussian rows. `cells`: median of {repeats} runs, with witnesses and packed patterns. Peak: memory allocated at most, by
tracemalloc. `count`: one run of the exact count, in modular arithmetic, without listing. LP tree: its time divided by
that of `cells` (only up to {tree:,} cells). Sampled: the fraction of the cells that random directions find in the time
of `cells`, and in a hundred times that time (at most {longest:.0f} s).

| N | d | cells | `cells` (s) | µs a cell | peak (MiB) | `count` (s) | LP tree / `cells` | sampled | sampled, 100x |
|---|---|---|---|---|---|---|---|---|---|
"""

if __name__ == "__main__":
    head = HEAD.format(machine=machine(), repeats=REPEATS, tree=TREE_CELLS, longest=LONGEST)
    rows = []
    for size in SIZES:
        rows.append(row(*size))
        print(rows[-1], flush=True)
        (HERE / "patterns.md").write_text(head + "\n".join(rows) + "\n")
