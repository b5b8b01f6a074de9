"""A row of probabilities is fitted as the rows of each class that it stands for."""

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.solvers import SOLVERS


def crowd(n_classes, n_rows=120, seed=0):
    """Rows, and what shares of a crowd gave them which class."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 4))
    logits = X @ rng.normal(size=(4, n_classes))
    votes = [rng.multinomial(10, p) for p in functional.softmax(logits)]
    return X, np.array(votes) / 10


def expanded(X, Y, weights=None):
    """One row for each row and class, weighted by its probability."""
    n_rows, n_classes = Y.shape
    weights = np.ones(n_rows) if weights is None else weights
    return (
        np.repeat(X, n_classes, axis=0),
        np.tile(np.arange(n_classes), n_rows),
        (weights[:, None] * Y).ravel(),
    )


def reference(X, Y, weights=None, **parameters):
    rows, labels, weights = expanded(X, Y, weights)
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12, max_iter=1000, **parameters)
    return model.fit(rows, labels, weights)


@pytest.mark.parametrize("n_classes", [2, 3, 6])
@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "auto"])
def test_same_optimum_as_the_rows_they_stand_for(n_classes, kind, weighted, solver):
    X, Y = crowd(n_classes)
    weights = np.random.default_rng(1).random(len(X)) if weighted else None
    model = SoftmaxRegression(solver=solver, tol=1e-12).fit(kind(X), Y, weights)
    expected = reference(X, Y, weights)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-6)
    assert model.converged_
    assert model.duality_gap_ < 1e-9
    np.testing.assert_array_equal(model.classes_, np.arange(n_classes))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 1: 0.5}, {1: 1e-9}, {3: 0.0}])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_weights_are_those_of_the_rows_they_stand_for(n_classes, class_weight, weighted):
    if class_weight == {3: 0.0} and n_classes == 2:
        class_weight = None
    X, Y = crowd(n_classes)
    weights = np.random.default_rng(1).random(len(X)) if weighted else None
    model = SoftmaxRegression(tol=1e-12, class_weight=class_weight).fit(X, Y, weights)
    rows, labels, s = expanded(X, Y, weights)
    expected = SoftmaxRegression(tol=1e-12, class_weight=class_weight).fit(rows, labels, s)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_one_hot_rows_are_labels(solver, n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression(solver=solver, max_iter=20, random_state=0)
    labels = model.fit(X, y).coef_
    np.testing.assert_array_equal(model.fit(X, functional.one_hot(y)).coef_, labels)
    np.testing.assert_array_equal(model.fit(X, functional.one_hot(y, dtype=int)).coef_, labels)


@pytest.mark.parametrize("solver", ["gd", "sgd", "rmsprop", "adam"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_solver_comes_close(solver, n_classes):
    X, Y = crowd(n_classes)
    best = SoftmaxRegression(tol=1e-12).fit(X, Y)
    model = SoftmaxRegression(solver=solver, random_state=0).fit(X, Y)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=0.02)


@pytest.mark.parametrize("frame", [pd.DataFrame, polars.DataFrame])
def test_columns_name_the_classes_and_are_sorted(frame):
    X, Y = crowd(3)
    expected = SoftmaxRegression(tol=1e-12).fit(X, Y)
    named = frame({"dog": Y[:, 1], "cat": Y[:, 0], "eel": Y[:, 2]})
    model = SoftmaxRegression(tol=1e-12).fit(X, named)
    assert model.classes_.tolist() == ["cat", "dog", "eel"]
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6, atol=1e-9)
    hard = frame({"dog": [0, 1, 0] * 40, "cat": [1, 0, 0] * 40, "eel": [0, 0, 1] * 40})
    labels = np.array(["cat", "dog", "eel"] * 40)
    model.fit(X, hard)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression(tol=1e-12).fit(X, labels).coef_)


def test_a_class_without_any_probability_is_still_a_class():
    X, Y = crowd(3)
    model = SoftmaxRegression().fit(X, np.column_stack([Y, np.zeros(len(Y))]))
    assert model.classes_.tolist() == [0, 1, 2, 3]
    assert model.predict_proba(X)[:, 3].max() < 1e-3


@pytest.mark.parametrize("n_classes", [2, 5])
def test_label_smoothing_is_smoothed_targets(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    smoothed = 0.9 * functional.one_hot(y) + 0.1 / n_classes
    expected = SoftmaxRegression(tol=1e-12).fit(X, smoothed)
    for targets in (y, functional.one_hot(y)):
        model = SoftmaxRegression(tol=1e-12, label_smoothing=0.1).fit(X, targets)
        np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-6, atol=1e-8)


def test_smoothing_has_an_optimum_where_labels_have_none():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.array([0, 0, 1, 1])
    model = SoftmaxRegression(C=np.inf, label_smoothing=0.2, tol=1e-10).fit(X, y)
    assert model.converged_
    assert np.isfinite(model.coef_).all()


def test_counts_are_weights_times_proportions():
    X, Y = crowd(3)
    counts = np.rint(10 * Y).astype(int) * np.arange(len(X))[:, None]
    shares, totals = functional.proportions(counts)
    model = SoftmaxRegression(tol=1e-12).fit(X, shares, sample_weight=totals)
    rows, labels, weights = expanded(X, counts.astype(float))
    expected = LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(rows, labels, weights)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-6)


def test_wide_rows():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 100)), rng.dirichlet(np.ones(3), 20)
    model = SoftmaxRegression(tol=1e-10).fit(X, Y)
    expected = SoftmaxRegression(solver="lbfgs", tol=1e-10).fit(X, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_widths(dtype):
    X, Y = crowd(4)
    model = SoftmaxRegression().fit(X.astype(dtype), Y.astype(np.float32))
    assert model.coef_.dtype == dtype
    expected = SoftmaxRegression().fit(X, Y)
    np.testing.assert_allclose(model.coef_, expected.coef_, atol=2e-3)


def test_scores_are_of_hard_labels():
    X, Y = crowd(3)
    model, labels = SoftmaxRegression().fit(X, Y), Y.argmax(axis=1)
    assert model.score(X, labels) == np.mean(model.predict(X) == labels)
    assert cross_val_score(SoftmaxRegression(label_smoothing=0.1), X, labels).mean() > 0.5


GOOD = np.full((6, 3), 1 / 3)


def changed(row, values):
    bad = GOOD.copy()
    bad[row] = values
    return bad


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        (
            changed(4, [0.5, 0.2, 0.2]),
            "Row 4 of y adds up to 0.9, not 1: .*functional.proportions",
        ),
        (changed(2, [0.5, -0.2, 0.7]), "Row 2 of y holds a negative probability"),
        (changed(3, [np.nan, 0.5, 0.5]), "Row 3 of y is the first with NaN or infinity"),
        (changed(1, [np.inf, 0.5, 0.5]), "Row 1 of y is the first with NaN or infinity"),
        (GOOD[:5], "inconsistent numbers of samples"),
        (GOOD[None], "dim 3"),
        (np.full((6, 2), "a"), "a y with two dimensions holds the probability"),
        (sp.csr_matrix(GOOD), "y must be a dense array"),
        (
            pd.DataFrame(GOOD, columns=["a", "b", "a"]),
            "unique column names|differ from one another",
        ),
        (pd.DataFrame(GOOD, columns=["a", "b", 3]), "all numbers or all strings"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_targets(Y, message):
    with pytest.raises((ValueError, TypeError), match=message):
        SoftmaxRegression().fit(np.eye(6), Y)


def test_targets_are_not_modified():
    X, Y = crowd(3)
    Y /= Y.sum(axis=1, keepdims=True) + 1e-7  # a sum within tolerance that has to be mended
    before = Y.copy()
    SoftmaxRegression(class_weight={0: 2.0}, label_smoothing=0.1).fit(X, Y)
    np.testing.assert_array_equal(Y, before)
