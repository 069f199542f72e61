"""A second checker of certificates, to be compared with `lib.checker`; it shares nothing with the first.

It holds the certificate in memory, computes lengths with decimals of 80 digits, and finds that no cone is missing by
measuring the cones, in place of following the order of the lines. It does not read the digest.
"""

from decimal import Context, Decimal
from fractions import Fraction
from itertools import combinations
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
    """No two cones share a direction, and their shares 2^-length of all sign vectors add up to 1."""
    apart = all(not a.startswith(b) and not b.startswith(a) for a, b in combinations(cones, 2))
    return apart and sum(Fraction(1, 2 ** len(cone)) for cone in cones) == 1


def settled(cone: dict[str, str], own: list[Vector], opposite: list[Vector]) -> bool:
    signs, t, c = cone["cone"], vector(cone["own"]), vector(cone["opposite"])
    in_bounds = all(v >= 1 if s == "+" else v <= 0 for s, v in zip(signs, t, strict=True))
    in_bounds &= all(0 <= v <= 1 for v in c) and len(signs) <= len(own)
    coefficients = t + [Fraction(1, 2)] * (len(own) - len(t)) + [-v for v in c]
    v = [inner(coefficients, list(column)) for column in zip(*own, *opposite, strict=True)]
    lengths = [norm(v), *(norm([a / 2 for a in g]) for g in own[len(t) :])]
    return in_bounds and total(lengths) <= 1 + TINY


def side_holds(lines: list[dict[str, Any]], sign: int, examples: list[dict[str, Any]]) -> bool:
    own, opposite = ([int(n) for n in lines[0][part].split()] for part in ("own", "opposite"))
    lam = [Fraction(e["lam"]) for e in examples]
    G = [[abs(weight) * x for x in vector(e["x"])] for weight, e in zip(lam, examples, strict=True)]
    support = [[n for n, weight in enumerate(lam) if s * weight > 0] for s in (sign, -sign)]
    listed = lines[0]["side"] == sign and [sorted(own), sorted(opposite)] == support
    return (
        listed
        and complete([line["cone"] for line in lines[1:]])
        and all(settled(line, [G[n] for n in own], [G[n] for n in opposite]) for line in lines[1:])
    )


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
    """Whether the interval of the header is proved. Raises `ValueError` or `IndexError` for what is malformed."""
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
