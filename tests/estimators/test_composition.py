"""Inside scikit-learn's meta-estimators, searches and cross-validation."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.solvers import LBFGS, SGD

TIGHT = dict(tol=1e-13)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


def ours_and_theirs():
    return SoftmaxRegression(**TIGHT), LogisticRegression(
        solver="newton-cholesky", tol=1e-10, max_iter=1000
    )


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict_in_a_pipeline(method, iris):
    results = [
        cross_val_predict(make_pipeline(StandardScaler(), model), *iris, cv=5, method=method)
        for model in ours_and_theirs()
    ]
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-5)


def test_grid_search_over_the_penalty_chooses_the_same(iris):
    searches = []
    for model in ours_and_theirs():
        pipeline = make_pipeline(StandardScaler(), model)
        name = f"{type(model).__name__.lower()}__C"
        search = GridSearchCV(pipeline, {name: np.logspace(-3, 3, 7)}, scoring="neg_log_loss")
        searches.append(search.fit(*iris))
    ours, theirs = searches
    assert list(ours.best_params_.values()) == list(theirs.best_params_.values())
    np.testing.assert_allclose(
        ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-6
    )


def test_grid_search_over_options_of_a_solver_and_over_solvers(iris):
    model = SoftmaxRegression(solver=SGD(), max_iter=20, random_state=0)
    search = GridSearchCV(model, {"solver__learning_rate": [1e-6, 0.05]}, cv=3).fit(*iris)
    assert search.best_params_ == {"solver__learning_rate": 0.05}
    assert model.solver == SGD()
    search = GridSearchCV(
        SoftmaxRegression(), {"solver": ["newton-cholesky", LBFGS(history=3)]}, cv=3
    ).fit(*iris)
    assert search.best_score_ > 0.9


@pytest.mark.slow
def test_searches_in_two_processes_find_the_same(iris):
    grid = {"C": [0.01, 1.0]}
    scores = [
        GridSearchCV(SoftmaxRegression(), grid, n_jobs=n_jobs)
        .fit(*iris)
        .cv_results_["mean_test_score"]
        for n_jobs in (1, 2)
    ]
    np.testing.assert_array_equal(*scores)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: CalibratedClassifierCV(model, cv=3),
        lambda model: OneVsRestClassifier(model),
        lambda model: OneVsOneClassifier(model),
        lambda model: VotingClassifier([("a", model), ("b", clone(model))], voting="soft"),
        lambda model: StackingClassifier([("a", model)], final_estimator=clone(model), cv=3),
        lambda model: BaggingClassifier(model, n_estimators=3, random_state=0),
    ],
    ids=["calibrated", "one-vs-rest", "one-vs-one", "voting", "stacking", "bagging"],
)
def test_meta_estimators_predict_what_they_do_with_logistic_regression(wrap, iris):
    X, y = iris
    ours, theirs = (wrap(model).fit(X, y) for model in ours_and_theirs())
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    if hasattr(ours, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_threads_fit_side_by_side(iris):
    from joblib import parallel_backend

    expected = cross_val_score(SoftmaxRegression(), *iris, cv=4)
    with parallel_backend("threading", n_jobs=2):
        scores = cross_val_score(SoftmaxRegression(), *iris, cv=4, n_jobs=2)
    np.testing.assert_array_equal(scores, expected)
