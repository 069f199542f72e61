"""Judging a network from outside: its multiplier, its residuals, the bracket around the optimum, sufficient conditions.

P* = min (1/2)(||W1||_F^2 + ||w2||^2) s.t. y_n f(x_n) >= 1. Nothing here knows how a network was found.
`interpolation` judges by f(x_n) = y_n instead, where lam may have any sign.
"""

from lib.bounds import Bracket
from lib.kkt import interpolation
from lib.kkt.judge import Dual, best_dual, bracket, decay_bracket, judged, lower_bound, upper_bound
from lib.kkt.points import Multiplier, Residuals, misclassified, multiplier, normalised, residuals
from lib.kkt.sufficient import Conditions, conditions, occupied

__all__ = [
    "Bracket",
    "Conditions",
    "Dual",
    "Multiplier",
    "Residuals",
    "best_dual",
    "bracket",
    "conditions",
    "decay_bracket",
    "interpolation",
    "judged",
    "lower_bound",
    "misclassified",
    "multiplier",
    "normalised",
    "occupied",
    "residuals",
    "upper_bound",
]
