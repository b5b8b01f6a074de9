"""When a full-batch solver stops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sk_softmax.interfaces import Problem, Status

# Iterations over which the decrease is compared to judge how far there is still to go: few, to
# have an estimate soon, and more, because the decrease of few varies.
WINDOWS = (5, 10)


def reason_to_stop(
    problem: Problem,
    iteration: int,
    value: float,
    suboptimality: float,
    stopped: bool,
    *,
    once_separated: bool = True,
) -> Status | None:
    """Return why to stop here, or None to go on.

    ``suboptimality`` is the estimate of ``F - F*`` in nats a row. Measuring it by the decrease
    that a quadratic model promises, and not by the largest entry of the gradient, gives ``tol``
    the same meaning whatever the units of the features are. With ``once_separated=False`` a
    solver whose path is the point goes on although no finite optimum exists.
    """
    exhausted = iteration >= problem.max_iter
    if suboptimality <= problem.tol * abs(value):
        return Status.CONVERGED
    if value < problem.separated_below and (once_separated or exhausted):
        return Status.SEPARATED
    if stopped:
        return Status.STOPPED
    return Status.MAX_ITER if exhausted else None


def reason_for_no_step(problem: Problem, value: float, suboptimality: float) -> Status:
    """Return what it means that no step lowers the value any further.

    No value is below zero, so that one of nearly zero has hardly anything left to lose.
    """
    hidden_by_rounding = min(suboptimality, value) <= problem.resolution * max(abs(value), 1.0)
    return Status.CONVERGED if hidden_by_rounding else Status.PRECISION_LIMIT


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
