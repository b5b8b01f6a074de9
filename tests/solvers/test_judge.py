"""A claim is judged where the driver takes it, so that no solver can go around that."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import scipy.optimize
import scipy.special
from conjugate_gradients import ConjugateGradients
from sklearn.exceptions import ConvergenceWarning
from truth import outcome, penalties_of, variations

from sk_softmax import SoftmaxRegression, SoftmaxRegressionCV
from sk_softmax.fitting.driver import minimize
from sk_softmax.fitting.staged import Stage, staged
from sk_softmax.fitting.together import run_together
from sk_softmax.interfaces import EvaluateAt, Evaluation, Problem, Progress, Solution, Status
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import LBFGS, SOLVERS, NewtonCholesky
from sk_softmax.solvers.exact_model import decrease_in_model
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.proximal_steps import Place
from sk_softmax.solvers.stopping import left_at_this_pace, reason_to_stop


@dataclass
class Boastful(Options):
    """Takes a few steps downhill and says that this is the minimum."""

    steps: int = 1
    asks: bool = False
    says: float = 0.0
    """How much it says is left."""

    is_stochastic: ClassVar[bool] = False
    takes_nonsmooth: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 100

    def minimize(self, problem):
        params = problem.start
        here = yield EvaluateAt(params)
        yield Progress.of(0, params, here, 0.0)
        for iteration in range(1, self.steps + 1):
            params = params - 0.1 * here.gradient
            here = yield EvaluateAt(params)
            yield Progress.of(iteration, params, here, 0.1)
            if self.asks:
                status, _ = yield from reason_to_stop(
                    problem, iteration, params, here.value, self.says, False
                )
                assert status is None
        return Solution(params, here, Status.CONVERGED, self.steps, self.says)


def objective_on(X, y, C=1.0):
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, y, 3, C)


def problem_of(objective, tol=1e-3):
    return Problem(
        start=np.zeros(objective.shape),
        n_rows=objective.rows.n_rows,
        tol=tol,
        max_iter=100,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=np.random.default_rng(0),
        penalty=objective.penalty,
    )


BOASTS = [Boastful(), Boastful(steps=3), Boastful(steps=3, asks=True), Boastful(says=np.nan)]


@pytest.mark.parametrize("solver", BOASTS, ids=repr)
@pytest.mark.parametrize("C", [1.0, np.inf])
def test_what_is_not_so_does_not_come_out_as_converged(solver, C, overlapping_classes):
    objective = objective_on(*overlapping_classes(3), C)
    best = minimize(NewtonCholesky(), objective, problem_of(objective, 1e-12))
    solution = minimize(solver, objective, problem_of(objective))
    assert solution.status is Status.CONTRADICTED
    assert "set a smaller tol" in solution.status.message
    above = solution.evaluation.value - best.evaluation.value
    assert solution.suboptimality > 1e-3 * solution.evaluation.value
    assert solution.suboptimality == pytest.approx(above, rel=2)


def single_stage(problem):
    return (yield Stage(0, problem))


class OneByOne(list):
    def evaluate(self, questions):
        return {number: question.put_to(self[number]) for number, question in questions.items()}

    def answers(self, questions):
        return {number: question.put_to(self[number]) for number, question in questions.items()}


def test_together_it_is_judged_as_alone(overlapping_classes):
    objectives = OneByOne(objective_on(*overlapping_classes(3), C) for C in (0.1, 1.0))
    searches = [staged(Boastful(), single_stage(problem_of(o))) for o in objectives]
    for solution in run_together(searches, {0: objectives}):
        assert solution.status is Status.CONTRADICTED


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("bounds", [dict(), dict(lower_bounds=0.0)])
def test_a_user_is_warned(l1_ratio, bounds, overlapping_classes):
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver=Boastful(), l1_ratio=l1_ratio, **bounds)
    with pytest.warns(ConvergenceWarning, match="the solver says that it has converged, but"):
        model.fit(X, y)
    assert not model.converged_
    with pytest.warns(ConvergenceWarning, match="the solver says that it has converged, but"):
        SoftmaxRegressionCV(
            scoring="accuracy", solver=Boastful(), l1_ratios=[l1_ratio], Cs=[1.0], **bounds
        ).fit(X, y)


def test_a_minimum_is_granted_to_whoever_finds_it(overlapping_classes):
    objective = objective_on(*overlapping_classes(3))
    best = minimize(NewtonCholesky(), objective, problem_of(objective, 1e-12))
    problem = problem_of(objective)

    class Lucky(Boastful):
        def minimize(self, problem):
            here = yield EvaluateAt(best.params)
            return Solution(best.params, here, Status.CONVERGED, 0, 0.0)

    solution = minimize(Lucky(), objective, problem)
    assert solution.status is Status.CONVERGED
    assert solution.suboptimality <= 1e-3 * solution.evaluation.value


def test_a_claim_of_params_never_evaluated_is_evaluated(overlapping_classes):
    objective = objective_on(*overlapping_classes(3))

    class Secretive(Boastful):
        def minimize(self, problem):
            here = yield EvaluateAt(problem.start)
            return Solution(problem.start + 1.0, here, Status.CONVERGED, 0, 0.0)

    solution = minimize(Secretive(), objective, problem_of(objective))
    assert solution.status is Status.CONTRADICTED


def test_judging_takes_few_passes(overlapping_classes):
    objective = objective_on(*overlapping_classes(3, n_rows=2000))
    solution = minimize(LBFGS(), objective, problem_of(objective, 1e-6))
    assert solution.status is Status.CONVERGED
    assert objective.passes <= solution.records[-1].passes + 3


@pytest.mark.parametrize("table", ["wine", "one unit", "many units", "fewer rows than features"])
@pytest.mark.parametrize("solver", list(variations(ConjugateGradients)), ids=repr)
@pytest.mark.parametrize("tol", [1e-3, 1e-6])
def test_a_solver_added_by_one_line_is_held_to_the_truth(table, solver, tol, monkeypatch):
    monkeypatch.setitem(SOLVERS, "conjugate-gradients", ConjugateGradients)
    for penalty in penalties_of(solver):
        fit = outcome(solver, table, penalty, tol, 500)
        assert not fit.converged or fit.above <= fit.allowed, (penalty, fit)


def test_a_solver_added_by_one_line_is_asked_for_by_name(monkeypatch, overlapping_classes):
    monkeypatch.setitem(SOLVERS, "conjugate-gradients", ConjugateGradients)
    X, y = overlapping_classes(3)
    model = SoftmaxRegression(solver="conjugate-gradients").fit(X, y)
    exact = SoftmaxRegression(solver="newton-cholesky", tol=1e-12).fit(X, y)
    assert model.converged_
    assert model.objective(X, y) == pytest.approx(exact.objective(X, y), rel=3e-6)
    with pytest.raises(ValueError, match="'conjugate-gradients' needs a smooth penalty"):
        SoftmaxRegression(solver="conjugate-gradients", l1_ratio=1.0).fit(X, y)


@dataclass
class Bent:
    """A Hessian that rounding has left with less curvature than none in some direction."""

    full: np.ndarray

    @property
    def diagonal(self):
        return self.full.diagonal()

    def multiply(self, direction):
        return self.full @ direction

    def matrix(self):
        return self.full


def test_a_model_that_bends_downwards_proves_nothing():
    """The point found may be above the start; that is not a decrease of less than nothing."""
    rng = np.random.default_rng(0)
    penalty = PenaltyForm(l1_ratio=1.0).penalty(0.05, (2, 3), 3)
    rose = 0
    for _ in range(300):
        basis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
        full = basis @ np.diag([1.0, 1e-2, 1e-3, 1e-4, 1e-6, -1e-4]) @ basis.T
        params, gradient = rng.normal(size=(2, 3)), 1e-3 * rng.normal(size=(2, 3))
        here = Place(params, Evaluation(1.0, gradient), 1.0)
        everything = np.ones((2, 3), dtype=bool)
        left = decrease_in_model(penalty, here, everything, Bent(full), 1e-9)
        assert left >= 0
        rose += left > 0
    assert rose > 0


def test_a_step_from_undecided_to_decided_rows_promises_nothing_small():
    """The mean curvature along such a step is 1e7 times that at its end."""
    X, y = np.array([[-1.29], [-1.3], [1.2]]), np.array([1, 1, 0])
    model = SoftmaxRegression(solver="lbfgs", fit_intercept=False, C=1e8, warm_start=True)
    model.classes_, model.coef_, model.intercept_ = np.arange(2), np.array([[3.6]]), np.zeros(1)
    model.fit(X, y)

    def value(w):
        return np.logaddexp(0, np.where(y == 1, -1, 1) * X[:, 0] * w).mean() + w**2 / (6 * 1e8)

    least = scipy.optimize.minimize_scalar(value, bounds=(-100, 0), options={"xatol": 1e-12}).fun
    assert not model.converged_ or value(model.coef_[0, 0]) <= least * (1 + 3 * model.tol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("intercept", [5.0, 50.0, -300.0])
def test_a_slope_without_curvature_is_not_the_end(dtype, intercept):
    """Far from the optimum all rows are decided, and float32 holds no curvature of them."""
    X, y = np.full((5, 1), 0.1, dtype), np.array([0, 1, 0, 0, 0])
    weights = np.array([1.7, 1.8, 1.2e6, 3e-9, 4.7e7])
    model = SoftmaxRegression(solver="lbfgs", warm_start=True)
    model.classes_, model.coef_ = np.arange(2), np.array([[3.35]])
    model.intercept_ = np.array([intercept])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y, sample_weight=weights)
    share = 1.8 / weights.sum()  # the constant column says nothing, so the intercept is its logit
    least = scipy.special.entr([share, 1 - share]).sum()
    here = float(model.objective(X.astype(float), y, sample_weight=weights))
    assert not model.converged_ or here - least <= 3e-6 * least + 16 * np.finfo(dtype).eps


def test_a_pace_of_values_whose_squares_overflow():
    """Gradient descent that diverges on weights of 1e-200 raised an OverflowError."""
    values = [1e300 * 0.5**i for i in range(11)]
    assert values[-1] < left_at_this_pace(values) < 1e300
