"""Parquet files and Zarr arrays through dask: the fit in memory, of parts that are read anew."""

from collections import Counter
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path

dask = pytest.importorskip("dask", reason="dask is not installed")
da = pytest.importorskip("dask.array", reason="dask.array is not installed")
dd = pytest.importorskip("dask.dataframe", reason="dask.dataframe is not installed")
pytest.importorskip("pyarrow", reason="pyarrow is not installed, which reads Parquet files")

# What dask does with a pandas that is newer than itself.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index")

N_ROWS = 600
EDGES = [0, 250, 251, 400, 600]
NAMES = list("abcde")
WORDS = np.array(["no", "perhaps", "yes"])


@pytest.fixture(scope="module")
def table():
    """Features, labels and weights, and columns that no fit needs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    frame = pd.DataFrame(X, columns=NAMES).astype({"b": np.float32})
    frame["label"], frame["weight"] = WORDS[y], rng.uniform(0.2, 3, N_ROWS)
    return frame.assign(**{f"other{number}": rng.normal(size=N_ROWS) for number in range(6)})


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    """A folder with files of these rows."""
    return written(table, tmp_path_factory.mktemp("rows"))


def written(frame, folder):
    for number, (first, last) in enumerate(pairwise(EDGES)):
        part = frame.iloc[first:last]
        part.to_parquet(folder / f"part{number}.parquet", index=False)
    return folder


@pytest.fixture(params=["kept", "read anew"])
def keeping(request, monkeypatch):
    """Whether checked rows fit into memory."""
    if request.param == "read anew":
        monkeypatch.setattr("sk_softmax.parts.dask_memory.MOST_FILLED", 0.0)
    return request.param


def fitted(*data, **options):
    return SoftmaxRegression(**{"tol": 1e-13} | options).fit(*data)


def assert_equal_models(found, expected):
    assert found.classes_.tolist() == expected.classes_.tolist()
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-9)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, atol=1e-9)
    assert found.loss_curve_[-1] == pytest.approx(expected.loss_curve_[-1], abs=1e-12)


def in_memory(frame, weighted=True, **options):
    weights = [frame["weight"].to_numpy()] if weighted else []
    return fitted(frame[NAMES], frame["label"].to_numpy(dtype=object), *weights, **options)


@pytest.mark.parametrize("filesystem", ["fsspec", "arrow"])
def test_labels_and_weights_in_the_files(table, folder, filesystem, keeping):
    rows = dd.read_parquet(folder, filesystem=filesystem)
    found = fitted(rows[NAMES], rows["label"], rows["weight"])
    assert_equal_models(found, in_memory(table))
    assert found.feature_names_in_.tolist() == NAMES


def test_labels_in_another_collection(table, folder, tmp_path, keeping):
    rows = dd.read_parquet(folder, columns=NAMES)
    labels = written(table[["label"]], tmp_path)
    expected = in_memory(table, weighted=False)
    for given in (
        dd.read_parquet(labels)["label"],
        dd.read_parquet(labels),  # a column of a frame
        table["label"].to_numpy(dtype=object),
        table["label"].tolist(),
    ):
        assert_equal_models(fitted(rows, given), expected)


def test_columns_that_may_be_missing_and_labels_that_are_categories(table, tmp_path):
    kinds = {"a": "Float64", "c": "float64[pyarrow]", "d": "Float32", "label": "category"}
    folder = written(table.astype(kinds), tmp_path)
    for options in ({}, {"dtype_backend": "pyarrow"}):
        rows = dd.read_parquet(folder, **options)
        found = fitted(rows[NAMES], rows["label"])
        expected = in_memory(table.astype({"d": np.float32}), weighted=False)
        assert_equal_models(found, expected)


def test_files_in_a_folder_for_each_label(table, tmp_path, keeping):
    table.to_parquet(tmp_path, partition_cols=["label"], index=False)
    rows = dd.read_parquet(tmp_path)
    assert_equal_models(fitted(rows[NAMES], rows["label"], rows["weight"]), in_memory(table))


def test_row_groups_of_a_file(table, tmp_path):
    path = tmp_path / "rows.parquet"
    table.to_parquet(path, index=False, row_group_size=130)
    rows = dd.read_parquet(path, split_row_groups=True)
    assert rows.npartitions == 5
    assert_equal_models(fitted(rows[NAMES], rows["label"], rows["weight"]), in_memory(table))


@pytest.fixture
def counted(monkeypatch):
    """A file system that counts how often a file is opened, and how often dask computes."""
    from fsspec.implementations.local import LocalFileSystem

    from sk_softmax.parts.dask_places import Here

    class Counted(LocalFileSystem):
        cachable = False
        opened: ClassVar = Counter()
        computed = 0

        def _open(self, path, *arguments, **options):
            self.opened[path.rpartition("/")[-1]] += 1
            return super()._open(path, *arguments, **options)

    compute = Here.compute

    def noting(self, tasks):
        Counted.computed += 1
        return compute(self, tasks)

    monkeypatch.setattr(Here, "compute", noting)
    return Counted()


def test_a_file_is_read_once_in_each_pass_and_nothing_is_kept(table, folder, counted, keeping):
    rows = dd.read_parquet(folder, filesystem=counted)
    counted.opened.clear()
    rows.compute(scheduler="synchronous")
    once = Counter(counted.opened)
    assert len(once) == len(EDGES) - 1
    counted.opened.clear()
    found = fitted(rows[NAMES], rows["label"], rows["weight"])
    assert_equal_models(found, in_memory(table))
    # Once for the summaries, and once for the parts that are kept: sizes were unknown before.
    n_reads = 2 if keeping == "kept" else counted.computed
    assert counted.opened == Counter({name: n_reads * n for name, n in once.items()})
    if keeping == "read anew":
        assert n_reads >= found.records_[-1].passes > found.n_iter_[0] > 3
        assert found.records_[-1].passes == int(found.records_[-1].passes)


@pytest.mark.parametrize("filesystem", ["fsspec", "arrow"])
def test_predictions_have_as_many_chunks_as_there_are_files(folder, filesystem):
    """dask reads several files at once where few of their columns are asked for."""
    rows = dd.read_parquet(folder, filesystem=filesystem)
    X, y = 2 * rows[NAMES[:2]], rows["label"]
    assert X.optimize().npartitions < X.npartitions == 4
    whole = rows.compute()  # files may be in another order
    features, labels = 2 * whole[NAMES[:2]], whole["label"].to_numpy(dtype=object)
    found, expected = fitted(X, y), fitted(features, labels)
    predicted = found.predict_proba(X)
    assert predicted.numblocks == (4, 1)
    np.testing.assert_allclose(predicted.compute(), expected.predict_proba(features), atol=1e-9)
    assert found.predict(X).numblocks == (4,)
    score = expected.score(features, labels, whole["weight"])
    assert found.score(X, y, rows["weight"]) == pytest.approx(score)
    assert np.mean(found.predict(X).compute() == labels) == found.score(X, y)


def test_predictions_read_the_columns_that_they_need(table, folder, monkeypatch):
    rows = dd.read_parquet(folder)
    found = in_memory(table)
    read = []
    from dask.dataframe.io.parquet.arrow import ArrowDatasetEngine

    original = ArrowDatasetEngine._read_table.__func__

    def noting(cls, path_or_frag, fs, row_groups, columns, *arguments, **options):
        read.append(list(columns))
        return original(cls, path_or_frag, fs, row_groups, columns, *arguments, **options)

    monkeypatch.setattr(ArrowDatasetEngine, "_read_table", classmethod(noting))
    found.predict(rows[NAMES]).compute(scheduler="synchronous")
    assert read == [NAMES] * 4


def test_paths_and_cross_validations(table, folder):
    rows = dd.read_parquet(folder)
    X, y, weights = rows[NAMES], rows["label"], rows["weight"]
    whole = table[NAMES], table["label"].to_numpy(dtype=object)
    options = {"Cs": [0.01, 1.0], "cv": 3, "scoring": "neg_log_loss", "tol": 1e-9}
    found = SoftmaxRegressionCV(**options).fit(X, y, weights)
    expected = SoftmaxRegressionCV(**options).fit(*whole, table["weight"].to_numpy())
    np.testing.assert_allclose(found.scores_, expected.scores_, atol=1e-6)
    assert found.C_ == expected.C_
    found = softmax_path(X, y, sample_weight=weights, Cs=2, tol=1e-10)
    expected = softmax_path(*whole, sample_weight=table["weight"].to_numpy(), Cs=2, tol=1e-10)
    np.testing.assert_allclose(found.coefs, expected.coefs, atol=1e-6)


# --- Zarr ----------------------------------------------------------------------------------------


@pytest.fixture
def stored(table, monkeypatch):
    """Zarr arrays of rows and of labels, and how often a chunk is read."""
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    read, get = Counter(), zarr.storage.MemoryStore.get

    def noting(self, key, *arguments, **options):
        read[key] += 1
        return get(self, key, *arguments, **options)

    def array(values, chunks):
        store = zarr.storage.MemoryStore()
        kept = zarr.create_array(store, shape=values.shape, chunks=chunks, dtype=values.dtype)
        kept[:] = values
        return kept

    y = np.searchsorted(WORDS, table["label"].to_numpy(dtype=str))
    X = table[NAMES].to_numpy(dtype=np.float64)
    arrays = array(X, (150, 3)), array(y, (400,))
    monkeypatch.setattr(zarr.storage.MemoryStore, "get", noting)
    return X, y, arrays, read


def test_zarr_arrays(stored, keeping, monkeypatch):
    from sk_softmax.parts.dask_places import Here

    X, y, arrays, read = stored
    computed, compute = [], Here.compute

    def noting(self, tasks):
        computed.append(tasks)
        return compute(self, tasks)

    monkeypatch.setattr(Here, "compute", noting)
    found = fitted(*map(da.from_zarr, arrays))
    assert_equal_models(found, fitted(X, y))
    of_rows = {key: n for key, n in read.items() if key.count("/") == 2}
    assert len(of_rows) == 8  # two chunks of columns in each of four parts
    assert set(of_rows.values()) == {1 if keeping == "kept" else len(computed)}
    assert keeping == "kept" or len(computed) >= found.records_[-1].passes > 3


def test_labels_in_memory_beside_zarr_arrays(stored, keeping):
    X, y, (rows, _), _ = stored
    expected = fitted(X, WORDS[y])
    assert_equal_models(fitted(da.from_zarr(rows), WORDS[y]), expected)
    assert_equal_models(fitted(da.from_zarr(rows), list(WORDS[y])), expected)
