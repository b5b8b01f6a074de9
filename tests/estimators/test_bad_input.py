"""Bad input gets an error that names the parameter or the row and changes nothing."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.solvers import SGD

X = np.arange(12.0).reshape(6, 2) % 5
Y = np.array([0, 1, 2, 0, 1, 2])


def with_value(value, row=3):
    bad = X.copy()
    bad[row, 1] = value
    return bad


PARAMETERS = [
    (dict(C=-1), "C=-1 is not .* C must be a positive number, or numpy.inf"),
    (dict(C=0), "C=0 is not"),
    (dict(C=np.nan), "C=nan is not"),
    (dict(C="1"), "C='1' is not"),
    (dict(C=True), "C=True is not"),
    (dict(C=1e-320), "C=1e-320 is too small"),
    (dict(tol=0), "tol must be a positive number"),
    (dict(tol=-1e-3), "tol=-0.001 is not"),
    (dict(tol=np.inf), "tol=inf is not"),
    (dict(label_smoothing=1), r"label_smoothing must be a number in \[0, 1\)"),
    (dict(l1_ratio=2), r"l1_ratio must be a number in \[0, 1\]"),
    (dict(grouped="yes"), "grouped must be True or False"),
    (dict(penalty_factor=[1.0]), r"penalty_factor has shape \(1,\), .* \(2,\)"),
    (dict(penalty_factor=["a", "b"]), "penalty_factor must hold one number per feature"),
    (dict(penalty_factor=[1, -1]), "penalty_factor .* but that of feature 1 is -1"),
    (dict(penalty_factor=[np.nan, 1]), "penalty_factor .* but that of feature 0 is nan"),
    (dict(max_iter=-1), "max_iter must be a positive integer, 0 to keep the start .* or None"),
    (dict(max_iter=2.5), "max_iter=2.5 is not"),
    (dict(fit_intercept="yes"), "fit_intercept must be True or False"),
    (dict(warm_start=1), "warm_start must be True or False"),
    (dict(class_weight="equal"), 'class_weight must be a dict, "balanced" or None'),
    *(
        (
            dict(class_weight={2: weight}),
            "class_weight=.*: the weight of class 2 must be zero or a positive finite number, and",
        )
        for weight in (-1.0, "a", "3", b"3", None, [1.0], {2: 1.0}, np.nan, np.inf, 1j, 10**400)
    ),
    (dict(class_weight={0: 1, "2": 1}), "has a weight for '2', which is not one of the classes"),
    (dict(class_weight={None: 1}), "class_weight=.* has a weight for None, which is not one of"),
    (dict(class_weight={0: 0, 1: 0, 2: 0}), "leave every row without weight"),
    (dict(verbose=-1), "verbose must be 0, 1 or larger"),
    (dict(n_jobs=0), "n_jobs must be an integer other than 0"),
    (dict(n_jobs="all"), "n_jobs='all' is not"),
    (dict(solver="sgdd"), "solver='sgdd' is not a solver: choose one of 'auto', 'lbfgs', 'newton"),
    (dict(solver=None), "solver=None is not a solver: give a name"),
    (dict(solver=SGD), "is not a solver: give a name .* or an object"),
    (dict(solver=LogisticRegression()), "is not a solver"),
    (dict(solver=SGD(batch_size=0)), r"SGD\(batch_size=0\): batch_size must be a positive int"),
    (dict(solver=SGD(learning_rate=0)), "learning_rate must be a positive number"),
    (dict(random_state="seed"), "random_state='seed' is not a seed"),
]

ROWS = [
    (with_value(np.nan), Y, None, "Row 3 of X .* Input X contains NaN"),
    (with_value(np.inf, 5), Y, None, "Row 5 of X .* Input X contains infinity"),
    (with_value(-np.inf).astype(np.float32), Y, None, "Input X contains infinity"),
    (sp.csr_matrix(with_value(np.nan)), Y, None, "Row 3 of X .* Input X contains NaN"),
    (with_value(np.nan).tolist(), Y, None, "Row 3 of X .* Input X contains NaN"),
    (X[:, 0], Y, None, "Expected 2D array, got 1D array"),
    (X[None], Y, None, "dim 3"),
    (X[:0], Y[:0], None, r"0 sample\(s\)"),
    (X[:, :0], Y, None, r"0 feature\(s\)"),
    (X, Y[:5], None, "inconsistent numbers of samples"),
    (X, None, None, "requires y to be passed, but the target y is None"),
    (
        X,
        np.stack([Y, Y], axis=1),
        None,
        "Row 0 of y adds up to 0, not 1: .* labels go into one dim",
    ),
    (X, np.zeros(6), None, "at least 2 classes in y, but y holds only one class: .*0.0"),
    (X, ["a"] * 6, None, "only one class: .*'a'"),
    (X, np.linspace(0.1, 0.9, 6), None, "continuous"),
    (X, np.array([0, 1, np.nan, 0, 1, 2]), None, "Row 2 of y .* Input y contains NaN"),
    (X, np.array([0, 1, np.inf, 0, 1, 2]), None, "Input y contains infinity"),
    (X, np.array([0, "a", None, 0, 1, 2], dtype=object), None, "y mixes .* 0 is 0 and row 1 is"),
    (X, [0, 1, None, 0, 1, 2], None, "Row 2 of y is None, which is no label: leave it out"),
    (X, ["a", "b", None] * 2, None, "Row 2 of y is None, which is no label"),
    (X, ["a", np.nan, "b"] * 2, None, "Row 1 of y is nan, which is no label"),
    (X, [None] * 6, None, "Row 0 of y is None, which is no label"),
    (X, ["a", 1, "b"] * 2, None, "y mixes labels of different types: row 0 is 'a' and row 1 is 1"),
    (X, ("a", b"a") * 3, None, "y mixes labels of different types"),
    (X, [True, "a"] * 3, None, "y mixes labels of different types"),
    (X, [1, 2.5, (1, 2)] * 2, None, r"y mixes labels .* row 2 is \(1, 2\)"),
    (X, np.array([{}] * 6), None, "y holds no labels of classes. Unknown label type"),
    (X, pd.Series(["a", "b", None] * 2, dtype="string"), None, "Row 2 of y is <NA>"),
    (X, pd.Series([1, 2, None] * 2, dtype="Int64"), None, "Row 2 of y is <NA>"),
    (X, pd.Series(["a", "b", None] * 2, dtype="category"), None, "Row 2 of y is nan"),
    (X, pd.Series([pd.Timestamp(0), pd.NaT] * 3, dtype=object), None, "Row 1 of y is NaT"),
    (X, pl.Series(["a", "b", None] * 2), None, "Row 2 of y is None"),
    (X, Y, -np.ones(6), "sample_weight must not be negative, but row 0 has weight -1"),
    (X, Y, [1, 1, 1, -0.5, 1, 1], "row 3 has weight -0.5"),
    (X, Y, np.zeros(6), "sample_weight is zero in every row"),
    (X, Y, np.full(6, 1e308), "sample_weight adds up to more than"),
    (X, Y, 0, "sample_weight is zero in every row"),
    (X, Y, np.ones(5), r"sample_weight has shape \(5,\), expected one weight per row: \(6,\)"),
    (X, Y, np.ones((6, 2)), "sample_weight has shape"),
    (X, Y, [1, 1, np.nan, 1, 1, 1], "sample_weight contains NaN"),
    (X, Y, [1, 1, np.inf, 1, 1, 1], "sample_weight contains infinity"),
    (X, Y, ["a"] * 6, "sample_weight must hold one number per row: could not convert string"),
    (np.array([["red", 1]] * 6, dtype=object), Y, None, "X .* not .* number.*'red'"),
    (np.array([["red"]] * 6), Y, None, "X .* not .* number.*'red'"),
]


@pytest.fixture
def fitted():
    return SoftmaxRegression().fit(X, Y)


def state(model):
    return {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in vars(model).items()
        if name.endswith("_")
    }


def assert_unchanged(model, before):
    after = state(model)
    assert after.keys() == before.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, err_msg=name)


@pytest.mark.parametrize(("parameters", "message"), PARAMETERS, ids=lambda value: str(value)[:40])
def test_parameters(parameters, message, fitted):
    before = state(fitted)
    with pytest.raises(ValueError, match=message):
        fitted.set_params(**parameters).fit(X[:5], Y[:5])
    assert_unchanged(fitted, before)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "gd", SGD()])
def test_solvers_that_take_no_l1_say_which_do(solver, fitted):
    before = state(fitted)
    message = r"a smooth penalty, .* and no bounds; with l1_ratio=0\.5 .* 'proximal-newton'"
    with pytest.raises(ValueError, match=message):
        fitted.set_params(l1_ratio=0.5, solver=solver).fit(X, Y)
    assert_unchanged(fitted, before)
    if isinstance(solver, SGD):
        with pytest.raises(ValueError, match=message):
            fitted.partial_fit(X, Y)


@pytest.mark.parametrize(("rows", "labels", "weights", "message"), ROWS, ids=lambda v: str(v)[:30])
def test_rows_labels_and_weights(rows, labels, weights, message, fitted):
    before = state(fitted)
    with pytest.raises((ValueError, TypeError), match=message):
        fitted.fit(rows, labels, sample_weight=weights)
    assert_unchanged(fitted, before)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (np.ones((2, 3)), "X has 3 features, but SoftmaxRegression is expecting 2 features"),
        (with_value(np.nan), "contains NaN"),
        (X[0], "Expected 2D array"),
        (X[:0], r"0 sample\(s\)"),
        (np.array([["red", 1]], dtype=object), "X .* not .* number.*'red'"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_rows_to_predict(rows, message, method, fitted):
    before = state(fitted)
    with pytest.raises(ValueError, match=message):
        getattr(fitted, method)(rows)
    assert_unchanged(fitted, before)


def test_a_misspelt_option_is_an_error():
    with pytest.raises(
        ValueError, match=r"Invalid parameter 'batchsize'|has no option 'batchsize'"
    ):
        SoftmaxRegression(solver=SGD()).set_params(solver__batchsize=3)
    with pytest.raises(TypeError, match="batchsize"):
        SGD(batchsize=3)


def test_a_hessian_too_large_is_an_error_that_says_what_to_use():
    wide = np.zeros((4, 40_000))
    wide[0, 0] = 1
    with pytest.raises(ValueError, match=r"newton-cholesky.*GiB.*'lbfgs' or 'auto'"):
        SoftmaxRegression(solver="newton-cholesky").fit(wide, [0, 1, 0, 1])


MIXED = ["a", 1, "b", "a", 1, "b"]
HOLES = ["a", "b", None, "a", "b", None]


@pytest.mark.parametrize(
    ("labels", "message"),
    [(MIXED, "{} mixes labels of different types"), (HOLES, "Row 2 of {} is None, which is no")],
)
def test_labels_of_other_calls(labels, message):
    names = ["a", "b", "a"] * 2
    model = SoftmaxRegression(solver="sgd").fit(X, names)
    calls = {
        "y": [
            lambda: model.partial_fit(X, labels),
            lambda: SoftmaxRegression(solver="sgd").partial_fit(X, labels, classes=["a", "b"]),
            lambda: model.objective(X, labels),
            lambda: SoftmaxRegressionCV(cv=2, scoring="accuracy").fit(X, labels),
            lambda: softmax_path(X, labels),
        ],
        "y_val": [lambda: model.fit(X, names, X_val=X, y_val=labels)],
    }
    for name, of_name in calls.items():
        for call in of_name:
            with pytest.raises(ValueError, match=message.format(name)):
                call()


@pytest.mark.parametrize(
    "labels",
    [
        [0, True, 2] * 2,
        [0.0, 1, np.int8(2)] * 2,
        ("a", np.str_("b"), "c") * 2,
        pd.Series(["a", "b", "c"] * 2, dtype="category"),
        pd.Series(["a", "b", "c"] * 2, dtype="string"),
        pd.Series([1, 2, 3] * 2, dtype="Int64"),
        pl.Series(["a", "b", "c"] * 2),
    ],
    ids=lambda labels: f"{type(labels).__name__} {labels[0]!r}",
)
def test_labels_of_one_type_are_fine(labels):
    model = SoftmaxRegression().fit(X, labels)
    np.testing.assert_array_equal(model.classes_, np.unique(np.asarray(labels)))
    assert len(model.classes_) == 3


CALLS = {
    "path": lambda **weight: softmax_path(X, Y, **weight),
    "cv": lambda **weight: SoftmaxRegressionCV(cv=2, scoring="accuracy", **weight).fit(X, Y),
    "stream": lambda **weight: SoftmaxRegression(solver="sgd", **weight).partial_fit(
        X, Y, classes=[0, 1, 2]
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_class_weights_are_checked_everywhere(call):
    with pytest.raises(ValueError, match=r"class_weight=.* the weight of class 1 must be"):
        CALLS[call](class_weight={1: "a"})


def test_weights_of_further_classes_and_of_any_number_type():
    weighted = SoftmaxRegression(class_weight={0: True, 1: np.float32(2), 2: np.array(3), 7: 1})
    same = SoftmaxRegression(class_weight={0: 1.0, 1: 2.0, 2: 3.0})
    np.testing.assert_array_equal(weighted.fit(X, Y).coef_, same.fit(X, Y).coef_)
    names = np.array(["a", "b", "c"])[Y]
    by_name = SoftmaxRegression(class_weight={"b": 2.0, "c": 3.0}).fit(X, names)
    np.testing.assert_array_equal(by_name.coef_, same.coef_)
