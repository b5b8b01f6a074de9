"""What --save keeps knows its columns by name, and --predict writes what it predicts."""

import contextlib
import csv
import gzip
import io
import shutil

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone

from sk_softmax.__main__ import main
from sk_softmax.demonstration import comparison
from sk_softmax.demonstration.named_columns import NamedColumns

COLOURS = ["red", "green", "blue"]


def rows(n_rows, seed=0):
    rng = np.random.default_rng(seed)
    age, size = rng.uniform(18, 80, n_rows).round(3), rng.normal(size=n_rows).round(3)
    colour = rng.integers(3, size=n_rows)
    logits = np.column_stack([(age - 50) / 10, 2 * size, colour - 1.0])
    label = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return {
        "id": [f"p{i:05d}" for i in range(n_rows)],
        "age": age.tolist(),
        "colour": [COLOURS[c] for c in colour],
        "grade": [["1", "2", "x"][c] for c in rng.integers(3, size=n_rows)],
        "size": size.tolist(),
        "vote": ["uvw"[k] for k in label],
    }


def write(path, columns):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def read(text):
    header, *lines = csv.reader(text.splitlines())
    return header, [line[0] for line in lines], np.array([line[1:] for line in lines], dtype=float)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A pipeline that the command saved, and what it printed."""
    folder = tmp_path_factory.mktemp("model")
    columns = rows(120)
    columns["age"][5], columns["colour"][7] = "", "NA"
    path, printed = write(folder / "table.csv", columns), io.StringIO()
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(printed):
        patched.setattr(comparison, "CS", [1.0])
        patched.setattr(comparison, "LONG", 0.0)
        place = folder / "model.joblib"
        assert main([str(path), "--target", "vote", "--save", str(place)]) == 0
    return place, printed.getvalue()


@pytest.fixture
def saved(model, tmp_path, monkeypatch):
    """That pipeline, in model.joblib of the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(model[0], "model.joblib")
    return joblib.load("model.joblib")


def test_the_command_says_what_to_do_with_the_pipeline(model):
    place, printed = model
    assert f"--predict new.csv --model {place}" in printed
    assert printed.endswith("age, colour, grade, size\n")


def frames(columns):
    """The same rows as every kind of frame, and with their columns in another order."""
    for names in (list(columns), list(columns)[::-1]):
        ordered = {name: columns[name] for name in names}
        for frame in (pd.DataFrame, pl.DataFrame, pa.table, dict):
            yield frame(ordered)


def test_frames_are_read_by_the_names_of_their_columns(saved):
    new = rows(30, seed=1)
    del new["vote"]
    new["age"][2] = new["colour"][3] = None
    expected = saved.predict_proba(
        np.array([[new[name][i] for name in saved.feature_names_in_] for i in range(30)], object)
    )
    for frame in frames(new):
        np.testing.assert_array_equal(saved.predict_proba(frame), expected)
    assert saved.feature_names_in_.tolist() == ["age", "colour", "grade", "size"]
    assert len(set(saved.predict(pd.DataFrame(new)))) == 3


def test_a_frame_of_other_types_is_read_as_a_file_would_be(saved):
    new = rows(12, seed=2)
    new["grade"] = [str(1 + i % 2) for i in range(12)]
    expected = saved.predict_proba(pd.DataFrame(new))
    frame = pd.DataFrame(new)
    for grade in (frame["grade"].astype(int), frame["grade"].astype(float)):
        np.testing.assert_array_equal(saved.predict_proba(frame.assign(grade=grade)), expected)
    frame["age"] = frame["age"].astype("Float64")
    frame["colour"] = frame["colour"].astype("category")
    frame["grade"] = frame["grade"].astype("string")
    np.testing.assert_array_equal(saved.predict_proba(frame), expected)
    missing = pd.DataFrame(new).assign(age=np.nan, grade=None)
    frame["age"], frame["grade"] = pd.NA, pd.NA
    np.testing.assert_array_equal(saved.predict_proba(frame), saved.predict_proba(missing))


def test_what_a_frame_lacks_is_named(saved):
    frame = pd.DataFrame(rows(5))
    with pytest.raises(ValueError, match="columns that are not there: age, size; there are: col"):
        saved.predict(frame.drop(columns=["age", "size"]))
    with pytest.raises(ValueError, match="column 'age' holds 'old', and held numbers when"):
        saved.predict(frame.assign(age=["old", *frame["age"][1:]]))
    with pytest.raises(ValueError, match="column 'age' holds an infinity"):
        saved.predict(frame.assign(age=np.inf))
    with pytest.raises(ValueError, match="more than one column has the name of: age"):
        saved.predict(pd.concat([frame, frame["age"]], axis=1))
    with pytest.raises(ValueError, match=r"with the 4 columns age, .* shape \(5, 6\)"):
        saved.predict(frame.to_numpy())


def test_an_array_is_taken_in_the_order_of_the_fit():
    step = clone(NamedColumns(["a", "b"])).fit(None)
    X = np.array([[1.0, 2.0], [3.0, np.nan]])
    assert step.transform(X) is X
    frame = pd.DataFrame({"c": [0, 0], "b": [2.0, None], "a": [1, 3]})
    np.testing.assert_array_equal(step.transform(frame), X)
    assert step.get_feature_names_out().tolist() == ["a", "b"]


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "parquet"])
def test_the_command_predicts_a_file(kind, saved, reader, tmp_path, capsys):
    new = {name: cells for name, cells in reversed(rows(40, seed=3).items()) if name != "vote"}
    new["age"][2], new["colour"][3] = None, None
    path = tmp_path / f"new.{kind}"
    if kind == "parquet":
        if reader == "pandas":
            pytest.skip("pandas alone reads no Parquet")
        pl.DataFrame(new).write_parquet(path)
    else:
        text = write(tmp_path / "plain.csv", new).read_bytes()
        path.write_bytes(gzip.compress(text) if kind == "csv.gz" else text)
    assert main(["--predict", str(path), "--model", "model.joblib"]) == 0
    captured = capsys.readouterr()
    header, labels, probabilities = read(captured.out)
    assert captured.err == ""
    assert header == ["prediction", "P(u)", "P(v)", "P(w)"]
    frame = pd.DataFrame(new)
    assert labels == saved.predict(frame).tolist()
    np.testing.assert_allclose(probabilities, saved.predict_proba(frame), rtol=1e-8)


def test_text_stays_text_if_all_of_it_are_numbers(saved, reader, tmp_path, capsys):
    new = rows(6)
    new["grade"] = ["1", "2", "1", "2", "1", "1"]
    assert main(["--predict", str(write(tmp_path / "n.csv", new)), "--model", "model.joblib"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    np.testing.assert_allclose(
        read(captured.out)[2], saved.predict_proba(pd.DataFrame(new)), rtol=1e-8
    )


def test_values_that_are_new_are_told(saved, tmp_path, capsys):
    new = rows(6)
    new["colour"] = ["red", "mauve", "beige", "red", "red", "mauve"]
    assert main(["--predict", str(write(tmp_path / "n.csv", new)), "--model", "model.joblib"]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "'colour' has values that the file of the fit did not have" in captured.err
    assert "'mauve', 'beige'" in captured.err
    assert len(read(captured.out)[1]) == 6


def test_the_output_may_be_a_file_and_replaces_nothing_that_is_read(saved, tmp_path, capsys):
    write(tmp_path / "new.csv", rows(6))
    command = ["--predict", "new.csv", "--model", "model.joblib", "--output"]
    assert main([*command, "out.csv"]) == 0
    assert capsys.readouterr().out == "6 predictions are in out.csv, in the order of the rows\n"
    header, labels, _ = read((tmp_path / "out.csv").read_text())
    assert (header[0], len(labels)) == ("prediction", 6)
    for place, message in (
        ("new.csv", "it is the input"),
        ("model.joblib", "it is the input"),
        ("out.csv", "it exists; --force replaces it"),
    ):
        assert main([*command, place]) == 2
        assert message in capsys.readouterr().err
    assert main([*command, "out.csv", "--force"]) == 0
    assert main([*command, "model.joblib", "--force"]) == 2
    joblib.load("model.joblib")


def test_two_classes_of_numbers(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    columns = rows(60)
    columns["vote"] = [int(size > 0) for size in columns["size"]]
    write(tmp_path / "table.csv", columns)
    monkeypatch.setattr(comparison, "CS", [1.0])
    assert main(["table.csv", "--target", "vote", "--save", "m.joblib"]) == 0
    capsys.readouterr()
    assert main(["--predict", "table.csv", "--model", "m.joblib"]) == 0
    header, labels, probabilities = read(capsys.readouterr().out)
    assert header == ["prediction", "P(0)", "P(1)"]
    assert labels == [str(int(row[1] > row[0])) for row in probabilities]


REFUSED = [
    (
        "age,colour,grade\n1,red,x\n",
        "new.csv has no column size, which the model needs; it has",
    ),
    ("age,colour,grade,size\nold,red,x,1\n", "column 'age' holds 'old', and held numbers in the"),
    ("age,colour,grade,size\n", "new.csv has no rows to predict"),
    ("age,age,colour,grade,size\n1,1,red,x,1\n", "more than one column named 'age'"),
    ("age,colour,grade,size\n1,red,x,inf\n", "column 'size' holds 'inf'"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_file_that_does_not_fit_is_one_line_and_status_2(
    content, message, saved, reader, tmp_path, capsys
):
    (tmp_path / "new.csv").write_text(content)
    assert main(["--predict", "new.csv", "--model", "model.joblib"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize("reader", ["polars", "pyarrow"], indirect=True)
def test_in_parquet_numbers_in_place_of_text_are_refused(saved, reader, tmp_path, capsys):
    new = rows(4) | {"grade": [1, 2, 1, 2]}
    pl.DataFrame(new).write_parquet(tmp_path / "new.parquet")
    assert main(["--predict", "new.parquet", "--model", "model.joblib"]) == 2
    assert "column 'grade' holds numbers, and held text in the file" in capsys.readouterr().err
    pl.DataFrame(rows(4) | {"grade": [None] * 4}).write_parquet(tmp_path / "new.parquet")
    assert main(["--predict", "new.parquet", "--model", "model.joblib"]) == 0


def test_a_model_that_is_none_is_one_line_and_status_2(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "new.csv", rows(3))
    (tmp_path / "text.joblib").write_text("no pickle")
    joblib.dump([1, 2], "list.joblib")
    for model, message in (
        ("text.joblib", "text.joblib cannot be loaded"),
        ("list.joblib", "list.joblib holds list, and not a pipeline that --save has kept"),
        ("nowhere.joblib", "nowhere.joblib does not exist"),
    ):
        assert main(["--predict", "new.csv", "--model", model]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert message in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--predict", "new.csv"], "--predict needs --model"),
        (["--model", "m.joblib"], "--model needs --predict"),
        (["--output", "o.csv"], "--output needs --predict"),
        (["table.csv", "--predict", "n.csv", "--model", "m"], "give one of the two"),
        (["--predict", "n.csv", "--model", "m", "--target", "y"], "--target needs a file of data"),
        (["--predict", "n.csv", "--model", "m", "--save", "s"], "--save needs a file of data"),
        (
            ["--predict", "n.csv", "--model", "m", "--inference"],
            "--inference needs a file of data",
        ),
        (["--predict", "n.csv", "--model", "m", "--force"], "--force needs --save or"),
        (["--keep", "id"], "--keep needs a file of data: data.csv --keep ..."),
    ],
)
def test_an_option_without_use_is_an_error(arguments, message, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
