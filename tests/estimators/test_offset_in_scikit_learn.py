"""What scikit-learn's tools pass on of an offset: where it arrives, and what is said elsewhere."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.metrics import confusion_matrix, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV

NEEDED = "fitted with an offset, so predictions need that of their rows"
CV = StratifiedKFold(3)


def problem(seed=0):
    rng = np.random.default_rng(seed)
    X, offset = rng.normal(size=(240, 3)), 2 * rng.normal(size=(240, 3))
    logits = X @ rng.normal(size=(3, 3)) + offset
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1), offset


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def asking(model):
    return model.set_fit_request(offset=True).set_score_request(offset=True)


def scores_by_hand(X, y, offset, score, **parameters):
    scores = []
    for train, test in CV.split(X, y):
        model = SoftmaxRegression(**parameters).fit(X[train], y[train], offset=offset[train])
        scores.append(score(model, X[test], y[test], offset[test]))
    return scores


def accuracy(model, X, y, offset):
    return model.score(X, y, offset=offset)


def neg_log_loss(model, X, y, offset):
    return -log_loss(y, model.predict_proba(X, offset=offset), labels=model.classes_)


def test_score_is_told_the_offset(routing):
    X, y, offset = problem()
    model = asking(SoftmaxRegression())
    ours = cross_val_score(model, X, y, cv=CV, params={"offset": offset})
    by_hand = scores_by_hand(X, y, offset, accuracy)
    assert_array_equal(ours, by_hand)
    assert np.mean(by_hand) > np.mean(scores_by_hand(X, y, 0 * offset, accuracy)) + 0.1
    both = cross_validate(model, X, y, cv=CV, params={"offset": offset}, return_train_score=True)
    assert_array_equal(both["test_score"], by_hand)


def test_a_search_chooses_by_score(routing):
    X, y, offset = problem()
    search = GridSearchCV(asking(SoftmaxRegression()), {"C": [1e-3, 1.0]}, cv=CV)
    search.fit(X, y, offset=offset)
    for number, C in enumerate([1e-3, 1.0]):
        mean = search.cv_results_["mean_test_score"][number]
        assert mean == pytest.approx(np.mean(scores_by_hand(X, y, offset, accuracy, C=C)))
    with pytest.raises(ValueError, match=NEEDED):
        search.predict(X)  # which takes rows alone
    chosen = search.best_estimator_.predict_proba(X, offset=offset)
    alone = SoftmaxRegression(**search.best_params_).fit(X, y, offset=offset)
    assert_array_equal(chosen, alone.predict_proba(X, offset=offset))


@pytest.mark.parametrize(
    "scoring", ["accuracy", "neg_log_loss", make_scorer(log_loss, response_method="predict_proba")]
)
def test_scorers_pass_none_on(routing, scoring):
    X, y, offset = problem()
    model, params = asking(SoftmaxRegression()), {"offset": offset}
    with pytest.raises(ValueError, match=NEEDED):
        cross_val_score(model, X, y, cv=CV, scoring=scoring, params=params, error_score="raise")
    with pytest.warns(UserWarning, match=NEEDED):
        scores = cross_val_score(model, X, y, cv=CV, scoring=scoring, params=params)
    assert np.isnan(scores).all()


def test_predictions_of_folds_are_given_none(routing):
    X, y, offset = problem()
    model = asking(SoftmaxRegression()).set_predict_request(offset=True)
    with pytest.raises(ValueError, match=NEEDED):
        cross_val_predict(model, X, y, cv=CV, params={"offset": offset})


def test_without_routing_only_fit_is_told():
    X, y, offset = problem()
    with pytest.warns(UserWarning, match=NEEDED):
        scores = cross_val_score(SoftmaxRegression(), X, y, cv=CV, params={"offset": offset})
    assert np.isnan(scores).all()


class ByLogLoss(SoftmaxRegression):
    """A model that is scored by another metric."""

    def score(self, X, y, sample_weight=None, *, offset=None):
        return neg_log_loss(self, X, y, offset)


def test_another_metric_is_a_score_of_ones_own(routing):
    X, y, offset = problem()
    scores = cross_val_score(asking(ByLogLoss()), X, y, cv=CV, params={"offset": offset})
    assert_allclose(scores, scores_by_hand(X, y, offset, neg_log_loss), rtol=1e-12)


def test_the_cross_validated_model_scores_by_any_metric():
    X, y, offset = problem()
    model = SoftmaxRegressionCV(Cs=[1.0], cv=CV, scoring="neg_log_loss")
    model.fit(X, y, offset=offset)
    by_hand = scores_by_hand(X, y, offset, neg_log_loss, tol=1e-10)
    assert_allclose(model.scores_.ravel(), by_hand, rtol=1e-3)


def test_pipelines(routing):
    X, y, offset = problem()
    model = asking(SoftmaxRegression()).set_predict_request(offset=True)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y, offset=offset)
    scaled = StandardScaler().fit_transform(X)
    alone = SoftmaxRegression().fit(scaled, y, offset=offset)
    expected = alone.predict(scaled, offset=offset)
    assert_array_equal(pipeline.predict(X, offset=offset), expected)
    assert pipeline.score(X, y, offset=offset) == (expected == y).mean()
    with pytest.raises(ValueError, match=NEEDED):
        pipeline.predict(X)
    with config_context(enable_metadata_routing=False), warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline.fit(X, y, softmaxregression__offset=offset)
        # The last step is passed what predictions take.
        assert_array_equal(
            pipeline.predict_proba(X, offset=offset), alone.predict_proba(scaled, offset=offset)
        )


def test_their_displays_take_predictions():
    metrics = pytest.importorskip("sklearn.metrics")
    pytest.importorskip("matplotlib").use("Agg")
    X, y, offset = problem()
    model = SoftmaxRegression().fit(X, y, offset=offset)
    with pytest.raises(ValueError, match=NEEDED):
        metrics.ConfusionMatrixDisplay.from_estimator(model, X, y)
    predicted = model.predict(X, offset=offset)
    display = metrics.ConfusionMatrixDisplay.from_predictions(y, predicted)
    assert_array_equal(display.confusion_matrix, confusion_matrix(y, predicted))
