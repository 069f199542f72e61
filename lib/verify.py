"""Theorem label -> cases that hold, controls that drop one hypothesis and fail -> one line, and the table behind it.

    theorem("thm-patterns-cover",
        holds={"general position, N = 8": equal(count(X), cover(8, 2), tol=0)},
        fails={"H1: two parallel rows":
               equal(count(X_parallel), cover(8, 2), tol=0, margin=0.1)})

raises `VerificationError` unless every case of `holds` is within its tolerance and every control of `fails` misses by
at least ten times its tolerance, or by the margin it states: a check that could not have failed is not a check. A
control names the hypothesis that it drops, `H1:`, or `wrong:` where it is the claim that is changed (a lost factor).
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

CONTROL_FACTOR = 10.0  # a control must miss by this many tolerances
CONTROL = re.compile(r"(H\d+|wrong): \S")  # the name of a control begins with what it drops
BAR = r"\|"


class VerificationError(AssertionError):
    """A claim of the book that does not hold as measured, or a control that does not fail."""


class Check(NamedTuple):
    """What was measured and predicted, the gap between them (0 is perfect), and the tolerance on the gap.

    `margin` is the least gap of a control: ten tolerances unless a wider one is stated.
    """

    measured: str
    predicted: str
    gap: float
    tol: float
    margin: float

    @property
    def holds(self) -> bool:
        return self.gap <= self.tol

    @property
    def misses(self) -> bool:
        return self.gap > 0 and self.gap >= self.margin


def _check(measured: str, predicted: str, gap: float, tol: float, margin: float) -> Check:
    return Check(measured, predicted, gap, tol, max(margin, CONTROL_FACTOR * tol))


def _text(value: ArrayLike) -> str:
    """A number in four digits; an array by its first three entries; -0 is 0."""
    a = np.asarray(value)
    if a.dtype == bool:
        return str(value).lower() if a.ndim == 0 else f"{int(a.sum())} of {a.size} true"
    if a.ndim == 0:
        return f"{a}" if np.issubdtype(a.dtype, np.integer) else f"{a + 0.0:.4g}"
    head = ", ".join(f"{v + 0.0:.4g}" for v in a.ravel()[:3])
    return f"[{head}{', ...' if a.size > 3 else ''}]"


def _scale(reference: np.ndarray) -> float:
    """max(1, |reference|): gaps are absolute for small numbers and relative for large ones."""
    return max(1.0, float(np.abs(reference).max(initial=0.0)))


def equal(measured: ArrayLike, predicted: ArrayLike, tol: float, margin: float = 0.0) -> Check:
    """gap = max |measured - predicted| / max(1, max |predicted|). Shapes must agree; NaN never holds."""
    m, p = np.asarray(measured, dtype=float), np.asarray(predicted, dtype=float)
    if m.shape != p.shape:
        raise VerificationError(f"measured has shape {m.shape}, predicted {p.shape}: they cannot be compared")
    gap = float(np.abs(m - p).max(initial=0.0)) / _scale(p)
    return _check(_text(measured), _text(predicted), gap, tol, margin)


def at_most(measured: ArrayLike, bound: float, tol: float = 0.0, margin: float = 0.0) -> Check:
    """gap = max(0, max(measured) - bound) / max(1, |bound|)."""
    m = np.asarray(measured, dtype=float)
    gap = float(np.maximum(m - bound, 0).max(initial=0.0)) / _scale(np.asarray(bound))
    return _check(_text(measured), f"≤ {_text(bound)}", gap, tol, margin)


def at_least(measured: ArrayLike, bound: float, tol: float = 0.0, margin: float = 0.0) -> Check:
    """gap = max(0, bound - min(measured)) / max(1, |bound|)."""
    mirrored = at_most(-np.asarray(measured, dtype=float), -bound, tol, margin)
    return mirrored._replace(measured=_text(measured), predicted=f"≥ {_text(bound)}")


def _yes_or_no(measured: str, predicted: str, holds: bool) -> Check:
    """gap = 0 or 1, and nothing between them."""
    return Check(measured, predicted, 0.0 if holds else 1.0, 0.0, 1.0)


def true(statement: bool) -> Check:
    """gap = 0 if the statement holds and 1 if it does not."""
    return _yes_or_no(_text(bool(statement)), "true", bool(statement))


def refuses(call: Callable[[], object], needle: str) -> Check:
    """gap = 0 if `call` raises a `ValueError` whose message contains `needle`, 1 if it does not."""
    try:
        call()
    except ValueError as error:
        said = " ".join(str(error).split())
        shown = said if len(said) <= 60 else said[:60].rsplit(" ", 1)[0] + " ..."
        return _yes_or_no(shown, f"an error naming '{needle}'", needle in str(error))
    return _yes_or_no("accepted", f"an error naming '{needle}'", False)


class Verification(NamedTuple):
    """The verified claim: its label, the cases that held and the controls that failed, with what was measured.

    `without`: the hypotheses that no control drops, and why.
    """

    label: str
    holds: dict[str, Check]
    fails: dict[str, Check]
    without: dict[str, str]

    def __repr__(self) -> str:
        """The verdict alone: the same on every machine."""
        cases = [f"  holds: {case}" for case in self.holds] + [f"  fails, as it must: {case}" for case in self.fails]
        return "\n".join([f"{self.label} verified", *cases])

    @property
    def verdict(self) -> str:
        """The line that a reader sees first. The number depends on the machine, so it is in code marks."""
        hold = _counted(len(self.holds), "case holds", "cases hold")
        fail = _counted(len(self.fails), "control fails as it must", "controls fail as they must")
        worst = max(check.gap for check in self.holds.values())
        return f"{{prf:ref}}`{self.label}` verified: {hold}, {fail}; worst gap `{_short(worst)}`"

    def _repr_markdown_(self) -> str:
        """The verdict, then the table."""
        rows = [_row("✓ holds", case, check) for case, check in self.holds.items()]
        rows += [_row("✗ fails", case, check) for case, check in self.fails.items()]
        rows += [f"| no control | {name}: {why.replace('|', BAR)} | | | | |" for name, why in self.without.items()]
        head = ["| outcome | case | measured | predicted | gap | tolerance |", "|---|---|---|---|---|---|"]
        return "\n".join([":::{div} verification", self.verdict, "", *head, *rows, ":::"])


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _short(gap: float) -> str:
    return f"{gap:.0e}" if gap else "0"


def _row(outcome: str, case: str, check: Check) -> str:
    """One line of the table. In Markdown a bar ends a cell, even inside code or a formula, unless it is escaped.

    A control whose margin is wider than ten tolerances shows it in the last column.
    """
    wider = outcome.startswith("✗") and check.margin > CONTROL_FACTOR * check.tol
    allowed = f"misses by ≥ {check.margin:.1g}" if wider else _short(check.tol)
    cells = (outcome, case, f"`{check.measured}`", f"`{check.predicted}`", f"`{_short(check.gap)}`", allowed)
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _complaints(holds: Mapping[str, Check], fails: Mapping[str, Check]) -> list[str]:
    broken = [f"does not hold: {case}: {check}" for case, check in holds.items() if not check.holds]
    # a NaN gap is neither within nor beyond its tolerance: it passes no test and fails no control
    passing = [f"control does not fail: {case}: {check}" for case, check in fails.items() if not check.misses]
    loose = [f"control has tolerance 0 and states no margin: {case}" for case in fails if not fails[case].margin]
    unnamed = [f"control must begin with 'H1: ' or 'wrong: ': {case}" for case in fails if not CONTROL.match(case)]
    return broken + passing + loose + unnamed


def theorem(
    label: str, holds: Mapping[str, Check], fails: Mapping[str, Check], without: Mapping[str, str] | None = None
) -> Verification:
    """Verify the claim `label`: every case of `holds` within tolerance, every control of `fails` clearly outside.

    `without` says of each hypothesis that no control drops why there is none (technical, of measure zero).
    Raises `VerificationError` naming the label and each offending case; also if `holds` or `fails` is empty.
    """
    if not holds or not fails:
        raise VerificationError(f"{label}: a verification needs a case that holds and a control that fails")
    complaints = _complaints(holds, fails)
    if complaints:
        raise VerificationError("\n".join([f"{label} is not verified:", *complaints]))
    return Verification(label, dict(holds), dict(fails), dict(without or {}))


# --- numbers that the text quotes ------------------------------------------------------------------

KEPT = "application/papermill.record/"  # the prefix with which a built book finds them, and a notebook hides them


def glue(name: str, value: object) -> None:
    """Keep a value under a name: the role `glue:text` with `name:.2f` shows it in the text when the book is built.

    Needs no tool of the book's: a notebook that runs elsewhere shows nothing.
    """
    from IPython.core.formatters import format_display_data
    from IPython.display import display

    bundle, metadata = format_display_data(value.item() if isinstance(value, np.generic) else value)
    kept = {KEPT + kind: shown for kind, shown in bundle.items()}
    display(kept, raw=True, metadata={**metadata, "scrapbook": {"name": name, "mime_prefix": KEPT}})
