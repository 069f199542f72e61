"""How does the cost of `max_margin` grow with N, with d and with the support of the dual variable?

Gaussian rows, labels sign(x1 x2 + 0.3 x1), one draw a size; the median of REPEATS runs to a certified relative gap of
1e-6. Writes growth.md and the plot growth.svg.

    python benchmarks/growth.py
"""

import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

import matplotlib
import numpy as np
from machine import machine

from figures import INK, MARK, NEG, POS, use_style
from lib.data import gaussian
from lib.patterns import cover
from lib.program import max_margin

matplotlib.use("svg")
import matplotlib.pyplot as plt

HERE = Path(__file__).parent
ROWS = dict.fromkeys((2, 3, 4), (25, 50, 100, 200, 400))
DIMENSIONS = (2, 3, 4, 5, 6, 7)
REPEATS = 3


class Measured(NamedTuple):
    N: int
    d: int
    seconds: float
    support: int
    rounds: int
    neurons: int


def measured(N: int, d: int) -> Measured:
    X, y, _ = gaussian(N, d, np.random.default_rng(0))
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        found = max_margin(X, y)
        times.append(time.perf_counter() - start)
    if found.status != "optimal":
        raise AssertionError(f"N={N}, d={d}: {found.status}, gap {found.gap:.1e}")
    support = int((np.abs(found.lam) > 1e-6 * np.abs(found.lam).max()).sum())
    return Measured(N, d, median(times), support, found.rounds, found.network.m)


def slope(some: list[Measured]) -> float:
    """The exponent k of seconds ~ N^k, by least squares."""
    return float(np.polyfit(np.log([m.N for m in some]), np.log([m.seconds for m in some]), 1)[0])


def plot(rows: dict[int, list[Measured]], dimensions: list[Measured]) -> None:
    use_style()
    plt.rcParams["svg.hashsalt"] = "growth"
    fig, axes = plt.subplots(1, 3, figsize=(10, 3), layout="constrained")
    for (d, some), colour in zip(rows.items(), (POS, MARK, NEG), strict=True):
        axes[0].loglog([m.N for m in some], [m.seconds for m in some], "o-", color=colour, label=f"d = {d}")
    axes[0].set(xlabel="rows N", ylabel="seconds")
    axes[0].legend()
    axes[1].semilogy([m.d for m in dimensions], [m.seconds for m in dimensions], "o-", color=INK)
    axes[1].set(xlabel="dimension d, at N = 60", ylabel="seconds")
    for (d, some), colour in zip(rows.items(), (POS, MARK, NEG), strict=True):
        axes[2].loglog([m.support for m in some], [m.seconds for m in some], "o", color=colour, label=f"d = {d}")
    axes[2].loglog([m.support for m in dimensions], [m.seconds for m in dimensions], "x", color=INK, label="N = 60")
    axes[2].set(xlabel="rows with a multiplier", ylabel="seconds")
    axes[2].legend()
    fig.savefig(HERE / "growth.svg", metadata={"Date": None})


def line(m: Measured) -> str:
    return f"| {m.N} | {m.d} | {cover(m.N, m.d):.2g} | {m.support} | {m.rounds} | {m.neurons} | {m.seconds:.2f} |"


TEXT = """# How the cost of the solver grows

Written by `benchmarks/growth.py`. {machine}

Gaussian rows, labels sign(x1 x2 + 0.3 x1); median of {repeats} runs of `max_margin` to a certified relative gap of
1e-6.

![Seconds against the number of rows, the dimension, and the number of rows with a multiplier](growth.svg)

The number of patterns grows like N^(d-1) and is never paid for. Seconds grow like N to the power {slopes}. What costs
is the rounds: each solves a conic program over the blocks and rows in use, and projects vertices of one zonotope onto
the other, where only rows with a multiplier count. Those are about as many as the neurons of the optimum, and at
N = {N} at most {share:.0%} of the rows. A larger d costs through the Hausdorff distance: a zonotope of k generators has
of the order of k^(d-1) vertices, until branch and bound leaves most of them alone.

| N | d | patterns | rows with a multiplier | rounds | neurons | seconds |
|---|---|---|---|---|---|---|
{table}
"""

if __name__ == "__main__":
    where = machine()
    rows = {d: [measured(N, d) for N in sizes] for d, sizes in ROWS.items()}
    dimensions = [measured(60, d) for d in DIMENSIONS]
    slopes = ", ".join(f"{slope(some):.1f} (d = {d})" for d, some in rows.items())
    table = "\n".join(line(m) for m in [*(m for some in rows.values() for m in some), *dimensions])
    plot(rows, dimensions)
    largest = [some[-1] for some in rows.values()]
    share = max(m.support / m.N for m in largest)
    about = {"N": largest[0].N, "share": share, "slopes": slopes, "repeats": REPEATS}
    (HERE / "growth.md").write_text(TEXT.format(machine=where, table=table, **about))
    print(table)
