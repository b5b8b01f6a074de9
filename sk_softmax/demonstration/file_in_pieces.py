"""A CSV or Parquet file of numbers, some rows at a time, as often as they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sk_softmax.demonstration.columns import (
    Column,
    Numbers,
    Text,
    as_number,
    cleaned,
    understood,
)
from sk_softmax.demonstration.csv_file import CsvFile, Piece
from sk_softmax.demonstration.errors import CommandError
from sk_softmax.demonstration.libraries import NotParsed, installed_library
from sk_softmax.demonstration.reading import PARQUET, checked_target, parsed_piece

CELLS = 2**20
"""Cells of a Parquet file to read at once."""


@dataclass(frozen=True)
class SomeRows:
    """Rows of a file one after the other."""

    first: int
    """Number of the first of them, those without a label counted too."""

    X: Numbers
    """Shape ``(n_rows, n_features)``, NaN where a value is missing."""

    labels: Text
    """As they are written."""


class FileInPieces:
    """A file whose columns hold numbers, besides that of labels.

    Parameters
    ----------
    path : Path
        A CSV file with a header, or a Parquet file.
    target : str or None
        The column of labels.

    Attributes
    ----------
    names : list of str
        The features, known once a piece has been read.
    """

    def __init__(self, path: Path, target: str | None) -> None:
        self.path, self.target, self._given_target = path, str(target), target
        self.names: list[str] = []
        if path.exists() and not path.is_file():
            raise CommandError(f"{path} cannot be read: it is not a regular file")
        self._library_name, self._library = installed_library(path)
        # Columns of a CSV file that a library does not take for numbers, read as they are written.
        self._as_text: set[int] = set()

    def pieces(self) -> Iterator[SomeRows]:
        """Yield the rows from the first to the last, some at a time."""
        first = 0
        for columns in self._explained(self._columns()):
            labels = columns.pop(self.target)
            assert isinstance(labels, Text)
            self.names = list(columns)
            if not self.names:
                raise CommandError(f"{self.path} has no column besides the target {self.target!r}")
            X = np.column_stack([self._numbers(name, columns[name]) for name in self.names])
            yield SomeRows(first, X, labels)
            first += len(X)
        if not first:
            raise CommandError(f"{self.path} is empty: a header and at least two rows are needed")

    def _columns(self) -> Iterator[dict[str, Column]]:
        """Yield the columns of some rows by name."""
        with self.path.open("rb") as file:
            is_parquet = file.read(len(PARQUET)) == PARQUET
        if is_parquet:
            for piece in self._library.parquet_pieces(self.path, self.target, CELLS):
                checked_target(self.path, [name for name, _ in piece], self._given_target)
                yield {name: cleaned(column) for name, column in piece}
            return
        file_of_text = CsvFile(self.path)
        target = file_of_text.names.index(
            checked_target(self.path, file_of_text.names, self._given_target)
        )
        for text in file_of_text.pieces():
            yield self._of_csv(file_of_text, text, target)

    def _of_csv(self, file: CsvFile, piece: Piece, target: int) -> dict[str, Column]:
        """Return the columns of some rows of a CSV file by name."""
        features = [i for i in range(len(file.names)) if i != target]
        numbers = [i for i in features if i not in self._as_text]
        written = [target, *sorted(self._as_text)]
        parsed = parsed_piece(file, piece, self._library, numbers, written)
        more = [i for i in numbers if parsed[i] is None]
        if more:
            self._as_text.update(more)
            parsed |= parsed_piece(file, piece, self._library, [], more)
        columns = {name: parsed[i] for i, name in enumerate(file.names)}
        found = {name: cleaned(column) for name, column in columns.items() if column is not None}
        return {
            name: column if name == self.target else understood(column)
            for name, column in found.items()
        }

    def _numbers(self, name: str, column: Column) -> Numbers:
        """Return a column of numbers; it is an error if it is one of text."""
        if isinstance(column, Text) and (column.codes >= 0).any():
            strange = (value for value in column.distinct if as_number(value) is None)
            raise CommandError(
                f"{self.path}: column {name!r} holds text, such as {next(strange, '')!r}, and a "
                "file that is read in chunks needs numbers: encode it first, or leave it out"
            )
        return np.full(len(column), np.nan) if isinstance(column, Text) else column

    def _explained(self, columns: Iterator[dict[str, Column]]) -> Iterator[dict[str, Column]]:
        """Yield the same; what cannot be read is a :class:`CommandError`."""
        try:
            yield from columns
        except FileNotFoundError:
            raise CommandError(f"{self.path} does not exist") from None
        except OSError as error:
            message = error.strerror or error
            raise CommandError(f"{self.path} cannot be read: {message}") from None
        except NotParsed as error:
            raise CommandError(
                f"{self.path} cannot be read by {self._library_name}: {error}"
            ) from None
