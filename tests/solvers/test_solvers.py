"""What every solver owes: a status, records, a path that only its questions decide."""

import numpy as np
import pytest
import scipy.optimize

from sk_softmax.interfaces import Status
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import (
    LBFGS,
    SGD,
    SOLVERS,
    Adam,
    Auto,
    GradientDescent,
    NewtonCholesky,
    RMSprop,
)

FULL_BATCH = [
    LBFGS(),
    LBFGS(precondition=False),
    NewtonCholesky(),
    GradientDescent(),
    GradientDescent(momentum=0.9, nesterov=True),
]
STOCHASTIC = [SGD(), RMSprop(), Adam()]


def objective_on(X, y, C=1.0, weights=None, intercept=True):
    rows = rows_of(X, 3, has_intercept=intercept, n_threads=1)
    return RegressionObjective(rows, y, len(np.unique(y)), C, weights)


@pytest.fixture(scope="module")
def objective(overlapping_classes):
    return objective_on(*overlapping_classes(3))


@pytest.fixture(scope="module")
def optimum(objective):
    """Found by SciPy from our value and gradient, which other tests check by themselves."""

    def value_and_gradient(flat):
        here = objective.evaluate(flat.reshape(objective.shape))
        return here.value, here.gradient.ravel()

    return scipy.optimize.minimize(
        value_and_gradient,
        np.zeros(objective.shape).ravel(),
        jac=True,
        method="BFGS",
        options=dict(gtol=1e-11),
    ).fun


@pytest.mark.parametrize("solver", FULL_BATCH, ids=repr)
def test_full_batch_solvers_find_the_optimum(solver, objective, optimum, solve):
    solution = solve(solver, objective, tol=1e-9)
    assert solution.status is Status.CONVERGED
    assert solution.evaluation.value == pytest.approx(optimum, rel=1e-8)
    assert solution.suboptimality <= 1e-9 * solution.evaluation.value


@pytest.mark.parametrize("solver", STOCHASTIC, ids=repr)
def test_stochastic_solvers_come_near_the_optimum(solver, objective, optimum, solve):
    solution = solve(solver, objective, max_iter=100)
    assert solution.status is Status.EPOCHS_DONE
    assert solution.evaluation.value == pytest.approx(optimum, rel=1e-2)


@pytest.mark.parametrize("name", SOLVERS)
def test_records_tell_the_story(name, objective, solve):
    solution = solve(SOLVERS[name](), objective, max_iter=5)
    records = solution.records
    assert [record.iteration for record in records] == list(range(solution.n_iter + 1))
    assert records[0].value == pytest.approx(np.log(3))
    assert records[0].step_size == 0
    assert all(record.step_size > 0 for record in records[1:])
    assert np.all(np.diff([record.passes for record in records]) > 0)
    assert np.all(np.diff([record.seconds for record in records]) >= 0)
    assert records[-1].value < records[0].value
    if not SOLVERS[name]().is_stochastic:
        assert records[-1].value == solution.evaluation.value
        assert records[-1].gradient_norm == pytest.approx(
            np.linalg.norm(solution.evaluation.gradient)
        )


@pytest.mark.parametrize("name", SOLVERS)
def test_the_solution_holds_the_evaluation_at_its_params(name, objective, solve):
    solution = solve(SOLVERS[name](), objective, max_iter=3)
    there = objective.evaluate(solution.params)
    assert solution.evaluation.value == there.value
    np.testing.assert_array_equal(solution.evaluation.gradient, there.gradient)


@pytest.mark.parametrize("name", SOLVERS)
def test_an_observer_can_stop_any_solver(name, objective, solve):
    seen = []

    def observe(record, params):
        seen.append(params())
        return record.iteration == 2

    solution = solve(SOLVERS[name](), objective, tol=1e-15, observe=observe)
    assert solution.status is Status.STOPPED
    assert solution.n_iter == 2
    np.testing.assert_array_equal(solution.params, seen[-1])


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers_leave_the_start_alone_and_go_on_from_it(name, objective, solve):
    first = solve(SOLVERS[name](), objective, max_iter=3)
    start = first.params.copy()
    second = solve(SOLVERS[name](), objective, max_iter=1, start=first.params)
    np.testing.assert_array_equal(first.params, start)
    assert second.records[0].value == first.evaluation.value


@pytest.mark.parametrize("name", ["lbfgs", "newton-cholesky", "gd"])
def test_running_out_of_iterations_is_said(name, objective, solve):
    solution = solve(SOLVERS[name](), objective, tol=1e-12, max_iter=2)
    assert solution.status is Status.MAX_ITER
    assert solution.n_iter == 2
    assert "raise max_iter" in solution.status.message


@pytest.mark.parametrize(
    "solver", [LBFGS(), LBFGS(precondition=False), NewtonCholesky()], ids=repr
)
def test_units_of_the_features_do_not_matter_without_a_penalty(solver, overlapping_classes, solve):
    X, y = overlapping_classes(3)
    units = np.array([1e-3, 1.0, 50.0, 1e4])
    if solver == LBFGS(precondition=False):
        units = units**0.1  # what a plain start can bear in a reasonable number of iterations
    plain = solve(solver, objective_on(X, y, np.inf), tol=1e-10)
    scaled = solve(solver, objective_on(X * units, y, np.inf), tol=1e-10)
    assert scaled.status is Status.CONVERGED
    assert scaled.evaluation.value == pytest.approx(plain.evaluation.value, rel=1e-9)
    np.testing.assert_allclose(scaled.params[:, :-1] * units, plain.params[:, :-1], rtol=1e-3)


@pytest.mark.parametrize("name", ["lbfgs", "newton-cholesky"])
def test_separation_is_proven_and_named(name, dataset, solve):
    X, y = dataset("wine")
    solution = solve(SOLVERS[name](), objective_on(X, y, np.inf))
    assert solution.status is Status.SEPARATED
    assert "no finite optimum" in solution.status.message
    logits = np.hstack([X, np.ones((len(X), 1))]) @ solution.params.T
    assert (logits.argmax(axis=1) == y).all()


def test_gradient_descent_on_separated_classes_runs_its_course(dataset, solve):
    X, y = dataset("wine")
    solution = solve(GradientDescent(learning_rate=1.0), objective_on(X, y, np.inf), max_iter=3000)
    assert solution.status is Status.SEPARATED
    assert solution.n_iter == 3000


@pytest.mark.parametrize("name", ["lbfgs", "newton-cholesky", "auto"])
def test_collinear_and_constant_features_without_a_penalty(name, overlapping_classes, solve):
    X, y = overlapping_classes(3)
    redundant = np.hstack(
        [X, X[:, :2] @ [[1.0], [2.0]], np.ones((len(X), 1)), np.zeros((len(X), 1))]
    )
    plain = solve(SOLVERS[name](), objective_on(X, y, np.inf))
    solution = solve(SOLVERS[name](), objective_on(redundant, y, np.inf))
    assert solution.status is Status.CONVERGED
    assert solution.evaluation.value == pytest.approx(plain.evaluation.value, rel=1e-9)
    assert np.abs(solution.params).max() < 1e3


@pytest.mark.parametrize("name", ["lbfgs", "newton-cholesky"])
def test_overflowing_trial_points_shorten_the_step(name, solve):
    # Features near the end of the range: the first trial overflows, a shorter one does not.
    X = np.array([[1e154, 0.0], [-1e154, 1.0], [1e153, 2.0], [-1e153, 0.5]])
    solution = solve(SOLVERS[name](), objective_on(X, np.array([0, 1, 1, 0])), max_iter=200)
    assert np.isfinite(solution.params).all()
    assert solution.evaluation.value < np.log(2)


def test_auto_takes_newton_for_small_problems_and_lbfgs_for_large(
    overlapping_classes, dataset, solve
):
    few, many = overlapping_classes(3), overlapping_classes(3, n_features=400)
    for data, chosen in [(few, NewtonCholesky()), (many, LBFGS())]:
        auto = solve(Auto(), objective_on(*data), tol=1e-6)
        itself = solve(chosen, objective_on(*data), tol=1e-6)
        np.testing.assert_array_equal(auto.params, itself.params)


def test_a_plain_lbfgs_is_not_deceived_by_tiny_features(overlapping_classes, solve):
    X, y = overlapping_classes(3)
    solution = solve(LBFGS(precondition=False), objective_on(X * 1e-5, y, np.inf), tol=1e-6)
    assert solution.n_iter > 0
    best = solve(NewtonCholesky(), objective_on(X, y, np.inf))
    assert solution.evaluation.value == pytest.approx(best.evaluation.value, rel=1e-4)


def test_passes_count_every_time_the_data_are_read(objective, solve):
    before = objective.passes
    solution = solve(SGD(batch_size=32), objective, max_iter=3)
    assert solution.records[-1].passes == pytest.approx(1 + 3)  # the start, three epochs
    assert objective.passes - before == pytest.approx(5)  # and the end
    solution = solve(NewtonCholesky(), objective, tol=1e-3)
    # A value and a Hessian an iteration, and the first value.
    # Shares of passes of other tests' batches were added before: what is left of them is rounding.
    assert round(solution.records[-1].passes, 6) >= 2 * solution.n_iter + 1
