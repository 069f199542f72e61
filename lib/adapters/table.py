"""Examples from a CSV file, kept exactly: the cells are decimals, and a certificate is about what is written there."""

import csv
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.data import Array

MAX_CELL = 300


class Table(NamedTuple):
    """Exact entries `X` (N, d) of Decimal, labels `y` (N,) in {-1, +1}, and the labels in the file that these are."""

    X: NDArray[np.object_]
    y: Array
    negative: str
    positive: str


def _decimal(cell: str) -> Decimal | None:
    """The number in a cell, exactly; None for words, NaN, and what neither a double nor a certificate can hold."""
    try:
        value = Decimal(cell.strip())
    except InvalidOperation:
        return None
    held = value.is_finite() and len(cell) <= MAX_CELL and (value == 0 or -300 < value.adjusted() < 300)
    return value if held else None


def _number(cell: str, place: str) -> Decimal:
    value = _decimal(cell)
    if value is None:
        what = f"{cell.strip()[:40]!r} is not a finite number" if cell.strip() else "the cell is empty"
        raise ValueError(f"{place}: {what}; drop the row, fill the cell, or encode the column")
    return value


def _is_number(cell: str) -> bool:
    return _decimal(cell) is not None


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Line numbers and cells of the lines that are not empty."""
    csv.field_size_limit(min(sys.maxsize, 2**20))
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a CSV file ({error}); save the table as CSV, in UTF-8") from error
    if not rows:
        raise ValueError(f"{path} is empty")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise ValueError(f"{path}, line {line}: {len(row)} cells, but line {rows[0][0]} has {width}")
    if width < 2:
        raise ValueError(f"{path} has one column; a label and a feature are needed, separated by commas")
    return rows


def _column(label: str, names: list[str], has_header: bool) -> int:
    """The column of the label: a name of the header, or a number counted from 0, negative from the end."""
    if has_header and label in names:
        return names.index(label)
    try:
        return range(len(names))[int(label)]
    except (ValueError, IndexError):
        known = ", ".join(names) if has_header else f"0 to {len(names) - 1}; the file has no header"
        raise ValueError(f"there is no column {label!r} for the label; the columns are {known}") from None


def _classes(labels: list[str], positive: str) -> tuple[str, str]:
    """The two labels, that of -1 first: in the order of the numbers they are, or of the alphabet."""
    numeric = all(map(_is_number, labels))
    found = sorted(set(labels), key=(lambda cell: (Decimal(cell), cell)) if numeric else str)
    if len(found) != 2:
        shown = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        raise ValueError(f"the label takes {len(found)} values ({shown}); two are needed: is it another column?")
    if positive and positive not in found:
        raise ValueError(f"no example has the label {positive!r}; the labels are {found[0]} and {found[1]}")
    return (found[1], found[0]) if positive == found[0] else (found[0], found[1])


def _more_words(first: list[str], second: list[str]) -> bool:
    """Whether some cell of the first line is a word above a number: then the line is a header."""
    return any(not _is_number(a) and _is_number(b) for a, b in zip(first, second, strict=True))


def read_table(path: str | Path, label: str = "-1", positive: str = "") -> Table:
    """Examples from a CSV file with or without a header: one column is the label, all others are numbers.

    `label` names the column (or counts it from 0; the last by default), `positive` is the label of +1: by default the
    larger of the two, as in scikit-learn. Raises `ValueError` naming the line and the column that cannot be used.
    """
    path = Path(path)
    rows = _rows(path)
    first = rows[0][1]
    has_header = not all(map(_is_number, first)) and (len(rows) == 1 or _more_words(first, rows[1][1]))
    names = [name.strip() for name in first] if has_header else [f"column {j}" for j in range(len(first))]
    column = _column(label, names, has_header)
    body = rows[1:] if has_header else rows
    if not body:
        raise ValueError(f"{path} has a header and no examples")
    labels = [row[column].strip() for _, row in body]
    negative, chosen = _classes(labels, positive)
    features = [j for j in range(len(names)) if j != column]
    X = [[_number(row[j], f"{path}, line {line}, {names[j]}") for j in features] for line, row in body]
    return Table(np.array(X, dtype=object), np.where(np.array(labels) == chosen, 1.0, -1.0), negative, chosen)
