"""Ctrl-C ends a fit: with KeepOnInterrupt the best so far is kept, without it nothing is."""

import pickle
import signal
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import KeepOnInterrupt, SoftmaxRegression
from sk_softmax.estimators import softmax_regression
from sk_softmax.interfaces import Status
from sk_softmax.solvers import SOLVERS


@pytest.fixture
def press(monkeypatch):
    """``press(2, 3)``: Ctrl-C comes in the second and the third iteration."""
    seen = []

    def prepare(*iterations):
        def fit_params(settings, training, start, held_out, observers, *more):
            def press_there(record, params):
                seen.append(record.iteration)
                if record.iteration in iterations:
                    signal.raise_signal(signal.SIGINT)
                return False

            return original(settings, training, start, held_out, [press_there, *observers])

        original = softmax_regression.fit_params
        monkeypatch.setattr(softmax_regression, "fit_params", fit_params)
        return seen

    return prepare


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_best_so_far_is_kept(solver, press, overlapping_classes, capfd):
    X, y = overlapping_classes(3)
    press(2)
    model = SoftmaxRegression(solver=solver, tol=1e-12, max_iter=20, random_state=0)
    model.set_params(keep_path=True)
    before = signal.getsignal(signal.SIGINT)
    with (
        KeepOnInterrupt(),
        pytest.warns(ConvergenceWarning, match="stopped after 2 iterations: Ctrl-C ended it befo"),
    ):
        model.fit(X, y)
    assert signal.getsignal(signal.SIGINT) == before
    assert "is kept; once more" in capfd.readouterr().err
    assert model._status is Status.INTERRUPTED
    assert not model.converged_
    assert model.n_iter_.tolist() == [2]
    assert model.predict(X).shape == y.shape
    expected = model.path_[2] - (model.path_[2].mean(axis=0) if model.l1_ratio == 0 else 0)
    np.testing.assert_allclose(model.params_, expected, rtol=1e-9, atol=1e-12)


def test_a_fit_goes_on_from_there(press, overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3)
    press(1)
    model = SoftmaxRegression(solver="gd", tol=1e-10, warm_start=True)
    with KeepOnInterrupt(), pytest.warns(ConvergenceWarning, match="warm_start=True"):
        model.fit(X, y)
    there = model.loss_curve_[-1]
    monkeypatch.undo()
    model.fit(X, y)
    assert model.loss_curve_[0] == pytest.approx(there, rel=1e-12)
    assert model.converged_


def test_with_early_stopping_the_best_is_that_of_the_validation_rows(press, overlapping_classes):
    X, y = overlapping_classes(3)
    press(6)
    model = SoftmaxRegression(
        solver="sgd", max_iter=50, random_state=0, early_stopping=True, n_iter_no_change=50
    )
    with KeepOnInterrupt(), pytest.warns(ConvergenceWarning, match="Ctrl-C"):
        model.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    losses = model.history_["validation_loss"]
    assert len(losses) == 7
    assert model.best_iteration_ == np.argmin(losses)


def test_a_second_one_is_an_interrupt_as_ever(press, overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(tol=1e-12).fit(X, y)
    coef = model.coef_
    monkeypatch.setattr("sk_softmax.estimators.interruption.Interruption.__call__", lambda *_: 0)
    press(1, 2)
    before = signal.getsignal(signal.SIGINT)
    with KeepOnInterrupt(), pytest.raises(KeyboardInterrupt):
        model.fit(X * 2, y)
    assert model.coef_ is coef
    assert signal.getsignal(signal.SIGINT) == before


def test_without_it_nothing_is_kept_and_the_error_says_how(press, overlapping_classes):
    X, y = overlapping_classes(3)
    press(1)
    model = SoftmaxRegression()
    with pytest.raises(KeyboardInterrupt) as caught:
        model.fit(X, y)
    assert not hasattr(model, "coef_")
    (note,) = caught.value.__notes__
    assert "with sk_softmax.KeepOnInterrupt(): model.fit(X, y)" in note
    with KeepOnInterrupt():
        pass
    with pytest.raises(KeyboardInterrupt):  # what was left counts no more
        model.fit(X, y)


def test_a_fit_that_is_not_interrupted_is_the_same(overlapping_classes):
    X, y = overlapping_classes(3)
    with KeepOnInterrupt():
        model = SoftmaxRegression().fit(X, y)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, y).coef_)
    assert model.converged_


def test_other_threads_are_never_told(overlapping_classes):
    X, y = overlapping_classes(3)
    models = []

    def fit():
        with KeepOnInterrupt():
            models.append(SoftmaxRegression().fit(X, y))

    thread = threading.Thread(target=fit)
    thread.start()
    thread.join()
    assert models[0].converged_


def test_ctrl_c_that_is_ignored_stays_ignored(press, overlapping_classes):
    X, y = overlapping_classes(3)
    press(1)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with KeepOnInterrupt():
            model = SoftmaxRegression().fit(X, y)
    finally:
        signal.signal(signal.SIGINT, before)
    assert model.converged_


def test_as_a_callback_of_scikit_learn(press, overlapping_classes):
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    X, y = overlapping_classes(3)
    press(2)
    model = SoftmaxRegression(tol=1e-12).set_callbacks(KeepOnInterrupt())
    for kept in (model, clone(model), pickle.loads(pickle.dumps(model))):
        with pytest.warns(ConvergenceWarning, match="Ctrl-C ended it"):
            kept.fit(X, y)
        assert kept.n_iter_.tolist() == [2]
    with pytest.raises(KeyboardInterrupt):
        SoftmaxRegression(tol=1e-12).fit(X, y)
