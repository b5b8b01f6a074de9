"""Tables as pyarrow reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet, types

from sk_softmax.demonstration.columns import MISSING_AS_WRITTEN, Column, Growing, Text, finite
from sk_softmax.demonstration.csv_file import Piece
from sk_softmax.demonstration.libraries.interface import Library, NotParsed, Parsed

NUMBERS = (types.is_integer, types.is_floating, types.is_decimal, types.is_null)

TEXT = (
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    types.is_boolean,
    types.is_date,
    types.is_time,
    types.is_timestamp,
)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        raise NotParsed(str(error).partition("\n")[0]) from None


def _parse_csv(piece: Piece, numbers: Sequence[int], texts: Sequence[int]) -> Parsed:
    wanted = [str(i) for i in sorted([*numbers, *texts])]
    # A row that is longer than a block is refused: the piece is one block.
    names = csv.ReadOptions(
        column_names=[str(i) for i in range(piece.width)], block_size=len(piece.data) + 1
    )
    cells = csv.ParseOptions(delimiter=piece.separator, newlines_in_values=True)
    values = csv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()),
        include_columns=wanted,
        null_values=MISSING_AS_WRITTEN,
        strings_can_be_null=True,
    )
    with _explained():
        table = csv.read_csv(BytesIO(piece.data), names, cells, values)
    parsed: Parsed = {i: _text(table[str(i)].combine_chunks()) for i in texts}
    for i in numbers:
        try:
            parsed[i] = finite(table[str(i)].cast(pa.float64()))
        except pa.ArrowInvalid:
            parsed[i] = None
    return parsed


def _read_parquet(path: Path, target: str | None) -> list[tuple[str, Column]]:
    with _explained():
        file = parquet.ParquetFile(path, pre_buffer=False)
        names = file.schema_arrow.names
        columns = [Growing() for _ in names]
        for batch in file.iter_batches():
            for name, column, part in zip(names, columns, batch.columns, strict=True):
                column.append(_column(name, part, name == target))
    return [(name, column.whole()) for name, column in zip(names, columns, strict=True)]


def _column(name: str, column: Any, as_written: bool) -> Column:
    """Return a column of a Parquet file as numbers or as text, as its type is."""
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if any(is_kind(column.type) for is_kind in TEXT):
        return _text(column.cast(pa.string()), literal=True)
    if not any(is_kind(column.type) for is_kind in NUMBERS):
        raise NotParsed(f"column {name!r} is of type {column.type}, not of numbers or text")
    if as_written:
        return _text(column.cast(pa.string()))
    numbers = finite(column.cast(pa.float64(), safe=False))
    if numbers is None:
        raise NotParsed(f"column {name!r} holds an infinity")
    return numbers


def _text(column: Any, literal: bool = False) -> Text:
    encoded = column.dictionary_encode()
    codes = np.array(encoded.indices.fill_null(-1))
    return Text(encoded.dictionary.to_pylist(), codes, literal)


def _parquet_pieces(
    path: Path, target: str | None, cells: int
) -> Iterator[list[tuple[str, Column]]]:
    with _explained():
        file = parquet.ParquetFile(path, pre_buffer=False)
        names = file.schema_arrow.names
        length = max(1, cells // max(1, len(names)))
        batches = file.iter_batches(batch_size=length)
    while True:
        with _explained():
            batch = next(batches, None)
            if batch is None:
                return
            parts = zip(names, batch.columns, strict=True)
            piece = [(name, _column(name, part, name == target)) for name, part in parts]
        yield piece


LIBRARY = Library(_parse_csv, _read_parquet, _parquet_pieces)
