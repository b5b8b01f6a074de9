"""What a fit is told is made once, is its own and travels."""

import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.estimators.input.parameters import for_data, settings_of
from sk_softmax.solvers import SGD, SOLVERS


class CountedDraws(np.random.RandomState):
    draws = 0

    def randint(self, *args, **kwargs):
        self.draws += 1
        return super().randint(*args, **kwargs)


@pytest.mark.parametrize("solver", [*SOLVERS, SGD(batch_size=7)])
def test_settings_pickle_and_stay_as_they_are(solver):
    model = SoftmaxRegression(
        solver=solver, class_weight={"a": 2.0}, penalty_factor=[1, 2], early_stopping=True
    )
    settings = for_data(settings_of(model), 2, np.array(["a", "b"]))
    np.testing.assert_array_equal(settings.class_weight, [2.0, 1.0])
    np.testing.assert_array_equal(settings.penalty_factor, [1.0, 2.0])
    copy = pickle.loads(pickle.dumps(settings))
    for field in fields(settings):
        mine, theirs = getattr(settings, field.name), getattr(copy, field.name)
        assert np.array_equal(mine, theirs), field.name
    with pytest.raises(FrozenInstanceError):
        settings.C = 2.0


def test_a_solver_changed_after_the_settings_were_made_changes_nothing():
    solver = SGD(batch_size=7)
    settings = settings_of(SoftmaxRegression(solver=solver))
    solver.set_params(batch_size=8)
    assert settings.solver.batch_size == 7


def test_settings_are_not_kept_by_the_estimator(overlapping_classes):
    model = SoftmaxRegression().fit(*overlapping_classes(3))
    assert len(pickle.dumps(model)) < 4096


def fit_with_early_stopping(X, y, **options):
    SoftmaxRegression(early_stopping=True, **options).fit(X, y)


def fit_folds(X, y, **options):
    SoftmaxRegressionCV(scoring="accuracy", Cs=3, **options).fit(X, y)


def fit_path(X, y, **options):
    softmax_path(X, y, Cs=3, **options)


@pytest.mark.parametrize("fit", [fit_with_early_stopping, fit_folds, fit_path])
def test_a_random_state_is_drawn_from_once_a_fit(fit, overlapping_classes):
    draws = CountedDraws(0)
    fit(*overlapping_classes(3), random_state=draws)
    assert draws.draws == 1


def test_where_chance_has_no_part_none_is_drawn(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver="sgd", random_state=CountedDraws(0))
    model.partial_fit(X, y, classes=[0, 1, 2])
    assert model.random_state.draws == 1  # where the stream begins
    model.partial_fit(X, y)
    model.objective(X, y)
    assert model.random_state.draws == 1


def test_an_error_names_whose_parameter_it_is():
    with pytest.raises(ValueError, match="tol=0 is not a value that softmax_path takes"):
        softmax_path([[0.0], [1.0]], [0, 1], tol=0)
    with pytest.raises(ValueError, match="n_jobs=0 is not a value that SoftmaxRegressionCV takes"):
        settings_of(SoftmaxRegressionCV(n_jobs=0))


@pytest.mark.parametrize("kind", [np.array, sp.csr_matrix])
def test_equal_factors_on_wide_rows_are_a_stronger_penalty(kind, overlapping_classes):
    X, y = overlapping_classes(3, n_rows=40, n_features=120)
    factors = np.full(120, 2.0)
    model = SoftmaxRegression(C=2.0, penalty_factor=factors, tol=1e-10).fit(kind(X), y)
    plain = SoftmaxRegression(C=1.0, tol=1e-10).fit(kind(X), y)
    np.testing.assert_allclose(model.coef_, plain.coef_, atol=1e-5)
    cv = SoftmaxRegressionCV(scoring="accuracy", Cs=[2.0], penalty_factor=factors, cv=3).fit(
        kind(X), y
    )
    np.testing.assert_allclose(cv.coef_, plain.coef_, atol=1e-3)
