"""The two-loop recursion against the BFGS formula that it abbreviates."""

import numpy as np
import pytest

from sk_softmax.interfaces import (
    CurvatureAt,
    EvaluateAt,
    Evaluation,
    Memory,
    Problem,
    Progress,
    SizeAlong,
)
from sk_softmax.objective.curvature import CentredDiagonal
from sk_softmax.objective.penalties.l2 import L2
from sk_softmax.solvers import LBFGS, lbfgs
from sk_softmax.solvers.curvature_schedule import CurvatureSchedule, adapted
from sk_softmax.solvers.evidence import Steps
from sk_softmax.solvers.lbfgs import Pairs, _Knowledge
from sk_softmax.solvers.stopping import left_at_this_pace


class Metric:
    def __init__(self, matrix):
        self.matrix = matrix
        self.diagonal = matrix.diagonal().reshape(1, -1)

    def solve(self, gradient):
        return np.linalg.solve(self.matrix, gradient.ravel()).reshape(gradient.shape)


def bfgs_inverse(pairs, inverse):
    """Nocedal and Wright (2006), eq. 6.17, pair by pair."""
    for s, y in pairs:
        s, y = s.ravel(), y.ravel()
        rho = 1 / (s @ y)
        V = np.eye(len(s)) - rho * np.outer(y, s)
        inverse = V.T @ inverse @ V + rho * np.outer(s, s)
    return inverse


@pytest.mark.parametrize("preconditioned", [True, False])
@pytest.mark.parametrize("n_pairs", [0, 1, 3, 5])
def test_recursion_is_the_bfgs_inverse(preconditioned, n_pairs):
    rng = np.random.default_rng(n_pairs)
    A = rng.normal(size=(12, 6))
    hessian, metric = A.T @ A, np.diag(rng.random(6) + 0.5)
    steps = [rng.normal(size=(2, 3)) for _ in range(n_pairs)]
    history = [(s, (hessian @ s.ravel()).reshape(s.shape)) for s in steps]
    pairs = Pairs(3)
    for s, y in history:
        pairs.remember(s, y)

    kept = history[-3:]
    start = np.linalg.inv(metric) if preconditioned else np.eye(6)
    if kept:
        s, y = (array.ravel() for array in kept[-1])
        start = start * (s @ y) / (y @ start @ y)
    gradient = rng.normal(size=(2, 3))
    result = pairs.inverse_hessian_times(gradient, Metric(metric) if preconditioned else None)
    np.testing.assert_allclose(
        result.ravel(), bfgs_inverse(kept, start) @ gradient.ravel(), rtol=1e-9
    )


def test_pairs_in_float32_give_nearly_the_same_direction():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(12, 6))
    steps = rng.normal(size=(4, 2, 3))
    wide, narrow, later = Pairs(3), Pairs(3), Pairs(3)
    narrow.keep_in(np.float32)
    for step in steps:
        change = (A.T @ A @ step.ravel()).reshape(step.shape)
        for pairs in (wide, narrow, later):
            pairs.remember(step, change)
    later.keep_in(np.float32)
    gradient = rng.normal(size=(2, 3))
    metric = Metric(np.diag(rng.random(6) + 0.5))
    exact = wide.inverse_hessian_times(gradient, metric)
    result = narrow.inverse_hessian_times(gradient, metric)
    assert result.dtype == np.float64
    assert not np.array_equal(result, exact)
    np.testing.assert_allclose(result, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())
    np.testing.assert_array_equal(later.inverse_hessian_times(gradient, metric), result)


@pytest.mark.parametrize("width", [np.float32, np.float64])
def test_a_stage_keeps_pairs_in_the_width_of_its_start(width):
    step, gradient = np.array([[0.1, 0.7]]), np.array([[0.3, 0.9]])
    exact = Pairs(3)
    exact.remember(step, 3 * step)
    known = knowledge(width)
    known.pairs.remember(step, 3 * step)
    ours, theirs = (p.inverse_hessian_times(gradient, None) for p in (known.pairs, exact))
    assert np.array_equal(ours, theirs) == (width == np.float64)


def test_a_later_stage_keeps_narrow_pairs_until_it_begins_anew():
    known = knowledge(np.float32)
    step, gradient = np.array([[0.1, 0.7]]), np.array([[0.3, 0.9]])
    known.pairs.remember(step, 3 * step)
    narrow = known.pairs.inverse_hessian_times(gradient, None)
    later = _Knowledge.before(problem_of(np.float64, memory=Memory(known)), 3)
    np.testing.assert_array_equal(later.pairs.inverse_hessian_times(gradient, None), narrow)
    later.begin_anew()
    later.pairs.remember(step, 3 * step)
    exact = Pairs(3)
    exact.remember(step, 3 * step)
    wide = exact.inverse_hessian_times(gradient, None)
    assert not np.array_equal(wide, narrow)
    np.testing.assert_array_equal(later.pairs.inverse_hessian_times(gradient, None), wide)


def test_intercepts_take_the_root_of_the_scale_and_the_last_step_has_its_curvature():
    rng = np.random.default_rng(0)
    curvature = CentredDiagonal(np.array([1.0, 2.0, 3.0]), np.array([4.0, -1.0, 0.5]), 0.7, 2)
    step = rng.normal(size=(2, 4))
    hessian = np.diag(np.arange(1.0, 9.0))
    change = (hessian @ step.ravel()).reshape(2, 4)
    pairs = Pairs(3)
    pairs.remember(step, change)
    scale = pairs._scale(pairs._pairs[-1], (2, 4), curvature)
    # The same metric with a scale of its own for each of its parts.
    scaled = CentredDiagonal(
        np.array([1.0, 2.0, 3.0]) / scale, np.array([4.0, -1.0, 0.5]), 0.7 / scale**0.5, 2
    )
    assert np.vdot(change, scaled.solve(change)) == pytest.approx(np.vdot(change, step))
    gradient = rng.normal(size=(2, 4))
    inverse = np.array(
        [scaled.solve(row.reshape(2, 4)).ravel() for row in np.eye(8)]
    ).T  # symmetric
    expected = bfgs_inverse([(step, change)], inverse) @ gradient.ravel()
    result = pairs.inverse_hessian_times(gradient, curvature)
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-10)


@pytest.mark.parametrize(("many", "expected"), [(1, [0]), (2, [])])
def test_the_size_of_the_first_step_alone_is_asked_for_with_many_parameters(
    many, expected, monkeypatch
):
    monkeypatch.setattr(lbfgs, "MANY_PARAMETERS", many)
    search, answer, iteration = LBFGS().minimize(problem_of()), None, 0
    asked, tried = [], []
    while iteration < 3:
        question = search.send(answer)
        if isinstance(question, EvaluateAt):
            left = question.params - np.array([[3.0, 30.0]])
            answer = Evaluation(0.25 * float(np.sum(left**4)), left**3)
            tried.append(question.params)
        elif isinstance(question, CurvatureAt):
            answer = Metric(np.diag([1.0, 100.0]))
        elif isinstance(question, SizeAlong):
            asked.append(iteration)
            aim, answer = question.params + 0.125 * question.direction, 0.125
        elif isinstance(question, Progress):
            iteration, answer = question.iteration, False
        else:
            answer = 1.0
    assert asked == expected
    if asked:
        np.testing.assert_allclose(tried[1], aim)


def test_pairs_without_curvature_are_not_kept():
    pairs = Pairs(3)
    pairs.remember(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    pairs.remember(np.array([[1.0, 0.0]]), np.array([[-1.0, 0.0]]))
    assert len(pairs) == 0


def problem_of(width=np.float64, **told):
    return Problem(
        start=np.zeros((1, 2), dtype=width),
        n_rows=1,
        tol=1e-6,
        max_iter=10,
        resolution=1e-15,
        separated_below=-np.inf,
        random=np.random.default_rng(0),
        penalty=L2(np.zeros(2), 2),
        **told,
    )


def knowledge(width=np.float64):
    return _Knowledge.before(problem_of(width), 3)


def test_without_any_scale_the_first_step_has_unit_length():
    known, direction = knowledge(), np.array([[3.0, 4.0]])
    assert known.first_size(direction) == pytest.approx(0.2)
    known.curvature = Metric(np.eye(2))
    assert known.first_size(direction) == 1
    known.schedule.sizes.append(0.25)
    assert known.first_size(direction) == 0.5  # at most twice the last


def test_gradients_known_elsewhere_tell_the_curvature_before_the_first_step():
    hessian, here = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([[1.0, -2.0]])
    others = [np.array([[2.0, 1.0]]), np.array([[0.5, -1.0]]), np.zeros((1, 2))]
    seen = [(params, here + params @ hessian) for params in others]
    problem = problem_of(seen=seen)
    known = _Knowledge.before(problem, 3)
    known.look_back(problem, Evaluation(0.0, here))
    # The last is the start itself, from which no step leads; the steps before it span the plane.
    assert len(known.pairs) == 2
    changes = [here - gradient for _, gradient in seen[:2]]
    step = known.pairs.inverse_hessian_times(changes[-1], None)
    np.testing.assert_allclose(step, -others[1], rtol=1e-12)


def test_a_later_stage_does_not_look_back_again():
    seen = [(np.ones((1, 2)), np.ones((1, 2)))]
    known = knowledge()
    problem = problem_of(seen=seen, memory=Memory(known))
    known.look_back(problem, Evaluation(0.0, np.zeros((1, 2))))
    assert len(known.pairs) == 0


def test_curvature_is_measured_ever_more_rarely_on_one_clock():
    schedule = CurvatureSchedule(0.5)
    measured = []
    for iteration in range(100):
        if schedule.is_due(iteration):
            schedule.begin(iteration)
            measured.append(iteration)
    assert measured == [0, 5, 15, 35, 75]
    schedule.begin_anew()
    assert schedule.is_due(100)


@pytest.mark.parametrize(
    ("damping", "sizes", "expected"),
    [
        (0.5, [], 0.5),
        (0.5, [1.0] * 5, 0.125),
        (0.5, [1.0, 1.0, 0.3, 1.0, 1.0], 2.0),
        (0.002, [1.0] * 5, 0.001),
        (1.0, [0.1], 2.0),
    ],
)
def test_damping_falls_with_full_steps_and_rises_with_cut_ones(damping, sizes, expected):
    assert adapted(damping, sizes) == pytest.approx(expected)


def test_a_curvature_that_is_too_high_along_a_step_promises_more():
    # M is three times the Hessian, which the step reveals.
    hessian = np.diag([1.0, 2.0])
    steps, step = Steps(2), np.array([[1.0, -1.0]])
    gradient = np.array([[0.5, 0.25]])
    exact = 0.5 * gradient.ravel() @ np.linalg.solve(hessian, gradient.ravel())
    assert steps.promise(gradient, Metric(3 * hessian)) == pytest.approx(exact / 3)
    steps.remember(step, step @ hessian)
    assert steps.promise(gradient, Metric(3 * hessian)) == pytest.approx(exact)


def test_a_pace_that_does_not_slacken_is_no_sign_of_being_there():
    """As on raw MNIST, where 500 iterations in each lowered the value as much as the last."""
    steady = [10.0 - 0.01 * k for k in range(40)]
    assert left_at_this_pace(steady) == pytest.approx(3 * 5 * 0.01)
    assert left_at_this_pace(steady[:10]) == 0
    assert left_at_this_pace([1.0] * 40) == 0
    assert left_at_this_pace([0.5**k for k in range(40)]) == pytest.approx(3 * 0.5**39, rel=1e-6)
