"""Blocks of rows out of columns: those of the rows, bit for bit, and nothing of X is copied."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax.rows import CSRRows, csc, csr, rows_of
from sk_softmax.rows.csc import stretches
from sk_softmax.rows.summing import block_bounds

N_ROWS, N_FEATURES = 40_000, 30


def matrix(n_rows=N_ROWS, n_features=N_FEATURES, density=0.3, seed=0):
    """A CSC matrix with an empty column and many empty rows."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)) * (rng.random((n_rows, n_features)) < density)
    X[:, n_features // 2] = 0
    X[rng.random(n_rows) < 0.2] = 0
    return sp.csc_matrix(X)


def sums(X, n_threads=1, rows_per_block=0, has_intercept=True):
    rows = rows_of(X, 3, has_intercept=has_intercept, n_threads=n_threads)
    shape = (3, rows.n_columns)
    prepared = rows.prepare(np.random.default_rng(1).normal(size=shape))
    weights = np.random.default_rng(2).random(rows.n_rows).astype(rows.dtype)

    def term(block):
        logits = block.logits(prepared)
        here = weights[block.rows]
        return block.pull_back(logits), block.gram_diagonal(here), block.gram(here), 1.0

    return rows.sum(term, rows_per_block)


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows_per_block", [0, 17_000, 10**9])
def test_sums_are_bitwise_those_of_the_rows(rows_per_block, dtype, has_intercept):
    X = matrix().astype(dtype)
    options = dict(rows_per_block=rows_per_block, has_intercept=has_intercept)
    by_rows = sums(X.tocsr(), **options)
    assert by_rows[-1] == (1 if rows_per_block == 10**9 else 2)
    for n_threads in (1, 2, 3):
        assert_same(sums(X, n_threads, **options), by_rows)


@pytest.mark.parametrize("shape", [(1, 5), (7, 1), (1, 1), (301, 2), (2, 3000)])
@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
def test_any_shape(shape, density, monkeypatch):
    monkeypatch.setattr(CSRRows, "_rows_per_block", lambda self: 2)
    X = matrix(*shape, density=density)
    assert_same(sums(X), sums(X.tocsr()))


@given(st.integers(1, 40), st.integers(1, 6), st.integers(1, 40), st.integers(0, 9))
def test_stretches_are_the_columns_of_each_block(n_rows, n_features, rows_per_block, tenths):
    X = matrix(n_rows, n_features, tenths / 10, seed=n_rows)
    bounds = block_bounds(n_rows, rows_per_block)
    parts = stretches(X, bounds)
    for i, rows in enumerate(bounds):
        expected = np.zeros((n_features, n_rows))
        expected[:, rows] = X.toarray()[rows].T
        np.testing.assert_array_equal(parts[i :: len(bounds)].toarray(), expected)


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_stretches_share_the_entries(index):
    X = matrix()
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    parts = stretches(X, block_bounds(N_ROWS, 5000))
    for ours, theirs in [(parts.data, X.data), (parts.indices, X.indices)]:
        assert np.shares_memory(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert_same(sums(X), sums(X.tocsr()))


def test_columns_out_of_order_stay_so():
    X = matrix()
    backwards = (X.data[::-1], X.indices[::-1], X.nnz - X.indptr[::-1])
    shuffled = sp.csc_matrix(backwards, shape=X.shape)
    before = shuffled.indices.copy()
    assert not shuffled.has_sorted_indices
    assert_same(sums(shuffled), sums(sp.csr_matrix(X.toarray()[:, ::-1])))
    np.testing.assert_array_equal(shuffled.indices, before)


def test_read_only_entries():
    X = matrix()
    expected = sums(X)
    for array in (X.data, X.indices, X.indptr):
        array.flags.writeable = False
    assert_same(sums(X), expected)


def test_positions_stay_few(monkeypatch):
    X = matrix(density=0.001)
    monkeypatch.setattr(CSRRows, "_rows_per_block", lambda self: 100)
    whole = sums(X)
    assert whole[-1] == N_ROWS / 100
    monkeypatch.setattr(csc, "MOST_POSITIONS", 20 * N_FEATURES)
    fewer = sums(X)
    assert fewer[-1] == 20
    for ours, theirs in zip(fewer[:-1], whole[:-1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_what_is_copied_anyway_is_copied_as_rows():
    X = matrix()
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    copied = rows.copied(np.arange(0, N_ROWS, 7))
    assert isinstance(copied, CSRRows)
    assert copied._X.format == "csr"
    assert copied.dtype == np.float32


@pytest.mark.parametrize("n_rows", [50, N_ROWS])
def test_what_is_too_large_for_float32_is_infinite_without_a_warning(n_rows):
    X = matrix(n_rows)
    X.data[:] = 1e39
    rows = rows_of(X, 3, has_intercept=True, n_threads=1).narrowed()
    prepared = rows.prepare(np.ones((3, N_FEATURES + 1)))
    (total,) = rows.sum(lambda block: (block.logits(prepared).max(),))
    assert np.isinf(total)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_values_are_narrowed_once_and_share_the_indices(form, monkeypatch):
    X = sp.random(500, 40, density=0.2, format=form, random_state=0)
    params = np.random.default_rng(1).normal(size=(3, 41))

    def pulled(most):
        monkeypatch.setattr(csr, "MOST_NARROWED", most)
        rows = rows_of(X, 3, has_intercept=True, n_threads=1)
        narrow = rows.narrowed()
        prepared = narrow.prepare(params)
        (product,) = narrow.sum(lambda block: (block.pull_back(block.logits(prepared)),))
        assert rows.narrowed()._X is narrow._X
        assert narrow.dtype == np.float32
        return narrow, product

    copied, product = pulled(4 * X.nnz)
    by_block, same = pulled(4 * X.nnz - 1)
    np.testing.assert_array_equal(product, same)
    assert np.shares_memory(copied._X.indices, X.indices)
    assert copied._X.dtype == np.float32
    assert by_block._X is X
    assert X.dtype == np.float64
