"""Players along the clock of a flow."""

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

import figures
from figures.players.player import Player
from figures.players.state import clock, frames, path, rounded


def bracket(log_t: ArrayLike, lower: ArrayLike, upper: ArrayLike, value: float = np.nan) -> Player:
    """lower <= P* <= upper along log_t, all (T,), and how fast the gap closes; `value` is P* where it is known.

    `upper` is infinite as long as the network misclassifies an example.
    """
    log_t = clock(log_t)
    lower, upper = path("lower", lower, len(log_t), 1), path("upper", upper, len(log_t), 1)
    k = frames(len(log_t))
    state = {"log_t": rounded(log_t[k]), "lower": rounded(lower[k], 12), "upper": rounded(upper[k], 12), "value": value}

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        figures.bracket(left, log_t[k], lower[k], upper[k])
        figures.gap(right, log_t[k], lower[k], upper[k])

    end = f"between {lower[-1]:.4g} and {upper[-1]:.4g}" if np.isfinite(upper[-1]) else f"at least {lower[-1]:.4g}"
    alt = (
        "First, the lower and the upper bound on P* approach each other as log t grows; at the end P* is "
        f"{end}. Then the relative gap between them."
    )
    return Player("bracket", state, alt, draw)
