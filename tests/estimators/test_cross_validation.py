"""SoftmaxRegressionCV against fits of each fold alone and against LogisticRegressionCV."""

import inspect
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.metrics import accuracy_score, get_scorer, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.estimators.penalty_grid import PenaltyGrid, mean_scores, standard_errors

CS = [1e-3, 0.1, 10.0]
TIGHT = 1e-13


def ask(scorer, estimator, X, y):
    """Hide from the estimator which scorer it is."""
    return scorer(estimator, X, y)


@pytest.fixture
def rows(overlapping_classes):
    return overlapping_classes(3, n_rows=120)


def cross_validated(X, y, **parameters):
    defaults = {"Cs": CS, "cv": 3, "scoring": "accuracy", "tol": TIGHT}
    return SoftmaxRegressionCV(**{**defaults, **parameters}).fit(X, y)


def theirs(X, y, sample_weight=None, fit=None, **parameters):
    """LogisticRegressionCV with the plain layouts; before scikit-learn 1.8 it has others."""
    names = inspect.signature(LogisticRegressionCV).parameters
    if "use_legacy_attributes" not in names:
        pytest.skip("this LogisticRegressionCV has other layouts")
    model = LogisticRegressionCV(
        l1_ratios=(0,),
        use_legacy_attributes=False,
        solver="newton-cholesky",
        tol=1e-10,
        max_iter=1000,
        **{"Cs": CS, "cv": 3, "scoring": "accuracy", **parameters},
    )
    return model.fit(X, y, sample_weight=sample_weight, **(fit or {}))


def assert_same(ours, other, rtol=1e-5, atol=1e-6):
    assert ours.C_ == other.C_
    assert ours.l1_ratio_ == other.l1_ratio_ == 0
    for name in ("Cs_", "scores_", "coefs_paths_", "coef_", "intercept_"):
        mine, their = getattr(ours, name), getattr(other, name)
        assert mine.shape == np.shape(their), name
        np.testing.assert_allclose(mine, their, rtol=rtol, atol=atol, err_msg=name)
    assert ours.n_iter_.shape == other.n_iter_.shape


class TestAgainstFitsOfEachFold:
    """What a fold is fitted to, it would be fitted to alone."""

    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("kind", ["dense", "sparse", "float32", "wide", "newton", "large"])
    def test_scores_and_coefficients(self, kind, n_classes, overlapping_classes):
        n_rows, n_features = {"wide": (60, 200), "large": (6000, 50)}.get(kind, (120, 4))
        X, y = overlapping_classes(n_classes, n_rows=n_rows, n_features=n_features)
        tolerance = 2e-3 if kind == "float32" else 1e-6
        tol = 1e-7 if kind == "float32" else TIGHT
        X = {"sparse": sp.csr_matrix, "float32": np.float32}.get(kind, np.asarray)(X)
        solver = "newton-cholesky" if kind == "newton" else "auto"
        for scoring in ("accuracy", "neg_log_loss"):
            model = cross_validated(X, y, scoring=scoring, solver=solver, tol=tol)
            splits = StratifiedKFold(3).split(X, y)
            for number, (train, test) in enumerate(splits):
                for j, C in enumerate(CS):
                    alone = SoftmaxRegression(C=C, tol=tol).fit(X[train], y[train])
                    score = get_scorer(scoring)(alone, X[test], y[test])
                    assert model.scores_[number, 0, j] == pytest.approx(score, abs=tolerance)
                    params = model.coefs_paths_[number, 0, j]
                    assert params.dtype == X.dtype
                    np.testing.assert_allclose(params, alone.params_, atol=100 * tolerance)
        best = model.scores_.mean(axis=(0, 1)).argmax()
        assert CS[best] == model.C_
        whole = SoftmaxRegression(C=model.C_, tol=tol).fit(X, y)
        np.testing.assert_allclose(model.coef_, whole.coef_, atol=100 * tolerance)
        np.testing.assert_allclose(model.intercept_, whole.intercept_, atol=100 * tolerance)
        np.testing.assert_array_equal(model.predict(X), whole.predict(X))
        assert model.converged_

    def test_overlapping_folds_rows_drawn_twice_and_masks(self, rows):
        X, y = rows
        rng = np.random.default_rng(0)
        splits = list(ShuffleSplit(2, test_size=0.4, random_state=0).split(X))
        splits.append((rng.integers(120, size=100), rng.permutation(120)[:50]))
        splits.append((np.arange(120) % 2 == 0, np.arange(120) % 2 == 1))
        model = cross_validated(X, y, cv=splits, scoring="neg_log_loss")
        for number, (train, test) in enumerate(splits):
            alone = SoftmaxRegression(C=10, tol=TIGHT).fit(X[train], y[train])
            np.testing.assert_allclose(model.coefs_paths_[number, 0, 2], alone.params_, atol=1e-4)
            score = -log_loss(y[test], alone.predict_proba(X[test]))
            assert model.scores_[number, 0, 2] == pytest.approx(score, abs=1e-6)

    def test_probability_targets_and_label_smoothing(self, rows):
        X, y = rows
        Y = np.random.default_rng(0).dirichlet(np.ones(3), size=len(y))
        labels = Y.argmax(axis=1)
        for scoring in (None, "neg_log_loss", "f1_macro"):
            model = cross_validated(X, Y, scoring=scoring, label_smoothing=0.1)
            for number, (train, test) in enumerate(StratifiedKFold(3).split(X, labels)):
                alone = SoftmaxRegression(C=0.1, tol=TIGHT, label_smoothing=0.1)
                alone.fit(X[train], Y[train])
                if scoring == "neg_log_loss":
                    logs = alone.predict_log_proba(X[test])
                    score = (Y[test] * logs).sum(axis=1).mean()
                else:
                    score = get_scorer(scoring or "accuracy")(alone, X[test], labels[test])
                assert model.scores_[number, 0, 1] == pytest.approx(score, abs=1e-6)

    def test_the_grid_need_not_be_in_order(self, rows):
        sorted_ = cross_validated(*rows, scoring="neg_log_loss")
        model = cross_validated(*rows, Cs=[0.1, 10.0, 1e-3], scoring="neg_log_loss")
        np.testing.assert_array_equal(model.scores_, sorted_.scores_[:, :, [1, 2, 0]])
        np.testing.assert_array_equal(model.coefs_paths_, sorted_.coefs_paths_[:, :, [1, 2, 0]])
        assert model.C_ == sorted_.C_
        np.testing.assert_array_equal(model.coef_, sorted_.coef_)

    def test_more_columns_than_a_gram_matrix_is_made_for(self):
        rng = np.random.default_rng(0)
        X = sp.random(900, 1200, density=0.01, random_state=0, format="csr")
        y = (X @ rng.normal(size=(1200, 3)) + rng.gumbel(size=(900, 3))).argmax(axis=1)
        model = cross_validated(X, y, Cs=[0.1, 1.0], cv=2, scoring="neg_log_loss", tol=1e-10)
        train, test = next(StratifiedKFold(2).split(X, y))
        alone = SoftmaxRegression(C=1.0, tol=1e-10).fit(X[train], y[train])
        score = -log_loss(y[test], alone.predict_proba(X[test]))
        assert model.scores_[0, 0, 1] == pytest.approx(score, abs=1e-5)

    def test_penalties_that_are_alike(self, rows):
        model = cross_validated(*rows, Cs=[0.1, 0.1, 0.1 + 1e-15, 1.0, 1.0], cv=2)
        scores = model.scores_[:, 0]
        np.testing.assert_array_equal(scores[:, [0, 0, 3]], scores[:, [1, 2, 4]])
        assert np.isfinite(model.coefs_paths_).all()

    def test_no_penalty_at_the_end_of_the_grid(self, rows):
        X, y = rows
        model = cross_validated(X, y, Cs=[0.1, 1.0, 10.0, np.inf])
        train, _ = next(StratifiedKFold(3).split(X, y))
        alone = SoftmaxRegression(C=np.inf, tol=TIGHT).fit(X[train], y[train])
        np.testing.assert_allclose(model.coefs_paths_[0, 0, 3], alone.params_, atol=1e-4)


class TestAgainstLogisticRegressionCV:
    @pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss", "roc_auc_ovr"])
    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_scores_coefficients_and_choice(self, weighted, n_classes, scoring, dataset):
        X, y = dataset("iris")
        y = y if n_classes == 3 else (y == 1).astype(int)
        weights = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
        kinds = {"Cs": CS, "cv": 3, "scoring": scoring}
        ours = SoftmaxRegressionCV(tol=TIGHT, **kinds).fit(X, y, sample_weight=weights)
        assert_same(ours, theirs(X, y, weights, scoring=scoring), rtol=1e-4, atol=1e-5)
        assert ours.score(X, y) == pytest.approx(get_scorer(scoring)(ours, X, y))

    @pytest.mark.parametrize(
        "parameters",
        [
            {"class_weight": "balanced"},
            {"class_weight": {0: 1, 1: 0.5, 2: 3}},
            {"fit_intercept": False},
            {"refit": False},
            {"Cs": 3},
            {"scoring": make_scorer(accuracy_score, normalize=False)},
            {"cv": KFold(4, shuffle=True, random_state=1)},
        ],
        ids=lambda parameters: next(iter(parameters)),
    )
    def test_parameters(self, parameters, rows):
        X, y = rows
        X, y = X[:110], y[:110]  # folds are not quite alike
        ours = cross_validated(X, y, **{"scoring": "neg_log_loss", **parameters})
        other = theirs(X, y, **{"scoring": "neg_log_loss", **parameters})
        assert_same(ours, other)

    def test_strings_and_frames(self, rows):
        X, y = rows
        names = np.array(["b", "c", "a"])[y]
        frame = pd.DataFrame(X, columns=list("pqrs"))
        ours = cross_validated(frame, names)
        assert_same(ours, theirs(frame, names))
        assert set(ours.predict(frame)) <= {"a", "b", "c"}
        assert list(ours.feature_names_in_) == list("pqrs")


class TestScoring:
    def test_any_callable(self, rows):
        X, y = rows
        calls, models = [], []

        def share_right(estimator, X, y):
            calls.append(len(y))
            models.append(estimator)
            assert set(estimator.classes_) == {0, 1, 2}
            return np.mean(estimator.predict(X) == y)

        model = cross_validated(X, y, scoring=share_right)
        assert calls == [40] * 9
        assert len({model.coef_[0, 0] for model in models}) == 9
        np.testing.assert_allclose(model.scores_, cross_validated(X, y).scores_)

    def test_logits_of_the_pass_score_as_a_fitted_model_would(self, rows):
        for n_classes in (3, 2):
            X, y = rows[0], np.minimum(rows[1], n_classes - 1)
            for name in ("accuracy", "neg_log_loss"):
                quick = cross_validated(X, y, scoring=name)
                slow = cross_validated(X, y, scoring=partial(ask, get_scorer(name)))
                np.testing.assert_allclose(quick.scores_, slow.scores_, rtol=1e-12)

    def test_probabilities_are_clipped_like_log_loss(self):
        X = np.arange(-6.0, 6.0)[:, None]
        y = (X[:, 0] > 0).astype(int)
        X[0], X[-1] = 500, -500  # far on the wrong side
        splits = [(np.arange(1, 11), np.array([0, 5, 11]))]
        model = cross_validated(X, y, cv=splits, Cs=[1.0], scoring="neg_log_loss")
        alone = SoftmaxRegression(tol=TIGHT).fit(X[1:11], y[1:11])
        score = -log_loss(y[splits[0][1]], alone.predict_proba(X[splits[0][1]]))
        assert model.scores_[0, 0, 0] == pytest.approx(score, rel=1e-9)
        assert score < -20

    def test_weights_of_the_rows_held_out(self, rows):
        X, y = rows
        weights = np.random.default_rng(0).integers(0, 4, size=len(y)).astype(float)
        for scoring in ("accuracy", "neg_log_loss", "balanced_accuracy"):
            model = SoftmaxRegressionCV(Cs=CS, cv=3, tol=TIGHT, scoring=scoring)
            model.fit(X, y, sample_weight=weights)
            for number, (train, test) in enumerate(StratifiedKFold(3).split(X, y)):
                alone = SoftmaxRegression(C=10, tol=TIGHT)
                alone.fit(X[train], y[train], sample_weight=weights[train])
                score = get_scorer(scoring)(alone, X[test], y[test], sample_weight=weights[test])
                assert model.scores_[number, 0, 2] == pytest.approx(score, abs=1e-6)


class TestClassesAFoldLacks:
    @pytest.fixture
    def rows(self, overlapping_classes):
        X, y = overlapping_classes(4, n_rows=160)
        order = np.argsort(y == 2, kind="stable")  # all of class 2 at the end, in the last fold
        return X[order], y[order]

    @pytest.mark.parametrize("fit_intercept", [True, False])
    def test_it_is_as_if_fitted_alone(self, rows, fit_intercept):
        X, y = rows
        first = int(np.argmax(y == 2))
        splits = [
            (np.arange(0, 160, 2), np.arange(1, 160, 2)),
            (np.arange(first), np.arange(first - 20, 160)),
        ]
        model = cross_validated(
            X, y, cv=splits, scoring="neg_log_loss", fit_intercept=fit_intercept
        )
        train, test = splits[1]
        for j, C in enumerate(CS):
            alone = SoftmaxRegression(C=C, tol=TIGHT, fit_intercept=fit_intercept)
            alone.fit(X[train], y[train])
            known = model.coefs_paths_[1, 0, j][[0, 1, 3]]
            np.testing.assert_allclose(known, alone.params_, atol=1e-5)
            lacking = model.coefs_paths_[1, 0, j][2]
            expected = [0, 0, 0, 0, -np.inf] if fit_intercept else [np.nan] * 4
            np.testing.assert_array_equal(lacking, expected)
            probabilities = np.zeros((len(test), 4))
            probabilities[:, [0, 1, 3]] = alone.predict_proba(X[test])
            score = -log_loss(y[test], probabilities, labels=range(4))
            assert model.scores_[1, 0, j] == pytest.approx(score, abs=1e-6)
        accuracy = cross_validated(X, y, cv=splits, fit_intercept=fit_intercept).scores_[1, 0, 2]
        assert accuracy == pytest.approx(np.mean(alone.predict(X[test]) == y[test]))
        assert np.isfinite(model.coef_).all()
        assert model.predict(X).shape == (160,)
        other = cross_validated(X, y, cv=splits, scoring="f1_macro", fit_intercept=fit_intercept)
        assert np.isfinite(other.scores_).all()

    def test_two_classes_left_of_three(self, overlapping_classes):
        X, y = overlapping_classes(3, n_rows=120)
        splits = [(np.flatnonzero(y != 1), np.arange(120))] * 2
        model = cross_validated(X, y, cv=splits, refit=False)
        train = splits[0][0]
        alone = SoftmaxRegression(C=10, tol=TIGHT).fit(X[train], y[train])
        left = model.coefs_paths_[0, 0, 2]
        np.testing.assert_allclose(left[[2]] - left[[0]], alone.params_, atol=1e-4)
        assert model.scores_[0, 0, 2] == np.mean(alone.predict(X) == y)
        assert np.isfinite(model.coef_).all()

    def test_weight_zero_is_absence(self, rows):
        X, y = rows
        weights = np.where(y == 2, 0.0, 1.0)
        weights[-3:] = 1  # the last fold alone holds these out
        model = SoftmaxRegressionCV(scoring="accuracy", Cs=CS, cv=KFold(4)).fit(
            X, y, sample_weight=weights
        )
        lacks = np.isneginf(model.coefs_paths_[..., -1]).any(axis=(1, 2))
        np.testing.assert_array_equal(lacks[:, 2], [False, False, False, True])

    def test_probability_targets(self, rows):
        X, y = rows
        Y = np.random.default_rng(0).dirichlet(np.ones(4), size=len(y))
        Y[:80, 1] = 0
        Y /= Y.sum(axis=1, keepdims=True)
        splits = [(np.arange(80), np.arange(80, 160)), (np.arange(80, 160), np.arange(80))]
        model = cross_validated(X, Y, cv=splits, scoring="neg_log_loss")
        alone = SoftmaxRegression(C=10, tol=TIGHT).fit(X[:80], Y[:80][:, [0, 2, 3]])
        np.testing.assert_allclose(
            model.coefs_paths_[0, 0, 2][[0, 2, 3]], alone.params_, atol=1e-5
        )
        assert np.isfinite(model.scores_).all()

    def test_no_class_at_all_is_an_error_that_names_the_fold(self, rows):
        X, y = rows
        splits = [(np.arange(100), np.arange(100, 160)), ([0, 1], np.arange(2, 160))]
        with pytest.raises(ValueError, match="Fold 1 of cv trains on no row with weight"):
            cross_validated(X, y, cv=[splits[0], ([], [0, 1])])
        model = SoftmaxRegressionCV(cv=splits, scoring="accuracy")
        with pytest.raises(ValueError, match="Fold 1 of cv trains on no row with weight"):
            model.fit(X, y, sample_weight=np.append([0.0, 0.0], np.ones(158)))


class TestChoice:
    def test_one_standard_error_by_hand(self):
        grid = PenaltyGrid(np.array([0.1, 1.0, 10.0, 100.0]), np.array([0.0]))
        scores = np.array([[0.70, 0.78, 0.80, 0.79], [0.72, 0.84, 0.90, 0.91]])[:, None]
        # The best mean is 0.85 at 10 and at 100; the standard error at 10 is 0.05, so 0.80 will
        # do, which 0.81 at C=1 is above.
        assert grid.best(scores) == (0, 2)
        assert grid.within_one_standard_error(scores) == (0, 1)
        assert grid.within_one_standard_error(scores[:1]) == grid.best(scores[:1]) == (0, 2)

    def test_ties_go_to_the_smallest_C_in_any_order(self):
        grid = PenaltyGrid(np.array([10.0, 0.1, 1.0]), np.array([0.0, 0.5]))
        scores = np.array([[[0.9, 0.7, 0.9], [0.9, 0.9, 0.9]]])
        assert grid.best(scores) == (1, 1)
        scores[:, :, 1] = np.nan
        assert grid.best(scores) == (0, 2)

    def test_scores_that_are_not_defined_are_left_out(self):
        grid = PenaltyGrid(np.array([0.1, 1.0, 10.0]), np.array([0.0]))
        scores = np.array([[[np.nan, 0.5, np.nan]], [[0.61, 0.7, np.nan]]])
        np.testing.assert_allclose(mean_scores(scores), [[0.61, 0.6, np.nan]])
        np.testing.assert_allclose(standard_errors(scores), [[0, 0.1, np.nan]])
        assert grid.best(scores) == grid.within_one_standard_error(scores) == (0, 0)
        scores[0, 0, 0] = 0.51  # the mean at 0.1 is 0.56, and that at 1 less an error is 0.5
        assert grid.best(scores) == (0, 1)
        assert grid.within_one_standard_error(scores) == (0, 0)

    def test_a_penalty_without_any_score_is_never_chosen(self):
        grid = PenaltyGrid(np.array([0.1, 1.0]), np.array([0.0, 0.5]))
        scores = np.full((3, 2, 2), np.nan)
        scores[:, 1, 1] = -np.inf
        assert grid.best(scores) == grid.within_one_standard_error(scores) == (1, 1)

    def test_means_and_errors_are_those_of_numpy_where_all_scores_are_defined(self):
        scores = np.random.default_rng(0).normal(size=(5, 2, 3))
        np.testing.assert_array_equal(mean_scores(scores), scores.mean(axis=0))
        errors = scores.std(axis=0, ddof=1) / np.sqrt(5)
        np.testing.assert_allclose(standard_errors(scores), errors, rtol=1e-15)

    def test_rule(self, dataset):
        X, y = dataset("wine")
        best = cross_validated(X, y, scoring="neg_log_loss", Cs=10)
        model = cross_validated(X, y, scoring="neg_log_loss", Cs=10, rule="one_standard_error")
        means = best.scores_.mean(axis=0)[0]
        error = best.scores_[:, 0, means.argmax()].std(ddof=1) / np.sqrt(3)
        expected = best.Cs_[np.flatnonzero(means >= means.max() - error)[0]]
        assert model.C_ == expected < best.C_ == best.Cs_[means.argmax()]
        whole = SoftmaxRegression(C=expected, tol=TIGHT).fit(X, y)
        np.testing.assert_allclose(model.coef_, whole.coef_, atol=1e-5)
        assert best.best_index_ == model.best_index_ == (0, means.argmax())
        assert best.one_standard_error_index_ == (0, list(best.Cs_).index(expected))


class TestManners:
    def test_groups(self, rows):
        X, y = rows
        groups = np.arange(len(y)) % 7
        cv = GroupKFold(3)
        model = SoftmaxRegressionCV(scoring="accuracy", Cs=CS, cv=cv).fit(X, y, groups=groups)
        listed = cross_validated(X, y, cv=list(cv.split(X, y, groups)), tol=model.tol)
        np.testing.assert_array_equal(model.scores_, listed.scores_)

    def test_metadata_routing(self, rows):
        X, y = rows
        groups = np.arange(len(y)) % 7
        weights = np.random.default_rng(0).uniform(size=len(y))
        plain = SoftmaxRegressionCV(scoring="accuracy", Cs=CS, cv=GroupKFold(3)).fit(
            X, y, sample_weight=weights, groups=groups
        )
        with sklearn.config_context(enable_metadata_routing=True):
            scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
            model = SoftmaxRegressionCV(Cs=CS, cv=GroupKFold(3), scoring=scorer)
            model.fit(X, y, sample_weight=weights, groups=groups)
            np.testing.assert_allclose(model.scores_, plain.scores_)
            score = model.score(X, y, sample_weight=weights)
            assert score == pytest.approx(
                accuracy_score(y, model.predict(X), sample_weight=weights)
            )
            deaf = get_scorer("accuracy").set_score_request(sample_weight=False)
            model.set_params(scoring=deaf).fit(X, y, sample_weight=weights, groups=groups)
            assert np.abs(model.scores_ - plain.scores_).max() > 1e-3
            with pytest.raises(TypeError, match="colour"):
                model.fit(X, y, colour=1, groups=groups)
        message = r"Passing colour to SoftmaxRegressionCV\.fit is only supported if enable_meta"
        with pytest.raises(ValueError, match=message):
            model.fit(X, y, colour=1, groups=groups)
        with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
            SoftmaxRegression().fit(X, y, colour=1)

    def test_metadata_that_nobody_asked_for_is_their_error_too(self, rows):
        message = "is only supported if enable_metadata_routing=True"
        with pytest.raises(ValueError, match=message):
            theirs(*rows, fit={"colour": 1})
        for model in (SoftmaxRegressionCV(scoring="accuracy"), SoftmaxRegressionCV(scoring=None)):
            with pytest.raises(ValueError, match=message):
                model.fit(*rows, colour=1, size=2)
            assert not hasattr(model, "classes_")

    def test_metadata_routing_through_a_search(self, rows):
        X, y = rows
        weights = np.random.default_rng(0).uniform(size=len(y))
        with sklearn.config_context(enable_metadata_routing=True):
            scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
            inner = SoftmaxRegressionCV(Cs=CS, cv=3, scoring=scorer)
            assert inner.fit(X, y).score(X, y) == accuracy_score(y, inner.predict(X))
            inner.set_fit_request(sample_weight=True)
            search = GridSearchCV(inner, {"rule": ["best"]}, cv=2, scoring=scorer)
            search.fit(X, y, sample_weight=weights)
        whole = clone(inner).fit(X, y, sample_weight=weights)
        np.testing.assert_array_equal(search.best_estimator_.scores_, whole.scores_)

    @pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
    def test_the_same_for_any_number_of_threads(self, kind, overlapping_classes):
        X, y = overlapping_classes(3, n_rows=5000, n_features=300)
        X = kind(np.where(X > 2, X, 0))
        models = [
            SoftmaxRegressionCV(scoring="accuracy", Cs=[1e-3, 1e-2], cv=3, n_jobs=n, tol=1e-3).fit(
                X, y
            )
            for n in (1, 2, 3)
        ]
        for model in models[1:]:
            for name in ("scores_", "coefs_paths_", "coef_", "n_iter_"):
                np.testing.assert_array_equal(getattr(model, name), getattr(models[0], name))

    def test_rows_are_not_changed(self, rows, tmp_path):
        X, y = rows
        mapped = np.memmap(tmp_path / "X", dtype=X.dtype, mode="w+", shape=X.shape)
        mapped[:] = X
        mapped.flush()
        mapped = np.memmap(tmp_path / "X", dtype=X.dtype, mode="r", shape=X.shape)
        model = cross_validated(mapped, y, scoring="neg_log_loss")
        np.testing.assert_array_equal(mapped, X)
        np.testing.assert_array_equal(
            model.scores_, cross_validated(X, y, scoring="neg_log_loss").scores_
        )

    def test_composition(self, rows):
        X, y = rows
        model = make_pipeline(
            StandardScaler(), SoftmaxRegressionCV(scoring="accuracy", Cs=CS, cv=3)
        )
        assert cross_val_score(model, X, y, cv=2).shape == (2,)
        search = GridSearchCV(
            SoftmaxRegressionCV(scoring="accuracy", Cs=CS, cv=3),
            {"rule": ["best", "one_standard_error"]},
            cv=2,
        )
        search.fit(X, y)
        again = pickle.loads(pickle.dumps(search.best_estimator_))
        np.testing.assert_array_equal(again.predict_proba(X), search.predict_proba(X))
        assert clone(again).get_params() == again.get_params()

    def test_minibatch_solvers_will_do(self, rows):
        X, y = rows
        first, second = (
            SoftmaxRegressionCV(
                scoring="accuracy", Cs=CS, cv=3, solver="sgd", random_state=0, max_iter=20
            ).fit(X, y)
            for _ in range(2)
        )
        np.testing.assert_array_equal(first.scores_, second.scores_)
        assert first.scores_.mean() > 0.5
        assert not first.converged_

    def test_one_warning_says_how_many_fits_stopped_early(self, rows):
        with pytest.warns(ConvergenceWarning, match="10 of the 10 fits .* because max_iter"):
            model = cross_validated(*rows, max_iter=1)
        assert not model.converged_

    def test_verbose(self, rows, capsys):
        cross_validated(*rows, verbose=1)
        assert capsys.readouterr().out.count("mean score") == len(CS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Cs": 0}, "Cs=0 is not a number of penalties"),
        ({"Cs": []}, "Cs=.* at least one number"),
        ({"Cs": [1, -1]}, "Cs=.* must be positive"),
        ({"Cs": ["a"]}, "Cs=.* must hold numbers"),
        ({"l1_ratios": [2]}, r"l1_ratios=.* numbers in \[0, 1\]"),
        ({"l1_ratios": 0.0}, "l1_ratios=0.0 must be a list"),
        ({"refit": "yes"}, "refit='yes' must be True or False"),
        ({"rule": "worst"}, "rule='worst' must be one of 'best', 'one_standard_error'"),
        ({"rule": "one_standard_error", "refit": False}, "needs refit=True"),
        ({"tol": 0}, "tol=0 is not a value that SoftmaxRegressionCV takes"),
        ({"solver": "magic"}, "solver='magic' is not a solver"),
        ({"cv": 1}, "n_splits"),
        ({"cv": []}, "no split"),
        ({"cv": [([0, 1, 2, 50, 100], [])]}, "Fold 0 of cv holds out no row"),
        ({"scoring": "magic"}, "scoring|magic"),
    ],
)
def test_impossible_parameters(parameters, message, rows):
    model = SoftmaxRegressionCV(**{"scoring": "accuracy", **parameters})
    with pytest.raises(ValueError, match=message):
        model.fit(*rows)
    assert not hasattr(model, "classes_")


def test_one_class():
    with pytest.raises(ValueError, match="SoftmaxRegressionCV needs at least 2 classes"):
        SoftmaxRegressionCV(scoring="accuracy").fit([[0.0], [1.0]], [1, 1])


def test_a_logistic_regression_cv_can_be_replaced(dataset):
    """Those parameters that both have mean the same, whatever they are."""
    X, y = dataset("iris")
    assert LogisticRegression().fit(X, y).score(X, y) > 0.9
    model = SoftmaxRegressionCV(cv=3, random_state=0, scoring="neg_log_loss").fit(X, y)
    assert model.scores_.shape == (3, 1, 10)
    np.testing.assert_allclose(model.Cs_, np.logspace(-4, 4, 10))


@pytest.mark.parametrize("grouped", [False, True])
def test_l1_paths_are_those_of_single_fits(grouped, dataset):
    X, y = dataset("wine")
    shared = dict(grouped=grouped, penalty_factor=np.linspace(0.5, 2, X.shape[1]))
    model = SoftmaxRegressionCV(
        scoring="accuracy", Cs=[0.02, 1.0], l1_ratios=[0.5, 1.0], cv=3, tol=1e-12, **shared
    )
    model.fit(X, y)
    splits = StratifiedKFold(3).split(X, y)
    for number, (train, _) in enumerate(splits):
        for i, l1_ratio in enumerate(model.l1_ratios_):
            for j, C in enumerate(model.Cs_):
                alone = SoftmaxRegression(C=C, l1_ratio=l1_ratio, tol=1e-12, **shared)
                alone.fit(X[train], y[train])
                path = model.coefs_paths_[number, i, j]
                np.testing.assert_allclose(path, alone.params_, rtol=0, atol=1e-5)
                np.testing.assert_array_equal(path == 0, alone.params_ == 0)
    assert model.l1_ratio_ in (0.5, 1.0)
    assert model.converged_


def test_it_turns_into_a_logistic_regression_with_what_was_chosen(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegressionCV(scoring="accuracy", Cs=[0.1, 1.0], l1_ratios=[0.5], cv=3).fit(X, y)
    twin = model.to_logistic_regression()
    assert twin.C == model.C_
    assert twin.l1_ratio == model.l1_ratio_
    np.testing.assert_allclose(twin.predict_proba(X), model.predict_proba(X), rtol=1e-12)


def test_a_solver_without_l1_is_an_error_before_any_fit(dataset):
    X, y = dataset("wine")
    model = SoftmaxRegressionCV(scoring="accuracy", l1_ratios=[0.0, 0.5], solver="lbfgs")
    with pytest.raises(ValueError, match="needs a smooth penalty"):
        model.fit(X, y)
