"""Features without a value in sparse rows are left out of a fit, which shows in its time alone."""

import numpy as np
import pytest
import scipy.sparse as sp

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting import stages, used_features
from sk_softmax.fitting.driver import NONE
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of

N_ROWS, N_FEATURES, N_CLASSES = 300, 1500, 4


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(used_features, "MANY_PARAMETERS", 1000)


def table(n_used=200):
    """Rows of length 1 in which every so-manieth feature has values."""
    X = sp.random(N_ROWS, n_used, 0.05, "csr", random_state=0)
    lengths = np.sqrt(X.multiply(X).sum(axis=1))
    X = sp.csr_matrix(X / np.maximum(lengths, 0.1))
    labels = (X[:, :N_CLASSES].toarray() + 0.1 * np.eye(N_CLASSES)[np.arange(N_ROWS) % 4]).argmax(
        1
    )
    used = np.linspace(3, N_FEATURES - 2, n_used).astype(int)
    spread = sp.csr_matrix((X.data, used[X.indices], X.indptr), shape=(N_ROWS, N_FEATURES))
    return X, spread, labels, used


def objective_of(X, labels, form=None):
    rows = rows_of(X, N_CLASSES, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, labels, N_CLASSES, 2.0, None, form)


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_matrix])
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_the_others_are_fitted_as_if_they_were_alone(kind, width):
    alone, spread, labels, used = table()
    model = SoftmaxRegression(tol=1e-9).fit(kind(spread.astype(width)), labels)
    expected = SoftmaxRegression(tol=1e-9).fit(kind(alone.astype(width)), labels)
    assert model.converged_
    assert model.coef_.shape == (N_CLASSES, N_FEATURES)
    assert model.coef_.dtype == expected.coef_.dtype
    assert not np.delete(model.coef_, used, axis=1).any()
    tolerance = 1e-3 if width == np.float32 else 1e-5
    np.testing.assert_allclose(model.coef_[:, used], expected.coef_, atol=tolerance)
    np.testing.assert_allclose(model.intercept_, expected.intercept_, atol=tolerance)
    assert model.records_[-1].value == pytest.approx(expected.records_[-1].value, rel=1e-6)


def test_the_gap_is_that_of_all_features():
    _, spread, labels, _ = table()
    model = SoftmaxRegression(C=2.0, tol=1e-4).fit(spread, labels)
    objective = objective_of(spread, labels)
    params = np.column_stack([model.coef_, model.intercept_])
    gap = objective.gap(params, objective.evaluate(params))
    assert model.duality_gap_ == pytest.approx(gap, rel=1e-6)


def test_callbacks_and_validation_see_all_features():
    _, spread, labels, _ = table()
    shapes = []

    def watch(record, params):
        shapes.append(params().shape)
        return False

    objective = objective_of(spread, labels)
    found = used_features.used_features(objective, 2.0, np.zeros(objective.shape))
    np.testing.assert_array_equal(found.columns[:-1], np.unique(spread.indices))
    small = np.ones((N_CLASSES, len(found.columns)))
    found.observer(watch)(None, lambda: small)
    assert shapes == [objective.shape]
    scored = []
    found.validation(lambda params: scored.append(params.shape) or NONE)(small)
    assert scored == [objective.shape]
    assert found.observer(None) is found.validation(None) is None


def test_value_and_gradient_are_those_of_all_features():
    _, spread, labels, _ = table()
    objective = objective_of(spread, labels)
    found = used_features.used_features(objective, 2.0, np.zeros(objective.shape))
    params = np.random.default_rng(0).normal(size=(N_CLASSES, len(found.columns)))
    here, there = found.objective.evaluate(params), objective.evaluate(found.spread(params))
    assert here.value == pytest.approx(there.value, rel=1e-12)
    np.testing.assert_allclose(found.spread(here.gradient), there.gradient, atol=1e-14)
    np.testing.assert_array_equal(found.params(found.spread(params)), params)


def test_all_are_kept_where_the_others_may_have_coefficients():
    _, spread, labels, used = table()
    objective = objective_of(spread, labels)
    start = np.zeros(objective.shape)

    def are_left_out(objective, start):
        return used_features.used_features(objective, 2.0, start) is not None

    assert are_left_out(objective, start)
    start[0, 0] = 1.0  # a feature without values
    assert not are_left_out(objective, start)
    start[:] = 0
    start[:, used] = 1.0
    assert are_left_out(objective, start)
    for form in (PenaltyForm(l1_ratio=0.5), PenaltyForm(factors=np.zeros(N_FEATURES))):
        assert not are_left_out(objective_of(spread, labels, form), start)
    assert not are_left_out(objective_of(spread.toarray(), labels), start)
    every = objective_of(table(n_used=N_FEATURES)[1], labels)
    assert not are_left_out(every, start)


def test_easy_sparse_rows_do_without_coordinates_and_end_at_the_same_optimum(monkeypatch):
    _, spread, labels, _ = table(n_used=1400)
    assert stages.MOST_COLUMNS < 1400
    fits = {}
    for easy in (np.inf, 0.0):
        monkeypatch.setattr(stages, "EASY", easy)
        fits[easy] = SoftmaxRegression(tol=1e-12).fit(spread, labels)
    direct, by_coordinates = fits[np.inf], fits[0.0]
    assert direct.converged_
    assert by_coordinates.converged_
    np.testing.assert_allclose(direct.coef_, by_coordinates.coef_, atol=1e-5)
    assert not np.array_equal(direct.coef_, by_coordinates.coef_)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e2])
def test_a_stage_in_float32_ends_at_the_optimum_of_float64(C, monkeypatch):
    _, spread, labels, _ = table(n_used=1400)
    monkeypatch.setattr(stages, "EASY", np.inf)
    monkeypatch.setattr("sk_softmax.objective.cheaper.FEWEST_NUMBERS", 0)
    fits = {}
    for most in (0, np.inf):
        monkeypatch.setattr(stages, "MANY_PARAMETERS", most)
        fits[most] = SoftmaxRegression(C=C, tol=1e-8).fit(spread, labels)
    narrow, wide = fits[0], fits[np.inf]
    assert narrow.converged_
    assert narrow.coef_.dtype == np.float64
    assert not np.array_equal(narrow.coef_, wide.coef_)
    assert narrow.records_[-1].value == pytest.approx(wide.records_[-1].value, rel=2e-8)


def test_steps_of_minibatches_have_all_features():
    _, spread, labels, used = table()
    options = {"solver": "sgd", "max_iter": 2, "random_state": 0}
    steps = SoftmaxRegression(keep_path="steps", **options)
    epochs = SoftmaxRegression(keep_path=True, **options)
    paths = [model.fit(spread, labels).path_ for model in (steps, epochs)]
    assert paths[0].shape[1:] == paths[1].shape[1:] == (N_CLASSES, N_FEATURES + 1)
    n_steps = (len(paths[0]) - 1) // 2
    assert n_steps > 1
    np.testing.assert_array_equal(paths[0][::n_steps], paths[1])
    assert not np.delete(paths[0], [*used, N_FEATURES], axis=2).any()
