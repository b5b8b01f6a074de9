"""Rows in memory, in blocks small enough to stay in cache, summed in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk_softmax.interfaces import Array, Block, Index
from sk_softmax.rows.summing import SummedInBlocks, block_bounds

# Numbers, n_rows * n_columns, in a block of rows that are gathered by their indices: 8 MiB in
# float64.
NUMBERS_GATHERED = 2**20

# Rows of few columns are gathered up to so many numbers, 1 MiB in float64, but so many rows at a
# time. A duality gap that moves probability in 62,500 rows of 10 features took 12.7 ms with all of
# them in one block, 8.9 so, and 7.4 on two threads.
SHORT_GATHERED, LEAST_GATHERED = 2**17, 4096


def picked(X: Any, rows: Index) -> Any:
    """Return some rows of a matrix, in its format."""
    # By ``take`` 62,500 of 1,000,000 rows of 10 features took 1.3 ms, and by an index 4.2; 12,500
    # of 200,000 rows of 54 features 1.0 and 1.5. But of an array that is not stored by rows it
    # copies all.
    is_by_rows = isinstance(X, np.ndarray) and X.flags.c_contiguous and X.flags.aligned
    return X.take(rows, axis=0) if is_by_rows and isinstance(rows, np.ndarray) else X[rows]


def with_weight(X: Any, weights: Array) -> tuple[Any, Array]:
    """Return the rows whose weight is not zero, and their weights.

    Their shapes are ``(n_rows, n_features)`` and ``(n_rows,)``.
    """
    kept = np.flatnonzero(weights)
    return (X, weights) if len(kept) == len(weights) else (picked(X, kept), weights[kept])


class BlockedRows(SummedInBlocks):
    """All rows of a matrix of shape ``(n_rows, n_features)``, float32 or float64, in blocks.

    A subclass defines how many rows a block holds and which class a block has.

    Parameters
    ----------
    X : array, CSR or CSC matrix
        The rows.
    n_outputs : int
        How many logits each row will have. It limits the rows of a block, so that the logits of
        a block stay few.
    has_intercept : bool
        Whether a constant last column is implied.
    n_threads : int
        How many threads sum blocks.
    dtype : dtype, optional
        The width in which blocks are computed, by default that of ``X``. Blocks of float64 rows
        can be narrowed to float32 in cache, which costs far less than products in float64: on
        MNIST an evaluation took 41 ms with narrowing, 39 ms from rows that were float32 already,
        and 76 ms in float64.
    shift : ndarray of shape (n_features,), optional
        What is subtracted from each row as it is read.
    """

    def __init__(
        self,
        X: Any,
        n_outputs: int,
        *,
        has_intercept: bool,
        n_threads: int,
        dtype: DTypeLike | None = None,
        shift: Array | None = None,
    ) -> None:
        self.n_rows, self.n_features = X.shape
        self.n_columns = self.n_features + has_intercept
        self.dtype = X.dtype if dtype is None else np.dtype(dtype)
        self._X = X
        self._n_outputs = n_outputs
        self._has_intercept = has_intercept
        self.n_threads = n_threads
        self._shift = None if shift is None else shift.astype(X.dtype, copy=False)
        self._cuts: dict[int, list[slice]] = {}

    def take(self, indices: NDArray[np.intp]) -> Block:
        """Return the rows of these indices as one block."""
        return self.gathered(indices, indices)

    def subset(self, indices: NDArray[np.intp]) -> SubsetRows:
        """Return the rows of these indices as rows, gathered a block at a time when read."""
        return SubsetRows(self, indices)

    def narrowed(self) -> Self:
        """Return the same rows in float32, narrowed block by block as they are read."""
        return self._like(self._X, np.float32, self._shift)

    def widened(self) -> Self:
        """Return the same rows in float64, widened block by block as they are read."""
        return self._like(self._X, np.float64, self._shift)

    def copied(self, indices: NDArray[np.intp]) -> BlockedRows:
        """Return the rows of these indices, copied in float32."""
        with np.errstate(over="ignore"):
            X = self.values(indices).astype(np.float32, copy=False)
        return self._like(X, np.float32, None)

    def columns(self, features: NDArray[np.intp]) -> Self:
        """Return the rows with these features alone.

        A copy, unless all features are asked for.
        """
        if len(features) == self.n_features:
            return self
        with np.errstate(over="ignore"):
            return self._like(self.values(features=features), self.dtype, None)

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features can be shifted, shape ``(n_features,)``: all."""
        return np.ones(self.n_features, dtype=bool)

    def shifted(self, shift: Array) -> Self:
        """Return the rows less ``shift``, shape ``(n_features,)``, subtracted as they are read."""
        assert self._shift is None
        return self._like(self._X, self.dtype, shift)

    def _like(self, X: Any, dtype: DTypeLike, shift: Array | None) -> Self:
        """Return rows of the same class and settings, of another matrix or in another width."""
        return type(self)(
            X,
            self._n_outputs,
            has_intercept=self._has_intercept,
            n_threads=self.n_threads,
            dtype=dtype,
            shift=shift,
        )

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Any:
        """Return some rows or some features, shifted, in the width of the rows.

        The result has shape ``(n_rows, n_features)`` and the format of the matrix.
        """
        raise NotImplementedError

    def most_rows(self) -> int:
        """Return the most rows a block may hold: those with 2^20 logits, and at least 64."""
        return max(2**20 // self._n_outputs, 64)

    def _cut(self, rows_per_block: int) -> list[slice]:
        if rows_per_block not in self._cuts:
            length = max(min(rows_per_block, self.most_rows()), self._rows_per_block())
            self._cuts[rows_per_block] = block_bounds(self.n_rows, length)
        return self._cuts[rows_per_block]

    def _rows_per_block(self) -> int:
        """Return how many rows of this matrix make a block that is fast to read."""
        raise NotImplementedError

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], Block]:
        return self._block

    def _block(self, rows: slice) -> Block:
        """Return these consecutive rows as a block."""
        raise NotImplementedError

    def prepare(self, params: Array) -> Any:
        """Return params in the width and layout that a block multiplies fastest."""
        raise NotImplementedError

    def gathered(self, indices: NDArray[np.intp], rows: Index) -> Block:
        """Return the rows of these indices as one block, with ``rows`` as its ``Block.rows``."""
        raise NotImplementedError


class SubsetRows(SummedInBlocks):
    """Some rows of a matrix, in any order, gathered a block at a time when they are read.

    Parameters
    ----------
    whole : BlockedRows
        All rows of the matrix.
    indices : ndarray of int, shape (n_rows,)
        Their numbers in ``whole``; a number may come twice.
    """

    def __init__(self, whole: BlockedRows, indices: NDArray[np.intp]) -> None:
        self.n_rows = len(indices)
        self.n_features, self.n_columns = whole.n_features, whole.n_columns
        self.dtype = whole.dtype
        self._whole = whole
        self._indices = indices
        self.n_threads = whole.n_threads

    @property
    def density(self) -> float:
        """What share of the values is stored: about as many as of the whole."""
        return self._whole.density

    def prepare(self, params: Array) -> Any:
        """Return params in the width and layout that a block multiplies fastest."""
        return self._whole.prepare(params)

    def take(self, indices: NDArray[np.intp]) -> Block:
        """Return the rows of these indices as one block."""
        return self._whole.gathered(self._indices[indices], indices)

    def subset(self, indices: NDArray[np.intp]) -> SubsetRows:
        """Return the rows of these indices as rows."""
        return SubsetRows(self._whole, self._indices[indices])

    def narrowed(self) -> SubsetRows:
        """Return the same rows in float32, narrowed block by block as they are read."""
        return SubsetRows(self._whole.narrowed(), self._indices)

    def widened(self) -> SubsetRows:
        """Return the same rows in float64, widened block by block as they are read."""
        return SubsetRows(self._whole.widened(), self._indices)

    def copied(self, indices: NDArray[np.intp]) -> BlockedRows:
        """Return the rows of these indices, copied in float32."""
        return self._whole.copied(self._indices[indices])

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Any:
        """Return some rows or some features, shifted, in the width of the rows."""
        return self._whole.values(self._indices[rows], features)

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features can be shifted, shape ``(n_features,)``."""
        return self._whole.mostly_stored()

    def shifted(self, shift: Array) -> SubsetRows:
        """Return the rows less ``shift``, shape ``(n_features,)``, subtracted as they are read."""
        return SubsetRows(self._whole.shifted(shift), self._indices)

    def columns(self, features: NDArray[np.intp]) -> SubsetRows:
        """Return the rows with these features alone."""
        return SubsetRows(self._whole.columns(features), self._indices)

    def _cut(self, rows_per_block: int) -> list[slice]:
        # Blocks of equal length: with two threads the drawn rows of 10 classes, 1,570 rows of 784
        # features each, took 101 ms so, and 144 in blocks of 1,335 and 235 rows.
        most_rows = self._whole.most_rows()
        short = max(SHORT_GATHERED // self.n_columns, LEAST_GATHERED)
        enough = min(max(NUMBERS_GATHERED // self.n_columns, 1), most_rows, short)
        return block_bounds(self.n_rows, max(min(rows_per_block, most_rows), enough))

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], Block]:
        return lambda rows: self._whole.gathered(self._indices[rows], rows)
