"""The subgradient flow followed exactly: events, sliding, and a clock on which log t = 1e12 is an ordinary run."""

from lib.flow.births import Stage, escape
from lib.flow.descent import Descent, gradient_descent
from lib.flow.directions import Arc, Directions, direction_flow
from lib.flow.integrate import gradient_flow
from lib.flow.minnorm import velocity
from lib.flow.trajectory import Event, Trajectory

__all__ = [
    "Arc",
    "Descent",
    "Directions",
    "Event",
    "Stage",
    "Trajectory",
    "direction_flow",
    "escape",
    "gradient_descent",
    "gradient_flow",
    "velocity",
]
