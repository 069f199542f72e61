"""Is this network optimal? An interval that contains the best possible value, and the neuron that is missing."""

from lib.report.margin import Margin, report_margin
from lib.report.result import Neuron, Objective, Report, Standing, answered
from lib.report.weight_decay import Decay, decay, report_decay

__all__ = [
    "Decay",
    "Margin",
    "Neuron",
    "Objective",
    "Report",
    "Standing",
    "answered",
    "decay",
    "report_decay",
    "report_margin",
]
