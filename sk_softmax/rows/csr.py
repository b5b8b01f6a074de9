"""Rows of a compressed sparse row (CSR) matrix in memory."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Index
from sk_softmax.rows.blocks import BlockedRows, with_weight

# A feature is stored in nearly every row if at least this share of its values is stored. The other
# values are stored anew when it is shifted. A feature ``r`` standard deviations from zero has at
# least ``r^2 / (1 + r^2)`` of its values stored, 0.9 for r = 3. Below that little is lost. Of 500
# x 5 and 1,000 x 40 rows of density 0.5 to 0.89 (r up to 3.2) under an L1 penalty, Newton's method
# took 285 iterations, and 283 on dense rows, which are shifted; all ended within 1e-6 of the
# optimum. Proximal L-BFGS took 1.0, 3.0 and 3.8 times as many at densities 0.5, 0.7 and 0.89. But
# a pass over shifted rows takes 8.6, 3.9 and (at 0.9) 2.2 times as long, because what was not
# stored is added to each block.
MOSTLY = 0.9

# Bytes, 32 MiB, up to which stored values are narrowed to float32 once, in a copy that shares the
# indices, like dense rows. To narrow blocks anew took 4 ms of an evaluation of 20 newsgroups.
MOST_NARROWED = 2**25


class SparseParams(NamedTuple):
    """Params in the layout that a sparse product multiplies fastest."""

    coef: Array
    """Shape ``(n_features, n_outputs)``."""

    intercept: Array | None
    """Shape ``(n_outputs,)``."""


class SparseBlock:
    """Some rows of a sparse matrix, CSR or CSC."""

    def __init__(self, X: Any, rows: Index, has_intercept: bool) -> None:
        self.rows = rows
        self.n_rows = X.shape[0]
        self._X = X
        self._has_intercept = has_intercept

    def logits(self, prepared: SparseParams) -> Array:
        """Return class-major logits, shape ``(n_outputs, n_rows)``."""
        logits = np.ascontiguousarray((self._X @ prepared.coef).T)
        if prepared.intercept is not None:
            logits += prepared.intercept[:, None]
        return logits

    def pull_back(self, residuals: Array) -> Array:
        """Return ``residuals @ block``, shape ``(n_outputs, n_columns)``."""
        row_major = np.ascontiguousarray(residuals.T)
        if not self._has_intercept:
            return np.asarray((self._X.T @ row_major).T)
        sums = self._with_empty_column.T @ row_major
        sums[-1] = residuals.sum(axis=1)
        return np.asarray(sums.T)

    @cached_property
    def _with_empty_column(self) -> Any:
        """The rows with a last column of which nothing is stored, ``(n_rows, n_columns)``.

        It makes room for the intercept in a product: to append it took another copy of 4 MB.
        """
        X, (n_rows, n_features) = self._X, self._X.shape
        wider = _sharing(X, X.data, (n_rows, n_features + 1))
        if X.format == "csc":
            wider.indptr = np.append(X.indptr, X.indptr[-1:])
        return wider

    def gram(self, weights: Array) -> Array:
        """Return ``block.T @ diag(weights) @ block``, dense."""
        X, weights = with_weight(self._X, weights)
        scaled = X.multiply(np.sqrt(weights)[:, None]).tocsr()
        gram: Array = (scaled.T @ scaled).toarray()
        if not self._has_intercept:
            return gram
        column = X.T @ weights
        return np.block([[gram, column[:, None]], [column[None, :], weights.sum()]])

    def gram_diagonal(self, weights: Array) -> Array:
        """Return the diagonal of the Gram matrix, shape ``(n_columns,)``."""
        squared = self._X.copy()
        squared.data **= 2
        diagonal: Array = squared.T @ weights
        return np.append(diagonal, weights.sum()) if self._has_intercept else diagonal

    def design(self) -> Array:
        """Return the rows as a dense array, with the constant column if there is an intercept."""
        dense: Array = self._X.toarray()
        if not self._has_intercept:
            return dense
        return np.column_stack([dense, np.ones(self.n_rows, dtype=dense.dtype)])

    def transposed(self, rows: slice) -> Array:
        """Return some rows as columns, with a constant last row if there is an intercept."""
        X = self._X[rows].toarray().T
        columns = np.ones((len(X) + self._has_intercept, X.shape[1]), dtype=X.dtype)
        columns[: len(X)] = X
        return columns

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Any:
        """Return a copy of these rows and columns, a constant column last, sparse."""
        n_features = self._X.shape[1]
        part = self._X[rows][:, columns[columns < n_features]]
        if not (columns == n_features).any():
            return part
        constant = np.ones((len(rows), 1), dtype=part.dtype)
        return sp.hstack([part, sp.csr_matrix(constant)], format="csr")


class CSRRows(BlockedRows):
    """All rows of a CSR matrix.

    A feature that is shifted is stored in nearly every row: its stored values are shifted as they
    are read, and the few zeros that are not stored become stored values. A shift of the logits and
    a term of rank one in the Gram matrix were rejected. They lose ``eps r^2`` of a matrix, where
    the feature is ``r`` standard deviations from zero: with ``r = 1e9`` fits in float64 ended
    5.7e-5 above the optimum.
    """

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features are stored in nearly every row, shape ``(n_features,)``."""
        return np.asarray(self.n_stored() >= MOSTLY * self.n_rows)

    @property
    def density(self) -> float:
        """What share of the values is stored."""
        return float(self._X.nnz / max(self.n_rows * self.n_features, 1))

    def n_stored(self) -> NDArray[np.integer[Any]]:
        """Return how many values of each feature are stored, shape ``(n_features,)``."""
        return np.bincount(self._X.indices, minlength=self.n_features)

    def shifted(self, shift: Array) -> Self:
        """Return the rows less ``shift``, shape ``(n_features,)``, subtracted as they are read."""
        X = self._X
        if not X.has_canonical_format:  # a value may be the sum of several that are stored
            X = X.copy()
            X.sum_duplicates()
        return self._like(X, self.dtype, shift)

    def narrowed(self) -> Self:
        """Return the same rows in float32, copied if that takes at most MOST_NARROWED."""
        is_large = 4 * self._X.nnz > MOST_NARROWED
        if self.dtype == np.float32 or is_large or self._shift is not None:
            return super().narrowed()
        return self._like(self._in_float32, np.float32, None)

    @cached_property
    def _in_float32(self) -> Any:
        """The rows with values narrowed to float32, made once for all who ask."""
        with np.errstate(over="ignore", under="ignore"):
            return _sharing(self._X, self._X.data.astype(np.float32), self._X.shape)

    @cached_property
    def _former_zeros(self) -> Any:
        """Return what becomes of zeros that are not stored, as a matrix; None if there are none.

        Shape ``(n_rows, n_features)``, in the format of the rows.
        """
        assert self._shift is not None
        columns = np.flatnonzero(self._shift)
        stored = self._X[:, columns].tocsc()
        missing = [
            np.setdiff1d(np.arange(self.n_rows), stored.indices[begin:end])
            for begin, end in pairwise(stored.indptr)
        ]
        lengths = [len(rows) for rows in missing]
        if not any(lengths):
            return None
        where = np.concatenate(missing), np.repeat(columns, lengths)
        values = np.repeat(-self._shift[columns], lengths)
        zeros = sp.coo_matrix((values, where), shape=self._X.shape)
        return zeros.asformat(self._X.format)

    def _read(self, X: Any, rows: Index) -> Any:
        """Return these rows shifted and in the width of the rows, given as they are stored.

        Shapes ``(n_rows, n_features)``; ``X`` is not changed.
        """
        if self._shift is None:
            return X.astype(self.dtype, copy=False)
        data = (X.data - self._shift[_columns_of(X)]).astype(self.dtype, copy=False)
        shifted = type(X)((data, X.indices, X.indptr), shape=X.shape)
        if self._former_zeros is None:
            return shifted
        return shifted + self._former_zeros[rows].astype(self.dtype, copy=False)

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Any:
        """Return some rows or some features, shifted, in the width of the rows."""
        if self._shift is not None:
            return self._read(self._X[rows], rows)[:, features]
        return self._X[rows][:, features].astype(self.dtype, copy=False)

    def _rows_per_block(self) -> int:
        # Each block adds a dense (n_features, n_outputs) partial gradient to the sum. That is the
        # smaller part of the work only if a block holds many nonzeros per feature: here 20, and
        # 2^18 in all. On 20 newsgroups, on two threads, an evaluation in 8, 4 and 2 blocks took
        # 91, 77 and 70 ms, in float32 58, 44 and 36 ms.
        nonzeros_per_row = max(self._X.nnz / self.n_rows, 1.0)
        enough = int(max(2**18, 20 * self.n_features) / nonzeros_per_row)
        return min(max(enough, 1024), self.most_rows())

    def _block(self, rows: slice) -> SparseBlock:
        # Views of the three arrays: a slice of a CSR matrix would be a copy.
        first, last = self._X.indptr[rows.start], self._X.indptr[rows.stop]
        view = sp.csr_matrix(
            (
                self._X.data[first:last],
                self._X.indices[first:last],
                self._X.indptr[rows.start : rows.stop + 1] - first,
            ),
            shape=(rows.stop - rows.start, self.n_features),
            copy=False,
        )
        return SparseBlock(self._read(view, rows), rows, self._has_intercept)

    def prepare(self, params: Array) -> SparseParams:
        """Return params transposed, contiguous and in the width of the rows."""
        with np.errstate(over="ignore"):  # solvers test for the infinities that follow
            coef = np.array(params[:, : self.n_features].T, dtype=self.dtype, order="C")
            if not self._has_intercept:
                return SparseParams(coef, None)
            return SparseParams(coef, params[:, self.n_features].astype(self.dtype))

    def gathered(self, indices: NDArray[np.intp], rows: Index) -> SparseBlock:
        """Return the rows of these indices as one block, with ``rows`` as its ``Block.rows``."""
        return SparseBlock(self._read(self._X[indices], indices), rows, self._has_intercept)


def _sharing(X: Any, data: Array, shape: tuple[int, int]) -> Any:
    """Return a matrix of this shape in the format of ``X``, with its indices and other values."""
    other = type(X)(shape, dtype=data.dtype)
    # Assigned: the constructor would copy 64-bit indices that fit into 32 bits.
    other.data, other.indices, other.indptr = data, X.indices, X.indptr
    return other


def _columns_of(X: Any) -> NDArray[np.integer[Any]]:
    """Return the column of each stored value of a CSR or CSC matrix, shape ``(n_stored,)``."""
    if X.format == "csr":
        return np.asarray(X.indices)
    return np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))
