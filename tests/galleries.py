"""One moving figure of each kind, small: real flows on data in the plane and in space."""

from functools import cache
from pathlib import Path

import numpy as np

from figures import players
from figures.players import Player
from lib.data import whitened
from lib.flow import gradient_flow
from lib.network import Network, balanced
from lib.zonotope import hausdorff, local_maxima

X = np.array([[1.0, 0.25], [0.375, 1.125], [-0.875, 0.5], [-0.25, 1.0]])
X3 = np.array([[1.0, 0.25, 0.125], [0.125, 1.0, -0.25], [-0.625, 0.375, -0.75], [0.25, -0.875, 0.25]])
Y = np.array([1.0, 1.0, -1.0, -1.0])
LAM = Y * [0.3, 0.2, 0.375, 0.125]
RUN = gradient_flow(balanced(2, 6, 0.05, np.random.default_rng(0)), X, Y, log_t_end=300.0)  # two neurons die
RUN3 = gradient_flow(balanced(3, 6, 0.05, np.random.default_rng(1)), X3, Y, log_t_end=100.0)
LOG_T, W1, W2 = RUN.log_t, RUN.W1, RUN.w2
COST = (np.abs(W2) * np.linalg.norm(W1, axis=1)).sum(axis=1)
GAMMA = RUN.margins.min(axis=1)
LOWER = np.array([1 / hausdorff(X, lam).value for lam in RUN.lam])
UPPER = np.where(GAMMA > 0, COST / np.where(GAMMA > 0, GAMMA, 1.0), np.inf)


def _pair(degrees: float) -> np.ndarray:
    """Two unit rows at that angle to each other, about the diagonal."""
    angles = np.radians([45 - degrees / 2, 45 + degrees / 2])
    return np.column_stack([np.cos(angles), np.sin(angles)])


KNOTS = np.array([_pair(60), _pair(90), _pair(120)])
DIAL_W1 = 0.1 * np.array([[np.cos(-0.3), np.cos(1.9)], [np.sin(-0.3), np.sin(1.9)]])
LAM3 = Y / 2  # what the logistic loss gives at the origin
PEAKS = local_maxima(X3, LAM3)
ENDS = PEAKS.U[PEAKS.s > 0]
STARTS = np.random.default_rng(3).standard_normal((200, 3))
STARTS /= np.linalg.norm(STARTS, axis=1, keepdims=True)
REACHED = np.where((STARTS @ X3[:2].T > 0).any(axis=1), (STARTS @ ENDS.T).argmax(axis=1), -1)

PAIR = [gradient_flow(balanced(2, 4, 0.3, np.random.default_rng(seed)), X, Y, log_t_end=50.0) for seed in (2, 10)]
POOR = Network(np.array([[1.0, -1.0], [0.9, 1.0]]), np.array([1.0, -1.0]))
WHOLE = np.array([[3, 1, 2], [1, 4, -1], [-2, 3, 5], [2, -3, 4], [-4, 2, 3]], dtype=float)

CLOUD_Y = np.where(np.arange(60) < 30, 1.0, -1.0)
CLOUDS = np.random.default_rng(6).standard_normal((2, 60, 2)) + [[[0, 0]], [[1, 0]]] * CLOUD_Y[:, None]
SCORES = np.random.default_rng(7).standard_normal((2, 60)) + 1.5 * CLOUD_Y

AXES = {"data": ["orthogonal", "general"], "loss": ["logistic", "squared"]}
ENTRIES = [
    {
        "where": {"data": "orthogonal", "loss": "logistic"},
        "theorem": "covering",
        "checked": "largest product 0",
        "limit": "√N",
        "certificate": "two norms",
    }
]

BEAM_X = np.array([-1.0, 0.25, 1.0])
BEAMS = np.array([[1.5, -0.5, -1.0], -(BEAM_X - BEAM_X.mean()) / BEAM_X.var()])

PARTED, PARTED_Y = np.array([[1.0, 0.75], [1.1, -0.8], [-0.9, -0.1]]), np.array([1.0, 1.0, -1.0])
PAIRS, PAIRS_Y = np.array([[1.0, 0.0], [-0.45, 0.4], [-1.0, 0.0], [0.45, -0.4]]), np.array([1.0, 1.0, -1.0, -1.0])
LEFT_OUT = np.radians([195.0, 31.0])  # starts of size 0.3 that leave an example out
MEASURED = np.array([[1.2, 0.3], [0.8, 1.0], [-0.4, -1.1], [-1.0, -0.5]])
TAUGHT = np.array([[16.0, 0, 0], [16, -4, 1], [16, 4, 1]])  # rows of the chapter on one neuron
RACE_SETS, RACE_RHO = np.array([[1, 1, 0], [0, 1, 1]]), np.array([1.1, 1.6, 0.8])

CENTRED = np.array([[1.2, -0.2], [-1, 0], [-1, 0.3], [1.8, -0.1], [-1, 0.1]])
PLANTED = np.array([0.6, 0.8])
RECOVERED = np.array([CENTRED + 0.95 * PLANTED, CENTRED, 1.6 * whitened(CENTRED)])

IRIS = (Path(__file__).parents[1] / "book" / "_static" / "iris_certificate.jsonl").read_text()

GALLERY: dict[str, Player] = {
    "zonotopes": players.zonotopes(X, Y, LAM),
    "zonotopes-along": players.zonotopes_along(X, Y, LOG_T, RUN.lam, W1, W2),
    "arrangement": players.arrangement(X, Y, np.array([0.8, 0.6])),
    "bracket": players.bracket(LOG_T, LOWER, UPPER),
    "flow": players.flow(X, Y, LOG_T, W1, W2),
    "flow-in-space": players.flow(X3, Y, RUN3.log_t, RUN3.W1, RUN3.w2, ENDS),
    "basins": players.basins(X, LAM),
    "sphere": players.basins_on_sphere(X3, Y, STARTS, REACHED, ENDS),
    "ellipsoid": players.ellipsoid(X[:2], Y[:2], LAM[:2], LOG_T, W1, W2),
    "ellipsoid-in-space": players.ellipsoid(X3[:3], Y[:3], LAM[:3], RUN3.log_t, RUN3.W1, RUN3.w2),
    "missing": players.missing(X, Y, POOR),
    "forgery": players.forgery(IRIS),
    "prove": players.prove(X, Y, RUN.lam[-1], RUN.network()),
    "landscapes": players.landscapes(X, Y, PAIR[0].network(), PAIR[1].network()),
    "presses": players.presses(WHOLE),
    "programs": players.programs(["a", "b"], CLOUD_Y, CLOUDS, SCORES),
    "theorems": players.theorems(AXES, ENTRIES),
    "beam": players.beam(BEAM_X, [1.0, 2.0], BEAMS),
    "virtual": players.virtual_points([[1.5, 0.0], [0.0, 1.25]], 0.25),
    "wedges": players.wedges(X, LAM),
    "whitening": players.whitening(MEASURED, Y),
    "price": players.price(1.0, 0.5, 2.5),
    "mirror": players.mirror(PAIRS, PAIRS_Y, np.radians(75), 0.3, (LEFT_OUT[0], LEFT_OUT[1])),
    "clock": players.clock(PARTED, PARTED_Y, 1.4),
    "teacher": players.teacher(TAUGHT, [0.96, 0.28, 0.0]),
    "race": players.race(RACE_SETS, RACE_RHO),
    "laboratory": players.laboratory(X, Y),
    "recovery": players.recovery(RECOVERED, PLANTED, ["all on one side", "centred", "whitened"]),
    "dial": players.dial(KNOTS, np.ones(2), ["orthogonally separable", "orthogonal", "generic"], DIAL_W1, [0.1, 0.1]),
}


@cache
def page_of(name: str) -> str:
    """The HTML of a figure, made once."""
    return GALLERY[name].html()
