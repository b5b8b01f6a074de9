"""Many solvers in step walk as each would alone."""

import numpy as np
import pytest

from sk_softmax.interfaces import Problem
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import (
    LBFGS,
    SGD,
    GradientDescent,
    NewtonCholesky,
    minimize,
    minimize_together,
)


class OneByOne(list):
    """Objectives that count how often they are asked together."""

    passes = 0

    def evaluate(self, questions):
        self.passes += 1
        return {number: question.put_to(self[number]) for number, question in questions.items()}


@pytest.mark.parametrize("solver", [LBFGS(), NewtonCholesky(), GradientDescent(), SGD()])
def test_each_walks_as_it_would_alone(solver, overlapping_classes):
    X, y = overlapping_classes(3)

    def objective(C):
        rows = rows_of(X, 3, has_intercept=True, n_threads=1)
        return RegressionObjective(rows, y, 3, C)

    def problem(objective):
        return Problem(
            start=np.zeros(objective.shape),
            n_rows=len(X),
            tol=1e-6,
            max_iter=40,
            resolution=objective.resolution,
            separated_below=objective.separated_below,
            random=np.random.default_rng(0),
            penalty=objective.penalty,
        )

    strengths = [1e-3, 1.0, 1e3]
    together = OneByOne([objective(C) for C in strengths])
    solutions = minimize_together(solver, together, [problem(o) for o in together])
    alone = [minimize(solver, o, problem(o)) for o in map(objective, strengths)]
    for ours, expected in zip(solutions, alone, strict=True):
        np.testing.assert_array_equal(ours.params, expected.params)
        assert ours.n_iter == expected.n_iter
        assert ours.status == expected.status
    if not solver.is_stochastic:
        asked = sum(o.passes for o in together)
        assert together.passes < asked


def test_none_at_all():
    assert minimize_together(LBFGS(), OneByOne(), []) == []
