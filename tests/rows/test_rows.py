"""Blocks multiply like the whole, dense like sparse, and sum alike on any number of threads."""

import os
import threading
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from sk_softmax.rows import blocks, dense, rows_of, single_threaded_blas, threads_in_force
from sk_softmax.rows.summing import block_bounds
from sk_softmax.rows.threads import thread_pool


@given(st.integers(1, 10**5), st.integers(10, 10**5))
def test_blocks_cover_every_row_once_and_are_of_equal_length(n_rows, rows_per_block):
    bounds = block_bounds(n_rows, rows_per_block)
    assert bounds[0].start == 0
    assert bounds[-1].stop == n_rows
    assert all(a.stop == b.start for a, b in pairwise(bounds))
    lengths = {bound.stop - bound.start for bound in bounds}
    assert max(lengths) <= rows_per_block
    assert max(lengths) - min(lengths) <= 1


def data(n_rows=7000, n_features=30, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_features)) * (rng.random((n_rows, n_features)) < 0.3)
    return X.astype(dtype)


@pytest.mark.parametrize("kind", ["C order", "F order", "strided", "read-only"])
@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shifted", [False, True])
def test_few_rows_are_kept_with_their_constant_column(
    kind, has_intercept, dtype, shifted, monkeypatch
):
    X = data(200, 7, dtype)
    X[:, 1] += 100
    rng = np.random.default_rng(1)
    params, weights = rng.normal(size=(3, 7 + has_intercept)), rng.random(200).astype(dtype)
    weights[::3] = 0
    picked = np.array([3, 70, 199]), np.array([0, 6 + has_intercept])

    def products(block):
        logits = block.logits(params.astype(dtype))
        assert logits.flags.c_contiguous
        assert logits.dtype == dtype
        assert block.part(*picked).shape == (3, 2)
        answers = logits, block.pull_back(logits * weights), block.gram(weights)
        return *answers, block.gram_diagonal(weights), block.design(), block.part(*picked)

    def answers(most_kept):
        monkeypatch.setattr(dense, "MOST_KEPT", most_kept)
        rows = rows_of(layouts(X)[kind], 3, has_intercept=has_intercept, n_threads=1)
        rows = rows.shifted(X.mean(axis=0)) if shifted else rows
        blocks = []
        rows.sum(lambda block: (blocks.append(block) or 0.0,))
        rows.sum(lambda block: (blocks.append(block) or 0.0,))
        assert (blocks[0] is blocks[1]) == (most_kept > 0)
        return rows.sum(products)

    tolerance = 1e-4 if dtype == np.float32 else 1e-12
    n_numbers = 200 * (7 + has_intercept)
    for kept, anew in zip(answers(n_numbers), answers(0), strict=True):
        np.testing.assert_allclose(kept, anew, rtol=tolerance, atol=tolerance)


def layouts(X):
    wide = np.zeros((X.shape[0], 2 * X.shape[1]), dtype=X.dtype)
    wide[:, ::2] = X
    read_only = X.copy()
    read_only.flags.writeable = False
    return {
        "C order": X,
        "F order": np.asfortranarray(X),
        "strided": wide[:, ::2],
        "read-only": read_only,
        "CSR": sp.csr_matrix(X),
        "CSR array": sp.csr_array(X),
        "CSC": sp.csc_matrix(X),
        "CSC array": sp.csc_array(X),
    }


@pytest.mark.parametrize("kind", layouts(data(2, 2)))
@pytest.mark.parametrize("has_intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_equal_those_of_the_design_matrix(kind, has_intercept, dtype):
    X = data(dtype=dtype)
    design = np.hstack([X, np.ones((len(X), int(has_intercept)), dtype=dtype)]).astype(np.float64)
    rng = np.random.default_rng(1)
    params = rng.normal(size=(3, design.shape[1]))
    weights = rng.random(len(X)).astype(dtype)
    rows = rows_of(layouts(X)[kind], 3, has_intercept=has_intercept, n_threads=2)
    assert (rows.n_rows, rows.n_features, rows.n_columns, rows.dtype) == (
        *X.shape,
        design.shape[1],
        dtype,
    )
    prepared = rows.prepare(params)

    def term(block):
        logits = block.logits(prepared)
        assert logits.dtype == dtype
        assert logits.flags.c_contiguous
        w = weights[block.rows]
        return (
            block.pull_back(logits * w),
            block.gram(w),
            block.gram_diagonal(w),
            (block.design() * w[:, None]).sum(axis=0),
        )

    pulled, gram, diagonal, total = rows.sum(term)
    assert pulled.dtype == gram.dtype == np.float64
    tolerance = dict(rtol=1e-4, atol=1e-2) if dtype == np.float32 else dict(rtol=1e-10, atol=1e-9)
    weighted = design * weights[:, None]
    np.testing.assert_allclose(pulled, (design @ params.T).T @ weighted, **tolerance)
    np.testing.assert_allclose(gram, design.T @ weighted, **tolerance)
    np.testing.assert_allclose(diagonal, np.diag(design.T @ weighted), **tolerance)
    np.testing.assert_allclose(total, weighted.sum(axis=0), **tolerance)

    some = np.array([5, 3, 3, 6999])
    np.testing.assert_allclose(
        rows.take(some).logits(prepared), params @ design[some].T, **tolerance
    )


@pytest.mark.parametrize("kind", ["C order", "F order", "strided", "read-only"])
@pytest.mark.parametrize("n_outputs", [1, 2, dense.FEW_OUTPUTS, dense.FEW_OUTPUTS + 1])
@pytest.mark.parametrize("has_intercept", [True, False])
def test_float32_logits_of_many_features(kind, n_outputs, has_intercept):
    X = data(n_rows=3000, n_features=dense.MANY_FEATURES, dtype=np.float32)
    params = np.random.default_rng(1).normal(size=(n_outputs, X.shape[1] + has_intercept))
    rows = rows_of(layouts(X)[kind], n_outputs, has_intercept=has_intercept, n_threads=1)
    some = np.arange(0, len(X), 2)
    logits = rows.take(some).logits(rows.prepare(params))
    assert logits.dtype == np.float32
    assert logits.flags.c_contiguous
    expected = params[:, : X.shape[1]] @ X[some].T.astype(np.float64)
    expected += params[:, X.shape[1] :].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["C order", "F order", "CSR", "CSC"])
@pytest.mark.parametrize("copied", [True, False])
def test_some_columns_are_rows_too(kind, copied, monkeypatch):
    monkeypatch.setattr(dense, "MOST_COPIED", 2**30 if copied else 0)
    X = data()
    features = np.array([0, 3, 4, 17])
    rows = rows_of(layouts(X)[kind], 3, has_intercept=True, n_threads=2)
    part = rows.columns(features)
    assert (part.n_rows, part.n_features, part.n_columns) == (len(X), 4, 5)
    assert rows.columns(np.arange(rows.n_features)) is rows
    params = np.random.default_rng(0).normal(size=(3, 5))
    expected = X[:, features] @ params[:, :4].T + params[:, 4]
    for same in (part, part.narrowed(), part.columns(np.arange(4))):
        prepared = same.prepare(params)
        (pulled,) = same.sum(
            lambda block, prepared=prepared: (block.pull_back(block.logits(prepared)),)
        )
        np.testing.assert_allclose(pulled[:, :4], expected.T @ X[:, features], rtol=1e-3)
    some = np.array([5, 3, 3])
    here = part.take(some)
    np.testing.assert_allclose(here.logits(part.prepare(params)), expected[some].T, rtol=1e-9)
    fewer = part.columns(np.array([1, 3]))
    np.testing.assert_allclose(
        np.asarray(fewer.take(some).design())[:, :2], X[some][:, features[[1, 3]]]
    )


@pytest.mark.parametrize("kind", ["C order", "CSR", "CSC"])
def test_sums_are_bitwise_the_same_for_any_number_of_threads(kind):
    X = layouts(data(n_rows=40_000))[kind]
    params = np.random.default_rng(2).normal(size=(4, 31))

    def gradient(n_threads):
        rows = rows_of(X, 3, has_intercept=True, n_threads=n_threads)
        prepared = rows.prepare(params)
        with single_threaded_blas():
            (total,) = rows.sum(lambda block: (block.pull_back(block.logits(prepared)),))
        return total

    first = gradient(1)
    for n_threads in (2, 3, 5):
        np.testing.assert_array_equal(gradient(n_threads), first)


@pytest.mark.parametrize("kind", ["C order", "F order", "CSR", "CSC"])
@pytest.mark.parametrize("has_intercept", [True, False])
def test_rows_without_weight_count_for_nothing(kind, has_intercept):
    X = data()
    weights = np.where(np.arange(len(X)) % 3 == 0, np.arange(len(X)), 0.0)
    rows = rows_of(layouts(X)[kind], 3, has_intercept=has_intercept, n_threads=1)
    (gram,) = rows.sum(lambda block: (block.gram(weights[block.rows]),))
    (nothing,) = rows.sum(lambda block: (block.gram(np.zeros(block.n_rows)),))
    design = np.hstack([X, np.ones((len(X), int(has_intercept)))])
    np.testing.assert_allclose(gram, design.T @ (design * weights[:, None]), rtol=1e-10, atol=1e-6)
    assert not nothing.any()


@pytest.mark.parametrize("kind", ["C order", "F order", "strided", "CSR", "CSC"])
def test_narrowed_and_copied_rows_are_the_same_rows_in_float32(kind):
    X = data()
    rows = rows_of(layouts(X)[kind], 3, has_intercept=True, n_threads=2)
    indices = np.arange(0, len(X), 5)
    params = np.random.default_rng(1).normal(size=(3, X.shape[1] + 1))
    for fewer, whole in [(rows.narrowed(), X), (rows.copied(indices), X[indices])]:
        assert (fewer.n_rows, fewer.dtype) == (len(whole), np.float32)
        prepared = fewer.prepare(params)

        def term(block, prepared=prepared):
            logits = block.logits(prepared)
            assert logits.dtype == np.float32
            return (block.pull_back(logits),)

        (pulled,) = fewer.sum(term)
        design = np.column_stack([whole, np.ones(len(whole))])
        np.testing.assert_allclose(pulled, params @ design.T @ design, rtol=1e-4, atol=1e-2)
        assert fewer.take(np.array([3, 1])).logits(prepared).dtype == np.float32


@pytest.mark.parametrize("kind", ["C order", "F order", "strided", "read-only"])
@pytest.mark.parametrize("is_shifted", [True, False])
def test_rows_narrowed_once_are_those_narrowed_by_block(kind, is_shifted, monkeypatch):
    X = data(n_rows=40_000) + 1e6 * is_shifted
    params = np.random.default_rng(1).normal(size=(3, 31))

    def pulled(most):
        monkeypatch.setattr(dense, "MOST_NARROWED", most)
        rows = rows_of(layouts(X)[kind], 3, has_intercept=True, n_threads=2)
        narrow = (rows.shifted(np.full(30, 1e6)) if is_shifted else rows).narrowed()
        prepared = narrow.prepare(params)
        (product,) = narrow.sum(lambda block: (block.pull_back(block.logits(prepared)),))
        return narrow, product

    copied, product = pulled(4 * X.size)
    by_block, same = pulled(4 * X.size - 1)
    assert copied.dtype == by_block.dtype == np.float32
    assert copied.values().base is not None  # a view of the copy
    assert by_block.values().base is None
    np.testing.assert_allclose(product, same, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("kind", ["C order", "F order", "strided", "CSR", "CSC"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_subset_is_rows_too(kind, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "NUMBERS_GATHERED", 31 * 100)  # a hundred rows a block
    X = data(dtype=dtype)
    indices = np.random.default_rng(0).integers(len(X), size=1234)  # some twice
    design = np.column_stack([X, np.ones(len(X))])[indices]
    params = np.random.default_rng(1).normal(size=(3, 31))
    weights = np.random.default_rng(2).random(1234).astype(dtype)
    whole = rows_of(layouts(X)[kind], 3, has_intercept=True, n_threads=2)
    subset = whole.subset(indices)
    assert (subset.n_rows, subset.n_features, subset.n_columns) == (1234, 30, 31)
    assert subset.dtype == dtype
    prepared = subset.prepare(params)

    def term(block):
        w = weights[block.rows]
        pulled = block.pull_back(block.logits(prepared) * w)
        return (pulled, block.gram(w)), block.rows

    (pulled, gram), rows = subset.collect(term)
    assert [r.start for r in rows[1:]] == [r.stop for r in rows[:-1]]
    assert (rows[0].start, rows[-1].stop, len(rows)) == (0, 1234, 14)
    assert {r.stop - r.start for r in rows} == {88, 89}
    tolerance = dict(rtol=1e-4, atol=1e-2) if dtype == np.float32 else dict(rtol=1e-10, atol=1e-9)
    weighted = design * weights[:, None]
    np.testing.assert_allclose(pulled, (design @ params.T).T @ weighted, **tolerance)
    np.testing.assert_allclose(gram, design.T @ weighted, **tolerance)

    (pulled, gram), rows = whole.subset(indices[:0]).collect(term)
    assert rows == [slice(0, 0)]
    np.testing.assert_array_equal(pulled, np.zeros((3, 31)))
    np.testing.assert_array_equal(gram, np.zeros((31, 31)))

    some = np.array([7, 0, 7])
    for part, wanted in [
        (subset.take(some), design[some]),
        (subset.subset(np.arange(9, 0, -1)).take(some), design[np.arange(9, 0, -1)][some]),
        (subset.narrowed().take(some), design[some]),
        (subset.copied(some).take(np.arange(3)), design[some]),
        (subset.columns(np.array([4, 2])).take(some), design[some][:, [4, 2, 30]]),
    ]:
        np.testing.assert_allclose(part.design(), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", ["C order", "F order", "strided"])
def test_to_take_rows_does_not_copy_the_others(kind):
    X = layouts(data())[kind]
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    tracemalloc.start()
    try:
        some = rows.take(np.array([6000, 3, 3])).design()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 50
    np.testing.assert_array_equal(some[:, :30], X[[6000, 3, 3]])


@pytest.mark.parametrize("kind", ["C order", "CSR", "CSC"])
def test_what_is_collected_comes_in_the_order_of_the_rows(kind):
    X = layouts(data(n_rows=150_000))[kind]
    params = np.random.default_rng(2).normal(size=(2, 31))

    def collected(n_threads):
        rows = rows_of(X, 2, has_intercept=True, n_threads=n_threads)
        prepared = rows.prepare(params)
        with single_threaded_blas():
            return rows.collect(lambda b: ((b.n_rows,), (b.rows, b.logits(prepared)[:, ::1000])))

    (total,), kept = collected(1)
    assert total == 150_000
    assert len(kept) > 1
    assert [r.start for r, _ in kept[1:]] == [r.stop for r, _ in kept[:-1]]
    dense = X.toarray() if sp.issparse(X) else X
    for rows, logits in kept:
        expected = dense[rows][::1000] @ params[:, :30].T + params[:, 30]
        np.testing.assert_allclose(logits, expected.T, rtol=1e-10, atol=1e-10)
    for n_threads in (2, 3):
        for (_, here), (_, there) in zip(kept, collected(n_threads)[1], strict=True):
            np.testing.assert_array_equal(here, there)
    nothing, lengths = rows_of(X, 2, has_intercept=True, n_threads=2).collect(
        lambda block: ((), block.n_rows)
    )
    assert nothing == ()
    assert sum(lengths) == 150_000


@pytest.mark.parametrize(
    ("n_rows", "n_outputs", "n_blocks"),
    [(20_000, 26, 2), (20_000, 13, 1), (16_384, 16, 2), (16_383, 17, 1), (32_768, 8, 2)],
)
def test_many_logits_are_two_blocks_for_two_threads(n_rows, n_outputs, n_blocks):
    rows = rows_of(np.zeros((n_rows, 16)), n_outputs, has_intercept=True, n_threads=1)
    _, lengths = rows.collect(lambda block: ((), block.n_rows))
    assert lengths == [n_rows // n_blocks] * n_blocks


def test_a_term_can_ask_for_larger_blocks():
    rows = rows_of(data(n_rows=120_000), 3, has_intercept=True, n_threads=2)

    def lengths(rows_per_block):
        seen = []
        rows.sum(lambda block: (seen.append(block.n_rows),) and (0.0,), rows_per_block)
        assert sum(seen) == 120_000
        return seen

    assert len(lengths(0)) > len(lengths(60_000)) == 2
    assert max(lengths(10**9)) <= 2**22 / 30


def test_an_error_in_a_term_reaches_the_caller():
    rows = rows_of(data(n_rows=40_000), 3, has_intercept=True, n_threads=2)

    def term(block):
        raise ZeroDivisionError("in a worker")

    with pytest.raises(ZeroDivisionError, match="in a worker"):
        rows.sum(term)


def test_sparse_blocks_share_the_matrix():
    X = sp.csr_matrix(data())
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)

    def term(block):
        assert np.shares_memory(block._X.data, X.data)
        assert np.shares_memory(block._X.indices, X.indices)
        return (1.0,)

    rows.sum(term)


def blas_threads():
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_overlapping_guards_restore_the_limit_when_the_last_one_leaves():
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))
    seen = []

    def first():
        with single_threaded_blas():
            first_is_in.set()
            second_is_in.wait(10)
        first_is_out.set()

    def second():
        first_is_in.wait(10)
        with single_threaded_blas():
            second_is_in.set()
            first_is_out.wait(10)
            seen.append(blas_threads())
            seen.append(threads_in_force())

    with threadpool_limits(2, user_api="blas"):
        threads = [threading.Thread(target=target) for target in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert seen == [{1}, 2]
        assert blas_threads() == {2}


def test_threads_follow_the_limit_in_force():
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            assert threads_in_force() == limit


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own():
    rows = rows_of(data(n_rows=40_000), 3, has_intercept=True, n_threads=2)
    rows.sum(lambda block: (1.0,))
    parent = thread_pool(2)
    child = os.fork()
    if child == 0:
        fresh = thread_pool(2) is not parent and rows.sum(lambda block: (1.0,)) is not None
        os._exit(0 if fresh else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_blas_at_one_thread_is_left_alone(monkeypatch):
    def fail():
        raise AssertionError("the limit was set")

    monkeypatch.setattr("sk_softmax.rows.threads._take_control", fail)
    with threadpool_limits(1, user_api="blas"):
        with single_threaded_blas():
            assert threads_in_force() == 1
        assert blas_threads() == {1}
    with (
        threadpool_limits(2, user_api="blas"),
        pytest.raises(AssertionError, match="the limit was set"),
    ):
        single_threaded_blas().__enter__()
