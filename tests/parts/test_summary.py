"""Moments of columns: of dense and sparse rows, by pieces, with weights, and after a shift."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.parts import ColumnMoments, summary

N_ROWS = 300


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 6)) * (rng.random((N_ROWS, 6)) < 0.4)
    X[:, 1] = rng.normal(size=N_ROWS) + 1e6
    X[:, 2] *= 1e200
    X[:, 3] *= 1e-200
    X[:, 4] = 7.0
    X[:, 5] = 0.0
    weights = rng.uniform(0, 2, N_ROWS) * (rng.random(N_ROWS) < 0.8)
    return X, weights


def numbers(X, weights, shift=0.0):
    """Mean, deviation, least and largest of columns, by longdouble."""
    X, weights = np.asarray(X, np.longdouble) - shift, np.asarray(weights, np.longdouble)
    seen = weights > 0
    mean = np.average(X, axis=0, weights=weights)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    return mean, deviation, X[seen].min(axis=0), X[seen].max(axis=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "kind", [np.asarray, sp.csr_array, sp.csc_array, sp.csr_matrix, sp.csc_matrix]
)
@pytest.mark.parametrize("at_once", [2**20, 50, 1])
def test_moments_are_those_of_all_rows(kind, weighted, at_once, rows, monkeypatch):
    monkeypatch.setattr(summary, "NUMBERS_AT_ONCE", at_once)
    X, weights = rows
    found = ColumnMoments.of(kind(X), weights if weighted else None)
    weights = weights if weighted else np.ones(N_ROWS)
    mean, deviation, least, largest = numbers(X, weights)
    assert found.weight == pytest.approx(weights.sum(), rel=1e-12)
    np.testing.assert_allclose(found.mean * found.unit, mean, rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(found.variance)[:4] * found.unit[:4], deviation[:4], 1e-8)
    assert np.abs(found.variance[4:]).max() < 1e-27
    np.testing.assert_array_equal(found.least, least)
    np.testing.assert_array_equal(found.largest, largest)
    assert found.mean_and_ratio()[0][4] == 7


def test_entries_of_a_sparse_matrix_may_occur_twice(rows):
    X, _ = rows
    whole = sp.csr_array(X[:, :2])
    twice = whole.copy()
    twice.data, twice.indices = np.repeat(whole.data / 2, 2), np.repeat(whole.indices, 2)
    twice.indptr = 2 * whole.indptr
    twice.has_canonical_format = False
    found, expected = (ColumnMoments.of(some, None) for some in (twice, whole))
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-12)
    np.testing.assert_allclose(found.largest, expected.largest, rtol=1e-12)
    assert len(twice.data) == 2 * whole.nnz  # what was given is as it was


def test_moments_after_a_shift_and_of_some_columns(rows):
    X, weights = rows
    X = X[:, [0, 1, 4]]
    shift = np.array([0.0, 1e6, 7.0])
    found = ColumnMoments.of(X, weights).less(shift)
    mean, deviation, _, _ = numbers(X, weights, shift)
    size = np.abs(X[weights > 0] - shift).max(axis=0)
    np.testing.assert_allclose(found.mean * found.unit, mean, rtol=1e-10, atol=1e-9)
    np.testing.assert_array_equal(found.sizes(), size)
    square, spread = found.square_and_deviation()  # of the columns that vary
    np.testing.assert_allclose(spread, deviation[:2].astype(float), rtol=1e-8)
    np.testing.assert_allclose(square, (deviation**2 + mean**2)[:2].astype(float), rtol=1e-8)
    one = found.of_features(np.array([1]))
    assert one.sizes() == size[1]
    assert one.weight == found.weight


def test_no_rows_add_nothing(rows):
    X, weights = rows
    some, none = ColumnMoments.of(X, weights), ColumnMoments.none(6)
    for found in (some + none, none + some):
        np.testing.assert_allclose(found.mean, some.mean, rtol=1e-15)
        np.testing.assert_array_equal(found.sizes(), some.sizes())
