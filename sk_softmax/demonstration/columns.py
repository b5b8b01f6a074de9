"""Columns of a file, whichever library read them: numbers, or text with each value held once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

MISSING = {"", "?", "na", "n/a", "nan", "none", "null"}
"""Cells of a CSV file that count as missing, without spaces around them and in lower case."""

MISSING_AS_WRITTEN = sorted(
    {spelling for value in MISSING for spelling in (value, value.upper(), value.title(), "NaN")}
)
"""Common spellings of the same, which a library may take for missing. The others are found in
:func:`cleaned`, more slowly."""

Numbers = NDArray[np.float64]
"""A column of numbers, NaN where missing."""


@dataclass(frozen=True)
class Text:
    """A column of text, or of numbers as they are written.

    ``distinct`` are its values and ``codes`` says which of them each row holds, -1 where it is
    missing. ``literal`` is text by type, as in a Parquet file: never a number, and missing only
    where the file says so. Each value is held once, because a string takes 50 bytes and more.
    """

    distinct: list[str]
    codes: NDArray[np.int32]
    literal: bool = False

    def __len__(self) -> int:
        return len(self.codes)

    def rows(self) -> NDArray[Any]:
        """Return an object array of strings, NaN where missing."""
        return np.array([*self.distinct, np.nan], dtype=object)[self.codes]


Column = Numbers | Text


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Return where a column has no value."""
    return column.codes < 0 if isinstance(column, Text) else np.isnan(column)


def at(column: Column, kept: NDArray[np.bool_]) -> Column:
    """Return some rows of a column."""
    if isinstance(column, Text):
        return Text(column.distinct, column.codes[kept], column.literal)
    return column[kept]


def joined(parts: Iterable[Text]) -> Text:
    """Return one column of its parts, of which some may hold a value twice."""
    index: dict[str, int] = {}
    codes = []
    literal = False
    for part in parts:
        own = [index.setdefault(value, len(index)) for value in part.distinct]
        codes.append(np.array([*own, -1], dtype=np.int32)[part.codes])
        literal = part.literal
    return Text(list(index), np.concatenate([np.empty(0, np.int32), *codes]), literal)


class Growing:
    """A column whose rows come some at a time.

    Numbers are appended in their own memory: of 9,000,000 numbers, parts that are put together at
    the end take 70 MB more.
    """

    def __init__(self) -> None:
        self._numbers: Numbers = np.empty(0)
        self._texts: list[Text] = []

    def append(self, part: Column) -> None:
        """Add rows at the end, all of numbers or all of text."""
        if isinstance(part, Text):
            self._texts.append(part)
        else:
            end = len(self._numbers)
            self._numbers.resize(end + len(part), refcheck=False)
            self._numbers[end:] = part

    def whole(self) -> Column:
        """Return the column."""
        return joined(self._texts) if self._texts else self._numbers


def cleaned(column: Column) -> Column:
    """Return a column with its text stripped of spaces and its missing values found."""
    if not isinstance(column, Text) or column.literal:
        return column
    values = [value.strip() for value in column.distinct]
    gone = np.array([*(value.lower() in MISSING for value in values), True])
    renumbered = np.where(gone, -1, np.cumsum(~gone) - 1).astype(np.int32)
    kept = [value for value, missing in zip(values, gone[:-1], strict=True) if not missing]
    return joined([Text(kept, renumbered[column.codes])])


def understood(column: Column) -> Column:
    """Return cleaned text as numbers if every value is one, and any other column as it is."""
    if not isinstance(column, Text) or column.literal:
        return column
    numbers = []
    for value in column.distinct:
        number = as_number(value)
        if number is None:
            return column
        numbers.append(number)
    return np.array([*numbers, np.nan])[column.codes]


def as_number(value: str) -> float | None:
    """Return a finite number, or None if the value is something else.

    An infinity is not a measurement and no scaler takes it. As text it is a category of its own,
    which does no harm. Separators of thousands, of which Python takes the underscore, make text.
    """
    try:
        number = float(value)
    except ValueError:
        return None
    return number if isfinite(number) and "_" not in value else None


def finite(values: Any) -> Numbers | None:
    """Return numbers of any library as an array of their own, None if one is infinite."""
    numbers = np.array(values, dtype=np.float64)
    return None if np.isinf(numbers).any() else numbers
