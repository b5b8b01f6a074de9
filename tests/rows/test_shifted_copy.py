"""Shifted rows of a dense array: copied if they are few, and read block by block otherwise."""

import numpy as np
import pytest

from sk_softmax.rows import rows_of


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("far", [1, 12])
def test_a_copy_has_the_bits_of_rows_that_are_shifted_as_they_are_read(
    far, dtype, order, monkeypatch
):
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=(3000, 12)) + 7, dtype=dtype, order=order)
    shift = np.where(np.arange(12) < far, X.mean(axis=0, dtype=np.float64), 0.0)
    params = rng.normal(size=(3, 13))
    before = X.copy()

    def answers():
        rows = rows_of(X, 3, has_intercept=True, n_threads=1).shifted(shift)
        found = []
        for read in (rows, rows.narrowed(), rows.subset(np.arange(0, 3000, 7)).narrowed()):
            prepared = read.prepare(params)
            found += read.sum(
                lambda block, prepared=prepared: (
                    block.pull_back(block.logits(prepared)),
                    block.gram(np.ones(block.n_rows, block.design().dtype)),
                )
            )
        return [*found, rows.values(np.arange(5))]

    copied = answers()
    monkeypatch.setattr("sk_softmax.rows.dense.MOST_SHIFTED", 0)
    for one, other in zip(copied, answers(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(copied[-1], (X - shift.astype(dtype))[:5], rtol=1e-6)
