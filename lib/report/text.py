"""A report as a person reads it, and as a program does."""

import json
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

import numpy as np

from lib.data import Array, rows_named
from lib.report.result import Report, Standing

SHOWN = 12  # entries of a list that are printed
DOWN, UP = Context(prec=9, rounding=ROUND_FLOOR), Context(prec=9, rounding=ROUND_CEILING)


def _vector(v: Array) -> str:
    return " ".join(f"{a:.4g}" for a in v[:SHOWN]) + (" ..." if len(v) > SHOWN else "")


def _separation(at: Standing) -> str:
    if not len(at.wrong):
        return f"{at.margin:.6g}, at the scale of the given weights"
    if len(at.wrong) == at.rows:
        return f"{at.margin:.6g}: all examples are on the wrong side; are the labels swapped? see --positive"
    return f"{at.margin:.6g}: {len(at.wrong)} examples on the wrong side, {rows_named(at.wrong, SHOWN)}"


def _interval(report: Report) -> str:
    """The interval in nine digits, rounded outward."""
    low = f"{DOWN.plus(Decimal(report.lower)):g}"
    return f"between {low} and {UP.plus(Decimal(report.upper)):g}" if np.isfinite(report.upper) else f"at least {low}"


def _meaning(report: Report) -> str:
    if report.verdict == "optimal":
        return f"optimal: no network is better by more than {report.ratio - 1:.2g} (relative)"
    if report.verdict == "improvable":
        if np.isinf(report.value):
            return f"improvable: it does not fit the data, a network of value {report.upper:.9g} does"
        above = f"{100 * (report.value / report.upper - 1):.3g} % above"
        return f"improvable: {above} a known network of value {report.upper:.9g}"
    return f"undecided: the best value is {_interval(report)}, too wide for --tol {report.tol:g}"


def _missing(report: Report) -> list[tuple[str, str]]:
    """The neuron that would improve the network, or that none would; for one that errs, the one that grows fastest."""
    neuron, errs = report.missing, np.isinf(report.value)
    if report.verdict == "optimal":
        return [("missing neuron", f"none lowers the value by more than {report.ratio - 1:.2g} (relative)")]
    if not errs and neuron.height <= 1 + report.tol:
        highest = f"no direction is higher than {neuron.upper:.9g}"
        return [("missing neuron", f"none found: {highest} (a best network has 1)")]
    height = "" if errs else f", height {neuron.height:.6g} (a best network has 1)"
    return [
        ("missing neuron", f"output sign {'+' if neuron.s > 0 else '-'}{height}"),
        ("  along", _vector(neuron.u)),
        ("  active on", f"{len(neuron.active)} examples, {rows_named(neuron.active, SHOWN)}"),
    ]


def _lines(pairs: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name:<16}{what}" for name, what in pairs)


def as_head(at: Standing, source: str, outputs: str = "") -> str:
    """What the network itself says: lines of a name and what it is. `outputs`: whether they were compared."""
    return _lines(
        [
            ("objective", at.objective),
            ("data", source),
            ("network", f"{at.network.m} neurons"),
            *([("outputs", outputs)] if outputs else []),
            ("least margin", _separation(at)),
            ("value", f"{at.value:.9g}"),
        ]
    )


def as_tail(report: Report) -> str:
    """What the bounds say of it. To an optimum "converged" says nothing: rounding moves rows off the kinks it needs."""
    moving = ("stationarity", f"{report.residual:.2g} (0 when training has converged)")
    return _lines(
        [
            ("best value", _interval(report)),
            ("ratio", f"{report.ratio:.9g}, value to lower bound"),
            *([] if report.verdict == "optimal" else [moving]),
            *_missing(report),
            ("verdict", _meaning(report)),
        ]
    )


def as_text(report: Report, source: str) -> str:
    return f"{as_head(report.standing, source)}\n{as_tail(report)}"


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return float(value) if np.isfinite(value) else None


NUMBERS = ("margin", "value", "lower", "upper", "ratio", "residual", "tol")


def as_json(report: Report, source: str, outputs: str, seconds: float) -> str:
    """One JSON object; infinite numbers are null."""
    neuron, m = report.missing, report.network.m
    about = {"verdict": report.verdict, "objective": report.objective, "data": source, "neurons": m, "outputs": outputs}
    numbers = {name: _finite(getattr(report, name)) for name in NUMBERS}
    lists = {"wrong": report.wrong.tolist(), "lam": report.lam.tolist()}
    missing = {"sign": neuron.s, "height": neuron.height, "u": neuron.u.tolist(), "active": neuron.active.tolist()}
    return json.dumps({**about, **numbers, **lists, "missing": missing, "seconds": seconds}, indent=1)
