"""Beyond the rows a fit needs little memory, whatever their number and that of the classes."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression
from sk_softmax.solvers import SGD

MEBIBYTE = 2**20
N_ROWS, N_CLASSES = 150_000, 100  # an array of all logits would take 114 MiB


def peak_of(model, X, y):
    """Bytes that a fit takes beside the rows, at the most."""
    tracemalloc.start()
    try:
        model.fit(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 10)) * (rng.random((N_ROWS, 10)) < 0.5)
    return X, rng.integers(N_CLASSES, size=N_ROWS)


@pytest.mark.parametrize("solver", ["lbfgs", "auto", "gd", SGD(batch_size=1000)], ids=str)
@pytest.mark.parametrize(
    "layout",
    [
        np.ascontiguousarray,
        np.asfortranarray,
        sp.csr_matrix,
        pytest.param(sp.csc_matrix, marks=pytest.mark.slow),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_array_of_all_logits_and_no_copy_of_the_rows(solver, layout, data):
    X, y = layout(data[0]), data[1]
    model = SoftmaxRegression(solver=solver, max_iter=1, tol=1e-2, n_jobs=2, random_state=0)
    assert peak_of(model, X, y) < 64 * MEBIBYTE


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_measuring_curvature_takes_little_more_than_the_curvature():
    rng = np.random.default_rng(0)
    # 117 MiB: a copy, even in float32, would not pass.
    X = rng.normal(size=(60_000, 256))
    y = (X @ rng.normal(size=(256, 10)) + rng.gumbel(size=(60_000, 10))).argmax(axis=1)
    model = SoftmaxRegression(solver="lbfgs", max_iter=7, tol=1e-12, n_jobs=2)
    peak = peak_of(model, X, y)
    # A matrix a class, the old ones while the new are measured, and ten pairs of steps.
    preconditioner, history = 2 * 10 * 257**2 * 8, 20 * 10 * 257 * 8
    assert model.n_iter_ == 7
    assert peak < 64 * MEBIBYTE + preconditioner + history


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_columns_are_not_copied(index):
    n_rows, n_features = 100_000, 100
    indices = np.tile(np.arange(0, n_rows, 2, dtype=index), n_features)
    indptr = np.arange(0, len(indices) + 1, n_rows // 2, dtype=index)
    X = sp.csc_matrix((n_rows, n_features))
    X.data, X.indices, X.indptr = np.ones(len(indices)), indices, indptr
    X.data[: n_rows // 2] = np.random.default_rng(0).normal(size=n_rows // 2)
    y = (np.arange(n_rows) // 2) % 3
    model = SoftmaxRegression(solver="lbfgs", max_iter=2, n_jobs=2)
    # Less than a copy of the values would take; one in float32 comes with indices.
    assert peak_of(model, X, y) < X.data.nbytes
    assert X.indices is indices  # nor put in order, nor narrowed


def test_with_l1_the_rows_are_not_copied_either():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60_000, 400)).astype(np.float32)  # 92 MiB
    y = (X[:, :250] @ rng.normal(size=(250, 2)) + rng.gumbel(size=(60_000, 2))).argmax(axis=1)
    model = SoftmaxRegression(C=3e-3, l1_ratio=1.0, n_jobs=2)
    peak = peak_of(model, X, y)
    assert 150 < np.count_nonzero(model.coef_) < 350  # a copy of these would be seen
    hessians = 6 * 400**2 * 8
    assert peak < 64 * MEBIBYTE + hessians


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    """A memory-mapped file of 78 MiB, the array that it holds, and labels."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 256))
    y = (X[:, :4] @ rng.normal(size=(4, 4)) + rng.gumbel(size=(40_000, 4))).argmax(axis=1)
    path = tmp_path_factory.mktemp("mapped") / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r"), X, y


@pytest.mark.parametrize(
    "parameters",
    [
        {"solver": "lbfgs"},
        pytest.param({"solver": "gd"}, marks=pytest.mark.slow),
        {"solver": SGD(batch_size=1000)},
        pytest.param({"l1_ratio": 0.5, "C": 1e-3}, marks=pytest.mark.slow),
        pytest.param({"lower_bounds": -0.1, "solver": "proximal-lbfgs"}, marks=pytest.mark.slow),
    ],
    ids=str,
)
@pytest.mark.parametrize("view", ["mapped", pytest.param("view", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_early_stopping_does_not_copy_a_file(view, parameters, mapped):
    file, X, y = mapped
    model = SoftmaxRegression(
        early_stopping=True, max_iter=3, tol=1e-3, random_state=0, n_jobs=2, **parameters
    )
    rows = file if view == "mapped" else np.asarray(file)[1:][:, 1:]
    y = y if view == "mapped" else y[1:]
    peak = peak_of(model, rows, y)
    assert peak < X.nbytes / 2
    in_memory = X if view == "mapped" else X[1:, 1:]
    assert peak_of(model, in_memory, y) > 0.9 * X.nbytes  # the copy of an array is seen


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_validation_rows_are_scored_without_all_logits(solver, data):
    X, y = data
    model = SoftmaxRegression(solver=solver, max_iter=1, tol=1e-2, n_jobs=2, random_state=0)
    few = np.arange(0, N_ROWS, 50)

    class WithValidation:
        def fit(self, rows, labels):
            model.fit(X[few], y[few], X_val=rows, y_val=labels)

    assert set(y[few]) == set(y)
    for layout in (np.ascontiguousarray, np.asfortranarray, sp.csr_matrix, sp.csc_matrix):
        assert peak_of(WithValidation(), layout(X), y) < 64 * MEBIBYTE
