"""Rows in memory, in blocks small enough to stay in cache, summed in a fixed order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk_softmax.interfaces import Array, Block, Term
from sk_softmax.rows.threads import thread_pool

MOST_TASKS = 32


def block_bounds(n_rows: int, rows_per_block: int) -> list[slice]:
    """Cut ``n_rows`` into few slices of at most ``rows_per_block``, of equal length.

    Lengths differ by at most one. They never depend on the number of threads; an even number of
    slices keeps two threads equally busy.
    """
    n_blocks = -(-n_rows // rows_per_block)
    n_blocks += n_blocks % 2 if n_blocks > 1 else 0
    edges = [n_rows * i // n_blocks for i in range(n_blocks + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


def with_weight(X: Any, weights: Array) -> tuple[Any, Array]:
    """Return the rows whose weight is not zero, and their weights."""
    kept = np.flatnonzero(weights)
    return (X, weights) if len(kept) == len(weights) else (X[kept], weights[kept])


class BlockedRows:
    """All rows of a matrix of shape ``(n_rows, n_features)``, float32 or float64, in blocks.

    A subclass says how many rows a block holds and what a block is.

    Parameters
    ----------
    X : array, CSR or CSC matrix
        The rows.
    n_outputs : int
        How many logits each row will have, to keep those of a block in bounds.
    has_intercept : bool
        Whether a constant last column is implied.
    n_threads : int
        How many threads sum blocks.
    dtype : dtype, optional
        The width in which blocks are computed, by default that of ``X``. Narrowing float64 to
        float32 in cache costs far less than the products in float64 would: on MNIST an evaluation
        took 41 ms, and 39 of rows that were float32 already, 76 in float64.
    """

    def __init__(
        self,
        X: Any,
        n_outputs: int,
        *,
        has_intercept: bool,
        n_threads: int,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.n_rows, self.n_features = X.shape
        self.n_columns = self.n_features + has_intercept
        self.dtype = X.dtype if dtype is None else np.dtype(dtype)
        self._X = X
        self._n_outputs = n_outputs
        self._has_intercept = has_intercept
        self._n_threads = n_threads

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum the term over all blocks."""
        rows_per_block = max(min(rows_per_block, self._most_rows()), self._rows_per_block())
        bounds = block_bounds(self.n_rows, rows_per_block)
        read = self._reader(bounds)
        return sum_over_blocks(bounds, lambda rows: term(read(rows)), self._n_threads)

    def each(self, task: Callable[[Any], None], items: Sequence[Any]) -> None:
        """Do a task for each item, on as many threads as sums use."""
        for _ in _in_order(_quiet(task), items, self._n_threads):
            pass

    def narrowed(self) -> Self:
        """Return the same rows in float32, narrowed block by block as they are read."""
        return self._like(self._X)

    def copied(self, indices: NDArray[np.intp]) -> Self:
        """Return the rows of these indices, copied in float32."""
        with np.errstate(over="ignore"):
            return self._like(self._X[indices].astype(np.float32))

    def columns(self, features: NDArray[np.intp]) -> Self:
        """Return the rows with these features alone, copied unless they are all."""
        if len(features) == self.n_features:
            return self
        return self._like(self._X[:, features], self.dtype)

    def _like(self, X: Any, dtype: DTypeLike = np.float32) -> Self:
        return type(self)(
            X,
            self._n_outputs,
            has_intercept=self._has_intercept,
            n_threads=self._n_threads,
            dtype=dtype,
        )

    def _most_rows(self) -> int:
        """How many rows have a million logits."""
        return max(2**20 // self._n_outputs, 64)

    def _rows_per_block(self) -> int:
        raise NotImplementedError

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], Block]:
        """Return what makes blocks of the slices that the rows are cut into."""
        return self._block

    def _block(self, rows: slice) -> Block:
        raise NotImplementedError


def sum_over_blocks(
    bounds: Sequence[slice], term: Callable[[slice], tuple[Any, ...]], n_threads: int
) -> tuple[Any, ...]:
    """Sum what the term returns of each block in float64, always from first block to last."""
    quiet_term = _quiet(term)

    def sum_of_group(group: slice) -> tuple[Any, ...]:
        first, *others = bounds[group]
        # A single block's part is widened where it is added, which saves an array of its size.
        return _ordered_sum(map(quiet_term, bounds[group])) if others else quiet_term(first)

    # Handing a task to a thread costs about as much as a small block; a group is one task.
    groups = block_bounds(len(bounds), -(-len(bounds) // MOST_TASKS))
    return _ordered_sum(_in_order(sum_of_group, groups, n_threads))


def _quiet(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let a task overflow: whoever tries a point where logits do sees infinity in the answer."""

    def quiet(item: Any) -> Any:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
            return task(item)

    return quiet


def _in_order(task: Callable[[Any], Any], items: Sequence[Any], n_threads: int) -> Iterator[Any]:
    """Yield the task's result for each item in turn, while no more than a few wait in memory."""
    if n_threads == 1 or len(items) == 1:
        yield from map(task, items)
        return
    pool = thread_pool(n_threads)
    waiting: deque[Future[Any]] = deque()
    for item in items:
        if len(waiting) == 2 * n_threads:
            yield waiting.popleft().result()
        waiting.append(pool.submit(task, item))
    while waiting:
        yield waiting.popleft().result()


def _ordered_sum(parts: Iterator[tuple[Any, ...]]) -> tuple[Any, ...]:
    # Copied only if not float64: a term returns fresh arrays, which may be added to in place.
    totals = [np.asarray(part, dtype=np.float64) for part in next(parts)]
    with np.errstate(over="ignore", invalid="ignore"):
        for part in parts:
            for total, summand in zip(totals, part, strict=True):
                total += summand
    return tuple(totals)
