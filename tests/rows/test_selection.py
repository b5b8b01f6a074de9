"""Rows selected from an array are those of a copy, and only what is asked for is read."""

import mmap

import numpy as np
import pytest

from sk_softmax.rows import Selection, is_memory_mapped, rows_of

WHOLE = np.random.default_rng(0).normal(size=(500, 30))
INDICES = np.random.default_rng(1).permutation(500)[:200]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_it_reads_as_the_copy_would(order, dtype):
    whole = np.asarray(WHOLE, dtype=dtype, order=order)
    selection, copy = Selection(whole, INDICES), whole[INDICES]
    assert selection.shape == copy.shape
    assert selection.ndim == 2
    assert selection.dtype == dtype
    assert len(selection) == 200
    for key in (slice(20, 50), np.array([3, 3, 199]), slice(None)):
        np.testing.assert_array_equal(selection[key], copy[key])
    np.testing.assert_array_equal(np.asarray(selection), copy)


@pytest.mark.parametrize("has_intercept", [False, True])
def test_as_rows_it_is_a_subset(has_intercept):
    given = {"has_intercept": has_intercept, "n_threads": 1}
    rows = rows_of(Selection(WHOLE, INDICES), 3, **given)
    copy = rows_of(WHOLE[INDICES], 3, **given)
    params = np.random.default_rng(3).normal(size=(3, 30 + has_intercept))
    for one in (rows, copy):
        assert (one.n_rows, one.n_features, one.n_columns) == (200, 30, 30 + has_intercept)
        np.testing.assert_array_equal(one.values(features=slice(5, 9)), WHOLE[INDICES][:, 5:9])
    some = np.array([7, 0, 7])
    logits = [one.take(some).logits(one.prepare(params)) for one in (rows, copy)]
    np.testing.assert_array_equal(*logits)
    grams = [one.sum(lambda block: (block.gram(np.ones(block.n_rows)),)) for one in (rows, copy)]
    np.testing.assert_allclose(grams[0][0], grams[1][0], rtol=1e-12)


def test_what_is_memory_mapped(tmp_path):
    np.save(tmp_path / "X.npy", WHOLE)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    views = [mapped, np.asarray(mapped), mapped[3:, ::2], np.asarray(mapped)[::-1].T]
    assert all(map(is_memory_mapped, views))
    with (
        open(tmp_path / "X.npy", "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory,
    ):
        read = np.frombuffer(memory, dtype=np.uint8)
        assert is_memory_mapped(read[128:])
        del read
    for array in (WHOLE, WHOLE[::2], np.array(mapped), mapped[[1, 2]].copy(), None):
        assert not is_memory_mapped(array)
