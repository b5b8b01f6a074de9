"""The duality gap bounds the distance to the optimum, and closes there."""

import numpy as np
import pytest

from sk_softmax.interfaces import Evaluation
from sk_softmax.objective import RegressionObjective, duality_gap
from sk_softmax.rows import rows_of
from sk_softmax.solvers import NewtonCholesky


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_gap_bounds_the_suboptimality_everywhere_and_closes_at_the_optimum(
    n_classes, intercept, weighted, solve
):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    weights = rng.random(80) if weighted else None
    rows = rows_of(X, 3, has_intercept=intercept, n_threads=1)
    objective = RegressionObjective(rows, np.arange(80) % n_classes, n_classes, 0.5, weights)
    best = solve(NewtonCholesky(), objective, tol=1e-15)
    assert duality_gap(objective, best.params, best.evaluation) < 1e-12
    for scale in (1e-3, 0.1, 1.0, 3.0):
        params = best.params + scale * rng.normal(size=best.params.shape)
        here = objective.evaluate(params)
        gap = duality_gap(objective, params, here)
        assert here.value - best.evaluation.value <= gap + 1e-14
        assert gap < 1e4 * scale  # an infinite bound would pass too


def test_without_a_penalty_there_is_no_bound():
    rows = rows_of(np.ones((4, 1)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, np.array([0, 1, 0, 1]), 2, np.inf)
    params = np.zeros(objective.shape)
    assert duality_gap(objective, params, Evaluation(1.0, params)) == np.inf


def test_a_class_without_weight_is_no_obstacle(solve):
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    rows = rows_of(rng.normal(size=(30, 2)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, labels, 3, 1.0, (labels != 2).astype(float))
    params = rng.normal(size=objective.shape)
    here = objective.evaluate(params)
    best = solve(NewtonCholesky(), objective)
    assert here.value - best.evaluation.value <= duality_gap(objective, params, here) < 1e4
