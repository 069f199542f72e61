"""The picture of the README, and of the book on other sites: `make picture` computes and draws it.

On iris: left, what training pays, relative to the optimum; right, what is paid when the dual variable names the missing
neuron and it is added, again and again. The ground is white: the picture stands on light pages and on dark ones.
"""

import io
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.optimize import linprog

import figures
from lib import data, flow, kkt, network, program, zonotope

PLACE = Path(__file__).parents[1] / "book" / "_static"
X, y, _ = data.load("iris")
BIRTHS = 40


def trained() -> flow.Trajectory:
    """The run of the tour."""
    start = network.balanced(5, 20, 0.1, np.random.default_rng(0))
    return flow.gradient_flow(start, X, y, log_t_end=1e4)


def paid(run: flow.Trajectory) -> tuple[np.ndarray, np.ndarray]:
    """log t, and the cost at margin 1, at sixty moments after the last flower is right."""
    moments = np.unique(np.searchsorted(run.log_t, np.geomspace(5, 1e4, 60)).clip(max=len(run) - 1))
    costs = np.array([kkt.upper_bound(run.network(k), X, y) for k in moments])
    right = np.isfinite(costs)
    return run.log_t[moments][right], costs[right]


def least_cost(U: np.ndarray, s: np.ndarray) -> tuple[float, np.ndarray]:
    """min sum c over c >= 0 with y_n sum_i c_i s_i (x_n'u_i)_+ >= 1, and its multiplier."""
    outputs = y[:, None] * np.maximum(X @ U.T, 0) * s
    found = linprog(np.ones(len(s)), A_ub=-outputs, b_ub=-np.ones(len(y)))
    return found.fun, -y * found.ineqlin.marginals


def born(net: network.Network) -> list[float]:
    """The least cost with the directions of a network, and with one missing neuron more each time."""
    U, s, costs = (net.W1 / net.radii).T, np.sign(net.w2), []
    for _ in range(BIRTHS + 1):
        cost, lam = least_cost(U, s)
        costs.append(cost)
        best = zonotope.hausdorff(X, lam, goal=1.0)
        U, s = np.vstack([U, best.u]), np.append(s, best.s)
    return costs


def axes(ax: Axes, title: str, xlabel: str) -> None:
    ax.axhline(1, color=figures.INK, lw=1)
    ax.set(title=title, xlabel=xlabel, ylim=(0.9, 2.6), yticks=[1, 1.5, 2, 2.5])


def draw(figure: Figure, ratio: tuple[np.ndarray, np.ndarray], births: np.ndarray) -> None:
    left, right = figure.subplots(1, 2, sharey=True)
    log_t, costs = ratio
    axes(left, "training", "log t")
    left.plot(log_t, costs, color=figures.NEG, lw=2)
    left.set(xscale="log", ylabel="cost / optimum")
    left.text(log_t[-1], costs[-1] + 0.05, f"{costs[-1]:.2f}", color=figures.NEG, ha="right", va="bottom")
    left.text(log_t[0], 1.03, "the proven optimum", va="bottom")
    axes(right, "adding the neuron that is missing", "neurons added")
    right.plot(births, "o-", color=figures.POS, ms=3, lw=1)


def main() -> None:
    run, best = trained(), program.max_margin(X, y, tol=1e-7).primal_value
    log_t, costs = paid(run)
    births = np.array(born(run.network(-1))) / best
    figure = figures.drawn(lambda f: draw(f, (log_t, costs / best), births), 8, 4.2)
    title = f"Training pays {costs[-1] / best:.2f} times the optimum; adding missing neurons, {births[-1]:.2f} times"
    with mpl.rc_context({"svg.hashsalt": "picture", "svg.fonttype": "none"}):
        figure.savefig(PLACE / "picture.svg", facecolor="white", metadata={"Date": None, "Title": title})
    pixels = io.BytesIO()
    figure.savefig(pixels, format="png", dpi=150, facecolor="white")
    Image.open(pixels).convert("RGB").quantize(32).save(PLACE / "picture.png", optimize=True)
    print(title)


if __name__ == "__main__":
    main()
