"""When a full-batch solver stops."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, TypeAlias

import numpy as np

from sk_softmax.interfaces import Array, Claim, Problem, SeparationAt, Status

# Iterations in a window. The decreases over the last two windows of the same length are compared
# to estimate how far there is to go. A short window gives an estimate soon; a long one gives a
# steadier estimate, because the decrease over few iterations varies.
WINDOWS = (5, 10)

# Windows for fits that are too short for the others. One of a single iteration varies most, so it
# is the last resort.
SHORT_WINDOWS = (2, 3, 4)

Stop: TypeAlias = Generator[Claim | SeparationAt, Any, tuple[Status | None, float]]
"""Asks the judge. Returns why to stop, None to go on, and the estimate of ``F - F*`` in nats a
row."""


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

    The judge is asked if the solver's own estimate of ``F - F*`` is small enough. An estimate by
    the decrease that a quadratic model promises, and not by the largest entry of the gradient,
    gives ``tol`` the same meaning whatever the units of the features are.

    Parameters
    ----------
    problem : Problem
        What the solver was told.
    iteration : int
        How many iterations are done.
    params : ndarray of shape (n_outputs, n_columns)
        Where the solver is.
    value : float
        The objective there, in nats a row.
    suboptimality : float
        The solver's own estimate of ``F - F*``, in nats a row.
    stopped : bool
        Whether an observer asked to stop.
    once_separated : bool, default=True
        Whether to stop as soon as it is known that no finite optimum exists. A solver whose path
        is what the user wants to see goes on until ``max_iter``.

    Returns
    -------
    status : Status or None
        Why to stop; None to go on.
    suboptimality : float
        The judge's estimate if it was asked, the solver's own otherwise.
    """
    exhausted = iteration >= problem.max_iter
    if suboptimality <= problem.enough_at(value):
        suboptimality = yield Claim(params, suboptimality)
        if suboptimality <= problem.enough_at(value):
            return Status.CONVERGED, suboptimality
    if value < problem.separated_below and (once_separated or exhausted):
        no_end = yield SeparationAt(params, value)
        if no_end is not None:
            return no_end, suboptimality
    if stopped:
        return Status.STOPPED, suboptimality
    return Status.MAX_ITER if exhausted else None, suboptimality


def reason_for_no_step(
    problem: Problem, params: Array, value: float, suboptimality: float
) -> Generator[Claim, float, tuple[Status, float]]:
    """Return what it means that no step lowers the value any further.

    No value is below zero, so at most the value itself is left: little, if it is nearly zero.

    Parameters
    ----------
    problem : Problem
        What the solver was told.
    params : ndarray of shape (n_outputs, n_columns)
        Where the solver is.
    value, suboptimality : float
        The objective there, and the solver's estimate of ``F - F*``, in nats a row.
    """
    enough, suboptimality = near_enough(problem, value), min(suboptimality, value)
    if suboptimality <= enough:
        suboptimality = yield Claim(params, suboptimality)
    is_there = suboptimality <= enough
    return Status.CONVERGED if is_there else Status.PRECISION_LIMIT, suboptimality


def near_enough(problem: Problem, value: float) -> float:
    """Return the ``F - F*`` in nats a row at which a fit has converged.

    It is what ``tol`` allows, plus what rounding can hide.
    """
    return problem.enough_at(value) + problem.noise_at(value)


def left_at_this_pace(values: Sequence[float], *, of_few: bool = False) -> float:
    """Estimate ``F - F*`` in nats a row from the last iterations; 0 if they are too few.

    Ten iterations are needed, or two if an estimate ``of_few`` is wanted.

    ``values`` are those after each iteration. The result is three times what extrapolation gives,
    because the pace varies: on digits the extrapolation alone was too low by a factor of up to 2.
    """
    if len(values) <= 2 * WINDOWS[0]:
        return 3 * _decrease_after_few(values) if of_few and len(values) > 2 else 0.0
    decrease = extrapolated_decrease(values)
    if not np.isfinite(decrease):
        # The decreases do not shrink, so at least as much will follow.
        decrease = values[-1 - WINDOWS[0]] - values[-1]
    return 3 * decrease


def extrapolated_decrease(values: Sequence[float]) -> float:
    """Estimate ``F - F*`` from the decreases over the last two windows of iterations.

    The result is the largest estimate of several windows, in nats a row; infinity if no window
    gives one.
    """
    estimates = [_aitken(values, window) for window in WINDOWS if len(values) > 2 * window]
    return max(filter(np.isfinite, estimates), default=np.inf)


def _decrease_after_few(values: Sequence[float]) -> float:
    """Estimate ``F - F*`` in nats a row from two to nine iterations."""
    windows = [window for window in SHORT_WINDOWS if len(values) > 2 * window] or [1]
    estimates = [_aitken(values, window) for window in windows]
    followed = values[-1 - windows[0]] - values[-1]
    return max(filter(np.isfinite, estimates), default=followed)


def _aitken(values: Sequence[float], window: int) -> float:
    """Extrapolate from two windows.

    Suppose that decreases shrink geometrically, from ``d`` to ``e`` over one window. Then what is
    left is ``e^2 / (d - e)`` (Aitken's delta-squared). If they do not shrink there is no estimate,
    and the result is infinity.
    """
    before = values[-1 - 2 * window] - values[-1 - window]
    now = values[-1 - window] - values[-1]
    if not 0 <= now < before:
        return np.inf
    return now * now / (before - now)  # of floats, ``now**2`` raises an error if it overflows
