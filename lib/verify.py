"""Theorem label -> cases that hold, controls that fail -> a table, or an error that says which claim broke.

    theorem("thm-cover",
        holds={"general position, N = 8": equal(count(X), cover(8, 2), tol=0)},
        fails={"two parallel rows": equal(count(X_parallel), cover(8, 2), tol=0)})

raises `VerificationError` unless every case of `holds` is within its tolerance and every control of `fails`
misses by at least ten times its tolerance: a check that could not have failed is not a check.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CONTROL_FACTOR = 10.0  # a control must miss by this many tolerances
BAR = r"\|"


class VerificationError(AssertionError):
    """A claim of the book that does not hold as measured, or a control that does not fail."""


class Check(NamedTuple):
    """What was measured, what was predicted, the gap between them (0 is perfect) and the tolerance on the gap."""

    measured: str
    predicted: str
    gap: float
    tol: float

    @property
    def holds(self) -> bool:
        return self.gap <= self.tol

    @property
    def misses(self) -> bool:
        return self.gap > 0 and self.gap >= CONTROL_FACTOR * self.tol


def _text(value: ArrayLike) -> str:
    """A number as a reader wants it; an array by its shape and its first entries."""
    a = np.asarray(value)
    if a.dtype == bool:
        return str(value) if a.ndim == 0 else f"{int(a.sum())} of {a.size} true"
    if a.ndim == 0:
        return f"{a}" if np.issubdtype(a.dtype, np.integer) else f"{a:.9g}"
    head = ", ".join(f"{v:.4g}" for v in a.ravel()[:3])
    return f"[{head}{', ...' if a.size > 3 else ''}]"


def _scale(reference: np.ndarray) -> float:
    """max(1, |reference|): gaps are absolute for small numbers and relative for large ones."""
    return max(1.0, float(np.abs(reference).max(initial=0.0)))


def equal(measured: ArrayLike, predicted: ArrayLike, tol: float) -> Check:
    """gap = max |measured - predicted| / max(1, max |predicted|). Shapes must agree; NaN never holds."""
    m, p = np.asarray(measured, dtype=float), np.asarray(predicted, dtype=float)
    if m.shape != p.shape:
        raise VerificationError(f"measured has shape {m.shape}, predicted {p.shape}: they cannot be compared")
    gap = float(np.abs(m - p).max(initial=0.0)) / _scale(p)
    return Check(_text(measured), _text(predicted), gap, tol)


def at_most(measured: ArrayLike, bound: float, tol: float = 0.0) -> Check:
    """gap = max(0, max(measured) - bound) / max(1, |bound|)."""
    m = np.asarray(measured, dtype=float)
    gap = float(np.maximum(m - bound, 0).max(initial=0.0)) / _scale(np.asarray(bound))
    return Check(_text(measured), f"<= {_text(bound)}", gap, tol)


def at_least(measured: ArrayLike, bound: float, tol: float = 0.0) -> Check:
    """gap = max(0, bound - min(measured)) / max(1, |bound|)."""
    mirrored = at_most(-np.asarray(measured, dtype=float), -bound, tol)
    return Check(_text(measured), f">= {_text(bound)}", mirrored.gap, tol)


def true(statement: bool) -> Check:
    """gap = 0 if the statement holds and 1 if it does not."""
    return Check(str(bool(statement)), "True", 0.0 if statement else 1.0, 0.0)


def refuses(call: Callable[[], object], needle: str) -> Check:
    """gap = 0 if `call` raises a `ValueError` whose message contains `needle`, 1 if it does not."""
    try:
        call()
    except ValueError as error:
        return Check(str(error), f"an error naming '{needle}'", 0.0 if needle in str(error) else 1.0, 0.0)
    return Check("accepted", f"an error naming '{needle}'", 1.0, 0.0)


class Verification(NamedTuple):
    """The verified claim: its label, the cases that held and the controls that failed, with what was measured."""

    label: str
    holds: dict[str, Check]
    fails: dict[str, Check]

    def __repr__(self) -> str:
        """The verdict alone: the same on every machine."""
        cases = [f"  holds: {case}" for case in self.holds] + [f"  fails, as it must: {case}" for case in self.fails]
        return "\n".join([f"{self.label} verified", *cases])

    def _repr_markdown_(self) -> str:
        """The table, with the theorem's number as a live link. Numbers that depend on the machine are in code marks."""
        rows = [_row("✓ holds", case, check) for case, check in self.holds.items()]
        rows += [_row("✗ fails, as it must", case, check) for case, check in self.fails.items()]
        return "\n".join(
            [
                ":::{div} verification",
                f"**Verified: {{prf:ref}}`{self.label}`**",
                "",
                "| outcome | case | measured | predicted | gap | tolerance |",
                "|---|---|---|---|---|---|",
                *rows,
                ":::",
            ]
        )


def _row(outcome: str, case: str, check: Check) -> str:
    """One line of the table. In Markdown a bar ends a cell, even inside code or a formula, unless it is escaped."""
    cells = (outcome, case, f"`{check.measured}`", f"`{check.predicted}`", f"`{check.gap:.1e}`", f"{check.tol:.0e}")
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _complaints(holds: Mapping[str, Check], fails: Mapping[str, Check]) -> list[str]:
    broken = [f"does not hold: {case}: {check}" for case, check in holds.items() if not check.holds]
    # a NaN gap is neither within nor beyond its tolerance: it passes no test and fails no control
    passing = [f"control does not fail: {case}: {check}" for case, check in fails.items() if not check.misses]
    return broken + passing


def theorem(label: str, holds: Mapping[str, Check], fails: Mapping[str, Check]) -> Verification:
    """Verify the claim `label`: every case of `holds` within tolerance, every control of `fails` ten tolerances off.

    Raises `VerificationError` naming the label and each offending case; also if either side is empty.
    """
    if not holds or not fails:
        raise VerificationError(f"{label}: a verification needs a case that holds and a control that fails")
    complaints = _complaints(holds, fails)
    if complaints:
        raise VerificationError("\n".join([f"{label} is not verified:", *complaints]))
    return Verification(label, dict(holds), dict(fails))
