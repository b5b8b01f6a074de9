"""Predictions of dask collections are lazy, and those of the same rows in memory."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.exceptions import NotFittedError

from sk_softmax import SoftmaxRegression

dask = pytest.importorskip("dask", reason="dask is not installed")
da = pytest.importorskip("dask.array", reason="dask.array is not installed")
dd = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")

METHODS = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
CHUNKS = (30, 0, 69, 1)


@pytest.fixture(scope="module", params=[2, 3], ids=["two classes", "three classes"])
def table(request):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4))
    logits = X @ rng.normal(size=(4, request.param)) + rng.gumbel(size=(100, request.param))
    return X, np.array(["a", "b", "c"])[logits.argmax(axis=1)]


def in_partitions(frame):
    edges = np.concatenate([[0], np.cumsum(CHUNKS)])
    parts = [frame.iloc[a:b] for a, b in pairwise(edges)]
    return dd.from_delayed([dask.delayed(part) for part in parts], meta=frame.iloc[:0])


def assert_equal(found, expected, tolerance):
    """Labels are the same, and numbers but for rounding."""
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def never():
    raise AssertionError("a prediction was computed before it was asked for")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_arrays(table, method, dtype):
    X, y = table
    X = (10 * X).astype(dtype)
    model = SoftmaxRegression().fit(X, y)
    expected = getattr(model, method)(X)
    found = getattr(model, method)(da.from_array(X, chunks=(CHUNKS, 4)))
    assert isinstance(found, da.Array)
    assert found.shape == expected.shape
    assert found.dtype == found._meta.dtype == found.compute().dtype == expected.dtype
    assert found.chunks[0] == CHUNKS
    assert [found.blocks[i].compute().shape[0] for i in range(4)] == list(CHUNKS)
    assert_equal(found.compute(), expected, 1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_computed_before_it_is_asked_for(table, method):
    X, y = table
    model = SoftmaxRegression().fit(X, y)
    dX = da.from_delayed(dask.delayed(never)(), shape=X.shape, dtype=float)
    found = getattr(model, method)(dX)
    with pytest.raises(AssertionError, match="before it was asked for"):
        found.compute()


@pytest.mark.parametrize("method", METHODS)
def test_frames_give_arrays_of_unknown_lengths(table, method):
    X, y = table
    frame = pd.DataFrame(X, columns=list("abcd")).astype({"b": np.float32})
    model = SoftmaxRegression().fit(frame, y)
    found = getattr(model, method)(in_partitions(frame))
    expected = getattr(model, method)(frame)
    assert isinstance(found, da.Array)
    assert len(found.chunks[0]) == 4
    assert np.isnan(found.shape[0])
    assert found.shape[1:] == expected.shape[1:]
    assert found.dtype == expected.dtype
    assert_equal(found.compute(), expected, 1e-12)
    with pytest.raises(ValueError, match="feature names"):
        getattr(model, method)(in_partitions(frame[["b", "a", "c", "d"]]))


def test_sparse_chunks_columns_in_chunks_and_unknown_lengths(table):
    X, y = table
    model = SoftmaxRegression().fit(X, y)
    expected = model.predict_proba(X)
    sparse = da.from_array(X, chunks=(CHUNKS, 4)).map_blocks(sp.csr_matrix)
    np.testing.assert_allclose(model.predict_proba(sparse).compute(), expected, rtol=1e-12)
    cut = da.from_array(X, chunks=(40, 3))
    np.testing.assert_allclose(model.predict_proba(cut).compute(), expected, rtol=1e-12)
    dX = da.from_array(X, chunks=(30, 4))
    some = model.predict_proba(dX[dX[:, 0] > 0])
    assert np.isnan(some.shape[0])
    np.testing.assert_allclose(some.compute(), expected[X[:, 0] > 0], rtol=1e-12)


def test_a_prediction_stays_that_of_the_model_it_was_asked_of(table):
    X, y = table
    model = SoftmaxRegression().fit(X, y)
    expected = model.predict_proba(X)
    found = model.predict_proba(da.from_array(X, chunks=30))
    model.set_params(C=1e-3).fit(X, y)
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-12)


def test_an_offset_is_cut_as_the_rows_are(table):
    X, y = table
    n_classes = len(np.unique(y))
    shape = (100,) if n_classes == 2 else (100, 3)
    offset = np.random.default_rng(1).normal(size=shape)
    model = SoftmaxRegression().fit(X, y, offset=offset)
    expected = model.predict_proba(X, offset=offset)
    dX = da.from_array(X, chunks=(CHUNKS, 4))
    for given in (offset, da.from_array(offset, chunks=45)):
        found = model.predict_proba(dX, offset=given)
        assert found.chunks == (CHUNKS, (n_classes,))
        np.testing.assert_allclose(found.compute(), expected, rtol=1e-12)
        assert model.score(dX, y, offset=given) == model.score(X, y, offset=offset)
    with pytest.raises(ValueError, match="fitted with an offset"):
        model.predict(dX)


@pytest.mark.parametrize("as_frame", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_score_adds_up_what_the_parts_hit(table, as_frame, weighted):
    X, y = table
    weights = np.random.default_rng(2).uniform(size=100) if weighted else None
    if weighted:
        weights[:30] = 0  # all of the first part
    if as_frame:
        frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y, w=weights)
        whole = in_partitions(frame)
        X, given = frame[list("abcd")], (whole[list("abcd")], whole["y"])
        given_weights = whole["w"] if weighted else None
    else:
        given = da.from_array(X, chunks=(CHUNKS, 4)), da.from_array(y, chunks=(CHUNKS,))
        given_weights = da.from_array(weights, chunks=55) if weighted else None
    model = SoftmaxRegression().fit(X, y)
    found = model.score(*given, sample_weight=given_weights)
    assert type(found) is float
    assert found == pytest.approx(model.score(X, y, sample_weight=weights), rel=1e-14)


def test_errors_come_at_once(table):
    X, y = table
    model = SoftmaxRegression()
    dX = da.from_array(X, chunks=30)
    with pytest.raises(NotFittedError):
        model.predict(dX)
    model.fit(X, y)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(dX[:, :3])
    with pytest.raises(ValueError, match="has a row with weight"):
        model.score(dX, y, sample_weight=np.zeros(100))
    with pytest.raises(TypeError, match=r"X is a dask collection.*X\.compute\(\)"):
        model.objective(dX, y)
