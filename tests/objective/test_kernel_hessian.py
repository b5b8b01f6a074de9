"""Hessians of few rows by products of rows with one another: the same steps as from the matrix."""

import numpy as np
import pytest
import scipy.linalg

from sk_softmax.objective import RegressionObjective
from sk_softmax.objective.kernel_hessian import MOST_SUBTRACTED
from sk_softmax.rows import rows_of


def objective_on(X, C=1.0, *, has_intercept=True, weights=None, offset=None, n_classes=2):
    rows = rows_of(X, n_classes, has_intercept=has_intercept, n_threads=1)
    y = np.arange(len(X)) % n_classes
    return RegressionObjective(rows, y, n_classes, C, weights, offset=offset)


def root_of_hessian(objective, X, params, weights=None, offset=None):
    """Return ``R`` with ``R'R = H``, by reflections, which keep far more digits than ``H``."""
    design = np.column_stack([X, np.ones(len(X))])[:, : params.shape[1]]
    logits = params @ design.T + (0 if offset is None else offset.T)
    curvatures = 1 / (2 + np.exp(logits[0]) + np.exp(-logits[0]))
    curvatures *= (1 if weights is None else weights / weights.mean()) / len(X)
    stacked = np.vstack(
        [np.sqrt(curvatures)[:, None] * design, np.diag(np.sqrt(objective.penalty.l2))]
    )
    return np.linalg.qr(stacked, mode="r")


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("is_weighted", [True, False])
@pytest.mark.parametrize("has_offset", [True, False])
def test_steps_and_diagonal_are_those_of_the_hessian(has_intercept, is_weighted, has_offset):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 31))
    weights = rng.choice([0.0, 0.5, 3.0], size=20) if is_weighted else None
    offset = rng.normal(size=(20, 1)) if has_offset else None
    objective = objective_on(X, 2.0, has_intercept=has_intercept, weights=weights, offset=offset)
    params = rng.normal(size=objective.shape) / 3
    gradient = rng.normal(size=objective.shape)
    root = root_of_hessian(objective, X, params, weights, offset)
    whole = objective.hessian(params)
    objective.go_by_kernel()
    assert objective.has_kernel
    passes = objective.passes
    hessian = objective.hessian(params)
    assert objective.passes == passes + 1
    expected = scipy.linalg.cho_solve((root, False), gradient[0])[None]
    np.testing.assert_allclose(hessian.solve(gradient), expected, rtol=1e-9)
    np.testing.assert_allclose(hessian.diagonal, [(root**2).sum(axis=0)], rtol=1e-12)
    np.testing.assert_allclose(hessian.diagonal, whole.diagonal, rtol=1e-12)


def test_products_that_are_known_are_taken():
    X = np.random.default_rng(0).normal(size=(20, 31))
    own, told, misled = objective_on(X), objective_on(X), objective_on(X)
    own.go_by_kernel()
    told.go_by_kernel(X @ X.T)
    misled.go_by_kernel(2 * X @ X.T)
    params, gradient = np.zeros(own.shape), np.ones(own.shape)
    steps = [objective.hessian(params).solve(gradient) for objective in (own, told, misled)]
    np.testing.assert_array_equal(steps[1], steps[0])
    assert not np.allclose(steps[2], steps[0])


@pytest.mark.parametrize("share", [1e-6, 0.01, 0.9])
def test_the_decrement_keeps_digits_up_to_the_limit(share):
    # Columns of very different units, and a penalty just strong enough.
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40, 60)) * 10.0 ** rng.normal(scale=2, size=60)
    largest = (X**2).sum(axis=1).max()
    objective = objective_on(X, share * 4 * MOST_SUBTRACTED / largest)
    objective.go_by_kernel()
    assert objective.has_kernel
    params = np.zeros(objective.shape)
    root = root_of_hessian(objective, X, params)
    for _ in range(20):
        gradient = objective.evaluate(
            rng.normal(size=params.shape) / np.append(X.std(axis=0), 1)
        ).gradient
        step = objective.hessian(params).solve(gradient)
        half = scipy.linalg.solve_triangular(root, gradient[0], trans=1)
        assert np.vdot(gradient, step) == pytest.approx(half @ half, rel=1e-4)


def test_a_weak_penalty_or_a_heavy_row_leaves_too_few_digits():
    X = np.random.default_rng(0).normal(size=(10, 30))
    largest = (X**2).sum(axis=1).max()
    limit = 4 * MOST_SUBTRACTED / largest
    for C, weight, has_kernel in [(0.9, 1.0, True), (1.1, 1.0, False), (0.9, 2.0, False)]:
        weights = np.ones(10)
        weights[np.argmax((X**2).sum(axis=1))] = weight
        objective = objective_on(X, C * limit, weights=weights)
        objective.go_by_kernel()
        assert objective.has_kernel == has_kernel


def test_rows_that_are_certain_have_no_curvature_left():
    X = np.random.default_rng(0).normal(size=(10, 30))
    objective = objective_on(X)
    objective.go_by_kernel()
    params = np.zeros(objective.shape)
    params[0, -1] = 1e4
    gradient = np.ones(objective.shape)
    step = objective.hessian(params).solve(gradient)
    np.testing.assert_allclose(step[0, :-1], 10.0)  # by the penalty alone
    assert step[0, -1] == 1


def test_another_penalty_or_other_rows_have_no_kernel():
    X = np.random.default_rng(0).normal(size=(10, 30))
    objective = objective_on(X)
    objective.go_by_kernel()
    assert not objective.with_penalty(2.0).has_kernel
    assert not objective.on(objective.rows.narrowed()).has_kernel
