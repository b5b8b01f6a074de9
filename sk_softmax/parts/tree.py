"""Answers of parts, added up one fixed binary tree over the numbers of the parts.

Node ``(level, i)`` covers the parts from ``i 2^level`` to ``(i + 1) 2^level``. A node is the sum
of its two children, or its only child where the other would cover no part. So the order of
additions, and with it every rounding, depends on the number of parts alone: whoever holds two
siblings may add them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from sk_softmax.parts.protocol import Answer

Node: TypeAlias = tuple[int, int]
"""Level, and number in the level."""

Branches: TypeAlias = dict[Node, Answer | None]
"""Sums of parts, by the node that they belong to; None if none of them has rows."""


class NoRowsError(ValueError):
    """No part has a row."""


def grown(answers: Iterable[tuple[int, Answer | None]], n_parts: int) -> Branches:
    """Return the fewest branches that hold these answers, which come with their parts' numbers.

    Answers are added as they come, so that at most one branch for each level waits if they come
    in the order of the parts.
    """
    branches: Branches = {}
    for number, answer in answers:
        _add(branches, (0, number), answer, n_parts)
    return branches


def joined(several: Iterable[Mapping[Node, Answer | None]], n_parts: int) -> Branches:
    """Return the fewest branches that hold all of these, which have no part in common."""
    branches: Branches = {}
    for some in several:
        for node, answer in some.items():
            _add(branches, node, answer, n_parts)
    return branches


def total(branches: Branches, n_parts: int) -> Answer:
    """Return the sum of all parts from the branches of all of them."""
    root = ((n_parts - 1).bit_length(), 0)
    if set(branches) != {root}:
        raise ValueError(f"{n_parts} parts were asked, but the answers cover {sorted(branches)}.")
    answer = branches[root]
    if answer is None:
        raise NoRowsError(f"None of {n_parts} parts has a row.")
    return answer


def _add(branches: Branches, node: Node, answer: Answer | None, n_parts: int) -> None:
    """Add a branch to others, together with every sibling that is there."""
    while True:
        level, i = node
        sibling = level, i ^ 1
        if i == 0 and 2**level >= n_parts:
            break  # the root
        if sibling[1] * 2**level < n_parts:
            if sibling not in branches:
                break
            other = branches.pop(sibling)
            answer = _sum(other, answer) if sibling[1] < i else _sum(answer, other)
        node = level + 1, i // 2
    branches[node] = answer


def _sum(first: Answer | None, second: Answer | None) -> Answer | None:
    """Return the sums of numbers and arrays, and joined lists."""
    if first is None or second is None:
        return second if first is None else first
    with np.errstate(over="ignore", invalid="ignore"):
        return tuple(_added(a, b) for a, b in zip(first, second, strict=True))


def _added(a: Any, b: Any) -> Any:
    if isinstance(a, np.ndarray) and a.ndim and a.flags.writeable and a.dtype == np.float64:
        a += b  # an answer is an array of its own
        return a
    return a + b
