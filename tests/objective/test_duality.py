"""The duality gap bounds the distance to the optimum, and closes there."""

import numpy as np
import pytest

from sk_softmax.interfaces import Evaluation
from sk_softmax.objective import RegressionObjective, duality, spread_out
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.targets import Labels
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
    assert objective.gap(best.params, best.evaluation) < 1e-12
    for scale in (1e-3, 0.1, 1.0, 3.0):
        params = best.params + scale * rng.normal(size=best.params.shape)
        here = objective.evaluate(params)
        gap = objective.gap(params, here)
        assert here.value - best.evaluation.value <= gap + 1e-14
        assert gap < 1e4 * scale  # an infinite bound would pass too


def test_without_a_penalty_there_is_no_bound():
    rows = rows_of(np.ones((4, 1)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, np.array([0, 1, 0, 1]), 2, np.inf)
    params = np.zeros(objective.shape)
    assert objective.gap(params, Evaluation(1.0, params)) == np.inf


def test_a_class_without_weight_is_no_obstacle(solve):
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    rows = rows_of(rng.normal(size=(30, 2)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, labels, 3, 1.0, (labels != 2).astype(float))
    params = rng.normal(size=objective.shape)
    here = objective.evaluate(params)
    best = solve(NewtonCholesky(), objective)
    assert here.value - best.evaluation.value <= objective.gap(params, here) < 1e4


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1.0])
def test_few_rows_can_bear_what_is_moved(n_classes, scale, solve, monkeypatch):
    rng = np.random.default_rng(0)
    X, labels, weights = rng.normal(size=(6000, 4)), np.arange(6000) % n_classes, rng.random(6000)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, labels, n_classes, 30.0, weights)
    best = solve(NewtonCholesky(), objective)
    params = best.params + scale * rng.normal(size=best.params.shape)
    here = objective.evaluate(params)
    passes = objective.passes
    gap = objective.gap(params, here)
    is_close = scale < 1  # far away the few rows would have to change too much
    # One row in 16, read twice: for what they hold, and for the move.
    assert (objective.passes - passes == 2 / 16) == is_close
    monkeypatch.setattr(duality, "MANY_ROWS", 10_000)
    in_all_rows = objective.gap(params, here)
    assert here.value - best.evaluation.value <= gap + 1e-14
    assert gap == pytest.approx(in_all_rows, rel=0.03)


def test_rows_that_hold_too_little_of_a_class_leave_the_move_to_all(solve):
    # Only the first row has any probability of class 2, and the sample does not have that row.
    X = np.zeros((6000, 1))
    X[1] = 1.0
    labels = np.arange(6000) % 2
    labels[1] = 2
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, labels, 3, 1.0)
    best = solve(NewtonCholesky(), objective)
    params = best.params.copy()
    params[2] += [900.0, -900.0]
    here = objective.evaluate(params)
    assert 0 <= here.value - best.evaluation.value <= objective.gap(params, here) < np.inf


def test_a_part_may_hold_none_of_the_few_rows():
    rows = rows_of(np.ones((3, 2)), 3, has_intercept=True, n_threads=1)
    part = DataTerm(rows, Labels(np.arange(3), 3), cross_entropy_of(3), first_row=1, n_rows=6000)
    assert part.here(spread_out(6000, 2)).size == 0
    params = np.ones((3, 3))
    (held,) = duality.held_by_few_rows(part, params, 2)
    np.testing.assert_array_equal(held, np.zeros(3))
    (held,) = duality.held_by_few_rows(part, params, 6000)
    np.testing.assert_allclose(held, np.ones(3))


def test_probabilities_that_underflow_count_in_full(solve):
    X = np.array([[-1.0], [0.0], [1.0], [2.0]] * 4)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, np.array([0, 1, 2, 1] * 4), 3, 1e3)
    best = solve(NewtonCholesky(), objective)
    params = np.array([[-2000.0, 0.0], [0.0, 0.0], [2000.0, 500.0]])
    here = objective.evaluate(params)
    assert here.value - best.evaluation.value <= objective.gap(params, here)


def test_float32_does_not_round_the_gap_away(overlapping_classes, solve):
    X, y = overlapping_classes(3, n_rows=50, n_features=200)

    def objective_in(dtype):
        rows = rows_of(X.astype(dtype), 3, has_intercept=True, n_threads=1)
        return RegressionObjective(rows, y, 3, 1e3)

    best = solve(NewtonCholesky(), objective_in(np.float64), tol=1e-3)

    def gap(dtype):
        objective = objective_in(dtype)
        return objective.gap(best.params, objective.evaluate(best.params))

    assert 0 < gap(np.float64) < 1e-6
    assert gap(np.float32) == pytest.approx(gap(np.float64), rel=0.05)


def test_the_gap_that_was_asked_for_last_takes_no_further_pass():
    rng = np.random.default_rng(0)
    rows = rows_of(rng.normal(size=(30, 4)), 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, np.arange(30) % 3, 3, 1.0)
    params, other = rng.normal(size=(2, *objective.shape))
    here, there = objective.evaluate(params), objective.evaluate(other)
    before = objective.passes
    assert objective.gap(params, here, 1e-9) == np.inf  # without a pass, so not the gap
    gap = objective.gap(params, here)
    assert objective.passes == before + 1
    assert objective.gap(params, here) == objective.gap(params, here, 1e-9) == gap < np.inf
    assert objective.passes == before + 1
    # A gap of other params, of another gradient there or under another penalty is another one.
    tilted = Evaluation(here.value, here.gradient / 2)
    anew = objective.with_penalty(2.0)
    assert objective.gap(other, there) != gap
    assert objective.gap(params, tilted) not in (gap, np.inf)
    assert anew.gap(params, anew.evaluate(params)) != gap
