"""Players of the works that are convex programs: whitening, a beam, virtual points, a price."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player
from figures.players.state import rounded
from figures.style import columns
from lib.data import Array, validated, validated_matrix
from lib.data import whitened as orthogonalised

KEPT = -0.02  # a cosine that counts as not negative


def whitening(X: ArrayLike, y: ArrayLike) -> Player:
    """Drag X (N, 2), labels y: from X to X (X'X)^(-1/2) with the products y_n y_k cos(x_n, x_k), the cells and P*.

    Raises `ValueError` if the classes stay orthogonally separable when whitened, so that the figure would begin solved.
    """
    X, y = validated(X, y)
    columns(X, 2)
    white = orthogonalised(X)
    Z = y[:, None] * white / np.linalg.norm(white, axis=1, keepdims=True)
    if (Z @ Z.T).min() >= KEPT:
        raise ValueError("the whitened data are orthogonally separable, so the figure would begin solved: move a row")
    alt = f"{len(X)} examples of two classes in the plane, and a table of their products; a slider whitens them."

    def draw(figure: Figure) -> None:
        *planes, table = figure.subplots(1, 3)
        for ax, rows, name in zip(planes, (X, white), ("as measured", "whitened"), strict=True):
            figures.plane(ax, 1.35 * float(np.abs(rows).max()))
            figures.examples(ax, rows, y).set_title(name)
        signed = y[:, None] * X / np.linalg.norm(X, axis=1, keepdims=True)
        for (n, k), product in np.ndenumerate(signed @ signed.T):
            table.text(k, -n, f"{product:.2f}", color=figures.colour(product), ha="center", va="center")
        table.set(xlim=(-0.5, len(y) - 0.5), ylim=(0.5 - len(y), 0.5), aspect="equal", title="products, as measured")
        table.set_axis_off()

    return Player("whiten", {"X": X, "y": y}, alt, draw, 6.6, 2.6)


def beam(x: ArrayLike, widths: ArrayLike, beams: ArrayLike) -> Player:
    """Score matching on the line: tubes of half-widths `widths` (K,) around the staircase of x (n,), a beam in each.

    `x` increases; `beams` (K, n) are the kinks, which are the scores. Raises `ValueError` if shapes disagree.
    """
    x, widths, beams = (np.asarray(values, dtype=float) for values in (x, widths, beams))
    if beams.shape != (len(widths), len(x)) or (np.diff(x) <= 0).any():
        raise ValueError(
            f"x must increase and beams be ({len(widths)}, {len(x)}), one row for each width; got {beams.shape}"
        )
    alt = f"A tube around the staircase that counts {len(x)} data on the line, a polygon in it, and its kinks as bars."

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        steps = len(x) - np.arange(len(x) + 1)
        edges = np.r_[x[0] - 0.6, x, x[-1] + 0.6]
        for shift in (-widths[0], widths[0]):
            ax.stairs(shift - steps, edges, color=figures.SOFT, baseline=None)
        t = np.r_[x[0] - 0.6, x, x[-1] + 0.6]
        ax.plot(t, np.maximum(x - t[:, None], 0) @ beams[0], color=figures.MARK)
        ax.set(xlabel="x")

    return Player("beam", {"x": x, "widths": widths, "beams": rounded(beams, 9)}, alt, draw, 5.6, 3.0)


def _denoised(y: Array, X: Array, rho: float) -> Array:
    """h(y) = sum_n phi_n(u_n'y) u_n, the ramp phi_n from 0 at rho to l_n at l_n - rho; y (..., 2)."""
    lengths = np.linalg.norm(X, axis=1)
    U = X / lengths[:, None]
    shares = np.clip((y @ U.T - rho) / (lengths - 2 * rho), 0, 1)
    return (shares * lengths) @ U


def virtual_points(X: ArrayLike, rho: float) -> Player:
    """Two training points X (2, 2) beside the origin, the flow h(y) - y of the least-norm denoiser, and their sum.

    Raises `ValueError` unless 0 < rho < half the shorter length: the balls around the points must not touch.
    """
    X = validated_matrix(X)
    if X.shape != (2, 2) or not 0 < rho < np.linalg.norm(X, axis=1).min() / 2:
        raise ValueError(f"X must be (2, 2) and rho positive, below half the shorter row; got {X.shape} and rho={rho}")
    alt = "The origin and two training points with circles of the noise, arrows of the score flow, and the points' sum."

    def draw(figure: Figure) -> None:
        ax, reach = figure.subplots(), 1.6 * float(np.abs(X).max())
        figures.plane(ax, reach)
        grid = np.stack(np.meshgrid(*2 * [reach * np.arange(-7, 8) / 7.5]), axis=-1)
        ax.quiver(*np.moveaxis(grid, -1, 0), *np.moveaxis(_denoised(grid, X, rho) - grid, -1, 0), color=figures.SOFT)
        for x in (np.zeros(2), *X):
            ax.add_patch(Circle(tuple(x), rho, fill=False, edgecolor=figures.POS))
        ax.plot(*np.vstack([np.zeros(2), X]).T, "o", color=figures.POS)
        ax.plot(*X.sum(axis=0), "o", color=figures.MARK)

    return Player("virtual", {"X": X, "rho": rho}, alt, draw, 3.6, 3.4)


def price(y: float, tau: float, u: float) -> Player:
    """One example x = 1 of target y > 0, a filter of length u with the threshold tau: its cost and the dual value.

    Begins with decay on both layers. Raises `ValueError` unless 0 <= tau < 1 and u > tau, so that the filter speaks.
    """
    if not (y > 0 and 0 <= tau < 1 and u > tau):
        raise ValueError(f"y must be positive, 0 <= tau < 1 and u > tau; got y={y}, tau={tau}, u={u}")
    alt = "A soft threshold through an example; beside it the cost of the network over the length of its filter."

    def draw(figure: Figure) -> None:
        (left, right), x, lengths = figure.subplots(1, 2), np.linspace(-1.6, 1.6, 321), np.linspace(tau + 0.05, 5, 300)
        left.plot(x, y / (u - tau) * np.sign(x) * np.maximum(np.abs(u * x) - tau, 0), color=figures.POS)
        left.plot(1, y, "o", color=figures.NEG)
        right.plot(lengths, (lengths**2 + (y / (lengths - tau)) ** 2) / 2, color=figures.POS)
        right.axhline(y, ls="--", color=figures.MARK)
        right.set(xlabel="length of the filter", ylabel="cost", ylim=(0, 5 * y))

    return Player("price", {"y": y, "tau": tau, "u": u}, alt, draw, 6.0, 2.6)
