"""A single fit under an L1 penalty, through stronger penalties to the one asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from sk_softmax.fitting.staged import Stages
from sk_softmax.fitting.stages import Views
from sk_softmax.fitting.working_set import WorkingSet
from sk_softmax.interfaces import Array, Problem, Status
from sk_softmax.objective import RegressionObjective

# A single fit without a start goes through a sequence of increasing C: each is at most STEP times
# the one before, and is fitted to the relative suboptimality ON_THE_WAY, on the solver's word. If
# it went from zero to a weak penalty at once, most features that enter would leave again.
# Milliseconds of a fit with l1_ratio=1 to tol=1e-2, with a proof of 1e-2 on the way, and without
# proofs of 1e-2 and 0.1: 5,000 rows of MNIST / 255 (C=0.1) 1,018, 949 and 948; digits / 16 99, 79
# and 74; optdigits, standardised, 368, 345 and 310.
STEP, ON_THE_WAY = 8.0, 0.1

# The most penalties in that sequence. A penalty 8^16 times as weak as the first is nearly none.
MOST_STAGES = 16


def sparse_stages(
    problem: Problem,
    objective: RegressionObjective,
    C: float,
    task: Callable[[RegressionObjective, Array], Problem],
    views: Views,
) -> Stages:
    """Fit one C, from the start given, or from zero through stronger penalties.

    Parameters
    ----------
    problem : Problem
        Where the fit starts and when it stops. A start of zeros that was not given means none.
    objective : RegressionObjective
        What is minimised.
    C : float
        Inverse strength of its penalty.
    task : callable
        From an objective on some of the features and a start, ``(n_outputs, n_working)``, to the
        problem that the solver is given.
    views : Views
        The objectives that answer questions; those on the working set are added.
    """
    working, n_iter = WorkingSet(objective, task, views), 0
    is_warm = bool(problem.start.any()) or problem.start_is_given
    if is_warm:
        working.begin_at(problem.start)
    else:
        begun = yield from working.null()
        n_iter += begun.n_iter
        if begun.status is Status.STOPPED:
            return working.solution(C, begun, n_iter)
    before = C if is_warm else min(working.first_C(), C)
    for there in _penalties(before, C):
        solution = yield from working.fit(
            there,
            before,
            tol=0.0 if there == C else ON_THE_WAY,
            max_iter=problem.max_iter - n_iter,
            shown=objective.penalty.value,
        )
        n_iter, before = n_iter + solution.n_iter, there
        if solution.status is not Status.CONVERGED:
            break
    return working.solution(C, solution, n_iter)


def _penalties(first: float, last: float) -> Iterator[float]:
    """Yield ascending values of C: those between ``first`` and ``last``, then ``last``."""
    n_stages = max(int(np.ceil((np.log(last) - np.log(first)) / np.log(STEP))), 1)
    if n_stages <= MOST_STAGES:
        yield from np.geomspace(first, last, n_stages + 1)[1:-1].tolist()
    else:
        yield from (first * STEP**stage for stage in range(1, MOST_STAGES))
    yield last
