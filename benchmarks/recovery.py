"""`recovery`: kappa certified on both sides, against the number of cells; the program over all patterns while it fits,
and the practice of the field, NIC-L on sampled patterns, which needs a list.

    python benchmarks/recovery.py      writes recovery.md
"""

import time
from pathlib import Path

import numpy as np
from machine import machine

from lib.patterns import cells, cover, sample
from lib.program import recovery

HERE = Path(__file__).parent
SIZES = ((9, 3), (15, 5), (20, 5), (40, 6), (60, 6), (100, 6), (60, 8), (100, 8))
LISTED = 20_000  # cells are listed up to here
SAMPLED = 50


def incoherence(X: np.ndarray, w: np.ndarray, D: np.ndarray) -> float:
    """max_j ||X'D_j lam|| for lam = X (X'X)^-1 w / ||w||, without the pattern of all ones."""
    lam = X @ np.linalg.solve(X.T @ X, w / np.linalg.norm(w))
    return float(np.linalg.norm((D[~D.all(axis=1)] * lam) @ X, axis=1).max())


def measured(N: int, d: int) -> str:
    rng = np.random.default_rng(0)
    X, w = rng.standard_normal((N, d)), rng.standard_normal(d)
    start = time.perf_counter()
    found = recovery(X, w, tol=1e-2, seconds=120)
    took = time.perf_counter() - start
    patterns = cover(N, d)
    exact = f"{incoherence(X, w, cells(X).patterns):.3f}" if patterns <= LISTED else "not listed"
    guess = f"{incoherence(X, w, sample(X, max(N, SAMPLED), rng).patterns):.3f}"
    answer = "yes" if found.upper < 1 else "no" if found.lower > 1 else "open"
    ends = f"[{found.lower:.4f}, {found.upper:.4f}]"
    return f"| {N} | {d} | {patterns:.2g} | {ends} | {answer} | {took:.1f} | {exact} | {guess} |"


TEXT = """# Recovery of a planted linear model

Written by `benchmarks/recovery.py`. {machine}

Gaussian rows and model, one draw a size. `recovery` to a relative gap of 1e-2, at most 120 s: the planted model is the
only optimum iff kappa < 1. Beside it the neural isometry condition: its largest value over all patterns, where they
can be listed, and over the patterns of max(N, {sampled}) random directions, as in the experiments of the literature;
the condition holds when it is below 1.

| N | d | patterns | kappa in | recovered | seconds | condition, all patterns | condition, sampled |
|---|---|---|---|---|---|---|---|
{table}
"""

if __name__ == "__main__":
    where, rows = machine(), []
    for size in SIZES:
        rows.append(measured(*size))
        print(rows[-1], flush=True)
        (HERE / "recovery.md").write_text(TEXT.format(machine=where, sampled=SAMPLED, table="\n".join(rows)))
