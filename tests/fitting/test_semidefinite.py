"""Semidefinite systems against numpy's eigenvectors and least squares."""

import numpy as np
import pytest

from sk_softmax.fitting.semidefinite import Semidefinite


def columns(n_rows, n_columns, n_dependent, seed=0):
    """Columns of many sizes, the last of which are sums of some others, in any order."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_columns))
    X = np.hstack([X, X @ rng.normal(size=(n_columns, n_dependent))])
    return (X * 10.0 ** rng.integers(-6, 7, X.shape[1]))[:, rng.permutation(X.shape[1])]


@pytest.mark.parametrize("n_dependent", [0, 1, 5])
@pytest.mark.parametrize("seed", range(5))
def test_solutions_and_null_space(n_dependent, seed):
    X = columns(200, 12, n_dependent, seed)
    matrix = X.T @ X
    found = Semidefinite(matrix)
    right = np.random.default_rng(seed).normal(size=(3, 200)) @ X
    scale = np.sqrt(matrix.diagonal())
    solution = found.solve(right)
    np.testing.assert_allclose(solution @ matrix / scale, right / scale, rtol=1e-6)
    # The fit to the rows is that of least squares, whatever the solution.
    best = np.linalg.lstsq(X / scale, np.eye(200), rcond=1e-10)[0]
    projected = (right / scale) @ best
    np.testing.assert_allclose(solution @ X.T, projected, rtol=1e-5, atol=1e-5)
    assert found.null.shape == (n_dependent, 12 + n_dependent)
    np.testing.assert_allclose(np.linalg.norm(found.null * scale, axis=1), 1.0)
    assert np.abs(found.null @ X.T).max(initial=0.0) < 1e-7
    if n_dependent:  # NumPy before 2 has no rank of an empty matrix
        assert np.linalg.matrix_rank(found.null * scale) == n_dependent


def test_columns_of_one_encoder_beside_a_constant():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 30, 1000)
    X = np.column_stack([np.eye(30)[codes], np.ones(1000)])
    found = Semidefinite(X.T @ X)
    expected = np.r_[np.ones(30), -1.0]
    np.testing.assert_allclose(found.null[0] / found.null[0, 0], expected, atol=1e-9)


def test_rows_of_zeros_and_a_matrix_of_zeros():
    matrix = np.diag([4.0, 0.0, 1.0])
    found = Semidefinite(matrix)
    np.testing.assert_allclose(found.solve(np.array([[8.0, 0.0, 3.0]])), [[2.0, 0.0, 3.0]])
    np.testing.assert_array_equal(found.null, [[0.0, 1.0, 0.0]])
    nothing = Semidefinite(np.zeros((2, 2)))
    np.testing.assert_array_equal(nothing.solve(np.ones((1, 2))), np.zeros((1, 2)))
    np.testing.assert_array_equal(np.abs(nothing.null), np.eye(2))
