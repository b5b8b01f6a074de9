"""``max_iter=0`` keeps the start as the model, whatever solver and penalty, and says so."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV, softmax_path
from sk_softmax.solvers import SGD, SOLVERS

SAYS_SO = "stopped after 0 iterations: max_iter is 0, so the model is where the fit begins"
TAKE_L1 = [name for name in SOLVERS if SOLVERS[name]().takes_nonsmooth]


def unmoved(*data, fit=None, **parameters):
    model = SoftmaxRegression(max_iter=0, **parameters)
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        return model.fit(*data, **(fit or {}))


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix, sp.csc_matrix])
def test_zeros_are_the_model_of_every_solver(solver, n_classes, kind, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    model = unmoved(kind(X), y, solver=solver)
    assert not model.coef_.any()
    assert not model.intercept_.any()
    assert model.coef_.shape == (1 if n_classes == 2 else n_classes, 4)
    np.testing.assert_array_equal(model.predict_proba(X), np.full((300, n_classes), 1 / n_classes))
    assert model.n_iter_.tolist() == [0]
    assert model.best_iteration_ == 0
    assert not model.converged_
    np.testing.assert_allclose(model.loss_curve_, [np.log(n_classes)], rtol=1e-15)
    best = SoftmaxRegression(tol=1e-10).fit(X, y).loss_curve_[-1]
    assert model.duality_gap_ >= np.log(n_classes) - best


@pytest.mark.parametrize(
    "parameters",
    [
        {"l1_ratio": 1.0},
        {"l1_ratio": 0.5, "grouped": True},
        {"lower_bounds": 0.0},
        {"C": np.inf},
        {"fit_intercept": False},
        {"class_weight": "balanced", "label_smoothing": 0.1},
        {"solver": SGD(initial_scale=1.0)},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_for_every_penalty_and_width(parameters, dtype, overlapping_classes):
    X, y = overlapping_classes(3)
    model = unmoved(X.astype(dtype), y, np.arange(1.0, 301.0), **parameters)
    assert model.coef_.dtype == model.intercept_.dtype == dtype
    assert not model.coef_.any()
    assert not model.intercept_.any()


@pytest.mark.parametrize(
    ("solver", "l1_ratio"),
    [*((name, 0.0) for name in SOLVERS), *((name, 0.5) for name in TAKE_L1)],
)
def test_a_warm_start_is_kept(solver, l1_ratio, overlapping_classes):
    X, y = overlapping_classes(3)
    before = SoftmaxRegression(C=0.1, l1_ratio=l1_ratio, tol=1e-10).fit(X, y)
    params = before.params_
    before.set_params(C=10.0, warm_start=True, max_iter=0, solver=solver)
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        before.fit(X, y)
    np.testing.assert_allclose(before.params_, params, rtol=0, atol=1e-14)
    assert before.n_iter_.tolist() == [0]
    assert before.loss_curve_[0] == pytest.approx(float(before.objective(X, y)), rel=1e-12)


def test_validation_early_stopping_and_the_path_of_params(overlapping_classes):
    X, y = overlapping_classes(3)
    model = unmoved(X[:200], y[:200], fit=dict(X_val=X[200:], y_val=y[200:]), keep_path=True)
    assert [record.validation_loss for record in model.records_] == [pytest.approx(np.log(3))]
    np.testing.assert_array_equal(model.path_, np.zeros((1, 3, 5)))
    unmoved(X, y, early_stopping=True, random_state=0)


def test_wide_rows(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=20, n_features=50)
    assert not unmoved(X, y).params_.any()


def test_a_cross_validation_is_of_zeros(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegressionCV(
        Cs=[0.1, 10.0], l1_ratios=[0.0, 1.0], cv=3, max_iter=0, scoring="neg_log_loss"
    )
    with pytest.warns(ConvergenceWarning, match="13 of the 13 fits .* because max_iter is 0"):
        model.fit(X, y)
    assert not model.coefs_paths_.any()
    assert not model.n_iter_.any()
    np.testing.assert_allclose(model.scores_, -np.log(3))
    assert not model.coef_.any()
    assert not model.converged_


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_a_path_is_of_the_intercepts_where_it_begins(l1_ratio, overlapping_classes):
    X, y = overlapping_classes(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # path.converged tells, as ever
        path = softmax_path(X, y, Cs=[0.1, 1.0], l1_ratio=l1_ratio, max_iter=0)
    assert not path.coefs.any()
    shares = np.log(np.bincount(y) / len(y))
    np.testing.assert_allclose(path.intercepts, np.tile(shares - shares.mean(), (2, 1)))
    assert path.n_iter.tolist() == [0, 0]
    assert not path.converged.any()


def test_a_stream_has_no_iterations_to_limit(overlapping_classes):
    X, y = overlapping_classes(3)
    limited, free = (
        SoftmaxRegression(solver="sgd", max_iter=most).partial_fit(X, y, classes=[0, 1, 2])
        for most in (0, None)
    )
    np.testing.assert_array_equal(limited.coef_, free.coef_)
    assert limited.coef_.any()


def test_callbacks_see_a_fit_without_iterations(overlapping_classes):
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")

    class Journal:
        max_propagation_depth = None
        events: tuple[str, ...] = ()

        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            self.events += (f"begin {context.task_name}",)

        def on_fit_task_end(self, estimator, context):
            self.events += (f"end {context.task_name}",)

    journal = Journal()
    model = SoftmaxRegression(max_iter=0).set_callbacks(journal)
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        model.fit(*overlapping_classes(3))
    assert journal.events == ("begin fit", "end fit")
