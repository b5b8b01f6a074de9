"""Passes over a user's chunks: every one has the rows of the first."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

import numpy as np

from sk_softmax.parts.chunked import Chunks
from sk_softmax.parts.given import GivenPart
from sk_softmax.parts.reading_speed import ReadingSpeed

ENTRIES = "(X, y), (X, y, sample_weight) or (X, y, sample_weight, offset)"


class ChunkPasses:
    """Reads chunks as parts, from the first to the last in each pass.

    Parameters
    ----------
    chunks : Chunks
        Where they come from.

    Attributes
    ----------
    speed : ReadingSpeed
        What has been read.
    """

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._begun: tuple[GivenPart, Iterator[Any]] | None = None
        self._like: _Form | None = None
        self._n_rows: list[int] | None = None
        self.speed = ReadingSpeed()

    def first(self) -> GivenPart:
        """Return the first chunk. The pass that it begins is the next that is read."""
        passed = iter(self._chunks)
        for chunk in passed:
            part = part_of_chunk(chunk, 0)
            self._like = _Form(part)
            self._begun = part, passed
            return part
        raise ValueError(
            "The first pass over the chunks ended before any chunk. If they come from an iterator "
            "that was used before, pass the function that makes it: Chunks(read) and not "
            "Chunks(read())."
        )

    def read(self) -> Generator[GivenPart]:
        """Yield the chunks of one pass; an error says where it differs from the first pass."""
        n_rows: list[int] = []
        self.speed.begin_pass()
        with closing(self._parts()) as parts:
            for part in parts:
                n_rows.append(n_rows_of(part.X))
                self._check_length(n_rows)
                yield part
                del part  # before the next is read
                self.speed.add(n_rows[-1])
        if self._n_rows is not None and len(n_rows) < len(self._n_rows):
            raise ValueError(_ended_early(len(n_rows), len(self._n_rows)))
        self._n_rows = n_rows
        self.speed.end_pass()

    def _parts(self) -> Generator[GivenPart]:
        """Yield the chunks of one pass as parts, the one that was begun if there is one."""
        begun, self._begun = self._begun, None
        number, chunks = (0, iter(self._chunks)) if begun is None else (1, begun[1])
        try:
            if begun is not None:
                yield begun[0]
                del begun
            for chunk in chunks:
                part = part_of_chunk(chunk, number)
                del chunk
                if self._like is not None:
                    self._like.check(part)
                yield part
                del part
                number += 1
        finally:
            if hasattr(chunks, "close"):  # a generator
                chunks.close()

    def _check_length(self, n_rows: list[int]) -> None:
        """Raise an error if the last of some chunks is not as long as in the first pass."""
        known, last = self._n_rows, len(n_rows) - 1
        if known is None:
            return
        if last == len(known):
            raise ValueError(
                f"There are more than the {len(known)} chunks of the first pass: {SAME_ROWS}"
            )
        if known[last] != n_rows[last]:
            raise ValueError(
                f"Chunk {last} has {n_rows[last]} rows in this pass and had {known[last]} in the "
                f"first: {SAME_ROWS}"
            )


SAME_ROWS = "every pass has to read the same rows in the same order."


def _ended_early(n_chunks: int, n_known: int) -> str:
    """Return what to say of a pass with fewer chunks than the first."""
    if n_chunks == 0:
        return (
            f"The first pass had {n_known} chunks, and this one has none: the iterator is used "
            "up. The factory has to return a new one in each call, as a generator function does."
        )
    return f"The first pass had {n_known} chunks, and this one has {n_chunks}: {SAME_ROWS}"


class _Form:
    """What all chunks have in common with the first: names of columns, and weights or none."""

    def __init__(self, first: GivenPart) -> None:
        self._columns = columns_of(first.X)
        self._has = _optional(first)

    def check(self, part: GivenPart) -> None:
        """Raise an error that names the chunk if it has another form."""
        columns = columns_of(part.X)
        if columns != self._columns:
            raise ValueError(
                f"Chunk {part.number} has the columns {columns}, and chunk 0 has {self._columns}: "
                "all chunks need the same columns in the same order."
            )
        for name, has in _optional(part).items():
            if has != self._has[name]:
                which = f"chunk {part.number} has" if has else "chunk 0 has"
                raise ValueError(
                    f"Of chunks 0 and {part.number} only {which} a {name}: all chunks need one "
                    "or none."
                )


def _optional(part: GivenPart) -> dict[str, bool]:
    return {
        "sample_weight": part.sample_weight is not None,
        "offset": part.offset is not None,
    }


def part_of_chunk(chunk: Any, number: int) -> GivenPart:
    """Return a chunk as a part of this number; it is an error if it is none."""
    if not isinstance(chunk, tuple | list):
        raise TypeError(
            f"Chunk {number} is a {type(chunk).__name__}, and a chunk is a tuple {ENTRIES}."
        )
    if not 2 <= len(chunk) <= 4:
        raise ValueError(f"Chunk {number} has {len(chunk)} entries, and a chunk is {ENTRIES}.")
    X, *others = chunk
    dtype = getattr(X, "dtype", None)
    if dtype is not None and not isinstance(dtype, np.dtype):
        X = np.asarray(X)  # a tensor of another library: NumPy keeps its width
    return GivenPart(number, X, *others)


def n_rows_of(X: Any) -> int:
    """Return how many rows there are."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def columns_of(X: Any) -> list[Any] | None:
    """Return the names of a frame's columns; None for anything else."""
    columns = getattr(X, "columns", None)
    return None if columns is None or callable(columns) else list(columns)
