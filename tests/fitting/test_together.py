"""Many solvers in step walk as each would alone."""

from dataclasses import replace

import numpy as np
import pytest

from sk_softmax.fitting.driver import minimize
from sk_softmax.fitting.staged import Stage, staged
from sk_softmax.fitting.together import run_together
from sk_softmax.interfaces import Problem
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import LBFGS, SGD, GradientDescent, NewtonCholesky


class OneByOne(list):
    """Objectives that count how often they are asked together."""

    passes = 0

    def evaluate(self, questions):
        self.passes += 1
        return {number: question.put_to(self[number]) for number, question in questions.items()}

    def answers(self, questions):
        return {number: question.put_to(self[number]) for number, question in questions.items()}


def single_stage(problem):
    return (yield Stage(0, problem))


def problem_of(objective, X, tol):
    return Problem(
        start=np.zeros(objective.shape),
        n_rows=len(X),
        tol=tol,
        max_iter=40,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=np.random.default_rng(0),
        penalty=objective.penalty,
    )


@pytest.mark.parametrize("solver", [LBFGS(), NewtonCholesky(), GradientDescent(), SGD()])
def test_each_walks_as_it_would_alone(solver, overlapping_classes):
    X, y = overlapping_classes(3)

    def objective(C):
        rows = rows_of(X, 3, has_intercept=True, n_threads=1)
        return RegressionObjective(rows, y, 3, C)

    def problem(objective):
        return problem_of(objective, X, tol=1e-6)

    strengths = [1e-3, 1.0, 1e3]
    together = OneByOne([objective(C) for C in strengths])
    searches = [staged(solver, single_stage(problem(o))) for o in together]
    solutions = run_together(searches, {0: together})
    alone = [minimize(solver, o, problem(o)) for o in map(objective, strengths)]
    for ours, expected in zip(solutions, alone, strict=True):
        np.testing.assert_array_equal(ours.params, expected.params)
        assert ours.n_iter == expected.n_iter
        assert ours.status == expected.status
    if not solver.is_stochastic:
        asked = sum(o.passes for o in together)
        assert together.passes < asked


def test_searches_in_different_stages_are_answered_by_their_own(overlapping_classes):
    X, y = overlapping_classes(3)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    strengths = [1e-3, 1.0, 1e3]
    stronger = OneByOne([RegressionObjective(rows, y, 3, 0.5 * C) for C in strengths])
    together = OneByOne([RegressionObjective(rows, y, 3, C) for C in strengths])

    def stages(number):
        rough = yield Stage(0, problem_of(stronger[number], X, tol=10.0 ** -(2 + 2 * number)))
        after = replace(problem_of(together[number], X, tol=1e-10), start=rough.params)
        solution = yield Stage(1, after)
        return replace(solution, n_iter=rough.n_iter + solution.n_iter)

    searches = [staged(LBFGS(), stages(number)) for number in range(3)]
    solutions = run_together(searches, {0: stronger, 1: together})
    for solution, objective in zip(solutions, together, strict=True):
        best = minimize(NewtonCholesky(), objective, problem_of(objective, X, tol=1e-12))
        assert solution.evaluation.value == pytest.approx(best.evaluation.value, rel=1e-9)


def test_none_at_all():
    assert run_together([], {0: OneByOne()}) == []
