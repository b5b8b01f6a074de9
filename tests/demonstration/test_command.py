"""``python -m sk_softmax``: what it shows, what it keeps and what it refuses."""

import csv
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_iris

import sk_softmax
from sk_softmax.__main__ import main
from sk_softmax.demonstration import bundled
from sk_softmax.rows import threads_in_force


def write(path, lines, delimiter=","):
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)
    return path


@pytest.fixture
def flowers(tmp_path):
    """Iris with a text column, missing values of both kinds and a row without a label."""
    iris = load_iris()
    lines = [["sepal length", "sepal width", "petal length", "petal width", "colour", "species"]]
    for i, (row, label) in enumerate(zip(iris.data.tolist(), iris.target, strict=True)):
        colour = ["white", "blue", "blue"][label] if i % 7 else "NA"
        lines.append([*row, colour, iris.target_names[label]])
    lines[5][1] = ""
    lines[10][2] = "?"
    lines.append([1.0, 1.0, 1.0, 1.0, "red", ""])
    return write(tmp_path / "flowers.csv", lines)


def test_bundled_data_side_by_side(capsys, monkeypatch):
    # Digits takes most of the time and CI runs the whole of it as the README's first command.
    shown = [data for data in bundled.SHOWN if data[0] != "digits"]
    monkeypatch.setattr(bundled, "SHOWN", shown)
    assert main([]) == 0
    out = capsys.readouterr().out
    for word in (
        "iris",
        "breast cancer",
        "accuracy",
        "log loss",
        "objective",
        "seconds",
    ):
        assert word in out
    assert out.count("SoftmaxRegression") == out.count("LogisticRegression") == 2
    assert max(map(len, out.splitlines())) <= 99
    ours, theirs = np.array(
        [line.split()[-2:] for line in out.splitlines() if "objective reached" in line],
        dtype=float,
    ).T
    assert (ours <= theirs).all()
    # Each time is given with one thread and with all.
    threads = threads_in_force()
    times = [line for line in out.splitlines() if line.startswith("  seconds")]
    assert len(times) == 6
    for line in times:
        assert line.count("/") == (3 if threads > 1 else 0)
        assert threads == 1 or f"1 / {threads} threads" in line
    # In their own units LogisticRegression stops early on these features and says so.
    assert "no, it warned" in out


def test_own_data(flowers, reader, capsys):
    assert main([str(flowers), "--target", "species"]) == 0
    out = capsys.readouterr().out
    assert "150 rows, 4 columns of numbers and 1 of text, target 'species' with 3 classes" in out
    assert "24 missing values are imputed" in out
    assert "1 rows without a label are left out" in out
    assert "always the commonest class: accuracy 0.3333" in out
    telling = out[out.index("Most telling features") :].splitlines()
    assert [line.split()[0] for line in telling[2:5]] == ["setosa", "versicolor", "virginica"]
    assert "colour_white +" in telling[2]
    assert "petal" in telling[4]


def test_a_saved_pipeline_predicts_new_rows(flowers, tmp_path, capsys):
    model = tmp_path / "model.joblib"
    assert main([str(flowers), "--target", "species", "--save", str(model)]) == 0
    assert str(model) in capsys.readouterr().out
    pipeline = joblib.load(model)
    rows = np.array(
        [[5.0, 3.4, 1.5, 0.2, "white"], [6.5, np.nan, 5.5, 2.0, "purple"]], dtype=object
    )
    assert pipeline.predict(rows).tolist() == ["setosa", "virginica"]


def test_two_classes_of_whole_numbers(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    lines = [["x", "noise", "label"]]
    lines += [[a, b, int(c)] for a, b, c in zip(x, rng.normal(size=60), x > 0, strict=True)]
    path = write(tmp_path / "two.csv", lines, delimiter=";")
    assert main([str(path), "--target", "label"]) == 0
    telling = capsys.readouterr().out.split("Most telling features")[1].splitlines()
    assert telling[2].split()[:2] == ["0", "x"]
    assert telling[2].split()[2].startswith("-")
    assert telling[3].split()[2].startswith("+")


REFUSED = [
    ("a,y\n", "y", "is empty: a header and at least two rows"),
    ("", "y", "is empty"),
    ("a,y\n1,u\n", "y", "single class, 'u'"),
    ("a,y\n1,u\n2,u\n", "y", "holds a single class, 'u'; at least 2 are needed"),
    ("a,y\n1,7\n2,7\n", "y", "holds a single class, 7"),
    ("a,y\n1,u\n2,v\n3,v\n", "y", "class 'u' of the target column 'y' has a single row"),
    ("a,y\n1,u\n2,v\n", "z", "has no column 'z'; it has: a, y"),
    ("a,y\n1,u\n2,v\n", None, "--target is needed to name one of the columns: a, y"),
    ("a,y\n1,0.5\n2,0.7\n", "y", "holds numbers with fractions, such as 0.5"),
    ("y\nu\nv\n", "y", "has no column besides the target 'y'"),
    ("a,y\n1,\n2,\n", "y", "has no row with a value in the target column 'y'"),
    ("a,y\n1,u\n2\n", "y", "row 2 has 1 values where the header has 2"),
    ("a,a,y\n1,1,u\n2,2,v\n", "y", "more than one column named 'a'"),
    (b"a,y\n\xff\xfe,u\n", "y", "is not a CSV file in UTF-8"),
]


@pytest.mark.parametrize(("content", "target", "message"), REFUSED)
def test_unusable_tables_are_one_line_and_status_2(
    content, target, message, reader, tmp_path, capsys
):
    path = tmp_path / "table.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert main([str(path), *(["--target", target] if target else [])]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv", "--target", "y"], "missing.csv does not exist"),
        ([".", "--target", "y"], "cannot be read"),
    ],
)
def test_unreadable_files_are_one_line_and_status_2(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


WITHOUT_LIBRARIES = """
import sys
from importlib.abc import MetaPathFinder


class Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("polars", "pyarrow", "pandas"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, Missing())
from sk_softmax.__main__ import main
from sk_softmax.demonstration import bundled

bundled.SHOWN = bundled.SHOWN[:1]
sys.exit(main(sys.argv[1:]))
"""


def without_libraries(*arguments):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARIES, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_library_the_command_says_what_to_install(flowers):
    result = without_libraries(str(flowers), "--target", "species")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert 'pip install "sk-softmax[cli]"' in result.stderr


@pytest.mark.slow
def test_bundled_data_needs_no_library():
    result = without_libraries()
    assert result.returncode == 0, result.stderr
    assert "iris: 150 rows" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--save", "model.joblib"], "--save needs a file of data"),
        (["--target", "y"], "--target needs a file of data"),
        (["--force"], "--force needs --save"),
        (["table.csv", "--target", "y", "--force"], "--force needs --save"),
    ],
)
def test_an_option_without_use_is_an_error(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.csv").write_text("a,y\n1,u\n2,u\n3,v\n4,v\n")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_labels_above_2_53_are_classes_of_their_own(reader, tmp_path, capsys):
    lines = [["a", "y"], *([i, 2**53 + i % 3] for i in range(12))]
    path = write(tmp_path / "large.csv", lines)
    assert main([str(path), "--target", "y"]) == 0
    out = capsys.readouterr().out
    assert "with 3 classes" in out
    telling = out[out.index("Most telling features") :].splitlines()[2:5]
    assert [int(line.split()[0]) for line in telling] == [2**53, 2**53 + 1, 2**53 + 2]


def test_features_may_have_the_same_name(tmp_path, capsys):
    rows = [[i, "b" if i % 2 else "c", i % 5, "uv"[i % 2]] for i in range(20)]
    path = write(tmp_path / "same.csv", [["a_b", "a", "c", "y"], *rows])
    assert main([str(path), "--target", "y"]) == 0
    assert "a_b +" in capsys.readouterr().out


def test_a_long_text_is_shown_on_one_line(tmp_path, capsys):
    long = "long\n" * 50_000
    rows = [[long if i % 2 else "c", "uv"[i % 2]] for i in range(20)]
    path = write(tmp_path / "long.csv", [["a", "y"], *rows])
    assert main([str(path), "--target", "y"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) < 200


def test_it_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, "-m", "sk_softmax", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == sk_softmax.__version__
