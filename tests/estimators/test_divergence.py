"""A fit that diverges keeps finite coefficients and finite predictions, and says so."""

import pickle
import warnings
from contextlib import suppress

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.solvers import SGD, Adam, GradientDescent, RMSprop

KINDS = [np.asarray, sp.csr_matrix, sp.csc_matrix]
SAYS_SO = "overflowed, and the last coefficients without overflow were kept: learning_rate is too"
WHOLE = 300

# Coefficients that are finite in float64 and infinite in float32; logits that overflow although
# the coefficients are finite; penalties whose gradient grows without end.
WILD = {
    "sgd, one batch": (SGD(batch_size=WHOLE, learning_rate=1e38), 1.0, 1.0),
    "sgd, one batch, no penalty": (SGD(batch_size=WHOLE, learning_rate=1e38), 1e10, np.inf),
    "sgd, batches": (SGD(learning_rate=1e30, momentum=0.0), 1e10, 1.0),
    "sgd, penalty": (SGD(learning_rate=0.1), 1.0, 1e-12),
    "sgd, huge rate": (SGD(learning_rate=1e300), 1.0, 1.0),
    "sgd, large rows": (SGD(batch_size=WHOLE), 1e30, 1.0),
    "adam": (Adam(learning_rate=1e38), 10.0, 1.0),
    "rmsprop": (RMSprop(learning_rate=1e38, batch_size=WHOLE), 10.0, np.inf),
    "gd": (GradientDescent(learning_rate=1e30), 1.0, 1.0),
}


def assert_finite(model, X):
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", WILD)
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_finite_after_any_number_of_epochs(
    kind, dtype, n_classes, name, overlapping_classes
):
    X, y = overlapping_classes(n_classes, n_rows=WHOLE)
    solver, scale, C = WILD[name]
    X = kind((X * scale).astype(dtype))
    weights = np.linspace(0.5, 2, len(y))
    for max_iter in (1, 2, 5):
        model = SoftmaxRegression(solver=solver, C=C, max_iter=max_iter, random_state=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y, weights)
        assert_finite(model, X)
        assert not model.converged_
        assert np.isfinite(model.objective(X, y, sample_weight=weights))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_warning_says_that_the_last_finite_coefficients_were_kept(dtype, overlapping_classes):
    X, y = overlapping_classes(3)
    X = X.astype(dtype)
    solver = SGD(learning_rate=1e4, schedule="constant", momentum=0.0)
    model = SoftmaxRegression(solver=solver, C=1e-3, max_iter=50, keep_path=True, random_state=0)
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        model.fit(X, y)
    assert_finite(model, X)
    assert model.n_iter_[0] < 50
    finite = [params for params in model.path_ if np.isfinite(params.astype(dtype)).all()]
    values = model.objective(X, y, params=np.array(finite))
    kept = np.flatnonzero(np.isfinite(values))[-1]
    last = finite[kept] - finite[kept].mean(axis=0)
    np.testing.assert_allclose(model.params_, last, rtol=1e-6)
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_coefficients_that_only_float32_cannot_hold(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=WHOLE)
    solver = SGD(batch_size=WHOLE, learning_rate=1e40, momentum=0.0)
    wide, narrow = (
        SoftmaxRegression(solver=solver, C=np.inf, max_iter=1, random_state=0) for _ in range(2)
    )
    with pytest.warns(ConvergenceWarning):
        wide.fit(X, y)
    assert np.abs(wide.coef_).max() > np.finfo(np.float32).max  # the objective is finite there
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        narrow.fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(narrow.coef_, np.zeros((3, 4)))  # the only finite point


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_folds(dtype, overlapping_classes):
    X, y = overlapping_classes(3)
    solver = SGD(batch_size=WHOLE, learning_rate=1e38)
    model = SoftmaxRegressionCV(
        Cs=[1.0, np.inf], cv=3, solver=solver, max_iter=3, scoring="neg_log_loss", random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=SAYS_SO):
        model.fit(X.astype(dtype), y)
    assert np.isfinite(model.coefs_paths_).all()
    assert np.isfinite(model.scores_).all()
    assert_finite(model, X.astype(dtype))


@pytest.mark.parametrize("name", [name for name in WILD if name != "gd"])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_stays_as_it_was_or_predicts(kind, dtype, n_classes, name, overlapping_classes):
    X, y = overlapping_classes(n_classes, n_rows=WHOLE)
    solver, scale, C = WILD[name]
    wild = kind((X * scale).astype(dtype))
    model = SoftmaxRegression(solver="sgd", random_state=0)
    model.partial_fit(kind(X.astype(dtype)), y, classes=np.arange(n_classes))
    before = pickle.dumps(model.set_params(solver=solver, C=C))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with suppress(OverflowedError):
            learn(model, wild, y)
            assert_finite(model, wild)
            return
    assert pickle.dumps(model) == before


class OverflowedError(Exception):
    """The one error that a chunk may end with."""


def learn(model, X, y):
    try:
        model.partial_fit(X, y)
    except ValueError as error:
        if "The coefficients overflowed: learning_rate is too large" in str(error):
            raise OverflowedError from error
        raise


@pytest.mark.parametrize("kind", KINDS)
def test_a_chunk_is_refused_for_coefficients_that_only_float32_cannot_hold(
    kind, overlapping_classes
):
    X, y = overlapping_classes(3, n_rows=WHOLE)
    solver = SGD(batch_size=WHOLE, learning_rate=1e40, momentum=0.0)
    model = SoftmaxRegression(solver=solver, C=np.inf)
    model.partial_fit(kind(X), y, classes=[0, 1, 2])
    narrow = SoftmaxRegression(solver=solver, C=np.inf)
    with pytest.raises(ValueError, match="The coefficients overflowed"):
        narrow.partial_fit(kind(X.astype(np.float32)), y, classes=[0, 1, 2])
    assert not hasattr(narrow, "coef_")


def test_a_chunk_is_refused_if_logits_of_an_earlier_row_overflow(overlapping_classes):
    X, y = overlapping_classes(3, n_rows=WHOLE)
    X = X.copy()
    X[0] = 1e160  # the coefficients that it leaves are finite, and its own logits are not
    model = SoftmaxRegression(solver=SGD(batch_size=1, momentum=0.0), C=np.inf)
    with pytest.raises(ValueError, match="The coefficients overflowed"):
        model.partial_fit(X, y, classes=[0, 1, 2])
