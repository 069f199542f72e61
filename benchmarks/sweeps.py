"""Flows per second in a sweep, and what storing them costs. Writes sweeps.md beside it.

python benchmarks/sweeps.py [--flows 24]
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

from lib.data import gaussian, orthogonally_separable
from lib.flow import gradient_flow
from lib.network import balanced
from lib.sweep import column, product, sweep

HERE = Path(__file__).parent
LAWS = {"orthogonally separable": orthogonally_separable, "Gaussian": gaussian}
SIZES = (("orthogonally separable", 6, 2, 8), ("orthogonally separable", 20, 5, 20), ("Gaussian", 8, 2, 10))


def flow_task(seed: int, law: str, N: int, d: int, m: int) -> dict:
    """One flow to log t = 1e4: its events and the CPU seconds it took."""
    rng = np.random.default_rng(seed)
    X, y, _ = LAWS[law](N, d, rng)
    net = balanced(d, m, 0.1, rng)
    start = time.process_time()
    flow = gradient_flow(net, X, y, log_t_end=1e4)
    return {"seconds": time.process_time() - start, "events": len(flow.events)}


def idle_task(seed: int) -> dict:
    return {"seed": seed, "array": np.zeros(100)}


def timed(task, grid: list[dict], n_jobs: int) -> tuple[float, float, tuple]:
    """Cases per second of the wall clock, fresh and when all are stored, and the cases; workers are started before."""
    with tempfile.TemporaryDirectory() as folder:
        sweep(task, grid[:2], f"{folder}/start", n_jobs=n_jobs)
        start = time.perf_counter()
        cases = sweep(task, grid, f"{folder}/store", n_jobs=n_jobs)
        middle = time.perf_counter()
        sweep(task, grid, f"{folder}/store", n_jobs=n_jobs)
        return len(grid) / (middle - start), len(grid) / (time.perf_counter() - middle), cases


def row(law: str, N: int, d: int, m: int, flows: int) -> str:
    grid = product(seed=range(flows), law=[law], N=[N], d=[d], m=[m])
    (one, _, cases), (two, _, _) = timed(flow_task, grid, 1), timed(flow_task, grid, 2)
    seconds, events = column(cases, "seconds"), column(cases, "events")
    cells = [law, N, d, m, flows, int(np.median(events)), f"{1 / np.median(seconds):.3g}", f"{one:.3g}", f"{two:.3g}"]
    return "| " + " | ".join(map(str, cells)) + " |"


TEXT = """# Flows per second in a sweep

Written by `benchmarks/sweeps.py`. {machine}

Flows to log t = 1e4. Per second of a core: 1 / median CPU time of a flow. Through `lib.sweep`, by the wall clock, every
result written to disk as it comes: with one process and with two.

| data | N | d | m | flows | events (median) | per second of a core | one process | two processes |
|---|---|---|---|---|---|---|---|---|
{rows}

What the sweep itself costs: {idle:.3g} empty cases a second with one process ({idle_two:.3g} with two); those that are
stored already, {stored:.3g} a second.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=24, help="flows for each size")
    flows, where = parser.parse_args().flows, machine()
    rows = []
    for size in SIZES:
        rows.append(row(*size, flows))
        print(rows[-1], flush=True)
    (idle, stored, _), (idle_two, _, _) = (timed(idle_task, product(seed=range(1000)), n_jobs) for n_jobs in (1, 2))
    text = TEXT.format(machine=where, rows="\n".join(rows), idle=idle, idle_two=idle_two, stored=stored)
    (HERE / "sweeps.md").write_text(text)


if __name__ == "__main__":
    main()
