"""Checks a certificate with integers alone: no floating point, nothing of the rest of the library.

A certificate is a text of JSON lines (the book describes each). If every line passes, this is a theorem about the
data set written in it, for every number m of neurons:

    lower <= P* <= upper,
    P* = min { (||W1||^2 + ||w2||^2)/2 :
               y_n sum_i w2_i (x_n'w1_i)_+ >= 1 for all n }.

upper: the network on the lines `neuron` has all margins >= 1, and scaling its two layers to equal norms makes its
cost sum_i |w_i|. lower: let lam be the numbers on the lines `example`. If |sum_n lam_n (x_n'u)_+| <= |u| for every
u, then sum |lam_n| <= sum lam_n f(x_n) <= sum_i |w2_i| |w1_i| <= cost of any network with margins >= 1. The lines
`cone` prove that inequality, once for each side: side 1 for the sum, side -1 for its negative. Write g_n for
|lam_n| x_n; rows with side * lam_n > 0 are the side's own, rows with side * lam_n < 0 are opposite. On the cone of
all u where x_n'u has the given sign for the first own rows, for any numbers t_n >= 1 (sign +), t_n <= 0 (sign -)
and 0 <= c_n <= 1,

    side * sum_n lam_n (x_n'u)_+ <= v'u + r |u|,
    v = sum_signed t_n g_n + sum_rest g_n/2 - sum_opposite c_n g_n,
    r = ( sum_rest |g_n'g_m| )^(1/2) / 2,

since z_+ <= t z for such z and t, z_+ = z/2 + |z|/2, and z_+ >= c z. So |v| + r <= 1 settles the cone, and the
cones leave no u out because their signs are the leaves of a binary tree, met in order.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from fractions import Fraction
from functools import lru_cache
from math import inf, isqrt, lcm
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

FORMAT, VERSION = "two-layer ReLU network, largest margin", 1
MAX_LINE, MAX_FILE, MAX_COUNT = 2**20, 2**28, 10**6  # bytes, bytes, and any count in the first line
MAX_DIGITS, MAX_BITS = 400, 2**14  # of one number, of a common denominator
MAX_WORK, MAX_HELD = 2**29, 2**30  # see Budget: a few minutes, and a quarter of a gigabyte
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]{1,3})?|-?[0-9]+/[1-9][0-9]*")
FINE = 2**64  # lengths are rounded up to multiples of 1/FINE

Rows = Sequence[tuple[Sequence[Fraction], int]]
Numbers = list[Fraction]


class Verdict(NamedTuple):
    """`accepted`, and then lower <= P* <= upper is proved; if refused, nothing is: the interval is [0, inf].

    `message` is the theorem, or the first line that fails and why.
    """

    accepted: bool
    lower: Fraction
    upper: Fraction | float
    message: str


class Refused(Exception):
    """The reason why a line fails."""


def need(statement: bool, reason: str) -> None:
    if not statement:
        raise Refused(reason)


def quoted(text: str) -> str:
    """The beginning of a text from the file, as ASCII that cannot be taken for a line of ours."""
    return ascii(text[:40]) + ("..." if len(text) > 40 else "")


class Budget:
    """What a certificate may cost: units of work, one for a product of small integers, and bits held at a time."""

    def __init__(self) -> None:
        self.work = self.held = 0

    def spend(self, products: int, p: int, q: int) -> None:
        """So many products of a p-bit with a q-bit integer, each of which counts 1 + pq/2^14."""
        self.work += products + (products * p * q >> 14)
        need(self.work <= MAX_WORK, f"the arithmetic asks for more than {MAX_WORK} units of work")

    def hold(self, numbers: int, bits: int) -> None:
        """So many integers more of so many bits, each of which counts 256 bits more."""
        self.held += numbers * (bits + 256)
        need(self.held <= MAX_HELD, f"the numbers need more than {MAX_HELD} bits")


# --- lines ------------------------------------------------------------------------------------------


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    need(len(record) == len(pairs), "a key stands twice in one line")
    return record


def _no_float(text: str) -> None:
    raise Refused(f"{quoted(text)} is a number of floating point; numbers that are not counts are strings of digits")


class Lines:
    """The records of a certificate one after the other: `number` is that of the last line read."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.lines, self.number, self.size = iter(lines), 0, 0
        self.digest, self.budget = hashlib.sha256(), Budget()

    def take(self, **types: type) -> list[Any]:
        """The values of the next line, which must have exactly these keys, with values of these types."""
        before = self.digest.copy()
        self.number += 1
        line = next(self.lines, None)
        need(line is not None, f"the file ends where a line with {', '.join(types)} is due")
        assert line is not None
        self.size += len(line)
        need(len(line) <= MAX_LINE, f"the line is longer than {MAX_LINE} bytes")
        need(self.size <= MAX_FILE, f"the file is longer than {MAX_FILE} bytes")
        whole = line.startswith(b"{") and line.endswith(b"}\n") and line.count(b"\n") == 1
        need(whole, "the line is not one JSON object from its first byte to the newline that ends it")
        self.digest.update(line)
        record = self._parsed(line)
        need(isinstance(record, dict), "the line is not a JSON object")
        found = ", ".join(map(quoted, list(record)[:8])) + (", ..." if len(record) > 8 else "")
        need(set(record) == set(types), f"the keys are {found}; due are {', '.join(types)}")
        for key, kind in types.items():
            need(type(record[key]) is kind, f"{key} must be {'a string' if kind is str else 'an integer'}")
        self.before = before.hexdigest()
        self.budget.spend(256, 1, 1)
        return [record[key] for key in types]

    @staticmethod
    def _parsed(line: bytes) -> Any:
        try:
            text = line.decode("utf-8")
            return json.loads(text, object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float)
        except (ValueError, RecursionError) as error:
            raise Refused(f"the line is not JSON ({type(error).__name__}: {str(error)[:80]})") from error


# --- numbers ----------------------------------------------------------------------------------------


@lru_cache(maxsize=2**12)  # cones repeat their numbers
def rational(text: str, name: str) -> Fraction:
    """A decimal such as -0.25 or 1e-9, or a fraction such as 2/3, exactly."""
    need(len(text) <= MAX_DIGITS, f"{name} has a number of more than {MAX_DIGITS} characters")
    need(NUMBER.fullmatch(text) is not None, f"{name}: {quoted(text)} is neither a decimal nor a fraction p/q")
    return Fraction(text)


def rationals(text: str, length: int, name: str, budget: Budget) -> Numbers:
    """Numbers separated by single spaces."""
    budget.spend(32 * length, 1, 1)
    words = text.split(" ") if text else []
    need(len(words) == length, f"{name} has {len(words)} numbers; due are {length}")
    return [rational(word, name) for word in words]


def counts(text: str, name: str) -> list[int]:
    words = text.split(" ") if text else []
    plain = all(re.fullmatch("0|[1-9][0-9]{0,6}", word) for word in words)
    need(plain, f"{name} must be the numbers of examples, without zeros before them")
    return [int(word) for word in words]


def widest(rows: Iterable[Iterable[int]]) -> int:
    """The bits of the largest entry."""
    return max((value.bit_length() for row in rows for value in row), default=0)


def over_one(rows: Sequence[Sequence[Fraction]], budget: Budget) -> tuple[list[list[int]], int]:
    """Integers and one denominator: rows[i][j] = integers[i][j] / denominator."""
    denominator, count = 1, sum(map(len, rows))
    for row in rows:
        for value in row:
            if denominator % value.denominator:
                denominator = lcm(denominator, value.denominator)
                budget.spend(1, denominator.bit_length(), denominator.bit_length())
                need(denominator.bit_length() <= MAX_BITS, f"a common denominator needs more than {MAX_BITS} bits")
    large = widest([value.numerator for value in row] for row in rows)
    budget.spend(count, denominator.bit_length(), large + denominator.bit_length())
    budget.hold(count, denominator.bit_length() + large)
    return [[v.numerator * (denominator // v.denominator) for v in row] for row in rows], denominator


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(map(mul, a, b))


def root(square: int, budget: Budget) -> int:
    """The square root of an integer * FINE, rounded up."""
    square *= FINE**2
    budget.spend(16, square.bit_length() // 2 + 1, square.bit_length() // 2 + 1)
    found = isqrt(square)
    return found + (found * found < square)


def length(v: Sequence[int], budget: Budget) -> int:
    """|v| * FINE, rounded up."""
    bits = widest([v]) + 64
    budget.spend(len(v), bits, bits)
    return root(dot(v, v), budget)


# --- the certificate --------------------------------------------------------------------------------


class Network(NamedTuple):
    """f(x) = sum_i signs_i (x'w_i)_+ with w_i = W_i / denominator, W_i of at most so many bits."""

    signs: list[int]
    W: list[list[int]]
    denominator: int
    bits: int


class Example(NamedTuple):
    """A row with lam_n != 0; g = |lam_n| x_n, the sign of lam_n is y."""

    y: int
    g: Numbers


def read_network(lines: Lines, m: int, d: int) -> Network:
    signs, W = [], []
    for i in range(m):
        neuron, sign, w = lines.take(neuron=int, sign=int, w=str)
        need(neuron == i, f"neuron {i} is due")
        need(sign in (-1, 1), "sign must be 1 or -1")
        signs.append(sign)
        W.append(rationals(w, d, "w", lines.budget))
        hold_fractions(lines, W[-1])
    integers, denominator = over_one(W, lines.budget)
    return Network(signs, integers, denominator, widest(integers))


def hold_fractions(lines: Lines, row: Sequence[Fraction]) -> None:
    """Count numbers that are kept after their line."""
    for value in row:
        lines.budget.hold(2, value.numerator.bit_length() + value.denominator.bit_length())


def cost(network: Network, budget: Budget) -> Fraction:
    """sum_i |w_i|, rounded up."""
    return Fraction(sum(length(w, budget) for w in network.W), network.denominator * FINE)


def has_margin(network: Network, x: Sequence[Fraction], y: int, budget: Budget) -> bool:
    """y f(x) >= 1."""
    held = budget.held
    (row,), denominator = over_one([x], budget)
    budget.held = held
    budget.spend(len(network.W) * (len(row) + 8), widest([row]), network.bits)
    f = sum(sign * max(0, dot(row, w)) for sign, w in zip(network.signs, network.W, strict=True))
    return y * f >= denominator * network.denominator


def read_examples(
    lines: Lines, N: int, d: int, network: Network, data: Rows | None
) -> tuple[dict[int, Example], Fraction]:
    """The rows with lam_n != 0, and sum_n |lam_n|; every row's margin is checked as it passes."""
    support, total = {}, Fraction(0)
    for n in range(N):
        example, y, x, lam = lines.take(example=int, y=int, x=str, lam=str)
        need(example == n, f"example {n} is due")
        need(y in (-1, 1), "y must be 1 or -1")
        row, weight = rationals(x, d, "x", lines.budget), y * rational(lam, "lam")
        need(data is None or same(row, y, *data[n]), f"it is not row {n} of the data")
        need(weight >= 0, "lam has not the sign of y")
        need(has_margin(network, row, y, lines.budget), "the margin of the network is less than 1")
        total += weight
        lines.budget.spend(1, total.denominator.bit_length(), total.numerator.bit_length())
        need(total.denominator.bit_length() <= MAX_BITS, f"the sum of all lam needs more than {MAX_BITS} bits")
        if weight:
            support[n] = Example(y, [weight * value for value in row])
            hold_fractions(lines, support[n].g)
    return support, total


def same(row: Numbers, y: int, x: Sequence[Fraction], label: int) -> bool:
    """Whether an example is (x, label), or (x, 1) with the column of ones that stands for a bias."""
    return y == label and row in (list(x), [*x, Fraction(1)])


def _permutation(text: str, rows: set[int], name: str) -> list[int]:
    listed = counts(text, name)
    need(len(listed) == len(rows) and set(listed) == rows, f"{name} must list its {len(rows)} examples, each once")
    return listed


class Side(NamedTuple):
    """g_n = own[n] / unit and opposite[n] / unit, of at most so many bits; what is left to the rest, after k own rows:
    halves[k] / (2 unit) = sum_rest g_n / 2, and radius[k] / (2 unit FINE) >= r."""

    own: list[list[int]]
    opposite: list[list[int]]
    unit: int
    halves: list[list[int]]
    radius: list[int]
    bits: int


def read_side(lines: Lines, sign: int, d: int, support: dict[int, Example]) -> Side:
    side, own, opposite = lines.take(side=int, own=str, opposite=str)
    need(side == sign, f"side {sign} is due")
    first = _permutation(own, {n for n, row in support.items() if row.y == sign}, "own")
    second = _permutation(opposite, {n for n, row in support.items() if row.y != sign}, "opposite")
    G, unit = over_one([support[n].g for n in first + second], lines.budget)
    bits = widest(G) + len(first).bit_length()
    lines.budget.hold(len(first) * d, bits)
    halves, radius, square = [[0] * d], [0], 0
    for n in reversed(range(len(first))):
        rest = G[n + 1 : len(first)]
        halves.append([a + b for a, b in zip(halves[-1], G[n], strict=True)])
        lines.budget.spend((len(rest) + 1) * (d + 8), bits, bits)
        square += dot(G[n], G[n]) + 2 * sum(abs(dot(G[n], g)) for g in rest)
        radius.append(root(square, lines.budget))
    return Side(G[: len(first)], G[len(first) :], unit, halves[::-1], radius[::-1], bits)


def settles(side: Side, t: Numbers, c: Numbers, budget: Budget) -> bool:
    """|v| + r <= 1, multiplied by 2 * unit * denominator * FINE."""
    held = budget.held
    (signed, less), denominator = over_one([t, c], budget)
    coefficients = signed + [-value for value in less]
    budget.held, wide = held, widest([coefficients, [denominator]])
    pairs = zip(coefficients, side.own[: len(t)] + side.opposite, strict=True)
    parts = ((2 * value, g) for value, g in pairs if value)
    weights, rows = zip((denominator, side.halves[len(t)]), *parts, strict=True)
    used, d = len(weights), len(side.halves[0])
    budget.spend(used * (d + 8), wide, side.bits)
    budget.spend(d + 8, wide + side.bits + 64, wide + side.bits + 64)
    v = [dot(weights, column) for column in zip(*rows, strict=True)]
    room = denominator * (2 * side.unit * FINE - side.radius[len(t)])
    return room >= 0 and dot(v, v) * FINE**2 <= room**2


def check_side(lines: Lines, sign: int, d: int, support: dict[int, Example]) -> int:
    """The cones of one side; returns their number. Signs count down in binary, from all + to all -."""
    side = read_side(lines, sign, d, support)
    due: str | None = ""
    cones = 0
    while due is not None:
        signs, own, opposite = lines.take(cone=str, own=str, opposite=str)
        plus = len(signs) - len(due)
        need(
            plus >= 0 and signs == due + "+" * plus, f"cone {quoted(signs)} does not continue {quoted(due)} by signs +"
        )
        need(len(signs) <= len(side.own), f"cone has {len(signs)} signs; there are {len(side.own)} own rows")
        t, c = (
            rationals(own, len(signs), "own", lines.budget),
            rationals(opposite, len(side.opposite), "opposite", lines.budget),
        )
        kept = (v.numerator >= v.denominator if s == "+" else v.numerator <= 0 for s, v in zip(signs, t, strict=True))
        need(all(kept), "own must be >= 1 where the sign is + and <= 0 where it is -")
        need(all(0 <= v.numerator <= v.denominator for v in c), "opposite must be between 0 and 1")
        need(settles(side, t, c, lines.budget), "the bound |v| + r <= 1 of the cone fails")
        cones += 1
        passed = signs.rstrip("-")
        due = passed[:-1] + "-" if passed else None
    return cones


def _checked(lines: Lines, data: Rows | None) -> Verdict:
    form, version, N, d, m, low, high = lines.take(
        certificate=str, version=int, examples=int, features=int, neurons=int, lower=str, upper=str
    )
    need(form == FORMAT, f"certificate must be {FORMAT!r}")
    need(version == VERSION, f"the version must be {VERSION}")
    for name, count, least in (("examples", N, 1), ("features", d, 1), ("neurons", m, 0)):
        need(least <= count <= MAX_COUNT, f"{name} must be between {least} and {MAX_COUNT}")
    lower, upper = rational(low, "lower"), rational(high, "upper")
    need(data is None or len(data) == N, f"the data have {len(data or ())} rows, the certificate {N}")
    network = read_network(lines, m, d)
    need(cost(network, lines.budget) <= upper, "the cost of the network exceeds upper")
    support, total = read_examples(lines, N, d, network, data)
    need(lower <= total, "lower exceeds the sum of all |lam|")
    cones = sum(check_side(lines, sign, d, support) for sign in (1, -1))
    end, digest = lines.take(end=int, sha256=str)
    need(end == lines.number and digest == lines.before, "the digest differs: a line was changed after it was written")
    need(next(lines.lines, None) is None, "something follows the last line")
    theorem = f"{low} <= P* <= {high} is proved, for {N} examples in {d} dimensions and any number of neurons"
    return Verdict(True, lower, upper, f"{theorem} ({cones} cones)")


# --- entrances --------------------------------------------------------------------------------------


def check_lines(lines: Iterable[bytes], data: Rows | None = None) -> Verdict:
    """The verdict on the lines of a certificate, each ending in a newline. Never raises for what they contain.

    `data`, if given, are the rows (x_n, y_n) that it must be about, with or without a last column of ones.
    """
    reader = Lines(lines)
    try:
        return _checked(reader, data)
    except Refused as reason:
        return Verdict(False, Fraction(0), inf, f"line {reader.number}: {reason}")


def check_file(path: str | Path, data: Rows | None = None) -> Verdict:
    """The verdict on a certificate file, or on standard input for `-`. Raises `OSError` if it cannot be read."""
    with nullcontext(sys.stdin.buffer) if str(path) == "-" else open(path, "rb") as file:
        return check_lines(iter(lambda: file.readline(MAX_LINE + 1), b""), data)


def encoded(certificate: dict[str, Any]) -> list[bytes]:
    """The lines of a certificate held as a dict, in the order of the file."""
    parts = (record for part in ("neurons", "examples", "plus", "minus") for record in certificate[part])
    return [json.dumps(record).encode() + b"\n" for record in (certificate["header"], *parts, certificate["end"])]


def check(certificate: dict[str, Any]) -> Verdict:
    """The verdict on a certificate held as a dict, as `lib.certificate.certify` returns it. Source: thm-certificate."""
    try:
        lines = encoded(certificate)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        return Verdict(False, Fraction(0), inf, f"line 0: not a certificate ({type(error).__name__}: {error})")
    return check_lines(lines)
