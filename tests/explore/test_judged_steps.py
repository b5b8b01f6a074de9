"""Losses of all steps at once, beside a call of ``objective`` and ``score`` a step."""

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression
from sk_softmax.explore.datasets import data_set
from sk_softmax.explore.judged_steps import losses_and_accuracies, objective_of_steps
from sk_softmax.explore.rows_of_view import prepared
from sk_softmax.explore.view import view_of

QUERIES = {
    "one column": {},
    "two classes": {"features": "0,2", "scale": "raw"},
    "three classes": {"classes": "all", "features": "1,2,3"},
    "probabilities": {"data": "moons", "rows": "150", "targets": "shares"},
    "digits": {"data": "digits"},
}


def rows_of(query):
    view = view_of(query)
    return prepared(view, data_set(view.data, view.rows))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_all_steps_at_once_are_as_one_by_one(query):
    rows = rows_of(query)
    model = SoftmaxRegression(C=0.3, l1_ratio=0.4).fit(rows.X, rows.y)
    steps = np.random.default_rng(0).normal(size=(9, *model.params_.shape))
    steps *= np.logspace(-2, 2, 9)[:, None, None]
    steps[0] = 0
    losses, accuracies = losses_and_accuracies(rows.X, rows.Y, rows.labels, steps)
    values = objective_of_steps(losses, steps, len(rows.X), 0.3, 0.4)
    np.testing.assert_allclose(values, model.objective(rows.X, rows.y, params=steps), rtol=1e-12)
    for step, accuracy in zip(steps, accuracies, strict=True):
        model.coef_, model.intercept_ = step[:, :-1], step[:, -1]
        assert accuracy == np.mean(model.predict(rows.X) == rows.labels)


@pytest.mark.parametrize("query", [{}, {"classes": "all"}])
def test_steps_that_overflow_have_no_finite_loss_and_no_warning(query):
    rows = rows_of(query)
    n_outputs = 3 if query else 1
    steps = np.full((3, n_outputs, 2), 1e300)
    steps[0, 0], steps[1] = 0.5, np.nan
    losses, _ = losses_and_accuracies(1e10 * rows.X, rows.Y, rows.labels, steps)
    assert not np.isfinite(losses[1:]).any()
