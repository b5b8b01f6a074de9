"""scikit-learn's callbacks see every iteration of every solver, and may stop it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression
from sk_softmax.estimators import callbacks
from sk_softmax.solvers import SOLVERS

callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Journal:
    """Remembers the hooks that were called; asks to stop after so many iterations."""

    max_propagation_depth = None

    def __init__(self, stop_after=None):
        self.events, self.values, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(f"end {context.task_name}")
        if context.task_name == "iteration" and fitted_estimator is not None:
            self.values.append(fitted_estimator.predict_proba(X[:2]))
            self.score = fitted_estimator.score(X, y)
            return len(self.values) == self.stop_after
        return False


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_iteration_is_a_task(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    journal = Journal()
    model = SoftmaxRegression(solver=solver, max_iter=5, random_state=0, tol=1e-12)
    model.set_callbacks(journal).fit(X, y)
    assert len(journal.values) == model.n_iter_[0]
    assert journal.events[:3] == ["setup", "begin fit", "begin iteration"]
    assert journal.events[-2:] == ["end fit", "teardown"]
    assert journal.events.count("begin iteration") == journal.events.count("end iteration")
    np.testing.assert_allclose(journal.values[-1], model.predict_proba(X[:2]), rtol=1e-9)
    assert journal.score == model.score(X, y)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_callback_that_asks_to_stop_is_obeyed(solver, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=solver, max_iter=5, random_state=0, tol=1e-12)
    model.set_callbacks(Journal(stop_after=2)).fit(X, y)
    assert model.n_iter_[0] == 2
    assert not model.converged_


def test_wide_rows(overlapping_classes):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 100)), np.arange(20) % 3
    journal = Journal()
    model = SoftmaxRegression().set_callbacks(journal).fit(X, y)
    np.testing.assert_allclose(journal.values[-1], model.predict_proba(X[:2]), rtol=1e-4)


def test_an_error_tears_callbacks_down(overlapping_classes):
    X, y = overlapping_classes(3)
    journal = Journal()
    with pytest.raises(ValueError, match="inconsistent"):
        SoftmaxRegression().set_callbacks(journal).fit(X, y[:-1])
    assert journal.events == ["setup", "teardown"]


def test_scoring_monitor(overlapping_classes):
    X, y = overlapping_classes(3)
    monitor = callback.ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    model = SoftmaxRegression(solver="sgd", max_iter=4, random_state=0)
    model.set_callbacks(monitor).fit(X, y, sample_weight=np.ones(len(y)))
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    assert len(rows) == 4
    assert rows[-1]["accuracy"] == model.score(X, y)
    assert rows[-1]["neg_log_loss"] > rows[0]["neg_log_loss"] > -np.log(3)


class Predicting(Journal):
    """Predicts for other rows than those of the fit."""

    def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
        if context.task_name == "iteration" and fitted_estimator is not None:
            fitted_estimator.predict(X[:5])


def test_callbacks_score_rows_with_their_offset(overlapping_classes):
    X, y = overlapping_classes(3)
    offset = np.random.default_rng(0).normal(size=(len(y), 3))
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    model = SoftmaxRegression(max_iter=4).set_callbacks(monitor).fit(X, y, offset=offset)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "iteration"]
    expected = -log_loss(y, model.predict_proba(X, offset=offset))
    assert rows[-1]["neg_log_loss"] == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="fitted with an offset"):
        SoftmaxRegression().set_callbacks(Predicting()).fit(X, y, offset=offset)


def test_a_search_and_a_pipeline_pass_callbacks_on(overlapping_classes):
    X, y = overlapping_classes(3)
    journal = Journal()
    search = GridSearchCV(SoftmaxRegression(), {"C": [0.1, 1.0]}, cv=2, refit=True)
    search.set_callbacks(journal).fit(X, y)
    assert journal.events.count("begin iteration") >= 5
    journal = Journal()
    pipeline = make_pipeline(StandardScaler(), SoftmaxRegression())
    pipeline.set_callbacks(journal).fit(X, y)
    assert "begin iteration" in journal.events


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])  # a known number of iterations, and not
def test_progress_bar(solver, overlapping_classes, capsys):
    pytest.importorskip("rich", reason="needs rich")
    X, y = overlapping_classes(3)
    SoftmaxRegression(solver=solver, max_iter=3).set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "SoftmaxRegression" in capsys.readouterr().out


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_warnings_point_to_the_line_that_calls_fit(overlapping_classes):
    X, y = overlapping_classes(3)
    with pytest.warns(ConvergenceWarning) as caught:
        SoftmaxRegression(max_iter=1).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


def test_no_context_is_made_where_nobody_can_listen(overlapping_classes, monkeypatch):
    pd = pytest.importorskip("pandas")
    X, y = overlapping_classes(3)
    made = []
    begin = callbacks.begin_with
    monkeypatch.setattr(callbacks, "begin_with", lambda *given: made.append(1) or begin(*given))
    learner = SoftmaxRegression(solver="sgd", max_iter=2, keep_path=True, random_state=0)
    frame = pd.DataFrame(X, columns=[f"f{j}" for j in range(X.shape[1])])
    for data in (X, frame):
        for model in (SoftmaxRegression(), learner):
            model.fit(data, y).fit(data, y)
    learner.partial_fit(frame, y, classes=np.unique(y)).fit(X, y)
    assert made == []
    journal = Journal()
    heard = SoftmaxRegression().set_callbacks(journal)
    clone(heard).fit(X, y)
    assert made == [1]
    assert "begin iteration" in journal.events
