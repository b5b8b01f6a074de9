"""What a link says, what it cannot say, and what is written into one."""

import dataclasses
import re
from importlib import resources

import numpy as np
import pytest

from sk_softmax.explore.datasets import data_set
from sk_softmax.explore.methods import METHODS
from sk_softmax.explore.parsers import PARSERS, SOLVERS, ImpossibleValue
from sk_softmax.explore.plane import plane_of
from sk_softmax.explore.rows_of_view import prepared
from sk_softmax.explore.view import View, link_of, view_of


def test_the_usual_view_has_an_empty_link():
    assert view_of({}) == View()
    assert link_of(View()) == {}


def test_every_control_survives_a_link():
    view = View(
        data="moons",
        classes="all",
        features=(0, 1),
        scale="raw",
        rows=90,
        validation=0.1,
        targets="shares",
        solvers=("adam", "newton"),
        learning_rate=0.123456789,
        momentum=0.5,
        decay=0.99,
        batch_size=7,
        epochs=12,
        schedule="cosine",
        C=float("inf"),
        l1_ratio=0.3,
        seed=3,
        across=(0, 1),
        up=(0, -1),
        start_x=-1.25,
        start_y=1e-3,
        others="held",
        window=(-1.5, 2.0, -0.1, 0.30000000000000004),
    )
    assert view_of(link_of(view)) == view
    assert set(link_of(view)) == {field.name for field in dataclasses.fields(View)} == set(PARSERS)


def test_the_page_has_the_same_controls_and_usual_values():
    text = (resources.files("sk_softmax.explore") / "page" / "state.js").read_text()
    usual = re.search(r"const USUAL = \{(.*?)\};", text, flags=re.S)[1]
    on_page = dict(re.findall(r'(\w+): "([^"]*)"', usual))
    on_page = {name: on_page[name] for name in PARSERS}
    # What the page leaves empty the data suggest; the rest is read as it stands there.
    assert view_of(on_page) == View()


def test_the_table_of_solvers_is_that_of_links():
    assert tuple(METHODS) == SOLVERS


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("learning_rate", "-1", "not a positive number"),
        ("learning_rate", "inf", "not a positive number"),
        ("learning_rate", "fast", "is not a number"),
        ("momentum", "1", "never slow down"),
        ("decay", "-0.1", "not in"),
        ("batch_size", "2.5", "not a whole number"),
        ("epochs", "1e9", "from 0 to 10,000"),
        ("C", "0", "inf is no penalty"),
        ("C", "nan", "not a number that"),
        ("C", "1e999", "not a number that"),
        ("l1_ratio", "1.1", "0 is a penalty on squares"),
        ("validation", "0.9", "between 0 and 0.5"),
        ("solvers", "gd,magic", "no solver of this page"),
        ("schedule", "never", "is not one of"),
        ("features", "a", "write their numbers"),
        ("features", "-1", "counted from 0"),
        ("across", "0", "no parameter"),
        ("up", "x.b", "no parameter"),
        ("window", "1,2,3", "four finite ends"),
        ("window", "2,1,0,1", "below its right"),
        ("start_x", "1e9", "between"),
        ("data", "mnist", "is not one of"),
    ],
)
def test_an_impossible_value_is_explained_at_its_control(name, text, says):
    with pytest.raises(ImpossibleValue, match=says) as raised:
        view_of({name: text})
    assert raised.value.field == name


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ({"features": "9"}, "features", "no column 9"),
        ({"classes": "7"}, "classes", "classes 0 to 2"),
        ({"classes": "1-1"}, "classes", "different"),
        ({"classes": "a-b"}, "classes", "chooses no classes"),
        ({"across": "1.0"}, "across", "no such parameter"),
        ({"up": "0.5"}, "up", "no such parameter"),
        ({"across": "0.0", "up": "0.0"}, "up", "different"),
    ],
)
def test_what_the_data_do_not_have_is_explained(query, field, says):
    view = view_of(query)
    with pytest.raises(ImpossibleValue, match=says) as raised:
        plane_of(view, prepared(view, data_set(view.data, view.rows)))
    assert raised.value.field == field


def test_questions_of_one_data_set():
    iris = data_set("iris", 400)
    virginica = prepared(view_of({"classes": "2", "validation": "0"}), iris)
    assert virginica.classes == ("not virginica", "virginica")
    assert virginica.labels.sum() == 50
    assert len(virginica.X) == 150
    pair = prepared(view_of({"classes": "0-2", "validation": "0"}), iris)
    assert pair.classes == ("setosa", "virginica")
    assert len(pair.X) == 100
    three = prepared(view_of({"classes": "all"}), iris)
    assert len(three.X) + len(three.X_val) == 150
    assert sorted(np.bincount(three.labels_val)) == [12, 13, 13]
    np.testing.assert_allclose(three.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(three.X.std(axis=0), 1, rtol=1e-12)


def test_targets_that_are_probabilities():
    rows = prepared(view_of({"data": "moons", "targets": "shares"}), data_set("moons", 400))
    np.testing.assert_allclose(rows.Y.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(rows.Y * 15, np.round(rows.Y * 15), atol=1e-9)
    assert ((rows.Y > 0) & (rows.Y < 1)).any()


def test_the_table_of_cars_is_read_where_it_is(tmp_path, monkeypatch):
    monkeypatch.delenv("SK_SOFTMAX_DATA", raising=False)
    data_set.cache_clear()
    made_up = data_set("cars", 100)
    assert made_up.is_made_up
    assert made_up.X.shape == (100, 6)
    line = "8,307.0,130.0,3504.0,12.0,70,1,chevrolet chevelle malibu,18.0\n"
    other = "4,97.0,46.0,1835.0,20.5,80,2,volkswagen,36.0\n"
    (tmp_path / "autompg.csv").write_text(line + other)
    monkeypatch.setenv("SK_SOFTMAX_DATA", str(tmp_path))
    data_set.cache_clear()
    read = data_set("cars", 100)
    data_set.cache_clear()
    assert not read.is_made_up
    np.testing.assert_array_equal(read.labels, [0, 1])
    np.testing.assert_array_equal(read.X[0], [8, 307, 130, 3504, 12, 70])
