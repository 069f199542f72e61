"""Examples from a table, kept exactly: the cells are decimals, and a certificate is about what is written there.

A table is text in UTF-8, perhaps packed by gzip. The separator is the first of tab, semicolon and comma that cuts all
lines into equally many cells, two or more. The first line is a header if it stands apart from the lines below; what
could be read in two ways is refused, with the flag that says which is meant.
"""

import csv
import io
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.adapters.files import content, listed, parsing
from lib.data import Array
from lib.results import result

MAX_CELL = 300
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
MISSING = {"", "?", "na", "n/a", "#n/a", "nan", "null"}
INDEX = re.compile(r"|id|index|unnamed: ?[\d.]+", re.IGNORECASE)  # names of columns that number the rows

Row = list[str]


@result
class Table(NamedTuple):
    """Exact entries `X` (N, d) of Decimal, labels `y` (N,) in {-1, +1}, and the labels in the file that these are.

    Row 0 of X is line `line` of the file.
    """

    X: NDArray[np.object_]
    y: Array
    negative: str
    positive: str
    line: int


# --- cells -----------------------------------------------------------------------------------------


def _decimal(cell: str) -> Decimal | None:
    """The number in a cell, exactly, within what doubles and certificates can hold; None for anything else."""
    if len(cell) > MAX_CELL or not _is_number(cell):
        return None
    value = Decimal(cell)
    return Decimal(0) if value == 0 else value if -300 < value.adjusted() < 300 else None


def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def _is_missing(cell: str) -> bool:
    return cell.lower() in MISSING


def _number(cell: str, place: str) -> Decimal:
    value = _decimal(cell)
    if value is not None:
        return value
    if _is_missing(cell):
        raise ValueError(f"{place}: the cell is {'empty' if not cell else repr(cell)}; drop the row or fill the cell")
    shown = ascii(cell[:40])
    if _is_number(cell):
        raise ValueError(f"{place}: {shown} is beyond 1e300, below 1e-300 or too long to be held; rescale the column")
    comma = "; decimals need a point, not a comma" if _is_number(cell.replace(",", ".")) else ""
    raise ValueError(f"{place}: {shown} is not a finite number; encode the column or leave it out with --drop{comma}")


# --- lines -----------------------------------------------------------------------------------------


def _split(text: str, separator: str) -> list[tuple[int, Row]]:
    """Line numbers and cells of the lines that are not empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows = ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
    return [(line, row) for line, row in rows if any(row)]


def _rows(path: str | Path) -> list[tuple[int, Row]]:
    csv.field_size_limit(min(sys.maxsize, 2**20))
    with parsing(path, "a table", "save it as CSV, in UTF-8"):
        text = content(path).decode("utf-8-sig")
        if "\0" in text:
            raise ValueError("it holds zero bytes")
        readings = [_split(text, separator) for separator in "\t;,"]
    widths = [{len(row) for _, row in rows} for rows in readings]
    even = [rows for rows, found in zip(readings, widths, strict=True) if len(found) == 1 and min(found) > 1]
    rows = even[0] if even else max(readings, key=lambda one: len(one[0][1]) if one else 0)
    if not rows:
        raise ValueError(f"{path} is empty")
    line, width = rows[0][0], len(rows[0][1])
    if width < 2:
        raise ValueError(f"{path} has one column; a label and a feature are needed, separated by commas")
    for other, row in rows:
        if len(row) != width:
            raise ValueError(f"{path}, line {other}: {len(row)} cells, but line {line} has {width}")
    return rows


# --- columns ---------------------------------------------------------------------------------------


def _column(asked: str, names: list[str], has_header: bool) -> int:
    """The place of a column: a name of the header, or else a number counted from 0, negative from the end."""
    if has_header and names.count(asked) == 1:
        return names.index(asked)
    if has_header and asked in names:
        raise ValueError(f"{names.count(asked)} columns are called {asked!r}; give the column's number, counted from 0")
    try:
        return range(len(names))[int(asked)]
    except (ValueError, IndexError):
        known = listed(names) if has_header else f"0 to {len(names) - 1}; the file has no header"
        raise ValueError(f"there is no column {asked!r}; the columns are {known}") from None


def _counts_up(cells: Sequence[str]) -> bool:
    """0, 1, 2, ... as pandas names columns that have no names."""
    return len(cells) > 0 and list(cells) == [str(j) for j in range(len(cells))]


def _is_header(rows: list[Row], label: str) -> bool:
    """Whether the first line stands apart: words above numbers, or above two labels a third. Raises if that is open."""
    first, below = rows[0], rows[1:]
    if label in first and not re.fullmatch("-?[0-9]+", label):
        return True
    place = _column(label if re.fullmatch("-?[0-9]+", label) else "-1", first, False)
    labels = {row[place] for row in below}
    apart = len(labels) == 2 and first[place] not in labels and not _is_missing(first[place])
    numeric = [j for j in range(len(first)) if j != place and any(_is_number(row[j]) for row in below)]
    same = [first[j] for j in numeric if _is_number(first[j])]
    words = [first[j] for j in numeric if not _is_number(first[j]) and not _is_missing(first[j])]
    if not words and (not same or not _counts_up(first)):
        above_words = _is_number(first[place]) and not any(map(_is_number, labels))
        return apart and (not numeric or _counts_up(same) or above_words)
    if (apart and _counts_up(same)) or (not same and first[place] not in labels):
        return True
    what = f"{words[0][:40]!a} stands above numbers" if words else "it counts 0, 1, 2, ..."
    raise ValueError(f"line 1 may be a header or an example ({what}): say --header or --no-header")


def _refuse_index(names: list[str] | None, body: list[Row], columns: list[int]) -> None:
    """Raises for a column that seems to number the rows: by its name, or as it holds 0 to N - 1 or 1 to N."""
    for j in columns:
        values = {_decimal(row[j]) for row in body}
        counted = len(body) > 2 and any(values == set(range(k, k + len(body))) for k in (0, 1))
        if counted or (names and INDEX.fullmatch(names[j])):
            called = f" ({names[j]!a})" if names else ""
            raise ValueError(
                f"column {j}{called} seems to number the rows: say --drop {j} if it does, --keep {j} if it is a feature"
            )


# --- labels ----------------------------------------------------------------------------------------


def _signs(labels: Sequence[str], positive: str) -> tuple[Array, str, str]:
    """y, and the labels of -1 and +1. Two labels are compared, and ordered, as the numbers they are, or as words."""
    numeric = all(map(_is_number, labels))

    def value(label: str) -> Decimal | str:
        return Decimal(label) if numeric and _is_number(label) else label

    written = {value(label): label for label in reversed(labels)}
    found = sorted(written)
    if len(found) != 2:
        count = f"the label takes {len(found)} value{'s' * (len(found) > 1)} ({listed([written[v] for v in found])})"
        raise ValueError(f"{count}; two are needed: is it another column (--label), or is line 1 a header (--header)?")
    chosen = value(positive) if positive else found[1]
    if chosen not in found:
        known = " and ".join(written[one] for one in found)
        raise ValueError(f"no example has the label {positive!r}; the labels are {known}")
    other = found[chosen == found[0]]
    return np.array([1.0 if value(one) == chosen else -1.0 for one in labels]), written[other], written[chosen]


def _labelled(path: str | Path, cells: list[tuple[int, str]], positive: str) -> tuple[Array, str, str, int]:
    """y, the labels of -1 and +1, and the first line."""
    for line, cell in cells:
        if _is_missing(cell):
            raise ValueError(f"{path}, line {line}: the label is missing; drop the row")
    return *_signs([cell for _, cell in cells], positive), cells[0][0]


# --- the table -------------------------------------------------------------------------------------


def read_table(
    path: str | Path,
    *,
    label: str = "-1",
    positive: str = "",
    header: bool | None = None,
    keep: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> Table:
    """Examples from a table with or without a header: one column is the label, all others are numbers.

    `label` names the column (or counts it from 0; the last by default), `positive` is the label of +1: by default the
    larger of the two, as in scikit-learn. `header` says whether the first line is one; by default it is seen. A column
    that numbers the rows must be named in `keep` or `drop`. Raises `ValueError` naming the line and the column.
    """
    rows = _rows(path)
    has_header = _is_header([row for _, row in rows], label) if header is None else header
    names = rows[0][1] if has_header else [f"column {j}" for j in range(len(rows[0][1]))]
    body = rows[has_header:]
    if not body:
        raise ValueError(f"{path} has a header and no examples")
    column = _column(label, names, has_header)
    kept, dropped = ({_column(one, names, has_header) for one in asked} for asked in (keep, drop))
    features = [j for j in range(len(names)) if j != column and j not in dropped]
    if not features:
        raise ValueError(f"{path}: no column is left for a feature")
    _refuse_index(names if has_header else None, [row for _, row in body], [j for j in features if j not in kept])
    X = [[_number(row[j], f"{path}, line {line}, {names[j]}") for j in features] for line, row in body]
    return Table(np.array(X, dtype=object), *_labelled(path, [(line, row[column]) for line, row in body], positive))
