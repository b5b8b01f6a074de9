"""Rows of a compressed sparse column (CSC) matrix in memory, copied a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import DTypeLike, NDArray

from sk_softmax.interfaces import Array
from sk_softmax.rows.csr import CSRRows, SparseBlock

# A cut into blocks keeps one position for each column and block. There are at most MOST_POSITIONS
# of them, 16 MiB (32 MiB with 64-bit indices). A larger matrix may have one per FEWEST_NONZEROS of
# its nonzeros: in float64 they take a twelfth of its memory. Blocks as long as CSRRows chooses
# take half of that at most, unless many logits per row ask for short ones.
MOST_POSITIONS, FEWEST_NONZEROS = 2**22, 4


class CSCRows(CSRRows):
    """All rows of a CSC matrix, which is neither copied nor changed.

    A column stores its entries in the order of rows. So the entries of a block of rows are one
    stretch of each column. The beginnings of all stretches are found once; each time a block is
    read, its stretches are copied into a small matrix. Where blocks have the same length as those
    of the CSR matrix, sums are bitwise the same. If ``X.has_sorted_indices`` is false, the whole
    matrix is copied once.
    """

    # On one thread fits took as long as with CSR (20 newsgroups) and 1.1 times as long (MNIST).
    # Rows taken by index are slower: SciPy reads all entries to find them.

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
        super().__init__(
            X if X.has_sorted_indices else X.sorted_indices(),
            n_outputs,
            has_intercept=has_intercept,
            n_threads=n_threads,
            dtype=dtype,
            shift=shift,
        )
        self._stretches: dict[int, Any] = {}

    def n_stored(self) -> NDArray[np.integer[Any]]:
        """Return how many values of each feature are stored, shape ``(n_features,)``."""
        return np.asarray(np.diff(self._X.indptr))

    def copied(self, indices: NDArray[np.intp]) -> CSRRows:
        """Return the rows of these indices, copied in float32, as CSR: it is read faster."""
        with np.errstate(over="ignore"):
            X = self.values(indices).astype(np.float32, copy=False).tocsr()
        return CSRRows(
            X, self._n_outputs, has_intercept=self._has_intercept, n_threads=self.n_threads
        )

    def _rows_per_block(self) -> int:
        most_positions = max(MOST_POSITIONS, self._X.nnz // FEWEST_NONZEROS)
        most_blocks = max(most_positions // self.n_features, 1)
        fewest_rows: int = -(-self.n_rows // most_blocks)
        return max(super()._rows_per_block(), fewest_rows)

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], SparseBlock]:
        n_blocks = len(bounds)
        if n_blocks == 1:
            return lambda rows: SparseBlock(self._read(self._X, rows), rows, self._has_intercept)
        if n_blocks not in self._stretches:
            self._stretches[n_blocks] = stretches(self._X, bounds)
        number = {rows.start: i for i, rows in enumerate(bounds)}

        def read(rows: slice) -> SparseBlock:
            columns = self._stretches[n_blocks][number[rows.start] :: n_blocks]
            columns.indices -= rows.start
            # Kept in CSC format: with a conversion to CSR first, the products took longer in all.
            block = sp.csc_matrix(
                (columns.data, columns.indices, columns.indptr),
                shape=(rows.stop - rows.start, self.n_features),
            )
            return SparseBlock(self._read(block, rows), rows, self._has_intercept)

        return read


def stretches(X: Any, bounds: Sequence[slice]) -> Any:
    """Return a CSR matrix with one row for each column and block, sharing the entries of ``X``.

    Its shape is ``(n_features * n_blocks, n_rows)``. Row ``j * n_blocks + i`` is the stretch of
    column ``j`` in block ``i``. So the stretches of a block are a slice with a step, which SciPy
    copies without holding Python's lock.

    Parameters
    ----------
    X : CSC matrix of shape (n_rows, n_features)
        The rows, with sorted indices.
    bounds : sequence of slices
        The rows of each block.
    """
    n_rows, n_features = X.shape
    positions = np.empty(n_features * len(bounds) + 1, dtype=X.indptr.dtype)
    begin = X.indptr[:-1]
    for i, rows in enumerate(bounds):
        begin = _first_not_before(rows.start, X, begin)
        positions[i : -1 : len(bounds)] = begin
    positions[-1] = X.indptr[-1]
    parts = sp.csr_matrix((n_features * len(bounds), n_rows), dtype=X.dtype)
    # The arrays are assigned: the constructor would copy 64-bit indices that fit into 32 bits.
    parts.data, parts.indices, parts.indptr = X.data, X.indices, positions
    return parts


def _first_not_before(row: int, X: Any, low: NDArray[np.integer[Any]]) -> Any:
    """Return where in each column the entries of this row or a later one begin.

    All columns are bisected at once. ``low``, of shape ``(n_features,)`` like the result, holds
    positions that are not too late.
    """
    high = X.indptr[1:]
    while (unknown := low < high).any():
        middle = low + (high - low) // 2
        before = X.indices[np.where(unknown, middle, 0)] < row
        low = np.where(unknown & before, middle + 1, low)
        high = np.where(unknown & ~before, middle, high)
    return low
