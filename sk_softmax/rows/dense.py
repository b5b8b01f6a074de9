"""Rows of a dense array, in memory or memory-mapped: blocks are views, and of few rows a copy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk_softmax.interfaces import Array, Index
from sk_softmax.rows.blocks import BlockedRows, picked, with_weight
from sk_softmax.rows.summing import block_bounds

# Bytes, 32 MiB, up to which some features are copied once: half of the memory that a fit may take
# beside the rows, and its copy in float32 takes a quarter. Larger ones are picked anew for each
# block: on MNIST that made proximal L-BFGS a quarter slower. With 482 features of 5,000 rows,
# which are 18 MiB, an evaluation takes 11.4 ms so and 5 of the copy, and an L1 fit 483 and 438.
MOST_COPIED = 2**25

# Numbers, n_rows * n_columns, up to which a single block is kept as a copy with its constant
# column: 256 KiB in float64, and twice as many numbers in float32. The copy is stored by columns,
# in which a Hessian is formed in two thirds of the time (66 and 103 us with 900 x 11 numbers and 3
# classes), and a product takes a call or two less: in float32 an evaluation of 2,310 x 19 with 7
# classes takes 71 us, and 105 without the copy. It takes 2 to 12 us; at 3,000 x 40 it would take
# 100, like an evaluation. With 10,992 x 16 numbers and 10 classes in float32 an evaluation takes
# 374 us, and would take 469.
MOST_KEPT = 2**15

# Columns up to which a Gram matrix of rows that are stored by columns is a product of two
# different matrices. Of one with itself OpenBLAS computes only a half, which takes more columns to
# pay off: with 11, 31 and 42 columns (1,000, 569 and 178 rows) 22, 45 and 21 us, and 11, 33 and 22
# us so.
FEW_COLUMNS = 32

# Bytes, 32 MiB, up to which rows are narrowed to float32 once, in a copy: half of the memory that
# a fit may take beside the rows. Larger ones are narrowed anew for each block: of 10,000 rows of
# MNIST that takes 2.6 of the 12.5 ms of an evaluation.
MOST_NARROWED = 2**25

# Bytes, 4 MiB, up to which shifted rows are a copy. Larger ones are shifted anew in each block: a
# cross-validation of digits took 213 ms so, and 182 to 201 with a copy.
MOST_SHIFTED = 2**22

# Columns up to which they are shifted one by one, in a copy of the block: of 32,768 rows of 10
# features one took 0.08 ms, and all at once 0.25 ms; the products of an evaluation take 0.4 ms.
FEW_SHIFTED = 4

# From MANY_FEATURES features and up to FEW_OUTPUTS outputs (but one) float32 logits are computed
# row-major and transposed. OpenBLAS's kernels for AVX-512 multiply a matrix of few rows slowly:
# 784 x 10 took 0.73 ms a block, and 0.45 so; 300 x 5 0.65 and 0.35; 54 x 7 0.73 and 0.48; but
# 48 x 26 1.1 and 1.4. Its kernels for AVX2 are indifferent (0.44 and 0.36, 0.36 and 0.35, 0.45 and
# 0.48), and lose a fifth at 64 x 16. In float64 all lose.
MANY_FEATURES, FEW_OUTPUTS = 48, 12


# Rows of a block at most; and rows and numbers of a short one. Each thread holds what a term makes
# of its block: for 100,000 x 10 rows in 7 classes 3.9 MB beside one of 25,000 rows. An inference
# of them took 161 ms on two threads with either length.
LONGEST, SHORT, NUMBERS_OF_SHORT = 32768, 8192, 2**17

# Logits, n_rows * n_outputs, from which 2 SHORT rows or more are two blocks at least, for two
# threads. With 20,000 x 16 numbers and 26 classes an evaluation in float64 takes 2.19 ms in one
# block, 2.26 in two and 1.32 on two threads; in float32 1.20, 1.27 and 0.83. With 10,992 x 16 and
# 10 classes float32 gains nothing: 0.36, 0.40 and 0.40. In halves of fewer rows one thread loses
# too much: a cross-validation of 5,620 x 64, whose folds have 50 logits a row, 3 to 6 %.
MANY_LOGITS = 2**18


class DenseBlock:
    """Some rows of a dense array."""

    def __init__(self, X: Array, rows: Index, has_intercept: bool) -> None:
        self.rows = rows
        self.n_rows = X.shape[0]
        self._X = X
        self._has_intercept = has_intercept
        self._is_stored = X.flags.f_contiguous and not has_intercept
        """Whether all columns are stored, and one after the other."""

    def logits(self, prepared: Array) -> Array:
        """Return class-major logits, shape ``(n_outputs, n_rows)``."""
        n_features = self._X.shape[1]
        coef = prepared[:, :n_features]
        if self._is_faster_by_row(len(coef)):
            logits = np.ascontiguousarray((self._X @ coef.T).T)
        else:
            logits = coef @ self._X.T
        if self._has_intercept:
            logits += prepared[:, n_features:]
        return logits

    def _is_faster_by_row(self, n_outputs: int) -> bool:
        """Whether logits are computed faster row-major, a copy in class-major order included."""
        is_skinny = 1 < n_outputs <= FEW_OUTPUTS and self._X.shape[1] >= MANY_FEATURES
        return is_skinny and self._X.dtype == np.float32

    def pull_back(self, residuals: Array) -> Array:
        """Return ``residuals @ block``, shape ``(n_outputs, n_columns)``."""
        # np.matmul keeps Python's lock where the result has less than 500 numbers, so that threads
        # wait for one another: 200,000 rows of 54 features and 7 classes took 14.8 ms on two
        # threads, and 7.9 ms with np.dot. But that copies a view of some columns: on digits, which
        # scikit-learn returns as one, an evaluation takes 0.26 ms with the one and 0.35 with the
        # other.
        multiply = np.dot if self._X.flags.forc else np.matmul
        if not self._has_intercept:
            return np.asarray(multiply(residuals, self._X))
        n_features = self._X.shape[1]
        product = np.empty((len(residuals), n_features + 1), dtype=residuals.dtype)
        product[:, :n_features] = multiply(residuals, self._X)
        residuals.sum(axis=1, out=product[:, n_features])
        return product

    def gram(self, weights: Array) -> Array:
        """Return ``block.T @ diag(weights) @ block``."""
        if self._is_stored and self._X.shape[1] <= FEW_COLUMNS:
            return np.asarray(np.dot(self._X.T * weights, self._X))
        common = _common(weights)
        if common > 0:
            return self._gram_of_equal_rows(common)
        X, weights = with_weight(self._X, weights)
        root = np.sqrt(weights)
        if not self._has_intercept:
            scaled = X * root[:, None]
            return np.asarray(np.dot(scaled.T, scaled))
        # The border apart: with the constant column stored 3,000 x 40 took a tenth more time.
        n_features = X.shape[1]
        gram: Array = np.empty((n_features + 1, n_features + 1), dtype=X.dtype)
        scaled = X * root[:, None]
        # np.matmul keeps Python's lock up to 22 columns.
        gram[:n_features, :n_features] = np.dot(scaled.T, scaled)
        gram[n_features, :n_features] = gram[:n_features, n_features] = np.dot(root, scaled)
        gram[n_features, n_features] = weights.sum()
        return gram

    def _gram_of_equal_rows(self, weight: float) -> Array:
        """Return the Gram matrix of rows that all have this weight.

        Without a copy of weighted rows it takes three quarters of the time: 241 and 317 us with
        3,000 x 40 numbers, 3.1 and 4.1 ms with 8,000 x 100.
        """
        X, n_features = self._X, self._X.shape[1]
        if not self._has_intercept:
            return np.asarray(np.dot(X.T, X) * weight)
        gram: Array = np.empty((n_features + 1, n_features + 1), dtype=X.dtype)
        gram[:n_features, :n_features] = np.dot(X.T, X)
        sums = np.dot(np.ones(len(X), dtype=X.dtype), X)
        gram[n_features, :n_features] = gram[:n_features, n_features] = sums
        gram[n_features, n_features] = len(X)
        gram *= weight
        return gram

    def gram_diagonal(self, weights: Array) -> Array:
        """Return the diagonal of the Gram matrix, shape ``(n_columns,)``."""
        diagonal: Array = np.einsum("ij,ij,i->j", self._X, self._X, weights)
        return np.append(diagonal, weights.sum()) if self._has_intercept else diagonal

    def design(self) -> Array:
        """Return the rows, with the constant column if there is an intercept."""
        if not self._has_intercept:
            return self._X
        return np.column_stack([self._X, np.ones(self.n_rows, dtype=self._X.dtype)])

    def transposed(self, rows: slice) -> Array:
        """Return some rows as columns, with a constant last row if there is an intercept."""
        X = self._X[rows].T
        columns = np.ones((len(X) + self._has_intercept, X.shape[1]), dtype=X.dtype)
        columns[: len(X)] = X
        return columns

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
        """Return a copy of these rows and columns, stored column by column."""
        n_features = self._X.shape[1]
        features = columns[columns < n_features]
        part = np.ones((len(columns), len(rows)), dtype=self._X.dtype)
        # All rows of the columns first, because each column is then read in order: 1,250 rows and
        # 300 of 482 columns in float32 take 0.9 ms so, and 1.5 by rows and columns at once.
        if 2 * len(rows) > self.n_rows:
            part[: len(features)] = self._X.T[features].take(rows, axis=1)
        else:
            part[: len(features)] = self._X[rows].T[features]
        return part.T


def _common(weights: Array) -> float:
    """Return the weight that all rows have in common, as where a fit begins; zero for none."""
    if not len(weights) or weights[0] != weights[-1]:
        return 0.0
    return float(weights[0]) if bool((weights == weights[0]).all()) else 0.0


class Columns:
    """Some columns of an array, picked when rows are read, so that they are never copied whole."""

    def __init__(self, X: Any, features: NDArray[np.intp]) -> None:
        self._X = X
        self._features = features
        self.shape = X.shape[0], len(features)
        self.dtype = X.dtype

    def __getitem__(self, rows: Index) -> Array:
        """Return some of the rows, with these columns."""
        return np.asarray(self._X[rows][:, self._features])


class DenseRows(BlockedRows):
    """All rows of a dense array."""

    _longest = LONGEST

    def in_short_blocks(self) -> Self:
        """Return the same rows in blocks that take less memory."""
        other = self._like(self._X, self.dtype, self._shift)
        other._longest = max(min(SHORT, NUMBERS_OF_SHORT // self.n_features), 1024)
        return other

    def _like(self, X: Any, dtype: DTypeLike, shift: Array | None) -> Self:
        """Return rows with the same settings, of another matrix or in another width."""
        other = super()._like(X, dtype, shift)
        other._longest = self._longest
        return other

    @cached_property
    def _is_shifted(self) -> NDArray[np.intp]:
        """Numbers of the columns that are shifted."""
        return np.flatnonzero(np.zeros(0) if self._shift is None else self._shift)

    def shifted(self, shift: Array) -> Self:
        """Return the rows less ``shift``, ``(n_features,)``, copied if that takes MOST_SHIFTED."""
        rows = super().shifted(shift)
        if self._X.dtype != self.dtype or self._X.nbytes > MOST_SHIFTED:
            return rows
        return self._like(rows._read(self._X[:]), self.dtype, None)

    def narrowed(self) -> Self:
        """Return the same rows in float32, copied if that takes at most MOST_NARROWED."""
        if self.dtype == np.float32 or 4 * self.n_rows * self.n_features > MOST_NARROWED:
            return super().narrowed()
        return self._like(self._in_float32, np.float32, None)

    @cached_property
    def _in_float32(self) -> Array:
        """A copy of the rows, shifted and then narrowed, made once for all who ask."""
        return self._copied_in_float32(self.n_rows, lambda rows: self._X[rows])

    def copied(self, indices: NDArray[np.intp]) -> Self:
        """Return the rows of these indices, copied in float32."""
        # Gathered at once 62,500 rows of 10 features take 5 MB, which the C library gives back to
        # the kernel after each fit: one to 1,000,000 rows took 126 ms so, and 120 block by block.
        X = self._copied_in_float32(len(indices), lambda rows: picked(self._X, indices[rows]))
        return self._like(X, np.float32, None)

    def _copied_in_float32(self, n_rows: int, read: Callable[[slice], Array]) -> Array:
        """Return rows that are read as they are stored, shifted and then narrowed, in a copy."""
        narrow = np.empty((n_rows, self.n_features), dtype=np.float32)
        for rows in block_bounds(n_rows, self._rows_per_block()):
            with np.errstate(over="ignore", under="ignore"):
                narrow[rows] = self._read(read(rows))
        return narrow

    def columns(self, features: NDArray[np.intp]) -> Self:
        """Return the rows with these features alone, copied if they take at most MOST_COPIED."""
        if len(features) == self.n_features:
            return self
        if self.n_rows * len(features) * self._X.dtype.itemsize <= MOST_COPIED:
            return self._like(self.values(features=features), self.dtype, None)
        shift = None if self._shift is None else self._shift[features]
        return self._like(Columns(self._X, features), self.dtype, shift)

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Array:
        """Return some rows or some features, shifted, in the width of the rows."""
        part = picked(self._X, rows)[:, features]
        if self._shift is not None:
            part = part - self._shift[features]
        return np.asarray(part.astype(self.dtype, copy=False))

    def _read(self, X: Array) -> Array:
        """Return rows of ``X``, shifted and in the width of the rows; not a copy if they are so.

        Both have shape ``(n_rows, n_features)``.
        """
        if self._shift is None:
            return X.astype(self.dtype, copy=False)
        if len(self._is_shifted) > FEW_SHIFTED:
            # In one pass: the difference is taken in the width of X, and narrowed.
            out: Array = np.empty(X.shape, dtype=self.dtype)
            np.subtract(X, self._shift, out=out, casting="same_kind")
            return out
        X = X.copy()
        for column in self._is_shifted:
            X[:, column] -= self._shift[column]
        return X.astype(self.dtype, copy=False)

    def _rows_per_block(self) -> int:
        # Measured best on two threads: 32,768 rows of 10 or 16 features, 8,192 or more of 54,
        # 4,096 to 16,384 of 100, any number of 784. Shorter blocks keep their logits in cache, but
        # lose more time: there are more calls, and threads hand over Python's lock between them.
        most = min(max(2**20 // self.n_features, 1024), self._longest, self.most_rows())
        halves = self.n_rows >= 2 * SHORT and self.n_rows * self._n_outputs >= MANY_LOGITS
        return int(min(most, -(-self.n_rows // 2)) if halves else most)

    def most_rows(self) -> int:
        """Return the most rows a block may hold: 2^20 logits and 2^21 numbers, but 64 rows.

        The limit on numbers cuts even 200 rows of 20,000 features into two blocks.
        """
        return max(min(super().most_rows(), int(2**21 // self.n_features)), 64)

    def _block(self, rows: slice) -> DenseBlock:
        if self._is_kept and rows.stop - rows.start == self.n_rows:
            return self._whole
        return DenseBlock(self._read(self._X[rows]), rows, self._has_intercept)

    @cached_property
    def _is_kept(self) -> bool:
        """Whether a block of all rows is kept as a copy."""
        n_bytes: int = self.n_rows * self.n_columns * self.dtype.itemsize
        return n_bytes <= 8 * MOST_KEPT

    @cached_property
    def _whole(self) -> DenseBlock:
        """All rows as a block with its constant column stored, so that none is implied."""
        X = self._read(self._X[:])
        whole = np.ones((self.n_rows, self.n_columns), dtype=self.dtype, order="F")
        whole[:, : self.n_features] = X
        return DenseBlock(whole, slice(0, self.n_rows), has_intercept=False)

    def prepare(self, params: Array) -> Array:
        """Return params in the width of the rows."""
        if params.dtype == self.dtype:
            return params
        with np.errstate(over="ignore"):  # solvers test for the infinities that follow
            return params.astype(self.dtype)

    def gathered(self, indices: NDArray[np.intp], rows: Index) -> DenseBlock:
        """Return the rows of these indices as one block, with ``rows`` as its ``Block.rows``."""
        return DenseBlock(self._read(picked(self._X, indices)), rows, self._has_intercept)
