"""Chunks of Parquet files, of Zarr arrays and of whatever else can be sliced."""

import datetime
import decimal
import sys

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import Chunks, SoftmaxRegression

N_ROWS = 700


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    y = (X @ rng.normal(size=(4, 3)) + rng.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    return X, y, rng.uniform(0.5, 2, N_ROWS)


def same_fit(chunks, X, y, weights=None, **options):
    expected = SoftmaxRegression(tol=1e-10, **options).fit(X, y, weights)
    found = SoftmaxRegression(tol=1e-10, **options).fit(chunks)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    assert found.coef_.dtype == expected.coef_.dtype
    return found


# --- arrays ---


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_array])
def test_arrays(kind, rows):
    X, y, weights = rows
    chunks = Chunks.from_arrays(kind(X), y, weights, chunk_bytes=8 * 4 * 100)
    same_fit(chunks, kind(X), y, weights)
    lengths = [chunk[0].shape[0] for chunk in chunks]
    assert sum(lengths) == N_ROWS
    assert len(lengths) > 3
    if kind is np.asarray:
        assert lengths == 7 * [100]


def test_an_offset_of_arrays(rows):
    X, y, _ = rows
    offset = np.random.default_rng(1).normal(size=(N_ROWS, 3))
    found = SoftmaxRegression(tol=1e-10).fit(Chunks.from_arrays(X, y, None, offset))
    expected = SoftmaxRegression(tol=1e-10).fit(X, y, offset=offset)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)


class Stored:
    """An array in chunks of a file, which notes what is read."""

    def __init__(self, values, chunks):
        self.values, self.shape, self.chunks, self.read = values, values.shape, chunks, []

    def __getitem__(self, rows):
        self.read.append((rows.start, rows.stop))
        return self.values[rows]


@pytest.mark.parametrize(
    ("stored", "step"), [((30, 4), 90), ((70, 2), 70), ((300, 4), 300), (None, 100)]
)
def test_no_chunk_of_the_storage_is_cut(stored, step, rows):
    X = Stored(rows[0], stored)
    assert len(list(Chunks.from_arrays(X, rows[1], chunk_bytes=8 * 4 * 100))) == len(X.read)
    assert X.read[:2] == [(0, step), (step, 2 * step)]
    assert X.read[-1][1] == N_ROWS


def test_zarr(rows, tmp_path):
    zarr = pytest.importorskip("zarr")
    X, y, _ = rows
    stored = zarr.create_array(
        str(tmp_path / "X"), shape=X.shape, chunks=(128, 4), dtype="float64"
    )
    stored[:] = X
    labels = zarr.create_array(str(tmp_path / "y"), shape=y.shape, chunks=(50,), dtype="int64")
    labels[:] = y
    same_fit(Chunks.from_arrays(stored, labels, chunk_bytes=8 * 4 * 200), X, y)


def test_arrays_that_do_not_fit_together(rows):
    X, y, weights = rows
    with pytest.raises(ValueError, match="X has 700 rows and y has 699"):
        Chunks.from_arrays(X, y[1:])
    with pytest.raises(ValueError, match="X has 700 rows and sample_weight has 699"):
        Chunks.from_arrays(X, y, weights[1:])
    with pytest.raises(TypeError, match=r"y has to be something with a shape .* is a list"):
        Chunks.from_arrays(X, y.tolist())


# --- Parquet ---

pa = pytest.importorskip("pyarrow")


def write(path, X, row_group_size=90, **others):
    from pyarrow import parquet

    columns = {f"x{j}": X[:, j] for j in range(X.shape[1])} | others
    parquet.write_table(pa.table(columns), path, row_group_size=row_group_size)
    return path


@pytest.mark.parametrize("batch_rows", [None, 1, 50, 90, 250])
def test_a_parquet_file(batch_rows, rows, tmp_path):
    X, y, weights = rows
    batch_rows = 37 if batch_rows == 1 else batch_rows
    path = write(tmp_path / "data.parquet", X, weight=weights, y=y)
    chunks = Chunks.from_parquet(path, target="y", sample_weight="weight", batch_rows=batch_rows)
    found = same_fit(chunks, X, y, weights)
    assert list(found.feature_names_in_) == ["x0", "x1", "x2", "x3"]
    lengths = [len(chunk[0]) for chunk in chunks]
    assert sum(lengths) == N_ROWS
    if batch_rows is not None:
        assert set(lengths[:-1]) == {batch_rows}


def test_several_files_a_folder_and_a_data_set(rows, tmp_path):
    import pyarrow.dataset as ds

    X, y, _ = rows
    paths = [
        write(tmp_path / f"{number}.parquet", X[some], y=y[some])
        for number, some in enumerate([slice(0, 300), slice(300, N_ROWS)])
    ]
    same_fit(Chunks.from_parquet(paths, target="y"), X, y)
    same_fit(Chunks.from_parquet(tmp_path, target="y", batch_rows=100), X, y)
    dataset = ds.dataset([str(path) for path in paths]).filter(ds.field("x0") > 0)
    kept = X[:, 0] > 0
    found = same_fit(Chunks.from_parquet(dataset, target="y", batch_rows=64), X[kept], y[kept])
    assert list(found.feature_names_in_) == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize(
    "labels",
    [
        lambda y: y,
        lambda y: y.astype(np.int8),
        lambda y: y > 0,
        lambda y: y * 2.0,
        lambda y: np.array(["b", "a", "c"], dtype=object)[y],
        lambda y: pa.array(np.array(["b", "a", "c"])[y]).dictionary_encode(),
    ],
)
def test_labels(labels, rows, tmp_path):
    X, y, _ = rows
    given = labels(y)
    path = write(tmp_path / "data.parquet", X, y=given)
    plain = np.array(given.to_pylist(), dtype=object) if hasattr(given, "to_pylist") else given
    same_fit(Chunks.from_parquet(path, target="y", batch_rows=100), X, plain)


def test_columns_of_probabilities_are_classes(rows, tmp_path):
    X, _, _ = rows
    targets = np.random.default_rng(0).dirichlet(np.ones(3), N_ROWS)
    named = dict(zip(["b", "c", "a"], targets.T, strict=True))
    path = write(tmp_path / "data.parquet", X, **named)
    found = SoftmaxRegression().fit(Chunks.from_parquet(path, target=["b", "c", "a"]))
    assert list(found.classes_) == ["a", "b", "c"]
    expected = SoftmaxRegression().fit(X, targets[:, [2, 0, 1]])
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-6)


def test_types_of_features(rows, tmp_path):
    X, y, _ = rows
    narrow = X.astype(np.float32)
    path = write(tmp_path / "narrow.parquet", narrow, y=y)
    model = SoftmaxRegression().fit(Chunks.from_parquet(path, target="y"))
    assert model.coef_.dtype == np.float32
    others = {
        "whole": np.arange(N_ROWS) % 7,
        "flag": X[:, 0] > 0,
        "price": [decimal.Decimal(int(value * 100)) / 100 for value in X[:, 1]],
    }
    path = write(tmp_path / "mixed.parquet", narrow[:, :1], y=y, **others)
    same = np.column_stack(
        [narrow[:, 0], others["whole"], others["flag"], np.array(others["price"], dtype=float)]
    )
    found = same_fit(Chunks.from_parquet(path, target="y"), same, y)
    assert list(found.feature_names_in_) == ["x0", "whole", "flag", "price"]
    few = Chunks.from_parquet(path, target="y", columns=["price", "x0"])
    same_fit(few, same[:, [3, 0]], y)


def test_what_cannot_be_read_from_parquet_is_said(rows, tmp_path):
    X, y, _ = rows
    text = np.array(["red", "blue"])[y % 2]
    day = [datetime.date(2020, 1, 1)] * N_ROWS
    path = write(tmp_path / "data.parquet", X, y=y, colour=text, day=day)
    for columns, message in [
        (None, r"Column 'colour' is of type string, and features are numbers. Encode it first"),
        (["day"], "Column 'day' is of type date32"),
    ]:
        with pytest.raises(TypeError, match=message):
            Chunks.from_parquet(path, target="y", columns=columns)
    with pytest.raises(ValueError, match=r"There is no column 'z'; the columns are \['x0'"):
        Chunks.from_parquet(path, target="z")
    with pytest.raises(ValueError, match="Column 'y' cannot be a feature and target"):
        Chunks.from_parquet(path, target="y", columns=["x0", "y"])
    with pytest.raises(ValueError, match="no column besides"):
        Chunks.from_parquet(path, target="y", columns=[])
    with pytest.raises(FileNotFoundError):
        Chunks.from_parquet(tmp_path / "other.parquet", target="y")


def test_missing_values_name_the_chunk(rows, tmp_path):
    X, y, _ = rows
    values = [None if number == 250 else float(v) for number, v in enumerate(X[:, 0])]
    path = write(tmp_path / "features.parquet", X, y=y, some=values)
    with pytest.raises(ValueError, match="Chunk 2: row 50 of X there is the first with NaN"):
        SoftmaxRegression().fit(Chunks.from_parquet(path, target="y", batch_rows=100))
    labels = ["b" if label else None for label in y]
    path = write(tmp_path / "labels.parquet", X, y=labels)
    first = labels.index(None)
    with pytest.raises(ValueError, match=f"Chunk 0: Row {first} of y is None"):
        SoftmaxRegression().fit(Chunks.from_parquet(path, target="y"))


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.dataset", None)
    with pytest.raises(ImportError, match=r"needs pyarrow, .*pip install pyarrow"):
        Chunks.from_parquet("data.parquet", target="y")
