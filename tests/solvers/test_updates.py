"""Update rules and schedules against PyTorch, step by step."""

import numpy as np
import pytest

from sk_softmax.fitting.driver import minimize
from sk_softmax.interfaces import Problem, Status
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import rows_of
from sk_softmax.solvers import SGD, Adam, GradientDescent, RMSprop
from sk_softmax.solvers.schedules import SCHEDULES
from sk_softmax.solvers.stopping import extrapolated_decrease

RULES = {
    "sgd": (SGD(momentum=0), lambda torch: (torch.optim.SGD, {})),
    "momentum": (SGD(momentum=0.8), lambda torch: (torch.optim.SGD, dict(momentum=0.8))),
    "nesterov": (
        SGD(momentum=0.8, nesterov=True),
        lambda torch: (torch.optim.SGD, dict(momentum=0.8, nesterov=True)),
    ),
    "rmsprop": (RMSprop(decay=0.95), lambda torch: (torch.optim.RMSprop, dict(alpha=0.95))),
    "adam": (
        Adam(beta_1=0.8, beta_2=0.99),
        lambda torch: (torch.optim.Adam, dict(betas=(0.8, 0.99))),
    ),
}


@pytest.fixture(scope="module")
def objective(overlapping_classes):
    X, y = overlapping_classes(3)
    return RegressionObjective(rows_of(X, 3, has_intercept=True, n_threads=1), y, 3, 2.0)


def run(solver, objective, max_iter):
    problem = Problem(
        start=np.zeros(objective.shape),
        n_rows=objective.rows.n_rows,
        tol=1e-12,
        max_iter=max_iter,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=np.random.default_rng(0),
        penalty=objective.penalty,
    )
    return minimize(solver, objective, problem)


@pytest.mark.parametrize("rule", RULES)
def test_minibatch_rules_equal_pytorch_step_by_step(rule, objective):
    torch = pytest.importorskip("torch", reason="needs PyTorch, of the extra external")
    solver, optimiser_of = RULES[rule]
    options = dict(batch_size=70, learning_rate=0.03, schedule="constant", shuffle=False)
    solution = run(type(solver)(**{**solver.get_params(), **options}), objective, max_iter=4)

    leaf = torch.zeros(objective.shape, dtype=torch.float64, requires_grad=True)
    kind, keywords = optimiser_of(torch)
    optimiser = kind([leaf], lr=0.03, **keywords)
    for _ in range(4):
        for first in range(0, 300, 70):
            rows = np.arange(first, min(first + 70, 300))
            leaf.grad = torch.tensor(objective.minibatch(leaf.detach().numpy(), rows).gradient)
            optimiser.step()
    np.testing.assert_allclose(solution.params, leaf.detach().numpy(), rtol=1e-9)


@pytest.mark.parametrize("keywords", [{}, dict(momentum=0.7), dict(momentum=0.7, nesterov=True)])
def test_gradient_descent_equals_pytorch_step_by_step(keywords, objective):
    torch = pytest.importorskip("torch", reason="needs PyTorch, of the extra external")
    solution = run(GradientDescent(learning_rate=0.05, **keywords), objective, max_iter=20)
    leaf = torch.zeros(objective.shape, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([leaf], lr=0.05, **keywords)
    for record in solution.records[:-1]:
        here = objective.evaluate(leaf.detach().numpy())
        assert record.value == pytest.approx(here.value, rel=1e-12)
        leaf.grad = torch.tensor(here.gradient)
        optimiser.step()
    np.testing.assert_allclose(solution.params, leaf.detach().numpy(), rtol=1e-10)


def test_automatic_rate_always_descends(objective):
    values = [record.value for record in run(GradientDescent(), objective, 200).records]
    assert np.all(np.diff(values) < 0)


@pytest.mark.parametrize("solver", [GradientDescent(learning_rate=1e4), SGD(learning_rate=1e4)])
def test_ending_above_the_start_is_called_divergence(solver, objective):
    solution = run(solver, objective, 3)
    assert solution.status is Status.DIVERGED
    assert solution.evaluation.value > np.log(3)
    assert "Lower learning_rate" in solution.status.message


@pytest.mark.parametrize(
    "solver", [GradientDescent(learning_rate=1e300), SGD(learning_rate=1e300)]
)
def test_overflow_keeps_the_last_finite_params(solver, objective):
    with np.errstate(over="ignore"):
        solution = run(solver, objective, 10)
    assert solution.status is Status.DIVERGED
    assert np.isfinite(solution.params).all()
    assert np.isfinite(solution.evaluation.value)


def test_bouncing_between_two_walls_is_not_convergence():
    # One row pair, symmetric: a rate of exactly 2 / curvature bounces for ever.
    X = np.array([[1.0], [-1.0]])
    rows = rows_of(X, 3, has_intercept=False, n_threads=1)
    objective = RegressionObjective(rows, np.array([1, 0]), 2, 0.5)
    start = np.array([[2.0]])
    slope = objective.evaluate(start).gradient[0, 0]
    rate = _bouncing_rate(objective, start, slope)
    problem = Problem(
        start, 2, 1e-6, 200, 1e-15, -np.inf, np.random.default_rng(0), objective.penalty
    )
    solution = minimize(GradientDescent(learning_rate=rate), objective, problem)
    best = minimize(GradientDescent(), objective, problem)
    assert solution.status is not Status.CONVERGED
    assert solution.evaluation.value > best.evaluation.value + 0.01


def _bouncing_rate(objective, start, slope):
    """The rate whose step leads from the start to the other point of the same value."""
    target = objective.evaluate(start).value
    low, high = -10.0, 0.0
    for _ in range(200):
        middle = (low + high) / 2
        if objective.evaluate(np.array([[middle]])).value > target:
            low = middle
        else:
            high = middle
    return (start[0, 0] - middle) / slope


def test_extrapolation_of_a_geometric_decrease_is_exact():
    values = [1 + 0.9**k for k in range(40)]
    assert extrapolated_decrease(values) == pytest.approx(0.9**39, rel=1e-9)
    assert extrapolated_decrease(values[:10]) == np.inf
    assert extrapolated_decrease([float(-k) for k in range(40)]) == np.inf


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_at_one_and_never_grow(name):
    schedule = SCHEDULES[name](10)
    factors = [schedule(epochs / 4) for epochs in range(41)]
    assert factors[0] == 1
    assert np.all(np.diff(factors) <= 0)
    assert factors[20] == pytest.approx(
        {"constant": 1, "inverse_scaling": 1 / np.sqrt(6), "cosine": 0.5}[name]
    )


def test_each_epoch_sees_every_row_once_in_a_new_order(objective):
    solver = SGD(batch_size=64)
    problem = Problem(
        np.zeros((3, 5)), 300, 1.0, 2, 0.0, 0.0, np.random.default_rng(0), objective.penalty
    )
    epochs = [np.concatenate([rows for _, rows in solver._batches(problem)]) for _ in range(2)]
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(300))
    assert not np.array_equal(*epochs)
