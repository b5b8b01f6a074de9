"""Columns that nothing can be learned from are left out, and named with the reason."""

import csv

import numpy as np
import pytest

from sk_softmax.__main__ import main
from sk_softmax.demonstration import CommandError, comparison
from sk_softmax.demonstration.left_out import described, without_useless
from sk_softmax.demonstration.table import read_table

N = 120
RNG = np.random.default_rng(0)
WORDS = ["ruby", "amber", "jade", "onyx", "pearl", "opal", "coral", "ivory", "slate", "umber"]
SENTENCES = [" ".join(RNG.choice(WORDS, 6)) for _ in range(N)]
USEFUL = {
    "weight": RNG.normal(size=N).round(6).tolist(),  # another value in every row, with fractions
    "visits": RNG.integers(9, size=N).tolist(),
    "income": (RNG.permutation(N) * 37 + 1).tolist(),  # whole, all different, in no order
    "colour": RNG.choice(WORDS, N).tolist(),
    "paid": (RNG.permutation(N) + 5).tolist(),
    "ticket": [f"T{i % 80}" for i in range(N)],  # 67 % different
    "year": RNG.integers(1990, 2020, size=N).tolist(),
    "version": [f"1.{i % 3}.0" for i in range(N)],
    "Unnamed: 3": RNG.integers(4, size=N).tolist(),
    "may": RNG.choice(["may", "may not"], N).tolist(),
}
USELESS = {
    "customer_id": ((RNG.permutation(N) * 7).tolist(), "an identifier, another value in every"),
    "PassengerId": (list(range(1, N + 1)), "an identifier, another value in every row"),
    "number": (list(range(1, N + 1)), "the number of the row"),
    "": (RNG.permutation(N).tolist(), "an index without a name of its own, another value in"),
    "Unnamed: 0": (list(range(N - 1, -1, -1)), "an index without a name of its own"),
    "code": ([f"x{i:04d}" for i in range(N)], "an identifier, 120 different values in 120 rows"),
    "comment": (SENTENCES, "free text, 120 different values"),
    "empty": ([""] * N, "no value in any row"),
    "unit": (["cm"] * N, "one value in all rows"),
    "factor": ([7 if i % 5 else "" for i in range(N)], "one value in all rows"),
    "joined": ([f"2020-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in range(N)], "dates"),
    "seen": ([f"{1 + i % 28}/{1 + i % 12}/2021 08:{i % 60:02d}" for i in range(N)], "dates"),
    "written": (
        [f"{WHEN} {1 + i}, 2019" for i in range(20) for WHEN in ["Jan", "Feb", "Mar"]] * 2,
        "dates",
    ),
    "hour": ([f"{i % 24}:{i % 60:02d}" for i in range(N)], "dates"),
    "day": ([20200101 + 100 * (i % 12) + i % 28 for i in range(N)], "dates"),
    "stamp": ([f"2020-01-{1 + i % 28:02d} 00:00:{i % 60:02d}.5" for i in range(N)], "dates"),
}


def written(path, columns, labels=None):
    labels = ["uv"[i % 2] for i in range(N)] if labels is None else labels
    with path.open("w", newline="") as file:
        rows = zip(*columns.values(), labels, strict=True)
        csv.writer(file).writerows([[*columns, "y"], *rows])
    return path


@pytest.fixture
def table(tmp_path):
    def table(columns):
        return read_table(written(tmp_path / "table.csv", columns), "y")

    return table


@pytest.mark.parametrize("name", USELESS)
def test_a_useless_column_is_left_out_and_the_reason_given(name, table):
    cells, reason = USELESS[name]
    left, why = without_useless(table({"weight": USEFUL["weight"], name: cells}))
    assert list(why) == [name]
    assert why[name].startswith(reason)
    assert left.names == ["weight"]
    assert left.X.dtype == np.float64
    np.testing.assert_array_equal(left.X[:, 0], USEFUL["weight"])
    assert left.n_missing == 0
    kept, why = without_useless(table({"weight": USEFUL["weight"], name: cells}), keep=[name])
    assert kept.names == ["weight", name]
    assert why == {}


@pytest.mark.parametrize("name", USEFUL)
def test_other_columns_stay(name, table):
    whole = table({name: USEFUL[name], "weight2": USEFUL["weight"]})
    left, why = without_useless(whole)
    assert left is whole
    assert why == {}


def test_the_rest_keeps_its_order_and_its_kinds(table):
    columns = {
        "unit": ["cm"] * N,
        "colour": USEFUL["colour"],
        "id": list(range(N)),
        "weight": [*USEFUL["weight"][:-1], ""],
        "comment": SENTENCES,
    }
    left, why = without_useless(table(columns))
    assert (left.names, left.numeric, left.text) == (["colour", "weight"], [1], [0])
    assert left.X[:, 0].tolist() == USEFUL["colour"]
    assert left.X[:-1, 1].tolist() == USEFUL["weight"][:-1]
    assert left.n_missing == 1
    assert described(why) == [
        "Left out (--keep COLUMN keeps one):",
        "  unit: one value in all rows",
        "  id: an identifier, another value in every row",
        "  comment: free text, 120 different values",
    ]
    assert described({"": "x"})[1] == "  (no name): x"
    many = {f"pixel{i}": "one value in all rows" for i in range(67)}
    assert described({"a": "dates", **many})[1:] == [
        "  a: dates",
        f"  {', '.join(list(many)[:10])} and 57 more: one value in all rows",
    ]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("id", True),
        ("ID", True),
        ("user id", True),
        ("userID", True),
        ("id_of_user", True),
        ("index", True),
        ("row", True),
        ("price index", False),
        ("paid", False),
        ("PAID", False),
        ("humid", False),
        ("idea", False),
        ("rowing", False),
        ("7", False),
    ],
)
def test_names_of_identifiers(name, is_one, table):
    cells = (RNG.permutation(N) * 7).tolist()
    _, why = without_useless(table({name: cells, "weight": USEFUL["weight"]}))
    assert (name in why) == is_one


def test_nothing_left_or_nothing_to_keep_is_an_error(table):
    with pytest.raises(CommandError, match=r"no column is left to learn from: id: an identifier"):
        without_useless(table({"id": list(range(N)), "unit": ["cm"] * N}))
    with pytest.raises(CommandError, match="--keep 'wieght': there is no such column"):
        without_useless(table({"weight": USEFUL["weight"]}), keep=["wieght"])


def test_a_small_table_keeps_numbers_and_texts_that_all_differ(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},name {i} of some,{i % 2}\n" for i in range(12)))
    assert without_useless(read_table(path, "y"))[1] == {}


@pytest.mark.parametrize("mode", [[], ["--inference"]])
def test_the_command_says_so_in_both_modes(mode, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(comparison, "CS", [1.0])
    columns = {
        "PassengerId": list(range(N)),
        "weight": USEFUL["weight"],
        "visits": USEFUL["visits"],
    }
    path = written(tmp_path / "table.csv", columns, RNG.choice(["u", "v"], N))
    assert main([str(path), "--target", "y", *mode]) == 0
    out = capsys.readouterr().out
    assert "keeps one):\n  PassengerId: an identifier, another value in every row" in out
    assert out.count("PassengerId") == 1
    assert main([str(path), "--target", "y", "--keep", "PassengerId", *mode]) == 0
    out = capsys.readouterr().out
    assert "Left out" not in out
    assert "PassengerId" in out
