"""The surface by changing one logit, beside a call of ``objective`` a point."""

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression
from sk_softmax.explore.datasets import data_set
from sk_softmax.explore.fit_inputs import fit_inputs
from sk_softmax.explore.objective_grid import objective_on_grid
from sk_softmax.explore.paths import optimum_of, path_of
from sk_softmax.explore.plane import plane_of, window_of
from sk_softmax.explore.rows_of_view import prepared
from sk_softmax.explore.view import view_of

QUERIES = {
    "slope and bias": {},
    "two slopes": {"features": "2,3", "across": "0.0", "up": "0.1"},
    "columns far from zero": {"scale": "raw", "features": "0,2"},
    "one class of three": {"classes": "all", "features": "2,3"},
    "two classes of three": {
        "classes": "all",
        "features": "2,3",
        "across": "0.0",
        "up": "2.1",
    },
    "two intercepts, elastic net": {
        "classes": "all",
        "across": "0.b",
        "up": "1.b",
        "C": "0.2",
        "l1_ratio": "0.4",
    },
    "no penalty": {"data": "moons", "rows": "90", "C": "inf"},
    "probabilities as targets": {"data": "moons", "rows": "90", "targets": "shares"},
    "ten classes of images": {"data": "digits", "C": "0.1"},
}


def scene_of(query):
    view = view_of(query)
    rows = prepared(view, data_set(view.data, view.rows))
    return view, rows, plane_of(view, rows), optimum_of(view, rows)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_surface_is_the_objective(query):
    view, rows, plane, best = scene_of(query)
    left, right, low, high = window_of(view, rows, plane, best.params_)
    xs, ys = np.linspace(left, right, 7), np.linspace(low, high, 5)
    values = objective_on_grid(
        rows.X, rows.Y, best.params_, plane, xs, ys, C=view.C, l1_ratio=view.l1_ratio
    )
    points = np.array([[plane.put(best.params_, np.array([x, y])) for x in xs] for y in ys])
    one_by_one = best.objective(rows.X, rows.y, params=points)
    np.testing.assert_allclose(values, one_by_one, rtol=1e-12)


def test_logits_that_overflow_an_exponential_are_on_the_surface():
    _, rows, plane, best = scene_of({"C": "inf"})
    xs = np.array([-1e4, 0.0, 1e4])
    values = objective_on_grid(rows.X, rows.Y, best.params_, plane, xs, xs, C=1.0, l1_ratio=0.0)
    points = np.array([[plane.put(best.params_, np.array([x, y])) for x in xs] for y in xs])
    model = SoftmaxRegression(C=1.0).fit(rows.X, rows.y)
    np.testing.assert_allclose(values, model.objective(rows.X, rows.y, params=points), rtol=1e-12)


HELD = {
    "binary": {"features": "2,3"},
    "intercept across": {"features": "2,3", "across": "0.b", "up": "0.1"},
    "two slopes of one class": {
        "classes": "all",
        "features": "1,2,3",
        "across": "1.0",
        "up": "1.2",
    },
    "probabilities": {"classes": "all", "features": "2,3", "targets": "shares"},
    "two classes": {"classes": "all", "features": "2,3", "across": "0.0", "up": "2.1"},
    "one column of two classes": {"classes": "all", "across": "1.0", "up": "2.0"},
    "intercepts of two classes": {"classes": "all", "across": "0.b", "up": "1.b"},
}


@pytest.mark.parametrize("query", HELD.values(), ids=HELD)
@pytest.mark.parametrize("solver", ["gd", "newton", "lbfgs"])
def test_held_at_the_optimum_two_parameters_descend_the_surface(query, solver):
    asked = {
        **query,
        "others": "held",
        "start_x": "0.7",
        "start_y": "-0.4",
        "learning_rate": "0.3",
    }
    view, rows, plane, best = scene_of(asked)
    inputs = fit_inputs(view, rows, plane, best.params_)
    path = path_of(solver, view, inputs)
    pair = plane.of(path.params)
    np.testing.assert_allclose(pair[0], [0.7, -0.4], rtol=1e-12)
    others = plane.put(best.params_, np.zeros(2))
    for step in path.params:
        np.testing.assert_array_equal(plane.put(step, np.zeros(2)), others)
    values = best.objective(rows.X, rows.y, params=path.params)
    if solver == "gd":
        # A step is the learning rate times the slope of the surface, here by differences.
        width = 1e-5
        ends = [
            plane.put(best.params_, pair[0] + sign * width * axis)
            for axis in np.eye(2)
            for sign in (1, -1)
        ]
        high_x, low_x, high_y, low_y = best.objective(rows.X, rows.y, params=np.array(ends))
        slope = np.array([high_x - low_x, high_y - low_y]) / (2 * width)
        np.testing.assert_allclose(pair[1] - pair[0], -view.learning_rate * slope, rtol=1e-6)
        assert (np.diff(values) < 0).all()
    else:
        np.testing.assert_allclose(pair[-1], plane.of(best.params_), atol=2e-4)
