"""Rows in parts through the estimator: checked where they lie, with errors that name the part."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from parted import given
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression

N_ROWS = 400
EDGES = [0, 3, 150, 150, 399, N_ROWS]


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 5))
    y = (X @ rng.normal(size=(5, 3)) + rng.gumbel(size=(N_ROWS, 3))).argmax(axis=1)
    return X, y, rng.uniform(0.2, 3, N_ROWS)


def assert_equal_models(found, expected, atol=1e-6):
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    assert found.classes_.dtype == expected.classes_.dtype
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=atol)
    np.testing.assert_allclose(found.intercept_, expected.intercept_, atol=atol)
    assert found.n_features_in_ == expected.n_features_in_
    assert found.coef_.dtype == expected.coef_.dtype


@pytest.mark.parametrize(
    "labels",
    [
        lambda y: y,
        lambda y: np.array(["no", "perhaps", "yes"])[y],
        lambda y: np.array(["no", "perhaps", "yes"], dtype=object)[y],
        lambda y: y.astype(np.int8) - 1,
        lambda y: y * 2.0,
        lambda y: y == 1,
        lambda y: pd.Series(pd.Categorical.from_codes(y, ["c", "b", "a"])),
    ],
)
@pytest.mark.parametrize("is_sorted", [False, True])
def test_labels_of_any_kind(table, labels, is_sorted):
    X, y, weights = table
    order = np.argsort(y, kind="stable") if is_sorted else np.arange(N_ROWS)
    X, y, weights = X[order], labels(y[order]), weights[order]
    expected = SoftmaxRegression(tol=1e-10).fit(X, y, weights)
    found = SoftmaxRegression(tol=1e-10).fit(given(X, y, EDGES, weights), None)
    assert_equal_models(found, expected)
    assert found.score(X, y) == expected.score(X, y)


def test_categories_may_differ_between_parts(table):
    X, y, _ = table
    order = np.argsort(y, kind="stable")
    X, y = X[order], np.array(["x", "y", "z"])[y[order]]
    collection = given(X, y, EDGES)
    parts = [
        type(part)(part.number, part.X, pd.Series(part.y).astype("category"))
        for part in collection.parts._parts
    ]
    collection.parts._parts[:] = parts
    expected = SoftmaxRegression(tol=1e-10).fit(X, y.astype(object))
    assert_equal_models(SoftmaxRegression(tol=1e-10).fit(collection, None), expected)


@pytest.mark.parametrize("is_one_hot_in_a_part", [False, True])
@pytest.mark.parametrize("is_frame", [False, True])
def test_probabilities(table, is_one_hot_in_a_part, is_frame):
    X, y, weights = table
    targets = np.random.default_rng(1).dirichlet(np.ones(3), N_ROWS)
    if is_one_hot_in_a_part:
        targets[:150] = np.eye(3)[y[:150]]
    if is_frame:
        targets = pd.DataFrame(targets, columns=["b", "c", "a"])
    model = SoftmaxRegression(tol=1e-10, class_weight="balanced")
    expected = model.fit(X, targets, weights)
    found = SoftmaxRegression(tol=1e-10, class_weight="balanced")
    found.fit(given(X, targets, EDGES, weights), None)
    assert_equal_models(found, expected)


def test_one_hot_rows_are_labels(table):
    X, y, _ = table
    found = SoftmaxRegression(tol=1e-10).fit(given(X, np.eye(3)[y], EDGES), None)
    assert_equal_models(found, SoftmaxRegression(tol=1e-10).fit(X, y))


def test_class_weight_offset_and_bounds(table):
    X, y, weights = table
    offset = np.random.default_rng(2).normal(size=(N_ROWS, 3))
    options = {"tol": 1e-10, "class_weight": {0: 1, 1: 2.5, 2: 0.5}, "upper_bounds": 0.3}
    expected = SoftmaxRegression(**options).fit(X, y, weights, offset=offset)
    collection = given(X, y, EDGES, weights, offset)
    found = SoftmaxRegression(**options).fit(collection, None)
    assert_equal_models(found, expected)
    with pytest.raises(ValueError, match="fitted with an offset"):
        found.predict(X)


def test_frames_have_feature_names_and_mixed_widths(table):
    X, y, _ = table
    frame = pd.DataFrame(X, columns=list("abcde")).astype({"a": np.float32})
    frame["b"] = (frame["b"] * 10).astype(int)
    found = SoftmaxRegression(tol=1e-10).fit(given(frame, y, EDGES), None)
    assert_equal_models(found, SoftmaxRegression(tol=1e-10).fit(frame, y))
    assert list(found.feature_names_in_) == list("abcde")


@pytest.mark.parametrize("widths", [(np.float32, np.float32), (np.float32, np.float64)])
def test_the_widest_part_decides(table, widths):
    X, y, _ = table
    collection = given(X, y, [0, 200, N_ROWS])
    collection.parts._parts[:] = [
        type(p)(p.number, p.X.astype(width), p.y)
        for p, width in zip(collection.parts._parts, widths, strict=True)
    ]
    assert SoftmaxRegression().fit(collection, None).coef_.dtype == widths[1]


def test_parts_may_be_sparse_in_different_formats(table):
    X, y, _ = table
    X = X * (np.abs(X) > 0.5)
    collection = given(X, y, [0, 100, 200, N_ROWS])
    kinds = [sp.csr_matrix, sp.csc_matrix, np.asarray]
    collection.parts._parts[:] = [
        type(p)(p.number, kind(p.X), p.y)
        for p, kind in zip(collection.parts._parts, kinds, strict=True)
    ]
    found = SoftmaxRegression(tol=1e-10).fit(collection, None)
    assert_equal_models(found, SoftmaxRegression(tol=1e-10).fit(X, y))


def test_arrays_at_odd_addresses(table):
    X, y, _ = table
    room = np.zeros(X.nbytes + 1, dtype=np.uint8)
    odd = room[1:].view(np.float64).reshape(X.shape)
    odd[:] = X
    assert not odd.flags.aligned
    found = SoftmaxRegression(tol=1e-10).fit(given(odd, y, EDGES), None)
    assert_equal_models(found, SoftmaxRegression(tol=1e-10).fit(X, y))


def with_value(X, row, value):
    X = X.copy()
    X[row, 1] = value
    return X


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y, w: (with_value(X, 200, np.nan), y, w), "Partition 3: row 50 of X"),
        (lambda X, y, w: (with_value(X, 399, np.inf), y, w), "Partition 4: row 0 of X"),
        (lambda X, y, w: (X, np.zeros(N_ROWS), w), "at least 2 classes in y"),
        (lambda X, y, w: (X, y + 0.5 * (np.arange(N_ROWS) == 7), w), "Partition 1: y holds no"),
        (lambda X, y, w: (X, y, w - 3 * (np.arange(N_ROWS) == 160)), "Partition 3: sample_weight"),
        (lambda X, y, w: (X, y, 0 * w), "sample_weight is zero in every row"),
        (
            lambda X, y, w: (X, np.where(np.arange(N_ROWS) < 150, y.astype(str), None), w),
            "Partition 3: Row 0 of y is None",
        ),
        (lambda X, y, w: (X.astype(str), y, w), None),
    ],
)
def test_errors_name_the_part(table, change, message):
    model = SoftmaxRegression()
    X, y, weights = change(*table)
    if message is None:  # text that holds numbers is read as numbers, as it is in one place
        model.fit(given(X, y, EDGES, weights), None)
        return
    with pytest.raises(ValueError, match=message):
        model.fit(given(X, y, EDGES, weights), None)
    assert not hasattr(model, "classes_")
    assert not hasattr(model, "n_features_in_")


def test_labels_of_mixed_types_are_an_error(table):
    X, y, _ = table
    collection = given(X, y, EDGES)
    part = collection.parts._parts[1]
    collection.parts._parts[1] = type(part)(1, part.X, part.y.astype(str))
    with pytest.raises(ValueError, match="mixes labels of different types"):
        SoftmaxRegression().fit(collection, None)


def test_parts_of_other_lengths_are_an_error(table):
    X, y, _ = table
    collection = given(X, y, EDGES)
    part = collection.parts._parts[1]
    collection.parts._parts[1] = type(part)(1, part.X, part.y[:-1])
    with pytest.raises(ValueError, match="Partition 1: X has 147 rows there and y has 146"):
        SoftmaxRegression().fit(collection, None)


def test_no_rows_at_all(table):
    X, y, _ = table
    with pytest.raises(ValueError, match="X has no rows in any of its 2 partitions"):
        SoftmaxRegression().fit(given(X, y, [0, 0, 0]), None)


def test_what_needs_single_rows_says_what_to_do(table):
    X, y, _ = table
    collection = given(X, y, EDGES)
    with pytest.raises(ValueError, match=r"The solver SGD draws rows .*partial_fit"):
        SoftmaxRegression(solver="sgd").fit(collection, None)
    with pytest.raises(ValueError, match="pass the validation rows as X_val and y_val"):
        SoftmaxRegression(early_stopping=True).fit(collection, None)
    model = SoftmaxRegression().fit(X, y)
    with pytest.raises(TypeError, match=r"only fits, paths and cross-validations take"):
        model.objective(collection, None)


def test_validation_rows_may_be_in_one_place_or_in_parts(table):
    X, y, _ = table
    options = {"solver": "lbfgs", "early_stopping": True, "n_iter_no_change": 2}
    expected = SoftmaxRegression(**options).fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    edges = [0, 3, 150, 150, 299, 300]
    for X_val, y_val in [
        (X[300:], y[300:]),
        (given(X[300:], y[300:], [0, 7, 100]), y[300:]),
    ]:
        found = SoftmaxRegression(**options)
        found.fit(given(X[:300], y[:300], edges), None, X_val=X_val, y_val=y_val)
        assert found.best_iteration_ == expected.best_iteration_
        assert_equal_models(found, expected, atol=1e-4)


def test_warm_start_path_records_and_warnings(table, capsys):
    X, y, _ = table
    model = SoftmaxRegression(max_iter=2, warm_start=True, keep_path=True, verbose=1, tol=1e-9)
    with pytest.warns(ConvergenceWarning):
        model.fit(given(X, y, EDGES), None)
    first = model.loss_curve_[-1]
    assert "|gradient|" in capsys.readouterr().out
    assert len(model.path_) == 3
    with pytest.warns(ConvergenceWarning):
        model.fit(given(X, y, EDGES), None)
    assert model.loss_curve_[-1] < first


def test_far_columns_are_named(table):
    X, y, _ = table
    X = X.astype(np.float32)
    X[:, 2] += 1e7
    with pytest.warns(UserWarning, match="values of column 2 differ by less than"):
        SoftmaxRegression().fit(given(X, y, EDGES), None)
    huge = with_value(table[0], slice(None), 0) + [0, 1e200, 0, 0, 0] * table[0]
    with pytest.raises(ValueError, match="values of column 1 of X are up to"):
        SoftmaxRegression().fit(given(huge, y, EDGES), None)
