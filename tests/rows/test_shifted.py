"""Rows less a shift: every way to read them gives the numbers of an array that was shifted."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax.rows import rows_of

N_ROWS, N_FEATURES = 3000, 7
SHIFT = np.array([0.0, 3.25, -1e6, 0.0, 0.1, 0.0, 2.0**40])
FEW = SHIFT * (np.arange(N_FEATURES) == 2)
ALL = np.where(SHIFT == 0, -17.0, SHIFT)


def matrix(dtype=np.float64):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((N_ROWS, N_FEATURES)) + SHIFT).astype(dtype)
    X[rng.random((N_ROWS, N_FEATURES)) < 0.03] = 0.0
    return X


def mapped(X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    return np.load(tmp_path / "X.npy", mmap_mode="r")


FORMS = {
    "C order": lambda X, _: X,
    "F order": lambda X, _: np.asfortranarray(X),
    "memory-mapped": mapped,
    "CSR": lambda X, _: sp.csr_matrix(X),
    "CSC": lambda X, _: sp.csc_matrix(X),
    "CSR array": lambda X, _: sp.csr_array(X),
}


def dense(values):
    return values.toarray() if sp.issparse(values) else np.asarray(values)


@pytest.fixture(autouse=True, params=[0, 2**22], ids=["block by block", "copied"])
def most_copied(request, monkeypatch):
    monkeypatch.setattr("sk_softmax.rows.dense.MOST_SHIFTED", request.param)


@pytest.fixture(params=FORMS)
def form(request, tmp_path):
    return lambda X: FORMS[request.param](X, tmp_path)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shift", [SHIFT, FEW, ALL], ids=["some", "one", "all"])
@pytest.mark.parametrize("n_outputs", [1, 400])
def test_every_way_to_read_them(form, dtype, shift, n_outputs):
    X = matrix(dtype)
    given = form(X)
    rows = rows_of(given, n_outputs, has_intercept=True, n_threads=1).shifted(shift)
    expected = X - shift.astype(dtype)
    assert expected.dtype == dtype
    indices = np.array([2999, 5, 5, 17])
    np.testing.assert_array_equal(dense(rows.values()), expected)
    np.testing.assert_array_equal(dense(rows.values(indices)), expected[indices])
    np.testing.assert_array_equal(dense(rows.values(features=slice(1, 4))), expected[:, 1:4])
    np.testing.assert_array_equal(rows.take(indices).design()[:, :-1], expected[indices])
    subset = rows.subset(indices)
    np.testing.assert_array_equal(subset.take(np.arange(4)).design()[:, :-1], expected[indices])
    np.testing.assert_array_equal(dense(subset.values(features=[2])), expected[indices][:, [2]])
    some = rows.columns(np.array([1, 2, 6]))
    np.testing.assert_array_equal(
        some.take(indices).design()[:, :-1], expected[indices][:, [1, 2, 6]]
    )
    _, designs = rows.collect(lambda block: ((), block.design()[:, :-1].copy()))
    np.testing.assert_array_equal(np.concatenate(designs), expected)
    np.testing.assert_array_equal(dense(given), X)  # the user's matrix stays as it is


def test_they_are_shifted_first_and_narrowed_then(form):
    X = matrix()
    rows = rows_of(form(X), 3, has_intercept=True, n_threads=1).shifted(SHIFT)
    expected = (X - SHIFT).astype(np.float32)
    indices = np.array([1, 2999])
    for narrow in (rows.narrowed(), rows.copied(np.arange(N_ROWS))):
        assert narrow.dtype == np.float32
        np.testing.assert_array_equal(narrow.take(indices).design()[:, :-1], expected[indices])
    narrow = rows.narrowed().columns(np.array([2, 6]))
    np.testing.assert_array_equal(
        narrow.take(indices).design()[:, :-1], expected[indices][:, [2, 6]]
    )


@pytest.mark.parametrize("n_threads", [1, 2])
def test_sums_have_no_term_of_rank_one(form, n_threads):
    X = matrix()
    rows = rows_of(form(X), 400, has_intercept=True, n_threads=n_threads).shifted(SHIFT)
    expected = np.column_stack([X - SHIFT, np.ones(N_ROWS)])
    weights = np.random.default_rng(1).random(N_ROWS)
    (gram,) = rows.sum(lambda block: (block.gram(weights[block.rows]),))
    np.testing.assert_allclose(
        gram, expected.T @ (weights[:, None] * expected), rtol=1e-10, atol=1e-7
    )


def test_only_what_is_stored_can_be_shifted():
    X = matrix()
    X[:, 3] = np.arange(N_ROWS) < 2000
    for form, stored in (
        (np.asarray, np.ones(N_FEATURES, bool)),
        (sp.csr_matrix, np.arange(7) != 3),
    ):
        rows = rows_of(form(X), 3, has_intercept=True, n_threads=1)
        np.testing.assert_array_equal(rows.mostly_stored(), stored)
    np.testing.assert_array_equal(
        rows_of(sp.csc_matrix(X), 3, has_intercept=True, n_threads=1).mostly_stored(), stored
    )


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("far", [1, 12])
def test_a_copy_has_the_bits_of_rows_that_are_shifted_as_they_are_read(
    far, dtype, order, monkeypatch
):
    rng = np.random.default_rng(0)
    X = np.asarray(rng.normal(size=(3000, 12)) + 7, dtype=dtype, order=order)
    shift = np.where(np.arange(12) < far, X.mean(axis=0, dtype=np.float64), 0.0)
    params = rng.normal(size=(3, 13))
    before = X.copy()

    def answers():
        rows = rows_of(X, 3, has_intercept=True, n_threads=1).shifted(shift)
        found = []
        for read in (rows, rows.narrowed(), rows.subset(np.arange(0, 3000, 7)).narrowed()):
            prepared = read.prepare(params)
            found += read.sum(
                lambda block, prepared=prepared: (
                    block.pull_back(block.logits(prepared)),
                    block.gram(np.ones(block.n_rows, block.design().dtype)),
                )
            )
        return [*found, rows.values(np.arange(5))]

    given = answers()
    monkeypatch.setattr("sk_softmax.rows.dense.MOST_SHIFTED", 0)
    for one, other in zip(given, answers(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_allclose(given[-1], (X - shift.astype(dtype))[:5], rtol=1e-6)
