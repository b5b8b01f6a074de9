"""Cheaper objectives to begin with: close to the objective, and never the last word."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import load_digits

from sk_softmax import SoftmaxRegression
from sk_softmax.objective import RegressionObjective, cheaper_objectives, cheaper_together
from sk_softmax.rows import rows_of


def objective_on(X, y, n_classes=3, C=1.0, weights=None):
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, y, n_classes, C, weights)


@pytest.fixture(scope="module")
def large(overlapping_classes):
    return overlapping_classes(3, n_rows=60_000, n_features=5)


def test_what_a_problem_begins_with(large, overlapping_classes):
    X, y = large
    cheaper = cheaper_objectives(objective_on(X, y))
    assert [view.has_all_rows for view in cheaper] == [False, True]
    assert len(cheaper_objectives(objective_on(X, y), with_sample=False)) == 1
    assert len(cheaper_objectives(objective_on(X.astype(np.float32), y))) == 1  # narrow already
    assert len(cheaper_objectives(objective_on(X, y, C=np.inf))) == 1  # a sample may be separable
    assert not cheaper_objectives(objective_on(*overlapping_classes(3)))  # small


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "begins_narrow"), [(6000, 6, True), (4000, 6, False), (6000, 2, False)]
)
def test_few_numbers_are_narrowed_where_evaluations_take_work(
    n_rows, n_classes, begins_narrow, overlapping_classes
):
    X, y = overlapping_classes(n_classes, n_rows=n_rows, n_features=3)
    objective = objective_on(X, y, n_classes)
    assert bool(cheaper_objectives(objective, with_sample=False)) == begins_narrow
    assert not cheaper_together([objective, objective])
    narrow = objective_on(X.astype(np.float32), y, n_classes)
    assert bool(cheaper_objectives(narrow)) == begins_narrow  # a sample


def test_a_constant_that_rounding_may_blur_keeps_none_away(large):
    X, y = large
    for constant in np.random.default_rng(0).normal(size=20):
        with_constant = np.column_stack([X, np.full(len(X), constant)])
        assert len(cheaper_objectives(objective_on(with_constant, y))) == 2


@pytest.mark.parametrize("spread", [1e-5, 1e-9, 1e-14])
def test_a_feature_that_float32_cannot_tell_apart_keeps_them_away(large, spread):
    X, y = large
    hardly = np.column_stack([X, 1 + spread * X[:, 0]])
    assert not cheaper_objectives(objective_on(hardly, y))


@pytest.mark.parametrize("kind", [np.asarray, np.asfortranarray, sp.csr_matrix])
@pytest.mark.parametrize("weighted", [False, True])
def test_they_are_close_to_the_objective(large, kind, weighted):
    X, y = large
    rng = np.random.default_rng(0)
    objective = objective_on(kind(X), y, weights=rng.random(len(y)) if weighted else None)
    cheaper = [view.objective for view in cheaper_objectives(objective)]
    params = rng.normal(size=objective.shape)
    whole = objective.evaluate(params)
    sample, narrow = (view.evaluate(params) for view in cheaper)
    assert sample.value == pytest.approx(whole.value, rel=0.05)
    np.testing.assert_allclose(sample.gradient, whole.gradient, atol=0.05)
    assert narrow.value == pytest.approx(whole.value, rel=1e-6)
    np.testing.assert_allclose(narrow.gradient, whole.gradient, atol=1e-5)
    assert objective.passes == pytest.approx(2 + 1 / 16, rel=1e-3)


def test_curvature_is_measured_cheaply_unless_it_is_to_be_exact(large):
    objective = objective_on(*large)
    sample, narrow = (view.objective for view in cheaper_objectives(objective))
    params = np.random.default_rng(0).normal(size=objective.shape)
    cheap = objective.curvature(params, 0.1).diagonal
    np.testing.assert_array_equal(cheap, sample.curvature(params, 0.1).diagonal)
    np.testing.assert_array_equal(cheap, narrow.curvature(params, 0.1).diagonal)
    alone = objective_on(*large)
    exact = objective.curvature(params, 0.1, exact=True).diagonal
    np.testing.assert_allclose(exact, alone.curvature(params, 0.1).diagonal, rtol=1e-5)
    assert not np.array_equal(exact, cheap)


def test_the_fit_is_that_of_all_rows_in_their_own_width(large):
    X, y = large
    model = SoftmaxRegression(solver="lbfgs", tol=1e-10).fit(X, y)
    exact = SoftmaxRegression(solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(exact.loss_curve_[-1], rel=1e-10)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=2e-5)


@pytest.mark.parametrize(
    ("offset", "scale"), [(1e6, 1.0), (1.7e9, 1e5), (0.0, 1e39), (0.0, 1e-42)]
)
def test_features_beyond_float32_are_fitted_all_the_same(large, offset, scale):
    X, y = large
    X = X.copy()
    X[:, 0] = offset + scale * X[:, 0]
    penalised = dict(C=1e9, tol=1e-6)
    model = SoftmaxRegression(solver="lbfgs", **penalised).fit(X, y)
    exact = SoftmaxRegression(solver="newton-cholesky", **penalised).fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(exact.loss_curve_[-1], rel=2e-6)


def test_narrowed_rows_are_asked_as_long_as_the_pace_contradicts_the_promise(monkeypatch):
    evaluate, widths = RegressionObjective.evaluate, []

    def counted(objective, params):
        widths.append(objective.rows.dtype)
        return evaluate(objective, params)

    monkeypatch.setattr(RegressionObjective, "evaluate", counted)
    X, y = (np.concatenate([part] * 3) for part in load_digits(return_X_y=True))
    model = SoftmaxRegression(solver="lbfgs", C=100.0, tol=1e-4).fit(X, y)
    assert model.converged_
    assert widths.count(np.float32) > 50
    assert widths.count(np.float64) < 5


def test_a_class_that_the_sample_lacks_is_fitted_all_the_same(large):
    X, y = large
    y = y.copy()
    y[y == 2] = 0
    y[:5] = 2
    model = SoftmaxRegression(solver="lbfgs").fit(X, y)
    exact = SoftmaxRegression(solver="newton-cholesky").fit(X, y)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(exact.loss_curve_[-1], rel=1e-5)


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_any_number_of_threads_gives_the_same_bits(large, n_jobs):
    X, y = large
    one = SoftmaxRegression(solver="lbfgs", n_jobs=1).fit(X, y)
    several = SoftmaxRegression(solver="lbfgs", n_jobs=n_jobs).fit(X, y)
    np.testing.assert_array_equal(one.coef_, several.coef_)


@pytest.mark.parametrize("solver", ["newton-cholesky", "gd", "sgd"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_solvers_that_begin_on_the_rows_do_not_pay_for_others(solver, large, monkeypatch):
    def refuse(objective, with_sample):
        raise AssertionError("cheaper rows were made")

    monkeypatch.setattr("sk_softmax.fitting.fit.cheaper_objectives", refuse)
    X, y = large
    SoftmaxRegression(solver=solver, max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(AssertionError, match="cheaper rows were made"):
        SoftmaxRegression(solver="lbfgs").fit(X, y)
