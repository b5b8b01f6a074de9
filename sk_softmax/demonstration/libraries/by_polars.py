"""Tables as polars reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from sk_softmax.demonstration.columns import MISSING_AS_WRITTEN, Column, Text, finite
from sk_softmax.demonstration.csv_file import Piece
from sk_softmax.demonstration.libraries.interface import Library, NotParsed, Parsed

CELLS_AT_ONCE = 1_000_000
"""Cells of a Parquet file to read at once: the frame is held beside what is made of it. One column
after another would take 18 s where there are 3,000 columns, and 1 s all of them."""

TEXT = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Datetime, pl.Time)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except PolarsError as error:
        raise NotParsed(str(error).partition("\n")[0]) from None


def _parse_csv(piece: Piece, numbers: Sequence[int], texts: Sequence[int]) -> Parsed:
    names = [f"column_{i}" for i in range(piece.width)]  # others are refused without a header
    with _explained():
        frame = pl.read_csv(
            BytesIO(piece.data),
            has_header=False,
            separator=piece.separator,
            schema=dict.fromkeys(names, pl.String),
            columns=[names[i] for i in sorted([*numbers, *texts])],
            null_values=MISSING_AS_WRITTEN,
        )
    parsed: Parsed = {i: _text(frame[names[i]]) for i in texts}
    for i in numbers:
        written = frame[names[i]]
        column = written.cast(pl.Float64, strict=False)
        parsed[i] = finite(column) if column.null_count() == written.null_count() else None
    return parsed


def _read_parquet(path: Path, target: str | None) -> list[tuple[str, Column]]:
    with _explained():
        names = list(pl.read_parquet_schema(path))
        n_rows = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        at_once = max(1, CELLS_AT_ONCE // max(1, n_rows))
        columns = []
        for start in range(0, len(names), at_once):
            wanted = names[start : start + at_once]
            frame = pl.read_parquet(path, columns=wanted, glob=False)
            columns += [(name, _column(frame[name], name == target)) for name in wanted]
    return columns


def _column(series: Any, as_written: bool) -> Column:
    """Return a column of a Parquet file as numbers or as text, as its type is."""
    kind = series.dtype
    if kind in TEXT:
        return _text(series.cast(pl.String), literal=True)
    if not kind.is_numeric() and kind != pl.Null:
        raise NotParsed(f"column {series.name!r} is of type {kind}, not of numbers or text")
    if as_written:
        return _text(series.cast(pl.String))
    numbers = finite(series.cast(pl.Float64))
    if numbers is None:
        raise NotParsed(f"column {series.name!r} holds an infinity")
    return numbers


def _text(series: Any, literal: bool = False) -> Text:
    distinct = series.drop_nulls().unique(maintain_order=True)
    codes = series.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).fill_null(-1)
    return Text(distinct.to_list(), np.array(codes), literal)


def _parquet_pieces(
    path: Path, target: str | None, cells: int
) -> Iterator[list[tuple[str, Column]]]:
    with _explained():
        names = list(pl.read_parquet_schema(path))
        file = pl.scan_parquet(path, glob=False)
        n_rows = file.select(pl.len()).collect().item()
    length = max(1, cells // max(1, len(names)))
    for first in range(0, max(n_rows, 1), length):
        with _explained():
            frame = file.slice(first, length).collect()
            piece = [(name, _column(frame[name], name == target)) for name in names]
        yield piece


LIBRARY = Library(_parse_csv, _read_parquet, _parquet_pieces)
