"""Tables as pandas reads them: CSV alone, for Parquet it needs another library itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from sk_softmax.demonstration.columns import MISSING_AS_WRITTEN, Column, Text, finite
from sk_softmax.demonstration.csv_file import Piece
from sk_softmax.demonstration.libraries.interface import Library, NotParsed, Parsed

VERSION = tuple(int(part) for part in pd.__version__.split(".")[:2])

EXACT: dict[str, Any] = {} if VERSION >= (3, 1) else {"float_precision": "round_trip"}
"""How numbers are read as what they are; the default of older versions is 8e-13 off."""


def _parse_csv(piece: Piece, numbers: Sequence[int], texts: Sequence[int]) -> Parsed:
    # pandas measures rows by the first, whose own surplus it drops; of ``usecols`` it drops all.
    whole_row = piece.separator.join("0" * piece.width).encode() + b"\n"
    try:
        frame = pd.read_csv(
            BytesIO(whole_row + piece.data),
            header=None,
            names=range(piece.width),
            index_col=False,
            sep=piece.separator,
            dtype=dict.fromkeys(texts, str),
            na_values=MISSING_AS_WRITTEN,
            keep_default_na=False,
            low_memory=False,
            **(EXACT if numbers else {}),
        ).iloc[1:]
    except pd.errors.ParserError as error:
        raise NotParsed(str(error)) from None
    parsed: Parsed = {i: _text(frame[i]) for i in texts}
    for i in numbers:
        parsed[i] = finite(frame[i]) if frame[i].dtype.kind in "iuf" else None
    return parsed


def _text(series: Any) -> Text:
    codes, distinct = pd.factorize(series)
    return Text(distinct.tolist(), codes.astype("int32"))


def _read_parquet(path: Path, target: str | None) -> list[tuple[str, Column]]:
    raise NotParsed('for Parquet install polars: pip install "sk-softmax[cli]"')


def _parquet_pieces(
    path: Path, target: str | None, cells: int
) -> Iterator[list[tuple[str, Column]]]:
    yield _read_parquet(path, target)


LIBRARY = Library(_parse_csv, _read_parquet, _parquet_pieces)
