"""``--inference``: the summary is that of statsmodels for the same columns, or there is none."""

import csv
import os

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sk_softmax.__main__ import main
from sk_softmax.demonstration import saving, standard_errors

HEADER = ["class", "column", "coef", "std_err", "z", "p_value", "low", "high"]
COLOURS = ["green", "blue", "red"]


def write(path, lines):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def votes(n_rows, n_classes, seed=0):
    """Rows whose classes overlap: age, income far from zero, a colour, and a label."""
    rng = np.random.default_rng(seed)
    age, income = rng.uniform(18, 80, n_rows), rng.normal(50_000, 20_000, n_rows)
    colour = rng.integers(3, size=n_rows)
    slope = (age - 49) / 30 + (income - 50_000) / 40_000 + (colour - 1) / 2
    logits = np.outer(slope, np.linspace(0, 1, n_classes))
    label = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return age, income, colour, label


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A table of three classes, with missing values, a row without a label, a constant column."""
    monkeypatch.chdir(tmp_path)
    age, income, colour, label = votes(300, 3)
    lines = [["age", "colour", "income", "year", "vote"]]
    for row in range(300):
        cells = [
            float(age[row]),
            COLOURS[colour[row]],
            float(income[row]),
            1996,
            "uvw"[label[row]],
        ]
        if row % 50 == 3:
            cells[0] = ""
        if row % 12 == 7:
            cells[1] = "NA"
        lines.append(cells)
    lines.append([40, "red", 50_000, 1996, ""])
    return write(tmp_path / "table.csv", lines)


def design_of(table):
    """The columns of that table as a regression table has them, made without this package."""
    with table.open() as file:
        rows = [row for row in csv.DictReader(file) if row["vote"]]
    age = np.array([float(row["age"] or "nan") for row in rows])
    age[np.isnan(age)] = np.nanmedian(age)
    income = [float(row["income"]) for row in rows]
    dummies = [[row["colour"] == value for row in rows] for value in ("green", "NA", "red")]
    X = np.column_stack([age, income, *dummies, np.ones(len(rows))]).astype(float)
    return X, np.array(["uvw".index(row["vote"]) for row in rows])


def reference(table):
    """statsmodels' fit of them: coefficients, standard errors, covariance."""
    from statsmodels.api import MNLogit

    X, y = design_of(table)
    fit = MNLogit(y, X / [1, 1e4, 1, 1, 1, 1]).fit(method="newton", tol=1e-12, disp=False)
    scale = np.array([1, 1e4, 1, 1, 1, 1])
    covariance = fit.cov_params() / np.outer(np.tile(scale, 2), np.tile(scale, 2))
    return np.asarray(fit.params).T / scale, np.asarray(fit.bse).T / scale, covariance, fit.llf


def test_the_saved_table_is_that_of_statsmodels(table, reader, capsys):
    assert main(["table.csv", "--target", "vote", "--inference", "--save-summary", "s.csv"]) == 0
    out = capsys.readouterr().out
    coef, std_err, _, log_likelihood = reference(table)
    with open("s.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == HEADER
    names = ["age", "income", "colour_green", "colour_missing", "colour_red", "intercept"]
    assert [row[:2] for row in rows] == [[label, name] for label in "vw" for name in names]
    figures = np.array([row[2:] for row in rows], dtype=float).reshape(2, 6, 6)
    np.testing.assert_allclose(figures[..., 0], coef, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(figures[..., 1], std_err, rtol=1e-6)
    np.testing.assert_allclose(figures[..., 2], coef / std_err, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(figures[..., 5], coef + 1.959963984540054 * std_err, rtol=1e-5)
    assert f"Log likelihood        {log_likelihood:.4f}" in out
    assert "31 missing values are imputed" in out
    assert "tend to be too small" in out
    assert "1 rows without a label are left out" in out
    assert "Values of text are compared with the first of their column: colour 'blue'" in out
    assert "Left out (--keep COLUMN keeps one):\n  year: one value in all rows" in out
    assert "LogisticRegression" not in out


def test_the_columns_of_a_text_are_tested_together(table, capsys):
    assert main(["table.csv", "--target", "vote", "--inference"]) == 0
    tests = capsys.readouterr().out.split("Does a column matter at all?")[1].splitlines()[2:]
    assert [line.split()[0] for line in tests] == ["age", "income", "colour"]
    coef, _, covariance, _ = reference(table)
    for line, columns in zip(tests, ([0], [1], [2, 3, 4]), strict=True):
        tested = [6 * outcome + column for outcome in (0, 1) for column in columns]
        off = coef.ravel()[tested]
        statistic = off @ np.linalg.solve(covariance[np.ix_(tested, tested)], off)
        assert float(line.split()[1]) == pytest.approx(statistic, rel=1e-5, abs=1e-4)
        assert int(line.split()[2]) == len(tested)


def test_the_page_holds_what_is_printed(table, capsys):
    table.write_text(table.read_text().replace("colour", "<b>&hue"))
    assert main(["table.csv", "--target", "vote", "--inference", "--save-summary", "s.HTML"]) == 0
    out = capsys.readouterr().out
    with open("s.HTML", encoding="utf-8") as file:
        page = file.read()
    assert page.startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8">' in page
    assert "<b>&hue" not in page
    assert "<td>&lt;b&gt;&amp;hue_green</td>" in page
    for line in out.splitlines():
        if line.startswith(("age ", "income ", "<b>&hue ")):
            for cell in line.split()[1:]:
                assert f"<td>{cell}</td>" in page
    assert "31 missing values are imputed" in page
    assert page.count("<caption>") == 3


def test_two_classes_are_the_log_odds_of_the_second(tmp_path, capsys):
    from statsmodels.api import Logit

    age, income, _, label = votes(200, 2)
    lines = [[a, b / 1e4, int(c)] for a, b, c in zip(age, income, label, strict=True)]
    path = write(tmp_path / "two.csv", [["age", "income", "vote"], *lines])
    place = tmp_path / "s.csv"
    arguments = [str(path), "--target", "vote", "--inference", "--save-summary", str(place)]
    assert main(arguments) == 0
    assert "1 against 0" in capsys.readouterr().out
    fit = Logit(label, np.column_stack([age, income / 1e4, np.ones(200)])).fit(disp=False)
    rows = list(csv.DictReader(place.read_text().splitlines()))
    assert [row["class"] for row in rows] == ["1"] * 3
    np.testing.assert_allclose([float(row["coef"]) for row in rows], fit.params, rtol=1e-6)
    np.testing.assert_allclose([float(row["std_err"]) for row in rows], fit.bse, rtol=1e-6)


def test_separated_classes_and_their_columns_are_named(tmp_path, capsys):
    iris = load_iris()
    lines = [["long sepal", "s", "t", "u", "species"]]
    lines += [[*row, "abc"[k]] for row, k in zip(iris.data.tolist(), iris.target, strict=True)]
    path = write(tmp_path / "flowers.csv", lines)
    place = tmp_path / "s.html"
    assert (
        main([str(path), "--target", "species", "--inference", "--save-summary", str(place)]) == 2
    )
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "there are no standard errors" in err
    assert "'a' from 'b', 'a' from 'c', in 150 of 150 rows" in err
    assert "'long sepal', 's', 't', 'u', the intercept" in err
    assert not place.exists()


def test_a_value_of_a_text_that_one_class_alone_has_is_named(tmp_path, capsys):
    age, _, _, label = votes(120, 3)
    club = ["chess" if k == 2 and row % 2 else "other" for row, k in enumerate(label)]
    lines = [["age", "club", "vote"], *zip(age, club, label, strict=True)]
    path = write(tmp_path / "clubs.csv", lines)
    assert main([str(path), "--target", "vote", "--inference"]) == 2
    err = capsys.readouterr().err
    assert "quasi-complete separation" in err
    # Chess is the value that others compare with: "other" and the intercept grow against it.
    assert "Without a finite estimate: 'club_other', the intercept." in err


def test_columns_that_depend_on_others_are_named_and_have_no_figures(tmp_path, capsys):
    age, income, _, label = votes(200, 3)
    lines = [["age", "months", "income", "vote"], *zip(age, 12 * age, income, label, strict=True)]
    path = write(tmp_path / "twice.csv", lines)
    place = tmp_path / "s.csv"
    arguments = [str(path), "--target", "vote", "--inference", "--save-summary", str(place)]
    assert main(arguments) == 0
    assert "each depends linearly on others: age, months." in capsys.readouterr().out
    rows = list(csv.DictReader(place.read_text().splitlines()))
    empty = {row["column"] for row in rows if row["coef"] == row["std_err"] == row["low"] == ""}
    assert empty == {"age", "months"}
    assert all(row["std_err"] for row in rows if row["column"] in ("income", "intercept"))


def test_a_fit_that_does_not_converge_says_so(table, monkeypatch, capsys):
    model = standard_errors.SoftmaxRegression
    monkeypatch.setattr(
        standard_errors, "SoftmaxRegression", lambda C: model(C=C, solver="gd", max_iter=2)
    )
    assert main(["table.csv", "--target", "vote", "--inference"]) == 2
    err = capsys.readouterr().err
    assert "there are no standard errors: The fit did not converge" in err
    assert err.count("\n") == 1


def test_rare_values_are_one_and_constant_tables_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sk_softmax.demonstration.own_units.MOST_CATEGORIES", 3)
    _, _, colour, label = votes(300, 2)
    shade = [COLOURS[c] if row % 10 else f"shade {row}" for row, c in enumerate(colour)]
    path = write(tmp_path / "rare.csv", [["shade", "y"], *zip(shade, label, strict=True)])
    assert main([str(path), "--target", "y", "--inference"]) == 0
    out = capsys.readouterr().out
    assert "shade_(one of 31 rare values) " in out
    assert "commonest values count as one, in: shade" in out
    assert "infrequent" not in out
    write(path, [["a", "b", "y"], *([7, "k", k] for k in label)])
    assert main([str(path), "--target", "y", "--inference"]) == 2
    assert "no column is left to learn from: a, b: one value in all" in capsys.readouterr().err
    arguments = ["--keep", "a", "--keep", "b"]
    assert main([str(path), "--target", "y", "--inference", *arguments]) == 2
    assert "no column besides the target has two different values" in capsys.readouterr().err


def test_columns_without_any_value_and_columns_of_the_same_name(tmp_path, capsys):
    age, _, colour, label = votes(200, 3)
    lines = [["a_green", "a", "empty", "y"]]
    lines += [[x, COLOURS[c], "", k] for x, c, k in zip(age, colour, label, strict=True)]
    path = write(tmp_path / "same.csv", lines)
    assert main([str(path), "--target", "y", "--inference"]) == 0
    out = capsys.readouterr().out
    assert "Left out (--keep COLUMN keeps one):\n  empty: no value in any row" in out
    tests = out.split("Does a column matter at all?")[1].splitlines()[2:]
    assert [line.split()[0::2][:2] for line in tests] == [["a_green", "2"], ["a", "4"]]


def test_names_and_labels_take_one_line_and_few_characters(tmp_path, capsys):
    age, _, colour, label = votes(300, 3)
    long = "long\n" * 200
    cells = zip(age, colour, label, strict=True)
    lines = [[x, long + COLOURS[c], "u\nv" if k == 2 else k] for x, c, k in cells]
    path = write(tmp_path / "long.csv", [["age\nyears", "the\n" * 99 + "end", "y"], *lines])
    place = tmp_path / "s.csv"
    arguments = [str(path), "--target", "y", "--inference", "--save-summary", str(place)]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "u v against 0" in out.splitlines()
    for line in out.split("Softmax regression:")[1].splitlines():
        assert not line.startswith(("long", "years", "v"))
        assert len(line) < 200
    # The table keeps names whole, so that they can be found again.
    with place.open(newline="") as file:
        names = [row["column"] for row in csv.DictReader(file)]
    assert "the\n" * 99 + "end_" + long + "red" in names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--inference"], "--inference needs a file of data"),
        (["--save-summary", "s.html"], "--save-summary needs a file of data"),
        (["table.csv", "--target", "vote", "--save-summary", "s.csv"], "needs --inference"),
        (["table.csv", "--target", "vote", "--inference", "--save", "m"], "does not fit"),
        (["table.csv", "--target", "vote", "--inference", "--force"], "--force needs --save or"),
        (["table.csv", "--inference"], "--target is needed"),
    ],
)
def test_an_option_without_use_is_an_error(arguments, message, table, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1
    assert [path.name for path in table.parent.iterdir()] == ["table.csv"]


@pytest.fixture
def no_work(monkeypatch):
    """Fail if anything is read or fitted before the place to save to is checked."""

    def fail(*args, **kwargs):
        raise AssertionError("work was begun")

    monkeypatch.setattr(standard_errors, "read_table", fail)


def save(*arguments):
    start = ["table.csv", "--target", "vote", "--inference", "--save-summary"]
    return main([*start, *map(str, arguments)])


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("table.csv", "it is the input"),
        ("link.csv", "it is the input"),
        ("old.csv", "it exists; --force replaces it"),
        ("nowhere/s.html", "its folder does not exist"),
        ("folder.html", "it is a folder"),
        ("s.pdf", "names no kind of summary"),
        ("csv", "names no kind of summary"),
        ("x" * 300 + ".csv", "cannot be written"),
    ],
)
def test_where_nothing_can_be_saved_is_said_before_the_work(
    place, message, table, no_work, capsys
):
    before = table.read_text()
    os.symlink(table, "link.csv")
    (table.parent / "folder.html").mkdir()
    (table.parent / "old.csv").write_text("precious")
    forced = [] if place == "old.csv" else [["--force"]]
    for force in ([], *forced):
        assert save(place, *force) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert message in captured.err
        assert captured.err.count("\n") == 1
    assert table.read_text() == before
    assert (table.parent / "old.csv").read_text() == "precious"


@pytest.mark.parametrize("name", ["s.csv", "s.html"])
def test_a_summary_is_replaced_by_force_as_a_whole_or_not(name, table, monkeypatch, capsys):
    place = table.with_name(name)
    place.write_text("precious")
    write_bytes = saving.Path.write_bytes

    def full(path, data):
        write_bytes(path, data[:9])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(saving.Path, "write_bytes", full)
        assert save(name, "--force") == 2
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert place.read_text() == "precious"
    assert save(name, "--force") == 0
    assert "precious" not in place.read_text()
    assert sorted(path.name for path in table.parent.iterdir()) == sorted([name, "table.csv"])
