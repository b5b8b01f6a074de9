"""Kept parts shared out among workers by their threads: all wait for the slowest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def moves(workers: Sequence[str], threads: Mapping[str, int]) -> dict[int, str]:
    """Return the fewest parts that have to move, each with its new worker.

    Parameters
    ----------
    workers : sequence of str
        The worker of each part. Parts are of about the same size.
    threads : dict of int
        How many threads each worker has.
    """
    parts: dict[str, list[int]] = {worker: [] for worker in threads}
    for number, worker in enumerate(workers):
        parts.setdefault(worker, []).append(number)
    found: dict[int, str] = {}
    while True:
        least = min(threads, key=lambda worker: (len(parts[worker]) + 1) / threads[worker])
        most = max(threads, key=lambda worker: len(parts[worker]) / threads[worker])
        after = (len(parts[least]) + 1) / threads[least]
        if after >= len(parts[most]) / threads[most]:
            return found
        number = parts[most].pop()
        parts[least].append(number)
        found[number] = least
