"""Does the flow find the global optimum as often as the theory says? Thousands of flows on X = I_N, all labels +1.

From m positive neurons with random directions the flow reaches sqrt(N) with probability 1 - (1 - 2^-N)^m, and ends
otherwise in another KKT point, which its start predicts. An interrupted run goes on where it was. Writes covering.md.

    python benchmarks/covering.py [--flows 500] [--store _build/covering]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from machine import machine

from lib.closed_form import covering_probability, orthogonal_limit_cost
from lib.flow import gradient_flow
from lib.network import Network, balanced
from lib.sweep import Case, column, product, sweep

HERE = Path(__file__).parent
SIZES = ((2, 1), (2, 2), (2, 4), (3, 2), (3, 4), (3, 8))
LOG_T = 1e10


def one_flow(seed: int, N: int, m: int) -> dict:
    """The cost at least margin 1 in which a flow ends, and that predicted; infinite if an example is never fitted."""
    net = balanced(N, m, 0.1, np.random.default_rng([seed, N, m]))
    net = Network(net.W1, np.abs(net.w2))
    seen = net.W1.T > 0
    flow = gradient_flow(net, np.eye(N), np.ones(N), log_t_end=LOG_T)
    gamma = flow.margins[-1].min()
    cost = flow.network().path_norm / gamma if gamma > 0 else np.inf
    return {"cost": cost, "predicted": orthogonal_limit_cost(seen) if seen.any(axis=0).all() else np.inf}


def row(cases: tuple[Case, ...], N: int, m: int) -> str:
    """Frequency of the global optimum against its probability, in standard deviations; and the limits, one by one."""
    cost, predicted = column(cases, "cost"), column(cases, "predicted")
    reached, p, n = (cost < 1.05 * np.sqrt(N)).sum(), covering_probability(N, m), len(cases)
    deviation = (reached - n * p) / np.sqrt(n * p * (1 - p))
    fits = np.isfinite(predicted)
    if (np.isfinite(cost) != fits).any():
        raise AssertionError(f"N={N}, m={m}: a flow fits an example that no neuron sees, or fails on one that is seen")
    worst = np.abs(cost[fits] / predicted[fits] - 1).max()
    values, counts = np.unique(predicted[fits].round(4), return_counts=True)
    limits = [f"{value:.4f}: {count}" for value, count in zip(values, counts, strict=True)]
    if not fits.all():
        limits.append(f"never fit: {(~fits).sum()}")
    cells = [N, m, n, f"{p:.4f}", f"{reached / n:.4f}", f"{deviation:+.2f}", f"{worst:.1e}", "; ".join(limits)]
    return "| " + " | ".join(map(str, cells)) + " |"


TEXT = """# How often the flow finds the global optimum of orthogonal data

Written by `benchmarks/covering.py` in {minutes:.1f} minutes: {flows} flows to log t = {log_t:.0e}. {machine}

X = I_N, all labels +1, m positive neurons with uniform random directions. "Global" counts the flows that end within 5 %
of sqrt(N); the next limit is at least {next:.0%} above. "Off by" is the largest relative distance of a flow's final
cost from the limit that its start predicts. The last column lists the predicted limits and how many flows went there.

| N | m | flows | P(global) | global | standard deviations off | off by | limits |
|---|---|---|---|---|---|---|---|
{rows}

All sizes together: chi-square {chi:.2f} with {sizes} degrees of freedom.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--flows", type=int, default=500, help="flows for each size")
    parser.add_argument("--store", default="_build/covering", help="where the results are kept")
    arguments = parser.parse_args()
    where, start = machine(), time.perf_counter()
    rows = []
    for N, m in SIZES:
        cases = sweep(one_flow, product(seed=range(arguments.flows), N=[N], m=[m]), arguments.store)
        rows.append(row(cases, N, m))
        print(rows[-1], flush=True)
    deviations = [float(line.split("|")[6]) for line in rows]
    text = TEXT.format(
        minutes=(time.perf_counter() - start) / 60,
        flows=arguments.flows * len(SIZES),
        log_t=LOG_T,
        machine=where,
        next=orthogonal_limit_cost([[1, 1, 0], [0, 1, 1], [1, 0, 1]]) / np.sqrt(3) - 1,
        rows="\n".join(rows),
        chi=sum(z**2 for z in deviations),
        sizes=len(SIZES),
    )
    (HERE / "covering.md").write_text(text)


if __name__ == "__main__":
    main()
