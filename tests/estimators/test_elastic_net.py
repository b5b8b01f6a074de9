"""L1 penalties: against scikit-learn's saga, and against the conditions of an optimum."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from sk_softmax import SoftmaxRegression
from sk_softmax.estimators.input.parameters import for_data, settings_of
from sk_softmax.fitting.fit import fit_params
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.interfaces import Status
from sk_softmax.solvers import ProximalNewton

TIGHT = dict(tol=1e-16)


def saga(X, y, C, l1_ratio, weights=None, **parameters):
    """scikit-learn's answer, to its last digits."""
    kind = dict(penalty="elasticnet") if _needs_penalty() else {}
    model = LogisticRegression(
        solver="saga", C=C, l1_ratio=l1_ratio, tol=1e-12, max_iter=200_000, **kind, **parameters
    )
    return model.fit(X, y, weights)


def _needs_penalty():
    return LogisticRegression().penalty == "l2"  # before 1.8


def violation(model, X, y, weights=None):
    """How far from the conditions of an optimum, beside the strength of the penalty.

    Written from the definition: the loss's gradient must be minus a subgradient of the penalty.
    """
    labels = np.searchsorted(model.classes_, y)
    weights = np.ones(len(labels)) if weights is None else weights
    residuals = model.predict_proba(X) - np.eye(len(model.classes_))[labels]
    if len(model.classes_) == 2:
        residuals = residuals[:, 1:]
    gradient = (residuals * weights[:, None]).T @ X / weights.sum()
    factor = np.ones(X.shape[1]) if model.penalty_factor is None else model.penalty_factor
    strength = np.asarray(factor) / model.C / weights.sum()
    l1, l2 = model.l1_ratio * strength, (1 - model.l1_ratio) * strength
    coef = model.coef_
    smooth = gradient + l2 * coef
    size, norm = np.abs(smooth), np.abs(coef)
    if model.grouped:
        size, norm = np.linalg.norm(smooth, axis=0), np.linalg.norm(coef, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        there = np.abs(smooth + l1 * coef / norm)
    there = np.where(np.broadcast_to(norm, coef.shape) > 0, there, np.maximum(size - l1, 0))
    return there.max() / strength.max(), np.abs((residuals * weights[:, None]).sum(axis=0)).max()


@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3, 5])  # of an even number of classes half may shift
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_coefficients_are_sagas(l1_ratio, n_classes, fit_intercept, overlapping_classes):
    X, y = overlapping_classes(n_classes, n_features=8)
    ours = SoftmaxRegression(C=0.1, l1_ratio=l1_ratio, fit_intercept=fit_intercept, **TIGHT)
    ours.fit(X, y)
    theirs = saga(X, y, 0.1, l1_ratio, fit_intercept=fit_intercept)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-8)
    centred = theirs.intercept_ - (theirs.intercept_.mean() if n_classes > 2 else 0)
    np.testing.assert_allclose(ours.intercept_, centred, rtol=0, atol=1e-7)
    assert ours.converged_
    assert 0 < (ours.coef_ == 0).sum() < ours.coef_.size or l1_ratio < 1
    assert ours.duality_gap_ < 1e-8


def test_weights_and_sparse_rows_as_in_saga(overlapping_classes):
    X, y = overlapping_classes(3, n_features=8)
    X = np.where(np.abs(X) > 0.7, X, 0)
    weights = np.random.default_rng(0).random(len(y))
    theirs = saga(X, y, 0.3, 0.8, weights)
    for rows in (X, sp.csr_matrix(X), np.asfortranarray(X)):
        ours = SoftmaxRegression(C=0.3, l1_ratio=0.8, **TIGHT).fit(rows, y, weights)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-8)
        assert ours.duality_gap_ < 1e-8


def test_probabilities_are_the_same_as_weighted_copies_of_the_rows(overlapping_classes):
    X, y = overlapping_classes(3, n_features=6)
    targets = np.random.default_rng(0).dirichlet(np.ones(3), size=len(y))
    model = SoftmaxRegression(C=0.5, l1_ratio=1.0, **TIGHT)
    soft = model.fit(X, targets)
    coef, gap = soft.coef_, soft.duality_gap_
    copies = model.fit(np.repeat(X, 3, axis=0), np.tile([0, 1, 2], len(y)), targets.ravel())
    np.testing.assert_allclose(coef, copies.coef_, rtol=0, atol=1e-8)
    assert gap < 1e-8


@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer", "digits"])
@pytest.mark.parametrize("C", [0.02, 1.0, 100.0])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_conditions_of_an_optimum_hold(name, C, grouped, dataset):
    X, y = dataset(name)
    model = SoftmaxRegression(C=C, l1_ratio=1.0, grouped=grouped, tol=1e-11).fit(X, y)
    assert model.converged_
    of_features, of_intercepts = violation(model, X, y)
    assert of_features < 1e-2  # of the penalty's own slope
    assert of_intercepts < 1e-3
    assert model.duality_gap_ < 1e-2 * model.loss_curve_[-1]


@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_grouped_features_enter_for_all_classes_or_for_none(l1_ratio, dataset):
    X, y = dataset("digits")
    model = SoftmaxRegression(C=0.02, l1_ratio=l1_ratio, grouped=True, **TIGHT).fit(X, y)
    n_classes_in = (model.coef_ != 0).sum(axis=0)
    assert set(n_classes_in) == {0, 10}
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-8)  # the norm sees to it
    assert max(violation(model, X, y)) < 1e-4
    assert model.duality_gap_ < 1e-6


def test_two_classes_make_no_groups(dataset):
    X, y = dataset("breast cancer")
    plain, grouped = (
        SoftmaxRegression(C=0.1, l1_ratio=1.0, grouped=g, **TIGHT).fit(X, y) for g in (False, True)
    )
    np.testing.assert_allclose(plain.coef_, grouped.coef_, rtol=0, atol=1e-8)


@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cholesky", "proximal-newton"])
def test_factors_of_a_ridge_are_units(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    factor = np.array([1.0, 4.0, 0.25, 9.0])
    scaled = SoftmaxRegression(solver=solver, **TIGHT).fit(X / np.sqrt(factor), y)
    model = SoftmaxRegression(penalty_factor=factor, solver=solver, **TIGHT).fit(X, y)
    np.testing.assert_allclose(model.coef_, scaled.coef_ / np.sqrt(factor), rtol=0, atol=1e-6)
    assert model.duality_gap_ == pytest.approx(scaled.duality_gap_, abs=1e-8)


def test_factors_of_a_lasso_are_units(overlapping_classes):
    X, y = overlapping_classes(3)
    factor = np.array([1.0, 4.0, 0.25, 9.0])
    for grouped in (False, True):
        shared = dict(C=0.3, l1_ratio=1.0, grouped=grouped, **TIGHT)
        scaled = SoftmaxRegression(**shared).fit(X / factor, y)
        model = SoftmaxRegression(penalty_factor=factor, **shared).fit(X, y)
        np.testing.assert_allclose(model.coef_, scaled.coef_ / factor, rtol=0, atol=1e-7)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("grouped", [False, True])
def test_a_feature_without_a_penalty_is_fitted_freely(l1_ratio, grouped, overlapping_classes):
    X, y = overlapping_classes(3)
    factor = [0.0, 1.0, 1e6, 1e6]
    shared = dict(C=0.05, l1_ratio=l1_ratio, grouped=grouped, **TIGHT)
    model = SoftmaxRegression(penalty_factor=factor, **shared).fit(X, y)
    alone = SoftmaxRegression(C=np.inf, **TIGHT).fit(X[:, :1], y)
    assert np.abs(model.coef_[:, 0]).max() > 0.5 * np.abs(alone.coef_).max()
    assert max(violation(model, X, y)) < 1e-4
    np.testing.assert_allclose(model.coef_[:, 0].sum(), 0, atol=1e-9)
    assert model.duality_gap_ == np.inf
    assert model.converged_


def test_without_strength_there_is_no_penalty(overlapping_classes):
    X, y = overlapping_classes(3)
    free = SoftmaxRegression(C=np.inf, **TIGHT).fit(X, y)
    for parameters in (dict(C=np.inf, l1_ratio=1.0), dict(penalty_factor=np.zeros(4))):
        model = SoftmaxRegression(**parameters, **TIGHT).fit(X, y)
        np.testing.assert_allclose(model.coef_, free.coef_, atol=1e-5)
        assert model.duality_gap_ == np.inf


def test_a_strong_penalty_leaves_the_intercepts(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(C=1e-4, l1_ratio=1.0).fit(X, y)
    assert not model.coef_.any()
    np.testing.assert_allclose(model.predict_proba(X[:1])[0], np.bincount(y) / len(y), rtol=1e-4)
    assert model.duality_gap_ < 1e-6


def test_nothing_at_all_to_fit(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(C=1e-4, l1_ratio=1.0, fit_intercept=False).fit(X, y)
    assert not model.coef_.any()
    assert model.converged_


def test_units_matter_to_the_penalty_and_not_to_convergence(dataset):
    X, y = dataset("wine")
    units = np.logspace(-3, 3, X.shape[1])
    model = SoftmaxRegression(l1_ratio=1.0, tol=1e-9, C=10.0).fit(X * units, y)
    assert model.converged_
    assert violation(model, X * units, y)[0] < 1e-2


@pytest.mark.parametrize("scale", [1e-150, 1e-8, 1e8, 1e100])
@pytest.mark.parametrize("grouped", [False, True])
def test_features_of_any_scale_have_a_fit(scale, grouped, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(l1_ratio=0.5, grouped=grouped).fit(X * scale, y)
    assert model.converged_
    assert np.isfinite(model.coef_).all()
    assert model.score(X * scale, y) >= np.bincount(y).max() / len(y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_threads_gives_the_same_bits(dtype, dataset):
    X, y = dataset("digits")
    X = X.astype(dtype)
    one, three = (SoftmaxRegression(l1_ratio=1.0, n_jobs=n).fit(X, y) for n in (1, 3))
    np.testing.assert_array_equal(one.coef_, three.coef_)
    assert one.coef_.dtype == dtype
    assert one.converged_


def test_narrow_rows_come_to_the_same_optimum(dataset):
    X, y = dataset("digits")
    wide = SoftmaxRegression(C=0.1, l1_ratio=1.0, **TIGHT).fit(X, y)
    narrow = SoftmaxRegression(C=0.1, l1_ratio=1.0).fit(X.astype(np.float32), y)
    assert narrow.converged_
    assert narrow.objective(X, y) == pytest.approx(float(wide.objective(X, y)), rel=1e-5)


def test_a_warm_start_at_the_optimum_has_nothing_left_to_do(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(l1_ratio=0.5, warm_start=True).fit(X, y)
    assert model.n_iter_[0] > 1
    assert model.fit(X, y).n_iter_[0] <= 1


def test_the_objective_and_its_record_are_the_whole_penalty(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(C=0.2, l1_ratio=0.4, solver=ProximalNewton()).fit(X, y)
    coef = model.coef_
    penalty = 0.3 * (coef**2).sum() + 0.4 * np.abs(coef).sum()
    loss = -model.predict_log_proba(X)[np.arange(len(y)), y].mean()
    expected = loss + penalty / (0.2 * len(y))
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-9)
    assert float(model.objective(X, y)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("max_iter", range(1, 16))
def test_no_more_iterations_than_asked_for(max_iter, dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(l1_ratio=1.0, tol=1e-12, max_iter=max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    assert model.n_iter_[0] <= max_iter
    assert [record.iteration for record in model.records_] == list(range(model.n_iter_[0] + 1))
    assert model.converged_ == (model.duality_gap_ < 1e-8)


def test_records_count_the_checks_of_all_features(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression(l1_ratio=1.0).fit(X, y)
    passes = [record.passes for record in model.records_]
    seconds = [record.seconds for record in model.records_]
    assert passes[0] >= 1  # where to begin is found with all features
    assert (np.diff(passes) > 0).all()
    assert (np.diff(seconds) > 0).all()


def test_early_stopping_keeps_the_value_of_the_whole_penalty(dataset):
    X, y = dataset("digits")
    model = SoftmaxRegression(
        C=100.0, l1_ratio=1.0, early_stopping=True, n_iter_no_change=1, random_state=0
    ).fit(X, y)
    assert model.best_iteration_ < model.n_iter_[0]
    assert 0 <= model.duality_gap_ < np.inf


@pytest.mark.parametrize("solver", ["proximal-newton", "proximal-lbfgs"])
@pytest.mark.parametrize("seed", range(3))
def test_float32_does_not_drift_along_the_mean_over_the_classes(solver, seed, overlapping_classes):
    # No loss sees it, and rounding drove it to 1,000, which left the logits no digits.
    X, y = overlapping_classes(3, seed=seed)
    model = SoftmaxRegression(solver=solver, keep_path=True).fit(X.astype(np.float32), y)
    assert np.abs(model.path_.mean(axis=1)).max() < 1e-6


def test_features_without_a_penalty_come_first_and_are_reported(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(l1_ratio=1.0, penalty_factor=[0, 1, 1, 1]).fit(X, y)
    assert [record.iteration for record in model.records_] == list(range(model.n_iter_[0] + 1))
    assert model.loss_curve_[-1] == pytest.approx(model.objective(X, y), rel=1e-10)
    assert np.all(np.diff([record.passes for record in model.records_]) > 0)


def test_a_fit_that_is_stopped_among_them_goes_no_further(overlapping_classes):
    X, y = overlapping_classes(3)
    settings = for_data(
        settings_of(SoftmaxRegression(l1_ratio=1.0, penalty_factor=[0, 1, 1, 1])), 4, np.arange(3)
    )
    seen = []

    def stop(record, params):
        seen.append(params())
        return True

    training = TrainingSet(X, y, None, np.arange(3))
    fitted = fit_params(settings, training, np.zeros((3, 5)), observers=[stop])
    assert fitted.solution.status is Status.STOPPED
    assert len(seen) == 1
    assert not fitted.params[:, 1:4].any()


@pytest.mark.parametrize("seed", range(12))
def test_the_last_step_is_not_lost_in_rounding(seed):
    X, y = make_classification(n_samples=100, n_features=20, random_state=seed)
    model = SoftmaxRegression(l1_ratio=1, tol=np.finfo(np.float64).eps).fit(X, y)
    gradient = X.T @ (model.predict_proba(X)[:, 1] - y)
    coef = model.coef_[0]
    aside = np.maximum(np.abs(gradient) - 1, 0)
    assert np.abs(np.where(coef != 0, gradient + np.sign(coef), aside)).max() < 1e-12
