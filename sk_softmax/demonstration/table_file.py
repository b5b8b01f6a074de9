"""A user's CSV file as columns of numbers and of text."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING = {"", "?", "na", "n/a", "nan", "none", "null"}
"""Values that count as missing, without spaces around them and in lower case."""


class TableError(Exception):
    """The file cannot be used; the message says why, in one line."""


@dataclass
class Table:
    """Rows and labels of a CSV file.

    ``X`` has dtype object. It holds floats in columns of numbers, strings in columns of text, and
    NaN where a value is missing. ``numeric`` and ``text`` are the indices of these columns.
    """

    names: list[str]
    numeric: list[int]
    text: list[int]
    X: NDArray[Any]
    y: NDArray[Any]
    n_missing: int
    n_unlabelled: int


def read_table(path: Path, target: str | None) -> Table:
    """Read a CSV file with a header; ``target`` names the column of labels.

    The delimiter (comma, semicolon, tab or bar) is detected from the header. A column is numeric
    if every value that is not missing is a finite number. Rows without a label are left out.
    """
    header, records = _read(path)
    if target is None:
        raise TableError(f"--target is needed to name one of the columns: {', '.join(header)}")
    if target not in header:
        raise TableError(f"{path} has no column {target!r}; it has: {', '.join(header)}")
    columns = dict(zip(header, zip(*records, strict=True), strict=True))
    labels = columns.pop(target)
    labelled = np.array([not _is_missing(label) for label in labels], dtype=bool)
    if not labelled.any():
        raise TableError(f"{path} has no row with a value in the target column {target!r}")
    if not columns:
        raise TableError(f"{path} has no column besides the target {target!r}")
    X = np.empty((int(labelled.sum()), len(columns)), dtype=object)
    numeric: list[int] = []
    text: list[int] = []
    for position, values in enumerate(columns.values()):
        kept = [value for value, keep in zip(values, labelled, strict=True) if keep]
        numbers = _as_numbers(kept)
        (text if numbers is None else numeric).append(position)
        X[:, position] = _as_text(kept) if numbers is None else numbers
    n_missing = sum(isinstance(value, float) and np.isnan(value) for value in X.flat)
    y = _as_labels([label for label in labels if not _is_missing(label)], target)
    return Table(list(columns), numeric, text, X, y, n_missing, int((~labelled).sum()))


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the header and the records of a file, all of the same length."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            sample = file.read(65536)
            file.seek(0)
            lines = [line for line in csv.reader(file, _dialect(sample)) if any(line)]
    except FileNotFoundError:
        raise TableError(f"{path} does not exist") from None
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if len(lines) < 2:
        raise TableError(f"{path} is empty: a header and at least two rows are needed")
    header, *records = lines
    header = [name.strip() for name in header]
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise TableError(f"{path} has more than one column named {twice!r}")
    for number, record in enumerate(records, start=1):
        if len(record) != len(header):
            raise TableError(
                f"{path}, row {number} has {len(record)} values where the header has {len(header)}"
            )
    return header, records


def _dialect(sample: str) -> type[csv.Dialect]:
    """Return the dialect of the first line; if it cannot be detected, that with commas."""
    try:
        return csv.Sniffer().sniff(sample.split("\n", 1)[0], delimiters=",;\t|")
    except csv.Error:
        return csv.excel


def _is_missing(value: str) -> bool:
    return value.strip().lower() in MISSING


def _as_numbers(values: list[str]) -> list[float] | None:
    """Return the numbers of a column, NaN where missing; None if the column is text."""
    try:
        numbers = [np.nan if _is_missing(value) else float(value) for value in values]
    except ValueError:
        return None
    # A column with an infinity is text: scikit-learn's scalers raise an error for infinities. As
    # text an infinity is a category of its own.
    return None if np.isinf(numbers).any() else numbers


def _as_text(values: list[str]) -> list[Any]:
    return [np.nan if _is_missing(value) else value.strip() for value in values]


def _as_labels(values: list[str], target: str) -> NDArray[Any]:
    """Return the labels as classes: integers if all are whole numbers, strings otherwise.

    Raise a :class:`TableError` if they have fractions, if there are fewer than 2 classes, or if a
    class has fewer than 2 rows.
    """
    numbers = _as_numbers(values)
    if numbers is None:
        labels = np.array([value.strip() for value in values], dtype=object)
    elif all(number.is_integer() for number in numbers):
        labels = np.array(numbers, dtype=np.int64)
    else:
        raise TableError(
            f"the target column {target!r} holds numbers with fractions, such as "
            f"{next(n for n in numbers if not n.is_integer())}; classes are names or whole numbers"
        )
    distinct, counts = np.unique(labels, return_counts=True)
    classes = distinct.tolist()
    if len(classes) < 2:
        raise TableError(
            f"the target column {target!r} holds a single class, {classes[0]!r}; at least 2 are "
            "needed"
        )
    if counts.min() < 2:
        raise TableError(
            f"class {classes[counts.argmin()]!r} of the target column {target!r} has a single "
            "row; cross-validation needs at least 2 rows a class"
        )
    return labels
