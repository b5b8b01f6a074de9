"""A CSV or Parquet file as named columns, read by whichever library is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from sk_softmax.demonstration.columns import (
    Column,
    Growing,
    Numbers,
    Text,
    as_number,
    cleaned,
    is_missing,
    understood,
)
from sk_softmax.demonstration.csv_file import CsvFile, Piece
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.libraries import Library, NotParsed, Parsed, installed_library

PARQUET = b"PAR1"
"""How a Parquet file begins."""

NAMES_SHOWN = 20
"""Most names of columns in a message."""


def read_columns(path: Path, target: str | None) -> dict[str, Column]:
    """Return the columns of a file by name, the target as it is written.

    In a CSV file a column holds numbers if every cell that is not missing is a finite number.
    """

    def from_parquet(library: Library) -> dict[str, Column]:
        pairs = library.read_parquet(path, target)
        checked_target(path, [name for name, _ in pairs], target)
        return {name: cleaned(column) for name, column in pairs}

    return _read(path, from_parquet, partial(_read_csv, path, target))


def read_features(path: Path, numbers: Sequence[str], texts: Sequence[str]) -> dict[str, Column]:
    """Return some columns of a file by name: numbers, and text as it is written.

    Raises
    ------
    CommandError
        If a column is not there, or does not hold what it is to hold.
    """
    wanted = [*numbers, *texts]

    def from_parquet(library: Library) -> dict[str, Column]:
        pairs = library.read_parquet(path, None)
        _check_wanted(path, [name for name, _ in pairs], wanted)
        there = {name: cleaned(column) for name, column in pairs if name in set(wanted)}
        # A column without any value may have no type, and is read as one of numbers.
        empty = {name for name in texts if is_missing(there[name]).all()}
        nothing = {name: Text([], np.full(len(there[name]), -1, np.int32)) for name in empty}
        return there | nothing

    def from_csv(library: Library) -> dict[str, Column]:
        file = CsvFile(path)
        _check_wanted(path, file.names, wanted)
        at = {name: file.names.index(name) for name in wanted}
        as_numbers, as_texts = [at[name] for name in numbers], [at[name] for name in texts]
        columns = _read_once(file, library, as_numbers, as_texts)
        again = [i for i in as_numbers if i not in columns]
        if again:
            written = _read_once(file, library, [], again)
            columns |= {i: understood(cleaned(column)) for i, column in written.items()}
        return {name: cleaned(columns[i]) for name, i in at.items()}

    columns = _read(path, from_parquet, from_csv)
    if not len(columns[wanted[0]]):
        raise CommandError(f"{path} has no rows to predict")
    for name in wanted:
        _check_kind(path, name, columns[name], is_text=name in set(texts))
    return columns


def _check_kind(path: Path, name: str, column: Column, *, is_text: bool) -> None:
    """Raise a :class:`CommandError` for text in place of numbers, or numbers in place of text."""
    if isinstance(column, Text) == is_text:
        return
    holds = "numbers"
    if isinstance(column, Text):
        strange = (value for value in column.distinct if as_number(value) is None)
        holds = repr(next(strange, "text"))
    raise CommandError(
        f"{path}: column {name!r} holds {holds}, and held {'text' if is_text else 'numbers'} in "
        "the file of the fit"
    )


def _read(
    path: Path,
    from_parquet: Callable[[Library], dict[str, Column]],
    from_csv: Callable[[Library], dict[str, Column]],
) -> dict[str, Column]:
    """Read a file with the first library that is installed; explain what cannot be read."""
    if path.exists() and not path.is_file():
        raise CommandError(f"{path} cannot be read: it is not a regular file")
    try:
        with path.open("rb") as file:
            begin = file.read(len(PARQUET))
        reader, library = installed_library(path)
        return (from_parquet if begin == PARQUET else from_csv)(library)
    except FileNotFoundError:
        raise CommandError(f"{path} does not exist") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}") from None
    except NotParsed as error:
        raise CommandError(f"{path} cannot be read by {reader}: {error}") from None


def _check_wanted(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise a :class:`CommandError` if a column is not there, or stands there twice."""
    _check_once(path, names)
    missing = [name for name in wanted if name not in set(names)]
    if missing:
        raise CommandError(
            f"{path} has no column {_shown(missing)}, which the model needs; it has: "
            f"{_shown(names)}"
        )


def checked_target(path: Path, names: Sequence[str], target: str | None) -> str:
    """Return the target, if it is one of the names and none stands twice."""
    shown = _shown(names)
    _check_once(path, names)
    if target is None:
        raise CommandError(f"--target is needed to name one of the columns: {shown}")
    if target not in names:
        raise CommandError(f"{path} has no column {target!r}; it has: {shown}")
    return target


def _check_once(path: Path, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise CommandError(f"{path} has more than one column named {twice!r}")


def _shown(names: Sequence[str]) -> str:
    """Return the first of some names."""
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _read_csv(path: Path, target: str | None, library: Library) -> dict[str, Column]:
    file = CsvFile(path)
    at_target = file.names.index(checked_target(path, file.names, target))
    features = [i for i in range(len(file.names)) if i != at_target]
    columns = _read_once(file, library, features, [at_target])
    if not len(columns[at_target]):
        raise CommandError(f"{path} is empty: a header and at least two rows are needed")
    columns[at_target] = cleaned(columns[at_target])
    # What was to hold numbers and does not, or holds a missing value that the library does not
    # know as one, is read again as it is written.
    texts = [i for i in features if i not in columns]
    if texts:
        written = _read_once(file, library, [], texts)
        columns |= {i: understood(cleaned(column)) for i, column in written.items()}
    return {name: columns[i] for i, name in enumerate(file.names)}


def _read_once(
    file: CsvFile, library: Library, numbers: Sequence[int], texts: Sequence[int]
) -> dict[int, Column]:
    """Return columns of a CSV file by position, without those that turn out not to be numbers."""
    columns = {i: Growing() for i in (*numbers, *texts)}
    for piece in file.pieces():
        still_numbers = [i for i in numbers if i in columns]
        for i, part in parsed_piece(file, piece, library, still_numbers, texts).items():
            if part is None:
                del columns[i]
            else:
                columns[i].append(part)
    return {i: column.whole() for i, column in columns.items()}


def parsed_piece(
    file: CsvFile,
    piece: Piece,
    library: Library,
    numbers: Sequence[int],
    texts: Sequence[int],
) -> Parsed:
    """Parse a piece; where the library refuses it or fills rows that are too short, say which."""
    try:
        parsed = library.parse_csv(piece, numbers, texts)
    except NotParsed:
        file.check_n_cells()
        parsed = library.parse_csv(piece.quoted(), numbers, texts)
    last = parsed.get(piece.width - 1, _NONE_MISSING)
    if last is None or is_missing(last).any():
        file.check_n_cells()
    return parsed


_NONE_MISSING: Numbers = np.zeros(0)
