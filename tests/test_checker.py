"""The checker of certificates: what it must accept, what it must refuse, and a second one that must agree."""

import ast
import copy
import hashlib
import json
import sys
from fractions import Fraction
from itertools import combinations
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import checker
from lib.certificate import certify, write
from lib.checker import check, check_file, check_lines
from lib.network import Network
from tests import second_checker
from tests.attacks import (
    BREAKS,
    BY_HAND,
    CORPUS,
    PLANTED,
    TOUGH,
    Certificate,
    cases,
    changes,
    opposed,
    raw,
    resealed,
    sealed,
    written,
)
from tests.second_checker import vector

# --- what must be accepted -----------------------------------------------------------------------------


def test_a_certificate_written_by_hand() -> None:
    """Catches a change of the format, and a checker that only accepts what our own writer writes."""
    verdict = check_lines(sealed(BY_HAND))
    assert verdict.accepted, verdict.message
    assert (verdict.lower, verdict.upper) == (Fraction("1.4142"), Fraction("1.4143"))
    assert "1.4142 <= P* <= 1.4143 is proved" in verdict.message


def test_fractions_and_exponents_are_read_exactly() -> None:
    """Catches a number read through floating point: 2/3 and 1e-1 are not floats."""
    body = BY_HAND.replace('"1 1"}', '"3/3 10e-1"}').replace('"lam": "0.7071"', '"lam": "7071/10000"')
    assert check_lines(sealed(body)).accepted


def test_the_boundary_itself_is_accepted() -> None:
    """Catches a strict inequality where equality is a proof, and rounding hidden in an exact check: |v| = 1 passes,
    and one part in 10^40 more does not."""
    body = (
        BY_HAND.replace("0.7071", "0.6")
        .replace("1.4142", "1.4")
        .replace('"x": "0 1", "lam": "0.6"', '"x": "0 1", "lam": "0.8"')
    )
    assert check_lines(sealed(body)).accepted
    more = body.replace('"lam": "0.8"', f'"lam": "0.8{"0" * 38}1"')
    assert "line 6: the bound" in check_lines(sealed(more)).message


@given(st.lists(st.text("+-", max_size=4), max_size=12))
def test_the_second_checker_compares_all_cones(cones: list[str]) -> None:
    """Catches two cones that overlap and are not compared: only neighbours in the alphabet are."""
    apart = not any(a.startswith(b) or b.startswith(a) for a, b in combinations(cones, 2))
    whole = sum(Fraction(1, 2 ** len(cone)) for cone in cones) == 1
    assert second_checker.complete(cones) == (apart and whole)
    leaves = [*(f"{'-' * k}+" for k in range(len(cones))), "-" * len(cones)]
    assert second_checker.complete(leaves[::-1]) and not second_checker.complete([*leaves, "-"])


@pytest.mark.parametrize("certificate", [PLANTED, TOUGH], ids=["planted", "tough"])
def test_both_checkers_accept(certificate: Certificate) -> None:
    """Catches a checker that asks too much, or two that read the format differently."""
    verdict = check(certificate)
    assert verdict.accepted, verdict.message
    assert second_checker.accepts(certificate)


def test_the_planted_value_is_proved() -> None:
    """Catches a factor lost in either bound: P* = 3/2 by the closed form."""
    verdict = check(PLANTED)
    assert verdict.lower <= Fraction(3, 2) <= verdict.upper
    assert verdict.upper - verdict.lower < Fraction(1, 10**7)


def test_the_tough_certificate_is_tough() -> None:
    """Catches a fixture so easy that half of the checker is never used."""
    for side in ("plus", "minus"):
        cones = TOUGH[side][1:]
        t = [value for cone in cones for value in vector(cone["own"])]
        assert any(value < 0 for value in t) and any(value > 1 for value in t)
        assert len({len(cone["cone"]) for cone in cones}) > 2 and any("." in cone["opposite"] for cone in cones)


# --- what must be refused -------------------------------------------------------------------------------


@pytest.mark.parametrize("certificate", [PLANTED, TOUGH], ids=["planted", "tough"])
def test_any_changed_number_is_refused(certificate: Certificate) -> None:
    """Catches a field that nothing reads: every number of every line is changed in turn."""
    tried = list(changes(certificate))
    assert len(tried) > 60
    assert [name for name, changed in tried if check(changed).accepted] == []


UNREAD = {"certificate", "version", "examples", "features", "neurons", "neuron", "example", "end", "sha256"}


@pytest.mark.slow
@pytest.mark.parametrize("certificate", [PLANTED, TOUGH], ids=["planted", "tough"])
def test_both_checkers_agree_on_every_change(certificate: Certificate) -> None:
    """Catches a test of the mathematics that is not made: with the digest put right, only the mathematics is left."""
    outcomes = []
    for name, changed in changes(certificate):
        if name.split()[2] in UNREAD:
            continue
        first = check(resealed(changed))
        try:
            second = second_checker.accepts(changed)
        except (ValueError, IndexError):
            second = False
        assert first.accepted == second, (name, first.message)
        outcomes.append(second)
    assert outcomes.count(True) > 10 and outcomes.count(False) > 30


@pytest.mark.parametrize(("old", "new", "message"), BREAKS, ids=[f"{i}" for i in range(len(BREAKS))])
def test_the_first_line_that_fails_is_named(old: str, new: str, message: str) -> None:
    """Catches a test of the checker that is missing, a wrong line, and a traceback: one break each."""
    assert BY_HAND.count(old) >= 1
    verdict = check_lines(sealed(BY_HAND.replace(old, new, 1)))
    assert not verdict.accepted and message in verdict.message, verdict.message
    assert (verdict.lower, verdict.upper) == (0, inf)


CASES = json.loads(CORPUS.read_text())


def test_the_corpus_is_what_it_is_made_from() -> None:
    """Catches a corpus that another program is compared with and that no longer says what the checker does."""
    # those that the library computed, in floating point, are what they were on the machine that wrote the file
    exact = [[one for one in found if not one["name"].startswith(("planted", "tough"))] for found in (CASES, cases())]
    assert written(exact[0]) == written(exact[1])
    assert len({one["name"] for one in CASES}) == len(CASES) > 200


@pytest.mark.parametrize("limit", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_corpus_of_attacks(limit: bool, tmp_path: Path) -> None:
    """Catches a forgery that is accepted, a good certificate that is refused, a wrong line, two checkers that differ,
    and a message that prints a line, erases one, or cannot be printed."""
    for one in (one for one in CASES if one["limit"] == limit):
        (tmp_path / "c.jsonl").write_bytes(raw(one))
        verdict = check_file(tmp_path / "c.jsonl")
        line = None if verdict.accepted else int(verdict.message.split()[1][:-1])
        assert (verdict.accepted, line) == (one["accepted"], one["line"]), (one["name"], verdict.message)
        assert verdict.message.isascii() and verdict.message.isprintable() and len(verdict.message) < 600, one["name"]
        assert limit or second_checker.accepts_file(raw(one)) == one["accepted"], one["name"]


def test_lines_are_lines() -> None:
    """Catches chunks in place of lines: an empty chunk hides what follows it, one chunk holds two lines."""
    lines = sealed(BY_HAND)
    assert check_lines(lines).accepted
    assert "something follows" in check_lines([*lines, b"", b"more"]).message
    assert "line 3: the line is not one" in check_lines([*lines[:2], b"", *lines[2:]]).message
    assert "line 1: the line is not one" in check_lines([b"".join(lines)]).message


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a part of the arithmetic that is not counted: with every budget below what the whole certificate costs,
    some line is refused, and the lines are spread over all parts."""
    lines = checker.encoded(TOUGH)
    spent = checker.Lines(lines)
    assert checker._checked(spent, None).accepted
    for name, total in (("MAX_WORK", spent.budget.work), ("MAX_HELD", spent.budget.held)):
        refused = []
        for share in range(0, 100, 2):
            monkeypatch.setattr(checker, name, total * share // 100)
            verdict = check_lines(lines)
            assert not verdict.accepted and "more than" in verdict.message
            refused.append(int(verdict.message.split()[1][:-1]))
        monkeypatch.setattr(checker, name, 3 * total)
        assert check_lines(lines).accepted and refused == sorted(refused) and len(set(refused)) > 5


def test_each_part_of_the_arithmetic_is_counted() -> None:
    """Catches a sum that costs nothing: one unit for each product at least, and the square of the bits."""
    row, wide = [Fraction(1, 3)] * 100, [2**3000] * 100
    network = checker.Network([1] * 50, [[1] * 100] * 50, 1, 1)
    side = checker.Side([[1] * 100] * 50, [], 1, [[0] * 100] * 51, [0] * 51, 1)
    for call, least in (
        (lambda budget: checker.length([1] * 100, budget), 100),
        (lambda budget: checker.length(wide, budget), 100 * 3000**2 // 2**14),
        (lambda budget: checker.over_one([row], budget), 100),
        (lambda budget: checker.has_margin(network, row, 1, budget), 5000),
        (lambda budget: checker.settles(side, [Fraction(1)] * 50, [], budget), 5000),
        (lambda budget: checker.rationals("1 " * 99 + "1", 100, "w", budget), 100),
    ):
        budget = checker.Budget()
        call(budget)
        assert budget.work >= least


def test_a_certificate_is_compared_with_ones_own_data() -> None:
    """Catches a true theorem about other data: a value, a label, a row, their number; a bias may be left out."""
    data = [([Fraction(1), Fraction(0)], 1), ([Fraction(0), Fraction("1.0")], 1)]
    assert check_lines(sealed(BY_HAND), data).accepted
    for n, other in enumerate(([(data[0][0], -1), data[1]], [data[0], ([Fraction(0), Fraction(2)], 1)])):
        assert f"line {3 + n}: it is not row {n} of the data" in check_lines(sealed(BY_HAND), other).message
    assert "line 1: the data have 1 rows, the certificate 2" in check_lines(sealed(BY_HAND), data[:1]).message
    X, y = np.array([[2.0, 1], [-1.0, 1]]), [1, -1]
    certificate = certify(Network(np.array([[1.0, -1], [0, 0]]), [1, -1]), X, y, [0.1, -0.1])
    lines = checker.encoded(certificate)
    assert check_lines(lines, [([Fraction(2)], 1), ([Fraction(-1)], -1)]).accepted


def test_unfinished_and_continued_files_are_refused() -> None:
    """Catches a file cut off by a crash, and one with something after its end."""
    lines = sealed(BY_HAND)
    for stop in range(len(lines)):
        assert f"line {stop + 1}: the file ends" in check_lines(lines[:stop]).message
    assert "something follows" in check_lines([*lines, b"\n"]).message


def test_the_size_of_a_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches a checker that reads on for ever."""
    monkeypatch.setattr(checker, "MAX_FILE", 500)
    assert "the file is longer than 500 bytes" in check_lines(sealed(BY_HAND)).message


@pytest.mark.parametrize("certificate", [{}, {"header": {}}, {**PLANTED, "plus": 3}, {**PLANTED, "end": {1, 2}}])
def test_malformed_dicts_are_refused(certificate: Certificate) -> None:
    """Catches a traceback for a dict that is no certificate."""
    assert not check(certificate).accepted


def test_floats_in_a_dict_are_refused() -> None:
    """Catches a number that went through floating point on its way to the checker."""
    changed = copy.deepcopy(PLANTED)
    changed["header"]["lower"] = 1.5
    assert "'1.5' is a number of floating point" in check(changed).message


@settings(max_examples=300)
@given(st.data())
def test_noise_is_refused_without_a_traceback(data: st.DataObject) -> None:
    """Catches bytes that raise: a slice of a good certificate is replaced by noise, and the digest put right."""
    text = BY_HAND.encode()
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(start + 20, len(text))))
    noise = data.draw(st.binary(max_size=20) | st.text('0123456789-+/.e ,:{}[]"\n', max_size=20).map(str.encode))
    body = text[:start] + noise + text[stop:]
    lines = body.splitlines(keepends=True)
    end = {"end": len(lines) + 1, "sha256": hashlib.sha256(body).hexdigest()}
    verdict = check_lines([*lines, json.dumps(end).encode() + b"\n"])
    # what is accepted must still be true: P* = sqrt 2 if the data are as they were
    same_data = all(line in body for line in (b'"x": "1 0"', b'"x": "0 1"'))
    assert not verdict.accepted or not same_data or verdict.lower**2 <= 2 <= verdict.upper**2


def test_a_radius_beyond_one_is_refused() -> None:
    """Catches a square that hides a sign: for two opposed rows v = 0, and with lam = 7 the radius alone is 7."""
    assert check_lines(sealed(opposed("1"))).accepted
    assert "line 7: the bound" in check_lines(sealed(opposed("7"))).message


@given(st.lists(st.integers(-(10**30), 10**30), max_size=4))
def test_lengths_are_rounded_up(v: list[int]) -> None:
    """Catches a length rounded down: then a bound above 1 could pass."""
    rounded = checker.length(v, checker.Budget())
    assert (rounded - 1) ** 2 < sum(a * a for a in v) * checker.FINE**2 <= rounded**2 or rounded == 0 == max(
        map(abs, v), default=0
    )


# --- independence ----------------------------------------------------------------------------------------


def test_it_imports_nothing_but_the_standard_library() -> None:
    """Catches a checker that trusts numpy, or us."""
    tree = ast.parse(Path(checker.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def test_it_computes_without_floats() -> None:
    """Catches a float that slips in: no literal, no call of float, no division, no square root but isqrt."""
    tree = ast.parse(Path(checker.__file__).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert "float" not in called and "eval" not in called and "sqrt" not in called


def test_files_are_checked_as_they_are_written(tmp_path: Path) -> None:
    """Catches a writer and a reader that differ, and a digit changed on disk that is not noticed."""
    path = write(TOUGH, tmp_path / "tough.jsonl")
    assert check_file(path) == check(TOUGH)
    text = path.read_text()
    place = next(i for i in range(text.index('"lam"'), len(text)) if text[i].isdigit())
    path.write_text(text[:place] + str((int(text[place]) + 1) % 10) + text[place + 1 :])
    assert not check_file(path).accepted


def test_the_format_page_shows_a_certificate_that_is_accepted() -> None:
    """Catches a description that drifted from the checker: the example of the page, line by line, is checked."""
    page = (Path(__file__).parents[1] / "book" / "82_certificate_format.md").read_text()
    lines = [line for line in page.splitlines() if line.startswith("{")]
    assert check_lines([line.encode() + b"\n" for line in lines]).accepted
