"""Sums over blocks of rows on a few threads, in an order that does not depend on how many."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from sk_softmax.interfaces import Block, CollectedTerm, Term
from sk_softmax.rows.threads import thread_pool

MOST_TASKS = 32

Collected: TypeAlias = tuple[tuple[Any, ...], list[Any]]
"""Sums over some blocks, and what is kept of each."""


def block_bounds(n_rows: int, rows_per_block: int) -> list[slice]:
    """Cut ``n_rows`` into few slices of at most ``rows_per_block``, of equal length.

    Lengths differ by at most one. They never depend on the number of threads; an even number of
    slices keeps two threads equally busy.
    """
    n_blocks = -(-n_rows // rows_per_block)
    n_blocks += n_blocks % 2 if n_blocks > 1 else 0
    edges = [n_rows * i // n_blocks for i in range(n_blocks + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]


class SummedInBlocks:
    """Rows that are read in blocks: a subclass says how they are cut, and what a block is."""

    n_threads: int

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum the term over all blocks."""
        sums, _ = self.collect(lambda block: (term(block), None), rows_per_block)
        return sums

    def collect(self, term: CollectedTerm, rows_per_block: int = 0) -> Collected:
        """Sum the term over all blocks, and list what it keeps of each."""
        bounds = self._cut(rows_per_block)
        read = self._reader(bounds)
        return collect_over_blocks(bounds, lambda rows: term(read(rows)), self.n_threads)

    def _cut(self, rows_per_block: int) -> list[slice]:
        """Return which rows each block holds, at least so many as far as that stays in bounds."""
        raise NotImplementedError

    def _reader(self, bounds: Sequence[slice]) -> Callable[[slice], Block]:
        """Return what makes blocks of the slices that the rows are cut into."""
        raise NotImplementedError


def sum_over_blocks(
    bounds: Sequence[slice], term: Callable[[slice], tuple[Any, ...]], n_threads: int
) -> tuple[Any, ...]:
    """Sum what the term returns of each block in float64, always from first block to last."""
    sums, _ = collect_over_blocks(bounds, lambda rows: (term(rows), None), n_threads)
    return sums


def collect_over_blocks(
    bounds: Sequence[slice],
    term: Callable[[slice], tuple[tuple[Any, ...], Any]],
    n_threads: int,
) -> Collected:
    """Do the same, and list what the term keeps of each block in the order of blocks."""
    quiet_term = _quiet(term)

    def collected_alone(rows: slice) -> Collected:
        sums, kept = quiet_term(rows)
        return sums, [kept]

    def collected_in_group(group: slice) -> Collected:
        first, *others = bounds[group]
        # A single block's part is widened where it is added, which saves an array of its size.
        return _in_turn(map(collected_alone, bounds[group])) if others else collected_alone(first)

    # Handing a task to a thread costs about as much as a small block; a group is one task.
    groups = block_bounds(len(bounds), -(-len(bounds) // MOST_TASKS))
    filled = [
        group for group in groups if bounds[group]
    ]  # an odd number of blocks leaves one empty
    return _in_turn(_in_order(collected_in_group, filled, n_threads))


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


def _in_turn(parts: Iterator[Collected]) -> Collected:
    """Add up the sums of parts, and put what they keep into one list."""
    sums, kept = next(parts)
    # Copied only if not float64: a term returns fresh arrays, which may be added to in place.
    totals = [np.asarray(part, dtype=np.float64) for part in sums]
    with np.errstate(over="ignore", invalid="ignore"):
        for sums, more in parts:
            for total, summand in zip(totals, sums, strict=True):
                total += summand
            kept += more
    return tuple(totals), kept
