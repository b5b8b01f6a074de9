"""Approximate Hessians, and factors of matrices that may be singular."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax.objective import RegressionObjective
from sk_softmax.objective.curvature import PositiveFactor, SharedDiagonal
from sk_softmax.rows import rows_of


@given(st.integers(1, 8), st.integers(0, 2**31))
def test_factor_solves_positive_definite_systems_in_any_units(n, seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(2 * n, n))
    units = 10.0 ** rng.integers(-8, 8, size=n)
    matrix = (A.T @ A + 0.1 * np.eye(n)) * np.outer(units, units)
    right = rng.normal(size=n) * units
    np.testing.assert_allclose(matrix @ PositiveFactor(matrix).solve(right) / units, right / units)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_factor_of_a_singular_matrix_solves_what_can_be_solved(rank):
    rng = np.random.default_rng(rank)
    A = rng.normal(size=(rank, 6))
    matrix = A.T @ A
    right = matrix @ rng.normal(size=6)
    solution = PositiveFactor(matrix).solve(right)
    assert np.isfinite(solution).all()
    np.testing.assert_allclose(matrix @ solution, right, rtol=1e-6, atol=1e-8)


def test_factor_of_an_overflowed_matrix_still_gives_a_direction_of_descent():
    matrix = np.array([[np.inf, np.nan], [np.nan, 4.0]])
    right = np.array([1.0, -8.0])
    assert right @ PositiveFactor(matrix).solve(right) > 0


def objective_of(n_columns, n_classes=3, C=1.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, n_columns - 1))
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, np.arange(200) % n_classes, n_classes, C, rng.random(200))


def dense(curvature, shape):
    unit = np.eye(shape[0] * shape[1])
    return np.array([curvature.multiply(e.reshape(shape)).ravel() for e in unit])


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_shared_gram_is_the_hessian_averaged_over_the_classes(n_classes):
    objective = objective_of(6, n_classes)
    params = np.random.default_rng(1).normal(size=objective.shape)
    shared = dense(objective.curvature(params), params.shape)
    exact = dense(objective.hessian(params), params.shape).reshape(params.shape * 2)
    penalty = np.diag(objective.penalty.diagonal(6))
    # tr(diag(p) - pp') is spread over the K - 1 directions in which softmax can change.
    directions = max(n_classes - 1, 1)
    mean = (np.einsum("kikj->ij", exact) - len(params) * penalty) / directions + penalty
    for k in range(len(params)):
        block = shared[6 * k : 6 * k + 6, 6 * k : 6 * k + 6]
        np.testing.assert_allclose(block, mean, rtol=1e-10, atol=1e-14)
    assert np.count_nonzero(shared) <= 36 * len(params)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_many_columns_get_the_diagonal_of_the_same_matrix(n_classes, monkeypatch):
    objective = objective_of(6, n_classes)
    params = np.random.default_rng(1).normal(size=objective.shape)
    gram = dense(objective.curvature(params), params.shape)
    monkeypatch.setattr("sk_softmax.objective.regression.LARGEST_GRAM", 3)
    diagonal = objective.curvature(params)
    np.testing.assert_allclose(dense(diagonal, params.shape), np.diag(np.diag(gram)))
    np.testing.assert_allclose(diagonal.multiply(diagonal.solve(params)), params)


def test_diagonal_survives_zeros_and_overflow():
    diagonal = SharedDiagonal(np.array([0.0, np.inf, 2.0]))
    np.testing.assert_array_equal(diagonal.solve(np.ones((1, 3))), [[1, 1, 0.5]])


def test_solve_inverts_multiply():
    objective = objective_of(6)
    params = np.random.default_rng(1).normal(size=objective.shape)
    shared = objective.curvature(params)
    np.testing.assert_allclose(shared.solve(shared.multiply(params)), params, rtol=1e-10)
