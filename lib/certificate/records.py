"""The lines of a certificate: their order, their bytes, their digest, and the file they make."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    """Write a certificate as JSON lines. The file appears complete: a crash leaves the old one, or none."""
    path = Path(path)
    parts = {part: certificate[part] for part in PARTS}
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(unfinished, "xb") as file:
            file.writelines(_body(certificate["header"], parts))
            file.write(_encoded(certificate["end"]))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
