"""A start that ``fit`` is given: the fit begins there, and ``path_`` and ``records_`` say so."""

import re
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from parted import given
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression
from sk_softmax.solvers import SGD, SOLVERS, Adam, GradientDescent, RMSprop

TAKE_L1 = [name for name in SOLVERS if SOLVERS[name]().takes_nonsmooth]
STEP_BY_CURVATURE = [name for name in SOLVERS if SOLVERS[name]().takes_shifted_rows]


def some_start(n_classes, n_features=4, seed=1):
    """Coefficients and intercepts whose mean over the classes is not zero."""
    rng = np.random.default_rng(seed)
    n_outputs = 1 if n_classes == 2 else n_classes
    return {
        "coef_init": rng.normal(size=(n_outputs, n_features)),
        "intercept_init": rng.normal(size=n_outputs),
    }


def stacked(start):
    return np.column_stack([start["coef_init"], start["intercept_init"]])


def objective(X, y, params, C=1.0, l1_ratio=0.0):
    """``F`` from its definition, for params of shape ``(n_outputs, n_features + 1)``."""
    logits = X.astype(np.float64) @ params[:, :-1].T + params[:, -1]
    if len(params) == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    loss = logsumexp(logits, axis=1) - logits[np.arange(len(y)), y]
    coef = params[:, :-1]
    penalty = (1 - l1_ratio) / 2 * (coef**2).sum() + l1_ratio * np.abs(coef).sum()
    return loss.mean() + penalty / (C * len(y))


def gradient(X, y, params, C=1.0):
    """The gradient of ``F`` with L2 for three or more classes, in the shape of ``params``."""
    logits = X @ params[:, :-1].T + params[:, -1]
    probabilities = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
    residual = probabilities - np.eye(len(params))[y]
    coef = residual.T @ X / len(y) + params[:, :-1] / (C * len(y))
    return np.column_stack([coef, residual.mean(axis=0)])


def fitted(X, y, start, **parameters):
    """A fit of a few iterations that keeps its path."""
    model = SoftmaxRegression(keep_path=True, random_state=0, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y, **start)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_path_and_records_begin_at_the_start(solver, n_classes, dtype, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    X, start = X.astype(dtype), some_start(n_classes)
    model = fitted(X, y, start, solver=solver, max_iter=3)
    assert_array_equal(model.path_[0], stacked(start))
    there = objective(X, y, stacked(start))
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-6 if dtype == np.float32 else 1e-12)
    assert model.records_[0].step_size == 0
    assert model.loss_curve_[-1] < there
    assert model.coef_.dtype == dtype


@pytest.mark.parametrize("solver", STEP_BY_CURVATURE)
def test_the_gradient_norm_of_the_start_is_that_of_the_given_one(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    model = fitted(X, y, start, solver=solver, C=0.01)
    slope = np.linalg.norm(gradient(X, y, stacked(start), C=0.01))
    assert model.records_[0].gradient_norm == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("solver", STEP_BY_CURVATURE)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_does_not_depend_on_the_start(solver, n_classes, seed, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    start = some_start(n_classes, seed=seed)
    model = SoftmaxRegression(solver=solver, tol=1e-12).fit(X, y, **start)
    assert model.converged_
    cold = SoftmaxRegression(tol=1e-12).fit(X, y)
    assert_allclose(model.params_, cold.params_, atol=1e-5)
    assert model.loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], abs=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_gradient_descent_from_the_start_step_by_step(momentum, overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    solver = GradientDescent(learning_rate=0.5, momentum=momentum)
    path = fitted(X, y, start, solver=solver, max_iter=6).path_
    params, velocity = stacked(start), 0.0
    for there in path[1:]:
        velocity = momentum * velocity + gradient(X, y, params)
        params = params - 0.5 * velocity
        assert_allclose(there, params, rtol=1e-12, atol=1e-14)


def test_a_minibatch_step_from_the_start(overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    whole = partial(SGD, batch_size=len(y), schedule="constant", learning_rate=0.5)
    path = fitted(X, y, start, solver=whole(), max_iter=1).path_
    assert_allclose(path[1], path[0] - 0.5 * gradient(X, y, path[0]), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("solver", [SGD, RMSprop, Adam])
def test_zeros_that_are_given_are_where_a_minibatch_solver_begins(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    zeros = {"coef_init": np.zeros((3, 4))}
    path = fitted(X, y, zeros, solver=solver(initial_scale=1.0), max_iter=2).path_
    assert not path[0].any()
    assert fitted(X, y, {}, solver=solver(initial_scale=1.0), max_iter=2).path_[0].any()
    assert_array_equal(path, fitted(X, y, {}, solver=solver(), max_iter=2).path_)


def test_coef_is_reported_less_the_mean_over_the_classes(overlapping_classes):
    X, y = overlapping_classes(3)
    model = fitted(X, y, some_start(3), solver="gd", max_iter=5)
    last = model.path_[-1]
    assert abs(last.mean(axis=0)).max() > 0.01
    assert_allclose(model.params_, last - last.mean(axis=0), atol=1e-15)


@pytest.mark.parametrize("solver", TAKE_L1)
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n_features", [4, 60])  # one stage, and a working set
def test_l1_from_a_start(solver, grouped, n_features, overlapping_classes):
    X, y = overlapping_classes(3, n_features=n_features)
    start = some_start(3, n_features)
    start["coef_init"] *= 0.3
    parameters = dict(solver=solver, l1_ratio=0.7, C=0.1, grouped=grouped, tol=1e-9)
    model = fitted(X, y, start, **parameters)
    assert_array_equal(model.path_[0], stacked(start))
    if not grouped:
        there = objective(X, y, stacked(start), C=0.1, l1_ratio=0.7)
        assert model.loss_curve_[0] == pytest.approx(there, rel=1e-12)
    cold = fitted(X, y, {}, **parameters)
    assert model.converged_
    assert model.loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], rel=1e-8)
    assert_array_equal(model.coef_ != 0, cold.coef_ != 0)


@pytest.mark.parametrize("solver", TAKE_L1)
@pytest.mark.parametrize("n_features", [4, 60])
def test_l1_from_zeros_that_are_given(solver, n_features, overlapping_classes):
    X, y = overlapping_classes(3, n_features=n_features)
    parameters = dict(solver=solver, l1_ratio=1.0, C=0.1)
    model = fitted(X, y, {"intercept_init": np.zeros(3)}, **parameters)
    assert not model.path_[0].any()
    assert model.loss_curve_[0] == pytest.approx(np.log(3), rel=1e-15)
    cold = fitted(X, y, {}, **parameters)
    assert cold.path_[0].any(), "the best intercepts"
    assert model.loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], rel=2e-6)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize("solver", TAKE_L1)
def test_a_start_outside_the_bounds_begins_at_them(solver, l1_ratio, overlapping_classes):
    X, y = overlapping_classes(3)
    X = X + np.array([10.0, 0, 0, 0])  # a column that is shifted inside
    start = some_start(3)
    start["coef_init"][:, 0] = [0.05, -0.02, 0.01]
    parameters = dict(solver=solver, l1_ratio=l1_ratio, lower_bounds=-0.1, tol=1e-10)
    model = fitted(X, y, start, **parameters)
    clipped = np.column_stack([np.maximum(start["coef_init"], -0.1), start["intercept_init"]])
    assert_array_equal(model.path_[0], clipped)
    there = objective(X, y, clipped, l1_ratio=l1_ratio)
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-12)
    assert model.path_[:, :, :-1].min() >= -0.1
    cold = fitted(X, y, {}, **parameters)
    assert model.loss_curve_[-1] == pytest.approx(cold.loss_curve_[-1], rel=1e-9)


@pytest.mark.parametrize("solver", STEP_BY_CURVATURE)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_columns_far_from_zero(solver, n_classes, dtype, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    X = (X + np.array([5000.0, 0, 0, 0])).astype(dtype)
    near = SoftmaxRegression(tol=1e-10).fit(X.astype(np.float64), y)
    start = {
        "coef_init": near.coef_ + 1e-4 * some_start(n_classes)["coef_init"],
        "intercept_init": near.intercept_,
    }
    model = fitted(X, y, start, solver=solver, tol=1e-6)
    assert_array_equal(model.path_[0], stacked(start))
    there = objective(X, y, stacked(start))
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-5 if dtype == np.float32 else 1e-9)
    assert model.loss_curve_[-1] == pytest.approx(near.loss_curve_[-1], rel=2e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_without_iterations_the_start_is_the_model(solver, n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    start = some_start(n_classes)
    model = SoftmaxRegression(solver=solver, max_iter=0, keep_path=True)
    with pytest.warns(ConvergenceWarning, match="the coef_init and intercept_init that fit was"):
        model.fit(X, y, **start)
    assert_array_equal(model.path_, stacked(start)[None])
    assert model.loss_curve_.tolist() == pytest.approx([objective(X, y, stacked(start))])
    mean = 0 if n_classes == 2 else stacked(start).mean(axis=0)
    assert_allclose(model.params_, stacked(start) - mean, atol=1e-15)
    logits = X @ start["coef_init"].T + start["intercept_init"]
    if n_classes == 2:
        logits = np.hstack([np.zeros_like(logits), logits])
    expected = np.exp(logits - logsumexp(logits, axis=1, keepdims=True))
    assert_allclose(model.predict_proba(X), expected, rtol=1e-12)


def test_one_of_them_alone_and_beside_a_warm_start(overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    coef, intercept = start["coef_init"], start["intercept_init"]
    zeros = np.zeros(3)
    first = fitted(X, y, {"coef_init": coef}, solver="gd", max_iter=2).path_[0]
    assert_array_equal(first, np.column_stack([coef, zeros]))
    first = fitted(X, y, {"intercept_init": intercept}, solver="gd", max_iter=2).path_[0]
    assert_array_equal(first, np.column_stack([np.zeros((3, 4)), intercept]))

    warm = SoftmaxRegression(solver="sgd", max_iter=2, warm_start=True, keep_path=True)
    before = warm.fit(X, y).params_
    warm.fit(X, y, coef_init=coef)
    assert_allclose(warm.path_[0], np.column_stack([coef, before[:, -1]]), atol=1e-15)
    before = warm.params_
    warm.fit(X, y, intercept_init=intercept)
    assert_allclose(warm.path_[0], np.column_stack([before[:, :-1], intercept]), atol=1e-15)
    warm.fit(X, y, **start)
    assert_array_equal(warm.path_[0], stacked(start))
    # A whole start makes up for a previous fit of other features.
    warm.fit(X[:, :2], y, coef_init=coef[:, :2], intercept_init=intercept)
    assert_array_equal(warm.path_[0], np.column_stack([coef[:, :2], intercept]))
    with pytest.raises(ValueError, match="the previous fit had 2 features"):
        warm.fit(X, y, coef_init=coef)


def test_no_intercept(overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    model = SoftmaxRegression(fit_intercept=False, keep_path=True)
    model.fit(X, y, coef_init=sp.csr_matrix(start["coef_init"]), intercept_init=np.zeros(3))
    assert_array_equal(model.path_[0], start["coef_init"])
    with pytest.raises(ValueError, match="intercept_init is not zero, but the model has no"):
        model.fit(X, y, **start)


def test_the_end_of_a_fit_as_the_start_of_another(overlapping_classes):
    X, y = overlapping_classes(4)
    there = SoftmaxRegression(tol=1e-10).fit(X, y)
    start = {"coef_init": there.coef_, "intercept_init": there.intercept_}
    again = SoftmaxRegression(solver="lbfgs").fit(X, y, **start)
    assert again.n_iter_[0] <= 1
    assert_allclose(again.coef_, there.coef_, atol=1e-6)
    rows = sp.csr_matrix(X)
    assert SoftmaxRegression(solver="lbfgs").fit(rows, y, **start).n_iter_[0] <= 1


def test_wide_rows_and_rows_in_stages(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=20, n_features=50)
    start = some_start(3, 50)
    start["coef_init"] *= 0.1
    model = fitted(X, y, start, tol=1e-8)
    assert_array_equal(model.path_[0], stacked(start))
    assert model.loss_curve_[-1] == pytest.approx(fitted(X, y, {}, tol=1e-8).loss_curve_[-1])

    X, y = overlapping_classes(2, n_rows=70_000)  # the fit begins on a sample of the rows
    model = fitted(X, y, some_start(2), solver="lbfgs")
    assert_array_equal(model.path_[0], stacked(some_start(2)))
    there = objective(X, y, stacked(some_start(2)))
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-12)
    assert model.converged_


@pytest.mark.parametrize(
    "parameters", [{}, {"solver": "gd"}, {"l1_ratio": 0.5, "C": 0.1}], ids=str
)
def test_rows_in_parts(parameters, overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    there = fitted(given(X, y, [0, 7, 200, 300]), None, start, max_iter=8, **parameters)
    here = fitted(X, y, start, max_iter=8, **parameters)
    assert_array_equal(there.path_[0], stacked(start))
    assert_allclose(there.loss_curve_[0], here.loss_curve_[0], rtol=1e-12)
    assert_allclose(there.params_, here.params_, atol=1e-8)


def test_early_stopping_may_keep_the_start(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=400)
    best = SoftmaxRegression(C=np.inf).fit(X[200:], y[200:])
    start = {"coef_init": best.coef_, "intercept_init": best.intercept_}
    model = SoftmaxRegression(C=1e-3, solver="gd", early_stopping=True, max_iter=20)
    model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:], **start)
    assert model.best_iteration_ == 0
    assert_allclose(model.coef_, best.coef_, atol=1e-14)


def test_bias_reduction_from_a_start(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=60)
    parameters = dict(bias_reduction="firth", C=np.inf, tol=1e-12)
    cold = fitted(X, y, {}, **parameters)
    model = fitted(X, y, some_start(3), **parameters)
    assert_array_equal(model.path_[0], stacked(some_start(3)))
    there = float(model.objective(X, y, params=stacked(some_start(3))))
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-10)
    assert_allclose(model.params_, cold.params_, atol=1e-5)


def test_bias_reduction_needs_information_at_the_start():
    X = np.linspace(-1, 1, 20)[:, None]
    model = SoftmaxRegression(bias_reduction="firth", C=np.inf)
    right = np.array([[1.0]])
    y = (X[:, 0] > 0).astype(int)  # certain of the right class, so that the loss is zero
    with pytest.raises(ValueError, match="Fisher information is singular in floating point"):
        model.fit(X, y, coef_init=1e6 * right)
    assert model.fit(X, y, coef_init=right).converged_


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_start_that_is_certain_of_wrong_classes(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    best = SoftmaxRegression().fit(X, y)
    model = SoftmaxRegression(solver=solver, keep_path=True, max_iter=20)
    wrong = -100 * best.coef_
    loss = objective(X, y, np.column_stack([wrong, np.zeros(3)]), C=np.inf)
    assert loss > 30
    if solver in STEP_BY_CURVATURE:
        says = re.escape(f"is {loss:.3g} nats a row. Where most rows are certain of a wrong class")
        with pytest.raises(ValueError, match=says + ".*solver='gd'"):
            model.fit(X, y, coef_init=wrong)
        assert not hasattr(model, "classes_")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, coef_init=wrong)
    assert_array_equal(model.path_[0, :, :-1], wrong)


def test_a_strong_penalty_at_the_start_is_no_certainty_of_wrong_classes(overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    model = SoftmaxRegression(C=1e-4, keep_path=True).fit(X, y, **start)
    assert model.loss_curve_[0] > 30
    assert model.converged_
    assert_array_equal(model.path_[0], stacked(start))
    with pytest.raises(
        ValueError, match=r"The objective at the start .* give smaller coeff.*s\.$"
    ):
        model.set_params(l1_ratio=0.1).fit(X, y, **start)


@pytest.mark.parametrize("solver", ["auto", "gd", "sgd"])
def test_a_start_whose_objective_overflows(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    with pytest.raises(
        ValueError, match=r"The objective is (inf|nan) at the start that coef_init"
    ):
        SoftmaxRegression(solver=solver).fit(X, y, coef_init=np.full((3, 4), 1e308))


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"coef_init": np.zeros((4, 3))}, r"coef_init has shape \(4, 3\), expected \(3, 4\), one"),
        ({"coef_init": np.zeros(4)}, r"coef_init has shape \(4,\), expected \(3, 4\)"),
        (
            {"intercept_init": 0.0},
            r"intercept_init has shape \(\), expected \(3,\), one intercept",
        ),
        ({"intercept_init": np.zeros((3, 1))}, r"intercept_init has shape \(3, 1\)"),
        ({"coef_init": np.full((3, 4), np.nan)}, r"coef_init\[0, 0\] is nan: a start must be fin"),
        ({"intercept_init": [0, np.inf, 0]}, r"intercept_init\[1\] is inf"),
        ({"coef_init": np.full((3, 4), "1")}, "coef_init must hold real numbers: it is of type"),
        ({"coef_init": np.full((3, 4), 1j)}, "coef_init must hold real numbers: it is of type"),
        ({"coef_init": np.full((3, 4), None)}, r"coef_init\[0, 0\] is nan"),
        ({"coef_init": np.full((3, 4), {})}, "coef_init must hold real numbers: "),
        ({"coef_init": [[0.0], [0.0, 1.0]]}, "coef_init must hold real numbers: "),
    ],
    ids=str,
)
def test_starts_that_are_none(start, message, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression().fit(X, y)
    before = model.coef_
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **start)
    assert model.coef_ is before


def test_two_classes_have_a_single_row(overlapping_classes):
    X, y = overlapping_classes(2)
    with pytest.raises(ValueError, match=r"expected \(1, 4\), a single row for two classes: the"):
        SoftmaxRegression().fit(X, y, coef_init=np.zeros((2, 4)))
    with pytest.raises(ValueError, match=r"intercept_init has shape \(2,\), expected \(1,\)"):
        SoftmaxRegression().fit(X, y, intercept_init=[0, 0])
    assert SoftmaxRegression().fit(X, y, coef_init=[[1, 2, 3, 4]], intercept_init=[1]).converged_


def test_the_start_is_neither_changed_nor_kept(overlapping_classes):
    X, y = overlapping_classes(3)
    start = some_start(3)
    for values in start.values():
        values.flags.writeable = False
    model = fitted(X, y, start, solver="gd", max_iter=3)
    model.path_[0] = 7.0
    cold = fitted(X, y, {}, solver="gd", max_iter=3)
    assert not cold.path_[0].any()
