"""Values at the ends of floating point, separable rows and classes without weight.

Every fit ends in few iterations and evaluations, whatever its values, with a status that is so.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from oracle import Definition, Penalty, least_value
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path

SOLVERS = ["auto", "lbfgs", "newton-cholesky", "proximal-newton", "proximal-lbfgs"]
NONSMOOTH = ["auto", "proximal-newton", "proximal-lbfgs"]
FLOOR = "no step lowers the objective any further in this floating-point precision"
TOO_WEAK = "the penalty is too weak to be seen in this precision"
FORMS = [np.asarray, sp.csr_matrix, sp.csc_matrix]


def overlapping(n_classes, n_rows=100, n_features=5):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_features))
    logits = X @ rng.standard_normal((n_features, n_classes))
    return X, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def separable(n_classes):
    rng = np.random.default_rng(0)
    y = np.arange(60) % n_classes
    return np.column_stack([y, 2 * y]) * 10 + rng.standard_normal((60, 2)), y


def fitted(X, y, *, sample_weight=None, **parameters):
    """Return a model, and the sentence that it warned with."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = SoftmaxRegression(**parameters).fit(X, y, sample_weight=sample_weight)
    assert [w.category for w in caught] in ([], [ConvergenceWarning])
    assert np.isfinite(model.params_).all()
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    return model, str(caught[0].message) if caught else ""


def assert_soon(model, most_iterations=120, most_passes=400):
    assert model.n_iter_[0] <= most_iterations
    assert model.records_[-1].passes <= most_passes


# --- the floor of rounding ----------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
def test_two_rows_far_apart_end_at_the_floor(solver):
    model, _ = fitted([[0.0], [1e8]], [0, 1], solver=solver)
    assert model.converged_
    assert_soon(model)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("form", FORMS)
def test_separable_rows_of_any_size_end_at_the_floor(solver, n_classes, form):
    X, y = separable(n_classes)
    for size in (1e4, 1e8, 1e12, 1e-8):
        model, message = fitted(form(X * size), y, solver=solver)
        assert model.converged_ or FLOOR in message or TOO_WEAK in message
        assert_soon(model)
        assert size < 1 or model.score(X * size, y) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_tolerance_that_no_fit_can_reach(dtype, solver, n_classes):
    X, y = overlapping(n_classes)
    penalties = (0.0, 1.0) if solver in NONSMOOTH else (0.0,)
    for l1_ratio in penalties:
        parameters = dict(solver=solver, tol=1e-300, l1_ratio=l1_ratio)
        model, message = fitted(X.astype(dtype), y, **parameters)
        assert model.converged_ or FLOOR in message
        assert_soon(model, 60, 200)
        last = model.loss_curve_[-1]
        idle = np.abs(model.loss_curve_ - last) <= 4 * np.finfo(dtype).eps * max(last, 1)
        assert np.argmin(idle[::-1]) <= 8


def test_no_solver_needs_a_rule_of_its_own():
    """A search that goes on for ever is ended by the judge."""
    from sk_softmax.interfaces import EvaluateAt, Progress, Solution, Status
    from sk_softmax.solvers.options import Options

    class Idle(Options):
        is_stochastic = False
        default_max_iter = 10_000

        def minimize(self, problem):
            here = yield EvaluateAt(problem.start)
            for iteration in range(problem.max_iter):
                if (yield Progress.of(iteration, problem.start, here, 1.0)):
                    break
            return Solution(problem.start, here, Status.STOPPED, iteration, np.nan)

    X, y = overlapping(3)
    model, message = fitted(X, y, solver=Idle())
    assert model.n_iter_[0] <= 6
    assert not model.converged_
    assert FLOOR in message


# --- no finite optimum --------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_all_weight_on_one_class(solver, n_classes, C):
    X, y = overlapping(n_classes)
    alone = (y == 1).astype(float)
    one_hot = np.zeros((100, n_classes))
    one_hot[:, 1] = 1.0
    for model, message in (
        fitted(X, y, sample_weight=alone, solver=solver, C=C),
        fitted(sp.csr_matrix(X), y, sample_weight=alone, solver=solver, C=C),
        fitted(X, y, class_weight={k: float(k == 1) for k in range(n_classes)}, solver=solver),
        fitted(X.astype(np.float32), one_hot, solver=solver, C=C),
    ):
        assert "perfectly separated by parameters without a penalty" in message
        assert_soon(model, 10, 40)
        assert (model.predict(X[y == 1]) == 1).all()


def test_one_empty_class_of_several_is_silent_as_ever():
    X, y = overlapping(3)
    for penalty in ({}, {"l1_ratio": 1.0}):
        model, message = fitted(X, y, sample_weight=(y != 2).astype(float), **penalty)
        assert not message
        assert model.converged_
        assert model.predict_proba(X)[:, 2].max() < 1e-5


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("C", [1e20, 1e100, 1e300])
def test_a_penalty_too_weak_to_be_seen(solver, n_classes, C):
    X, y = separable(n_classes)
    for form, l1_ratio in ((np.asarray, 0.0), (sp.csr_matrix, 0.0), (np.asarray, 1.0)):
        if l1_ratio and solver not in NONSMOOTH:
            continue
        model, message = fitted(form(X), y, solver=solver, C=C, l1_ratio=l1_ratio)
        if l1_ratio == 0:
            assert TOO_WEAK in message
            assert_soon(model, 20, 60)
        # A fit under L1 passes through stronger penalties, and may come to the floor first.
        assert message or model.loss_curve_[-1] <= 16 * np.finfo(float).eps
        assert_soon(model, 200)
        assert model.score(X, y) == 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_weak_penalty_that_is_seen(solver):
    X, y = separable(2)
    model, message = fitted(X, y, solver=solver, C=1e6)
    assert not message
    least = least_value(Definition(X, y, Penalty(1e6)))
    definition = Definition(X, y, Penalty(1e6))
    above = definition.value(model.coef_, model.intercept_) - least
    assert above <= 3e-6 * least + 16 * np.finfo(float).eps


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("targets", ["labels", "one-hot"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_feature_without_a_penalty_that_separates(solver, targets, n_classes):
    X, _ = overlapping(2)
    y = np.digitize(X[:, 0], [0.0, 0.7][: n_classes - 1])
    X = np.column_stack([X[:, 0], X[:, 0] ** 2, X[:, 1:]])
    given = y if targets == "labels" else np.eye(n_classes)[y]
    free = [0, 0, 1, 1, 1, 1]
    model, message = fitted(X, given, penalty_factor=free, solver=solver)
    assert "separated by parameters without a penalty" in message
    assert not model.converged_
    assert_soon(model, 60, 300)
    penalised, message = fitted(X, given, penalty_factor=[1, 1, 0, 1, 1, 1], solver=solver)
    assert penalised.converged_


# --- weights, penalties and columns at the ends of floating point -------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_and_penalties_of_any_size(solver, n_classes):
    X, y = overlapping(n_classes)
    for l1_ratio in (0.0, 1.0) if solver in NONSMOOTH else (0.0,):
        shared = dict(solver=solver, l1_ratio=l1_ratio)
        none, _ = fitted(X, y, C=1e12, **shared)
        for model, _ in (
            fitted(X, y, C=1e308, **shared),
            fitted(X, y, sample_weight=np.full(100, 1e300), **shared),
        ):
            assert model.converged_
            assert model.loss_curve_[-1] == pytest.approx(none.loss_curve_[-1], rel=3e-6)
            assert_soon(model)
        for parameters, weight in ((dict(C=1e-308), None), ({}, np.full(100, 1e-300))):
            model, _ = fitted(X, y, sample_weight=weight, **shared, **parameters)
            assert model.converged_
            assert np.abs(model.coef_).max() < 1e-290


def test_class_weights_that_overflow_are_an_error_in_words():
    X, y = overlapping(3)
    model = SoftmaxRegression(class_weight={0: 1e10})
    for labels in (y, np.eye(3)[y]):
        with pytest.raises(ValueError, match="class_weight times sample_weight adds up to more"):
            model.fit(X, labels, sample_weight=np.full(100, 1e300))
    with pytest.raises(ValueError, match=r"C=5e-324 is too small"):
        SoftmaxRegression(C=5e-324).fit(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("size", [1e150, 1e75, 1e-75, 1e-150])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_columns_of_any_size(solver, size, n_classes):
    X, y = overlapping(n_classes)
    X[:, 1] *= size
    # Beside such columns the penalty is nothing, or all.
    factor = np.array([1.0, 0.0 if size > 1 else 1.0, 1.0, 1.0, 1.0])
    reference = X / np.array([1, size, 1, 1, 1])
    reference[:, 1] *= factor[1] == 0
    for penalty in ({}, {"l1_ratio": 0.5}) if solver in NONSMOOTH else ({},):
        model, message = fitted(X, y, solver=solver, **penalty)
        assert not message
        best, _ = fitted(reference, y, penalty_factor=factor, tol=1e-9, **penalty)
        assert model.loss_curve_[-1] == pytest.approx(best.loss_curve_[-1], rel=3e-6)
        assert_soon(model)


@pytest.mark.parametrize("solver", [*SOLVERS, "gd"])
@pytest.mark.parametrize("size", [1e160, 1e200, 1e300])
@pytest.mark.parametrize("form", FORMS)
def test_columns_beyond_are_named(solver, size, form):
    X, y = overlapping(3)
    X[:, 3] *= size
    with pytest.raises(ValueError, match=r"values of column 3 of X are up to \d.*e\+\d+ in size"):
        SoftmaxRegression(solver=solver).fit(form(X), y)
    if solver in NONSMOOTH:
        with pytest.raises(ValueError, match="values of column 3"):
            softmax_path(form(X), y, Cs=[1e-200, 1.0])
    if solver == "auto":
        with pytest.raises(ValueError, match="values of column 3"):
            SoftmaxRegressionCV(Cs=[1.0], cv=3, scoring="accuracy").fit(form(X), y)


# --- what a fit reports -------------------------------------------------------------------------


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bound_is_never_below_rounding(n_classes, dtype):
    X, y = overlapping(n_classes)
    for parameters in (dict(tol=1e-12), dict(C=1e-12), dict(l1_ratio=1.0, C=1e-6)):
        model, _ = fitted(X.astype(dtype), y, **parameters)
        eps = np.finfo(dtype).eps
        assert model.duality_gap_ >= 4 * eps * max(model.loss_curve_[-1], 1.0)


def test_the_bound_within_bounds_holds_where_the_penalty_is_next_to_nothing():
    # The point at which the conjugate is largest is 1e230 here, and its square overflows.
    X, y = overlapping(2)
    X[:, 0] = 1e-66 + 1e-73 * X[:, 0]
    bounds = dict(lower_bounds=[-np.inf, -0.1, -1, -1, -1], upper_bounds=[np.inf, 0.1, 1, 1, 1])
    loose, _ = fitted(X, y, C=7e307, tol=1e-3, **bounds)
    best, _ = fitted(X, y, C=7e307, tol=1e-12, **bounds)
    assert loose.loss_curve_[-1] - best.loss_curve_[-1] <= loose.duality_gap_


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("start", [0.0, 3.0])
def test_the_last_value_is_that_of_the_coefficients(solver, n_classes, start):
    X, y = overlapping(n_classes)
    for C in (1.0, 0.01):
        for l1_ratio in (0.0, 0.5) if solver in NONSMOOTH else (0.0,):
            parameters = dict(solver=solver, C=C, l1_ratio=l1_ratio, tol=1e-3)
            model = SoftmaxRegression(warm_start=True, **parameters).fit(X, y)
            if start:
                model.coef_ = model.coef_ + start
                model.fit(X, y)
            assert model.loss_curve_[-1] == pytest.approx(model.objective(X, y), rel=1e-13)


def test_coefficients_that_float32_cannot_hold_are_not_called_converged():
    """At logits of 1e13, rounding the coefficient moves some by 1e5 times their margin."""
    X = np.array(
        [[1.2573022e14], [-1.3210486e14], [6.4042264e14], [1.0490011e14], [-5.3566936e14]],
        dtype=np.float32,
    )
    y = np.array([1, 0, 1, 1, 0])
    weights = np.array(
        [
            0.4571393559841833,
            2226937470.076487,
            26124283223.565548,
            0.0003864423558770276,
            52.08539191472396,
        ]
    )
    parameters = dict(lower_bounds=0.0, penalty_factor=np.array([1.84615533]))
    model = SoftmaxRegression(**parameters, warm_start=True)
    model.classes_ = np.arange(2)
    model.coef_ = np.array([[0.09401229932360983]])
    model.intercept_ = np.array([-0.7434992511443616])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, sample_weight=weights)
    here = model.objective(X.astype(float), y, sample_weight=weights)
    assert here > 1.0 > 1e-12 > model.loss_curve_[-1]  # found, but not held
    assert here <= model.duality_gap_
    assert not model.converged_


@pytest.mark.parametrize("seed", [3, 5])
def test_a_value_that_falls_below_rounding_for_ever_ends_at_the_floor(seed):
    """Separable rows with bounds: each step halves a value of which float32 shows nothing."""
    X = np.random.default_rng(seed).standard_normal((5, 3)).astype(np.float32)
    X[:, 1] *= np.float32(1e32)
    model, said = fitted(X, np.array([0, 1, 1, 1, 1]), C=1000.0, upper_bounds=0.74)
    assert model.loss_curve_[-1] < np.finfo(np.float32).eps
    assert model.n_iter_[0] < 120, said


@pytest.mark.parametrize("seed", range(6))
def test_few_parameters_are_remembered_for_long(seed):
    """With 10 steps, and weights over 24 orders of magnitude, up to 4,200 iterations."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(90, 5)) * 10.0 ** rng.uniform(-3, 3, 5)
    weights = 10.0 ** rng.uniform(-24, 0, 90)
    y = rng.integers(0, 5, 90)
    model = SoftmaxRegression(
        l1_ratio=1, C=9e7 / weights.sum(), solver="proximal-lbfgs", fit_intercept=seed % 2 == 0
    )
    model.fit(X, y, weights)
    assert model.converged_
    assert_soon(model, most_iterations=500, most_passes=1000)


@pytest.mark.parametrize("options", [{"l1_ratio": 1.0}, {"C": 0.1}, {"solver": "proximal-newton"}])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_float32_rows_with_an_outlier_are_not_judged_by_it_alone(n_classes, options):
    """In float32 a sum over such rows holds nothing of the others."""
    rng = np.random.default_rng(0)
    X = (1000 + rng.normal(size=(90, 3))).astype(np.float32)
    X[rng.integers(90, size=12), rng.integers(3, size=12)] = 1e12
    y = np.arange(90) % n_classes
    narrow = SoftmaxRegression(fit_intercept=False, **options).fit(X, y)
    wide = SoftmaxRegression(fit_intercept=False, **options).fit(X.astype(np.float64), y)
    assert narrow.coef_.dtype == np.float32
    found = narrow.objective(X.astype(np.float64), y)
    best = wide.objective(X.astype(np.float64), y)
    assert found <= best * (1 + 3e-6) or not narrow.converged_
