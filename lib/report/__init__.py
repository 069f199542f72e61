"""Is this network optimal? An interval that contains the best possible value, and the neuron that is missing."""

from lib.report.decay import report_decay
from lib.report.margin import report_best_margin, report_margin
from lib.report.result import Neuron, Report

__all__ = ["Neuron", "Report", "report_best_margin", "report_decay", "report_margin"]
