"""The first step size, judged by a few rows, against the least of the objective by SciPy."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from sk_softmax.objective import RegressionObjective
from sk_softmax.objective.size_along import ROWS
from sk_softmax.rows import rows_of


def problem(n_rows, n_classes, *, weighted=False, is_sparse=False, n_features=30):
    rng = np.random.default_rng(n_rows)
    X = rng.normal(size=(n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.3)
    y = (X[:, :n_classes] + 0.3 * rng.normal(size=(n_rows, n_classes))).argmax(axis=1)
    weight = rng.random(n_rows) if weighted else None
    given = sp.csr_matrix(X) if is_sparse else X
    rows = rows_of(given, n_classes, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, y, n_classes, 0.1, weight)
    return objective, X, y, np.ones(n_rows) if weight is None else weight


def value(X, y, weight, params):
    logits = X @ params[:, :-1].T + params[:, -1]
    if len(params) == 1:
        logits = np.column_stack([np.zeros(len(y)), logits])
    losses = logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]
    return (weight @ losses + 0.5 * np.sum(params[:, :-1] ** 2) / 0.1) / weight.sum()


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("best", [0.7, 0.03])
def test_of_few_rows_it_is_where_the_objective_is_least(n_classes, weighted, is_sparse, best):
    objective, X, y, weight = problem(800, n_classes, weighted=weighted, is_sparse=is_sparse)
    params = 0.1 * np.random.default_rng(1).normal(size=objective.shape)
    direction = -objective.evaluate(params).gradient

    def along(size):
        return value(X, y, weight, params + size * direction)

    least = minimize_scalar(along, bounds=(0, 1000), method="bounded", options={"xatol": 1e-6}).x
    size = objective.size_along(params, direction * least / best)
    assert size == pytest.approx(best, rel=0.05)


def test_of_many_rows_a_sample_is_looked_at():
    objective, X, y, weight = problem(20 * ROWS, 3)
    params = np.zeros(objective.shape)
    direction = -50 * objective.evaluate(params).gradient
    passes = objective.passes
    size = objective.size_along(params, direction)
    assert objective.passes == pytest.approx(passes + 1 / 20)

    def along(size):
        return value(X, y, weight, size * direction)

    least = minimize_scalar(along, bounds=(0, 10), method="bounded").x
    assert along(min(size, 1)) < along(0) - 0.9 * (along(0) - along(min(least, 1)))


def test_it_is_one_where_the_objective_still_falls_or_where_rows_do_not_tell():
    objective, *_ = problem(100, 3)
    params = np.zeros(objective.shape)
    downhill = -objective.evaluate(params).gradient
    assert objective.size_along(params, 1e-3 * downhill) == 1.0
    assert objective.size_along(params, -downhill) == 1.0
    with np.errstate(all="ignore"):
        assert objective.size_along(params, np.full(objective.shape, np.nan)) == 1.0
        assert objective.size_along(params, 1e300 * downhill) == 1.0
        assert 0 < objective.size_along(params, 1e100 * downhill) < 1e-4
