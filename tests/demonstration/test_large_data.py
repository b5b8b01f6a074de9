"""The demonstration on files that are read some rows at a time."""

import gzip

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.__main__ import main
from sk_softmax.demonstration import csv_file, file_in_pieces, free_memory

N_ROWS = 900


def table(seed=0):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(N_ROWS, 3)) * [1, 20, 0.1] + [0, 5, 1], 3)
    logits = (X - [0, 5, 1]) / [1, 20, 0.1] @ rng.normal(size=(3, 3))
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def written(path, X, y, missing=()):
    """The rows in a CSV file or in a Parquet file."""
    names = ["a", "b", "c"]
    if path.suffix == ".parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        columns = {n: [None if np.isnan(v) else v for v in X[:, j]] for j, n in enumerate(names)}
        parquet.write_table(pa.table({"a": columns["a"], "kind": list(y), **columns}), path)
        return path
    lines = ["a,kind,b,c"]
    for row, label in zip(X, y, strict=True):
        a, b, c = ("" if np.isnan(v) else repr(float(v)) for v in row)
        lines.append(f"{a},{label},{b},{c}")
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def expected_of(X, y):
    """The same fit in memory."""
    train = (np.arange(1, N_ROWS + 1) * (np.sqrt(5) - 1) / 2) % 1 >= 0.1
    scaler = StandardScaler().fit(X[train])
    scaled = np.nan_to_num(scaler.transform(X))
    model = SoftmaxRegression().fit(scaled[train], y[train])
    return model, model.score(scaled[~train], y[~train])


def figure(out, label):
    (line,) = [line for line in out.splitlines() if line.startswith(label + "  ")]
    return line.split()[-1]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(csv_file, "PIECE", 3000)
    monkeypatch.setattr(file_in_pieces, "CELLS", 400)


@pytest.mark.parametrize("name", ["data.csv", "data.csv.gz", "data.parquet"])
@pytest.mark.parametrize("labels", [np.array([7, 10, 9]), np.array(["x", "a", "b"])])
def test_the_fit_is_that_in_memory(name, labels, reader, tmp_path, capsys):
    if (reader, name) == ("pandas", "data.parquet"):
        pytest.skip("pandas reads Parquet by another library")
    X, y = table()
    X[::17, 1] = np.nan
    path = written(tmp_path / name, X, labels[y])
    saved = tmp_path / "model.joblib"
    assert main([str(path), "--target", "kind", "--in-chunks", "--save", str(saved)]) == 0
    out = capsys.readouterr().out
    model, accuracy = expected_of(X, labels[y])
    assert f"{path}: {N_ROWS} rows, 3 columns of numbers, target 'kind' with 3 classes" in out
    assert "read in chunks, some rows at a time." in out
    assert f"{len(X[::17])} missing values are imputed by the mean" in out
    assert float(figure(out, "objective reached (nats a row)")) == pytest.approx(
        model.loss_curve_[-1], abs=1e-6
    )
    assert figure(out, "converged") == "yes"
    assert 80 < int(figure(out, "rows held out")) < 100
    assert float(figure(out, "accuracy there")) == pytest.approx(accuracy, abs=1e-4)
    assert "rows/s" in out
    assert "Most telling features at C=1" in out
    pipeline = joblib.load(saved)
    np.testing.assert_allclose(pipeline[-1].coef_, model.coef_, atol=1e-4)
    assert (pipeline.predict(X) == model.predict(pipeline[0].transform(X))).all()
    assert pipeline.classes_.tolist() == sorted(labels.tolist())


def test_a_file_that_memory_does_not_hold_is_read_in_chunks(tmp_path, monkeypatch, capsys):
    X, y = table()
    path = written(tmp_path / "data.csv", X, y)
    size = path.stat().st_size
    monkeypatch.setattr(free_memory, "free_bytes", lambda: 4 * size - 1)
    assert main([str(path), "--target", "kind"]) == 0
    assert ": its rows take about 0.0 MB, and 0.1 MB of memory are free." in (
        capsys.readouterr().out
    )
    monkeypatch.setattr(free_memory, "free_bytes", lambda: 4 * size)
    assert free_memory.why_in_chunks(path) is None
    zipped = written(tmp_path / "data.csv.gz", X, y)
    monkeypatch.setattr(free_memory, "free_bytes", lambda: 16 * zipped.stat().st_size - 1)
    assert free_memory.why_in_chunks(zipped) is not None
    monkeypatch.setattr(free_memory, "free_bytes", lambda: None)
    assert free_memory.why_in_chunks(path) is None


def test_free_memory_is_known_here():
    free = free_memory.free_bytes()
    assert free is None or free > 2**20


def test_values_that_a_library_does_not_know_as_missing(reader, tmp_path, capsys):
    """As in memory: a column of numbers stays one if some of its cells are marks or spaces."""
    X, y = table()
    path = written(tmp_path / "data.csv", X, y)
    lines = path.read_text().splitlines()
    lines[500] = lines[500].rsplit(",", 1)[0] + ", nA "
    path.write_text("\n".join(lines) + "\n")
    assert main([str(path), "--target", "kind", "--in-chunks"]) == 0
    assert "1 missing values are imputed" in capsys.readouterr().out


def test_rows_without_a_label_are_left_out(tmp_path, capsys):
    X, y = table()
    labels = np.array(["p", "q", ""], dtype=object)[y]
    path = written(tmp_path / "data.csv", X, labels)
    assert main([str(path), "--target", "kind", "--in-chunks"]) == 0
    out = capsys.readouterr().out
    assert f"{(y == 2).sum()} rows without a label are left out" in out
    assert f"{path}: {(y < 2).sum()} rows" in out
    train = (np.arange(1, N_ROWS + 1) * (np.sqrt(5) - 1) / 2) % 1 >= 0.1
    counts = np.bincount(y[train])[:2]
    assert f"commonest class: accuracy {counts.max() / counts.sum():.4f}" in out


def with_line(number, line):
    def change(lines):
        lines[number] = line
        return lines

    return change


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (with_line(700, "red,1,2,3"), "kind", "column 'a' holds text, such as 'red', and a file"),
        (with_line(5, "1,1,2,3,4"), "kind", "row 5 has 5 values where the header has 4"),
        (with_line(700, "1e200,1,2,3"), "kind", "the largest value of column 'a', 1e+200"),
        (with_line(700, "1,0.5,2,3"), "kind", "holds numbers with fractions, such as 0.5"),
        (lambda lines: lines, "other", "has no column 'other'"),
        (lambda lines: lines, None, "--target is needed to name one of the columns: a, kind"),
        (lambda lines: lines[:1], "kind", "is empty: a header and at least two rows"),
        (
            lambda lines: [",".join(line.split(",")[1:2]) for line in lines],
            "kind",
            "no column bes",
        ),
        (
            lambda lines: [
                lines[0],
                *(",".join([line.split(",")[0], "1", *line.split(",")[2:]]) for line in lines[1:]),
            ],
            "kind",
            "holds a single class, 1",
        ),
    ],
)
def test_unusable_files_are_one_line_and_status_2(change, target, message, tmp_path, capsys):
    path = written(tmp_path / "data.csv", *table())
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")
    arguments = [str(path), "--in-chunks", *([] if target is None else ["--target", target])]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_what_is_no_file_is_said(tmp_path, capsys):
    assert main([str(tmp_path / "none.csv"), "--target", "y", "--in-chunks"]) == 2
    assert "none.csv does not exist" in capsys.readouterr().err
    assert main([str(tmp_path), "--target", "y", "--in-chunks"]) == 2
    assert "not a regular file" in capsys.readouterr().err
    assert main(["--in-chunks"]) == 2
    assert "--in-chunks needs a file of data" in capsys.readouterr().err
    path = written(tmp_path / "data.csv", *table())
    assert main([str(path), "--target", "kind", "--in-chunks", "--inference"]) == 2
    assert "--inference needs all rows in memory" in capsys.readouterr().err
