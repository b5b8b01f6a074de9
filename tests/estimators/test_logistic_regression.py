"""The optimum is that of LogisticRegression run to tight tolerance."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.solvers import GradientDescent

EXACT_SOLVERS = ["lbfgs", "newton-cholesky", "auto"]
DATASETS = ["iris", "wine", "breast cancer", "digits"]


def reference(X, y, sample_weight=None, **parameters):
    """LogisticRegression at its optimum, in the gauge where the classes' coefficients sum to 0."""
    if parameters["C"] == np.inf:
        # Its solver does not take the singular Hessian of several classes without a penalty. One
        # this weak moves the coefficients by some 1e-10 of their size.
        parameters["C"] = 1e8
    model = LogisticRegression(
        **parameters, solver="newton-cholesky", tol=1e-11, max_iter=10_000
    ).fit(X.toarray() if sp.issparse(X) else X, y, sample_weight)
    if len(model.classes_) > 2:
        model.coef_ = model.coef_ - model.coef_.mean(axis=0)
        model.intercept_ = model.intercept_ - np.mean(model.intercept_)
    return model


def objective(model, X, y, C, weights=None):
    """The definition of the objective, from the fitted model's own logits."""
    weights = np.ones(len(y)) if weights is None else weights
    logits = model.decision_function(X)
    if logits.ndim == 1:
        loss = functional.binary_cross_entropy(logits, y, sample_weight=weights)
    else:
        loss = functional.cross_entropy(logits, y, sample_weight=weights)
    return loss + (model.coef_**2).sum() / (2 * C * weights.sum())


def assert_same_optimum(model, expected, X, y, C, weights=None):
    scale = np.abs(expected.coef_).max()
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(
        model.intercept_, expected.intercept_, rtol=0, atol=1e-5 * max(scale, 1)
    )
    assert objective(model, X, y, C, weights) == pytest.approx(
        objective(expected, X, y, C, weights), rel=1e-9
    )
    assert model.converged_


@pytest.fixture(scope="module")
def references():
    return {}


@pytest.mark.parametrize("C", [1e-3, 1.0, 100.0, 1e4])
@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("solver", EXACT_SOLVERS)
def test_bundled_data_for_any_penalty(solver, name, C, dataset, references):
    X, y = dataset(name)
    if (name, C) not in references:
        references[name, C] = reference(X, y, C=C)
    model = SoftmaxRegression(C=C, solver=solver, tol=1e-14, max_iter=3000).fit(X, y)
    assert_same_optimum(model, references[name, C], X, y, C)
    assert model.loss_curve_[-1] == pytest.approx(objective(model, X, y, C), rel=1e-12)


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("weights", [None, "rows", "classes", "balanced", "rows and classes"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("name", ["iris", "breast cancer"])
@pytest.mark.parametrize("solver", EXACT_SOLVERS)
def test_weights_intercept_and_sparse_rows(solver, name, fit_intercept, weights, sparse, dataset):
    X, y = dataset(name)
    X = np.where(np.abs(X) < 0.7, 0, X)
    sample_weight = class_weight = None
    effective = np.ones(len(y))
    if weights and "rows" in weights:
        sample_weight = np.random.default_rng(0).random(len(y)) * 3
        effective = effective * sample_weight
    if weights and "classes" in weights:
        class_weight = {0: 0.5, 1: 3.0}
        effective = effective * np.array([0.5, 3.0, 1.0])[y]
    if weights == "balanced":
        class_weight = "balanced"
        effective = effective * (len(y) / len(np.unique(y)) / np.bincount(y))[y]
    parameters = dict(C=0.3, fit_intercept=fit_intercept, class_weight=class_weight)
    expected = reference(X, y, sample_weight, **parameters)
    model = SoftmaxRegression(solver=solver, tol=1e-14, **parameters)
    model.fit(sp.csr_matrix(X) if sparse else X, y, sample_weight)
    assert_same_optimum(model, expected, X, y, 0.3, effective)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("solver", EXACT_SOLVERS)
def test_without_a_penalty_where_the_classes_overlap(
    solver, n_classes, fit_intercept, overlapping_classes
):
    X, y = overlapping_classes(n_classes, n_rows=500)
    expected = reference(X, y, C=np.inf, fit_intercept=fit_intercept)
    model = SoftmaxRegression(C=np.inf, solver=solver, tol=1e-14, fit_intercept=fit_intercept)
    model.fit(X, y)
    assert_same_optimum(model, expected, X, y, np.inf)
    assert model.duality_gap_ == np.inf


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.slow
def test_gradient_descent_reaches_the_same_objective(name, dataset):
    X, y = dataset(name)
    # 64 standardised features with some near collinear: plain descent would take 100,000 steps.
    solver = GradientDescent(momentum=0.9, nesterov=True) if name == "digits" else "gd"
    best = SoftmaxRegression(solver="newton-cholesky", tol=1e-12).fit(X, y).loss_curve_[-1]
    model = SoftmaxRegression(solver=solver, tol=1e-5).fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize(
    "solver", ["sgd", *(pytest.param(s, marks=pytest.mark.slow) for s in ("rmsprop", "adam"))]
)
def test_stochastic_solvers_come_within_a_percent(solver, name, dataset):
    X, y = dataset(name)
    best = SoftmaxRegression(solver="newton-cholesky", tol=1e-12).fit(X, y).loss_curve_[-1]
    model = SoftmaxRegression(solver=solver, random_state=0).fit(X, y)
    assert best <= objective(model, X, y, 1.0) <= 1.01 * best


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "rmsprop"])
def test_first_order_solvers_take_weights_and_sparse_rows(solver, dataset):
    X, y = dataset("iris")
    X = np.where(np.abs(X) < 0.7, 0, X)
    weights = np.random.default_rng(0).random(len(y)) * 3
    parameters = dict(class_weight={0: 0.5, 1: 2.0}, random_state=0)
    best = SoftmaxRegression(tol=1e-12, **parameters).fit(X, y, weights).loss_curve_[-1]
    dense = SoftmaxRegression(solver=solver, **parameters).fit(X, y, weights)
    sparse = SoftmaxRegression(solver=solver, **parameters).fit(sp.csr_matrix(X), y, weights)
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-6, atol=1e-8)
    effective = weights * np.array([0.5, 2.0, 1.0])[y]
    assert best * (1 - 1e-9) <= objective(dense, X, y, 1.0, effective) <= 1.01 * best


def test_a_feature_in_other_units_has_a_coefficient_in_other_units(overlapping_classes):
    X, y = overlapping_classes(3)
    plain = SoftmaxRegression(C=np.inf, tol=1e-13).fit(X, y)
    scaled = SoftmaxRegression(C=np.inf, tol=1e-13).fit(X * [1e-6, 1, 1e3, 1e9], y)
    np.testing.assert_allclose(scaled.coef_ * [1e-6, 1, 1e3, 1e9], plain.coef_, rtol=1e-5)
