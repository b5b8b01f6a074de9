"""An offset is added to the logits, with no coefficient, wherever there are logits."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.sparse as sp
import statsmodels.api as sm
from numpy.testing import assert_allclose, assert_array_equal
from separated import TABLES
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.inference import of_pipeline
from sk_softmax.objective import RegressionObjective
from sk_softmax.objective.intercepts import best_intercepts, null_loss
from sk_softmax.rows import rows_of
from sk_softmax.solvers import SOLVERS

STOCHASTIC = ["sgd", "rmsprop", "adam"]
FULL = [name for name in SOLVERS if name not in STOCHASTIC]
KINDS = [np.asarray, sp.csr_matrix, sp.csc_matrix]

COLUMN = 1


def problem(n_classes, n_rows=300, n_features=4, seed=0):
    """Rows, labels, and an offset that is a multiple of one column for each class."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    coef = rng.normal(size=(n_features, n_classes))
    y = (X @ coef + 1.5 * rng.gumbel(size=(n_rows, n_classes))).argmax(axis=1)
    slopes = np.array([0.0, 0.8]) if n_classes == 2 else np.linspace(-1, 1.5, n_classes)
    return X, y, X[:, [COLUMN]] * slopes, slopes


def free_offset(n_rows, n_classes, seed=1):
    """An offset that no coefficient can take up."""
    return np.random.default_rng(seed).normal(size=(n_rows, n_classes))


def shift_of(model, slopes):
    """What the offset takes from the coefficients of its column, as a model reports them."""
    return slopes[1] - slopes[0] if len(model.coef_) == 1 else slopes - slopes.mean()


def logits_of(coef, intercept, X, offset):
    """Logits of all classes, of two from the log-odds."""
    logits = X @ coef.T + intercept
    if logits.shape[1] == 1:
        logits = np.column_stack([np.zeros(len(logits)), logits])
    return logits + offset


def smooth_gradient(model, X, y, offset, C=np.inf, weights=None):
    """The gradient of the objective with an L2 penalty, in nats a row, from its formula."""
    logits = logits_of(model.coef_, model.intercept_, X, offset)
    p = np.exp(logits - scipy.special.logsumexp(logits, axis=1, keepdims=True))
    s = np.ones(len(X)) if weights is None else weights
    residuals = (p - np.eye(p.shape[1])[y]) * s[:, None]
    residuals = residuals[:, -len(model.coef_) :]
    of_coef = residuals.T @ X + model.coef_ / C
    return np.column_stack([of_coef, residuals.sum(axis=0)]) / s.sum()


# --- fits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", FULL)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_an_offset_that_is_a_column_takes_from_its_coefficient(n_classes, solver, kind):
    X, y, offset, slopes = problem(n_classes)
    X[:, 2] += 0 if solver == "gd" else 20  # a column that is shifted inside
    model = SoftmaxRegression(C=np.inf, solver=solver, tol=1e-10, max_iter=20_000)
    plain, ours = clone(model).fit(X, y), model.fit(kind(X), y, offset=offset)
    assert ours.converged_
    assert_allclose(
        ours.coef_[:, COLUMN], plain.coef_[:, COLUMN] - shift_of(ours, slopes), atol=3e-4
    )
    others = [0, 2, 3]
    assert_allclose(ours.coef_[:, others], plain.coef_[:, others], atol=3e-4)
    assert ours.loss_curve_[-1] == pytest.approx(plain.loss_curve_[-1], rel=1e-9)
    assert_allclose(ours.predict_proba(kind(X), offset=offset), plain.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("solver", FULL)
@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_gradient_vanishes_at_the_optimum(n_classes, solver):
    X, y, *_ = problem(n_classes)
    offset, weights = free_offset(len(X), n_classes), np.random.default_rng(2).random(len(X))
    model = SoftmaxRegression(C=0.1, solver=solver, tol=1e-11, max_iter=20_000)
    model.fit(X, y, weights, offset=offset)
    assert model.converged_
    gradient = smooth_gradient(model, X, y, offset, 0.1, weights)
    assert_allclose(gradient, 0, atol=3e-6)
    without = clone(model).fit(X, y, weights)
    assert np.abs(smooth_gradient(without, X, y, offset, 0.1, weights)).max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32(n_classes, kind):
    X, y, offset, slopes = problem(n_classes)
    X = X.astype(np.float32)
    plain = SoftmaxRegression(C=np.inf).fit(X.astype(np.float64), y)
    ours = SoftmaxRegression(C=np.inf).fit(kind(X), y, offset=offset)
    assert ours.converged_
    assert ours.coef_.dtype == np.float32
    assert_allclose(
        ours.coef_[:, COLUMN], plain.coef_[:, COLUMN] - shift_of(ours, slopes), atol=3e-3
    )
    p = ours.predict_proba(kind(X), offset=offset)
    assert p.dtype == np.float32
    assert_allclose(p, plain.predict_proba(X), atol=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_minibatches_take_the_same_steps_from_a_start_that_makes_up_for_the_offset(
    solver, n_classes
):
    X, y, offset, slopes = problem(n_classes)
    model = SoftmaxRegression(C=np.inf, solver=solver, max_iter=2, warm_start=True, random_state=0)
    found = []
    for moved, added in ((0.0, offset), (1.0, None)):
        start = clone(model)
        n_outputs = n_classes if n_classes > 2 else 1
        start.classes_ = np.arange(n_classes)
        start.coef_ = np.full((n_outputs, 4), 0.1) * np.arange(1, n_outputs + 1)[:, None]
        start.coef_[:, COLUMN] += moved * shift_of(start, slopes)
        start.intercept_ = np.zeros(n_outputs)
        found.append(start.fit(X, y, offset=added))
    ours, plain = found
    assert_allclose(
        ours.coef_[:, COLUMN] + shift_of(ours, slopes), plain.coef_[:, COLUMN], rtol=1e-9
    )
    assert_allclose(ours.coef_[:, [0, 2, 3]], plain.coef_[:, [0, 2, 3]], rtol=1e-9)
    assert_allclose(ours.loss_curve_, plain.loss_curve_, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_zeros_are_bit_for_bit_no_offset(n_classes, solver):
    X, y, *_ = problem(n_classes)
    model = SoftmaxRegression(solver=solver, max_iter=5, random_state=0)
    plain = clone(model).fit(X, y)
    zeros = np.zeros((len(X), n_classes))
    ours = model.fit(X, y, offset=zeros)
    assert_array_equal(ours.params_, plain.params_)
    assert_array_equal(ours.loss_curve_, plain.loss_curve_)
    assert_array_equal(ours.predict_proba(X, offset=zeros), plain.predict_proba(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_all_classes_share_changes_nothing(n_classes):
    X, y, *_ = problem(n_classes)
    offset, shared = free_offset(len(X), n_classes), 5 * free_offset(len(X), 1)
    one = SoftmaxRegression(tol=1e-10).fit(X, y, offset=offset)
    two = SoftmaxRegression(tol=1e-10).fit(X, y, offset=offset + shared)
    assert_allclose(one.params_, two.params_, atol=1e-8)
    assert_allclose(
        one.predict_proba(X, offset=offset),
        one.predict_proba(X, offset=offset + shared),
        atol=1e-12,
    )


def test_what_all_classes_share_takes_no_digits_of_float32():
    X, y, *_ = problem(3)
    offset, X = free_offset(len(X), 3), X.astype(np.float32)
    one = SoftmaxRegression().fit(X, y, offset=offset)
    two = SoftmaxRegression().fit(X, y, offset=offset + 1e6)
    assert_allclose(one.params_, two.params_, atol=1e-5)


@pytest.mark.parametrize("shared", [1e6, -1e6, 1e15, "of each row"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_what_all_classes_share_changes_no_prediction(n_classes, width, kind, shared):
    X, y, *_ = problem(n_classes)
    offset, X = np.round(free_offset(len(X), n_classes) * 8) / 8, kind(X.astype(width))
    if shared == "of each row":
        shared = np.round(1e6 * free_offset(len(offset), 1, seed=2))
    moved = offset + shared  # eighths, of which float64 keeps each beside 1e15
    assert_array_equal(moved - shared, offset)
    model = SoftmaxRegression().fit(X, y, offset=offset)
    for name in ("predict", "predict_proba", "predict_log_proba"):
        predict = getattr(model, name)
        assert_array_equal(predict(X, offset=moved), predict(X, offset=offset))
    assert model.score(X, y, offset=moved) == model.score(X, y, offset=offset)
    one, two = (
        SoftmaxRegression(C=np.inf).fit(X, y, offset=one).inference(X, y, offset=one)
        for one in (offset, moved)
    )
    assert_array_equal(one.std_err, two.std_err)
    for offset_of_one, offset_of_two in ((offset, moved), (moved, offset)):
        here = one.predict_interval(X, offset=offset_of_one)
        assert_array_equal(here.high, two.predict_interval(X, offset=offset_of_two).high)


@pytest.mark.parametrize("solver", FULL)
@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_an_offset_may_rule_classes_out(solver, width):
    """Row by row, as choice models do of what cannot be chosen."""
    X, y, *_ = problem(3)
    rng = np.random.default_rng(0)
    is_out = (rng.random((len(X), 3)) < 0.3) & (np.eye(3)[y] == 0)
    offset, X = free_offset(len(X), 3) - 1e6 * is_out, X.astype(width)
    model = SoftmaxRegression(solver=solver, tol=1e-9 if width == np.float64 else 1e-6)
    model.fit(X, y, offset=offset)
    assert model.converged_
    gradient = smooth_gradient(model, X.astype(np.float64), y, offset, 1.0)
    assert_allclose(gradient, 0, atol=1e-5 if width == np.float64 else 1e-3)
    p = model.predict_proba(X, offset=offset)
    assert (p[is_out] == 0).all()
    assert (p[~is_out] > 0).all()


def test_of_two_classes_the_difference_counts():
    X, y, *_ = problem(2)
    both = free_offset(len(X), 2)
    one = SoftmaxRegression().fit(X, y, offset=both)
    two = SoftmaxRegression().fit(X, y, offset=both[:, 1] - both[:, 0])
    assert_array_equal(one.params_, two.params_)
    assert_array_equal(
        one.decision_function(X, offset=both),
        one.decision_function(X, offset=both[:, 1] - both[:, 0]),
    )


def test_columns_of_a_frame_are_found_by_the_names_of_classes():
    X, y, *_ = problem(3)
    names = np.array(["b", "a", "c"])
    offset = pd.DataFrame(free_offset(len(X), 3), columns=names)
    one = SoftmaxRegression().fit(X, names[y], offset=offset)
    two = SoftmaxRegression().fit(X, names[y], offset=offset[["a", "b", "c"]].to_numpy())
    assert_array_equal(one.params_, two.params_)


def test_logits_are_the_product_plus_the_offset():
    X, y, *_ = problem(3)
    offset = free_offset(len(X), 3)
    model = SoftmaxRegression().fit(X, y, offset=offset)
    logits = X @ model.coef_.T + model.intercept_ + offset
    assert_allclose(model.decision_function(X, offset=offset), logits, rtol=1e-12)
    assert_array_equal(model.predict(X, offset=offset), logits.argmax(axis=1))
    p = model.predict_proba(X, offset=offset)
    assert_allclose(p, scipy.special.softmax(logits, axis=1), rtol=1e-12)
    assert_allclose(model.predict_log_proba(X, offset=offset), np.log(p), rtol=1e-9)
    assert model.score(X, y, offset=offset) == (logits.argmax(axis=1) == y).mean()
    weights = np.arange(len(y))
    assert model.score(X, y, weights, offset=offset) == accuracy_score(
        y, logits.argmax(axis=1), sample_weight=weights
    )


def test_a_long_table_begins_on_samples_and_narrowed_rows():
    X, y, *_ = problem(3, n_rows=40_000, n_features=8)
    offset = free_offset(len(X), 3)
    model = SoftmaxRegression(solver="lbfgs", tol=1e-10).fit(X, y, offset=offset)
    assert model.converged_
    assert_allclose(smooth_gradient(model, X, y, offset, 1.0), 0, atol=1e-5)
    assert model.records_[-1].value == pytest.approx(
        float(model.objective(X, y, offset=offset)), rel=1e-12
    )


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_wide_rows(n_classes, kind):
    X, y, *_ = problem(n_classes, n_rows=40, n_features=200)
    offset = free_offset(len(X), n_classes)
    model = SoftmaxRegression(tol=1e-10).fit(kind(X), y, offset=offset)
    assert model.converged_
    assert_allclose(smooth_gradient(model, X, y, offset, 1.0), 0, atol=1e-6)
    assert 0 <= model.duality_gap_ < 1e-6


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("n_features", [8, 90])  # in one stage, and in several
@pytest.mark.parametrize("n_classes", [2, 3])
def test_l1(n_classes, n_features, grouped):
    X, y, *_ = problem(n_classes, n_features=n_features)
    offset, C = free_offset(len(X), n_classes), 0.02 if n_features == 8 else 0.06
    model = SoftmaxRegression(C=C, l1_ratio=1, grouped=grouped, tol=1e-10)
    model.fit(X, y, offset=offset)
    assert model.converged_
    gradient = smooth_gradient(model, X, y, offset)
    assert_allclose(gradient[:, -1], 0, atol=1e-6)
    slope, (of_coef, coef) = 1 / (C * len(X)), (gradient[:, :-1], model.coef_)
    if grouped:
        norms = np.linalg.norm(coef, axis=0)
        assert (np.linalg.norm(of_coef, axis=0) <= slope * (1 + 1e-4)).all()
        used = norms > 1e-6
        assert_allclose(of_coef[:, used], -slope * coef[:, used] / norms[used], atol=2e-6)
    else:
        assert (np.abs(of_coef) <= slope * (1 + 1e-4)).all()
        used = np.abs(coef) > 1e-6
        assert_allclose(of_coef[used], -slope * np.sign(coef[used]), atol=2e-6)
    assert used.any()
    assert not used.all()
    assert 0 <= model.duality_gap_ < 1e-5


def test_bounds():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression(C=np.inf, lower_bounds=-0.1, upper_bounds=0.1, tol=1e-10)
    model.fit(X, y, offset=offset)
    gradient = smooth_gradient(model, X, y, offset)[:, :-1]
    inside = np.abs(model.coef_) < 0.1
    assert_allclose(gradient[inside], 0, atol=1e-6)
    assert (gradient[model.coef_ == 0.1] <= 1e-9).all()
    assert (gradient[model.coef_ == -0.1] >= -1e-9).all()


def test_probabilities_smoothing_and_class_weights():
    X, *_ = problem(3)
    offset = free_offset(len(X), 3)
    targets = np.random.default_rng(0).dirichlet([1, 1, 1], len(X))
    model = SoftmaxRegression(label_smoothing=0.2, class_weight={0: 2.0}, tol=1e-11)
    model.fit(X, targets, offset=offset)
    weights = targets * [2, 1, 1]
    row, smoothed = weights.sum(axis=1), weights / weights.sum(axis=1, keepdims=True)
    smoothed = 0.8 * smoothed + 0.2 / 3
    p = model.predict_proba(X, offset=offset)
    gradient = ((p - smoothed) * row[:, None]).T @ X + model.coef_
    assert_allclose(gradient / row.sum(), 0, atol=1e-6)


def test_statsmodels():
    X, y, *_ = problem(2)
    offset = free_offset(len(X), 1)[:, 0]
    theirs = sm.GLM(y, sm.add_constant(X), sm.families.Binomial(), offset=offset).fit(tol=1e-14)
    model = SoftmaxRegression(C=np.inf, tol=1e-12).fit(X, y, offset=offset)
    ours = model.inference(X, y, offset=offset)
    assert_allclose(np.roll(ours.coef[0], 1), theirs.params, rtol=1e-7)
    assert_allclose(np.roll(ours.std_err[0], 1), theirs.bse, rtol=1e-6)
    assert ours.log_likelihood == pytest.approx(theirs.llf, rel=1e-10)
    assert ours.log_likelihood_null == pytest.approx(theirs.llnull, rel=1e-8)
    assert_allclose(model.predict_proba(X, offset=offset)[:, 1], theirs.fittedvalues, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.01])
def test_glum(alpha):
    """glum minimises the mean loss and ``alpha / 2`` times the squared coefficients."""
    glum = pytest.importorskip("glum", reason="glum is not installed: pip install glum")
    X, y, *_ = problem(2)
    offset = free_offset(len(X), 1)[:, 0]
    weights = np.random.default_rng(3).uniform(0.5, 2, len(X))
    theirs = glum.GeneralizedLinearRegressor(
        family="binomial", alpha=alpha, gradient_tol=1e-12, max_iter=1000
    ).fit(X, y, sample_weight=weights, offset=offset)
    C = np.inf if alpha == 0 else 1 / (alpha * weights.sum())
    ours = SoftmaxRegression(C=C, tol=1e-14).fit(X, y, sample_weight=weights, offset=offset)
    assert_allclose(ours.coef_[0], theirs.coef_, rtol=1e-6)
    assert_allclose(ours.intercept_[0], theirs.intercept_, rtol=1e-6)
    probabilities = ours.predict_proba(X, offset=offset)[:, 1]
    assert_allclose(probabilities, theirs.predict(X, offset=offset), rtol=1e-6)
    without = SoftmaxRegression(C=C).fit(X, y, sample_weight=weights)
    assert np.abs(without.coef_[0] - theirs.coef_).max() > 0.01


def test_more_classes_are_a_poisson_model_with_an_effect_of_each_row():
    """Baker (1994): counts of classes given their sum, by statsmodels with the same offset."""
    X, y, *_ = problem(3, n_rows=80, n_features=2)
    offset = free_offset(80, 3)
    columns = np.column_stack([X, np.ones(80)])
    of_classes = np.kron(columns, np.eye(3)[:, 1:])  # a row a row and class
    of_classes = of_classes.reshape(80, 3, 3, 2).transpose(0, 1, 3, 2).reshape(240, 6)
    design = np.hstack([of_classes, np.kron(np.eye(80), np.ones((3, 1)))])
    counts = np.eye(3)[y].ravel()
    theirs = sm.GLM(counts, design, sm.families.Poisson(), offset=offset.ravel())
    theirs = theirs.fit(tol=1e-14, maxiter=200)
    model = SoftmaxRegression(C=np.inf).fit(X, y, offset=offset)
    ours = model.inference(X, y, offset=offset)
    assert_allclose(ours.coef.ravel(), theirs.params[:6], rtol=1e-6)
    assert_allclose(ours.std_err.ravel(), theirs.bse[:6], rtol=1e-6)


# --- the objective ---------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_derivatives_by_finite_differences(n_classes):
    X, y, *_ = problem(n_classes, n_rows=60, n_features=3)
    rng = np.random.default_rng(0)
    n_outputs = n_classes if n_classes > 2 else 1
    rows = rows_of(X, n_outputs, has_intercept=True, n_threads=1)
    objective = RegressionObjective(
        rows, y, n_classes, 2.0, rng.random(60), offset=free_offset(60, n_outputs)
    )
    point = rng.normal(size=objective.shape)
    gradient = scipy.optimize.approx_fprime(
        point.ravel(), lambda flat: objective.value(flat.reshape(point.shape)), 1e-7
    )
    assert_allclose(objective.evaluate(point).gradient.ravel(), gradient, atol=1e-6)
    hessian = scipy.optimize.approx_fprime(
        point.ravel(),
        lambda flat: objective.evaluate(flat.reshape(point.shape)).gradient.ravel(),
        1e-7,
    )
    exact = objective.hessian(point)
    assert_allclose(exact.matrix, hessian, atol=1e-6)
    every = np.ones(point.shape, dtype=bool)
    assert_allclose(
        objective.active_hessian(point, every, exact=True).matrix(), hessian, atol=1e-6
    )
    assert_allclose(
        objective.curvature(point, exact=True, as_diagonal=True).diagonal.sum(),
        hessian.diagonal().sum() * max(n_outputs, 1) / max(n_outputs - 1, 1)
        if n_outputs > 1
        else hessian.diagonal().sum(),
        rtol=0.2,
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_curvature_at_zero_params_is_that_of_the_offset(n_classes):
    X, y, *_ = problem(n_classes, n_rows=60, n_features=3)
    n_outputs = n_classes if n_classes > 2 else 1
    rows = rows_of(X, n_outputs, has_intercept=True, n_threads=1)
    offset = 3 * free_offset(60, n_outputs)
    objective = RegressionObjective(rows, y, n_classes, np.inf, offset=offset)
    zeros = np.zeros(objective.shape)
    logits = offset if n_outputs > 1 else np.column_stack([np.zeros(60), offset])
    p = scipy.special.softmax(logits, axis=1)[:, -n_outputs:]
    design = np.column_stack([X, np.ones(60)])
    grams = np.array([(design.T * (q * (1 - q))) @ design / 60 for q in p.T])
    assert_allclose(objective.curvature(zeros, exact=True).diagonal, np.einsum("kii->ki", grams))
    true = -np.log(scipy.special.softmax(logits, axis=1))[np.arange(60), y].mean()
    assert objective.value_at_zero == pytest.approx(true, rel=1e-12)
    assert objective.value(zeros) == pytest.approx(true, rel=1e-12)


def test_other_rows_of_an_objective_keep_their_offset():
    X, y, *_ = problem(3, n_rows=60, n_features=3)
    offset = free_offset(60, 3)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    objective = RegressionObjective(rows, y, 3, 2.0, offset=offset)
    point, some = np.random.default_rng(1).normal(size=objective.shape), np.array([5, 2, 40])
    part = objective.on(rows.subset(some), some)
    few = RegressionObjective(
        rows_of(X[some], 3, has_intercept=True, n_threads=1),
        y[some],
        3,
        np.inf,
        offset=offset[some],
    )
    assert part.with_penalty(np.inf).value(point) == pytest.approx(few.value(point), rel=1e-12)
    narrow = objective.on(rows.narrowed())
    assert narrow.data.offset.dtype == np.float32
    assert narrow.value(point) == pytest.approx(objective.value(point), rel=1e-6)
    assert narrow.data.in_float64().offset.dtype == np.float64
    fewer = RegressionObjective(
        rows_of(X[:, [2]], 3, has_intercept=True, n_threads=1), y, 3, np.inf, offset=offset
    )
    columns = objective.of_features(np.array([2]))
    assert columns.value(point[:, 2:]) == pytest.approx(fewer.value(point[:, 2:]), rel=1e-12)


@pytest.mark.parametrize("scale", [1.0, 30.0])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_the_best_intercepts_beside_an_offset(n_classes, scale):
    X, y, *_ = problem(n_classes, n_rows=200)
    n_outputs = n_classes if n_classes > 2 else 1
    weights = np.random.default_rng(0).random(200)
    offset = scale * free_offset(200, n_outputs)
    objective = RegressionObjective(
        rows_of(X, n_outputs, has_intercept=True, n_threads=1),
        y,
        n_classes,
        1.0,
        weights,
        offset=offset,
    )

    def loss(intercepts):
        params = np.zeros(objective.shape)
        params[:, -1] = intercepts
        here = objective.evaluate(params)
        return here.value, here.gradient[:, -1]

    theirs = scipy.optimize.minimize(loss, np.zeros(n_outputs), jac=True, tol=1e-12)
    ours = best_intercepts(objective.data)
    assert_allclose(loss(ours)[1], 0, atol=1e-12)
    assert_allclose(ours, theirs.x - (theirs.x.mean() if n_outputs > 1 else 0), atol=1e-5)
    assert null_loss(objective.data) == pytest.approx(theirs.fun, rel=1e-9)
    assert objective.null_value == null_loss(objective.data)


def test_intercepts_give_a_class_without_weight_the_least_share():
    X, y, *_ = problem(3, n_rows=200)
    weights = (y != 1).astype(float)
    data = RegressionObjective(
        rows_of(X, 3, has_intercept=True, n_threads=1),
        y,
        3,
        1.0,
        weights,
        offset=free_offset(200, 3),
    ).data
    logits = best_intercepts(data) + data.offset.T
    shares = weights @ scipy.special.softmax(logits, axis=1) / weights.sum()
    assert_allclose(shares[1], 1e-12, rtol=0.2)
    assert shares[0] == pytest.approx((weights @ (y == 0)) / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_objective_and_duality_gap_are_bounds(n_classes):
    X, y, *_ = problem(n_classes)
    offset = free_offset(len(X), n_classes)
    best = SoftmaxRegression(C=0.5, tol=1e-12).fit(X, y, offset=offset)
    least = float(best.objective(X, y, offset=offset))
    rough = SoftmaxRegression(C=0.5, tol=1e-2).fit(X, y, offset=offset)
    value = float(rough.objective(X, y, offset=offset))
    assert 1e-9 < value - least <= rough.duality_gap_
    both = best.objective(X, y, offset=offset, params=np.stack([best.params_, rough.params_]))
    assert_allclose(both, [least, value], rtol=1e-14)


# --- validation rows, streams ----------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["lbfgs", "sgd", "proximal-newton"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_validation_rows_are_scored_with_theirs(n_classes, solver):
    X, y, *_ = problem(n_classes)
    offset = free_offset(len(X), n_classes)
    model = SoftmaxRegression(solver=solver, max_iter=4, random_state=0)
    model.fit(
        X[:200],
        y[:200],
        offset=offset[:200],
        X_val=X[200:],
        y_val=y[200:],
        offset_val=offset[200:],
    )
    last = model.records_[-1]
    p = model.predict_proba(X[200:], offset=offset[200:])
    assert last.validation_loss == pytest.approx(log_loss(y[200:], p), rel=1e-9)
    hits = model.predict(X[200:], offset=offset[200:]) == y[200:]
    assert last.validation_accuracy == pytest.approx(hits.mean())


def test_validation_rows_are_split_off_with_theirs():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression(
        C=np.inf, early_stopping=True, n_iter_no_change=1000, random_state=0, tol=1e-12
    )
    plain = clone(model).fit(X, y)
    model.fit(X, y, offset=offset)
    # The same rows are held out, and the optimum on the others has the same probabilities.
    ours, theirs = model.history_["validation_loss"][-1], plain.history_["validation_loss"][-1]
    assert ours == pytest.approx(theirs, rel=1e-5)
    assert model.history_["validation_loss"][0] != pytest.approx(np.log(3), rel=1e-3)


def test_validation_rows_need_theirs():
    X, y, offset, _ = problem(3)
    with pytest.raises(ValueError, match="pass offset_val"):
        SoftmaxRegression().fit(X, y, offset=offset, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="offset_val has shape"):
        SoftmaxRegression().fit(X, y, offset=offset, X_val=X, y_val=y, offset_val=offset[:5])
    with pytest.raises(ValueError, match="y_val is missing"):
        SoftmaxRegression().fit(X, y, offset=offset, X_val=X, offset_val=offset)


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_stream_in_chunks_is_the_stream_in_one_piece(n_classes, solver):
    X, y, *_ = problem(n_classes, n_rows=256)
    offset, weights = free_offset(256, n_classes), np.ones(256)
    weights[64:128] = 0  # minibatches without weight are left out
    model = SoftmaxRegression(solver=solver, random_state=0)
    whole, parts = clone(model), clone(model)
    classes = np.arange(n_classes)
    whole.partial_fit(X, y, classes, weights, offset=offset)
    for first in range(0, 256, 64):
        part = slice(first, first + 64)
        parts.partial_fit(X[part], y[part], classes, weights[part], offset=offset[part])
    assert_array_equal(whole.params_, parts.params_)
    without = clone(model).partial_fit(X, y, classes, weights)
    assert np.abs(without.params_ - whole.params_).max() > 1e-3
    before = parts.params_.copy()
    with pytest.raises(ValueError, match="fitted with an offset"):
        parts.partial_fit(X, y)
    assert_array_equal(parts.params_, before)


def test_a_stream_learns_the_offset():
    X, y, offset, slopes = problem(3, n_rows=20_000)
    ours = SoftmaxRegression(C=np.inf, solver="adam", random_state=0)
    plain = clone(ours)
    for _ in range(6):
        ours.partial_fit(X, y, np.arange(3), offset=offset)
        plain.partial_fit(X, y, np.arange(3))
    expected = plain.coef_[:, COLUMN] - shift_of(plain, slopes)
    assert_allclose(ours.coef_[:, COLUMN], expected, atol=0.1)


# --- paths and cross-validation ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.asarray, sp.csc_matrix])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_path_is_made_of_single_fits(n_classes, kind):
    X, y, *_ = problem(n_classes, n_features=10)
    offset = free_offset(len(X), n_classes)
    path = softmax_path(kind(X), y, offset=offset, Cs=5, C_span=50, tol=1e-10)
    assert path.n_nonzero[0] == 0
    assert path.converged.all()
    for C, coef, intercept, value in zip(
        path.Cs, path.coefs, path.intercepts, path.objective, strict=True
    ):
        model = SoftmaxRegression(C=C, l1_ratio=1, tol=1e-10).fit(kind(X), y, offset=offset)
        assert_allclose(coef, model.coef_, atol=1e-4)
        assert_allclose(intercept, model.intercept_, atol=1e-4)
        assert value == pytest.approx(model.loss_curve_[-1], rel=1e-8)
    # The path begins where a coefficient is about to leave zero.
    above = SoftmaxRegression(C=path.Cs[0] * 1.02, l1_ratio=1, tol=1e-12).fit(X, y, offset=offset)
    assert above.coef_.any()
    null = np.array([np.append(np.zeros(10), b) for b in path.intercepts[0]])
    loss = float(above.objective(X, y, offset=offset, params=null[None])[0])
    assert path.null_deviance == pytest.approx(2 * len(X) * loss, rel=1e-9)


CLASSES_OF_FOLDS = [(2, StratifiedKFold(3)), (3, StratifiedKFold(3))]


@pytest.mark.parametrize("scoring", ["neg_log_loss", "accuracy", "roc_auc_ovr", "d2"])
@pytest.mark.parametrize(("n_classes", "cv"), CLASSES_OF_FOLDS)
def test_folds_are_single_fits(n_classes, cv, scoring):
    X, y, *_ = problem(n_classes, n_rows=150)
    offset, Cs = free_offset(len(X), n_classes), [0.01, 1.0]
    if scoring == "d2":  # no scorer that the folds know
        scoring = make_scorer(lambda y, p: -log_loss(y, p), response_method="predict_proba")
    model = SoftmaxRegressionCV(Cs=Cs, cv=cv, scoring=scoring, tol=1e-9)
    model.fit(X, y, offset=offset)
    for number, (train, test) in enumerate(cv.split(X, y)):
        for place, C in enumerate(Cs):
            single = SoftmaxRegression(C=C, tol=1e-10).fit(
                X[train], y[train], offset=offset[train]
            )
            assert_allclose(model.coefs_paths_[number, 0, place], single.params_, atol=1e-3)
            p = single.predict_proba(X[test], offset=offset[test])
            score = model.scores_[number, 0, place]
            if scoring == "neg_log_loss" or callable(scoring):
                assert score == pytest.approx(-log_loss(y[test], p), abs=1e-4)
            elif scoring == "accuracy":
                assert score == pytest.approx((p.argmax(axis=1) == y[test]).mean(), abs=0.021)
            else:
                true = y[test] if n_classes == 2 else np.eye(3)[y[test]]
                from sklearn.metrics import roc_auc_score

                expected = roc_auc_score(true, p[:, 1] if n_classes == 2 else p)
                assert score == pytest.approx(expected, abs=0.01)
    whole = SoftmaxRegression(C=model.C_, tol=1e-10).fit(X, y, offset=offset)
    assert_allclose(model.coef_, whole.coef_, atol=1e-3)
    with pytest.raises(ValueError, match="fitted with an offset"):
        model.predict(X)
    if scoring == "neg_log_loss":
        p = model.predict_proba(X, offset=offset)
        assert model.score(X, y, offset=offset) == pytest.approx(-log_loss(y, p))
        with pytest.raises(ValueError, match="fitted with an offset"):
            model.score(X, y)
        with pytest.raises(ValueError, match="offset has shape"):
            model.score(X, y, offset=offset[:7])


def test_a_scorer_of_a_fold_may_predict_for_its_rows_alone():
    X, y, *_ = problem(3)
    offset = free_offset(len(X), 3)

    def of_others(model, X, y):
        return model.predict(X[1:]).mean()

    with pytest.raises(ValueError, match="fitted with an offset"):
        SoftmaxRegressionCV(Cs=[1.0], scoring=of_others).fit(X, y, offset=offset)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_folds_of_wide_rows_and_of_l1(l1_ratio):
    n_features = 150 if l1_ratio == 0 else 30
    X, y, *_ = problem(3, n_rows=60, n_features=n_features)
    offset, cv = free_offset(60, 3), StratifiedKFold(2)
    model = SoftmaxRegressionCV(
        Cs=[0.01, 0.1], l1_ratios=[l1_ratio], cv=cv, scoring="neg_log_loss", tol=1e-9
    ).fit(X, y, offset=offset)
    for number, (train, _) in enumerate(cv.split(X, y)):
        for place, C in enumerate([0.01, 0.1]):
            single = SoftmaxRegression(C=C, l1_ratio=l1_ratio, tol=1e-10)
            single.fit(X[train], y[train], offset=offset[train])
            assert_allclose(model.coefs_paths_[number, 0, place], single.params_, atol=2e-4)


@pytest.mark.parametrize("n_classes", [3, 4])
def test_a_fold_that_misses_a_class(n_classes):
    X, y, *_ = problem(n_classes, n_rows=150)
    order = np.argsort(y == 0, kind="stable")  # the rows of class 0 are in the last fold
    X, y, offset = X[order], y[order], free_offset(150, n_classes)
    cv = KFold(3)
    model = SoftmaxRegressionCV(Cs=[0.1], cv=cv, scoring="neg_log_loss", tol=1e-10)
    model.fit(X, y, offset=offset)
    missing = 0
    for number, (train, test) in enumerate(cv.split(X)):
        present = np.unique(y[train])
        single = SoftmaxRegression(C=0.1, tol=1e-11)
        single.fit(X[train], y[train], offset=offset[train][:, present])
        p = np.full((len(test), n_classes), np.finfo(float).eps)
        p[:, present] = single.predict_proba(X[test], offset=offset[test][:, present])
        score = np.log(p[np.arange(len(test)), y[test]]).mean()
        assert model.scores_[number, 0, 0] == pytest.approx(score, abs=1e-5)
        missing += len(present) < n_classes
    assert missing


def test_metadata_routing():
    X, y, *_ = problem(3)
    offset = free_offset(len(X), 3)
    cv = StratifiedKFold(3)
    with config_context(enable_metadata_routing=True):
        model = SoftmaxRegression().set_fit_request(offset=True).set_score_request(offset=True)
        scores = cross_val_score(model, X, y, cv=cv, params={"offset": offset})
        pipeline = make_pipeline(StandardScaler(), model.set_predict_request(offset=True))
        pipeline.fit(X, y, offset=offset)
        labels = pipeline.predict(X, offset=offset)
        chosen = SoftmaxRegressionCV(Cs=[1.0], cv=cv, scoring="accuracy")
        chosen.set_fit_request(offset=True).set_score_request(offset=True)
        nested = cross_val_score(chosen, X, y, cv=cv, params={"offset": offset})
    for (train, test), score in zip(cv.split(X, y), scores, strict=True):
        single = SoftmaxRegression().fit(X[train], y[train], offset=offset[train])
        assert score == single.score(X[test], y[test], offset=offset[test])
    assert_allclose(nested, scores, atol=0.03)
    scaled = StandardScaler().fit_transform(X)
    single = SoftmaxRegression().fit(scaled, y, offset=offset)
    assert_array_equal(labels, single.predict(scaled, offset=offset))


# --- inference ---------------------------------------------------------------------------------


@pytest.mark.parametrize("covariance", ["hessian", "opg", "HC1"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_inference_is_that_of_the_shifted_coefficients(n_classes, covariance):
    X, y, offset, slopes = problem(n_classes)
    plain = SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y, covariance=covariance)
    model = SoftmaxRegression(C=np.inf).fit(X, y, offset=offset)
    ours = model.inference(X, y, offset=offset, covariance=covariance)
    moved = plain.coef.copy()
    moved[:, COLUMN] -= (slopes - slopes[0])[1:]
    assert_allclose(ours.coef, moved, atol=1e-6)
    assert_allclose(ours.std_err, plain.std_err, rtol=1e-5)
    assert ours.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-10)
    here, there = ours.predict_interval(X[:9], offset=offset[:9]), plain.predict_interval(X[:9])
    assert_allclose(here.probabilities, there.probabilities, rtol=1e-5)
    assert_allclose(here.low, there.low, rtol=1e-4)
    assert_allclose(here.high, there.high, rtol=1e-4)
    more = X + np.eye(4)[0]
    for average in (True, False):
        here = ours.compare_predictions(X, more, offset=offset, average=average)
        there = plain.compare_predictions(X, more, average=average)
        assert_allclose(here.estimate, there.estimate, atol=1e-6)
        assert_allclose(here.std_err, there.std_err, rtol=1e-4)
    for at in ("each row", "mean"):
        here = ours.marginal_effects(X, at, offset=offset, dummy=[2], count=[3])
        there = plain.marginal_effects(X, at, dummy=[2], count=[3])
        others = [0, 2, 3]
        assert_allclose(here.estimate[others], there.estimate[others], atol=1e-6)
        assert_allclose(here.std_err[others], there.std_err[others], rtol=1e-4)


def test_null_model_beside_an_offset():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression(C=np.inf).fit(X, y, offset=offset)
    ours = model.inference(X, y, offset=offset)
    # Nothing but intercepts: columns that no class can use.
    null = SoftmaxRegression(C=1e-12, tol=1e-12).fit(X, y, offset=offset)
    value = len(X) * float(null.objective(X, y, offset=offset))
    assert ours.log_likelihood_null == pytest.approx(-value, rel=1e-8)
    test = ours.likelihood_ratio_test()
    assert test.statistic == pytest.approx(2 * (ours.log_likelihood + value), rel=1e-6)
    fewer = SoftmaxRegression(C=np.inf).fit(X[:, :2], y, offset=offset)
    smaller = fewer.inference(X[:, :2], y, offset=offset)
    assert ours.likelihood_ratio_test(smaller).df == 4
    without = SoftmaxRegression(C=np.inf).fit(X[:, :2], y).inference(X[:, :2], y)
    with pytest.raises(ValueError, match="different offsets"):
        ours.likelihood_ratio_test(without)


def test_inference_needs_the_offset_of_the_fit():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression(C=np.inf).fit(X, y, offset=offset)
    with pytest.raises(ValueError, match="fitted with an offset"):
        model.inference(X, y)
    with pytest.raises(ValueError, match="offset are not those of the fit"):
        model.inference(X, y, offset=offset[::-1])
    with pytest.raises(ValueError, match="fitted without one"):
        SoftmaxRegression(C=np.inf).fit(X, y).inference(X, y, offset=offset)
    ours = pickle.loads(pickle.dumps(model.inference(X, y, offset=offset)))
    for call in (
        lambda: ours.predict_interval(X),
        lambda: ours.marginal_effects(X),
        lambda: ours.compare_predictions(X, X),
    ):
        with pytest.raises(ValueError, match="fitted with an offset"):
            call()
    with pytest.raises(ValueError, match="offset has shape"):
        ours.predict_interval(X, offset=offset[:3])


def test_inference_of_some_features_and_of_a_pipeline():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression(C=np.inf).fit(X, y, offset=offset)
    whole = model.inference(X, y, offset=offset)
    some = model.inference(X, y, offset=offset, features=[0, COLUMN])
    assert_allclose(some.coef, whole.coef[:, [0, COLUMN]], atol=1e-6)
    assert_allclose(some.std_err, whole.std_err[:, [0, COLUMN]], rtol=1e-5)
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression(C=np.inf))
    pipeline.fit(X, y, softmaxregression__offset=offset)
    scaled = of_pipeline(pipeline, X, y, offset=offset)
    assert_allclose(scaled.coef[:, :4], whole.coef[:, :4] * X.std(axis=0), atol=1e-5)
    here = scaled.predict_interval(X[:5], offset=offset[:5])
    assert_allclose(here.low, whole.predict_interval(X[:5], offset=offset[:5]).low, rtol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_bias_reduction(n_classes):
    X, y, offset, slopes = problem(n_classes, n_rows=60)
    model = SoftmaxRegression(C=np.inf, bias_reduction="firth", tol=1e-12)
    plain, ours = clone(model).fit(X, y), model.fit(X, y, offset=offset)
    moved = plain.coef_.copy()
    moved[:, COLUMN] -= shift_of(ours, slopes)
    assert_allclose(ours.coef_, moved, atol=1e-5)
    here = ours.bias_reduced_inference(X, y, offset=offset)
    there = plain.bias_reduced_inference(X, y)
    assert_allclose(here.std_err, there.std_err, rtol=1e-5)
    taken = (slopes - slopes[0])[1:, None]
    assert_allclose(
        here.conf_int(columns=[COLUMN])[:, COLUMN],
        there.conf_int(columns=[COLUMN])[:, COLUMN] - taken,
        atol=1e-4,
    )
    with pytest.raises(ValueError, match="fitted with an offset"):
        ours.bias_reduced_inference(X, y)


@pytest.mark.parametrize("scale", [1.0, 20.0])  # at zero there is hardly any information left
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_penalised_likelihood_of_bias_reduction_is_its_formula(n_classes, scale):
    X, y, *_ = problem(n_classes, n_rows=60)
    offset, design = scale * free_offset(60, n_classes), np.column_stack([X, np.ones(60)])
    model = SoftmaxRegression(C=np.inf, bias_reduction="firth", tol=1e-10)
    model.fit(X, y, offset=offset)
    assert model.converged_

    def log_det(logits):
        p = scipy.special.softmax(logits, axis=1)[:, 1:]
        curvature = np.einsum("ik,kl->ikl", p, np.eye(n_classes - 1))
        curvature -= np.einsum("ik,il->ikl", p, p)
        whole = np.einsum("ikl,ic,id->kcld", curvature, design, design)
        return np.linalg.slogdet(whole.reshape((n_classes - 1) * 5, -1))[1]

    logits = logits_of(model.coef_, model.intercept_, X, offset)
    loss = -scipy.special.log_softmax(logits, axis=1)[np.arange(60), y].sum()
    penalty = (log_det(logits) - log_det(np.zeros((60, n_classes)))) / 2
    assert model.loss_curve_[-1] == pytest.approx((loss - penalty) / 60, rel=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scale", [1.0, 14.0, 31.0])  # with these nothing is left of a gradient
@pytest.mark.parametrize("solver", ["auto", "lbfgs", "newton-cholesky"])
def test_separated_classes_are_found_beside_an_offset(solver, scale):
    X, y, *_ = problem(2)
    X[:, 0] = np.where(y == 1, 1.0, -1.0) * (1 + np.abs(X[:, 0]))
    offset = scale * free_offset(len(X), 2)
    model = SoftmaxRegression(C=np.inf, solver=solver, max_iter=2000).fit(X, y, offset=offset)
    assert not model.converged_
    with pytest.raises(ValueError, match=r"(?s)separated.*classes told apart: 0 from 1"):
        model.inference(X, y, offset=offset)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("scale", [1.0, 6.0])
@pytest.mark.parametrize("name", TABLES)
def test_an_offset_does_not_change_whether_classes_are_separated(name, scale):
    X, y, kind = TABLES[name]
    X, y = np.asarray(X), np.asarray(y)
    n_classes = y.shape[1] if y.ndim == 2 else len(np.unique(y))
    model = SoftmaxRegression(C=np.inf, max_iter=5000)
    model.fit(X, y, offset=scale * free_offset(len(X), n_classes))
    assert model.converged_ == (kind == "none")


def test_a_value_that_proves_that_rows_are_apart_leaves_room_for_the_offset():
    X, y, *_ = problem(3, n_rows=60)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    offset = 2 * free_offset(60, 3)
    most = np.ptp(offset, axis=1).max()
    below = RegressionObjective(rows, y, 3, np.inf, offset=offset).separated_below
    assert below == pytest.approx(np.log1p(np.exp(-most)) / 60, rel=1e-12)
    # Without params this offset classifies each row, by far more than log 2 asks for.
    sure = RegressionObjective(rows, y, 3, np.inf, offset=9.0 * np.eye(3)[y])
    assert sure.separated_below < sure.value_at_zero < np.log(2) / 60


def test_an_offset_that_classifies_every_row_separates_nothing():
    X, y, *_ = problem(2)
    offset = np.where(y == 1, 12.0, -12.0)
    model = SoftmaxRegression(C=np.inf, tol=1e-8).fit(X, y, offset=offset)
    assert model.converged_
    assert (model.predict(X, offset=offset) == y).all()
    assert_allclose(
        smooth_gradient(model, X, y, np.column_stack([0 * offset, offset])), 0, atol=1e-8
    )


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_need_the_offset(n_classes):
    X, y, offset, _ = problem(n_classes)
    model = SoftmaxRegression().fit(X, y, offset=offset)
    for call in (
        model.predict,
        model.predict_proba,
        model.predict_log_proba,
        model.decision_function,
        lambda X: model.score(X, y),
        lambda X: model.objective(X, y),
    ):
        with pytest.raises(ValueError, match="fitted with an offset"):
            call(X)
    with pytest.raises(ValueError, match="takes none"):
        model.to_logistic_regression()
    again = pickle.loads(pickle.dumps(model))
    with pytest.raises(ValueError, match="fitted with an offset"):
        again.predict(X)
    model.fit(X, y)  # anew, without one
    plain = SoftmaxRegression().fit(X, y)
    assert_array_equal(model.predict_proba(X), plain.predict_proba(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_wrong_offsets_are_errors(n_classes):
    X, y, offset, _ = problem(n_classes)
    shapes = [(len(X), n_classes + 1), (len(X) - 1, n_classes), (len(X), 1), (1, len(X)), ()]
    shapes += [(len(X), n_classes, 1)] + ([(len(X),)] if n_classes > 2 else [])
    model = SoftmaxRegression()
    for shape in shapes:
        with pytest.raises(ValueError, match="offset has shape"):
            model.fit(X, y, offset=np.zeros(shape))
    for bad in (np.nan, np.inf):
        wrong = offset.copy()
        wrong[7, 1] = bad
        with pytest.raises(ValueError, match="Row 7 of offset is the first with NaN"):
            model.fit(X, y, offset=wrong)
    with pytest.raises(ValueError, match="offset must hold numbers"):
        model.fit(X, y, offset=["a"] * len(X))
    with pytest.raises(ValueError, match="more than float32 holds"):
        model.fit(X.astype(np.float32), y, offset=1e300 * offset)
    assert not hasattr(model, "coef_")
    model.fit(X, y, offset=offset)
    with pytest.raises(ValueError, match="offset has shape"):
        model.predict(X[:5], offset=offset)
    assert_array_equal(
        model.predict(X[:5], offset=offset[:5]), model.predict(X, offset=offset)[:5]
    )


def test_a_model_without_an_offset_may_predict_with_one():
    X, y, offset, _ = problem(3)
    model = SoftmaxRegression().fit(X, y)
    assert_allclose(
        model.decision_function(X, offset=offset), model.decision_function(X) + offset, rtol=1e-12
    )


def test_inputs_are_not_written_to():
    X, y, *_ = problem(3)
    offset = free_offset(len(X), 3)
    offset.flags.writeable = False
    before = offset.copy()
    SoftmaxRegression().fit(X, y, offset=offset)
    assert_array_equal(offset, before)
