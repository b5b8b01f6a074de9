"""When a full-batch solver stops."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias

import numpy as np

from sk_softmax.interfaces import Array, Claim, Problem, Status

# Iterations over which the decrease is compared to judge how far there is still to go: few, to
# have an estimate soon, and more, because the decrease of few varies.
WINDOWS = (5, 10)

Stop: TypeAlias = Generator[Claim, float, tuple[Status | None, float]]
"""Why to stop here, None to go on, and the estimate of ``F - F*`` in nats a row."""


def reason_to_stop(
    problem: Problem,
    iteration: int,
    params: Array,
    value: float,
    suboptimality: float,
    stopped: bool,
    *,
    once_separated: bool = True,
) -> Stop:
    """Return why to stop here, or None to go on; a solver asks with ``yield from``.

    ``suboptimality`` is the solver's own estimate of ``F - F*`` in nats a row. Measuring it by the
    decrease that a quadratic model promises, and not by the largest entry of the gradient, gives
    ``tol`` the same meaning whatever the units of the features are. Where it is small enough the
    judge is asked for his. With ``once_separated=False`` a solver whose path is the point goes on
    although no finite optimum exists.
    """
    exhausted = iteration >= problem.max_iter
    if suboptimality <= problem.tol * abs(value):
        suboptimality = yield Claim(params, suboptimality)
        if suboptimality <= problem.tol * abs(value):
            return Status.CONVERGED, suboptimality
    if value < problem.separated_below and (once_separated or exhausted):
        return Status.SEPARATED, suboptimality
    if stopped:
        return Status.STOPPED, suboptimality
    return Status.MAX_ITER if exhausted else None, suboptimality


def reason_for_no_step(
    problem: Problem, params: Array, value: float, suboptimality: float
) -> Generator[Claim, float, tuple[Status, float]]:
    """Return what it means that no step lowers the value any further.

    No value is below zero, so that a value of nearly zero has hardly anything left to lose.
    """
    enough, suboptimality = near_enough(problem, value), min(suboptimality, value)
    if suboptimality <= enough:
        suboptimality = yield Claim(params, suboptimality)
    is_there = suboptimality <= enough
    return Status.CONVERGED if is_there else Status.PRECISION_LIMIT, suboptimality


def near_enough(problem: Problem, value: float) -> float:
    """Return the ``F - F*`` that is within ``tol`` as far as rounding shows."""
    return problem.tol * abs(value) + problem.noise_at(value)


def left_at_this_pace(values: Sequence[float]) -> float:
    """Return the decrease that the last iterations foretell, 0 if they are too few.

    Three times as much, since the pace varies: on digits the plain figure was up to twice too low.
    """
    if len(values) <= 2 * WINDOWS[0]:
        return 0.0
    decrease = extrapolated_decrease(values)
    if not np.isfinite(decrease):
        # The pace does not slacken, so at least as much is to come again.
        decrease = values[-1 - WINDOWS[0]] - values[-1]
    return 3 * decrease


def extrapolated_decrease(values: Sequence[float]) -> float:
    """Estimate ``F - F*`` from the decreases over the last two windows of iterations.

    The largest estimate of several windows; infinity if none has any.
    """
    estimates = [_aitken(values, window) for window in WINDOWS if len(values) > 2 * window]
    return max(filter(np.isfinite, estimates), default=np.inf)


def _aitken(values: Sequence[float], window: int) -> float:
    """Extrapolate from two windows.

    If decreases shrink geometrically, from ``d`` to ``e`` over one window, what is left is
    ``e^2 / (d - e)`` (Aitken's delta-squared). If they do not shrink there is no estimate, and the
    answer is infinity.
    """
    before = values[-1 - 2 * window] - values[-1 - window]
    now = values[-1 - window] - values[-1]
    if not 0 <= now < before:
        return np.inf
    return now**2 / (before - now)
