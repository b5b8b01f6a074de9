"""``keep_path="steps"``: where a minibatch solver is after each minibatch."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sk_softmax import SoftmaxRegression
from sk_softmax.functional import softmax
from sk_softmax.solvers import SGD, SOLVERS, Adam, GradientDescent, RMSprop

BATCH, EPOCHS = 32, 3
LEARNERS = {
    "sgd": SGD(batch_size=BATCH),
    "one row": SGD(batch_size=1, learning_rate=0.01),
    "all rows": SGD(batch_size=1000),
    "rmsprop": RMSprop(batch_size=BATCH),
    "adam": Adam(batch_size=BATCH, initial_scale=0.1),
}


def model_with(solver, **parameters):
    return SoftmaxRegression(solver=solver, max_iter=EPOCHS, random_state=0, **parameters)


@pytest.mark.parametrize("solver", LEARNERS.values(), ids=LEARNERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", [np.asarray, sp.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_epochs_are_the_path_of_epochs(
    solver, n_classes, kind, dtype, overlapping_classes
):
    X, y = overlapping_classes(n_classes)
    X = kind(X.astype(dtype))
    n_batches = -(-len(y) // solver.batch_size)
    epochs = model_with(solver, keep_path=True).fit(X, y)
    steps = model_with(solver, keep_path="steps").fit(X, y)
    assert steps.path_.shape == (EPOCHS * n_batches + 1, *epochs.path_.shape[1:])
    np.testing.assert_array_equal(steps.path_[::n_batches], epochs.path_)
    np.testing.assert_array_equal(steps.coef_, epochs.coef_)
    np.testing.assert_array_equal(steps.loss_curve_, epochs.loss_curve_)
    moves = np.abs(np.diff(steps.path_, axis=0)).max(axis=(1, 2))
    assert (moves > 0).all()


def test_each_step_is_the_gradient_of_its_minibatch(overlapping_classes):
    X, y = overlapping_classes(3)
    C, rate = 0.5, 0.2
    solver = SGD(
        batch_size=BATCH, momentum=0, learning_rate=rate, schedule="constant", shuffle=False
    )
    path = model_with(solver, C=C, keep_path="steps").fit(X, y).path_
    columns, Y = np.column_stack([X, np.ones(len(X))]), np.eye(3)[y]
    firsts = np.tile(np.arange(0, len(y), BATCH), EPOCHS)
    for before, after, first in zip(path[:-1], path[1:], firsts, strict=True):
        some = slice(first, first + BATCH)
        gradient = (softmax(columns[some] @ before.T) - Y[some]).T @ columns[some]
        gradient /= len(Y[some])
        gradient[:, :-1] += before[:, :-1] / (C * len(y))
        np.testing.assert_allclose(after - before, -rate * gradient, atol=1e-14)


def test_a_path_of_steps_begins_where_the_fit_does(overlapping_classes):
    X, y = overlapping_classes(3)
    start = np.arange(12.0).reshape(3, 4)
    model = model_with(SGD(batch_size=BATCH), keep_path="steps")
    model.fit(X, y, coef_init=start, intercept_init=[1.0, 2.0, 4.0])
    np.testing.assert_array_equal(model.path_[0], np.column_stack([start, [1.0, 2.0, 4.0]]))
    assert (model.path_[1] != model.path_[0]).any()


def test_a_fit_that_stops_early_keeps_whole_epochs(overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(
        solver=SGD(batch_size=BATCH, learning_rate=2.0),
        early_stopping=True,
        n_iter_no_change=2,
        random_state=0,
        keep_path="steps",
    ).fit(X, y)
    n_batches = -(-(len(y) - len(y) // 10) // BATCH)
    assert model.n_iter_[0] < 100
    assert len(model.path_) == model.n_iter_[0] * n_batches + 1
    best = model.path_[model.best_iteration_ * n_batches]
    np.testing.assert_allclose(best - best.mean(axis=0), model.params_, atol=1e-12)


def test_a_path_that_overflows_is_kept_to_its_end(overlapping_classes):
    X, y = overlapping_classes(3)
    solver = SGD(batch_size=BATCH, learning_rate=1e200, momentum=0.9)
    model = SoftmaxRegression(solver=solver, C=1e-3, keep_path="steps", random_state=0)
    with pytest.warns(ConvergenceWarning, match="learning_rate is too large"):
        model.fit(X, y)
    n_batches = -(-len(y) // BATCH)
    assert len(model.path_) == (len(model.records_) - 1) * n_batches + 1
    assert not np.isfinite(model.path_[-1]).all()


@pytest.mark.parametrize("name", [name for name in SOLVERS if not SOLVERS[name]().is_stochastic])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_full_batch_solver_has_a_step_an_iteration(name, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=name, max_iter=4, keep_path="steps").fit(X, y)
    other = clone(model).set_params(keep_path=True).fit(X, y)
    np.testing.assert_array_equal(model.path_, other.path_)


@pytest.mark.parametrize("value", ["step", "all", 1, None, np.array(["steps"])])
def test_other_values_are_an_error(value, overlapping_classes):
    model = SoftmaxRegression(solver=GradientDescent(), keep_path=value)
    with pytest.raises(ValueError, match=r'keep_path must be True, False or "steps"'):
        model.fit(*overlapping_classes(3))
