"""Rows on a device, in blocks of a bounded number of bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, CollectedTerm, Index, Term
from sk_softmax.parts.device_arrays import Place, on_host
from sk_softmax.parts.device_sums import Totals
from sk_softmax.rows.summing import block_bounds

# Bytes that a block's rows or logits take at most, 128 MiB, as few large products are fast on an
# accelerator; and the fewest rows of a block.
MOST_BYTES, LEAST_ROWS = 2**27, 64

# Bytes up to which rows are narrowed to float32 once, in a copy on the device, and up to which
# some features are copied there once. Larger ones are narrowed or picked anew in each block.
MOST_NARROWED, MOST_COPIED = 2**25, 2**24


class DeviceBlock:
    """Some rows on a device; all arguments and results are arrays there."""

    def __init__(self, place: Place, X: Any, rows: Any, has_intercept: bool) -> None:
        self.place, self.rows = place, rows
        self.n_rows, self.n_features = X.shape
        self._X, self._has_intercept = X, has_intercept

    def logits(self, prepared: Any) -> Any:
        """Return class-major logits, shape ``(n_outputs, n_rows)``."""
        xp = self.place.xp
        logits = prepared[:, : self.n_features] @ xp.matrix_transpose(self._X)
        if self._has_intercept:
            logits += prepared[:, self.n_features :]
        return logits

    def pull_back(self, residuals: Any) -> Any:
        """Return ``residuals @ block``, shape ``(n_outputs, n_columns)``."""
        xp, product = self.place.xp, residuals @ self._X
        if not self._has_intercept:
            return product
        return xp.concat([product, xp.sum(residuals, axis=1, keepdims=True)], axis=1)

    def gram(self, weights: Any) -> Any:
        """Return ``block.T @ diag(weights) @ block``, shape ``(n_columns, n_columns)``."""
        xp = self.place.xp
        root = xp.sqrt(weights)[:, None]
        scaled = self._X * root
        gram = xp.matrix_transpose(scaled) @ scaled
        if not self._has_intercept:
            return gram
        border = xp.matrix_transpose(scaled) @ root  # without a copy of the block beside its root
        last = xp.concat([border, xp.reshape(xp.sum(weights), (1, 1))], axis=0)
        above = xp.concat([gram, xp.matrix_transpose(border)], axis=0)
        return xp.concat([above, last], axis=1)

    def gram_diagonal(self, weights: Any) -> Any:
        """Return the diagonal of the Gram matrices for several rows of weights.

        From ``(n_matrices, n_rows)`` to ``(n_matrices, n_columns)``.
        """
        xp, diagonal = self.place.xp, weights @ (self._X * self._X)
        if not self._has_intercept:
            return diagonal
        return xp.concat([diagonal, xp.sum(weights, axis=1, keepdims=True)], axis=1)

    def design(self, some: slice = slice(None)) -> Any:
        """Return some of the rows, with the constant column if there is an intercept."""
        xp, X = self.place.xp, self._X[some, :]
        if not self._has_intercept:
            return X
        return xp.concat([X, xp.ones_like(X[:, :1])], axis=1)

    def pieces(self, numbers: int) -> Iterator[slice]:
        """Yield slices of the block's rows, each with a bounded number of bytes.

        ``numbers`` is how many numbers an array of these rows has for each row.
        """
        length = max(MOST_BYTES // (8 * max(numbers, 1)), 1)
        for first in range(0, self.n_rows, length):
            yield slice(first, min(first + length, self.n_rows))


DeviceTerm = Callable[[DeviceBlock], tuple[Any, ...]]
"""A function from a block to its partial sums: new arrays on the device."""


class DeviceRows:
    """All rows of an array on a device, which stays where it is.

    Parameters
    ----------
    X : array of shape (n_rows, n_features)
        float32 or float64, of a library with the array API.
    n_outputs : int
        How many logits each row will have.
    has_intercept : bool
        Whether a constant last column is implied.
    dtype : dtype, optional
        The width in which blocks are computed, by default that of ``X``.
    shift : ndarray of shape (n_features,), optional
        What is subtracted from each row as it is read, in the width of ``X``.
    features : ndarray of int, optional
        The features that are read; by default all. ``shift`` is that of these features.
    """

    def __init__(
        self,
        X: Any,
        n_outputs: int,
        *,
        has_intercept: bool,
        dtype: Any = None,
        shift: Array | None = None,
        features: NDArray[np.intp] | None = None,
    ) -> None:
        self.place = Place.of(X)
        self.n_rows = int(X.shape[0])
        self.n_features = int(X.shape[1]) if features is None else len(features)
        self.n_columns = self.n_features + has_intercept
        self._width = np.dtype(np.float64 if X.dtype == self.place.xp.float64 else np.float32)
        self.dtype = self._width if dtype is None else np.dtype(dtype)
        self._X, self._n_outputs, self._has_intercept = X, n_outputs, has_intercept
        self._shift, self._features = shift, features

    # --- other forms ----------------------------------------------------------------------------

    @property
    def density(self) -> float:
        """What share of the values is stored: all of them."""
        return 1.0

    def narrowed(self) -> DeviceRows:
        """Return the same rows in float32, copied if that takes at most MOST_NARROWED."""
        if self.dtype == np.float32 or 4 * self.n_rows * self.n_features > MOST_NARROWED:
            return self._as(np.float32)
        return self._of(self._in_float32)

    @cached_property
    def _in_float32(self) -> Any:
        """A copy of the rows, shifted and then narrowed, made once for all who ask."""
        narrow = self._as(np.float32)
        if self._shift is None:  # nothing but the copy is made on the way
            return narrow._read(slice(0, self.n_rows))
        return self.place.xp.concat([narrow._read(rows) for rows in self.bounds()])

    def widened(self) -> DeviceRows:
        """Return the same rows in float64, widened block by block as they are read."""
        if not self.place.has_float64:
            raise ValueError(
                f"This fit needs float64, which {self.place.device} does not have: columns far "
                "from zero or of extreme size, no penalty on a feature (C=inf) and bias reduction "
                "do. Scale the columns and use a finite C, or pass X on a device with float64."
            )
        return self._as(np.float64)

    def shifted(self, shift: Array) -> DeviceRows:
        """Return the rows less ``shift``, shape ``(n_features,)``."""
        total = shift if self._shift is None else self._shift + shift
        return self._like(self._X, self.dtype, total, self._features)

    def columns(self, features: NDArray[np.intp]) -> DeviceRows:
        """Return the rows with these features alone, copied if they take at most MOST_COPIED."""
        if len(features) == self.n_features:
            return self
        some = self._picked(features)
        if self.n_rows * len(features) * self.dtype.itemsize > MOST_COPIED or not len(features):
            return some
        return self._of(self.place.xp.concat([some._read(rows) for rows in self.bounds()]))

    def copied(self, numbers: NDArray[np.intp]) -> DeviceRows:
        """Return a copy, on the device and in float32, of the rows of these numbers."""
        return self._of(self._as(np.float32)._read(self.place.indices(numbers)))

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features can be shifted, shape ``(n_features,)``: all."""
        return np.ones(self.n_features, dtype=bool)

    def _as(self, dtype: Any) -> DeviceRows:
        return self._like(self._X, dtype, self._shift, self._features)

    def _of(self, X: Any) -> DeviceRows:
        """Return rows of an array that holds them in this form already."""
        return self._like(X, None, None, None)

    def _like(
        self, X: Any, dtype: Any, shift: Array | None, features: NDArray[np.intp] | None
    ) -> DeviceRows:
        return DeviceRows(
            X,
            self._n_outputs,
            has_intercept=self._has_intercept,
            dtype=dtype,
            shift=shift,
            features=features,
        )

    # --- reading --------------------------------------------------------------------------------

    def prepare(self, params: Array) -> Any:
        """Return params on the device, in the width of the rows."""
        return self.place.floats(params, self.dtype)

    def bounds(self) -> list[slice]:
        """Return the rows of each block, in order."""
        return block_bounds(self.n_rows, self._rows_per_block())

    def _rows_per_block(self) -> int:
        """Return how many rows a block has: see MOST_BYTES."""
        widest = max(self.n_features, self._n_outputs, 1)
        return int(max(MOST_BYTES // (self.dtype.itemsize * widest), LEAST_ROWS))

    def blocks(self) -> Iterator[DeviceBlock]:
        """Yield all rows in blocks, in order."""
        for rows in self.bounds():
            yield DeviceBlock(self.place, self._read(rows), rows, self._has_intercept)

    def added_up(self, term: DeviceTerm) -> tuple[Any, ...]:
        """Return the sums of a term over all blocks, as NumPy's arrays: one copy to the host."""
        totals = Totals(self.place)
        for block in self.blocks():
            totals.add(term(block))
        return totals.on_host()

    def of_blocks(self, term: Callable[[DeviceBlock], Any]) -> list[Any]:
        """Return what a function returns of each block, in the order of the rows.

        The results stay on the device.
        """
        return [term(block) for block in self.blocks()]

    def gathered(self, numbers: Any) -> DeviceBlock:
        """Return the rows of these numbers, whole numbers on the device, as one block."""
        return DeviceBlock(self.place, self._read(numbers), numbers, self._has_intercept)

    def in_pieces(self, numbers: Any) -> Iterator[tuple[slice, DeviceBlock]]:
        """Yield slices of some numbers of rows, and the rows as a block of bounded size."""
        length = self._rows_per_block()
        for first in range(0, int(numbers.shape[0]), length):
            some = slice(first, min(first + length, int(numbers.shape[0])))
            yield some, self.gathered(numbers[some])

    def some_features(self) -> Iterator[Any]:
        """Yield all rows, a few features at a time, as arrays of a bounded number of bytes."""
        length = max(MOST_BYTES // (8 * self.n_rows), 1)
        for first in range(0, self.n_features, length):
            some = np.arange(first, min(first + length, self.n_features))
            yield self._picked(some)._read(slice(0, self.n_rows))

    def _read(self, rows: Any) -> Any:
        """Return rows, a slice or numbers on the device, in the form in which they are read."""
        xp = self.place.xp
        X = self._X[rows, :] if isinstance(rows, slice) else xp.take(self._X, rows, axis=0)
        if self._features_there is not None:
            X = xp.take(X, self._features_there, axis=1)
        if self._shift_there is not None:
            X = X - self._shift_there
        return xp.astype(X, self.place.width(self.dtype), copy=False)

    @cached_property
    def _features_there(self) -> Any:
        return None if self._features is None else self.place.indices(self._features)

    @cached_property
    def _shift_there(self) -> Any:
        return None if self._shift is None else self.place.floats(self._shift, self._width)

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Array:
        """Return some rows, of a sample's size, on the host, in the width of the rows."""
        if isinstance(rows, slice):
            rows = np.arange(self.n_rows)[rows]
        some = self
        if not (isinstance(features, slice) and features == slice(None)):
            some = self._picked(np.arange(self.n_features)[features])
        return on_host(some._read(self.place.indices(rows))).copy()

    def _picked(self, features: NDArray[np.intp]) -> DeviceRows:
        """Return the rows with these features, which are picked as rows are read."""
        own = features if self._features is None else self._features[features]
        shift = None if self._shift is None else self._shift[features]
        return self._like(self._X, self.dtype, shift, own)

    # --- what NumPy's blocks are for ------------------------------------------------------------

    def sum(self, term: Term, rows_per_block: int = 0) -> NoReturn:
        """Raise an error."""
        _refuse()

    def collect(self, term: CollectedTerm, rows_per_block: int = 0) -> NoReturn:
        """Raise an error."""
        _refuse()

    def take(self, indices: NDArray[np.intp]) -> NoReturn:
        """Raise an error."""
        _refuse()

    def subset(self, indices: NDArray[np.intp]) -> NoReturn:
        """Raise an error."""
        _refuse()

    def sums_of_subsets(
        self, subsets: Sequence[NDArray[np.intp]], terms: Sequence[Term]
    ) -> NoReturn:
        """Raise an error."""
        _refuse()


def largest_sizes(X: Any) -> Array:
    """Return the largest size of the values of each column, ``(n_features,)``, on the host."""
    rows = DeviceRows(X, 1, has_intercept=False)
    xp = rows.place.xp
    largest = rows.of_blocks(lambda block: xp.max(xp.abs(block.design()), axis=0))
    return np.asarray(on_host(xp.max(xp.stack(largest), axis=0)))


def _refuse() -> NoReturn:
    raise NotImplementedError("Rows on a device answer questions there, and not in NumPy's terms.")
