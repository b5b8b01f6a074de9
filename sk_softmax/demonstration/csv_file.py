"""A CSV file in pieces of whole rows, for a library to parse; what is wrong with it, by row."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

from sk_softmax.demonstration.errors import CommandError

SEPARATORS = ",;\t|"
"""What may stand between cells: the one that makes most names of the header, else the comma."""

PIECE = 1 << 20
"""Characters to read at once. Parsed as a whole, as text, 65 MB take polars 0.5 GB."""

LONGEST_HEADER = 1 << 20
"""Characters after which a quote in the header that does not end is not waited for."""

LONGEST_CELL = (1 << 31) - 1
"""Longest cell, in characters, that rows are counted with; Python's own limit is 131,072."""

GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Piece:
    """Some rows of a CSV file, in UTF-8 and without a header, and how they are written."""

    data: bytes
    separator: str
    width: int

    def quoted(self) -> Piece:
        """Return the same rows with every cell in quotes.

        A quote inside a cell without quotes, as in 5" pipe, is what polars cannot parse.
        """
        lines, quoted = io.StringIO(self.data.decode()), io.StringIO(newline="")
        with _any_length():
            rows = filter(None, csv.reader(lines, delimiter=self.separator))
            csv.writer(quoted, delimiter=self.separator, quoting=csv.QUOTE_ALL).writerows(rows)
        return replace(self, data=quoted.getvalue().encode())


class CsvFile:
    """A CSV file in UTF-8 with a header, compressed by gzip or not.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    names : list of str
        The header, without spaces around the names.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._opened() as file:
            self._n_header_lines, header = _header(file)
        if not header.strip():
            raise CommandError(f"{path} is empty: a header and at least two rows are needed")
        if "\0" in header:
            raise CommandError(f"{path} is not a CSV file: NUL in line {self._n_header_lines}")
        choices = {mark: _cells(header, mark) for mark in SEPARATORS}
        self._separator = max(choices, key=lambda mark: len(choices[mark]))
        self.names = [name.strip() for name in choices[self._separator]]
        self._n_cells_checked = False

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows below the header, some at a time."""
        line = self._n_header_lines
        with self._opened() as file:
            _skip(file, line)
            for text in _whole_rows(file):
                if "\0" in text:
                    line += text.count("\n", 0, text.index("\0")) + 1
                    raise CommandError(f"{self._path} is not a CSV file: NUL in line {line}")
                line += text.count("\n")
                # From a blank line polars would learn that there is one column.
                if rows := text.lstrip("\n"):
                    yield Piece(rows.encode(), self._separator, len(self.names))

    def check_n_cells(self) -> None:
        """Raise a :class:`CommandError` that names the first row without a cell for each name.

        The libraries do not: polars and pandas fill a row that is too short, and what is said of
        one that is too long names no row or counts from the beginning of a piece.
        """
        if self._n_cells_checked:
            return
        with self._opened() as file, _any_length():
            _skip(file, self._n_header_lines)
            records = filter(None, csv.reader(file, delimiter=self._separator))
            for row, cells in enumerate(records, start=1):
                if len(cells) != len(self.names):
                    raise CommandError(
                        f"{self._path}, row {row} has {len(cells)} values where the header has "
                        f"{len(self.names)}"
                    )
        self._n_cells_checked = True

    @contextmanager
    def _opened(self) -> Iterator[io.TextIOWrapper]:
        """Open the file as text whose lines end in line feeds; explain what cannot be read."""
        try:
            with _binary(self._path) as file, io.TextIOWrapper(file, "utf-8-sig") as text:
                yield text
        except UnicodeDecodeError as error:
            raise CommandError(
                f"{self._path} is not a CSV file in UTF-8: line {_undecodable_line(self._path)} "
                f"has the byte {error.object[error.start]:#04x}"
            ) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CommandError(f"{self._path} cannot be read: {error}") from None


@contextmanager
def _any_length() -> Iterator[None]:
    """Let Python's own parser take cells of any length."""
    usual = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(usual)


@contextmanager
def _binary(path: Path) -> Iterator[BinaryIO]:
    """Open a file, through gzip if it is compressed."""
    with path.open("rb") as raw:
        if raw.peek(2)[:2] == GZIP:
            with gzip.open(raw) as plain:
                yield cast(BinaryIO, plain)
        else:
            yield raw


def _undecodable_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with _binary(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 0


def _header(file: io.TextIOWrapper) -> tuple[int, str]:
    """Return how many lines there are up to the end of the header, and the header."""
    number, text = 0, ""
    for line in file:
        number += 1
        text += line
        if text.count('"') % 2 and len(text) < LONGEST_HEADER:
            continue  # a quoted name goes on in the next line
        # Spreadsheets leave blank lines, or separators alone, above a table.
        if text.strip(' ",;\t|\n'):
            break
        text = ""
    return number, text


def _cells(header: str, separator: str) -> list[str]:
    with _any_length():
        return next(csv.reader(io.StringIO(header), delimiter=separator), [])


def _skip(file: io.TextIOWrapper, n_lines: int) -> None:
    for _ in range(n_lines):
        file.readline()


def _whole_rows(file: io.TextIOWrapper) -> Iterator[str]:
    """Yield a text in pieces that end where a line ends and no quoted cell is open."""
    rest = ""
    while more := file.read(PIECE):
        rest += more
        end = rest.rfind("\n") + 1
        if end and rest.count('"', 0, end) % 2 == 0:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest
