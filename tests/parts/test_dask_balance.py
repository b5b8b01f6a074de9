"""Parts are shared out by threads with as few moves as it takes."""

from collections import Counter

import pytest

from sk_softmax.parts.dask_balance import moves


@pytest.mark.parametrize(
    ("workers", "threads", "shares", "n_moves"),
    [
        ("aaaaaaaab", {"a": 1, "b": 1}, {"a": 5, "b": 4}, 3),
        ("aaaabbbb", {"a": 1, "b": 1}, {"a": 4, "b": 4}, 0),
        ("aaaabbbbb", {"a": 1, "b": 1}, {"a": 4, "b": 5}, 0),
        ("aaaaaaaa", {"a": 1, "b": 1, "c": 2}, {"a": 2, "b": 2, "c": 4}, 6),
        ("aa", {"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 1}, 1),
        ("a", {"a": 2}, {"a": 1}, 0),
    ],
)
def test_shares_follow_threads(workers, threads, shares, n_moves):
    found = moves(list(workers), threads)
    after = [found.get(number, worker) for number, worker in enumerate(workers)]
    assert Counter(after) == shares
    assert len(found) == n_moves
