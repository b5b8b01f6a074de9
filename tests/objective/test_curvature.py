"""Approximate Hessians, and factors of matrices that may be singular."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax.interfaces import CentredCurvature
from sk_softmax.objective import RegressionObjective, affordable, approximate_hessian
from sk_softmax.objective.curvature import (
    CentredDiagonal,
    ClassGrams,
    PositiveFactor,
    SharedDiagonal,
)
from sk_softmax.rows import blocks as blocks_of_rows
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


@pytest.mark.parametrize("smallest", [0.1, 1e-9])
def test_classes_matrices_are_inverted_in_float32_unless_that_loses_much(smallest):
    rng = np.random.default_rng(0)
    bases = [np.linalg.qr(rng.normal(size=(20, 20)))[0] for _ in range(3)]
    matrices = np.array([q * np.geomspace(1, smallest, 20) @ q.T for q in bases])
    right = matrices[0] @ rng.normal(size=(20, 3))
    narrow, wide = (
        ClassGrams(matrices.copy(), width).solve(right.T) for width in (np.float32, np.float64)
    )
    assert narrow.dtype == np.float64
    error = np.abs(narrow - wide).max() / np.abs(wide).max()
    assert error < 1e-5
    assert (error > 0) == (smallest == 0.1)


@pytest.mark.parametrize("smallest", [0.1, 1e-9])
@pytest.mark.parametrize("unit", [1.0, 1e39])
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_many_columns_are_solved_for_as_few_are(width, unit, smallest, monkeypatch):
    rng = np.random.default_rng(0)
    bases = [np.linalg.qr(rng.normal(size=(30, 30)))[0] for _ in range(3)]
    units = np.where(np.arange(30) == 7, unit, 1.0)
    matrices = np.array([q * np.geomspace(1, smallest, 30) @ q.T for q in bases])
    gradient = np.einsum("kij,kj->ki", matrices, rng.normal(size=(3, 30))) * units
    matrices *= units * units[:, None]
    few = ClassGrams(matrices.copy(), np.float64).solve(gradient) * units
    monkeypatch.setattr("sk_softmax.objective.curvature.MANY_COLUMNS", 30)
    many = ClassGrams(matrices.copy(), width).solve(gradient) * units
    is_narrow = width == np.float32 and smallest == 0.1
    error = np.abs(many - few).max() / np.abs(few).max()
    assert error < (1e-5 if is_narrow else 1e-6)
    assert (error > 1e-8) == is_narrow


def objective_of(n_columns, n_classes=3, C=1.0):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, n_columns - 1))
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, np.arange(200) % n_classes, n_classes, C, rng.random(200))


def inverses(curvature, shape):
    """The inverse of each class's block, from what a curvature makes of unit vectors."""
    n_outputs, n_columns = shape
    unit = np.eye(n_outputs * n_columns).reshape(n_outputs, n_columns, *shape)
    steps = np.array([[curvature.solve(e) for e in of_class] for of_class in unit])
    # A matrix a class leaves out what all classes have in common, so that a class's own step is
    # what it gets beyond another class, to which the unit vector gives none.
    others = np.roll(np.arange(n_outputs), 1)
    own = [steps[k, :, k] - steps[k, :, j] * (n_outputs > 1) for k, j in enumerate(others)]
    return np.array(own)


def grams(curvature, shape):
    """The block of each class."""
    own = np.linalg.inv(inverses(curvature, shape))
    np.testing.assert_allclose(curvature.diagonal, np.einsum("kii->ki", own), rtol=1e-9)
    return own


def blocks(matrix, n_outputs):
    """The diagonal blocks of a matrix of shape ``(n_outputs * n_columns,) * 2``."""
    n_columns = len(matrix) // n_outputs
    tensor = matrix.reshape(n_outputs, n_columns, n_outputs, n_columns)
    return np.array([tensor[k, :, k, :] for k in range(n_outputs)])


def exact_blocks(objective, params):
    return blocks(objective.hessian(params).matrix, len(params))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_grams_of_the_classes_are_the_diagonal_blocks_of_the_hessian(n_classes):
    objective = objective_of(6, n_classes)
    params = np.random.default_rng(1).normal(size=objective.shape)
    found = grams(objective.curvature(params), params.shape)
    np.testing.assert_allclose(found, exact_blocks(objective, params), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_shared_gram_is_the_hessian_averaged_over_the_classes(n_classes, monkeypatch):
    monkeypatch.setattr(affordable, "AFFORDABLE", 0)
    objective = objective_of(6, n_classes)
    params = np.random.default_rng(1).normal(size=objective.shape)
    shared = grams(objective.curvature(params), params.shape)
    exact = exact_blocks(objective, params)
    penalty = np.diag(objective.penalty.l2)
    # tr(diag(p) - pp') is spread over the K - 1 directions in which softmax can change.
    mean = (exact.sum(axis=0) - len(params) * penalty) / max(n_classes - 1, 1) + penalty
    for block in shared:
        np.testing.assert_allclose(block, mean, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_many_columns_get_the_diagonal_of_the_same_matrix(n_classes, monkeypatch):
    monkeypatch.setattr(affordable, "AFFORDABLE", 0)
    objective = objective_of(6, n_classes)
    params = np.random.default_rng(1).normal(size=objective.shape)
    gram = objective.curvature(params)
    asked_for = objective.curvature(params, as_diagonal=True)
    monkeypatch.setattr(approximate_hessian, "MOST_COLUMNS", 3)
    diagonal = objective.curvature(params)
    assert diagonal.diagonal.shape == params.shape
    np.testing.assert_allclose(diagonal.diagonal, gram.diagonal, rtol=1e-12)
    np.testing.assert_allclose(diagonal.diagonal, asked_for.diagonal, rtol=1e-12)
    np.testing.assert_allclose(asked_for.solve(params) * asked_for.diagonal, params)


@pytest.mark.parametrize("damping", [0.0, 0.05, 0.1, 3.0])
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_of_many_columns_less_their_means_the_diagonal_is_left(damping, width, monkeypatch):
    monkeypatch.setattr(affordable, "AFFORDABLE", 0)
    objective = objective_of(6)
    params = np.random.default_rng(1).normal(size=objective.shape)
    damped = min(damping, approximate_hessian.MOST_OF_CENTRED)
    matrix = dense(objective.curvature(params, damped), params.shape)
    monkeypatch.setattr(approximate_hessian, "MOST_COLUMNS", 3)
    curvature = objective.curvature(params, damping)
    assert isinstance(curvature, CentredDiagonal)
    # Columns less their means are not correlated with the constant one, and have no others beside
    # them; with their means they are the columns again.
    means = np.append(matrix[-1, :-1] / matrix[-1, -1], 0)
    to_centred = np.eye(6) - np.outer(means, np.eye(6)[-1])
    centred = np.diag(np.diag(to_centred @ matrix @ to_centred.T))
    back = np.linalg.inv(to_centred)
    expected = np.linalg.solve(back @ centred @ back.T, params.T).T
    step = curvature.solve(params.astype(width))
    assert step.dtype == width
    np.testing.assert_allclose(step, expected, rtol=1e-5 if width == np.float32 else 1e-10)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_at_zero_a_centred_diagonal_takes_no_pass_over_the_classes(n_classes, monkeypatch):
    monkeypatch.setattr(approximate_hessian, "MOST_COLUMNS", 3)
    objective = objective_of(6, n_classes)
    near = objective.curvature(np.full(objective.shape, 1e-9), 0.1)
    passes = objective.passes
    at_zero = objective.curvature(np.zeros(objective.shape), 0.1)
    assert objective.passes == passes
    gradient = np.random.default_rng(1).normal(size=objective.shape)
    np.testing.assert_allclose(at_zero.solve(gradient), near.solve(gradient), rtol=1e-6)


def test_of_a_centred_diagonal_the_intercepts_own_part_is_that_of_columns_with_mean_zero():
    variances, means = np.array([1.0, 2.0, 3.0]), np.array([4.0, -1.0, 0.5])
    gradient = np.random.default_rng(0).normal(size=(2, 4))
    curvature = CentredDiagonal(variances, means, 0.7, n_outputs=2)
    assert isinstance(curvature, CentredCurvature)
    assert not isinstance(SharedDiagonal(variances, 2), CentredCurvature)
    step = curvature.solve(gradient)
    own = curvature.solve_intercepts(gradient)
    np.testing.assert_allclose(own, step[:, -1] + step[:, :-1] @ means)
    np.testing.assert_allclose(own, gradient[:, -1] / 0.7)


def test_without_an_intercept_no_column_is_centred(monkeypatch):
    monkeypatch.setattr(approximate_hessian, "MOST_COLUMNS", 3)
    X = np.random.default_rng(0).normal(size=(50, 5)) + 1
    rows = rows_of(X, 3, has_intercept=False, n_threads=1)
    objective = RegressionObjective(rows, np.arange(50) % 3, 3, 1.0)
    assert isinstance(objective.curvature(np.ones(objective.shape)), SharedDiagonal)


def test_a_centred_diagonal_survives_what_overflows_or_has_no_weight():
    variances, means = np.array([0.0, np.inf, 2.0]), np.array([np.nan, np.inf, 1.0])
    curvature = CentredDiagonal(variances, means, 0.0, n_outputs=2)
    np.testing.assert_array_equal(curvature.solve(np.ones((2, 4))), [[1, 1, 0, 1]] * 2)
    np.testing.assert_array_equal(curvature.diagonal, [[1, 1, 3.0, 1]] * 2)


def dense(curvature, shape):
    """Return the matrix that all classes share, from what solving with it gives."""
    n_outputs, n_columns = shape
    inverse = [curvature.solve(np.tile(row, (n_outputs, 1)))[0] for row in np.eye(n_columns)]
    return np.linalg.inv(inverse)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_at_zero_all_classes_share_the_hessians_blocks(n_classes):
    objective = objective_of(6, n_classes)
    params = np.zeros(objective.shape)
    shared = grams(objective.curvature(params), params.shape)
    exact = exact_blocks(objective, params)
    penalty = np.diag(objective.penalty.l2)
    # Of K equal classes a block is (1 - 1/K) of what one of the K - 1 directions has.
    share = 1 if n_classes == 2 else 1 - 1 / n_classes
    scaled = share * (shared - penalty) + penalty
    np.testing.assert_allclose(scaled, exact, rtol=1e-10, atol=1e-13)


def test_damping_adds_rows_as_undecided_as_the_mean():
    objective = objective_of(6)
    params = np.random.default_rng(1).normal(size=objective.shape)
    damped = grams(objective.curvature(params, 0.25), params.shape)
    exact = exact_blocks(objective, params)
    gram = objective.data.gram
    for block, without in zip(damped, exact, strict=True):
        # The intercept's own curvature is the mean of the rows' weights.
        expected = without + 0.25 * without[-1, -1] * gram
        np.testing.assert_allclose(block, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csc_matrix])
def test_a_drawn_gram_is_close_to_the_whole(kind, overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3, n_rows=20_000, n_features=8)

    def curvature(n_threads):
        rows = rows_of(kind(X), 3, has_intercept=True, n_threads=n_threads)
        objective = RegressionObjective(rows, y, 3, 1.0)
        params = np.random.default_rng(1).normal(size=objective.shape)
        return grams(objective.curvature(params), params.shape)

    whole = curvature(n_threads=2)
    monkeypatch.setattr(affordable, "EVALUATIONS", 0)
    monkeypatch.setattr(affordable, "ROWS_PER_COLUMN", 200)
    monkeypatch.setattr(blocks_of_rows, "NUMBERS_GATHERED", 1000)
    sample = curvature(n_threads=1)
    assert not np.array_equal(sample, whole)
    assert np.linalg.norm(sample - whole) < 0.1 * np.linalg.norm(whole)
    np.testing.assert_array_equal(curvature(n_threads=2), sample)


def test_diagonal_survives_zeros_and_overflow():
    diagonal = SharedDiagonal(np.array([0.0, np.inf, 2.0]), n_outputs=2)
    np.testing.assert_array_equal(diagonal.solve(np.ones((2, 3))), [[1, 1, 0.5]] * 2)
    np.testing.assert_array_equal(diagonal.diagonal, [[1, 1, 2.0]] * 2)


@pytest.mark.parametrize("evaluations", [0, np.inf])
def test_steps_have_the_gradient_that_they_were_asked_for(evaluations, monkeypatch):
    monkeypatch.setattr(affordable, "AFFORDABLE", evaluations)
    objective = objective_of(6)
    params = np.random.default_rng(1).normal(size=objective.shape)
    exact = exact_blocks(objective, params)
    if evaluations == 0:
        penalty = np.diag(objective.penalty.l2)
        exact[:] = (exact.sum(axis=0) - 3 * penalty) / 2 + penalty
    curvature = objective.curvature(params)
    steps = curvature.solve(np.einsum("kij,kj->ki", exact, params))
    # A matrix a class leaves out what all classes have in common.
    common = 0 if evaluations == 0 else params.mean(axis=0)
    np.testing.assert_allclose(steps, params - common, rtol=1e-10, atol=1e-12)
