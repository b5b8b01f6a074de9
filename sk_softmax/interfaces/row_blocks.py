"""WHERE the rows are: blocks of rows, and sums over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array, Index


class Block(Protocol):
    """Some rows of the data, and the products with them that an objective needs.

    If the model has an intercept, a constant last column is implied. Only :meth:`design`,
    :meth:`transposed` and :meth:`part` materialise it.
    """

    rows: Index
    """Which rows these are; it picks their targets and weights."""

    n_rows: int

    def logits(self, prepared: Any) -> Array:
        """Return the class-major logits, shape ``(n_outputs, n_rows)``.

        ``prepared`` is what ``Rows.prepare`` returned for params.
        """
        ...

    def pull_back(self, residuals: Array) -> Array:
        """Return ``residuals @ block``, shape ``(n_outputs, n_columns)``.

        ``residuals`` has shape ``(n_outputs, n_rows)``.
        """
        ...

    def gram(self, weights: Array) -> Array:
        """Return ``block.T @ diag(weights) @ block``, shape ``(n_columns, n_columns)``.

        ``weights`` has shape ``(n_rows,)``. Rows with a weight of zero cost nothing.
        """
        ...

    def gram_diagonal(self, weights: Array) -> Array:
        """Return the diagonal of :meth:`gram`, shape ``(n_columns,)``."""
        ...

    def design(self) -> Array:
        """Return the rows as a dense array of shape ``(n_rows, n_columns)``."""
        ...

    def transposed(self, rows: slice) -> Array:
        """Return some rows as columns of a dense array, shape ``(n_columns, n_some)``."""
        ...

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Any:
        """Return a copy of some rows and columns, sparse if the rows are.

        Shape ``(len(rows), len(columns))``; ``rows`` are counted from the first row of the block.
        """
        ...


Term: TypeAlias = Callable[[Block], tuple[Any, ...]]
"""A function from a block to partial sums: numbers, or new arrays that the caller may overwrite.

A term is pure: it writes only to what it returns. So rows may evaluate it anywhere, in any order,
and more than once.
"""

CollectedTerm: TypeAlias = Callable[[Block], tuple[tuple[Any, ...], Any]]
"""A function from a block to its partial sums and something to keep of the block; it is pure
too."""


class Rows(Protocol):
    """The rows of a data set, wherever they are; they never know what they sum."""

    n_rows: int
    n_features: int
    n_columns: int
    """``n_features``, and one more if the model has an intercept."""

    dtype: np.dtype[Any]
    """The width in which products with the rows are computed."""

    @property
    def density(self) -> float:
        """What share of the values is stored: 1 unless rows are sparse and in one place."""
        ...

    def prepare(self, params: Array) -> Any:
        """Return params in the width and layout that a block of these rows multiplies fastest."""
        ...

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum each of the term's partial results over all blocks, in float64.

        The order of the sum is fixed, so the result does not depend on the number of threads. A
        block holds at least ``rows_per_block`` rows, unless their logits would be too many.
        """
        ...

    def collect(
        self, term: CollectedTerm, rows_per_block: int = 0
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """Sum like :meth:`sum`, and list what the term keeps of each block, in the order of rows.

        Both take one pass. A term that has nothing to sum returns an empty tuple of sums.
        """
        ...

    def take(self, indices: NDArray[np.intp]) -> Block:
        """Return the rows of these indices as one block."""
        ...

    def subset(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices as rows, gathered when they are read.

        An index may occur twice. Only one block at a time is copied.
        """
        ...

    def sums_of_subsets(
        self, subsets: Sequence[NDArray[np.intp]], terms: Sequence[Term]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the sums of each term over the rows of its indices, in order, in float64.

        A term sees the positions of rows among its indices as ``Block.rows``.
        """
        ...

    def values(self, rows: Index = slice(None), features: Index = slice(None)) -> Any:
        """Return some rows or some features, sparse where the rows are, in their width.

        Shape ``(n_rows, n_features)``.
        """
        ...

    def narrowed(self) -> Rows:
        """Return the same rows in float32, narrowed block by block as they are read."""
        ...

    def mostly_stored(self) -> NDArray[np.bool_]:
        """Return which features can be shifted, shape ``(n_features,)``.

        They are those whose values are stored, all or nearly all of them.
        """
        ...

    def shifted(self, shift: Array) -> Rows:
        """Return the rows less ``shift``, of shape ``(n_features,)``, which are read so.

        The difference is taken in the width of the values, before they are narrowed. ``shift`` is
        zero in features that cannot be shifted.
        """
        ...

    def widened(self) -> Rows:
        """Return the same rows in float64, widened block by block as they are read."""
        ...

    def copied(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices, copied in float32."""
        ...

    def columns(self, features: NDArray[np.intp]) -> Rows:
        """Return the rows with these features alone, copied if that takes little memory."""
        ...
