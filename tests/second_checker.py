"""A second checker of certificates, to be compared with `lib.checker`; it shares nothing with the first.

It holds the certificate in memory, computes lengths with decimals of 80 digits, and finds that no cone is missing by
measuring the cones, in place of following the order of the lines. It knows no limits of time and memory.
"""

import hashlib
import json
import re
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

WIDE = Context(prec=80)
TINY = Decimal("1e-60")  # equality is a proof; the eightieth digit of a root is not exact

Certificate = dict[str, Any]
Vector = list[Fraction]


def decimal(value: Fraction) -> Decimal:
    return WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))


def norm(v: Vector) -> Decimal:
    return WIDE.sqrt(decimal(sum((a * a for a in v), Fraction(0))))


def total(lengths: list[Decimal]) -> Decimal:
    sum_ = Decimal(0)
    for length in lengths:
        sum_ = WIDE.add(sum_, length)
    return sum_


def vector(text: str) -> Vector:
    return [Fraction(word) for word in text.split()]


def inner(a: Vector, b: Vector) -> Fraction:
    return sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0))


def complete(cones: list[str]) -> bool:
    """No two cones share a direction, and their shares 2^-length of all sign vectors add up to 1.

    In alphabetical order the cones within a cone follow it at once.
    """
    alphabetical = sorted(cones)
    apart = not any(b.startswith(a) for a, b in pairwise(alphabetical))
    return apart and sum(Fraction(1, 2 ** len(cone)) for cone in cones) == 1


def radii(own: list[Vector]) -> list[Decimal]:
    """r when the first 0, 1, ... own rows have signs."""
    sizes = [[abs(inner(g, h)) for h in own] for g in own]
    rests = (sum((sum(row[k:], Fraction(0)) for row in sizes[k:]), Fraction(0)) for k in range(len(own) + 1))
    return [WIDE.sqrt(decimal(rest / 4)) for rest in rests]


def settled(cone: dict[str, str], own: list[Vector], opposite: list[Vector], radii: list[Decimal]) -> bool:
    signs, t, c = cone["cone"], vector(cone["own"]), vector(cone["opposite"])
    in_bounds = all(v >= 1 if s == "+" else v <= 0 for s, v in zip(signs, t, strict=True))
    in_bounds &= all(0 <= v <= 1 for v in c) and len(signs) <= len(own)
    coefficients = t + [Fraction(1, 2)] * (len(own) - len(t)) + [-v for v in c]
    v = [inner(coefficients, list(column)) for column in zip(*own, *opposite, strict=True)]
    return in_bounds and total([norm(v), radii[len(t)]]) <= 1 + TINY


def side_holds(lines: list[dict[str, Any]], sign: int, examples: list[dict[str, Any]]) -> bool:
    own, opposite = ([int(n) for n in lines[0][part].split()] for part in ("own", "opposite"))
    lam = [Fraction(e["lam"]) for e in examples]
    G = [[abs(weight) * x for x in vector(e["x"])] for weight, e in zip(lam, examples, strict=True)]
    support = [[n for n, weight in enumerate(lam) if s * weight > 0] for s in (sign, -sign)]
    if lines[0]["side"] != sign or [sorted(own), sorted(opposite)] != support:
        return False
    A, B = [G[n] for n in own], [G[n] for n in opposite]
    r = radii(A)
    return complete([line["cone"] for line in lines[1:]]) and all(settled(line, A, B, r) for line in lines[1:])


def network_holds(certificate: Certificate) -> bool:
    neurons = [(neuron["sign"], vector(neuron["w"])) for neuron in certificate["neurons"]]
    cost = total([norm(w) for _, w in neurons])
    if cost > decimal(Fraction(certificate["header"]["upper"])) + TINY:
        return False
    for e in certificate["examples"]:
        if e["y"] * sum(s * max(Fraction(0), inner(vector(e["x"]), w)) for s, w in neurons) < 1:
            return False
    return True


def accepts(certificate: Certificate) -> bool:
    """Whether the interval of the header is proved, by what a dict holds. Raises `ValueError` or `IndexError`."""
    header, examples = certificate["header"], certificate["examples"]
    weights = [e["y"] * Fraction(e["lam"]) for e in examples]
    signs = {abs(number) for number in [*(e["y"] for e in examples), *(n["sign"] for n in certificate["neurons"])]}
    return (
        signs == {1}
        and min(weights) >= 0
        and Fraction(header["lower"]) <= sum(weights)
        and network_holds(certificate)
        and side_holds(certificate["plus"], 1, examples)
        and side_holds(certificate["minus"], -1, examples)
    )


# --- the bytes of a file -------------------------------------------------------------------------------

WORDS = {"certificate": "certificate", "lower": "number", "upper": "number", "w": "vector", "x": "vector",
         "lam": "number", "cone": "signs", "sha256": "digest"}  # fmt: skip
PATTERNS = {
    "number": r"-?\d+(?:\.\d+)?(?:e-?\d{1,3})?|-?\d+/[1-9]\d*",
    "signs": "[+-]*",
    "digest": "[0-9a-f]{64}",
    "certificate": "two-layer ReLU network, largest margin",
    "rows": "(?:0|[1-9][0-9]*)",
}
KEYS = {
    "header": "certificate version examples features neurons lower upper",
    "neurons": "neuron sign w",
    "examples": "example y x lam",
    "side": "side own opposite",
    "cone": "cone own opposite",
    "end": "end sha256",
}


def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(items)) < len(items):
        raise ValueError("a key twice")
    return dict(items)


def no(text: str) -> Any:
    raise ValueError(text)


def parsed(line: str, kind: str) -> dict[str, Any]:
    """A line with exactly the keys and the types of its kind."""
    if not (line.startswith("{") and line.endswith("}")):
        raise ValueError("not one object")
    record = json.loads(line, object_pairs_hook=pairs, parse_float=no, parse_constant=no)
    if sorted(record) != sorted(KEYS[kind].split()):
        raise ValueError("other keys")
    for key, value in record.items():
        meaning = WORDS.get(key, ("rows" if kind == "side" else "vector") if key in ("own", "opposite") else "")
        if not meaning:
            if type(value) is not int:
                raise ValueError("not a count")
        elif meaning in ("vector", "rows"):
            word = PATTERNS["number" if meaning == "vector" else "rows"]
            if not re.fullmatch(f"(?:(?:{word})(?: (?:{word}))*)?", value, re.ASCII):
                raise ValueError("not a vector")
        elif not re.fullmatch(PATTERNS[meaning], value, re.ASCII):
            raise ValueError("not what it should be")
    return record


def read(raw: bytes) -> Certificate:
    """The certificate in a file, as a dict. Raises `ValueError` for bytes that are none."""
    if not raw.endswith(b"\n"):
        raise ValueError("no newline at the end")
    lines = raw.decode("utf-8").split("\n")[:-1]
    header = parsed(lines[0], "header")
    m, N = header["neurons"], header["examples"]
    if header["version"] != 1 or m < 0 or min(N, header["features"]) < 1:
        raise ValueError("another version, or no data")
    neurons = [parsed(line, "neurons") for line in lines[1 : 1 + m]]
    examples = [parsed(line, "examples") for line in lines[1 + m : 1 + m + N]]
    numbered = [n["neuron"] for n in neurons] == list(range(m)) and [e["example"] for e in examples] == list(range(N))
    vectors = [record[key].split() for record, key in [*((n, "w") for n in neurons), *((e, "x") for e in examples)]]
    rest = lines[1 + m + N : -1]
    second = next((i for i, line in enumerate(rest) if i and "side" in json.loads(line)), len(rest))
    plus, minus = ([parsed(line, "cone" if i else "side") for i, line in enumerate(part)]
                   for part in (rest[:second], rest[second:]))  # fmt: skip
    end = parsed(lines[-1], "end")
    body = raw[: raw[:-1].rindex(b"\n") + 1] if len(lines) > 1 else b""
    if not numbered or {len(vector) for vector in vectors} != {header["features"]} or not (plus and minus):
        raise ValueError("another number of lines or entries")
    if end != {"end": len(lines), "sha256": hashlib.sha256(body).hexdigest()}:
        raise ValueError("another end")
    return {"header": header, "neurons": neurons, "examples": examples, "plus": plus, "minus": minus, "end": end}


def in_order(cones: list[str]) -> bool:
    """+ before -: the page asks for the leaves in their order, which the mathematics does not need."""
    return cones == sorted(cones)  # in ASCII, + comes before -


def accepts_file(raw: bytes) -> bool:
    try:
        found = read(raw)
        ordered = all(in_order([line["cone"] for line in found[side][1:]]) for side in ("plus", "minus"))
        return ordered and accepts(found)
    except (ValueError, IndexError, RecursionError, TypeError, AttributeError):
        return False
