"""Parts that are read anew in each pass: the sums of parts in memory, one part at a time."""

import gc
import weakref

import numpy as np
import pytest

from sk_softmax.parts import ChunkPasses, Chunks, LocalParts, PartsReadAnew

SIZES = [3, 1, 4, 1, 5, 9, 2]


def chunks_of(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(size, 2)), np.arange(size) % 2) for size in sizes]


def reading(chunks):
    passes = ChunkPasses(Chunks(chunks))
    passes.first()
    return PartsReadAnew(passes)


def sums(part):
    """Sums whose rounding depends on their order."""
    return None if len(part.X) == 1 else (part.X.sum(axis=0), [part.number])


@pytest.mark.parametrize("n_chunks", range(1, 12))
def test_answers_are_added_up_the_tree_of_parts_in_memory(n_chunks):
    chunks = chunks_of([2 + number % 3 for number in range(n_chunks)])
    parts = reading(chunks)
    in_memory = LocalParts(parts.each(lambda part: part))
    assert parts.n_parts == n_chunks
    for found, expected in zip(parts.ask(sums), in_memory.ask(sums), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_first_pass_may_be_asked_before_the_number_of_parts_is_known():
    found, numbers = reading(chunks_of(SIZES)).ask(sums)
    again = reading(chunks_of(SIZES))
    again.each(len_of)
    np.testing.assert_array_equal(found, again.ask(sums)[0])
    assert numbers == [0, 2, 4, 5, 6]


def len_of(part):
    return len(part.X)


def test_what_is_made_of_parts_is_made_anew_and_knows_their_numbers():
    made = []

    def make(part, number):
        made.append(number)
        return len(part.X), number

    parts = reading(chunks_of(SIZES)).made_into(make)
    for _ in range(2):
        assert parts.each(lambda part: part) == list(zip(SIZES, range(7), strict=True))
    assert made == 2 * list(range(7))


class Block:
    """Rows that a weak reference can watch."""

    def __init__(self, n_rows):
        self.values = np.ones((n_rows, 2))
        self.shape = self.values.shape


def test_no_more_than_one_part_is_held():
    alive = weakref.WeakSet()
    most = []

    def read():
        for size in SIZES:
            gc.collect()
            most.append(len(alive))
            block = Block(size)
            alive.add(block)
            yield block, np.zeros(size)
            del block

    passes = ChunkPasses(Chunks(read))
    passes.first()
    parts = PartsReadAnew(passes).made_into(lambda part, number: part)
    for _ in range(2):
        parts.ask(lambda part: (part.X.values.sum(),))
    assert most == [0] * 14


def test_the_first_chunk_is_not_read_twice():
    calls = []

    def read():
        calls.append(0)
        for chunk in chunks_of(SIZES):
            calls[-1] += 1
            yield chunk

    passes = ChunkPasses(Chunks(read))
    assert len(passes.first().X) == SIZES[0]
    assert calls == [1]
    parts = PartsReadAnew(passes)
    assert parts.each(len_of) == SIZES
    assert calls == [7]
    parts.each(len_of)
    assert calls == [7, 7]
    assert passes.speed.n_passes == 2
    assert passes.speed.n_rows == 2 * sum(SIZES)
