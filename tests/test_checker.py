"""The checker of certificates: what it must accept, what it must refuse, and a second one that must agree."""

import ast
import copy
import hashlib
import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import checker
from lib.certificate import certify, write
from lib.checker import check, check_file, check_lines
from lib.network import Network
from tests import second_checker
from tests.second_checker import vector

Certificate = dict[str, Any]

# Two orthogonal examples of one label: the best network is one neuron along (1, 1), and P* = sqrt 2 = 1.41421356...
BY_HAND = """\
{"certificate": "two-layer ReLU network, largest margin", "version": 1, "examples": 2, "features": 2, "neurons": 1, \
"lower": "1.4142", "upper": "1.4143"}
{"neuron": 0, "sign": 1, "w": "1 1"}
{"example": 0, "y": 1, "x": "1 0", "lam": "0.7071"}
{"example": 1, "y": 1, "x": "0 1", "lam": "0.7071"}
{"side": 1, "own": "1 0", "opposite": ""}
{"cone": "++", "own": "1 1", "opposite": ""}
{"cone": "+-", "own": "1 0", "opposite": ""}
{"cone": "-", "own": "0", "opposite": ""}
{"side": -1, "own": "", "opposite": "0 1"}
{"cone": "", "own": "", "opposite": "0 0"}
"""


def sealed(body: str) -> list[bytes]:
    """The lines of a body with the last line that belongs to it."""
    number, digest = body.count("\n") + 1, hashlib.sha256(body.encode()).hexdigest()
    return [*body.encode().splitlines(keepends=True), json.dumps({"end": number, "sha256": digest}).encode() + b"\n"]


def resealed(certificate: Certificate) -> Certificate:
    """The certificate with its digest made right again: what someone who meant to deceive would do."""
    rest = [json.dumps(record) + "\n" for record in list(checker.records(certificate))[:-1]]
    return {**certificate, "end": json.loads(sealed("".join(rest))[-1])}


def planted() -> tuple[Network, np.ndarray, np.ndarray, np.ndarray]:
    """Six examples in the plane, with the closed form P* = 1 + 1/2: two classes on opposite sides of the origin."""
    along, across = np.array([3, 4]) / 5, np.array([-4, 3]) / 5
    P = [along + across / 2, along - across / 2, 2 * along]
    X = np.array([*P, *(-2 * p for p in P)])
    W1 = np.array([along, -along / 2]).T
    net = Network(W1 / np.sqrt([1, 0.5]), np.sqrt([1, 0.5]) * [1, -1])
    return net, X, np.array([1.0, 1, 1, -1, -1, -1]), np.array([0.5, 0.5, 0, -0.25, -0.25, 0])


def tough() -> Certificate:
    """The sign of x_1 x_2, with a bias column: both zonotopes reach far beyond each other, in all directions."""
    rng = np.random.default_rng(105)
    X = np.array([[a, b, 1] for a, b in rng.permutation(rng.integers(-5, 6, (60, 2))) if a * b][:13]) / 2
    y = np.sign(X[:, 0] * X[:, 1])
    W1 = np.array([[1, 1, 0], [-1, -1, 0], [1, -1, 0], [-1, 1, 0]]).T  # |x_1 + x_2| - |x_1 - x_2|
    return certify(Network(W1, [1, 1, -1, -1]), X, y, y * rng.random(len(X)))


TOUGH = tough()
PLANTED = certify(*planted())

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


def slots(record: dict[str, Any]) -> Iterator[tuple[str, int, Any]]:
    """Every number of a record: its key, its place, and another number for it."""
    for key, value in record.items():
        if isinstance(value, int):
            yield key, 0, value + 1
        elif key in ("certificate", "sha256", "cone"):
            yield key, 0, value[:-1] + ("-" if value[-1:] == "+" else "+")
        else:
            words = value.split()
            yield from ((key, i, [*words[:i], words[i] + "1", *words[i + 1 :]]) for i in range(len(words)))


def changes(certificate: Certificate) -> Iterator[tuple[str, Certificate]]:
    """Copies of a certificate with one number changed."""
    parts = [
        ("header", None),
        *((p, i) for p in ("neurons", "examples", "plus", "minus") for i in range(len(certificate[p]))),
    ]
    for part, index in [*parts, ("end", None)]:
        record = certificate[part] if index is None else certificate[part][index]
        for key, place, value in slots(record):
            changed = copy.deepcopy(certificate)
            target = changed[part] if index is None else changed[part][index]
            target[key] = " ".join(value) if isinstance(value, list) else value
            yield f"{part} {index} {key} {place}", changed


@pytest.mark.parametrize("certificate", [PLANTED, TOUGH], ids=["planted", "tough"])
def test_any_changed_number_is_refused(certificate: Certificate) -> None:
    """Catches a field that nothing reads: every number of every line is changed in turn."""
    tried = list(changes(certificate))
    assert len(tried) > 80
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


OWN, NEXT = '"own": "1 0", "opposite": ""}\n', '{"cone": "++"'
BREAKS: list[tuple[str, str, str]] = [
    ('"version": 1', '"version": 2', "line 1: the version must be 1"),
    ("largest margin", "smallest margin", "line 1: certificate must be"),
    ('"lower": "1.4142"', '"lower": "1.4143"', "line 4: lower exceeds"),
    ('"upper": "1.4143"', '"upper": "1.4142"', "line 2: the cost"),
    ('"features": 2', '"features": 0', "line 1: features must be between 1"),
    ('"examples": 2', '"examples": 2000000', "line 1: examples must be between 1"),
    ('"examples": 2', '"examples": "2"', "line 1: examples must be an integer"),
    ('"examples": 2', '"examples": true', "line 1: examples must be an integer"),
    ('"examples": 2', '"examples": 2.0', "line 1: '2.0' is a number of floating point"),
    ('"examples": 2', '"examples": NaN', "line 1: 'NaN' is a number of floating point"),
    ('"examples": 2', '"examples": ' + "9" * 5000, "line 1: the line is not JSON"),
    ('"examples": 2', '"examples": 2, "examples": 2', "line 1: a key stands twice"),
    ('"examples": 2', '"examples": 2, "note": ""', "line 1: the keys are"),
    ('"w": "1 1"', '"w": "1 0.99"', "line 4: the margin"),
    ('"w": "1 1"', '"w": "1 1 0"', "line 2: w has 3 numbers; due are 2"),
    ('"w": "1 1"', '"w": "1  1"', "line 2: w has 3 numbers"),
    ('"w": "1 1"', '"w": "1 x"', "line 2: w: 'x' is neither"),
    ('"w": "1 1"', '"w": "1 ١"', "line 2: w: '\\u0661' is neither"),
    ('"w": "1 1"', '"w": "1 1_0"', "line 2: w: '1_0' is neither"),
    ('"w": "1 1"', '"w": "1 1/0"', "line 2: w: '1/0' is neither"),
    ('"w": "1 1"', '"w": "1 1e9999"', "line 2: w: '1e9999' is neither"),
    ('"w": "1 1"', f'"w": "1 {"1" * 401}"', "line 2: w has a number of more than 400"),
    ('"w": "1 1"', '"w": [1, 1]', "line 2: w must be a string"),
    ('"x": "1 0"', '"x": "0.9 0"', "line 3: the margin"),
    ('"x": "1 0"', '"x": "9/10 0"', "line 3: the margin"),
    ('"sign": 1', '"sign": -1', "line 3: the margin"),
    ('"sign": 1', '"sign": 2', "line 2: sign must be"),
    ('"neuron": 0', '"neuron": 1', "line 2: neuron 0 is due"),
    ('"example": 1', '"example": 0', "line 4: example 1 is due"),
    ('"y": 1, "x": "0 1"', '"y": -1, "x": "0 1"', "line 4: lam has not the sign of y"),
    ('"y": 1, "x": "0 1"', '"y": 0, "x": "0 1"', "line 4: y must be"),
    ('"x": "0 1", "lam": "0.7071"', '"x": "0 1", "lam": "0.7072"', "line 6: the bound"),
    ('"x": "0 1", "lam": "0.7071"', '"x": "0 1", "lam": "-0.7071"', "line 4: lam has not the sign of y"),
    (OWN + NEXT, OWN.replace("1 0", "1") + NEXT, "line 5: own must list"),
    (OWN + NEXT, OWN.replace("1 0", "1 1") + NEXT, "line 5: own must list"),
    (OWN + NEXT, OWN.replace("1 0", "1 0 2") + NEXT, "line 5: own must list"),
    (OWN + NEXT, OWN.replace("1 0", "1 a") + NEXT, "line 5: own must be the numbers"),
    ('{"side": 1', '{"side": -1', "line 5: side 1 is due"),
    ('"own": "1 1"', '"own": "1 0.9"', "line 6: own must be >= 1"),
    ('"cone": "+-", "own": "1 0"', '"cone": "+-", "own": "1 0.1"', "line 7: own must be >= 1 where the sign is"),
    ('"opposite": "0 0"', '"opposite": "0 -0.1"', "line 10: opposite must be between 0 and 1"),
    ('"opposite": "0 0"', '"opposite": "0 1.1"', "line 10: opposite must be between 0 and 1"),
    ('{"cone": "+-", "own": "1 0", "opposite": ""}\n', "", "line 7: cone '-' does not continue '+-'"),
    ('{"cone": "-", "own": "0", "opposite": ""}\n', "", "line 8: the keys are"),
    ('"cone": "-", "own": "0"', '"cone": "--", "own": "0 0"', "line 8: cone '--' does not continue '-'"),
    ('"cone": "-", "own": "0"', '"cone": "-++", "own": "0 1 1"', "line 8: cone has 3 signs; there are 2"),
    ('{"neuron": 0, "sign": 1, "w": "1 1"}', '{"a":' * 100_000 + "}", "line 2: the line is not JSON ("),
    ('{"neuron": 0, "sign": 1, "w": "1 1"}', "[1]", "line 2: the line is not one JSON object"),
    ('{"neuron": 0, "sign": 1, "w": "1 1"}', "{\N{SNOWMAN}}", "line 2: the line is not JSON"),
    ('"w": "1 1"', f'"w": "{"1 " * 2**19} 1"', "line 2: the line is longer"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BREAKS, ids=[f"{i}" for i in range(len(BREAKS))])
def test_the_first_line_that_fails_is_named(old: str, new: str, message: str) -> None:
    """Catches a test of the checker that is missing, a wrong line, and a traceback: one break each."""
    assert BY_HAND.count(old) >= 1
    verdict = check_lines(sealed(BY_HAND.replace(old, new, 1)))
    assert not verdict.accepted and message in verdict.message, verdict.message
    assert (verdict.lower, verdict.upper) == (0, inf)


def test_unfinished_and_continued_files_are_refused() -> None:
    """Catches a file cut off by a crash, and one with something after its end."""
    lines = sealed(BY_HAND)
    for stop in range(len(lines)):
        assert f"line {stop + 1}: the file ends" in check_lines(lines[:stop]).message
    assert "something follows" in check_lines([*lines, b"\n"]).message


def test_common_denominators_are_bounded() -> None:
    """Catches a short file that makes the checker compute with millions of digits: 400 primes of 50 digits each."""
    words = " ".join(f"1/{10**50 + 2 * i + 1}" for i in range(400))
    body = BY_HAND.replace('"features": 2', '"features": 400').replace('"w": "1 1"', f'"w": "{words}"')
    assert "line 2: a common denominator" in check_lines(sealed(body)).message


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
    """Catches a square that hides a sign: with lam = 7 the radius alone is 7, and |v| = 4.9 is less than |1 - 7|."""
    body = BY_HAND.replace("0.7071", "7").replace('{"cone": "++", "own": "1 1"', '{"cone": "", "own": ""')
    body = "".join(line for line in body.splitlines(keepends=True) if '"+-"' not in line and '"-"' not in line)
    assert "line 6: the bound" in check_lines(sealed(body)).message


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
