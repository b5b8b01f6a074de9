"""Some of the rows: evenly spread, or drawn by their weights."""

import numpy as np
import pytest

from sk_softmax.objective.sampling import drawn, spread_out


@pytest.mark.parametrize(("n_rows", "n_sampled"), [(100, 100), (101, 10), (60_000, 3750)])
def test_a_sample_takes_one_row_from_each_stretch(n_rows, n_sampled):
    indices = spread_out(n_rows, n_sampled)
    np.testing.assert_array_equal(indices // (n_rows // n_sampled), np.arange(n_sampled))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_drawn_rows_stand_for_all(share):
    rng = np.random.default_rng(0)
    weights = rng.random(20_000) ** 8  # a few rows have most of the weight
    X = rng.normal(size=(20_000, 3))
    indices, of_drawn = drawn(weights, share)
    assert 0 < len(indices) <= 1.05 * share * 20_000
    whole, sample = X.T @ (X * weights[:, None]), X[indices].T @ (X[indices] * of_drawn[:, None])
    np.testing.assert_allclose(sample, whole, atol=0.15 * whole.max())


def test_draws_do_not_depend_on_where_blocks_begin():
    weights = np.ones(1000)
    indices, _ = drawn(weights, 0.1)
    later, _ = drawn(weights[300:], 0.1, first=300)
    np.testing.assert_array_equal(later, indices[indices >= 300])
