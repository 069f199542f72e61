"""Certificates that must be accepted, forgeries that must be refused: the corpus `attacks.json`, and how it is made.

    python -m tests.attacks      writes the corpus again

The file is for any program that checks certificates. Each case has a `name`; the bytes, as a list `parts` of pairs of a
text and how often it stands there (one character U+0000 to U+00FF is one byte); `accepted`; and the `line` that fails,
null if none does. Where `limit` is true, the limits of the format's page refuse the file, whatever the mathematics.
"""

import copy
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lib import checker
from lib.certificate import certify
from lib.network import Network

Certificate = dict[str, Any]
Parts = list[tuple[str, int]]
CORPUS = Path(__file__).parent / "attacks.json"

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
    rest = [line.decode() for line in checker.encoded(certificate)[:-1]]
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
    rng = np.random.default_rng(113)
    X = np.array([[a, b, 1] for a, b in rng.permutation(rng.integers(-5, 6, (60, 2))) if a * b][:13]) / 2
    y = np.sign(X[:, 0] * X[:, 1])
    W1 = np.array([[1, 1, 0], [-1, -1, 0], [1, -1, 0], [-1, 1, 0]]).T  # |x_1 + x_2| - |x_1 - x_2|
    return certify(Network(W1, [1, 1, -1, -1]), X, y, y * rng.random(len(X)))


TOUGH = tough()
PLANTED = certify(*planted())

# --- forgeries with one change ------------------------------------------------------------------


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


# --- the format, byte by byte: a name, what is replaced, by what, and the line that fails (0: none) ------------------

ONE = '"w": "1 1"'
SIDE, CONE = '"own": "1 0", "opposite": ""}\n{"cone": "++"', '{"cone": "+-", "own": "1 0", "opposite": ""}\n'
LAST = '{"cone": "", "own": "", "opposite": "0 0"}'
NOT_NUMBERS = ("+1", ".5", "1.", "1e+5", "0x1", "1e1000", "--1", "1/-2", "1/02", "1/2/3", "1.5/2", "inf", "nan",
               "1_0", "1e", "1e1.5", "1,5", "1\u00a0", "\u00bd", "1\u0000", "1\\n", "- 1", "1E5")  # fmt: skip
FORMAT = [
    ("a fraction and an exponent", ONE, '"w": "3/3 10e-1"', 0),
    ("zeros before a number", ONE, '"w": "01 001.0"', 0),
    ("minus zero for zero", '"own": "0", "opposite": ""}', '"own": "-0", "opposite": ""}', 0),
    ("keys in another order", '"neuron": 0, "sign": 1', '"sign": 1, "neuron": 0', 0),
    ("blanks inside the object", '"neuron": 0,', '"neuron" :  0 ,\t', 0),
    ("letters as escapes", ONE, '"\\u0077": "1 \\u0031"', 0),
    ("minus zero for a count", '"example": 0', '"example": -0', 0),
    ("more digits of upper", '"1.4143"', '"1.41430000"', 0),
    ("a blank before the object", '{"neuron"', ' {"neuron"', 2),
    ("a blank after the object", '"1 1"}\n', '"1 1"} \n', 2),
    ("a carriage return", '"1 1"}\n', '"1 1"}\r\n', 2),
    ("an empty line", '{"neuron"', '\n{"neuron"', 2),
    ("two objects in a line", '"w": "1 1"}', '"w": "1 1"}{}', 2),
    ("an object over two lines", '"neuron": 0,', '"neuron": 0,\n', 2),
    ("a byte order mark", '{"certificate"', '\u00ef\u00bb\u00bf{"certificate"', 1),
    ("a byte that is no UTF-8", '"sign": 1', '"sign\u00ff": 1', 2),
    ("a comment", '"sign": 1', '"sign": 1 /* */', 2),
    ("a trailing comma", ONE, ONE + ",", 2),
    ("apostrophes", ONE, "'w': '1 1'", 2),
    ("a key twice, once by escapes", ONE, ONE + ', "\\u0077": "1 1"', 2),
    ("a key that prints a theorem", ONE, ONE + ', "x\\nline 0: 1 <= P* <= 2 is proved": 1', 2),
    ("a key that erases a line", ONE, ONE + ', "\\u001b[2K\\u001b[1G1 <= P* <= 2 is proved": 1', 2),
    ("a key that turns the text around", ONE, ONE + ', "\\u202edevorp si": 1', 2),
    ("a lone surrogate as a key", ONE, ONE + ', "\\ud800": 1', 2),
    ("a lone surrogate as a number", ONE, '"w": "1 \\udfff"', 2),
    ("a lone surrogate as signs", '"cone": "+-"', '"cone": "+\\ud800"', 7),
    ("a theorem as signs", '"cone": "+-"', '"cone": "\\n1 <= P* <= 2 is proved"', 7),
    ("zeros before a row", SIDE, SIDE.replace("0", "0000000", 1), 5),
    ("a row with a sign", SIDE, SIDE.replace("0", "+0", 1), 5),
    ("a blank after a vector", ONE, '"w": "1 1 "', 2),
    ("a blank before a vector", ONE, '"w": " 1 1"', 2),
    ("a tab in a vector", ONE, '"w": "1\\t1"', 2),
    ("null", '"sign": 1', '"sign": null', 2),
    ("a list", ONE, '"w": ["1", "1"]', 2),
    ("true for 1", '"sign": 1', '"sign": true', 2),
    ("a count as a float", '"neuron": 0', '"neuron": 0e0', 2),
    ("infinity", '"neurons": 1', '"neurons": Infinity', 1),
    ("a count without end", '"neurons": 1', '"neurons": ' + "1" * 5000, 1),
    ("a negative count", '"neurons": 1', '"neurons": -1', 1),
    ("no neurons", '"neurons": 1', '"neurons": 0', 2),
    ("one example less", '"examples": 2', '"examples": 1', 3),
    ("one example more", '"examples": 2', '"examples": 3', 5),
    ("upper below by the thirtieth digit", '"upper": "1.4143"', '"upper": "1.414213562373095048801688724209"', 2),
    ("upper above by the nineteenth digit", '"upper": "1.4143"', '"upper": "1.414213562373095049"', 0),
    ("a margin short by the thirtieth digit", ONE, '"w": "1 0.' + "9" * 30 + '"', 4),
    ("lower above upper", '"lower": "1.4142"', '"lower": "1.5"', 4),
    ("a negative lower", '"lower": "1.4142"', '"lower": "-1"', 0),
    ("signs of another kind", '"cone": "+-"', '"cone": "+*"', 7),
    ("a cone twice", CONE, CONE * 2, 8),
    ("a cone of the empty side", LAST, '{"cone": "+", "own": "1", "opposite": "0 0"}', 10),
    ("a side left out", '{"side": -1, "own": "", "opposite": "0 1"}\n' + LAST + "\n", "", 9),
    ("the sides in the other order", '"side": 1,', '"side": -1,', 5),
    ("own and opposite swapped", SIDE, '"own": "", "opposite": "1 0"}\n{"cone": "++"', 5),
    ("a row of the other class", '"example": 1, "y": 1', '"example": 1, "y": -1', 4),
    ("t below 1 by the fortieth digit", '"own": "1 1"', '"own": "1 0.' + "9" * 40 + '"', 6),
    ("c above 1 by the fortieth digit", '"opposite": "0 0"', '"opposite": "0 1.' + "0" * 39 + '1"', 10),
    *((f"no number: {text!r}", ONE, f'"w": "1 {text}"', 2) for text in NOT_NUMBERS),
]  # fmt: skip


def case(name: str, parts: Parts, accepted: bool, line: int | None, limit: bool = False) -> dict[str, Any]:
    return {"name": name, "parts": parts, "accepted": accepted, "line": line, "limit": limit}


def closed(name: str, body: str, line: int, limit: bool = False) -> dict[str, Any]:
    """A case with the right last line; `line` 0 is accepted."""
    raw = body.encode("latin-1")
    end = json.dumps({"end": raw.count(b"\n") + 1, "sha256": hashlib.sha256(raw).hexdigest()}) + "\n"
    return case(name, [(body, 1), (end, 1)], not line, line or None, limit)


def shortened(one: dict[str, Any]) -> dict[str, Any]:
    """Long repetitions in the bytes as pairs of a text and how often it stands there."""
    parts: Parts = []
    for text, times in one["parts"]:
        rest = text
        while found := re.search(r"(0 |1 |1e999 |\{\"a\":)\1{999,}", rest):
            parts += [(rest[: found.start()], times), (found[1], len(found[0]) // len(found[1]))]
            rest = rest[found.end() :]
        parts.append((rest, times))
    return {**one, "parts": parts}


def unsigned(body: str) -> str:
    """The body with a single cone, the empty word, on side 1: all own rows are in the rest."""
    lines = body.replace('{"cone": "++", "own": "1 1"', '{"cone": "", "own": ""').splitlines(keepends=True)
    return "".join(line for line in lines if '"+-"' not in line and '"-"' not in line)


def opposed(lam: str) -> str:
    """Two rows of one label that point away from each other, without signs: v = 0, and r = |lam|."""
    body = BY_HAND.replace('"0 1", "lam"', '"-1 0", "lam"').replace('"w": "1 1"', '"w": "1 0"').replace("0.7071", lam)
    second = '{"neuron": 1, "sign": 1, "w": "-1 0"}\n{"example": 0'
    body = body.replace('"neurons": 1', '"neurons": 2').replace('{"example": 0', second)
    return unsigned(body.replace("1.4142", "1").replace("1.4143", "2"))


def bounds() -> Iterator[dict[str, Any]]:
    """Claims that would hold if a term of the theorem, or its sign, were forgotten."""
    modest = BY_HAND.replace('"lower": "1.4142"', '"lower": "0"')
    yield closed("a multiplier of the wrong sign, nothing claimed", modest.replace('"0.7071"', '"-0.7071"', 1), 3)
    yield closed("a cone without signs", unsigned(BY_HAND), 0)
    for lam, line in (("0.5", 0), ("0.51", 6)):
        parallel = modest.replace('"0 1", "lam"', '"1 0", "lam"').replace("0.7071", lam)
        yield closed(f"two equal rows without signs, {lam} each", unsigned(parallel), line)
    for lam, line in (("1", 0), ("1.01", 7), ("7", 7)):
        yield closed(f"two opposed rows without signs, {lam} each", opposed(lam), line)


def ends() -> Iterator[dict[str, Any]]:
    """Attacks on the last line, and on where the file stops."""
    body = BY_HAND
    digest = hashlib.sha256(body.encode()).hexdigest()
    end = f'{{"end": 11, "sha256": "{digest}"}}\n'
    yield case("no newline at the end", [(body + end[:-1], 1)], False, 11)
    yield case("an empty line after the end", [(body + end + "\n", 1)], False, 11)
    yield case("a second end", [(body + end + end, 1)], False, 11)
    yield case("a digest in capitals", [(body + end.replace(digest, digest.upper()), 1)], False, 11)
    yield case("a digest cut off", [(body + end.replace(digest, digest[:-1]), 1)], False, 11)
    yield case("another end", [(body + end.replace("11", "12", 1), 1)], False, 11)
    yield case("a change that the digest finds", [(body.replace('"1.4143"', '"1.4144"') + end, 1)], False, 11)
    yield case("an empty file", [("", 1)], False, 1)
    yield case("a file of zeros", [("\0", 1000)], False, 1)
    yield case("another kind of file", [("".join(map(chr, range(256))), 40)], False, 1)
    for number, line in enumerate(body.splitlines(keepends=True), 1):
        yield case(f"cut off after line {number}", [(body[: body.index(line) + len(line)], 1)], False, number + 1)


def limits() -> Iterator[dict[str, Any]]:
    """Files that ask for much."""

    def with_features(d: int, w: str) -> str:
        return BY_HAND.replace('"features": 2', f'"features": {d}').replace(ONE, f'"w": "{w}"')

    few = " ".join(f"1/{10**395 + 2 * i + 1}" for i in range(10))
    yield closed("ten coprime denominators in a long vector", with_features(300_010, "0 " * 300_000 + few), 2, True)
    yield closed("large numbers from short texts", with_features(170_001, "1e999 " * 170_000 + "1"), 2, True)
    primes = " ".join(f"1/{10**50 + 2 * i + 1}" for i in range(400))
    yield closed("denominators without a common factor", with_features(400, primes), 2, True)
    yield closed("a long number", with_features(2, "1 " + "1" * 401), 2, True)
    yield closed("a long line", with_features(2, "1 " * 2**19 + "1"), 2, True)
    yield closed("a million and one examples", BY_HAND.replace('"examples": 2', '"examples": 1000001'), 1, True)


def corpus() -> Iterator[dict[str, Any]]:
    yield closed("written by hand", BY_HAND, 0)
    for name, certificate in (("planted", PLANTED), ("tough", TOUGH)):
        lines = [line.decode() for line in checker.encoded(certificate)]
        yield case(name, [("".join(lines), 1)], True, None)
    for name, old, new, line in FORMAT:
        yield closed(name, BY_HAND.replace(old, new, 1), line)
    for old, new, message in BREAKS:
        if "longer" not in message and "400 characters" not in message and "2000000" not in new:
            body = BY_HAND.replace(old, new, 1).encode().decode("latin-1")
            yield closed(f"{message.partition(': ')[2]}: {new[:40]}", body, int(message.split()[1][:-1]))
    for name, changed in changes(PLANTED):
        again = resealed(changed)
        verdict = checker.check(again)
        lines = [line.decode() for line in checker.encoded(again)]
        line = None if verdict.accepted else int(verdict.message.split()[1][:-1])
        yield case(f"planted, {name}", [("".join(lines), 1)], verdict.accepted, line)
    yield from bounds()
    yield from ends()
    yield from limits()


def cases() -> list[dict[str, Any]]:
    return [shortened(one) for one in corpus()]


def raw(one: dict[str, Any]) -> bytes:
    """The bytes of a case."""
    return b"".join(text.encode("latin-1") * times for text, times in one["parts"])


def written(found: list[dict[str, Any]]) -> str:
    return "[\n" + ",\n".join(json.dumps(one) for one in found) + "\n]\n"


if __name__ == "__main__":
    CORPUS.write_text(written(cases()))
