"""Hessians that are handed on from one penalty to the next: of use while they keep promises."""

from dataclasses import replace

import numpy as np
import pytest

from sk_softmax.fitting.driver import run
from sk_softmax.fitting.problems import problem_of
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.staged import Stage, staged
from sk_softmax.fitting.stages import Views
from sk_softmax.interfaces import Memory, Status
from sk_softmax.objective import PenaltyForm, RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import ProximalNewton
from sk_softmax.solvers.kept_hessian import KeptHessian


def objective_of(C, l1_ratio=0.5):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 60))
    y = (X[:, :3] + rng.gumbel(size=(300, 3))).argmax(axis=1)
    rows = rows_of(X, 3, has_intercept=True, n_threads=1)
    return RegressionObjective(rows, y, 3, C, None, PenaltyForm(l1_ratio))


def solved(objective, memory=None, **options):
    """Return how a fit on a path ends, with the memory that it hands on."""
    settings = Settings(solver=ProximalNewton(), tol=1e-6, max_iter=1000, seed=0, n_threads=1)
    problem = problem_of(settings, objective, np.zeros(objective.shape))
    problem = replace(problem, is_on_path=True, memory=memory, **options)
    views, ends = Views(objective), []

    def stages():
        ends.append((yield Stage(views.whole, problem)))
        return ends[0]

    run(staged(ProximalNewton(), stages()), views)
    return ends[0]


def test_another_penalty_takes_the_place_of_the_one_that_it_was_measured_with():
    strong, weak = objective_of(0.1), objective_of(3.0)
    rng = np.random.default_rng(1)
    params = 0.1 * rng.standard_normal(strong.shape)
    active = rng.random(strong.shape) < 0.7
    some = active & (rng.random(strong.shape) < 0.5)
    matrix = strong.active_hessian(params, active, exact=True).matrix()
    kept = KeptHessian(active, matrix, strong.penalty.l2)
    for picked in (active, some):
        found = kept.among(picked, weak.penalty)
        expected = weak.active_hessian(params, picked, exact=True)
        np.testing.assert_allclose(found.matrix(), expected.matrix(), rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(found.diagonal, expected.diagonal, rtol=1e-10)
        vector = rng.standard_normal(int(picked.sum()))
        np.testing.assert_allclose(found.multiply(vector), found.matrix() @ vector)


@pytest.mark.parametrize("factor", [1e-3, 0.2, 1.0, 5.0, 1e3])
def test_a_wrong_hessian_leads_to_the_same_optimum_and_is_not_handed_on(factor):
    objective = objective_of(1.0)
    least = solved(objective)
    everything = np.ones(objective.shape, dtype=bool)
    matrix = objective.active_hessian(least.params, everything, exact=True).matrix()
    memory = Memory(KeptHessian(everything, factor * matrix, objective.penalty.l2))
    solution = solved(objective, memory)
    assert solution.status is Status.CONVERGED
    assert solution.evaluation.value - least.evaluation.value <= 1e-6 * least.evaluation.value
    if factor != 1.0:
        assert solution.memory is None or solution.memory.state is not memory.state


def test_the_first_step_counts_as_an_iteration():
    solution = solved(objective_of(1.0), max_iter=1)
    assert solution.n_iter == 1
    assert solved(objective_of(1.0), max_iter=0).n_iter == 0
