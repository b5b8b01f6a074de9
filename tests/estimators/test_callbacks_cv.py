"""A cross-validation's penalties and last fit are tasks of scikit-learn's callbacks."""

import signal

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from sk_softmax import KeepOnInterrupt, SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.displays import CVDisplay
from sk_softmax.estimators.cross_validation import fits
from sk_softmax.fitting import fold_path

CS = [0.01, 0.1, 1.0, 10.0]


def model(**parameters):
    return SoftmaxRegressionCV(**{"Cs": CS, "cv": 3, "scoring": "neg_log_loss"} | parameters)


class Journal:
    """Remembers the tasks; asks to stop after so many penalties."""

    def __init__(self, stop_after=None):
        self.begun, self.ended, self.stop_after, self.tree = [], [], stop_after, None

    def setup(self, estimator, context):
        self.tree = context

    def teardown(self, estimator, context):
        self.begun.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.begun.append(context.task_name)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.ended.append(context.task_name)
        if context.task_name == "penalty":
            assert fitted_estimator is None  # there is one a fold
            return self.ended.count("penalty") == self.stop_after
        if fitted_estimator is not None:
            self.loss = log_loss(y, fitted_estimator.predict_proba(X))
        return False


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")


@pytest.mark.parametrize("refit", [True, False])
def test_every_penalty_is_a_task_and_the_refit_is_one(refit, callback, overlapping_classes):
    X, y = overlapping_classes(3)
    journal = Journal()
    fitted = model(l1_ratios=[0.0, 0.5], refit=refit).set_callbacks(journal).fit(X, y)
    assert journal.begun[0] == "fit"
    assert journal.begun.count("penalty") == journal.ended.count("penalty") == 8
    assert journal.begun.count("refit") == refit
    assert ("iteration" in journal.begun) == refit
    assert sorted(journal.begun[:-1]) == sorted(journal.ended)
    assert (journal.ended[-1], journal.begun[-1]) == ("fit", "teardown")
    assert journal.tree.max_subtasks == 8 + refit
    assert journal.loss == pytest.approx(log_loss(y, fitted.predict_proba(X)), rel=1e-9)
    plain = model(l1_ratios=[0.0, 0.5], refit=refit).fit(X, y)
    np.testing.assert_array_equal(fitted.scores_, plain.scores_)
    np.testing.assert_array_equal(fitted.coef_, plain.coef_)


def check_two_were_tried(fitted, X, y):
    assert np.isfinite(fitted.scores_[:, 0, :2]).all()
    assert np.isnan(fitted.scores_[:, 0, 2:]).all()
    assert np.isnan(fitted.coefs_paths_[:, 0, 2:]).all()
    assert (fitted.n_iter_[:, 0, 2:] == 0).all()
    assert fitted.C_ == 0.1
    assert not fitted.converged_
    expected = SoftmaxRegression(C=0.1, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X), expected.predict_proba(X), atol=1e-3)


def test_a_callback_ends_the_search_and_the_best_so_far_is_taken(callback, overlapping_classes):
    X, y = overlapping_classes(3)
    fitted = model().set_callbacks(Journal(stop_after=2)).fit(X, y)
    check_two_were_tried(fitted, X, y)
    assert CVDisplay.from_estimator(fitted).ax_.has_data()


@pytest.mark.parametrize("rule", ["best", "one_standard_error"])
def test_ctrl_c_ends_the_search_if_it_is_to_be_kept(rule, overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3)
    press_during_penalty(2, monkeypatch)
    with KeepOnInterrupt(), pytest.warns(ConvergenceWarning, match="because Ctrl-C ended it"):
        fitted = model(rule=rule).fit(X, y)
    assert np.isnan(fitted.scores_).sum() == 6
    if rule == "best":
        check_two_were_tried(fitted, X, y)


def test_ctrl_c_during_the_last_penalty_lets_the_refit_be_done(overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3)
    press_during_penalty(4, monkeypatch)
    with KeepOnInterrupt():
        assert model().fit(X, y).converged_


def test_otherwise_ctrl_c_is_an_interrupt(overlapping_classes, monkeypatch):
    X, y = overlapping_classes(3)
    press_during_penalty(2, monkeypatch)
    fitted = model()
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(X, y)
    assert not hasattr(fitted, "scores_")


def press_during_penalty(number, monkeypatch):
    def fit_path(path, data):
        for i, fitted in enumerate(fold_path.fit_path(path, data), start=1):
            if i == number:
                signal.raise_signal(signal.SIGINT)
            yield fitted

    monkeypatch.setattr(fits, "fit_path", fit_path)


def test_progress_bar_and_scores(callback, overlapping_classes, capsys):
    pytest.importorskip("rich", reason="needs rich")
    X, y = overlapping_classes(2)
    offset = np.random.default_rng(0).normal(size=len(y))
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    fitted = model().set_callbacks(callback.ProgressBar(), monitor).fit(X, y, offset=offset)
    out = capsys.readouterr().out
    assert "SoftmaxRegressionCV - fit" in out
    assert "100%" in out
    rows = monitor.get_logs().data
    assert {row["task_name"] for row in rows} == {"iteration", "refit", "fit"}
    loss = log_loss(y, fitted.predict_proba(X, offset=offset))
    assert rows[-1]["neg_log_loss"] == pytest.approx(-loss, rel=1e-9)
