"""Separation is found and named: tables with known answer, and a programme written out in full."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog
from separated import OF_PAIR_APART, OF_SIX, PAIR_APART, SHARED, SIX, TABLES, iris, with_dummy
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression
from sk_softmax.inference import Separation, detect_separation

FORMS = [np.asarray, sp.csr_matrix, sp.csc_matrix]


def margins_by_hand(X, targets, K, *, fit_intercept=True):
    """Return the matrices of margins that are not negative, and of those that are zero."""
    X = np.column_stack([X, np.ones(len(X))]) if fit_intercept else X
    scaled = X / np.abs(X).max(axis=0).clip(1e-300)
    outside, inside = [], []
    for x, target in zip(scaled, targets, strict=True):
        own = target.argmax()
        for k in range(K):
            if k != own:
                (inside if target[k] > 0 else outside).append(
                    np.kron(np.eye(K)[own] - np.eye(K)[k], x)
                )
    return np.array(outside), np.array(inside)


def strict_by_hand(X, targets, **options):
    """Return how many margins come apart: the greatest sum of t, t <= 1 and t <= margin."""
    targets = np.asarray(targets)
    K = targets.shape[1]
    outside, inside = margins_by_hand(np.asarray(X, dtype=float), targets, K, **options)
    n, p = outside.shape
    answer = linprog(
        np.r_[np.zeros(p), -np.ones(n)],
        A_ub=np.hstack([-outside, np.eye(n)]),
        b_ub=np.zeros(n),
        A_eq=np.hstack([inside, np.zeros((len(inside), n))]) if len(inside) else None,
        b_eq=np.zeros(len(inside)) if len(inside) else None,
        bounds=[(None, None)] * p + [(0, 1)] * n,
    )
    return round(-answer.fun), n


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", TABLES)
def test_tables_with_a_known_answer(name, dtype, form):
    X, y, kind = TABLES[name]
    X = np.array(X, dtype=dtype)
    X.flags.writeable = False
    found = detect_separation(form(X), y)
    assert found.kind == kind
    assert (len(found.rows) > 0) == bool(found.class_pairs) == (kind != "none")
    assert np.any(found.direction) == (kind != "none")


@pytest.mark.parametrize("name", TABLES)
def test_the_direction_separates_and_is_that_of_most_rows(name):
    X, y, kind = TABLES[name]
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    targets = y if y.ndim == 2 else np.eye(y.max() + 1)[y]
    n_strict, n_outside = strict_by_hand(X, targets) if (targets == 0).any() else (0, 0)
    assert (kind == "none") == (n_strict == 0)
    found = detect_separation(X, y)
    direction = found.direction
    if len(direction) == 1:
        direction = np.vstack([np.zeros_like(direction), direction])
    logits = np.column_stack([X, np.ones(len(X))]) @ direction.T
    margins = logits[np.arange(len(X)), targets.argmax(axis=1)][:, None] - logits
    outside, inside = margins[targets == 0], margins[targets > 0]
    largest = np.abs(margins).max(initial=1e-300)
    assert (outside >= -1e-7 * largest).all()
    assert (np.abs(inside) <= 1e-7 * largest).all()
    assert (outside > 1e-7 * largest).sum() == n_strict
    assert (kind == "complete") == (
        0 < n_outside == n_strict and not (np.sum(targets > 0, 1) > 1).any()
    )


def test_figures_of_iris():
    X, y = iris()
    assert strict_by_hand(X, np.eye(3)[y]) == (200, 300)
    found = detect_separation(X, y)
    assert found.class_pairs == ((0, 1), (0, 2))
    assert found.classes == (0, 1, 2)
    assert len(found.rows) == 150


def test_a_shared_row_leaves_eleven_margins():
    assert strict_by_hand(SIX, SHARED) == (11, 11)
    assert strict_by_hand(SIX, OF_SIX) == (12, 12)


def test_a_pair_apart_with_a_finite_optimum():
    model = SoftmaxRegression(C=np.inf, tol=1e-13).fit(PAIR_APART, OF_PAIR_APART)
    assert model.converged_
    against_first = model.params_[1:] - model.params_[0]
    np.testing.assert_allclose(
        against_first[:, ::-1], [[0, 1.3576], [1.4355, 0.6788]], rtol=0, atol=5e-5
    )
    assert -12 * model.loss_curve_[-1] == pytest.approx(-9.346757, abs=5e-7)


@pytest.mark.parametrize("seed", range(60))
def test_small_tables_of_few_values(seed):
    """Few values make many margins zero: the answer is that of a programme in full."""
    rng = np.random.default_rng(seed)
    K, q, n = rng.integers(2, 4), rng.integers(1, 4), rng.integers(5, 16)
    X = rng.integers(-2, 3, (n, q)).astype(float)
    y = (X @ rng.normal(size=(q, K)) + rng.gumbel(size=(n, K)) * rng.choice([0.1, 1.0])).argmax(1)
    y[:K] = np.arange(K)
    fit_intercept = bool(seed % 3)
    n_strict, n_margins = strict_by_hand(X, np.eye(K)[y], fit_intercept=fit_intercept)
    found = detect_separation(X, y, fit_intercept=fit_intercept)
    expected = "none" if n_strict == 0 else "complete" if n_strict == n_margins else None
    assert found.kind == (expected or "quasi-complete")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = SoftmaxRegression(C=np.inf, fit_intercept=fit_intercept).fit(X, y)
    assert model.converged_ == (n_strict == 0)


def test_names_of_features_classes_and_rows():
    X, y, dummy = with_dummy()
    frame = pd.DataFrame(X, columns=["age", "income", "height", "smokes"])
    frame["far"] = 1e8 + np.random.default_rng(1).normal(size=len(X))
    frame["both"] = frame["age"] + frame["income"]  # depends on others and is not named
    labels = np.array(["no", "some", "yes"])[y]
    found = detect_separation(frame, labels)
    assert found.features == ("smokes",)
    assert not found.intercept
    assert found.class_pairs == (("no", "some"), ("no", "yes"))
    np.testing.assert_array_equal(found.rows, np.flatnonzero(dummy))
    assert detect_separation(frame, labels, 1.0 - dummy).kind == "none"
    assert detect_separation(frame.drop(columns="smokes"), labels).kind == "none"


def test_a_dummy_that_a_second_class_has_is_told_from_the_third():
    X, y, dummy = with_dummy(1)
    found = detect_separation(X, y)
    assert found.features == (3,)
    assert found.class_pairs == ((0, 2), (1, 2))
    np.testing.assert_array_equal(found.rows, np.flatnonzero(dummy))


def test_a_class_without_weight_has_no_finite_intercept():
    X, y, _ = with_dummy()
    X = X[:, :3]
    found = detect_separation(X, y, (y != 2).astype(float))
    assert found.kind == "quasi-complete"
    assert found.class_pairs == ((0, 2), (1, 2))
    assert found.intercept


def test_without_an_intercept():
    X = np.array([[1.0], [2.0], [3.0]])
    y = [1, 1, 0]
    assert detect_separation(X, y).kind == "complete"
    assert detect_separation(X, y, fit_intercept=False).kind == "none"


def test_columns_far_from_zero_and_of_any_size():
    X, y, _ = with_dummy()
    found = detect_separation(X * [1e-9, 1.0, 1e9, 1e-3] + [0, 1e6, 1e12, 0], y)
    assert found.features == (3,)
    assert detect_separation(X[:, :3] * 1e-9 + 1.0, y).kind == "none"


def test_it_is_read_as_text():
    X, y, _ = with_dummy()
    text = str(detect_separation(pd.DataFrame(X, columns=list("abcd")), y))
    assert text.startswith("Quasi-complete separation")
    assert "classes told apart: 0 from 1, 0 from 2" in text
    assert "without a finite estimate: 'd'" in text
    none = detect_separation(X[:, :3], y)
    assert str(none).startswith("No separation of 300 rows")
    assert repr(none).startswith("Separation(kind='none'")
    assert isinstance(none, Separation)
    with pytest.raises(AttributeError):
        none.kind = "complete"
    with pytest.raises(ValueError, match="read-only"):
        none.direction[0, 0] = 1.0


@pytest.mark.parametrize(
    ("X", "y", "weight", "message"),
    [
        ([["a"], ["b"]], [0, 1], None, "X must hold numbers"),
        ([[np.nan], [1.0]], [0, 1], None, "NaN or infinity"),
        ([1.0, 2.0], [0, 1], None, "X has shape"),
        ([[1.0], [2.0]], [0, 0], None, "two classes or more"),
        ([[1.0], [2.0]], [0, 1, 1], None, "X has 2 rows and y has 3"),
        ([[1.0], [2.0]], [[0.5, 0.6], [0, 1]], None, "add up to 1"),
        ([[1.0], [2.0]], [0, 1], [1.0], "sample_weight must hold 2"),
        ([[1.0], [2.0]], [0, 1], [0.0, 0.0], "zero in every row"),
        ([[1.0], [2.0]], [0.0, np.nan], None, "NaN, which is no label"),
    ],
)
def test_input_that_cannot_be_read(X, y, weight, message):
    with pytest.raises(ValueError, match=message):
        detect_separation(X, y, weight)
