"""What is read from a file: the same by each library, and one line where it cannot be read."""

import csv
import datetime
import decimal
import gzip
import importlib.util
import io
import random

import numpy as np
import pytest

from sk_softmax.demonstration import CommandError, csv_file, libraries
from sk_softmax.demonstration.table import read_table

NAN = float("nan")


def read(tmp_path, content, target="y"):
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, target)


def refusal(tmp_path, content, target="y"):
    with pytest.raises(CommandError) as caught:
        read(tmp_path, content, target)
    return str(caught.value)


def as_lists(column):
    """A column without NaN, which does not equal itself."""
    return [None if value != value else value for value in column]


def column(tmp_path, *cells):
    """Return a column of these cells, and whether it holds numbers."""
    labels = ["u", "v"] * len(cells)
    rows = [f"{cell},{label}" for cell, label in zip([*cells] * 2, labels, strict=True)]
    table = read(tmp_path, "\n".join(["a,y", *rows]))
    return as_lists(table.X[: len(cells), 0]), bool(table.numeric)


def shown(parameter):
    """Return the message as the name of an example: a file can be long."""
    return parameter if isinstance(parameter, str) and " " in parameter else "file"


def labels(tmp_path, *cells):
    return read(tmp_path, "\n".join(["a,y", *(f"1,{cell}" for cell in cells)])).y


def test_columns_are_what_their_values_are(reader, tmp_path):
    table = read(tmp_path, "a,b,c,y\n1,x,inf,u\nnan,2,3,v\n2.5,,4,u\n?,x,5,v\n")
    assert (table.numeric, table.text) == ([0], [1, 2])
    assert table.names == ["a", "b", "c"]
    assert table.n_missing == 3
    assert table.X[0].tolist() == [1.0, "x", "inf"]
    assert table.y.tolist() == ["u", "v", "u", "v"]


def test_numbers_alone_are_an_array_of_floats(reader, tmp_path):
    table = read(tmp_path, "a,b,y\n1,0.5,u\n,2e3,v\n-3,.25,u\n4,7.,v\n")
    assert table.X.dtype == np.float64
    np.testing.assert_array_equal(table.X, [[1, 0.5], [NAN, 2000], [-3, 0.25], [4, 7]])


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "+2", " 3 ", "4e0"], [1.0, 2.0, 3.0, 4.0]),
        (['"1.5"', "-0"], [1.5, 0.0]),
        (["1", "", "NA", "N/A", "?", "NaN", "null", "None"], [1.0, *[None] * 7]),
        (["1", " ", " nAn", "nULL ", '""'], [1.0, *[None] * 4]),
        (["", "?"], [None, None]),
        ([str(2**60), "1"], [2.0**60, 1.0]),
        (["1" + "0" * 30, "1"], [1e30, 1.0]),
        (["1e150", "1e-150"], [1e150, 1e-150]),
    ],
)
def test_a_column_of_numbers(cells, values, reader, tmp_path):
    assert column(tmp_path, *cells) == (values, True)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (['"1,000"', "2"], ["1,000", "2"]),
        (["1_000", "2"], ["1_000", "2"]),
        (["True", "false", ""], ["True", "false", None]),
        (["2020-01-02", "NA", "2/1/2020"], ["2020-01-02", None, "2/1/2020"]),
        (["1", "-inf"], ["1", "-inf"]),
        (["1e400", "2"], ["1e400", "2"]),
        ([" x", "x ", "n/A", '"x"'], ["x", "x", None, "x"]),
        (['"a,b"', '"say ""q"""', '"two\nlines"'], ["a,b", 'say "q"', "two\nlines"]),
        (['5" pipe', "6"], ['5" pipe', "6"]),
        (["0x10", "1e", "#1"], ["0x10", "1e", "#1"]),
        (["z" * 200_000, "1"], ["z" * 200_000, "1"]),
        (["007", "x"], ["007", "x"]),
    ],
)
def test_a_column_of_text(cells, values, reader, tmp_path):
    assert column(tmp_path, *cells) == (values, False)


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        ([2**53, 2**53 + 1, 2**53 + 2], [2**53, 2**53 + 1, 2**53 + 2]),
        ([-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1]),
        ([2**63, 2**64 - 1], [2**63, 2**64 - 1]),
        ([10**19, 10**19 + 1], [10**19, 10**19 + 1]),
        (["1e19", "1.5e19"], [10**19, 15 * 10**18]),
        (["1", "1.0", "2e0", "+2"], [1, 2]),
        (["07", "8"], [7, 8]),
        (["7", "inf"], ["7", "inf"]),
        (["1_0", "2"], ["1_0", "2"]),
        (["0e9999999999999999999", "1"], ["0e9999999999999999999", "1"]),
        (["True", "False"], ["False", "True"]),
    ],
)
def test_labels(cells, classes, reader, tmp_path):
    y = labels(tmp_path, *cells, *cells)
    assert np.unique(y).tolist() == classes
    assert y.dtype.kind == ("O" if isinstance(classes[0], str) else "iu"[max(classes) >= 2**63])


@pytest.mark.parametrize("cells", [["1e20", "2e20"], ["-1", "1e19"], ["1e300", "1"]])
def test_whole_numbers_of_more_than_64_bits_are_refused_as_labels(cells, reader, tmp_path):
    message = refusal(tmp_path, "\n".join(["a,y", *(f"1,{cell}" for cell in cells * 2)]))
    assert "target column 'y' holds whole numbers" in message
    assert "64 bits" in message


@pytest.mark.parametrize("value", ["1e300", "-1e151", "1e-300", "5e-324"])
def test_values_that_cannot_be_standardised_are_refused(value, reader, tmp_path):
    message = refusal(tmp_path, f"b,a,y\n1,0,u\n2,{value},u\n3,,v\n4,0,v\n")
    assert "column 'a'" in message
    assert f"{abs(float(value)):g}" in message


ROWS = b"a,y\n1,u\n2,u\n5,v\n6,v\n"


@pytest.mark.parametrize(
    "content",
    [
        ROWS,
        ROWS.replace(b"\n", b"\r\n"),
        ROWS.replace(b"\n", b"\r"),
        ROWS.removesuffix(b"\n"),
        b"\xef\xbb\xbf" + ROWS,
        b"\xef\xbb\xbf" + ROWS.replace(b"a", b'"a"'),
        ROWS.replace(b",", b";"),
        ROWS.replace(b",", b"\t"),
        ROWS.replace(b",", b"|"),
        b"\n,\n" + ROWS.replace(b"5", b"\n\n,\n5") + b"\n\n,\n",
        ROWS.replace(b"a,y", b" a , y "),
        gzip.compress(ROWS, mtime=0),
    ],
    ids=shown,
)
def test_ways_to_write_the_same_table(content, reader, tmp_path):
    table = read(tmp_path, content)
    assert table.names == ["a"]
    assert table.X.tolist() == [[1], [2], [5], [6]]
    assert table.y.tolist() == ["u", "u", "v", "v"]
    assert table.n_unlabelled == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,y\n1,u\n2\n", "row 2 has 1 values where the header has 2"),
        ("a,y\n1,u\n2,\n3,u\n4\n", "row 4 has 1 values"),
        ("a,y\n\n1,u\n\n2,u,\n", "row 2 has 3 values"),
        ("a,y\n1,u,\n2,u,\n", "row 1 has 3 values"),
        ("a,y\n1,u,x,x,x\n2,u\n", "row 1 has 5 values"),
        ("a,y,b\n1,u,x\n2,u\n5,v,y\n6,v,z\n", "row 2 has 2 values where the header has 3"),
        ('a,b,y\n1,"x,u\n2,x,u\n', "row 1 has 2 values"),
        ('a,b,y\n1,"x\nx",u\n2,' + "z" * 200_000 + "\n", "row 2 has 2 values"),
        ("y,a,y\nu,1,u\n", "more than one column named 'y'"),
        ("y, y\nu,1\n", "more than one column named 'y'"),
        ("a,y\n1,u\n2,ü\n".encode("latin1"), "not a CSV file in UTF-8: line 3 has the byte 0xfc"),
        ("a,y\n1,u\n".encode("utf-16"), "not a CSV file in UTF-8: line 1"),
        ("a,y\n1,u\n".encode("utf-16-le"), "NUL in line 1"),
        ("a,y\n1,u\n2,\0\n", "NUL in line 3"),
        (gzip.compress(ROWS * 100, mtime=0)[:40], "cannot be read: Compressed file ended"),
        (gzip.compress(b"a,y\n1,u\n2,\xff\n", mtime=0), "line 3 has the byte 0xff"),
        ("a,y", "is empty"),
        (",,\n,,\n", "is empty"),
        (",".join("abcdefghijklmnopqrstuvwxz"), "q, r, s, t and 5 more"),
        ("a,y\n,\n,\n", "no row with a value in the target column 'y'"),
        ("a,y\n1," + "z" * 200_000 + "\n2,u\n3,u\n", "has a single row"),
        (b"PAR1 and no more", "cannot be read"),
    ],
    ids=shown,
)
def test_what_cannot_be_read_is_said(content, message, reader, tmp_path):
    said = refusal(tmp_path, content)
    assert message in said
    assert len(said) < 400


def test_rows_without_a_value_are_not_rows_without_a_label(reader, tmp_path):
    table = read(tmp_path, "a,b,y\n1,x,u\n2,,u\n,,\n7,,\n,z,NA\n3,x,v\n4,x,v\n\n")
    assert table.n_unlabelled == 2
    assert len(table.X) == 4
    assert table.n_missing == 1


def awkward_table():
    """Cells of all kinds in columns whose kind shows late, as text and as they are."""
    rng = random.Random(0)
    rows = []
    for i in range(300):
        number = rng.choice(["1", "-2.5", "3e2", "", "NA", " nan"])
        text = rng.choice(["x", "with, comma", "two\nlines", 'a "quote"', "ümläut", "", "12"])
        late = "text" if i == 290 else str(i)
        rows.append([number, text, late, rng.choice(["u", "v", "w"])])
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["number", "text", "late", "y"], *rows])
    return text.getvalue(), rows


@pytest.mark.parametrize("size", [1, 37, 1000, 1 << 20])
def test_pieces_make_the_same_table(size, reader, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "PIECE", size)
    content, rows = awkward_table()
    table = read(tmp_path, content)
    number, text, late, y = zip(*rows, strict=True)
    expected = [float(cell) if cell[:1] in "123-" and cell else None for cell in number]
    assert as_lists(table.X[:, 0]) == expected
    assert as_lists(table.X[:, 1]) == [cell or None for cell in text]
    assert table.X[:, 2].tolist() == list(late)
    assert table.y.tolist() == list(y)


def test_numbers_are_those_that_python_reads(reader, tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000) * 10.0 ** rng.integers(-40, 40, size=2000)
    lines = [f"{value!r},{'uv'[i % 2]}" for i, value in enumerate(x.tolist())]
    table = read(tmp_path, "\n".join(["a,y", *lines]))
    np.testing.assert_array_equal(table.X[:, 0], x)


def test_pieces_are_small(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,y\n" + b"1.2345,u\n2.3456,v\n" * 200_000)
    sizes = [len(piece.data) for piece in csv_file.CsvFile(path).pieces()]
    assert sum(sizes) == 200_000 * 18
    assert max(sizes) <= csv_file.PIECE + 18


@pytest.fixture
def parquet(tmp_path, reader):
    """Writes a Parquet file by polars; pandas itself reads none."""
    if reader == "pandas":
        pytest.skip("pandas reads Parquet by another library")
    polars = pytest.importorskip("polars")
    path = tmp_path / "table.parquet"

    def write(columns, y=("u", "u", "v", "v"), categories=()):
        frame = polars.DataFrame({**columns, "y": y})
        frame.cast(dict.fromkeys(categories, polars.Categorical)).write_parquet(path)
        return path

    return write


def test_parquet(parquet):
    path = parquet(
        {
            "integer": [1, 2, None, 2**60],
            "float": [0.5, None, NAN, 1e10],
            "none": [None] * 4,
            "decimal": [decimal.Decimal("1.50"), decimal.Decimal("2.25"), None, None],
            "text": ["01", "", "NA", None],
            "boolean": [True, False, None, True],
            "date": [datetime.date(2020, 1, 2), None, None, datetime.date(2021, 1, 2)],
            "a.b": [1, 2, 3, 4],
            "category": ["1", "2", None, "1"],
        },
        categories=["category", "y"],
    )
    table = read_table(path, "y")
    assert table.numeric == [0, 1, 2, 3, 7]
    assert [as_lists(column) for column in table.X.T] == [
        [1, 2, None, 2**60],
        [0.5, None, None, 1e10],
        [None] * 4,
        [1.5, 2.25, None, None],
        ["01", "", "NA", None],
        ["true", "false", None, "true"],
        ["2020-01-02", None, None, "2021-01-02"],
        [1, 2, 3, 4],
        ["1", "2", None, "1"],
    ]
    assert table.y.tolist() == ["u", "u", "v", "v"]


@pytest.mark.parametrize(
    ("y", "read"),
    [
        ([2**53, 2**53 + 1] * 2, [2**53, 2**53 + 1] * 2),
        ([2**53, 2**53 + 1, None, None, 2**53, 2**53 + 1], [2**53, 2**53 + 1] * 2),
        ([1.0, 2.0, NAN, 1.0, 2.0], [1, 2, 1, 2]),
        (["1", "01"] * 2, ["1", "01"] * 2),
        (["NA", "none"] * 2, ["NA", "none"] * 2),
        ([True, False] * 2, ["true", "false"] * 2),
    ],
)
def test_labels_of_a_parquet_file(y, read, parquet):
    table = read_table(parquet({"a": list(range(len(y)))}, y), "y")
    assert table.y.tolist() == read
    assert table.n_unlabelled == len(y) - 4


@pytest.mark.parametrize(
    ("columns", "y", "message"),
    [
        ({"a": [[1], [2], [3], [4]]}, ["u", "v"] * 2, "column 'a' is of type"),
        ({"a": [{"b": 1}] * 4}, ["u", "v"] * 2, "column 'a' is of type"),
        ({"a": [b"x"] * 4}, ["u", "v"] * 2, "column 'a' is of type"),
        ({"a": [datetime.timedelta(1)] * 4}, ["u", "v"] * 2, "column 'a' is of type"),
        ({"a": [1.0, 2.0, -np.inf, 3.0]}, ["u", "v"] * 2, "column 'a' holds an infinity"),
        ({"a": [1.0, 1e300, 2.0, 3.0]}, ["u", "v"] * 2, "column 'a', 1e+300"),
        ({"a": [1, 2, 3, 4]}, [0.5, 1.0] * 2, "holds numbers with fractions, such as 0.5"),
        ({"a": [1, 2, 3, 4]}, [1e20, 1.0] * 2, "64 bits"),
        ({"a": [1, 2, 3, 4]}, [[1], [2]] * 2, "column 'y' is of type"),
        ({"a": [1, 2, 3, 4]}, ["u", "v", "v", "v"], "class 'u' of the target column 'y'"),
        ({"a": []}, [], "no row with a value in the target"),
        ({}, ["u", "v"] * 2, "no column besides the target"),
    ],
)
def test_unusable_parquet_files(columns, y, message, parquet):
    with pytest.raises(CommandError, match=r"\A[^\n]*\Z") as caught:
        read_table(parquet(columns, y), "y")
    assert message in str(caught.value)


def test_a_parquet_file_that_is_cut_off(parquet):
    path = parquet({"a": [1, 2, 3, 4]})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CommandError, match="cannot be read"):
        read_table(path, "y")


def test_the_target_of_a_parquet_file_is_named(parquet):
    path = parquet({"a": [1, 2, 3, 4]})
    with pytest.raises(CommandError, match="--target is needed to name one of the columns: a, y"):
        read_table(path, None)
    with pytest.raises(CommandError, match="has no column 'z'; it has: a, y"):
        read_table(path, "z")


def test_many_columns_of_a_parquet_file(parquet, monkeypatch):
    polars_reader = pytest.importorskip("sk_softmax.demonstration.libraries.by_polars")
    monkeypatch.setattr(polars_reader, "CELLS_AT_ONCE", 12)
    columns = {f"x{i}": [i, i + 1, i + 2, i + 3] for i in range(10)}
    table = read_table(parquet(columns), "y")
    assert table.names == list(columns)
    assert table.X.T.tolist() == list(columns.values())


def test_pandas_says_what_reads_parquet(monkeypatch, tmp_path):
    pytest.importorskip("pandas")
    monkeypatch.setattr(libraries, "LIBRARIES", {"pandas": "by_pandas"})
    assert 'pip install "sk-softmax[cli]"' in refusal(tmp_path, b"PAR1...")


def test_the_library_that_cannot_read_is_named(reader, tmp_path):
    assert f"cannot be read by {reader}: " in refusal(tmp_path, b"PAR1 and no more")


@pytest.mark.parametrize("missing", [[], ["polars"], ["polars", "pyarrow"]])
def test_the_first_library_that_is_installed_reads(missing, monkeypatch, tmp_path):
    def import_module(name):
        if name.rpartition("by_")[2] in missing:
            raise ImportError(name)
        return importlib.import_module(name)

    monkeypatch.setattr(libraries, "import_module", import_module)
    present = [
        name
        for name in libraries.LIBRARIES
        if name not in missing and importlib.util.find_spec(name)
    ]
    if not present:
        pytest.skip("none of the other libraries is installed")
    assert f"cannot be read by {present[0]}: " in refusal(tmp_path, b"PAR1 and no more")


def test_a_folder_or_a_pipe_is_no_file(tmp_path):
    with pytest.raises(CommandError, match="not a regular file"):
        read_table(tmp_path, "y")
