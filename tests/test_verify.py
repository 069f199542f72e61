"""`theorem` must raise when it should: each test names a vacuous verification that would otherwise pass."""

import re

import numpy as np
import pytest

from lib.verify import VerificationError, at_least, at_most, equal, glue, refuses, theorem, true

GOOD = {"one is one": equal(1.0, 1.0, tol=1e-9)}
BAD = {"H1: one is not two": equal(1.0, 2.0, tol=1e-9)}


def test_a_true_claim_with_a_failing_control_is_verified():
    verification = theorem("thm-x", holds=GOOD, fails=BAD)
    assert "{prf:ref}`thm-x`" in verification._repr_markdown_()
    assert repr(verification) == "thm-x verified\n  holds: one is one\n  fails, as it must: H1: one is not two"


def test_the_first_line_says_how_many_and_how_close():
    # would catch a worst gap taken over the controls, or the best one
    near = {"near": equal(1.0, 1.0 + 3e-10, tol=1e-9), **GOOD}
    verification = theorem("thm-x", holds=near, fails=BAD, without={"H2": "of measure zero"})
    line = verification._repr_markdown_().splitlines()[1]
    assert line == "{prf:ref}`thm-x` verified: 2 cases hold, 1 control fails as it must; worst gap `3e-10`"
    assert "| no control | H2: of measure zero |" in verification._repr_markdown_()


def test_a_control_misses_by_its_own_margin():
    # would catch a control at tolerance 0 that misses by a rounding error
    assert not equal(1.0, 1.1, tol=0, margin=0.2).misses and equal(1.0, 1.5, tol=0, margin=0.2).misses
    assert not at_most(1.1, 1.0, margin=0.2).misses and not at_least(0.9, 1.0, margin=0.2).misses
    assert not equal(1.0, 1.1, tol=1e-2, margin=1e-9).misses, "never less than ten tolerances"
    table = theorem("thm-x", holds=GOOD, fails={"H1: a": equal(1, 2, tol=0, margin=0.3)})._repr_markdown_()
    assert "misses by ≥ 0.3" in table


def test_a_bar_does_not_end_a_cell():
    # would catch a case whose formula has a norm in it tearing its row apart, and a column without a heading
    norms = {"$|w_2| = |w_1|$": equal(1.0, 1.0, tol=0), "`a|b`": refuses(lambda: None, "x|y")._replace(gap=0.0)}
    table = theorem("thm-x", holds=norms, fails=BAD)._repr_markdown_().splitlines()
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table if line.startswith("|")]
    assert {len(row) for row in rows} == {6} and all(cell.strip() for cell in rows[0])
    assert rows[2][1].replace(r"\|", "|").strip() == "$|w_2| = |w_1|$"


@pytest.mark.parametrize(
    ("holds", "fails", "complaint"),
    [
        ({}, BAD, "needs a case"),
        (GOOD, {}, "needs a case"),
        (BAD, BAD, "does not hold: H1: one is not two"),
        (GOOD, GOOD, "control does not fail: one is one"),
        (GOOD, {"one is not two": equal(1.0, 2.0, tol=1e-9)}, "must begin with"),
        (GOOD, {"H1: no margin": equal(1.0, 2.0, tol=0)}, "states no margin"),
        ({"nan": equal(np.nan, 1.0, tol=1.0)}, BAD, "does not hold: nan"),
        (GOOD, {"nan": equal(np.nan, 1.0, tol=0.0)}, "control does not fail: nan"),
        (GOOD, {"a near miss": equal(1.0, 1.0 + 5e-9, tol=1e-9)}, "a near miss"),
        ({"exact means exact": equal(1.0, 1.0 + 1e-15, tol=0)}, BAD, "exact means exact"),
    ],
)
def test_vacuous_or_broken_verifications_raise(holds, fails, complaint):
    with pytest.raises(VerificationError, match=complaint):
        theorem("thm-x", holds=holds, fails=fails)


def test_arrays_are_compared_entry_by_entry_and_shapes_must_agree():
    # would catch a comparison of sums or means, and silent broadcasting
    assert not equal([1.0, 2.0], [2.0, 1.0], tol=1e-3).holds
    with pytest.raises(VerificationError, match="shape"):
        equal([1.0, 1.0], 1.0, tol=1.0)


def test_inequalities_measure_the_violation_of_the_worst_entry():
    assert at_most([0.5, 1.0], 1.0).holds and at_least([1.0, 2.0], 1.0).holds
    assert at_most([0.5, 1.5], 1.0).gap == pytest.approx(0.5)
    assert at_least([0.5, 1.5], 1.0).gap == pytest.approx(0.5)
    assert not at_most(np.nan, 1.0).holds and not at_least(np.nan, 1.0).holds


def test_statements_and_refusals():
    def refuse():
        raise ValueError("row 3 is zero")

    assert true(1 < 2).holds and true(2 < 1).misses
    assert refuses(refuse, "row 3").holds
    assert refuses(refuse, "row 4").misses  # the error must name the place
    assert refuses(lambda: None, "row 3").misses


def test_a_glued_value_is_what_myst_nb_would_keep(monkeypatch):
    # would catch a name or a prefix that a built book does not find, and a number shown as np.float64(...)
    import myst_nb

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *args, **options: shown.append((args, options)))
    monkeypatch.setattr("myst_nb.ext.glue.ipy_display", lambda *args, **options: shown.append((args, options)))
    glue("a", np.float64(0.1))
    myst_nb.glue("a", 0.1, display=False)
    assert shown[0] == shown[1]
