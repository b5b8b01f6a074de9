"""Nonlinear conjugate gradients: a solver in one small file, which is not part of the package.

Tests add it to the table of solvers. They check that a new solver needs one file and one line of
that table, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sk_softmax.interfaces import EvaluateAt, Problem, Progress, Search, Solution
from sk_softmax.solvers.line_search import strong_wolfe_search
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.stopping import reason_for_no_step, reason_to_stop


@dataclass
class ConjugateGradients(Options):
    """Add a multiple of the last direction to minus the gradient (Polak and Ribiere, 1969).

    Parameters
    ----------
    restart : bool, default=True
        Use zero for the multiple if it is negative, which forgets the last direction.
    """

    restart: bool = True

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 2000

    def check(self) -> None:
        """Check the options."""
        self._require_bool("restart")

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        params, iteration, size = problem.start, 0, 1.0
        here = yield EvaluateAt(params)
        stopped = yield Progress.of(0, params, here, 0.0)
        direction = -here.gradient
        while True:
            slope = float(np.vdot(here.gradient, direction))
            if slope >= 0:
                direction, slope = -here.gradient, -float(np.vdot(here.gradient, here.gradient))
            status, left = yield from reason_to_stop(
                problem, iteration, params, here.value, -0.5 * size * slope, stopped
            )
            if status is not None:
                return Solution(params, here, status, iteration, left)
            step = yield from strong_wolfe_search(
                params, here, direction, size, problem.resolution
            )
            if step is None:
                status, left = yield from reason_for_no_step(problem, params, here.value, left)
                return Solution(params, here, status, iteration, left)
            change = step.evaluation.gradient - here.gradient
            share = float(np.vdot(step.evaluation.gradient, change))
            share /= float(np.vdot(here.gradient, here.gradient))
            share = max(share, 0.0) if self.restart else share
            direction = share * direction - step.evaluation.gradient
            params, here, size, iteration = step.params, step.evaluation, step.size, iteration + 1
            stopped = yield Progress.of(iteration, params, here, size)
