"""The Hessian among some parameters is a part of the whole one, formed or applied."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.objective import RegressionObjective
from sk_softmax.objective import active_hessian as module
from sk_softmax.rows import rows_of


@pytest.fixture(params=["formed", "applied"])
def form(request, monkeypatch):
    monkeypatch.setattr(module, "NEGLIGIBLE", 0.0)
    monkeypatch.setattr(module, "MOST_ACTIVE", 1000 if request.param == "formed" else 0)
    return request.param


def objective_of(n_classes, kind=np.asarray, *, intercept=True, weighted=True):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 5)) * (rng.random((120, 5)) < 0.6)
    rows = rows_of(kind(X), n_classes, has_intercept=intercept, n_threads=1)
    weights = rng.random(120) if weighted else None
    return RegressionObjective(rows, np.arange(120) % n_classes, n_classes, 2.0, weights)


def mask_of(shape):
    active = np.random.default_rng(1).random(shape) < 0.6
    active[:, 2] = False  # a feature that no class needs
    if shape[1] == 6:
        active[:, -1] = True
    return active


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_it_is_a_part_of_the_hessian(form, n_classes, kind, intercept, weighted):
    objective = objective_of(n_classes, kind, intercept=intercept, weighted=weighted)
    rng = np.random.default_rng(2)
    params = rng.normal(size=objective.shape)
    active = mask_of(objective.shape)
    params[~active] = 0
    part = objective.active_hessian(params, active)
    whole = objective.hessian(params).matrix
    assert (part.matrix() is not None) == (form == "formed")
    for _ in range(3):
        full = np.where(active, rng.normal(size=active.shape), 0)
        expected = (whole @ full.ravel()).reshape(full.shape)[active]
        np.testing.assert_allclose(part.multiply(full[active]), expected, rtol=1e-9, atol=1e-12)
    unit = np.eye(active.sum())
    columns = np.array([part.multiply(e) for e in unit])
    np.testing.assert_allclose(part.diagonal, columns.diagonal(), rtol=1e-9)


def test_damping_adds_to_the_diagonal_what_more_curvature_would(form):
    objective = objective_of(3)
    params = np.random.default_rng(2).normal(size=objective.shape)
    active = mask_of(objective.shape)
    params[~active] = 0
    plain = objective.active_hessian(params, active)
    damped = objective.active_hessian(params, active, 0.5)
    logits = objective.rows.take(np.arange(120)).logits(objective.rows.prepare(params))
    p = objective.loss.probabilities(logits)
    mean = (p * (1 - p) * objective.relative_weight).mean(axis=1)
    extra = 0.5 * mean[:, None] * objective.data.mean_square
    np.testing.assert_allclose(damped.diagonal - plain.diagonal, extra[active], rtol=1e-9)
    e = np.eye(active.sum())[1]
    change = damped.multiply(e) - plain.multiply(e)
    np.testing.assert_allclose(change, e * extra[active], atol=1e-12)


def test_rows_left_out_change_little_and_not_the_diagonal(monkeypatch):
    objective = objective_of(3)
    params = 3 * np.random.default_rng(2).normal(size=objective.shape)  # many rows are decided
    active = np.ones(objective.shape, dtype=bool)
    part = objective.active_hessian(params, active).matrix()
    monkeypatch.setattr(module, "NEGLIGIBLE", 0.0)
    whole = objective.active_hessian(params, active).matrix()
    assert np.abs(part - whole).max() > 0
    np.testing.assert_allclose(part.diagonal(), whole.diagonal(), rtol=1e-12)
    assert np.abs(part - whole).max() < 5e-3 * whole.diagonal().max()
    assert np.linalg.eigvalsh(part).min() > -1e-12


def test_a_formed_hessian_is_symmetric():
    objective = objective_of(3)
    params = np.random.default_rng(2).normal(size=objective.shape)
    matrix = objective.active_hessian(params, np.ones(objective.shape, dtype=bool)).matrix()
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-12)


def spread_rows(n_classes, kind=np.asarray, *, dtype=np.float64, weighted=True, intercept=True):
    rng = np.random.default_rng(3)
    X = (rng.normal(size=(2500, 4)) * (rng.random((2500, 4)) < 0.7)).astype(dtype)
    rows = rows_of(kind(X), n_classes, has_intercept=intercept, n_threads=1)
    weights = rng.random(2500) if weighted else None
    return RegressionObjective(rows, np.arange(2500) % n_classes, n_classes, 2.0, weights)


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
def test_all_parameters_from_pairs_of_classes(n_classes, kind, weighted, intercept, monkeypatch):
    objective = spread_rows(n_classes, kind, weighted=weighted, intercept=intercept)
    params = np.random.default_rng(2).normal(size=objective.shape)
    every = np.ones(objective.shape, dtype=bool)
    for damping in (0.0, 0.5):
        pairs = objective.active_hessian(params, every, damping, exact=True).matrix()
        with monkeypatch.context() as patched:
            patched.setattr(module, "MOST_IN_PAIRS", 0)
            classes = objective.active_hessian(params, every, damping, exact=True).matrix()
        np.testing.assert_allclose(pairs, classes, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(pairs, pairs.T, rtol=1e-11, atol=1e-15)


def test_pairs_of_narrow_rows_have_no_negative_curvature():
    objective = spread_rows(3, dtype=np.float32)
    params = 2 * np.random.default_rng(2).normal(size=objective.shape)
    every = np.ones(objective.shape, dtype=bool)
    matrix = objective.active_hessian(params, every, exact=True).matrix()
    assert np.linalg.eigvalsh(matrix).min() > -1e-14


@pytest.mark.parametrize("n_classes", [3, 4])
def test_pairs_keep_the_digits_of_rows_that_are_nearly_certain(n_classes):
    objective = spread_rows(n_classes, weighted=False)
    params = np.zeros(objective.shape)
    params[0, -1] = 30.0  # the other classes have a probability of 1e-13
    every = np.ones(objective.shape, dtype=bool)
    hessian = objective.active_hessian(params, every, exact=True)
    p = np.exp(-30.0) / (1 + (n_classes - 1) * np.exp(-30.0))
    expected = p * (n_classes - 1) * (1 - p * (n_classes - 1))
    assert hessian.diagonal.reshape(objective.shape)[0, -1] == pytest.approx(expected, rel=1e-9)
