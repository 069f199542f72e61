"""The convex programs of two-layer ReLU networks, their solver, and the maps between programs and networks."""

from lib.program.decay import beta_max, regularised
from lib.program.feasibility import feasible, obstruction, require_feasible
from lib.program.maps import minimal, to_network, to_program
from lib.program.margin import interpolate, max_margin
from lib.program.planted import Recovery, recovery
from lib.program.solution import Progress, Solution, print_progress
from lib.program.written import gated_value, reference

__all__ = [
    "Progress",
    "Recovery",
    "Solution",
    "beta_max",
    "feasible",
    "gated_value",
    "interpolate",
    "max_margin",
    "minimal",
    "obstruction",
    "print_progress",
    "recovery",
    "reference",
    "regularised",
    "require_feasible",
    "to_network",
    "to_program",
]
