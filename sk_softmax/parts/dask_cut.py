"""Dask collections, and values beside them, cut into parts as rows are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from numbers import Real
from typing import Any

import dask
import dask.array
import numpy as np
from dask.delayed import Delayed

from sk_softmax.parts.dask_places import place_of
from sk_softmax.parts.dask_tasks import call, leaf


def is_frame(values: Any) -> bool:
    """Whether this is a dask frame or series."""
    if isinstance(values, Delayed) or not dask.is_dask_collection(values):
        return False
    return hasattr(values, "npartitions") and hasattr(values, "divisions")


def is_array(values: Any) -> bool:
    """Whether this is a dask array."""
    return isinstance(values, dask.array.Array)


def by_row(values: Any) -> Any:
    """Return an array with all columns of a row in one chunk; anything else as it is."""
    if is_array(values) and values.ndim == 2 and values.numblocks[1] > 1:
        return values.rechunk({1: -1})
    return values


def pieces_of(values: Any) -> list[Any]:
    """Return a delayed object for each part of an array or a frame, whose graph stays as it is.

    Optimised one by one, columns of one source would be read once for each collection.
    """
    return list(np.ravel(values.to_delayed(optimize_graph=False)))


def lengths_of(values: Any) -> tuple[int, ...] | None:
    """Return how many rows each part of a collection has; None if that is unknown."""
    if is_array(values) and not np.isnan(values.chunks[0]).any():
        return tuple(values.chunks[0])
    return None


@dataclass(frozen=True)
class Cut:
    """How rows are divided into parts."""

    n_parts: int
    lengths: tuple[int, ...] | None
    """How many rows each part has; None if that is unknown."""

    @classmethod
    def of(cls, X: Any, others: Iterable[Any]) -> Cut:
        """Return how an array or frame is divided.

        Lengths are counted, which reads all rows, if something in memory is cut by them.
        """
        lengths, pieces = lengths_of(X), pieces_of(X)
        if lengths is None and any(_is_in_memory(values) for values in others):
            tasks = [call(_n_rows, piece, name="length") for piece in pieces]
            lengths = tuple(place_of(tasks).compute(tasks))
        return cls(len(pieces), lengths)

    def pieces(self, values: Any, name: str) -> list[Any]:
        """Return what belongs to the rows of each part: delayed objects, or a value for all."""
        if _is_in_memory(values):
            return self._slices(values, name)
        if is_array(values):
            values = self._rechunked(values, name)
        elif values is None or isinstance(values, Real):
            return [values] * self.n_parts
        elif not is_frame(values):
            raise TypeError(f"{name} is a {type(values).__name__} of dask, not an array or frame.")
        pieces = pieces_of(values)
        if len(pieces) != self.n_parts:
            raise ValueError(
                f"X has {self.n_parts} partitions and {name} has {len(pieces)}: they must be cut "
                f"alike. Build both from one frame, or call {self._remedy(values, name)}."
            )
        return pieces

    def _rechunked(self, values: Any, name: str) -> Any:
        """Return an array that is cut as the rows are, if all lengths are known."""
        lengths = lengths_of(values)
        if self.lengths is None or lengths is None or lengths == self.lengths:
            return values
        self._check_total(sum(lengths), name)
        return values.rechunk({0: self.lengths})

    def _slices(self, values: Any, name: str) -> list[Any]:
        """Return the rows of each part of values that are in memory, as delayed objects."""
        assert self.lengths is not None
        self._check_total(len(values), name)
        some = values.iloc if hasattr(values, "iloc") else values
        edges = [0, *np.cumsum(self.lengths).tolist()]
        return [leaf(some[first:last]) for first, last in pairwise(edges)]

    def _check_total(self, n_rows: int, name: str) -> None:
        """Raise an error unless there are as many rows as X has."""
        assert self.lengths is not None
        if n_rows != sum(self.lengths):
            raise ValueError(f"X has {sum(self.lengths)} rows and {name} has {n_rows}.")

    def _remedy(self, values: Any, name: str) -> str:
        """Return the call that gives both as many partitions."""
        if self.lengths is None:
            return f"compute_chunk_sizes() on X and {name}, as dask arrays"
        if is_array(values):
            return f"{name}.compute_chunk_sizes()"
        return f"{name}.to_dask_array(lengths=True).rechunk(X.chunks[0])"


def _is_in_memory(values: Any) -> bool:
    """Whether these are values of rows in this process."""
    return not (values is None or isinstance(values, Real) or dask.is_dask_collection(values))


def _n_rows(piece: Any) -> int:
    """Return how many rows a part has."""
    return int(piece.shape[0])
