"""The checker that runs in the browser, against `lib.checker` and the second checker: on the corpus, and on noise."""

import hashlib
import json
import random
from fractions import Fraction
from math import isqrt
from typing import Any

import pytest
from playwright.sync_api import Page

from figures import players
from lib import checker
from lib.checker import Verdict, check_lines, encoded
from tests import second_checker
from tests.attacks import BY_HAND, TOUGH, changes, raw, resealed, sealed
from tests.test_checker import CASES
from tests.test_players import call, page

__all__ = ["page"]  # a fixture
TOKENS = [
    *rb"""1.0 1e5 -0 01 - NaN Infinity -Infinity null true [1,2] {"a":1,"a":2} {} [] "" \u0031 \ud800 \ud83d\ude00 \x
    \u00g1 , : " \ } ] "w":"1 /**/ 1/2 2/0 1e-999 e400 + -+""".split(),
    *(b"\x00", b"\x7f", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"'\xe2\x98\x83", b"\r", b"\t", b"  "),
    b"9" * 5000,
]


def noisy(rng: random.Random) -> bytes:
    """A good certificate with a slice replaced by a token, or by bytes; mostly with its digest put right."""
    body = BY_HAND.encode()
    start = rng.randrange(len(body))
    token = rng.choice(TOKENS) if rng.random() < 0.7 else rng.randbytes(rng.randrange(6))
    body = body[:start] + token + body[start + rng.randrange(12) :]
    digest = hashlib.sha256(body).hexdigest() if rng.random() < 0.9 else "0" * 64
    return body + json.dumps({"end": body.count(b"\n") + 1, "sha256": digest}).encode() + b"\n"


def cut(file: bytes) -> list[bytes]:
    """Lines that end in a newline and in nothing else; the last one may lack it."""
    *whole, rest = file.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])


def same_reason(theirs: Verdict, ours: dict[str, Any]) -> bool:
    """The same line and the same words; how a line is no JSON, every parser says in its own."""
    said = ours["reason"] if ours["accepted"] else f"line {ours['line']}: {ours['reason']}"
    bounds = not ours["accepted"] or (Fraction(ours["low"]), Fraction(ours["high"])) == theirs[1:3]
    return bounds and said.partition("JSON (")[0] == theirs.message.partition("JSON (")[0]


CHECK = """(files) => files.map((parts) => {
    const letters = parts.map(([text, times]) => text.repeat(times)).join("");
    return m.checked(Uint8Array.from(letters, (letter) => letter.charCodeAt(0)));
})"""


@pytest.mark.slow
def test_three_checkers_agree(page: Page) -> None:
    """Catches a forgery that one checker accepts, a good certificate that one refuses, another line or another reason:
    the corpus of attacks, its limits too, a certificate with every number changed, and noise."""
    rng = random.Random(0)
    tough = [[json.loads(line) for line in encoded(resealed(changed))] for _, changed in changes(TOUGH)][::3]
    files = [b"".join(json.dumps(record).encode() + b"\n" for record in one) for one in tough]
    files += [noisy(rng) for _ in range(600)]
    found = call(page, "checker", CHECK, [one["parts"] for one in CASES] + [[(f.decode("latin-1"), 1)] for f in files])
    for one, ours in zip(CASES, found, strict=False):
        assert (ours["accepted"], ours["line"]) == (one["accepted"], one["line"]), (one["name"], ours["reason"])
        assert one["limit"] or same_reason(check_lines(cut(raw(one))), ours), (one["name"], ours["reason"])
    for file, ours in zip(files, found[len(CASES) :], strict=True):
        theirs = check_lines(cut(file))
        assert ours["accepted"] == theirs.accepted == second_checker.accepts_file(file), (file, ours, theirs.message)
        assert same_reason(theirs, ours), (file, ours, theirs.message)
    accepted = [ours["accepted"] for ours in found[len(CASES) :]]
    assert accepted.count(True) > 15 and accepted.count(False) > 400


def test_whole_numbers_and_digests(page: Page) -> None:
    """Catches a root that is off by one, a block that the padding splits wrongly, and a wrong last line."""
    rng = random.Random(1)
    squares = [0, 1, 2, 3, 4, *(r * r + k for r in (2**31, 10**40, rng.getrandbits(300)) for k in (-1, 0, 1))]
    texts = ["a" * length for length in (0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 1000)]
    bodies = [BY_HAND, BY_HAND[:-1], b"".join(sealed(BY_HAND)).decode(), BY_HAND + '{"end": 3}\n', "", "\n"]
    script = """({ squares, texts, bodies }) => {
        const bytes = (text) => new TextEncoder().encode(text);
        return [squares.map((v) => String(m.root(BigInt(v)))), texts.map((text) => m.sha256(bytes(text))),
                bodies.map((text) => new TextDecoder().decode(m.sealed(bytes(text))))];
    }"""
    roots, digests, made = call(
        page, "checker", script, {"squares": [*map(str, squares)], "texts": texts, "bodies": bodies}
    )
    assert list(map(int, roots)) == list(map(isqrt, squares))
    assert digests == [hashlib.sha256(text.encode()).hexdigest() for text in texts]
    right = b"".join(sealed(BY_HAND)).decode()
    assert made == [right] * 4 + [b"".join(sealed("")).decode(), b"".join(sealed("\n")).decode()]


def test_the_work_is_counted_alike(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches arithmetic that the browser's checker does not count: with less work allowed, both stop at one line."""
    lines = encoded(TOUGH)
    script = "([text, most]) => most.map((work) => m.checked(new TextEncoder().encode(text), work))"
    allowed = range(0, 25_000, 500)
    found = call(page, "checker", script, [b"".join(lines).decode(), list(allowed)])
    for work, ours in zip(allowed, found, strict=True):
        monkeypatch.setattr(checker, "MAX_WORK", work)
        theirs = check_lines(lines)
        assert ours["accepted"] == theirs.accepted and same_reason(theirs, ours), (work, ours, theirs.message)
    assert len({one["line"] for one in found}) > 10 and found[-1]["accepted"]


@pytest.mark.slow
def test_without_a_worker_the_page_checks(page: Page) -> None:
    """Catches a figure that says nothing where no worker can be had, or checks there without a bound."""
    idle = "".join(f'{{"neuron": {i}, "sign": 1, "w": "0 0"}}\n' for i in range(1, 4001))
    long = BY_HAND.replace('"neurons": 1', '"neurons": 4001').replace('{"example": 0', idle + '{"example": 0')
    for body, says in ((BY_HAND, "1.4142 ≤ P* ≤ 1.4143 is proved"), (long, "units of work")):
        figure = players.forgery(b"".join(sealed(body)).decode()).html()
        page.set_content("<script>delete window.Worker</script>" + figure)
        page.wait_for_function("document.querySelector('.player').model?.get('game')?.verdict")
        assert page.evaluate("typeof Worker") == "undefined"
        assert says in page.locator(".words").inner_text()
