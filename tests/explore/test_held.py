"""Two parameters with the others held, against SciPy and against update rules written out."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

from sk_softmax.explore.datasets import data_set
from sk_softmax.explore.fit_inputs import fit_inputs
from sk_softmax.explore.paths import optimum_of, path_of
from sk_softmax.explore.plane import plane_of
from sk_softmax.explore.rows_of_view import prepared
from sk_softmax.explore.view import view_of

THREE = {"classes": "all", "features": "2,3"}
QUERIES = {
    "binary": {"features": "2,3"},
    "binary, intercept across": {"features": "2,3", "across": "0.b", "up": "0.0"},
    "one class": {**THREE, "across": "1.0", "up": "1.1"},
    "two classes, two columns": {**THREE, "across": "0.0", "up": "2.1"},
    "two classes, one column": {**THREE, "across": "2.1", "up": "0.1"},
    "intercept of another class": {**THREE, "across": "1.b", "up": "2.0"},
    "two intercepts": {**THREE, "across": "0.b", "up": "1.b", "C": "0.01"},
    "as measured": {**THREE, "across": "0.0", "up": "1.1", "scale": "raw", "C": "10"},
    "probabilities": {**THREE, "across": "0.1", "up": "1.0", "targets": "shares"},
    "no penalty": {"classes": "all", "features": "0,1", "across": "0.0", "up": "1.1", "C": "inf"},
    "digits": {"data": "digits", "across": "3.20", "up": "8.28", "C": "0.1"},
}
ALL_ROWS = {"batch_size": "10000", "validation": "0"}


class Two:
    """The objective of two parameters, written out."""

    def __init__(self, view, rows, plane, others):
        self.view, self.plane, self.others = view, plane, others
        self.columns = np.column_stack([rows.X, np.ones(len(rows.X))])
        self.Y = rows.Y

    def logits(self, pair):
        logits = self.columns @ self.plane.put(self.others, np.asarray(pair)).T
        return np.column_stack([0 * logits, logits]) if logits.shape[1] == 1 else logits

    def value(self, pair):
        logits, coef = self.logits(pair), self.plane.put(self.others, np.asarray(pair))[:, :-1]
        losses = logsumexp(logits, axis=1) - (self.Y * logits).sum(axis=1)
        ratio = self.view.l1_ratio
        penalty = (1 - ratio) / 2 * (coef**2).sum() + ratio * np.abs(coef).sum()
        return losses.mean() + penalty / (self.view.C * len(self.Y))

    def gradient(self, pair):
        residuals = softmax(self.logits(pair), axis=1) - self.Y
        found = []
        for (row, column), value in zip(self.plane.pair, pair, strict=True):
            row = 1 if len(self.others) == 1 else row
            slope = residuals[:, row] @ self.columns[:, column]
            slope += value / self.view.C if column < self.others.shape[1] - 1 else 0.0
            found.append(slope / len(self.Y))
        return np.array(found)


def held(query, **more):
    """A view's two parameters, with the others held near the optimum and not at it."""
    asked = {**query, **more, "others": "held", "start_x": "0.7", "start_y": "-0.4"}
    view = view_of(asked)
    rows = prepared(view, data_set(view.data, view.rows))
    plane, best = plane_of(view, rows), optimum_of(view, rows)
    others = best.params_ + 0.1 * np.random.default_rng(0).normal(size=best.params_.shape)
    return view, plane, best, Two(view, rows, plane, others), fit_inputs(view, rows, plane, others)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_the_end_is_that_of_scipy(query, solver):
    view, plane, _, two, inputs = held(query, epochs="300")
    found = minimize(two.value, [0.7, -0.4], jac=two.gradient, options=dict(gtol=1e-9))
    path = path_of(solver, view, inputs)
    pair = plane.of(path.params)
    np.testing.assert_allclose(pair[0], [0.7, -0.4], rtol=1e-12)
    np.testing.assert_allclose(pair[-1], found.x, atol=1e-3)
    assert two.value(pair[-1]) == pytest.approx(found.fun, rel=1e-8)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_path_lies_on_the_surface(query):
    view, plane, best, two, inputs = held(query, epochs="5", learning_rate="0.1")
    for solver in ("gd", "sgd_momentum", "rmsprop", "newton"):
        path = path_of(solver, view, inputs)
        for step in path.params:
            np.testing.assert_array_equal(plane.put(step, np.zeros(2)),
                                          plane.put(two.others, np.zeros(2)))  # fmt: skip
        values = [two.value(pair) for pair in plane.of(path.params)]
        rows = two.columns[:, :-1]
        targets = two.Y if view.targets == "shares" else two.Y.argmax(axis=1)
        by_package = best.objective(rows, targets, params=path.params)
        np.testing.assert_allclose(by_package, values, rtol=1e-10)


def descent(gradient, pair, rate):
    while True:
        yield pair
        pair = pair - rate * gradient(pair)


def with_momentum(gradient, pair, rate, keeps=0.9):
    velocity = 0.0
    while True:
        yield pair
        velocity = keeps * velocity + gradient(pair)
        pair = pair - rate * velocity


def adam(gradient, pair, rate, beta_1=0.9, beta_2=0.9, epsilon=1e-8):
    mean, square, step = 0.0, 0.0, 0
    while True:
        yield pair
        g, step = gradient(pair), step + 1
        mean, square = beta_1 * mean + (1 - beta_1) * g, beta_2 * square + (1 - beta_2) * g**2
        size = np.sqrt(square / (1 - beta_2**step)) + epsilon
        pair = pair - rate * mean / (1 - beta_1**step) / size


RULES = {"gd": descent, "momentum": with_momentum, "sgd": descent, "sgd_momentum": with_momentum,
         "adam": adam}  # fmt: skip


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("solver", RULES)
def test_two_parameters_move_as_if_there_were_no_others(query, solver):
    view, plane, _, two, inputs = held(query, epochs="20", learning_rate="0.05", **ALL_ROWS)
    path = path_of(solver, view, inputs)
    steps = RULES[solver](two.gradient, np.array([0.7, -0.4]), 0.05)
    expected = [next(steps) for _ in range(21)]
    np.testing.assert_allclose(plane.of(path.params), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_with_l1_two_parameters_of_two_classes_end_where_scipy_does(solver):
    query = {**THREE, "across": "0.0", "up": "2.1", "l1_ratio": "0.7", "C": "0.05"}
    view, plane, _, two, inputs = held(query, epochs="300")
    found = minimize(two.value, [0.7, -0.4], method="Nelder-Mead", options=dict(xatol=1e-9,
                     fatol=1e-13, maxiter=2000))  # fmt: skip
    end = plane.of(path_of(solver, view, inputs).params)[-1]
    assert two.value(end) <= found.fun * (1 + 1e-9)
    np.testing.assert_allclose(end, found.x, atol=1e-4)
