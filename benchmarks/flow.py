"""How near to P* the flow comes, and how soon: ours against descent and general ODE solvers. Writes flow.md beside it.

Every method starts from the same network. Its error at any moment is path norm / least margin / P* - 1, the excess of
the cost of the network, scaled to least margin 1. P* is the closed form, or certified by the bracket of our last one.

    python benchmarks/flow.py [--cap SECONDS] [--torch-python PATH]     PATH: an interpreter with numpy and torch
"""

import argparse
import inspect
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from machine import machine
from scipy.integrate import LSODA, RK45, Radau
from scipy.special import expit, log_expit, softmax
from threadpoolctl import threadpool_limits

from lib.closed_form import orthogonally_separable_optimum
from lib.data import Data, gaussian, orthogonally_separable
from lib.flow import Descent, gradient_descent, gradient_flow
from lib.kkt import bracket
from lib.network import Network, balanced

HERE = Path(__file__).parent
TARGETS = (1e-1, 1e-2, 1e-3, 1e-6)


class Problem(NamedTuple):
    """Data, the network all methods start from, the optimal value and how well it is known (relative)."""

    name: str
    X: np.ndarray
    y: np.ndarray
    net: Network
    optimum: float
    width: float

    def error(self, W1: np.ndarray, w2: np.ndarray) -> float:
        gamma = (self.y * (np.maximum(self.X @ W1, 0) @ w2)).min()
        return Network(W1, w2).path_norm / gamma / self.optimum - 1 if gamma > 0 else np.inf


class Run(NamedTuple):
    """Of one method: CPU seconds, log t and error at its checkpoints, and why it ended."""

    method: str
    seconds: np.ndarray
    log_t: np.ndarray
    errors: np.ndarray
    end: str

    def time_to(self, target: float) -> float:
        """Until the error is below the target for good."""
        above = np.flatnonzero(~(self.errors <= target))
        first = above[-1] + 1 if len(above) else 0
        return self.seconds[first] if first < len(self.seconds) else np.inf


# --- problems ----------------------------------------------------------------------------------------


def separable_problem() -> Problem:
    rng = np.random.default_rng(0)
    X, y, name = orthogonally_separable(20, 5, rng)
    net = balanced(5, 50, 0.1, rng)
    return Problem(f"{name}, m=50", X, y, net, orthogonally_separable_optimum(X, y).value, 0.0)


def teacher(N: int, d: int, rng: np.random.Generator) -> Data:
    """Gaussian rows labelled by a random network of four neurons."""
    X = rng.standard_normal((N, d))
    return Data(X, np.where(balanced(d, 4, 1.0, rng).predict(X) > 0, 1.0, -1.0), f"labels of a teacher, N={N}, d={d}")


def sliding_problem(draw: Callable[[int, int, np.random.Generator], Data], N: int, d: int, m: int) -> Problem:
    """A start from which the flow slides often and ends in the global optimum, as the bracket of its end certifies."""
    rng = np.random.default_rng(1)
    X, y, name = draw(N, d, rng)
    net = balanced(d, m, 0.1, rng)
    flow = gradient_flow(net, X, y, log_t_end=1e9)
    low, high = bracket(flow.network(), X, y, flow.lam[-1])
    slides = sum(event.kind == "slide" for event in flow.events)
    return Problem(f"{name}, m={m}, {slides} slides", X, y, net, low, high / low - 1)


# --- methods -----------------------------------------------------------------------------------------


def ours(problem: Problem) -> Run:
    """Timed up to the log t at which a first run has met each target for good, and to 1e8; medians of three."""
    net, X, y = problem.net, problem.X, problem.y
    path = gradient_flow(net, X, y, log_t_end=1e8)
    errors = np.array([problem.error(W1, w2) for W1, w2 in zip(path.W1, path.w2, strict=True)])
    first = Run("", path.log_t, path.log_t, errors, "")
    rows = []
    for stop in [min(1e8, first.time_to(target)) for target in TARGETS] + [1e8]:
        times = []
        for _ in range(3):
            start = time.process_time()
            end = gradient_flow(net, X, y, log_t_end=stop)
            times.append(time.process_time() - start)
        rows.append((statistics.median(times), stop, problem.error(end.W1[-1], end.w2[-1])))
    seconds, log_t, errors = np.array(rows).T
    return Run("**gradient_flow**", seconds, log_t, errors * (1 - 1e-6), path.reason)  # a stop at a target is below it


def raw(problem: Problem) -> Callable[[float, np.ndarray], np.ndarray]:
    """dTheta/dt = -grad L, logistic loss, with 1[z > 0] on kinks."""
    return _field(problem, lambda q: expit(-q))


def on_tau(problem: Problem) -> Callable[[float, np.ndarray], np.ndarray]:
    """dTheta/dtau, d tau = (sum_n |lam_n|) dt."""
    return _field(problem, lambda q: softmax(log_expit(-q)))


def _field(problem: Problem, weight: Callable[[np.ndarray], np.ndarray]) -> Callable[[float, np.ndarray], np.ndarray]:
    X, y, (d, m) = problem.X, problem.y, problem.net.W1.shape

    def velocity(_: float, theta: np.ndarray) -> np.ndarray:
        W1, w2 = theta[: d * m].reshape(d, m), theta[d * m :]
        Z = X @ W1
        A = np.maximum(Z, 0)
        lam = y * weight(y * (A @ w2))
        return np.append((X.T @ (lam[:, None] * (Z > 0))) * w2, lam @ A)

    return velocity


def solver(problem: Problem, kind: type, clock: str, rtol: float, cap: float) -> Run:
    """One of the solvers inside solve_ivp, stepped until `cap` CPU seconds; only its own steps are timed."""
    d, m = problem.net.W1.shape
    field, bound = (raw(problem), 1e307) if clock == "t" else (on_tau(problem), 1e9)
    start = np.append(problem.net.W1.ravel(), problem.net.w2)
    ode = kind(field, 0.0, start, bound, rtol=rtol, atol=1e-3 * rtol)
    seconds, rows = 0.0, []
    while seconds < cap and ode.status == "running":
        before = time.process_time()
        with np.errstate(all="ignore"):
            ode.step()
        seconds += time.process_time() - before
        log_t = np.log(ode.t) if clock == "t" and ode.t > 0 else np.nan
        rows.append((seconds, log_t, problem.error(ode.y[: d * m].reshape(d, m), ode.y[d * m :])))
    end = {"running": "cap", "finished": "end of floats", "failed": "step size underflow"}[ode.status]
    return Run(f"{kind.__name__}, {clock}, rtol {rtol:.0e}", *np.array(rows).T, end)


def descent(problem: Problem, step: float, cap: float) -> Run:
    """Our numpy gradient descent, as many steps as fit into `cap`; every step takes equally long."""

    def timed(steps: int) -> tuple[float, Descent]:
        start = time.process_time()
        run = gradient_descent(problem.net, problem.X, problem.y, step=step, steps=steps, snapshots=2000)
        return time.process_time() - start, run

    steps = int(2000 * cap / timed(2000)[0])
    seconds, run = timed(steps)
    errors = np.array([problem.error(W1, w2) for W1, w2 in zip(run.W1, run.w2, strict=True)])
    return Run(f"descent, numpy, step {step:g}", seconds * run.k / steps, run.log_t, errors, "cap")


def train(file: str) -> None:
    """Runs alone, in the interpreter that has torch: descent on the problem in `file`, checkpoints written back."""
    import time

    import numpy as np
    import torch

    torch.set_num_threads(1)
    problem = np.load(file)
    X, y = torch.tensor(problem["X"]), torch.tensor(problem["y"])
    W1, w2 = (torch.tensor(problem[name], requires_grad=True) for name in ("W1", "w2"))
    optimiser = torch.optim.SGD([W1, w2], lr=float(problem["step"]))
    rows, seconds, k = [], 0.0, 0
    while seconds < problem["cap"]:
        start = time.process_time()
        for _ in range(max(1, k // 20)):
            optimiser.zero_grad()
            torch.nn.functional.softplus(-y * (torch.relu(X @ W1) @ w2)).sum().backward()
            optimiser.step()
            k += 1
        seconds += time.process_time() - start
        rows.append((k, seconds, W1.detach().numpy().copy(), w2.detach().numpy().copy()))
    columns = (np.array(column) for column in zip(*rows, strict=True))
    np.savez(file, **dict(zip(("k", "seconds", "W1", "w2"), columns, strict=True)))


def torch_descent(problem: Problem, step: float, cap: float, python: str) -> Run:
    """The same in PyTorch, double precision, one thread."""
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "run.npz")
        np.savez(file, X=problem.X, y=problem.y, W1=problem.net.W1, w2=problem.net.w2, step=step, cap=cap)
        subprocess.run([python, "-c", f"{inspect.getsource(train)}\ntrain({file!r})"], check=True)
        with np.load(file) as out:
            errors = np.array([problem.error(W1, w2) for W1, w2 in zip(out["W1"], out["w2"], strict=True)])
            log_t = np.log(step * out["k"])
            return Run(f"descent, PyTorch, step {step:g}", out["seconds"], log_t, errors, "cap")


# --- tables ------------------------------------------------------------------------------------------


def runs(problem: Problem, cap: float, torch_python: str) -> Iterator[Run]:
    yield ours(problem)
    for clock in ("t", "tau"):
        for kind in (RK45, LSODA, Radau):
            for rtol in (1e-3, 1e-6):
                yield solver(problem, kind, clock, rtol, cap)
    for step in (0.1, 1.0):
        yield descent(problem, step, cap)
    if torch_python:
        yield torch_descent(problem, 0.1, cap, torch_python)


def table(problem: Problem, results: list[Run]) -> str:
    """CPU seconds to each target, in brackets the ratio to ours; and how each run ended."""
    known = f", known to {problem.width:.0e}" if problem.width else ", the closed form"
    head = ["method", *(f"to {target:.0e}" for target in TARGETS), "ends with", "at log t", "after", "ended by"]
    lines = [f"## {problem.name}", "", f"P* = {problem.optimum:.9g}{known}.", ""]
    lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for run in results:
        times = [(run.time_to(target), results[0].time_to(target)) for target in TARGETS]
        cells = [f"{mine:.3g} s ({mine / base:.2g}x)" if mine < np.inf else "-" for mine, base in times]
        log_t = f"{run.log_t[-1]:.3g}" if run.log_t[-1] == run.log_t[-1] else ""
        last = [f"{run.errors[-1]:.1e}", log_t, f"{run.seconds[-1]:.1f} s", run.end]
        lines.append("| " + " | ".join([run.method, *cells, *last]) + " |")
    return "\n".join(lines)


SIZES = ((10, 10, 3), (20, 20, 3), (20, 20, 10), (40, 20, 5), (20, 40, 5), (40, 40, 5), (40, 80, 5), (80, 40, 5))


def growth_row(N: int, m: int, d: int) -> str:
    """The flow to log t = 3 with its events, and descent (step 0.01) to the error of the loss that the flow has."""
    rng = np.random.default_rng(0)
    X, y, _ = gaussian(N, d, rng)
    net = balanced(d, m, 0.1, rng)
    start = time.process_time()
    run = gradient_flow(net, X, y, log_t_end=3.0)
    ours = time.process_time() - start
    start = time.process_time()
    loss = gradient_flow(net, X, y, log_t_end=3.0, rtol=1e-9).losses[-1]
    exact = time.process_time() - start
    start = time.process_time()
    off = abs(gradient_descent(net, X, y, step=0.01, steps=int(np.exp(3) / 0.01)).losses[-1] / loss - 1)
    seconds = time.process_time() - start
    mine = max(abs(run.losses[-1] / loss - 1), 1e-15)
    cells = [N, m, d, len(run.events), f"{ours:.2f} s", f"{1e3 * ours / max(1, len(run.events)):.2f} ms", f"{mine:.0e}"]
    cells += [f"{exact:.2f} s", f"{off:.0e}", f"{seconds:.2f} s", f"{seconds * off / mine:.1e} s"]
    return "| " + " | ".join(map(str, cells)) + " |"


def growth_table() -> str:
    head = ["N", "m", "d", "events", "flow", "an event", "error", "rtol 1e-9", "descent's error", "takes", "to ours"]
    lines = ["## How the cost grows", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(growth_row(*sizes) for sizes in SIZES)])


TEXT = """# The flow against descent and general solvers

Written by `benchmarks/flow.py` in {minutes:.1f} minutes. {machine}

Error: path norm / least margin / P* - 1. Columns "to": CPU seconds of one process until the error stays below (medians
of three for ours, one run for the others, stopped after {cap:g} s), in brackets as multiples of ours; "-": not reached.
The solvers are those inside `scipy.integrate.solve_ivp`, atol = rtol / 1000, with 1[z > 0] on kinks and no events, on
the raw clock t or on tau, d tau = (sum |lam_n|) dt, on which log t is not followed. Descent has a constant step. "inf":
not separated.

{tables}

{growth}

Gaussian rows, log t = 3, one run each. Errors are of the loss, relative, against the flow with rtol = 1e-9. Descent has
the step 0.01; its error is of first order in the step, from which its time to our error is extrapolated.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cap", type=float, default=2.0, help="CPU seconds for each peer on each problem")
    parser.add_argument("--torch-python", default="", help="an interpreter with numpy and torch")
    arguments = parser.parse_args()
    where, start = machine(), time.perf_counter()
    tables = []
    with threadpool_limits(limits=1):
        for problem in (separable_problem(), sliding_problem(gaussian, 8, 2, 10), sliding_problem(teacher, 10, 3, 30)):
            tables.append(table(problem, list(runs(problem, arguments.cap, arguments.torch_python))))
            print(tables[-1], flush=True)
        growth = growth_table()
        print(growth, flush=True)
    minutes = (time.perf_counter() - start) / 60
    text = TEXT.format(minutes=minutes, machine=where, cap=arguments.cap, tables="\n\n".join(tables), growth=growth)
    (HERE / "flow.md").write_text(text)


if __name__ == "__main__":
    main()
