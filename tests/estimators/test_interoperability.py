"""What other tools see: a LogisticRegression, routed weights, selected and named features."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression

METHODS = ["decision_function", "predict_proba", "predict_log_proba"]


def same_predictions(model, twin, X):
    tolerance = dict(rtol=1e-4, atol=1e-6) if model.coef_.dtype == np.float32 else dict(rtol=1e-9)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    for method in METHODS:
        ours, theirs = getattr(model, method)(X), getattr(twin, method)(X)
        assert (theirs.shape, theirs.dtype) == (ours.shape, ours.dtype)
        np.testing.assert_allclose(theirs, ours, **tolerance)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("labels", [[0, 1, 2], ["x", "y", "z"], [-2.0, 4.0, 7.0]], ids=str)
def test_a_logistic_regression_predicts_the_same(
    labels, fit_intercept, dtype, n_classes, overlapping_classes
):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression(fit_intercept=fit_intercept).fit(X.astype(dtype), np.take(labels, y))
    twin = model.to_logistic_regression()
    assert type(twin) is LogisticRegression
    for rows in (X.astype(dtype), sp.csr_matrix(X, dtype=dtype)):
        same_predictions(model, twin, rows)
        same_predictions(model.sparsify(), model.to_logistic_regression(), rows)
        model.densify()
    same_predictions(model, pickle.loads(pickle.dumps(twin)), X.astype(dtype))


def test_it_has_all_that_a_fitted_one_has(overlapping_classes):
    X, y = overlapping_classes(3)
    X = pd.DataFrame(X, columns=list("abcd"))
    twin = SoftmaxRegression().fit(X, y).to_logistic_regression()
    native = LogisticRegression().fit(X, y)
    fitted = {name for name in vars(native) if name.endswith("_")}
    for name in fitted:
        ours, theirs = np.asarray(getattr(twin, name)), np.asarray(getattr(native, name))
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype), name
    assert {name for name in vars(twin) if name.endswith("_")} == fitted
    with pytest.raises(ValueError, match="feature names"):
        twin.predict(X.rename(columns={"a": "z"}))


def test_the_two_share_nothing(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(class_weight={0: 2.0}, random_state=np.random.RandomState(0))
    twin = model.fit(X, y).to_logistic_regression()
    before, next_number = model.predict_proba(X), deepcopy(model.random_state).rand()
    for name in ("coef_", "intercept_", "classes_", "n_iter_"):
        assert not np.shares_memory(getattr(model, name), getattr(twin, name))
    twin.fit(X[:, :2], y)
    twin.class_weight[0] = 5.0
    twin.random_state.rand()
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.class_weight == {0: 2.0}
    assert model.random_state.rand() == next_number


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "parameters",
    [
        dict(C=0.1),
        dict(C=np.inf),
        dict(C=10.0, fit_intercept=False),
        dict(class_weight="balanced"),
        dict(class_weight={0: 3.0}, n_jobs=2),
    ],
    ids=str,
)
def test_fitted_anew_it_finds_the_same_optimum(parameters, n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = SoftmaxRegression(tol=1e-12, **parameters).fit(X, y)
    anew = clone(model.to_logistic_regression()).set_params(tol=1e-8, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(anew.predict_proba(X), model.predict_proba(X), rtol=1e-4)


def test_parameters_of_another_meaning_stay_behind(overlapping_classes):
    model = SoftmaxRegression(max_iter=77, tol=1e-3, n_jobs=2, random_state=5, verbose=0)
    twin = model.fit(*overlapping_classes(3)).to_logistic_regression()
    theirs, default = twin.get_params(), LogisticRegression().get_params()
    changed = {name: value for name, value in theirs.items() if value != default[name]}
    assert changed == {"max_iter": 77, "random_state": 5}
    assert model.set_params(max_iter=None).to_logistic_regression().max_iter == default["max_iter"]


def test_an_elastic_net_is_one_there_too(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression().fit(X, y).set_params(l1_ratio=0.5, C=0.05)
    twin = model.to_logistic_regression()
    same_predictions(model, twin, X)
    anew = clone(twin).set_params(max_iter=1000).fit(X, y)
    assert (anew.l1_ratio, anew.solver) == (0.5, "saga")
    assert (anew.coef_ == 0).any()


def test_there_is_none_before_fit():
    with pytest.raises(NotFittedError):
        SoftmaxRegression().to_logistic_regression()


@pytest.mark.filterwarnings("ignore")  # those of another package
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_onnx_predicts_the_same(load):
    skl2onnx = pytest.importorskip("skl2onnx", reason="needs skl2onnx, of the extra external")
    onnxruntime = pytest.importorskip(
        "onnxruntime", reason="needs onnxruntime, of the extra external"
    )
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    model = SoftmaxRegression().fit(X, y)
    converted = skl2onnx.to_onnx(model.to_logistic_regression(), X[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(converted.SerializeToString())
    labels, probabilities = session.run(None, {session.get_inputs()[0].name: X})
    np.testing.assert_array_equal(labels, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=1e-4, atol=1e-6)


@pytest.fixture
def weighted():
    """Iris, and weights so uneven that a fit or score without them is another one."""
    X, y = load_iris(return_X_y=True)
    return X, y, np.random.default_rng(0).exponential(size=len(y)) ** 3


def routed(**parameters):
    return SoftmaxRegression(**parameters).set_fit_request(sample_weight=True)


def weighted_scorer():
    return get_scorer("neg_log_loss").set_score_request(sample_weight=True)


def loss_by_hand(model, X, y, weights, train, test):
    model = model.fit(X[train], y[train], sample_weight=weights[train])
    return -log_loss(y[test], model.predict_proba(X[test]), sample_weight=weights[test])


def test_weights_reach_fits_and_scores_of_a_nested_search(weighted):
    X, y, weights = weighted
    outer, inner = (KFold(3, shuffle=True, random_state=seed) for seed in (0, 1))
    grid = {"C": [0.01, 1.0, 100.0]}
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(routed(), grid, cv=inner, scoring=weighted_scorer())
        results = cross_validate(
            search,
            X,
            y,
            cv=outer,
            params={"sample_weight": weights},
            scoring=weighted_scorer(),
            return_estimator=True,
        )
    for (train, test), found, score in zip(
        outer.split(X), results["estimator"], results["test_score"], strict=True
    ):
        by_hand = [
            np.mean(
                [
                    loss_by_hand(SoftmaxRegression(C=C), X[train], y[train], weights[train], *fold)
                    for fold in inner.split(X[train])
                ]
            )
            for C in grid["C"]
        ]
        np.testing.assert_allclose(found.cv_results_["mean_test_score"], by_hand, rtol=1e-9)
        best = SoftmaxRegression(**found.best_params_)
        assert score == pytest.approx(loss_by_hand(best, X, y, weights, train, test), rel=1e-9)
        np.testing.assert_array_equal(found.best_estimator_.coef_, best.coef_)


def test_weights_reach_the_last_step_of_a_pipeline(weighted):
    X, y, weights = weighted
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        model = make_pipeline(scaler, routed()).fit(X, y, sample_weight=weights)[-1]
    expected = SoftmaxRegression().fit(StandardScaler().fit_transform(X), y, weights)
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_weights_nobody_asked_for_are_an_error(weighted):
    X, y, weights = weighted
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(SoftmaxRegression(), {"C": [1.0]})
        with pytest.raises(ValueError, match="not explicitly set as requested"):
            search.fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("resource", ["n_samples", "max_iter"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_successive_halving(resource):
    X, y = load_iris(return_X_y=True)
    most = {} if resource == "n_samples" else dict(max_resources=90, min_resources=10)
    search = HalvingGridSearchCV(
        SoftmaxRegression(), {"C": [1e-6, 1e-3, 1.0]}, resource=resource, random_state=0, **most
    ).fit(X, y)
    assert search.best_params_["C"] == 1.0
    assert search.n_iterations_ >= 2
    assert search.score(X, y) > 0.95


def test_selection_keeps_what_has_large_coefficients(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegression().fit(X, y)
    size = np.abs(model.coef_).sum(axis=0)  # over the classes, as SelectFromModel adds them
    for threshold, limit in [(None, size.mean()), ("median", np.median(size)), (0.7, 0.7)]:
        fresh = SelectFromModel(SoftmaxRegression(), threshold=threshold).fit(X, y)
        fitted = SelectFromModel(model, threshold=threshold, prefit=True).fit(X)
        for selector in (fresh, fitted):
            np.testing.assert_array_equal(selector.get_support(), size >= limit)
        np.testing.assert_array_equal(fitted.transform(X), X[:, size >= limit])


def test_frames_keep_their_names_through_a_pipeline():
    X, y = load_iris(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(
        StandardScaler(), SelectFromModel(SoftmaxRegression(), max_features=2), SoftmaxRegression()
    ).set_output(transform="pandas")
    pipeline.fit(X, y)
    kept = X.columns[pipeline[1].get_support()].tolist()
    assert len(kept) == 2
    assert pipeline[1].estimator_.feature_names_in_.tolist() == X.columns.tolist()
    assert pipeline[-1].feature_names_in_.tolist() == kept
    twin = pipeline[-1].to_logistic_regression()
    assert twin.feature_names_in_.tolist() == kept
    same_predictions(pipeline[-1], twin, pipeline[:-1].transform(X))


def test_permutation_importance_finds_the_feature_that_matters():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = (X[:, 2] > 0).astype(int)
    model = SoftmaxRegression().fit(X, y)
    importances = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert importances.importances_mean.argmax() == 2
    assert importances.importances_mean[2] > 0.3


def test_a_frozen_model_is_calibrated_as_it_is(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression().fit(X[:200], y[:200])
    twin = model.to_logistic_regression()
    ours, theirs = (
        CalibratedClassifierCV(FrozenEstimator(fitted)).fit(X[200:], y[200:])
        for fitted in (model, twin)
    )
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
    frozen = FrozenEstimator(model)
    np.testing.assert_array_equal(frozen.fit(X[:50], y[:50]).coef_, twin.coef_)
