"""Scores of folds that lack a class, on either side, and what becomes of those that have none."""

import inspect
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    d2_log_loss_score,
    f1_score,
    get_scorer_names,
    log_loss,
    make_scorer,
    precision_score,
    top_k_accuracy_score,
)

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, functional

CS = [0.01, 1.0, 100.0]
NOT_DEFINED = pytest.mark.filterwarnings("ignore:scoring=.* is not defined on the rows")
KINDS = {
    "dense": np.asarray,
    "CSR": sp.csr_matrix,
    "CSC": sp.csc_matrix,
    "float32": lambda X: X.astype(np.float32),
}


def held_out_without_the_last_class(y):
    """Three folds; the rows that the second holds out lack the last class."""
    part = np.arange(len(y)) % 3
    part[(y == y.max()) & (part == 1)] = 0
    return [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(3)]


def fitted(X, y, scoring, cv, weights=None, **parameters):
    model = SoftmaxRegressionCV(Cs=CS, cv=cv, scoring=scoring, tol=1e-12, **parameters)
    return model.fit(X, y, sample_weight=weights)


def theirs(X, y, scoring, cv, weights=None):
    """LogisticRegressionCV of scikit-learn 1.9, which tells scorers all labels."""
    if "use_legacy_attributes" not in inspect.signature(LogisticRegressionCV).parameters:
        pytest.skip("this LogisticRegressionCV has other layouts")
    if sklearn.__version__.startswith("1.8"):
        pytest.skip("this LogisticRegressionCV tells scorers nothing")
    model = LogisticRegressionCV(
        Cs=CS,
        cv=cv,
        scoring=scoring,
        l1_ratios=(0,),
        use_legacy_attributes=False,
        solver="newton-cholesky",
        tol=1e-10,
        max_iter=1000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, sample_weight=weights)


def probabilities(model, fold, j, X):
    """The probabilities that a fold's model gives, from its coefficients."""
    params = model.coefs_paths_[fold, 0, j]
    logits = np.asarray(X @ params[:, :-1].T + params[:, -1])
    if logits.shape[1] == 1:
        return np.hstack([functional.sigmoid(-logits), functional.sigmoid(logits)])
    return functional.softmax(logits, axis=1)


LOG_LOSS = make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")
METRICS = {
    "top_k_accuracy": lambda y, P, K: top_k_accuracy_score(y, P, labels=range(K)),
    "f1_macro": lambda y, P, K: f1_score(y, P.argmax(axis=1), average="macro"),
    LOG_LOSS: lambda y, P, K: -log_loss(y, P, labels=range(K)),
}
if "d2_log_loss_score" in get_scorer_names():  # before, the metric itself needs all classes
    METRICS["d2_log_loss_score"] = lambda y, P, K: d2_log_loss_score(y, P, labels=range(K))


class TestHeldOutRowsLackAClass:
    @pytest.mark.parametrize("scoring", METRICS, ids=str)
    @pytest.mark.parametrize("n_classes", [3, 4])
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_scorer_is_told_all_labels(self, kind, n_classes, scoring, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        X, cv = KINDS[kind](X), held_out_without_the_last_class(y)
        metric = METRICS[scoring]
        model = fitted(X, y, scoring, cv)
        for fold, (_, test) in enumerate(cv):
            for j in range(len(CS)):
                expected = metric(y[test], probabilities(model, fold, j, X[test]), n_classes)
                assert model.scores_[fold, 0, j] == pytest.approx(expected, rel=1e-4)

    @NOT_DEFINED
    @pytest.mark.parametrize(
        "scoring",
        [
            "neg_brier_score",
            "d2_log_loss_score",
            "top_k_accuracy",
            "roc_auc_ovr",
            "roc_auc_ovo",
            "f1_weighted",
            "neg_log_loss",
            "accuracy",
        ],
    )
    @pytest.mark.parametrize("n_classes", [3, 4])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_as_theirs(self, weighted, n_classes, scoring, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        if weighted and scoring == "roc_auc_ovo":
            pytest.skip("takes no weights")
        weights = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
        cv = held_out_without_the_last_class(y)
        other = theirs(X, y, scoring, cv, weights)
        ours = fitted(X, y, scoring, cv, weights)
        np.testing.assert_allclose(ours.scores_, other.scores_, rtol=1e-4, atol=1e-6)
        if scoring != "roc_auc_ovr":  # with NaN theirs takes the first penalty
            assert ours.C_ == other.C_

    @pytest.mark.parametrize("scoring", ["f1", "precision", "recall", "neg_brier_score"])
    @pytest.mark.parametrize("names", [["no", "yes"], [0, 1], [1, 2]])
    def test_the_second_of_two_classes_is_the_positive_one_as_in_theirs(
        self, scoring, names, overlapping_classes
    ):
        X, y = overlapping_classes(2)
        cv, y = held_out_without_the_last_class(1 - y), np.array(names)[y]  # all of them second
        other = theirs(X, y, scoring, cv)
        ours = fitted(X, y, scoring, cv)
        np.testing.assert_allclose(ours.scores_, other.scores_, rtol=1e-5)
        assert ours.C_ == other.C_

    def test_what_a_scorer_was_made_with_stays(self, overlapping_classes):
        X, y = overlapping_classes(3)
        cv = held_out_without_the_last_class(y)
        two = make_scorer(f1_score, labels=[0, 1], average="macro")
        model = fitted(X, y, two, cv)
        first = make_scorer(precision_score, pos_label=0)
        binary = fitted(X, (y > 0).astype(int), first, cv)
        for fold, (_, test) in enumerate(cv):
            predicted = probabilities(model, fold, 1, X[test]).argmax(axis=1)
            expected = f1_score(y[test], predicted, labels=[0, 1], average="macro")
            assert model.scores_[fold, 0, 1] == pytest.approx(expected)
            predicted = probabilities(binary, fold, 1, X[test]).argmax(axis=1)
            expected = precision_score(y[test] > 0, predicted, pos_label=0)
            assert binary.scores_[fold, 0, 1] == pytest.approx(expected)

    def test_callables_and_metrics_that_take_no_labels_are_told_nothing(self, overlapping_classes):
        X, y = overlapping_classes(3)
        cv = held_out_without_the_last_class(y)
        given = []

        def scorer(estimator, X, y, **more):
            given.append(more)
            return estimator.score(X, y)

        def metric(y, predicted):
            return np.mean(y == predicted)

        expected = fitted(X, y, "accuracy", cv).scores_
        for scoring in (scorer, make_scorer(metric)):
            np.testing.assert_allclose(fitted(X, y, scoring, cv).scores_, expected)
        assert given == [{}] * 9

    def test_an_error_of_the_metric_itself_is_not_hidden(self, overlapping_classes):
        X, y = overlapping_classes(3)

        def metric(y, predicted):
            raise TypeError("a fault of the metric")

        with pytest.raises(TypeError, match="a fault of the metric"):
            fitted(X, y, make_scorer(metric), 3)
        with pytest.raises(ValueError, match="multi_class must be in"):
            fitted(X, y, "roc_auc", 3)

    def test_with_metadata_routing(self, overlapping_classes):
        X, y = overlapping_classes(4)
        cv = held_out_without_the_last_class(y)
        weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
        plain = fitted(X, y, LOG_LOSS, cv, weights)
        with sklearn.config_context(enable_metadata_routing=True):
            scorer = make_scorer(
                log_loss, greater_is_better=False, response_method="predict_proba"
            ).set_score_request(sample_weight=True)
            routed = fitted(X, y, scorer, cv, weights)
        np.testing.assert_array_equal(routed.scores_, plain.scores_)

    def test_probability_targets(self, overlapping_classes):
        X, y = overlapping_classes(4)
        Y = 0.8 * functional.one_hot(y) + 0.05
        cv = held_out_without_the_last_class(y)
        model = fitted(X, Y, LOG_LOSS, cv)
        test = cv[1][1]
        score = -log_loss(y[test], probabilities(model, 1, 0, X[test]), labels=range(4))
        assert model.scores_[1, 0, 0] == pytest.approx(score)


class TestAFoldTrainsOnOneClass:
    """Its model gives that class the probability one, whatever the row."""

    def splits(self, y, known):
        rest = np.arange(len(y))
        return [
            (np.flatnonzero(y == known), rest[::4]),
            (rest[rest % 3 != 0], rest[::3]),
        ]

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("fit_intercept", [True, False])
    @pytest.mark.parametrize(("n_classes", "known"), [(2, 0), (2, 1), (3, 2), (4, 1)])
    def test_it_is_scored_by_the_constant_model(
        self, n_classes, known, fit_intercept, kind, overlapping_classes
    ):
        X, y = overlapping_classes(n_classes)
        X, cv = KINDS[kind](X), self.splits(y, known)
        test = cv[0][1]
        certain = np.zeros((len(test), n_classes), X.dtype)
        certain[:, known] = 1
        shared = dict(fit_intercept=fit_intercept)
        model = fitted(X, y, "accuracy", cv, **shared)
        np.testing.assert_array_equal(model.scores_[0], [[np.mean(y[test] == known)] * 3])
        loss = fitted(X, y, "neg_log_loss", cv, **shared)
        expected = -log_loss(y[test], certain, labels=range(n_classes))
        np.testing.assert_allclose(loss.scores_[0], [[expected] * 3], rtol=1e-6)
        other = fitted(X, y, make_scorer(f1_score, average="micro"), cv, **shared)
        np.testing.assert_allclose(other.scores_[0], model.scores_[0])
        assert model.n_iter_[0].tolist() == [[0, 0, 0]]
        assert model.converged_
        alone = SoftmaxRegression(C=model.C_, tol=1e-12, **shared).fit(X, y)
        atol = 1e-3 if kind == "float32" else 1e-5
        np.testing.assert_allclose(model.coef_, alone.coef_, atol=atol)

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_its_coefficients(self, n_classes, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        for known in range(n_classes):
            cv = self.splits(y, known)
            with_intercept = fitted(X, y, "accuracy", cv).coefs_paths_[0]
            without = fitted(X, y, "accuracy", cv, fit_intercept=False).coefs_paths_[0]
            assert not with_intercept[..., :-1].any()
            if n_classes == 2:
                expected = np.inf if known else -np.inf
                np.testing.assert_array_equal(with_intercept[..., -1], expected)
                assert np.isnan(without).all()
            else:
                expected = np.where(np.arange(3) == known, 0.0, -np.inf)
                np.testing.assert_array_equal(with_intercept[0, 0, :, -1], expected)
                assert np.isnan(without[..., expected < 0, :]).all()
                assert not without[..., known, :].any()

    @pytest.mark.parametrize("n_classes", [2, 4])
    def test_means_without_a_refit(self, n_classes, overlapping_classes):
        X, y = overlapping_classes(n_classes)
        model = fitted(X, y, "accuracy", self.splits(y, 0), refit=False)
        other = np.argmax(model.scores_[1, 0])
        part = 1 if n_classes == 2 else 0.5 * np.append(1, np.full(3, 2))[:, None]
        np.testing.assert_allclose(model.params_, part * model.coefs_paths_[1, 0, other])
        assert pytest.approx((CS[0] + CS[other]) / 2) == model.C_

    def test_weights_leave_a_single_class(self, overlapping_classes):
        X, y = overlapping_classes(3)
        weights = np.ones(len(y))
        weights[:200][y[:200] != 1] = 0
        cv = [(np.arange(200), np.arange(200, 300)), (np.arange(100, 300), np.arange(100))]
        model = fitted(X, y, "accuracy", cv, weights)
        assert model.scores_[0, 0, 0] == np.mean(y[200:] == 1)

    def test_every_fold_trains_on_one_class(self, overlapping_classes):
        X, y = overlapping_classes(2)
        cv = [(np.flatnonzero(y == k), np.flatnonzero(y != k)) for k in range(2)]
        model = fitted(X, y, "accuracy", cv)
        assert not model.scores_.any()
        assert CS[0] == model.C_
        other = theirs(X, y, "accuracy", cv)
        np.testing.assert_array_equal(other.scores_, model.scores_)

    def test_bounds_hold_for_coefficients_of_zero(self, overlapping_classes):
        X, y = overlapping_classes(3)
        lower = np.zeros((3, 4))
        model = fitted(X, y, "accuracy", self.splits(y, 1), lower_bounds=lower)
        assert (model.coefs_paths_[..., :-1] >= 0).all()

    def test_probability_targets(self, overlapping_classes):
        X, y = overlapping_classes(3)
        Y = np.where(np.arange(300)[:, None] < 150, [[1.0, 0, 0]], 0.7 * functional.one_hot(y))
        Y[150:] += 0.1
        cv = [(np.arange(100), np.arange(100, 300)), (np.arange(100, 300), np.arange(100))]
        model = fitted(X, Y, "accuracy", cv)
        assert model.scores_[0, 0, 0] == np.mean(Y[100:].argmax(axis=1) == 0)

    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("scoring", ["neg_brier_score", "neg_log_loss"])
    def test_sorted_rows_in_as_many_folds_as_classes(self, n_classes, scoring):
        """Each fold holds out a class that it does not know."""
        y = np.array(["a", "a", "b", "b", "c", "c"])[: 2 * n_classes]
        X = np.arange(2.0 * n_classes)[:, None]
        cv = [(np.flatnonzero(y != name), np.flatnonzero(y == name)) for name in np.unique(y)]
        if scoring == "neg_brier_score" and not takes_labels(brier_score_loss):
            pytest.skip("this brier_score_loss takes no labels")
        model = fitted(X, y, scoring, cv)
        for fold, (_, test) in enumerate(cv):
            P = probabilities(model, fold, 0, X[test])
            if scoring == "neg_log_loss":
                expected = log_loss(y[test], P, labels=np.unique(y))
            else:
                onehot = y[test][:, None] == np.unique(y)
                expected = ((onehot - P) ** 2).sum(axis=1).mean() / (2 if n_classes == 2 else 1)
            assert -model.scores_[fold, 0, 0] == pytest.approx(expected)


def takes_labels(metric):
    return "labels" in inspect.signature(metric).parameters


class TestNotDefined:
    MESSAGE = r"scoring='roc_auc_ovr' is not defined .* folds .* \(numbers \[1\]\)"

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("rule", ["best", "one_standard_error"])
    def test_it_is_left_out_of_the_mean_with_a_warning(self, rule, kind, overlapping_classes):
        X, y = overlapping_classes(3)
        X, cv = KINDS[kind](X), held_out_without_the_last_class(y)
        with pytest.warns(UndefinedMetricWarning, match=self.MESSAGE) as caught:
            model = fitted(X, y, "roc_auc_ovr", cv, rule=rule)
        assert len(caught) == 1
        np.testing.assert_array_equal(np.isnan(model.scores_[:, 0, 0]), [False, True, False])
        others = fitted(X, y, "roc_auc_ovr", [cv[0], cv[2]], rule=rule)
        np.testing.assert_allclose(others.scores_, model.scores_[[0, 2]], atol=1e-6)
        assert model.C_ == others.C_
        assert model.best_index_ == others.best_index_
        assert model.one_standard_error_index_ == others.one_standard_error_index_

    def test_without_a_refit_the_fold_is_left_out(self, overlapping_classes):
        X, y = overlapping_classes(3)
        cv = held_out_without_the_last_class(y)
        with pytest.warns(UndefinedMetricWarning, match=self.MESSAGE):
            model = fitted(X, y, "roc_auc_ovr", cv, refit=False)
        others = fitted(X, y, "roc_auc_ovr", [cv[0], cv[2]], refit=False)
        assert pytest.approx(others.C_) == model.C_
        np.testing.assert_allclose(model.params_, others.params_, atol=1e-5)

    @pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "balanced_accuracy"])
    def test_rows_without_weight(self, scoring, overlapping_classes):
        X, y = overlapping_classes(3)
        part = np.arange(len(y)) % 3
        cv = [(np.flatnonzero(part != k), np.flatnonzero(part == k)) for k in range(3)]
        with pytest.warns(UndefinedMetricWarning, match=r"numbers \[2\]"):
            model = fitted(X, y, scoring, cv, np.where(part == 2, 0.0, 1.0))
        assert np.isnan(model.scores_[2]).all()
        assert np.isfinite(model.scores_[:2]).all()

    def test_an_error_of_the_metric_where_a_class_is_missing_is_quoted(self, overlapping_classes):
        X, y = overlapping_classes(3)
        cv = held_out_without_the_last_class(y)

        def needs_all(y, P):
            if len(np.unique(y)) < 3:
                raise ValueError("I want to see all classes.")
            return average_precision_score(y == 0, P[:, 0])

        scorer = make_scorer(needs_all, response_method="predict_proba")
        with pytest.warns(UndefinedMetricWarning, match=r"\(I want to see all classes\)\. Such"):
            model = fitted(X, y, scorer, cv)
        assert np.isnan(model.scores_[1]).all()
        assert np.isfinite(model.scores_[[0, 2]]).all()

    @pytest.mark.parametrize("worst", [-np.inf, np.nan])
    def test_a_score_infinite_for_every_penalty_says_nothing(self, worst, overlapping_classes):
        X, y = overlapping_classes(3)

        def score(estimator, X, y):
            return worst if len(np.unique(y)) < 3 else -abs(np.log(estimator.C))

        with pytest.warns(UndefinedMetricWarning, match=r"numbers \[1\]"):
            model = fitted(X, y, score, held_out_without_the_last_class(y))
        assert np.isnan(model.scores_[1]).all()
        assert model.C_ == 1.0

    def test_minus_infinity_for_some_penalties_rules_them_out(self, overlapping_classes):
        X, y = overlapping_classes(3)

        def score(estimator, X, y):
            return 1.0 if estimator.C == 1 else -np.inf

        assert fitted(X, y, score, 3).C_ == 1.0

    @pytest.mark.parametrize("scoring", ["roc_auc_ovr", "roc_auc_ovo"])
    def test_nothing_is_defined(self, scoring, overlapping_classes):
        X, y = overlapping_classes(2)
        cv = [(np.arange(300), np.flatnonzero(y == k)) for k in range(2)]
        model = SoftmaxRegressionCV(Cs=CS, cv=cv, scoring=scoring)
        message = f"scoring='{scoring}' is not defined .* no penalty can be chosen.* Choose a scor"
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)
        assert not hasattr(model, "classes_")

    def test_a_display_leaves_it_out_too(self, overlapping_classes):
        pytest.importorskip("matplotlib")
        from sk_softmax.displays import CVDisplay

        X, y = overlapping_classes(3)
        cv = held_out_without_the_last_class(y)
        with pytest.warns(UndefinedMetricWarning, match=self.MESSAGE):
            model = fitted(X, y, "roc_auc_ovr", cv)
        display = CVDisplay.from_estimator(model)
        means = model.scores_[[0, 2], 0].mean(axis=0)
        np.testing.assert_allclose(display.lines_[0].get_ydata(), means)
        floor = means.max() - model.scores_[[0, 2], 0, means.argmax()].std(ddof=1) / np.sqrt(2)
        np.testing.assert_allclose(display.floor_.get_ydata(), floor)


class TestDefault:
    MESSAGE = (
        "The default value of the parameter 'scoring' will change from None, i.e. accuracy, to "
        "'neg_log_loss' as soon as scikit-learn 1.11"
    )

    @pytest.mark.parametrize("version", ["1.6.0", "1.11.0", "2.0"])
    def test_it_is_accuracy_and_will_change(self, version, monkeypatch, overlapping_classes):
        monkeypatch.setattr(sklearn, "__version__", version)
        X, y = overlapping_classes(3)
        model = SoftmaxRegressionCV(Cs=CS, cv=3)
        with pytest.warns(FutureWarning, match=self.MESSAGE) as caught:
            model.fit(X, y)
        assert [warning.filename for warning in caught] == [__file__]
        assert repr(model) == "SoftmaxRegressionCV(Cs=[0.01, 1.0, 100.0], cv=3)"
        for scoring in (None, "accuracy"):
            explicit = SoftmaxRegressionCV(Cs=CS, cv=3, scoring=scoring).fit(X, y)
            np.testing.assert_array_equal(explicit.scores_, model.scores_)
            assert explicit.score(X, y) == model.score(X, y) == np.mean(model.predict(X) == y)

    def test_their_warning_says_the_same(self, overlapping_classes):
        if LogisticRegressionCV().scoring != "warn":
            pytest.skip("this LogisticRegressionCV has another default")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            LogisticRegressionCV(cv=3).fit(*overlapping_classes(3))
        start = self.MESSAGE.split(" as soon")[0]
        assert any(str(warning.message).startswith(start) for warning in caught)
