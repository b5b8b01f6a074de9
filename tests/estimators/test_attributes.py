"""What a fitted model shows: attributes, methods, warnings, and what a second fit changes."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.utils import estimator_html_repr

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.solvers import LBFGS, SGD, SOLVERS, GradientDescent


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_shapes_are_those_of_logistic_regression(n_classes, fit_intercept, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    ours = SoftmaxRegression(fit_intercept=fit_intercept).fit(X, y)
    theirs = LogisticRegression(fit_intercept=fit_intercept).fit(X, y)
    for name in ("classes_", "coef_", "intercept_", "n_iter_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
    assert ours.n_features_in_ == theirs.n_features_in_
    for method in ("decision_function", "predict", "predict_proba", "predict_log_proba"):
        assert getattr(ours, method)(X).shape == getattr(theirs, method)(X).shape
    assert (ours.intercept_ == 0).all() == (not fit_intercept)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_are_consistent(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression().fit(X, y)
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(np.log(probabilities), model.predict_log_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    assert model.score(X, y) == (model.predict(X) == y).mean()
    if n_classes > 2:
        np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_never_are_the_log_of_a_rounded_zero(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression().fit(X, y)
    far = 1e6 * X[:20]
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(model.predict_log_proba(far)).all()


def test_loss_curve_starts_at_the_start_and_ends_at_the_end(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression().fit(X, y)
    assert model.loss_curve_[0] == pytest.approx(np.log(3))
    assert len(model.loss_curve_) == model.n_iter_[0] + 1
    assert np.all(np.diff(model.loss_curve_) < 0)


@pytest.mark.parametrize("max_iter", [2, 1000])
def test_the_last_of_the_loss_curve_is_the_objective_however_cheaply_a_fit_began(max_iter):
    rng = np.random.default_rng(0)
    X, coef = rng.normal(size=(20_000, 5)), rng.normal(size=(5, 3))
    y = (X @ coef + rng.gumbel(size=(20_000, 3))).argmax(axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for tol in (0.1, 0.01, 1e-4):
            model = SoftmaxRegression(solver="lbfgs", tol=tol, max_iter=max_iter).fit(X, y)
            assert model.loss_curve_[-1] == pytest.approx(model.objective(X, y), rel=1e-12)
            assert len(model.loss_curve_) == model.n_iter_[0] + 1
    X, y = load_digits(return_X_y=True)  # this one ends in float32
    model = SoftmaxRegression(max_iter=max(max_iter, 100)).fit(X, y)
    assert model.loss_curve_[-1] == pytest.approx(model.objective(X, y), rel=1e-10)


@pytest.mark.parametrize("C", [1e-2, 1.0, 1e2])
def test_duality_gap_bounds_the_distance_to_the_optimum(C, dataset):
    X, y = dataset("iris")
    best = SoftmaxRegression(C=C, tol=1e-14).fit(X, y)
    assert best.duality_gap_ <= 1e-9
    rough = SoftmaxRegression(C=C, solver="lbfgs", tol=1e-2).fit(X, y)
    assert 0 < rough.loss_curve_[-1] - best.loss_curve_[-1] <= rough.duality_gap_


@pytest.mark.parametrize("tol", [1e-2, 1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer", "digits"])
def test_tol_is_about_the_relative_suboptimality_reached(name, solver, tol, dataset):
    X, y = dataset(name)
    best = SoftmaxRegression(solver="newton-cholesky", tol=1e-13).fit(X, y).loss_curve_[-1]
    model = SoftmaxRegression(solver=solver, tol=tol).fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] / best - 1 <= 10 * tol


@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_goes_on_where_the_fit_before_ended(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(
        solver=solver, warm_start=True, max_iter=3, tol=1e-10, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        first = model.fit(X, y).coef_
        start = model.fit(X, y).loss_curve_[0]
        cold = clone(model).set_params(warm_start=False).fit(X, y).loss_curve_[0]
    assert start < cold == pytest.approx(np.log(3))
    assert not np.array_equal(model.coef_, first)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_warm_start_from_sparse_coefficients_and_from_a_model_with_an_intercept(
    fit_intercept, overlapping_classes
):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(warm_start=True, tol=1e-10).fit(X, y).sparsify()
    model.set_params(fit_intercept=fit_intercept).fit(X, y)
    cold = SoftmaxRegression(fit_intercept=fit_intercept, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.coef_, cold.coef_, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cholesky"])
@pytest.mark.parametrize("name", ["iris", "digits"])
def test_a_start_with_a_mean_over_the_classes_does_not_keep_it(solver, name):
    # The metric of L-BFGS takes the mean over the classes from every step, so that a fit which
    # began with one kept it and called itself converged: 9e-4 above the optimum on digits.
    X, y = {"iris": load_iris, "digits": load_digits}[name](return_X_y=True)
    best = SoftmaxRegression(solver=solver, tol=1e-10).fit(X, y)
    sparse = SoftmaxRegression(l1_ratio=1.0, C=0.1, warm_start=True).fit(X, y)
    assert np.abs(sparse.coef_.mean(axis=0)).max() > 1e-3
    by_hand = clone(best).set_params(warm_start=True).fit(X, y)
    by_hand.coef_ = by_hand.coef_ + 1.0
    for model in (sparse, by_hand):
        model.set_params(l1_ratio=0.0, C=1.0, solver=solver, tol=1e-6).fit(X, y)
        assert model.converged_
        excess = model.objective(X, y) / best.objective(X, y) - 1
        assert excess < 3e-6


def test_the_refit_after_a_fold_that_misses_a_class_starts_without_their_mean():
    X, y = load_digits(return_X_y=True)
    splits = [(np.flatnonzero(y != 9), np.flatnonzero(y == 9)), (np.arange(0, 1797, 2), [1])]
    model = SoftmaxRegressionCV(scoring="accuracy", Cs=[1.0], cv=splits, tol=1e-7).fit(X, y)
    best = SoftmaxRegression(tol=1e-10).fit(X, y)
    value = best.objective(X, y, params=model.params_[None])[0]
    assert value / best.objective(X, y) - 1 < 3e-7


def test_warm_start_needs_the_same_problem(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="the previous fit had 4 features and the classes"):
        model.fit(X[:, :2], y)
    with pytest.raises(ValueError, match=r"this one has 4 features and the classes \[1, 2, 3\]"):
        model.fit(X, y + 1)
    assert model.n_features_in_ == 4
    assert model.classes_.tolist() == [0, 1, 2]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparsify_and_densify(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression().fit(X, y)
    expected = model.predict_proba(X)
    assert sp.issparse(model.sparsify().coef_)
    for rows in (X, sp.csr_matrix(X)):
        np.testing.assert_allclose(model.predict_proba(rows), expected)
    assert not sp.issparse(model.densify().coef_)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("store", ["pickle", "joblib"])
def test_a_stored_model_predicts_the_same(store, overlapping_classes, tmp_path):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=SGD(batch_size=64), random_state=0).fit(X, y)
    if store == "pickle":
        again = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.get_params()["solver__batch_size"] == 64


def test_clone_and_repr():
    model = SoftmaxRegression(C=2.0, solver=SGD(batch_size=64))
    copy = clone(model)
    assert copy.solver == model.solver
    assert copy.solver is not model.solver
    assert "C=2.0" in repr(model)
    assert "batch_size=64" in repr(model)
    html = estimator_html_repr(model)
    assert "SoftmaxRegression" in html
    assert repr(SoftmaxRegression()) == "SoftmaxRegression()"
    assert SoftmaxRegression().__sklearn_tags__().input_tags.sparse
    assert SoftmaxRegression().__sklearn_tags__().classifier_tags.multi_class


def test_parameters_are_never_modified(overlapping_classes):
    X, y = overlapping_classes(3)
    solver = LBFGS(history=5)
    model = SoftmaxRegression(solver=solver, class_weight={0: 2.0}, n_jobs=2)
    before = repr(model.get_params())
    model.fit(X, y)
    assert model.solver is solver
    assert repr(model.get_params()) == before


@pytest.mark.parametrize("solver", SOLVERS)
def test_verbose_prints_a_line_an_iteration(solver, overlapping_classes, capsys):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=solver, max_iter=4, tol=1e-2, verbose=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_[0] + 1
    assert lines[0].split()[:3] == ["0", "F", "1.0986123"]


# --- warnings ---------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "gd", "auto"])
def test_running_out_of_iterations_warns_and_says_what_to_do(solver, dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(solver=solver, max_iter=2, tol=1e-12)
    with pytest.warns(
        ConvergenceWarning, match="stopped after 2 iterations: max_iter was reached"
    ):
        model.fit(X, y)
    assert not model.converged_
    assert model.score(X, y) > 0.9


@pytest.mark.parametrize("name", ["wine", "digits"])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "auto"])
def test_perfect_separation_is_named_and_leaves_a_usable_classifier(solver, name, dataset):
    X, y = dataset(name)
    model = SoftmaxRegression(C=np.inf, solver=solver)
    with pytest.warns(ConvergenceWarning, match="perfectly separated .* no finite optimum exists"):
        model.fit(X, y)
    assert not model.converged_
    assert model.score(X, y) == 1
    assert np.isfinite(model.coef_).all()


def test_two_separated_classes(dataset):
    X, y = dataset("iris")
    with pytest.warns(ConvergenceWarning, match="no finite optimum exists"):
        model = SoftmaxRegression(C=np.inf).fit(X[y < 2], y[y < 2])
    assert model.score(X[y < 2], y[y < 2]) == 1


def test_divergence_warns(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(solver=GradientDescent(learning_rate=1e3), max_iter=5, C=1e-3)
    with pytest.warns(ConvergenceWarning, match="Lower learning_rate"):
        model.fit(X, y)


@pytest.mark.parametrize("solver", ["sgd", "adam", "rmsprop"])
def test_stochastic_solvers_run_their_epochs_and_do_not_warn(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=solver, max_iter=7, random_state=0).fit(X, y)
    assert model.n_iter_.tolist() == [7]
    assert not model.converged_


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function", "score"]
)
def test_a_model_must_be_fitted_first(method, overlapping_classes):
    X, y = overlapping_classes(3)
    arguments = (X, y) if method == "score" else (X,)
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(SoftmaxRegression(), method)(*arguments)
    with pytest.raises(NotFittedError):
        SoftmaxRegression().sparsify()


# --- the right optimum by default -------------------------------------------------------------


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_features_in_their_own_units_and_no_options(load):
    X, y = load(return_X_y=True)
    best = SoftmaxRegression(solver="newton-cholesky", tol=1e-13).fit(X, y).loss_curve_[-1]
    model = SoftmaxRegression().fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(best, rel=1e-6)
    assert SoftmaxRegression(tol=1e-9).fit(X, y).loss_curve_[-1] == pytest.approx(best, rel=1e-9)
    narrow = SoftmaxRegression().fit(X.astype(np.float32), y)
    assert narrow.converged_
    assert narrow.loss_curve_[-1] == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_kept_path_leads_from_zeros_to_the_parameters(
    solver, fit_intercept, overlapping_classes
):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(
        solver=solver, fit_intercept=fit_intercept, max_iter=4, random_state=0, keep_path=True
    ).fit(X, y)
    assert model.path_.shape == (model.n_iter_[0] + 1, 3, 4 + fit_intercept)
    assert not model.path_[0].any()
    np.testing.assert_allclose(model.path_[-1] - model.path_[-1].mean(axis=0), model.params_)
    model.set_params(keep_path=False).fit(X, y)
    assert not hasattr(model, "path_")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_objective_at_given_parameters(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    weights = np.random.default_rng(0).random(len(y))
    model = SoftmaxRegression(tol=1e-10, C=0.1, class_weight={0: 2.0}, label_smoothing=0.1)
    model.fit(X, y, weights)
    value = model.objective(X, y, sample_weight=weights)
    assert value == pytest.approx(model.loss_curve_[-1], rel=1e-12)
    points = np.stack([model.params_, np.zeros_like(model.params_)])
    at_points = model.objective(X, y, params=points, sample_weight=weights)
    np.testing.assert_allclose(at_points, model.loss_curve_[[-1, 0]], rtol=1e-12)
    with pytest.raises(ValueError, match=r"params has shape \(2,\), expected \(n_points, "):
        model.objective(X, y, params=np.zeros(2))
