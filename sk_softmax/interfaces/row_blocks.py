"""WHERE the rows are: blocks of rows, and sums over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array, Index


class Block(Protocol):
    """Some rows of the data and the products an objective needs of them.

    A constant last column is implied where the model has an intercept; it is never materialised
    except by :meth:`design`.
    """

    rows: Index
    """Which rows these are; picks their targets and weights."""

    n_rows: int

    def logits(self, prepared: Any) -> Array:
        """Class-major logits, shape ``(n_outputs, n_rows)``, of params from ``Rows.prepare``."""
        ...

    def pull_back(self, residuals: Array) -> Array:
        """``residuals @ block``: shape ``(n_outputs, n_rows)`` to ``(n_outputs, n_columns)``."""
        ...

    def gram(self, weights: Array) -> Array:
        """``block.T @ diag(weights) @ block``, shape ``(n_columns, n_columns)``.

        Rows of weight zero cost nothing.
        """
        ...

    def gram_diagonal(self, weights: Array) -> Array:
        """Diagonal of :meth:`gram`, shape ``(n_columns,)``."""
        ...

    def design(self) -> Array:
        """Return the rows as a dense array of shape ``(n_rows, n_columns)``."""
        ...

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Any:
        """Return a copy of these rows and columns, sparse where the rows are."""
        ...


Term: TypeAlias = Callable[[Block], tuple[Any, ...]]
"""Maps a block to partial sums: numbers, or fresh arrays that the caller may overwrite.

A term is pure: it writes to nothing but what it returns, so that rows may evaluate it anywhere, in
any order, and more than once.
"""

CollectedTerm: TypeAlias = Callable[[Block], tuple[tuple[Any, ...], Any]]
"""A term that returns beside its partial sums something to keep of the block, as pure."""


class Rows(Protocol):
    """The rows of a data set, wherever they are; they never know what they sum."""

    n_rows: int
    n_features: int
    n_columns: int
    dtype: np.dtype[Any]

    def prepare(self, params: Array) -> Any:
        """Return params in the width and layout that this kind of block multiplies fastest."""
        ...

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum each of the term's partial results over all blocks, in float64.

        The order of the reduction is fixed, so that the sums do not depend on how many threads
        ran. Blocks hold at least ``rows_per_block`` rows, as far as their logits stay in bounds.
        """
        ...

    def collect(
        self, term: CollectedTerm, rows_per_block: int = 0
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """Sum like :meth:`sum`, and list what the term keeps of each block, from first to last.

        One pass for both. A term that has nothing to sum returns an empty tuple of sums.
        """
        ...

    def take(self, indices: NDArray[np.intp]) -> Block:
        """Return the rows of these indices as one block."""
        ...

    def subset(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices as rows, put together as they are read.

        An index may come twice. Nothing is copied but a block at a time.
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

    def copied(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices, copied in float32."""
        ...

    def columns(self, features: NDArray[np.intp]) -> Rows:
        """Return the rows with these features alone, copied where that takes little memory."""
        ...
