"""The lines of a certificate: their order, their bytes, their digest, and the file they make."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lib.adapters.files import written

Record = dict[str, Any]
PARTS = ("neurons", "examples", "plus", "minus")


def _encoded(record: Record) -> bytes:
    return json.dumps(record).encode() + b"\n"


def _body(header: Record, parts: dict[str, list[Record]]) -> Iterator[bytes]:
    yield _encoded(header)
    for part in PARTS:
        yield from map(_encoded, parts[part])


def closed(header: Record, parts: dict[str, list[Record]]) -> Record:
    """The certificate as a dict, with its last line: how many lines there are, and the SHA-256 of those before it."""
    body = list(_body(header, parts))
    end = {"end": len(body) + 1, "sha256": hashlib.sha256(b"".join(body)).hexdigest()}
    return {"header": header, **parts, "end": end}


def write(certificate: Record, path: str | Path) -> Path:
    """Write a certificate as JSON lines, to standard output for `-`. A file appears complete or not at all."""
    lines = [*_body(certificate["header"], certificate), _encoded(certificate["end"])]
    with nullcontext(sys.stdout.buffer) if str(path) == "-" else written(path) as file:
        file.writelines(lines)
    return Path(path)
