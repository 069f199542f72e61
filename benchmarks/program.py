"""`max_margin` against the convex program written out in cvxpy, against sampled patterns, and how far it reaches.

Three tables: (1) time against `reference` (all patterns, Clarabel), the same answer to be reached; (2) the practice of
the field, the program on P randomly sampled patterns: its time, and by how much its value exceeds P*; (3) the time to a
certified relative gap on data whose program nobody writes down. Writes program.md.

    python benchmarks/program.py [--full]      --full adds the largest data, up to ten minutes each
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from machine import machine

from lib.data import Data, gaussian, load
from lib.kkt import bracket
from lib.patterns import cover, sample
from lib.program import max_margin, reference
from lib.program.written import written_out

HERE = Path(__file__).parent
AGAINST = ((15, 3), (22, 3), (31, 3), (50, 3), (100, 3))
REPEATS = 3
NEAR_LIMIT, FAR_LIMIT = 60.0, 900.0
REACH: list[Callable[[], Data]] = [
    lambda: load("iris"),
    lambda: load("wine", components=4),
    lambda: load("digits-3-8", components=3),
    lambda: gaussian(300, 3, np.random.default_rng(0)),
    lambda: load("breast-cancer"),
]
FAR: list[Callable[[], Data]] = [
    lambda: gaussian(1000, 3, np.random.default_rng(0)),
    lambda: gaussian(300, 5, np.random.default_rng(0)),
    lambda: gaussian(2000, 4, np.random.default_rng(0)),
]


def seconds_of(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def against(N: int, d: int) -> str:
    X, y, _ = gaussian(N, d, np.random.default_rng(0))
    ours = max_margin(X, y)
    mine = median(seconds_of(lambda: max_margin(X, y)) for _ in range(REPEATS))
    start = time.perf_counter()
    theirs = reference(X, y)
    its = time.perf_counter() - start
    p = f"{cover(N, d):,}"
    return line(N, d, p, f"{ours.primal_value:.6f}", f"{ours.gap:.0e}", f"{mine:.2f}", f"{its:.2f}",
                f"{theirs.primal_value / ours.primal_value - 1:+.0e}", f"{its / mine:.0f}")  # fmt: skip


def sampled(N: int, d: int, P: int) -> str:
    """The program over the distinct patterns among P random directions: a restriction, so its value is above P*."""
    X, y, _ = gaussian(N, d, np.random.default_rng(0))
    best = max_margin(X, y).dual_value
    D = sample(X, P, np.random.default_rng(1)).patterns.astype(float)
    start = time.perf_counter()
    try:
        value = f"{written_out(X, y, D, cones=True)[3] / best - 1:+.1%}"
    except (ValueError, TypeError):  # cvxpy returns no dual value for an infeasible restriction
        value = "infeasible"
    return line(N, d, f"{cover(N, d):,}", P, len(D), f"{time.perf_counter() - start:.2f}", value)


def reach(make: Callable[[], Data], limit: float) -> str:
    X, y, name = make()
    start = time.perf_counter()
    found = max_margin(X, y, tol=1e-6, seconds=limit)
    seconds = time.perf_counter() - start
    proved = bracket(found.network, X, y, found.lam) if found.network.m else None
    ends = f"[{proved.lower:.7g}, {proved.upper:.7g}]" if proved else f"at least {found.dual_value:.7g}"
    rank = np.linalg.matrix_rank(X)
    return line(name, f"{len(X)} x {X.shape[1]}", f"{cover(len(X), rank):.2g}", ends,
                f"{found.gap:.0e}", found.rounds, found.network.m, f"{seconds:.1f}", found.status)  # fmt: skip


TEXT = """# Solving the convex program

Written by `benchmarks/program.py`. {machine}

## Against the program written out

Gaussian rows, labels sign(x1 x2 + 0.3 x1). `max_margin` to a certified relative gap of 1e-6 (median of {repeats} runs),
and `reference`: all patterns, vectorised cvxpy, Clarabel (one run). Excess: of the reference's network over ours.

| N | d | patterns | P* | our gap | `max_margin` (s) | `reference` (s) | excess | ratio |
|---|---|---|---|---|---|---|---|---|
{against}

## Against sampled patterns

The convex program on the distinct patterns among P random directions. Its value is that of a network, hence above P*.

| N | d | patterns | directions | distinct | solved in (s) | above P* by |
|---|---|---|---|---|---|---|
{sampled}

## Reach

Time to a certified relative gap of 1e-6, or the interval when the time is over ({near:.0f} s, {far:.0f} s for the last
three with `--full`; the last proof comes on top); both ends recomputed by `lib.kkt.bracket`. Patterns: Cover's number,
exact in general position.

| data | N x d | patterns | P* in | gap | rounds | neurons | seconds | status |
|---|---|---|---|---|---|---|---|---|
{reach}
"""

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also the largest data")
    full = parser.parse_args().full
    where, tables = machine(), {"against": [], "sampled": [], "reach": []}
    jobs = [("against", lambda size=size: against(*size)) for size in AGAINST]
    jobs += [("sampled", lambda N=N, P=P: sampled(N, 3, P)) for N in (50, 100) for P in (100, 300, 1000)]
    jobs += [("reach", lambda make=make: reach(make, NEAR_LIMIT)) for make in REACH]
    jobs += [("reach", lambda make=make: reach(make, FAR_LIMIT)) for make in (FAR if full else [])]
    for table, job in jobs:
        tables[table].append(job())
        print(tables[table][-1], flush=True)
        text = {name: "\n".join(rows) for name, rows in tables.items()}
        about = {"machine": where, "repeats": REPEATS, "near": NEAR_LIMIT, "far": FAR_LIMIT}
        (HERE / "program.md").write_text(TEXT.format(**about, **text))
