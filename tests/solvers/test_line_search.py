"""The line search on functions of one variable, drawn as tests need them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_softmax.interfaces import Evaluation
from sk_softmax.solvers.line_search import CURVATURE, DECREASE, strong_wolfe_search


def search(value, slope, start, first_size, resolution=1e-15, max_finite=np.inf):
    """Search downhill from ``start`` along the line; return the step and the points tried."""

    def evaluate(x):
        if abs(x) > max_finite:
            return Evaluation(np.nan, np.array([[np.nan]]))
        return Evaluation(value(x), np.array([[slope(x)]]))

    here = evaluate(start)
    direction = np.array([[-np.sign(slope(start))]])
    trials = []
    generator = strong_wolfe_search(np.array([[start]]), here, direction, first_size, resolution)
    question = next(generator)
    while True:
        trials.append(question.params.item())
        try:
            question = generator.send(evaluate(question.params.item()))
        except StopIteration as finished:
            return finished.value, trials, here


def assert_strong_wolfe(step, here):
    first_slope = -abs(here.gradient.item())
    assert step.evaluation.value <= here.value + DECREASE * step.size * first_slope
    assert abs(step.evaluation.gradient.item()) <= CURVATURE * abs(first_slope)


@given(
    st.floats(-6, 6).map(lambda exponent: 10.0**exponent),
    st.sampled_from([-100.0, -1.0, -0.01, 0.01, 1.0, 100.0]),
)
def test_quartics_from_any_first_size(first_size, start):
    step, trials, here = search(
        lambda x: x**4 + x**2, lambda x: 4 * x**3 + 2 * x, start, first_size
    )
    assert_strong_wolfe(step, here)
    assert len(trials) <= 20


@given(st.floats(-3, 3).map(lambda exponent: 10.0**exponent))
def test_logistic_losses_with_flat_tails(first_size):
    step, _, here = search(
        lambda x: np.logaddexp(0, -x) + 0.01 * x**2,
        lambda x: -1 / (1 + np.exp(x)) + 0.02 * x,
        -20.0,
        first_size,
    )
    assert_strong_wolfe(step, here)


def test_the_first_size_is_taken_where_it_will_do():
    step, trials, _ = search(lambda x: x**2, lambda x: 2 * x, 1.0, 0.9)
    assert trials == [pytest.approx(0.1)]
    assert step.size == 0.9


def test_trials_that_are_not_finite_shorten_the_step():
    step, trials, here = search(lambda x: x**2, lambda x: 2 * x, 1.0, 1e6, max_finite=10)
    assert_strong_wolfe(step, here)
    assert abs(trials[0]) > 10
    assert np.all(np.diff(np.abs(np.array(trials)[np.abs(trials) > 10])) < 0)


def test_decrease_hidden_by_rounding_is_told_from_the_slope():
    # Values all equal to rounding, slopes exact: a minimum at 0 that the values cannot show.
    step, _, _ = search(lambda x: 1.0, lambda x: 1e-9 * x, 1.0, 0.5)
    assert step is not None


def test_nothing_to_gain_is_none():
    # The slope promises a decrease that never comes.
    step, trials, _ = search(lambda x: 1 + abs(x - 1), lambda x: 1.0, 1.0, 1.0)
    assert step is None
    assert len(trials) <= 30


def test_a_step_that_only_lowers_the_value_is_better_than_none():
    # A kink: no point satisfies the curvature condition, many lower the value.
    step, _, here = search(lambda x: abs(x), lambda x: np.sign(x) or 1.0, 1.0, 0.3)
    assert step.evaluation.value < here.value


def test_a_secant_that_creeps_is_helped_along():
    # The slope is -100 up to the minimum at 0.01 and levels off at 20 beyond it, so that secants
    # from 0 shorten the step by a sixth each; more than twenty would be needed.
    def value(x):
        u = 1000 * (x - 0.01)
        return 0.06 * (np.logaddexp(u, -u) - np.log(2)) - 40 * x

    step, trials, here = search(value, lambda x: 60 * np.tanh(1000 * (x - 0.01)) - 40, 0.0, 1.0)
    assert_strong_wolfe(step, here)
    assert len(trials) <= 8, trials
