"""A user's file as rows of features and labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.demonstration.columns import (
    Column,
    Numbers,
    Text,
    at,
    is_missing,
)
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.labels import as_classes
from sk_softmax.demonstration.reading import read_columns

LARGEST, SMALLEST = 1e150, 1e-150
"""Largest value of a column, and least such value: of others the square is not a float."""


@dataclass
class Table:
    """Rows and labels of a file.

    ``X`` holds floats, NaN where missing. If there are columns of text it has dtype object and
    holds strings there. ``numeric`` and ``text`` are the indices of these columns.
    """

    names: list[str]
    numeric: list[int]
    text: list[int]
    X: NDArray[Any]
    y: NDArray[Any]
    n_missing: int
    n_unlabelled: int

    def described(self, path: Path, target: str | None) -> list[str]:
        """Return lines on its size, and on what is missing in it."""
        lines = [
            f"{path}: {len(self.y)} rows, {len(self.numeric)} columns of numbers and "
            f"{len(self.text)} of text, target {target!r} with {len(np.unique(self.y))} classes"
        ]
        if self.n_missing:
            lines.append(f"{self.n_missing} missing values are imputed")
        if self.n_unlabelled:
            lines.append(f"{self.n_unlabelled} rows without a label are left out")
        return lines


def read_table(path: Path, target: str | None) -> Table:
    """Read a CSV or Parquet file; ``target`` names the column of labels.

    Rows without a label are left out. In a CSV file the separator (comma, semicolon, tab or bar)
    is detected from the header, and a column holds numbers if every value that is not missing is
    a finite number.
    """
    columns = read_columns(path, target)
    labels = columns.pop(str(target))
    labelled = ~is_missing(labels)
    if not labelled.any():
        raise CommandError(f"{path} has no row with a value in the target column {target!r}")
    assert isinstance(labels, Text)  # read as it is written
    if not columns:
        raise CommandError(f"{path} has no column besides the target {target!r}")
    n_unlabelled = _count_unlabelled(labelled, list(columns.values()))
    y = as_classes(Text(labels.distinct, labels.codes[labelled], labels.literal), str(target))
    names = list(columns)
    text = [j for j, column in enumerate(columns.values()) if isinstance(column, Text)]
    X = np.empty((len(y), len(names)), dtype=object if text else np.float64)
    n_missing = 0
    for j, name in enumerate(names):
        # Removed one by one, so that no more than one column is held twice.
        column = at(columns.pop(name), labelled)
        n_missing += int(is_missing(column).sum())
        if isinstance(column, Text):
            X[:, j] = column.rows()
        else:
            _check_size(column, path, name)
            X[:, j] = _shared(column) if text else column
    numeric = [j for j in range(len(names)) if j not in set(text)]
    return Table(names, numeric, text, X, y, n_missing, n_unlabelled)


def _count_unlabelled(labelled: NDArray[np.bool_], columns: list[Column]) -> int:
    """Count rows that have a value but no label; a row without any value is not one."""
    if labelled.all():
        return 0
    filled = np.zeros(int((~labelled).sum()), dtype=bool)
    for column in columns:
        filled |= ~is_missing(at(column, ~labelled))
    return int(filled.sum())


def _check_size(numbers: Numbers, path: Path, name: str) -> None:
    """Raise a :class:`CommandError` if a column cannot be standardised in float64."""
    largest = float(np.abs(numbers).max(initial=0.0, where=~np.isnan(numbers)))
    if largest > LARGEST or 0 < largest < SMALLEST:
        raise CommandError(
            f"{path}: the largest value of column {name!r}, {largest:g} without its sign, is not "
            f"between {SMALLEST:g} and {LARGEST:g}; state it in other units"
        )


def _shared(numbers: Numbers) -> NDArray[Any]:
    """Return numbers as objects, each distinct number once.

    An object takes 24 bytes, and 8,000,000 numbers of four decimals would take 190 MB.
    """
    distinct, codes = np.unique(numbers, return_inverse=True)
    return distinct.astype(object)[codes]
