"""Validation rows are scored after every iteration, and early stopping keeps the best."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sk_softmax import SoftmaxRegression, functional
from sk_softmax.estimators.input.parameters import settings_of
from sk_softmax.estimators.input.validation_rows import split_off
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.rows import Selection
from sk_softmax.solvers import SGD, SOLVERS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def noisy():
    """Few rows with many useless features, so that a fit without penalty soon does too well."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 40))
    y = (X[:, :3] + rng.gumbel(size=(240, 3))).argmax(axis=1)
    return train_test_split(X, y, test_size=0.5, random_state=0, stratify=y)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
def test_every_solver_scores_every_iteration(solver, kind, noisy):
    X, X_val, y, y_val = noisy
    model = SoftmaxRegression(solver=solver, max_iter=6, random_state=0)
    model.fit(kind(X), y, X_val=kind(X_val), y_val=y_val)
    plain = SoftmaxRegression(solver=solver, max_iter=6, random_state=0).fit(kind(X), y)
    np.testing.assert_array_equal(model.coef_, plain.coef_)  # looking changes nothing
    assert len(model.records_) == model.n_iter_[0] + 1
    assert model.records_[0].validation_loss == pytest.approx(np.log(3))
    last = model.records_[-1]
    assert last.validation_loss == pytest.approx(log_loss(y_val, model.predict_proba(X_val)))
    assert last.validation_accuracy == accuracy_score(y_val, model.predict(X_val))
    assert np.isnan(plain.records_[-1].validation_loss)


@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_keeps_the_best(solver, noisy):
    X, X_val, y, y_val = noisy
    parameters = dict(C=np.inf, solver=solver, max_iter=40, random_state=0, tol=1e-12)
    model = SoftmaxRegression(**parameters, early_stopping=True, n_iter_no_change=4)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    losses = model.history_["validation_loss"]
    assert model.best_iteration_ == np.argmin(losses)
    assert log_loss(y_val, model.predict_proba(X_val)) == pytest.approx(min(losses))
    assert model.n_iter_[0] == min(model.best_iteration_ + 4, 40)
    assert not model.converged_
    whole = SoftmaxRegression(**parameters).fit(X, y)
    assert log_loss(y_val, whole.predict_proba(X_val)) > min(losses)


def test_stopping_early_is_no_reason_to_warn(noisy):
    X, X_val, y, y_val = noisy
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        SoftmaxRegression(C=np.inf, solver="gd", early_stopping=True).fit(
            X, y, X_val=X_val, y_val=y_val
        )


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_share_of_every_class_is_held_out(solver, weighted, overlapping_classes):
    X, y = overlapping_classes(3)
    weights = np.random.default_rng(0).random(len(y)) if weighted else None
    model = SoftmaxRegression(
        solver=solver, early_stopping=True, validation_fraction=0.2, random_state=0
    )
    first = model.fit(X, y, weights)
    assert len(model.records_) > 1
    assert all(np.isfinite(model.history_["validation_loss"]))
    again = SoftmaxRegression(**model.get_params()).fit(X, y, weights)
    np.testing.assert_array_equal(again.coef_, first.coef_)
    other = SoftmaxRegression(**{**model.get_params(), "random_state": 1}).fit(X, y, weights)
    assert not np.array_equal(other.coef_, first.coef_)


def test_rows_held_out_are_not_trained_on(monkeypatch, overlapping_classes):
    X, y = overlapping_classes(3)
    seen = {}
    original = "sk_softmax.estimators.softmax_regression.fit_params"

    def spy(settings, training, start, held_out, *more):
        seen.update(train=training.X, held=held_out.X, labels=held_out.given)
        return fit_params(settings, training, start, held_out, *more)

    from sk_softmax.fitting.fit import fit_params

    monkeypatch.setattr(original, spy)
    SoftmaxRegression(early_stopping=True, validation_fraction=0.25, random_state=0).fit(X, y)
    both = np.vstack([seen["train"], seen["held"]])
    np.testing.assert_array_equal(np.unique(both, axis=0), np.unique(X, axis=0))
    assert len(both) == len(X)
    shares = np.bincount(seen["labels"]) / np.bincount(y)
    np.testing.assert_allclose(shares, 0.25, atol=0.02)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probability_targets_on_either_side(n_classes, overlapping_classes):
    X, y = overlapping_classes(n_classes)
    Y = 0.9 * functional.one_hot(y) + 0.1 / n_classes
    model = SoftmaxRegression(early_stopping=True, random_state=0).fit(X, Y)
    assert np.isfinite(model.history_["validation_loss"]).all()
    model = SoftmaxRegression().fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:])
    expected = functional.cross_entropy(
        model.predict_proba(X[200:]), Y[200:], input_kind="probabilities"
    )
    assert model.records_[-1].validation_loss == pytest.approx(expected)


def test_wide_rows_are_scored_in_their_own_features():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 200)), np.arange(40) % 3
    model = SoftmaxRegression().fit(X[:30], y[:30], X_val=X[30:], y_val=y[30:])
    assert model.records_[-1].validation_loss == pytest.approx(
        log_loss(y[30:], model.predict_proba(X[30:]))
    )


def test_a_pipeline_transforms_the_validation_rows(noisy):
    X, X_val, y, y_val = noisy
    scale = 1000 * np.ones(40)
    with config_context(enable_metadata_routing=True):
        model = SoftmaxRegression().set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler()), ("model", model)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        pipeline.fit(X * scale, y, X_val=X_val * scale, y_val=y_val)
        expected = log_loss(y_val, pipeline.predict_proba(X_val * scale))
    assert pipeline["model"].records_[-1].validation_loss == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(X_val=np.zeros((2, 4))), "X_val and y_val go together, but y_val is missing"),
        (dict(y_val=[0, 1]), "go together, but X_val is missing"),
        (
            dict(X_val=np.zeros((2, 3)), y_val=[0, 1]),
            "X_val or y_val cannot be used: X has 3 feat",
        ),
        (dict(X_val=np.zeros((2, 4)), y_val=[0]), "X_val or y_val cannot .* inconsistent numbers"),
        (
            dict(X_val=np.zeros((2, 4)), y_val=[0, 7]),
            "Row 1 of y_val has the label 7, which is no",
        ),
        (
            dict(X_val=np.zeros((1, 4)), y_val=[[0.5, 0.5]]),
            r"y_val has columns for the classes \[",
        ),
    ],
)
def test_bad_validation_rows(arguments, message, overlapping_classes):
    X, y = overlapping_classes(3)
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression().fit(X, y, **arguments)


def test_too_few_rows_to_hold_some_out():
    with pytest.raises(ValueError, match="4 rows cannot be held out with the same share of every"):
        SoftmaxRegression(early_stopping=True).fit(np.eye(4), [0, 0, 1, 2])


def test_records_are_ready_for_a_data_frame(noisy):
    pandas = pytest.importorskip("pandas")
    X, X_val, y, y_val = noisy
    model = SoftmaxRegression(solver=SGD(batch_size=16), max_iter=5, random_state=0)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    frame = pandas.DataFrame(model.history_)
    assert list(frame.iteration) == [0, 1, 2, 3, 4, 5]
    assert frame.columns.tolist() == [
        "iteration",
        "value",
        "gradient_norm",
        "step_size",
        "passes",
        "seconds",
        "validation_loss",
        "validation_accuracy",
    ]
    np.testing.assert_array_equal(frame.value, model.loss_curve_)
    assert (np.diff(frame.seconds) > 0).all()


def test_verbose_lines_show_the_validation(noisy, capsys):
    X, X_val, y, y_val = noisy
    model = SoftmaxRegression(verbose=1).fit(X, y, X_val=X_val, y_val=y_val)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_[0] + 1
    assert lines[-1].endswith(f"accuracy {model.records_[-1].validation_accuracy:.4f}")


class TestMemoryMappedFiles:
    """What is held out of a file, and what is left, is selected and not copied."""

    @pytest.fixture
    def mapped(self, tmp_path):
        def mapped(X):
            np.save(tmp_path / "X.npy", X)
            return np.load(tmp_path / "X.npy", mmap_mode="r")

        return mapped

    @pytest.mark.parametrize("solver", SOLVERS)
    @pytest.mark.parametrize("n_classes", [2, 4])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_the_fit_is_that_of_the_array(
        self, weighted, n_classes, solver, mapped, overlapping_classes
    ):
        X, y = overlapping_classes(n_classes)
        weights = np.random.default_rng(0).random(len(y)) if weighted else None
        model = SoftmaxRegression(
            solver=solver, early_stopping=True, validation_fraction=0.2, random_state=0, tol=1e-10
        ).set_params(max_iter=20 if solver in ("sgd", "rmsprop", "adam", "gd") else None)
        fits = [clone(model).fit(rows, y, weights) for rows in (X, mapped(X))]
        rtol = 0 if solver in ("sgd", "rmsprop", "adam") else 1e-4
        np.testing.assert_allclose(fits[1].coef_, fits[0].coef_, rtol=rtol, atol=rtol)
        np.testing.assert_allclose(
            fits[1].history_["validation_loss"][:3], fits[0].history_["validation_loss"][:3]
        )

    @pytest.mark.parametrize("solver", ["sgd", "adam"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_minibatches_are_those_of_the_array(
        self, order, dtype, solver, mapped, overlapping_classes
    ):
        X, y = overlapping_classes(3)
        X = np.asarray(X, dtype=dtype, order=order)
        model = SoftmaxRegression(solver=solver, early_stopping=True, random_state=1, max_iter=9)
        array, file = (clone(model).fit(rows, y) for rows in (X, mapped(X)))
        np.testing.assert_array_equal(file.coef_, array.coef_)
        np.testing.assert_array_equal(file.intercept_, array.intercept_)
        assert file.best_iteration_ == array.best_iteration_

    @pytest.mark.parametrize(
        "parameters",
        [{"l1_ratio": 0.5}, {"lower_bounds": 0.0}, {"fit_intercept": False}, {"C": np.inf}],
        ids=str,
    )
    def test_penalties_wide_rows_and_probabilities(self, parameters, mapped, overlapping_classes):
        model = SoftmaxRegression(early_stopping=True, random_state=0, tol=1e-10, **parameters)
        model.set_params(n_iter_no_change=100)
        for n_features in (4, 150):
            X, y = overlapping_classes(3, n_rows=60, n_features=n_features)
            Y = 0.9 * functional.one_hot(y) + 0.1 / 3
            for targets in (y, Y):
                array, file = (clone(model).fit(rows, targets) for rows in (X, mapped(X)))
                assert file.best_iteration_ == array.best_iteration_
                ours, theirs = (m.objective(X, targets) for m in (file, array))
                assert ours == pytest.approx(theirs, rel=1e-4)

    def test_rows_are_left_in_the_order_of_the_file_except_for_minibatches(
        self, mapped, overlapping_classes
    ):
        X, y = overlapping_classes(3)
        training = TrainingSet(mapped(X), y, None, np.arange(3))
        for solver in SOLVERS:
            settings = settings_of(SoftmaxRegression(solver=solver, random_state=0))
            left, held_out = split_off(settings, training)
            assert isinstance(left.X, Selection)
            assert isinstance(held_out.X, Selection)
            in_order = (np.diff(left.X.indices) > 0).all()
            assert in_order == (not settings.solver.is_stochastic)
            assert (np.diff(held_out.X.indices) > 0).all()
            np.testing.assert_array_equal(y[left.X.indices], left.given)
            np.testing.assert_array_equal(y[held_out.X.indices], held_out.given)
            both = np.append(left.X.indices, held_out.X.indices)
            np.testing.assert_array_equal(np.sort(both), np.arange(300))

    def test_callbacks_may_score_what_is_left(self, mapped, overlapping_classes):
        pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
        X, y = overlapping_classes(3)
        scores = []

        class Scores:
            max_propagation_depth = None

            def setup(self, estimator, context):
                pass

            def teardown(self, estimator, context):
                pass

            def on_fit_task_begin(self, estimator, context):
                pass

            def on_fit_task_end(
                self, estimator, context, *, X=None, y=None, fitted_estimator=None
            ):
                if fitted_estimator is not None:
                    scores.append(fitted_estimator.score(X, y))

        model = SoftmaxRegression(early_stopping=True, random_state=0).set_callbacks(Scores())
        model.fit(mapped(X), y)
        assert scores[-1] == pytest.approx(model.score(X, y), abs=0.05)
