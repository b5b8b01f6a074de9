"""What a measurement of curvature costs, and which one a fit can afford."""

import numpy as np
import pytest

from sk_softmax.objective import RegressionObjective, affordable, cost
from sk_softmax.objective.curvature import ClassGrams, SharedGram
from sk_softmax.rows import rows_of


def test_a_long_fit_affords_a_matrix_a_class():
    rng = np.random.default_rng(0)
    rows = rows_of(rng.normal(size=(200, 399)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, np.arange(200) % 3, 3, 1.0, rng.random(200))
    params = np.random.default_rng(1).normal(size=objective.shape)
    n_drawn = affordable.rows_drawn(objective.data, 3)
    taken = cost.evaluations(200, 3, 400, 3, n_drawn)
    assert taken > affordable.AFFORDABLE + 2  # the measurement itself counts passes
    assert isinstance(objective.curvature(params), SharedGram)
    objective.data.count(taken)
    assert isinstance(objective.curvature(params), ClassGrams)


def test_cost_of_a_measurement_grows_with_all_that_it_reads():
    size = dict(n_rows=5000, n_outputs=10, n_columns=200, n_matrices=10, n_drawn=1000)
    cheaper = cost.evaluations(**size)
    for name in ("n_columns", "n_matrices", "n_drawn"):
        assert cost.evaluations(**size | {name: 2 * size[name]}) > cheaper
    # In evaluations of more rows the same matrices are cheaper.
    assert cost.evaluations(**size | {"n_rows": 10_000}) < cheaper


@pytest.mark.parametrize(
    ("n_rows", "n_sharing", "n_drawn"),
    [(1800, 1, 600), (1800, 5, 1800), (6000, 5, 2000), (60_000, 5, 20_000)],
)
def test_a_sample_for_several_fits_has_enough_rows_for_each_column(n_rows, n_sharing, n_drawn):
    rows = rows_of(np.zeros((n_rows, 59)), 3, has_intercept=True, n_threads=1)
    data = RegressionObjective(rows, np.arange(n_rows) % 3, 3, 1.0).data
    assert affordable.rows_drawn(data, 3, n_sharing) == pytest.approx(n_drawn)
