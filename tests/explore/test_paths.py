"""Paths by the package's own estimator, the gradient in numbers, and both beside the lectures."""

import numpy as np
import pytest

from sk_softmax import SoftmaxRegression
from sk_softmax.explore.datasets import data_set
from sk_softmax.explore.fit_inputs import fit_inputs
from sk_softmax.explore.gradient_numbers import gradient_numbers
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.methods import METHODS
from sk_softmax.explore.parsers import SOLVERS
from sk_softmax.explore.paths import (
    Refused,
    model_of,
    optimum_of,
    path_of,
    shown_minibatches,
    shown_steps,
)
from sk_softmax.explore.plane import plane_of
from sk_softmax.explore.rows_of_view import prepared
from sk_softmax.explore.view import view_of


def prepared_for(query):
    view = view_of(query)
    rows = prepared(view, data_set(view.data, view.rows))
    plane = plane_of(view, rows)
    best = optimum_of(view, rows)
    return view, rows, plane, best, fit_inputs(view, rows, plane, best.params_)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("query", [{}, {"classes": "all", "features": "2,3"}])
def test_every_solver_starts_where_it_is_told(solver, query):
    query = {**query, "start_x": "1.5", "start_y": "-0.5", "epochs": "40", "learning_rate": "0.1"}
    view, rows, plane, best, inputs = prepared_for(query)
    path = path_of(solver, view, inputs)
    np.testing.assert_array_equal(plane.of(path.params)[0], [1.5, -0.5])
    assert path.iterations[0] == 0
    assert path.iterations[-1] == path.n_iterations <= 40
    values = best.objective(rows.X, rows.y, params=path.params)
    optimum = float(best.objective(rows.X, rows.y))
    assert values[-1] < 0.95 * values[0]
    assert values[-1] >= optimum * (1 - 1e-9)
    if solver in ("lbfgs", "newton"):
        assert values[-1] == pytest.approx(optimum, rel=1e-6)


def test_the_descent_of_the_hcmus_lecture():
    query = {
        "features": "0,1,2,3",
        "scale": "raw",
        "validation": "0",
        "C": "inf",
        "learning_rate": "0.1",
        "epochs": "5000",
    }
    view, rows, _, best, inputs = prepared_for(query)
    path = path_of("gd", view, inputs)
    np.testing.assert_allclose(
        path.params[-1],
        [[-3.37535802, -3.32169488, 4.96017562, 5.53844134, -2.915667794]],
        atol=5e-9,
    )
    start = gradient_numbers(view, rows, path.params[0])
    np.testing.assert_allclose(
        start.total[:, 0],
        [0.72566667, 0.53733333, 0.02833333, -0.07566667, 0.16666667],
        atol=5e-9,
    )
    assert len(path.iterations) == 200
    assert float(best.objective(rows.X, rows.y, params=path.params[:1])[0]) == pytest.approx(
        0.693147, abs=5e-7
    )


@pytest.mark.parametrize(
    "query",
    [
        {"features": "2,3", "C": "0.3"},
        {"classes": "all", "features": "1,2", "C": "2"},
        {"data": "moons", "rows": "60", "targets": "shares", "C": "inf"},
    ],
)
def test_the_gradient_in_numbers_is_that_of_the_objective(query):
    view, rows, plane, best, _ = prepared_for(query)
    params = 0.4 * best.params_ + 0.1
    numbers = gradient_numbers(view, rows, params)
    width = 1e-6
    for index in np.ndindex(params.shape):
        ends = np.array([params, params])
        ends[0][index] += width
        ends[1][index] -= width
        high, low = best.objective(rows.X, rows.y, params=ends)
        assert numbers.total[index[::-1]] == pytest.approx((high - low) / (2 * width), abs=2e-9)
    first = 1 if rows.n_outputs == 1 else 0
    np.testing.assert_array_equal(numbers.targets, rows.Y[numbers.shown, first:])
    np.testing.assert_array_equal(numbers.rows, rows.X[numbers.shown])
    assert set(rows.labels[numbers.shown]) == set(rows.labels)
    assert plane.across != plane.up


def test_a_solver_that_takes_no_l1_says_so_and_the_others_take_it():
    view, rows, _, best, inputs = prepared_for({"l1_ratio": "0.7", "C": "0.1", "epochs": "200"})
    for solver in SOLVERS:
        if solver in ("lbfgs", "newton"):
            path = path_of(solver, view, inputs)
            end = best.objective(rows.X, rows.y, params=path.params[-1:])[0]
            assert end == pytest.approx(float(best.objective(rows.X, rows.y)), rel=1e-6)
        else:
            with pytest.raises(Refused, match="has none at zero"):
                path_of(solver, view, inputs)


def test_without_a_penalty_the_share_of_l1_has_no_meaning():
    view, _, _, _, inputs = prepared_for({"l1_ratio": "0.7", "C": "inf", "data": "moons"})
    assert path_of("gd", view, inputs).n_iterations == 30


def test_a_path_that_diverges_says_why():
    query = {"scale": "raw", "learning_rate": "200", "start_x": "3", "features": "0"}
    view, _, _, _, inputs = prepared_for(query)
    assert "learning rate is too large" in path_of("gd", view, inputs).note


def test_a_start_too_far_for_newton_is_refused_with_the_reason():
    view, _, _, _, inputs = prepared_for({"scale": "raw", "start_x": "1e4"})
    with pytest.raises(Refused, match="at most 30"):
        path_of("newton", view, inputs)


def test_too_many_minibatches_are_refused():
    view, _, _, _, inputs = prepared_for({"batch_size": "1", "epochs": "10000"})
    with pytest.raises(Refused, match="1,120,000 steps"):
        model_of("sgd", view, inputs)


@pytest.mark.parametrize("solver", ["sgd", "sgd_momentum", "rmsprop", "adam"])
def test_a_path_in_minibatches_goes_through_each_of_them(solver):
    view, rows, _, _, inputs = prepared_for({"epochs": "6"})
    path = path_of(solver, view, inputs)
    assert len(rows.X) == 112
    assert path.n_batches == 7
    np.testing.assert_allclose(path.iterations, np.arange(43) / 7, rtol=1e-15)
    np.testing.assert_allclose(path.passes[::7], np.arange(7) + path.passes[0])
    model = model_of(solver, view, inputs)
    model.fit(inputs.X, inputs.y, **inputs.starting())
    np.testing.assert_array_equal(path.params, model.path_)
    epochs = model.set_params(keep_path=True).fit(inputs.X, inputs.y, **inputs.starting()).path_
    np.testing.assert_array_equal(path.params[::7], epochs)
    assert path_of("gd", view, inputs).n_batches == 1


def test_of_many_minibatches_the_first_and_some_are_shown_and_the_ends_of_epochs():
    shown = shown_minibatches(30, 38, 3, 300)
    assert len(shown) == 500
    assert set(38 * np.arange(31)) <= set(shown)
    assert set(range(140)) <= set(shown)
    assert np.diff(shown).max() <= 4
    assert len(shown_minibatches(30, 38, 650, 300)) * 650 <= 40_000
    assert len(shown_minibatches(30, 469, 3, 7500)) <= 500
    np.testing.assert_array_equal(shown_minibatches(300, 469, 3, 100_000)[:3], [0, 469, 938])


def test_of_very_many_minibatches_the_ends_of_epochs_are_kept_alone():
    view, _, _, _, inputs = prepared_for({"data": "digits", "batch_size": "1", "epochs": "20"})
    assert model_of("sgd", view, inputs).keep_path is True
    few = view_of({"data": "digits", "batch_size": "16", "epochs": "20"})
    assert model_of("sgd", few, inputs).keep_path == "steps"


def test_a_fit_that_nobody_waits_for_stops():
    pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    view, _, _, _, inputs = prepared_for({"epochs": "500"})
    done = []

    def watch(iteration):
        done.append(iteration)
        return iteration == 7

    path = path_of("sgd", view, inputs, watch)
    assert path.n_iterations == 7
    assert done == list(range(1, 8))


def test_long_paths_are_thinned_to_their_first_steps_and_some_of_the_rest():
    steps = shown_steps(10_001, 3, 1000)
    assert len(steps) == 200
    np.testing.assert_array_equal(steps[:60], np.arange(60))
    assert steps[-1] == 10_000
    assert (np.diff(steps) > 0).all()
    assert len(shown_steps(10_001, 650, 1000)) * 650 <= 40_000
    assert len(shown_steps(10_001, 3, 100_000)) * 100_000 <= 4_000_000
    assert len(shown_steps(10_001, 30_000, 10**8)) == 10


def test_a_view_asked_twice_is_computed_once(monkeypatch):
    laboratory = Laboratory()
    view = view_of({"learning_rate": "0.1"})
    scene = laboratory.scene(view)
    first = laboratory.surface(view, scene)[2]
    fits = []
    fit = SoftmaxRegression.fit
    monkeypatch.setattr(SoftmaxRegression, "fit", lambda *a, **k: fits.append(1) or fit(*a, **k))
    other = view_of({"learning_rate": "0.2"})
    again = laboratory.scene(other)
    assert again.rows is scene.rows
    assert laboratory.surface(other, again)[2] is first
    assert not fits
    stronger = view_of({"C": "0.5"})
    assert laboratory.surface(stronger, laboratory.scene(stronger))[2] is not first
    assert len(fits) == 1


CONTROLS = {
    "learning_rate": "0.2",
    "momentum": "0.5",
    "decay": "0.5",
    "batch_size": "7",
    "epochs": "3",
    "schedule": "cosine",
    "seed": "5",
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("control", CONTROLS)
def test_a_path_depends_on_the_controls_that_its_solver_reads(solver, control):
    view, _, _, _, inputs = prepared_for({"start_x": "1"})
    other = prepared_for({"start_x": "1", control: CONTROLS[control]})[0]
    before, after = path_of(solver, view, inputs), path_of(solver, other, inputs)
    is_same = np.array_equal(before.params, after.params)
    assert is_same == (control not in METHODS[solver].reads)
