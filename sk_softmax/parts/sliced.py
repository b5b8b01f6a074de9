"""Chunks of whatever can be sliced: arrays in memory, in a mapped file, of Zarr or of HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import scipy.sparse as sp

# Bytes of X in a chunk: enough for the time in Python, 1 ms a chunk and pass, to be little.
CHUNK_BYTES = 2**23


class Sliceable(Protocol):
    """An array in memory or elsewhere, whose rows can be sliced."""

    @property
    def shape(self) -> Any:
        """Rows first."""
        ...

    def __getitem__(self, rows: Any, /) -> Any: ...


class Slices:
    """A factory of chunks that are slices of arrays; what is None stays None.

    Parameters
    ----------
    X, y, sample_weight, offset : array-like or None
        Anything with a shape that can be sliced by rows.
    n_bytes : int
        About how many bytes of ``X`` a chunk has at most, but it has whole chunks of its storage.
    """

    def __init__(
        self,
        X: Sliceable,
        y: Sliceable,
        sample_weight: Sliceable | None,
        offset: Sliceable | None,
        n_bytes: int,
    ) -> None:
        arrays = {"X": X, "y": y, "sample_weight": sample_weight, "offset": offset}
        lengths = {name: _length(name, a) for name, a in arrays.items() if a is not None}
        for name, length in lengths.items():
            if length != lengths["X"]:
                raise ValueError(f"X has {lengths['X']} rows and {name} has {length}.")
        self._arrays = tuple(arrays.values())
        self._n_rows = lengths["X"]
        self._step = rows_per_chunk(X, n_bytes)

    def __call__(self) -> Iterator[tuple[Any, ...]]:
        """Yield the chunks of one pass."""
        for first in range(0, self._n_rows, self._step):
            rows = slice(first, min(first + self._step, self._n_rows))
            yield tuple(None if a is None else a[rows] for a in self._arrays)


def _length(name: str, array: Any) -> int:
    if not hasattr(array, "shape") or not len(array.shape):
        raise TypeError(
            f"{name} has to be something with a shape that can be sliced, such as an array, and "
            f"is a {type(array).__name__}."
        )
    return int(array.shape[0])


def rows_per_chunk(X: Any, n_bytes: int) -> int:
    """Return how many rows have at most so many bytes, in whole chunks of the storage of ``X``.

    A storage chunk that is cut would be read, and decompressed, twice.
    """
    n_rows = X.shape[0]
    if sp.issparse(X):
        row_bytes = 12 * X.nnz / max(n_rows, 1)  # a value and its index
    else:
        row_bytes = 8 * X.shape[1] if len(X.shape) > 1 else 8
    step = max(int(n_bytes / max(row_bytes, 1)), 1)
    stored = getattr(X, "chunks", None)
    if stored and isinstance(stored[0], int):
        step = max(step // stored[0], 1) * stored[0]
    return step
