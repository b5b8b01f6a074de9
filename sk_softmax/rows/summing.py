"""Sums over blocks of rows on several threads, in an order that does not depend on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Block, CollectedTerm, Term
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.rows.threads import thread_pool

# Tasks that a pass is split into, each a group of blocks that one thread sums. Handing a task to a
# thread costs about as much as a small block.
MOST_TASKS = 32

Collected: TypeAlias = tuple[tuple[Any, ...], list[Any]]
"""Sums over some blocks, and a list of what the term keeps of each block."""


def block_bounds(n_rows: int, rows_per_block: int) -> list[slice]:
    """Cut ``n_rows`` into the fewest slices of at most ``rows_per_block`` rows each.

    If there are several, their number is made even, which keeps two threads equally busy. Lengths
    differ by at most one and never depend on the number of threads. No rows are one empty slice.
    """
    n_blocks = max(-(-n_rows // rows_per_block), 1)
    n_blocks += n_blocks % 2 if n_blocks > 1 else 0
    edges = [n_rows * i // n_blocks for i in range(n_blocks + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


class SummedInBlocks:
    """Rows that are read in blocks: a subclass defines how rows are cut, and what a block is."""

    n_threads: int

    @property
    def density(self) -> float:
        """What share of the values is stored: all of them unless the rows are sparse."""
        return 1.0

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Return the sums of the term over all blocks, in float64."""
        sums, _ = self.collect(lambda block: (term(block), None), rows_per_block)
        return sums

    def collect(self, term: CollectedTerm, rows_per_block: int = 0) -> Collected:
        """Return the sums of the term over all blocks, and what it keeps of each, in order."""
        bounds = self._cut(rows_per_block)
        read = self._reader(bounds)
        if len(bounds) == 1:
            # Without groups and threads a fit to the 150 rows of iris takes a tenth less time.
            with quiet():
                sums, kept = term(read(bounds[0]))
            return tuple([np.asarray(part, dtype=np.float64) for part in sums]), [kept]
        return collect_over_blocks(bounds, lambda rows: term(read(rows)), self.n_threads)

    def sums_of_subsets(
        self, subsets: Sequence[NDArray[np.intp]], terms: Sequence[Term]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the sums of each term over the rows of its indices, in order, in float64.

        Each thread takes a subset at a time, if there are several: of 10,000 rows of MNIST each
        class has a block of 900, and there is nothing to share within one.
        """

        def summed(pair: tuple[NDArray[np.intp], Term]) -> tuple[Any, ...]:
            rows = self.subset(pair[0])
            if len(subsets) > 1:
                rows.n_threads = 1
            return rows.sum(pair[1])

        yield from _in_order(summed, list(zip(subsets, terms, strict=True)), self.n_threads)

    def subset(self, indices: NDArray[np.intp]) -> SummedInBlocks:
        """Return the rows of these indices as rows."""
        raise NotImplementedError

    def _cut(self, rows_per_block: int) -> list[slice]:
        """Return the rows of each block, in order.

        A block holds at least ``rows_per_block`` rows, unless their logits would be too many.
        """
        raise NotImplementedError

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], Block]:
        """Return a function that reads one of these slices as a block."""
        raise NotImplementedError


def sum_over_blocks(
    bounds: Sequence[slice], term: Callable[[slice], tuple[Any, ...]], n_threads: int
) -> tuple[Any, ...]:
    """Return the sums of what the term returns of each block, in float64.

    The order of the sum is fixed and does not depend on the number of threads.
    """
    sums, _ = collect_over_blocks(bounds, lambda rows: (term(rows), None), n_threads)
    return sums


def collect_over_blocks(
    bounds: Sequence[slice],
    term: Callable[[slice], tuple[tuple[Any, ...], Any]],
    n_threads: int,
) -> Collected:
    """Return the sums of a term over blocks, and a list of what it keeps of each block.

    Sums are in float64 and in a fixed order: within a group of blocks from the first to the last,
    then over the groups. The list is in the order of blocks.
    """

    def collected_alone(rows: slice) -> Collected:
        with quiet():
            sums, kept = term(rows)
        return sums, [kept]

    def collected_in_group(group: slice) -> Collected:
        first, *others = bounds[group]
        # A single block is returned as it is, in the width of its rows: it is widened where
        # groups are added up, which saves an array of its size.
        return _in_turn(map(collected_alone, bounds[group])) if others else collected_alone(first)

    # A group is one task.
    groups = block_bounds(len(bounds), -(-len(bounds) // MOST_TASKS))
    # The number of groups is even, so one of them may be empty.
    filled = [group for group in groups if bounds[group]]
    return _in_turn(_in_order(collected_in_group, filled, n_threads))


def _in_order(task: Callable[[Any], Any], items: Sequence[Any], n_threads: int) -> Iterator[Any]:
    """Yield the task's result for each item, in the order of items.

    At most ``2 n_threads`` results wait in memory.
    """
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


def _in_turn(parts: Iterator[Collected]) -> Collected:
    """Add up the sums of all parts in turn, and join the lists of what they keep."""
    sums, kept = next(parts)
    # Arrays in float64 are not copied: a term returns fresh ones, which may be added to in place.
    totals = [np.asarray(part, dtype=np.float64) for part in sums]
    with np.errstate(over="ignore", invalid="ignore"):
        for sums, more in parts:
            for total, summand in zip(totals, sums, strict=True):
                total += summand
            kept += more
    return tuple(totals), kept
