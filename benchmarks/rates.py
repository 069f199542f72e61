"""How fast flows that slide become stationary: KKT residuals on Gaussian data, and what slows them. Writes rates.md.

A neuron whose direction is a maximum of the dual constraint of value v grows like (log t)^(v/2). So the residual falls
like 1/sqrt(log t) once every neuron is dead or has v = 1, and like (log t)^((v-1)/2) with the largest other v.

    python benchmarks/rates.py [--draws 12]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from machine import machine
from threadpoolctl import threadpool_limits

from lib.data import gaussian
from lib.flow import Trajectory, gradient_flow
from lib.kkt import multiplier
from lib.network import balanced
from lib.zonotope import growth

HERE = Path(__file__).parent
SIZES = ((8, 2, 10), (8, 3, 12))
LOG_T = 1e8
SAME = 1e-3  # growth rates this near to 1 are 1


def rates(run: Trajectory, X: np.ndarray, y: np.ndarray) -> list[str]:
    """The residual at the end, its slope over the last four decades, the next growth rate, the slope it predicts."""
    steps = np.unique(np.append(np.searchsorted(run.log_t, np.geomspace(1e-4 * LOG_T, LOG_T, 8)[:-1]), len(run) - 1))
    judged = [multiplier(run.network(k), X, y) for k in steps]
    residual = [one.residual for one in judged]
    slope = np.polyfit(np.log(run.log_t[steps]), np.log(residual), 1)[0]
    net = run.network()
    v = growth(X, judged[-1].lam, (net.W1 / net.radii).T, np.sign(net.w2))
    others = v[np.abs(v - 1) > SAME]
    above = bool((others > 1).any())
    after = "above 1" if above else f"{others.max(initial=0):.2f}"
    predicted = "" if above else f"{(others.max(initial=0) - 1) / 2:.3f}"
    return [f"{run.bracket(X, y).gap:.1e}", f"{residual[-1]:.1e}", f"{slope:.3f}", after, predicted]


def row(N: int, d: int, m: int, seed: int) -> str:
    rng = np.random.default_rng(seed)
    X, y, _ = gaussian(N, d, rng)
    net = balanced(d, m, 0.1, rng)
    start = time.process_time()
    run = gradient_flow(net, X, y, log_t_end=LOG_T)
    seconds = time.process_time() - start
    slides = sum(event.kind == "slide" for event in run.events)
    wrong = np.flatnonzero(run.margins[-1] <= 0)
    tail = [f"misclassifies rows {', '.join(map(str, wrong))}", *[""] * 4] if len(wrong) else rates(run, X, y)
    cells = [N, d, m, seed, len(run.events), slides, int(run.dead.sum()), f"{seconds:.2f}", *tail]
    return "| " + " | ".join(map(str, cells)) + " |"


TEXT = """# How fast flows that slide become stationary

Written by `benchmarks/rates.py` in {minutes:.1f} minutes. {machine}

Gaussian data, one draw a row, from balanced starts of scale 0.1 to log t = {log_t:.0e}. Gap: of the certified bracket
around P*, large where the flow ends in a KKT point that is not optimal. Residual: of `lib.kkt.multiplier`, Clarke
coefficients included, at the end; slope: of log residual against log log t over the last four decades. A neuron along a
maximum of value v of the dual constraint grows like (log t)^(v/2), so the slope to expect is (v - 1)/2 with the largest
v that is not 1: -1/2 where all others are at rest, none where one above 1 still grows and the limit is far.

| N | d | m | seed | events | slides | dead | CPU s | gap | residual | slope | next v | predicted |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=12, help="draws of each size")
    draws, where, start = parser.parse_args().draws, machine(), time.perf_counter()
    rows = []
    with threadpool_limits(limits=1):
        for size in SIZES:
            for seed in range(draws):
                rows.append(row(*size, seed))
                print(rows[-1], flush=True)
    minutes = (time.perf_counter() - start) / 60
    text = TEXT.format(minutes=minutes, machine=where, log_t=LOG_T, rows="\n".join(rows))
    (HERE / "rates.md").write_text(text)


if __name__ == "__main__":
    main()
