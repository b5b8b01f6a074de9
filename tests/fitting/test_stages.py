"""A fit that begins on cheaper objectives always ends on the objective itself."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk_softmax import SoftmaxRegression
from sk_softmax.fitting.driver import run
from sk_softmax.fitting.staged import staged
from sk_softmax.fitting.stages import Views, cheaper_stages
from sk_softmax.interfaces import Evaluation, Problem, Status
from sk_softmax.objective.cheaper import Cheaper
from sk_softmax.objective.penalties.l2 import L2
from sk_softmax.solvers import LBFGS

SCALES = np.array([[1.0, 10.0, 100.0]])


class Diagonal:
    def solve(self, gradient):
        return gradient / SCALES

    @property
    def diagonal(self):
        return SCALES


class Quadratic:
    """``1 + sum(scales * (params - optimum)^2) / 2``, and what a stand-in may do wrong."""

    resolution = 1e-15

    def __init__(self, optimum, factor=1.0, is_flat=False):
        self.optimum, self.factor, self.is_flat = optimum, factor, is_flat
        self.evaluations = self.curvatures = 0

    @property
    def passes(self):
        return self.evaluations + self.curvatures

    def evaluate(self, params):
        self.evaluations += 1
        away = params - self.optimum
        value = 1.0 if self.is_flat else 1 + 0.5 * float((SCALES * away**2).sum())
        return Evaluation(self.factor * value, self.factor * SCALES * away)

    def curvature(self, params, damping, *, as_diagonal=False, exact=False):
        self.curvatures += 1
        return Diagonal()


def solve(objective, stand_ins=(), at_most=200, observe=None, **told):
    problem = Problem(
        start=np.full((1, 3), 7.0),
        n_rows=1,
        tol=1e-10,
        max_iter=at_most,
        resolution=1e-15,
        separated_below=-np.inf,
        random=np.random.default_rng(0),
        penalty=L2(np.zeros(3), 3),
    )
    told = dict(trust=1e-4, max_iter=50, has_all_rows=True) | told
    views = Views(objective)
    cheaper = [(views.add(stand_in, 0.5), Cheaper(stand_in, **told)) for stand_in in stand_ins]
    stages = cheaper_stages(problem, cheaper, views.whole, views.evaluate)
    return run(staged(LBFGS(), stages), views, observe)


OPTIMUM = np.array([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize(
    "wrong",
    [dict(), dict(factor=np.nan), dict(factor=np.inf), dict(is_flat=True)],
    ids=["another optimum", "NaN", "infinite", "flat"],
)
@pytest.mark.parametrize("has_all_rows", [True, False])
def test_a_wrong_stand_in_costs_time_and_nothing_else(wrong, has_all_rows):
    stand_in = Quadratic(np.array([[3.0, -2.0, 0.5]]), **wrong)
    objective = Quadratic(OPTIMUM)
    solution = solve(objective, [stand_in], has_all_rows=has_all_rows)
    assert solution.status is Status.CONVERGED
    assert stand_in.evaluations > 0
    np.testing.assert_allclose(solution.params, objective.optimum, atol=1e-4)
    np.testing.assert_array_equal(
        solution.evaluation.gradient, objective.evaluate(solution.params).gradient
    )


def test_a_good_stand_in_saves_evaluations():
    objective, alone = Quadratic(OPTIMUM), Quadratic(OPTIMUM)
    solve(objective, [Quadratic(OPTIMUM)])
    solve(alone)
    assert objective.evaluations < alone.evaluations


def test_a_stand_in_is_left_after_its_iterations():
    stand_in = Quadratic(np.array([[1e6, -1e6, 1e6]]))
    solve(Quadratic(OPTIMUM), [stand_in], max_iter=1)
    assert stand_in.evaluations <= 3


def test_a_fit_that_ends_early_answers_for_the_objective():
    stand_in = Quadratic(np.array([[30.0, -20.0, 5.0]]))
    objective = Quadratic(OPTIMUM)
    solution = solve(objective, [stand_in], at_most=1)
    assert solution.status is Status.MAX_ITER
    assert solution.n_iter == 1
    assert objective.evaluations == 1
    assert solution.evaluation.value == objective.evaluate(solution.params).value
    stopped = solve(Quadratic(OPTIMUM), [stand_in], observe=lambda record, params: True)
    assert stopped.status is Status.STOPPED
    assert stopped.n_iter == 0
    assert stopped.evaluation.value == objective.evaluate(stopped.params).value


def test_stand_ins_are_asked_one_after_the_other():
    first, second = Quadratic(OPTIMUM + 0.1), Quadratic(OPTIMUM + 0.01)
    assert solve(Quadratic(OPTIMUM), [first, second]).status is Status.CONVERGED
    assert first.evaluations > 0
    assert second.evaluations > 0


def test_after_a_stand_in_trusted_down_to_tol_comes_the_objective():
    objective, first, second = Quadratic(OPTIMUM), Quadratic(OPTIMUM), Quadratic(OPTIMUM)
    assert solve(objective, [first, second], trust=1e-10).status is Status.CONVERGED
    assert second.evaluations == 0
    assert objective.evaluations == 1


def test_records_tell_one_story_of_all_stages():
    first, objective = Quadratic(OPTIMUM + 0.5), Quadratic(OPTIMUM)
    solution = solve(objective, [first])
    records = solution.records
    assert [record.iteration for record in records] == list(range(solution.n_iter + 1))
    assert np.all(np.diff([record.passes for record in records]) > 0)
    assert records[-1].passes <= objective.passes + 0.5 * first.passes
    assert records[-1].value == solution.evaluation.value


def test_what_a_method_has_learned_is_handed_on_and_dies_with_the_fit():
    first, objective = Quadratic(OPTIMUM + 1e-3), Quadratic(OPTIMUM)
    solution = solve(objective, [first])
    solve(alone := Quadratic(OPTIMUM))
    # The curvature of the first stage is not measured again but to confirm the end.
    assert first.curvatures > 0
    assert objective.curvatures < alone.curvatures
    assert solution.memory is None


def test_a_fitted_model_holds_nothing_of_its_stages():
    X, y = (np.concatenate([part] * 3) for part in load_digits(return_X_y=True))
    model = SoftmaxRegression(solver="lbfgs", max_iter=5, tol=0.5).fit(X, y)
    n_records = len(model.records_)
    assert len(pickle.dumps(model)) < 4096 + model.coef_.nbytes + 512 * n_records


def test_views_count_a_share_of_what_stands_in():
    objective, other = Quadratic(OPTIMUM), Quadratic(OPTIMUM)
    other.evaluate(OPTIMUM)  # before anybody counts
    views = Views(objective)
    number = views.add(other, 0.25)
    views.evaluate(OPTIMUM)
    other.evaluate(OPTIMUM)
    assert views.passes == 1.25
    views.drop(number)
    other.evaluate(OPTIMUM)
    assert views.passes == 1.25
