"""What a library that reads tables must do for the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sk_softmax.demonstration.columns import Column
from sk_softmax.demonstration.csv_file import Piece

Parsed = dict[int, Column | None]
"""Columns by position; None is a column that was to hold numbers and does not."""


class NotParsed(Exception):
    """A library cannot make columns of a file; the message says why."""


class Library(NamedTuple):
    """How a library reads the two kinds of files.

    ``parse_csv(piece, numbers, texts)`` parses rows of a CSV file: the columns at the positions
    ``numbers`` as floats, those at ``texts`` as they are written. ``read_parquet(path, target)``
    returns names and columns of a Parquet file by the types that it states, and its column
    ``target`` as it is written, for not every whole number above 2**53 is a float.
    ``parquet_pieces(path, target, cells)`` yields the same for some rows after the other, about so
    many cells at a time. All raise :class:`NotParsed` if there is something wrong with the file.
    """

    parse_csv: Callable[[Piece, Sequence[int], Sequence[int]], Parsed]
    read_parquet: Callable[[Path, str | None], list[tuple[str, Column]]]
    parquet_pieces: Callable[[Path, str | None, int], Iterator[list[tuple[str, Column]]]]
