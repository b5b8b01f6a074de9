"""A solver that begins on drafts always ends on the objective itself."""

import numpy as np
import pytest

from sk_softmax.interfaces import Draft, Evaluation, Problem, Status
from sk_softmax.objective.penalties.l2 import L2
from sk_softmax.solvers import LBFGS, minimize

SCALES = np.array([[1.0, 10.0, 100.0]])


class Diagonal:
    diagonal = SCALES

    def solve(self, gradient):
        return gradient / SCALES


class Quadratic:
    """``1 + sum(scales * (params - optimum)^2) / 2``, and what a draft may do wrong."""

    passes = 0.0

    def __init__(self, optimum, drafts=(), factor=1.0, is_flat=False):
        self.optimum, self.drafts, self.factor, self.is_flat = optimum, drafts, factor, is_flat
        self.evaluations = 0

    def draft(self, number):
        return self if number is None else self.drafts[number]

    def evaluate(self, params):
        self.evaluations += 1
        away = params - self.optimum
        value = 1.0 if self.is_flat else 1 + 0.5 * float((SCALES * away**2).sum())
        return Evaluation(self.factor * value, self.factor * SCALES * away)

    def curvature(self, params, damping, *, as_diagonal=False):
        return Diagonal()


def solve(objective, at_most=200, **draft):
    told = dict(trust=1e-4, max_iter=50, has_all_rows=True, resolution=1e-7) | draft
    problem = Problem(
        start=np.full((1, 3), 7.0),
        n_rows=1,
        tol=1e-10,
        max_iter=at_most,
        resolution=1e-15,
        separated_below=-np.inf,
        random=np.random.default_rng(0),
        penalty=L2(np.zeros(3), 3),
        drafts=[Draft(**told) for _ in objective.drafts],
    )
    return minimize(LBFGS(), objective, problem)


@pytest.mark.parametrize(
    "wrong",
    [
        dict(),
        dict(factor=np.nan),
        dict(factor=np.inf),
        dict(is_flat=True),
    ],
    ids=["another optimum", "NaN", "infinite", "flat"],
)
@pytest.mark.parametrize("has_all_rows", [True, False])
def test_a_wrong_draft_costs_time_and_nothing_else(wrong, has_all_rows):
    draft = Quadratic(np.array([[3.0, -2.0, 0.5]]), **wrong)
    objective = Quadratic(np.array([[1.0, 2.0, 3.0]]), [draft])
    solution = solve(objective, has_all_rows=has_all_rows)
    assert solution.status is Status.CONVERGED
    assert draft.evaluations > 0
    np.testing.assert_allclose(solution.params, objective.optimum, atol=1e-4)
    np.testing.assert_array_equal(
        solution.evaluation.gradient, objective.evaluate(solution.params).gradient
    )


def test_a_good_draft_saves_evaluations():
    optimum = np.array([[1.0, 2.0, 3.0]])
    draft, alone = Quadratic(optimum), Quadratic(optimum)
    objective = Quadratic(optimum, [draft])
    solve(objective)
    solve(alone)
    assert objective.evaluations < alone.evaluations


def test_a_draft_is_left_after_its_iterations():
    draft = Quadratic(np.array([[1e6, -1e6, 1e6]]))
    objective = Quadratic(np.array([[1.0, 2.0, 3.0]]), [draft])
    solve(objective, max_iter=1)
    assert draft.evaluations <= 3


def test_a_solver_that_is_stopped_in_a_draft_answers_for_the_objective():
    draft = Quadratic(np.array([[30.0, -20.0, 5.0]]))
    objective = Quadratic(np.array([[1.0, 2.0, 3.0]]), [draft])
    solution = solve(objective, at_most=1)
    assert solution.status is Status.MAX_ITER
    assert objective.evaluations == 1
    assert solution.evaluation.value == objective.evaluate(solution.params).value


def test_drafts_are_asked_one_after_the_other():
    optimum = np.array([[1.0, 2.0, 3.0]])
    first, second = Quadratic(optimum + 0.1), Quadratic(optimum + 0.01)
    objective = Quadratic(optimum, [first, second])
    assert solve(objective).status is Status.CONVERGED
    assert first.evaluations > 0
    assert second.evaluations > 0


def test_after_a_draft_trusted_down_to_tol_comes_the_objective():
    optimum = np.array([[1.0, 2.0, 3.0]])
    first, second = Quadratic(optimum), Quadratic(optimum)
    objective = Quadratic(optimum, [first, second])
    assert solve(objective, trust=1e-10).status is Status.CONVERGED
    assert second.evaluations == 0
    assert objective.evaluations == 1
