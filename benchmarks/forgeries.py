"""New forgeries for minutes: bytes that reach new lines of the checker are kept and changed further.

A forged certificate with its digest put right must be refused by both checkers, or be a true statement about the data
in it: then both accept it. Whatever is in the file, the checker answers, in printable ASCII. The fuzzer is Google's
atheris (coverage-guided, libFuzzer); it is not in the environment, because it exists for few machines, and gets one of
its own in _build. Where it cannot be installed, the files are changed at random, without guidance.

    python benchmarks/forgeries.py [seconds]
"""

import hashlib
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
HOME = ROOT / "_build" / "fuzz"
PYTHON, SEEN = HOME / "bin" / "python", HOME / "seen.json"


def seeds() -> list[bytes]:
    """The bodies of the corpus, without their last lines."""
    cases = json.loads((ROOT / "tests" / "attacks.json").read_text())
    bodies = (b"".join(text.encode("latin-1") * times for text, times in one["parts"]) for one in cases)
    return [body[: body[:-1].rfind(b"\n") + 1] for body in bodies if len(body) < 10_000]


def tried(body: bytes, seen: Counter[str]) -> None:
    """Seal the body, ask both checkers, and raise if they differ or an answer cannot be printed."""
    from lib.checker import check_lines
    from tests.second_checker import accepts_file

    digest = hashlib.sha256(body).hexdigest()
    file = body + json.dumps({"end": body.count(b"\n") + 1, "sha256": digest}).encode() + b"\n"
    verdict = check_lines(file.splitlines(keepends=True) if b"\r" not in file else lines_of(file))
    seen["files"] += 1
    seen["accepted"] += verdict.accepted
    assert verdict.message.isascii() and verdict.message.isprintable(), body
    if "more than" not in verdict.message and "longer" not in verdict.message:
        assert verdict.accepted == accepts_file(file), (verdict.message, body)


def lines_of(file: bytes) -> list[bytes]:
    return [line + b"\n" for line in file.split(b"\n")[:-1]]


def guided(seconds: float) -> None:
    """In the environment of atheris: libFuzzer's loop, which ends the process by itself."""
    import atheris

    with atheris.instrument_imports(include=["lib.checker"]):
        import lib.checker  # noqa: F401
    seen: Counter[str] = Counter()
    corpus = HOME / "corpus"
    corpus.mkdir(exist_ok=True)
    for i, body in enumerate(seeds()):
        (corpus / f"seed-{i}").write_bytes(body)
    options = [f"-max_total_time={seconds:.0f}", "-max_len=4000", "-verbosity=0", "-timeout=60"]

    def one(body: bytes) -> None:
        tried(body, seen)
        if seen["files"] % 100 == 0:  # the loop ends the process without a word
            SEEN.write_text(json.dumps(seen))

    atheris.Setup([sys.argv[0], *options, str(corpus)], one)
    atheris.Fuzz()


def unguided(seconds: float) -> Counter[str]:
    """Random changes of the seeds: slices cut, doubled, moved, and digits replaced."""
    rng, seen, until = random.Random(0), Counter(), time.monotonic() + seconds
    bodies = seeds()
    while time.monotonic() < until:
        body, other = bytearray(rng.choice(bodies)), rng.choice(bodies)
        for _ in range(rng.randint(1, 4)):
            i, j = sorted(rng.randrange(len(body) + 1) for _ in range(2))
            k = rng.randrange(len(other) + 1)
            body[i : min(j, i + rng.choice((1, 2, 8)))] = other[k : k + rng.choice((0, 1, 2, 8))]
        tried(bytes(body), seen)
    return seen


def main(seconds: float) -> None:
    from machine import machine

    made = PYTHON.exists() or subprocess.run([sys.executable, "-m", "venv", str(HOME)]).returncode == 0
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", "atheris"]
    guide = made and subprocess.run(pip, capture_output=True).returncode == 0
    if guide:
        done = subprocess.run([str(PYTHON), __file__, str(seconds), "guided"], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        seen = json.loads(SEEN.read_text())
    else:
        seen = unguided(seconds)
    how = "guided by coverage (atheris)" if guide else "at random"
    (ROOT / "benchmarks" / "forgeries.md").write_text(
        "# New forgeries\n\n"
        f"`benchmarks/forgeries.py`, {machine()[:-1]}. {seconds:.0f} seconds, files made {how}.\n\n"
        "| files | accepted, rightly | on which two checkers differ | on which the checker fails |\n|---|---|---|---|\n"
        f"| {seen['files']:,} | {seen['accepted']:,} | 0 | 0 |\n"
    )


if __name__ == "__main__":
    time_given = float(sys.argv[1]) if len(sys.argv) > 1 else 180.0
    if sys.argv[2:] == ["guided"]:
        guided(time_given)
    else:
        main(time_given)
