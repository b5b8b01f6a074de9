"""Columns that no classifier can learn from: found by their values, left out, and named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.one_line import on_one_line
from sk_softmax.demonstration.table import Table

NO_NAME = re.compile(r"|Unnamed: \d+|__index_level_\d+__")
"""Names of an index that a library wrote as a column."""

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""The words of a name: ``customer_id`` and ``PassengerId`` have two, ``paid`` has one."""

ID_WORDS, ID_NAMES = {"id", "uid", "guid", "uuid", "rowid"}, {"index", "key", "row"}
"""Words with which the name of an identifier begins or ends, and words that are one alone."""

NAMED = 10
"""Most columns to name that are left out for the same reason."""

MANY_ROWS = 100
"""Rows from which whole numbers that grow by one a row are taken for the number of the row."""

SOME_ROWS = 20
"""Known values from which their variety tells free text and identifiers from categories."""

DISTINCT, MIXED = 0.95, 0.5
"""Share of distinct values from which text is an identifier, and from which long text is free."""

WORDS, LENGTH = 3.0, 50
"""Words or characters, in the mean, from which text is long."""

MOST_DATES = 0.95
"""Share of distinct values that are dates in a column of dates."""

MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
TIME = r"([ T]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)?"
DATE = re.compile(
    rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](\d{{4}}|\d{{2}})"
    rf"|(\d{{1,2}}[ -])?{MONTH}[ -](\d{{1,2}},? +)?\d{{2,4}}){TIME}"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m)?",
    re.IGNORECASE,
)
"""Dates, with a time of day or without, and times of day."""


def without_useless(table: Table, keep: Sequence[str] = ()) -> tuple[Table, dict[str, str]]:
    """Return a table without its useless columns, and why each of them is useless, by name.

    Parameters
    ----------
    table : Table
        As it was read.
    keep : sequence of str
        Names of columns to keep whatever they hold.

    Raises
    ------
    CommandError
        If one of these names is no column, or if no column is left.
    """
    for name in keep:
        if name not in table.names:
            raise CommandError(f"--keep {name!r}: there is no such column beside the target")
    numeric = set(table.numeric)
    why: dict[str, str] = {}
    for j, name in enumerate(table.names):
        column = table.X[:, j]
        reason = _of_numbers(name, column) if j in numeric else _of_text(name, column)
        if reason and name not in keep:
            why[name] = reason
    if len(why) == len(table.names):
        raise CommandError(
            f"no column is left to learn from: {'; '.join(_named(why))}. --keep COLUMN keeps one"
        )
    return (_of_columns(table, why) if why else table), why


def described(why: dict[str, str]) -> list[str]:
    """Return lines that name the columns left out, and why."""
    if not why:
        return []
    return ["Left out (--keep COLUMN keeps one):", *(f"  {line}" for line in _named(why))]


def _named(why: dict[str, str]) -> list[str]:
    """Return a line for each reason, with the first of the columns that it is the reason for."""
    names: dict[str, list[str]] = {}
    for name, reason in why.items():
        names.setdefault(reason, []).append(on_one_line(name) or "(no name)")
    lines = []
    for reason, columns in names.items():
        more = f" and {len(columns) - NAMED} more" if len(columns) > NAMED else ""
        lines.append(f"{', '.join(columns[:NAMED])}{more}: {reason}")
    return lines


def _of_columns(table: Table, why: dict[str, str]) -> Table:
    """Return a table without these columns."""
    kept = [j for j, name in enumerate(table.names) if name not in why]
    new = {old: position for position, old in enumerate(kept)}
    text = [new[j] for j in table.text if j in new]
    X = table.X[:, kept]
    return replace(
        table,
        names=[table.names[j] for j in kept],
        numeric=[new[j] for j in table.numeric if j in new],
        text=text,
        X=X if text else X.astype(np.float64),
        n_missing=int((X != X).sum()),  # NaN is no number, in an array of objects too
    )


def _of_numbers(name: str, column: NDArray[Any]) -> str | None:
    """Return why a column of numbers is useless; None if it may be useful."""
    numbers = column.astype(np.float64)
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return "no value in any row"
    if known.min() == known.max():
        return "one value in all rows"
    if not (known == np.floor(known)).all():
        return None
    if _are_dates(known):
        return "dates"
    if len(np.unique(known)) < len(numbers):
        return None
    if reason := _of_distinct(name):
        return reason
    is_row = len(numbers) >= MANY_ROWS and (np.diff(numbers) == 1).all()
    return "the number of the row" if is_row else None


def _of_distinct(name: str) -> str | None:
    """Return why a column that has another value in every row is useless, by its name."""
    if NO_NAME.fullmatch(name):
        return "an index without a name of its own, another value in every row"
    if _is_id(name):
        return "an identifier, another value in every row"
    return None


def _is_id(name: str) -> bool:
    """Whether a name is that of an identifier."""
    words = [word.lower() for word in WORD.findall(name)]
    is_one = bool(words) and (words[0] in ID_WORDS or words[-1] in ID_WORDS)
    return is_one or (len(words) == 1 and words[0] in ID_NAMES)


def _are_dates(numbers: NDArray[np.float64]) -> bool:
    """Whether whole numbers are dates such as 20201231, of at least three days."""
    distinct = np.unique(numbers)
    if len(distinct) < 3 or distinct[0] < 19000101 or distinct[-1] > 21001231:
        return False
    month, day = distinct // 100 % 100, distinct % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def _of_text(name: str, column: NDArray[Any]) -> str | None:
    """Return why a column of text, NaN where missing, is useless; None if it may be useful."""
    known = [value for value in column.tolist() if isinstance(value, str)]
    distinct = set(known)
    if not distinct:
        return "no value in any row"
    if len(distinct) == 1 and len(known) == len(column):
        return "one value in all rows"
    dates = sum(DATE.fullmatch(value.strip()) is not None for value in distinct)
    if dates >= MOST_DATES * len(distinct):
        return "dates"
    share = len(distinct) / len(known)
    if len(known) >= SOME_ROWS and share >= MIXED and _is_long(distinct):
        return f"free text, {len(distinct)} different values"
    if share == 1 and (reason := _of_distinct(name)):
        return reason
    if len(known) >= SOME_ROWS and share >= DISTINCT:
        return f"an identifier, {len(distinct)} different values in {len(known)} rows"
    return None


def _is_long(values: set[str]) -> bool:
    words = sum(len(value.split()) for value in values) / len(values)
    return words >= WORDS or sum(map(len, values)) / len(values) >= LENGTH
