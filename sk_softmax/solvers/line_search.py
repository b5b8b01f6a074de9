"""How far to go along a direction: the strong Wolfe conditions on a convex function."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple

import numpy as np

from sk_softmax.interfaces import Array, EvaluateAt, Evaluation, Question

# Shares of the first slope: the least decrease per unit of size, and the largest slope at the end
# of a step (Nocedal and Wright, Numerical Optimization, 2006, eq. 3.7).
DECREASE = 1e-4
CURVATURE = 0.9

# A share of the first slope, delta in Hager and Zhang's approximate condition of decrease (2005,
# SIAM Journal on Optimization 16).
APPROXIMATE_DECREASE = 0.1

# Evaluations after which a search ends with the best step so far, or with none.
MAX_TRIALS = 30


class Step(NamedTuple):
    """An accepted step: its size, and params and evaluation where it ends."""

    size: float
    params: Array
    evaluation: Evaluation


class _Trial(NamedTuple):
    """The size of a step that was tried, and the slope along the direction there."""

    size: float
    slope: float


def strong_wolfe_search(
    params: Array,
    here: Evaluation,
    direction: Array,
    first_size: float,
    resolution: float,
    most_slope: float = CURVATURE,
) -> Generator[Question, Evaluation, Step | None]:
    """Find a step with sufficient decrease and a slope of at most a share of the first.

    The slope of a convex function grows along a line. So the sign of the slope tells on which side
    the minimum lies, and a secant through two slopes aims at it. Values are compared only to
    confirm a decrease. Near the optimum, where rounding hides the decrease, the slope is tested in
    its place.

    If value or gradient at a trial point are not finite, the step is far too long, and the next is
    a tenth of it.

    Parameters
    ----------
    params : ndarray of shape (n_outputs, n_columns)
        Where the search starts.
    here : Evaluation
        Value and gradient there.
    direction : ndarray of shape (n_outputs, n_columns)
        A direction in which the value falls.
    first_size : float
        The first multiple of ``direction`` to try.
    resolution : float
        The change in value that rounding can hide; see :class:`sk_softmax.interfaces.Problem`.
    most_slope : float, default=CURVATURE
        The largest share of the first slope that may be left.

    Returns
    -------
    step : Step or None
        None if no trial lowered the value by more than rounding can.
    """
    first_slope = float(np.vdot(here.gradient, direction))
    noise = resolution * max(abs(here.value), 1.0)
    low, high = _Trial(0.0, first_slope), None
    best: Step | None = None
    moved = ""
    size = first_size
    for _ in range(MAX_TRIALS):
        trial = params + size * direction
        there = yield EvaluateAt(trial)
        if not there.is_finite:
            high = _Trial(size, np.inf)
            size = low.size + 0.1 * (size - low.size)
            continue
        slope = float(np.vdot(there.gradient, direction))
        decreased = there.value <= here.value + DECREASE * size * first_slope or (
            there.value <= here.value + noise
            and slope <= (2 * APPROXIMATE_DECREASE - 1) * first_slope
        )
        if decreased:
            if abs(slope) <= -most_slope * first_slope:
                return Step(size, trial, there)
            if best is None or there.value < best.evaluation.value:
                best = Step(size, trial, there)
        if decreased and slope < 0:
            low, high = _Trial(size, slope), _lightened(high, again=moved == "low")
            moved = "low"
        else:
            low, high = _lightened(low, again=moved == "high"), _Trial(size, slope)
            moved = "high"
        size = _next_size(low, high, first_slope)
        if low.size < size <= low.size * (1 + np.finfo(np.float64).eps):
            break
    return best


def _lightened(end: Any, *, again: bool) -> Any:
    """Halve the slope at an end of the bracket that stays where it is ``again``.

    This is the Illinois rule (Dahlquist and Bjorck, Numerical Methods, 1974, section 6.4). Without
    it the secant makes little progress if the slope is nearly level at the other end: the first
    step on 20 newsgroups took 9 evaluations.
    """
    return end._replace(slope=end.slope / 2) if end is not None and again else end


def _next_size(low: _Trial, high: _Trial | None, first_slope: float) -> float:
    """Return the size at which the secant through two slopes is zero.

    It stays at least a tenth of the bracket away from both ends. Without an upper end it is 2 to
    10 times the lower one.
    """
    if high is None:
        flattening = low.slope - first_slope
        aim = -low.slope / flattening * low.size if flattening > 0 else np.inf
        return low.size + min(max(aim, low.size), 9 * low.size)
    width = high.size - low.size
    rise = high.slope - low.slope
    # A slope that does not rise, or an infinite one, shows only that the point is too far away.
    aim = -low.slope / rise if 0 < rise < np.inf else 0.5
    return low.size + min(max(aim, 0.1), 0.9) * width
