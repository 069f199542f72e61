"""Files: how those of others are read and refused, and the one place where ours are written."""

import gzip
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

GZIP = b"\x1f\x8b"
SHOWN = 8  # names in a message


def content(path: str | Path) -> bytes:
    """The bytes of a file, of standard input for `-`; unpacked if they are gzip."""
    raw = sys.stdin.buffer.read() if str(path) == "-" else Path(path).read_bytes()
    return gzip.decompress(raw) if raw.startswith(GZIP) else raw


def listed(names: Sequence[object]) -> str:
    """The first of the names, and how many they are."""
    shown = ", ".join(str(name)[:60] for name in names[:SHOWN])
    return shown + (f", ... ({len(names)} in all)" if len(names) > SHOWN else "")


@contextmanager
def parsing(path: str | Path, what: str, remedy: str) -> Iterator[None]:
    """Whatever a parser raises becomes the `ValueError` "path is not what (why); remedy". A missing file stays one."""
    try:
        yield
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(f"{path} is not {what} ({why}); {remedy}") from error


def _same(a: Path, b: Path) -> bool:
    return a.resolve() == b.resolve() or (a.exists() and b.exists() and a.samefile(b))


def writable(path: str | Path, others: Iterable[str | Path] = ()) -> None:
    """Raises `ValueError` unless a regular file can be made or replaced at `path` now, one that is none of `others`."""
    path = Path(path)
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise ValueError(f"{path} is not a regular file and is not replaced; name another file")
        if any(_same(path, Path(other)) for other in others):
            raise ValueError(f"{path} is read or written already and is not replaced; name another file")
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(13, "it is read-only")
        _unfinished(path).touch(exist_ok=False)
        _unfinished(path).unlink()
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}") from error


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.{os.getpid()}.part")


@contextmanager
def written(path: str | Path) -> Iterator[BinaryIO]:
    """A file to fill that appears at `path` complete: a crash leaves the old one, or none. Raises as `writable`."""
    writable(path)
    unfinished = _unfinished(Path(path))
    try:
        with open(unfinished, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
