"""Batch gradient descent."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from sk_softmax.interfaces import (
    EvaluateAt,
    LargestCurvature,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.stopping import extrapolated_decrease, reason_to_stop


@dataclass(repr=False)
class GradientDescent(Options):
    """Move downhill by ``learning_rate`` times the gradient of the mean loss.

    Weights and intercept are updated together, from the gradient at the same point, and the cost
    is recorded before each update. With momentum ``m`` the move is a velocity
    ``v <- m v + gradient``. With ``nesterov`` it is ``gradient + m v`` (Sutskever, Martens, Dahl
    and Hinton, 2013, in the form that PyTorch uses).

    Parameters
    ----------
    learning_rate : float or "auto", default="auto"
        ``"auto"`` is one over an upper bound on the curvature of the objective at any params
        (Boehning's bound). With it plain gradient descent cannot diverge.
    momentum : float, default=0.0
        In [0, 1).
    nesterov : bool, default=False
        Look ahead along the velocity; needs momentum.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from sk_softmax import SoftmaxRegression
    >>> from sk_softmax.solvers import GradientDescent
    >>> X, y = load_iris(return_X_y=True)
    >>> plain = SoftmaxRegression(solver=GradientDescent(), tol=1e-4).fit(scale(X), y)
    >>> fast = SoftmaxRegression(solver=GradientDescent(momentum=0.9), tol=1e-4).fit(scale(X), y)
    >>> bool(fast.n_iter_[0] < plain.n_iter_[0] / 4)
    True
    """

    learning_rate: float | Literal["auto"] = "auto"
    momentum: float = 0.0
    nesterov: bool = False

    is_stochastic: ClassVar[bool] = False
    takes_shifted_rows: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 10_000

    def check(self) -> None:
        """Check the options."""
        if not (isinstance(self.learning_rate, str) and self.learning_rate == "auto"):
            self._require_positive("learning_rate", 'a positive number or "auto"')
        self._require_fraction("momentum")
        self._require_bool("nesterov")
        self._require("nesterov", not self.nesterov or self.momentum > 0, "False without momentum")

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        params = problem.start
        here = yield EvaluateAt(params)
        velocity = np.zeros_like(params)
        size = yield from self._step_size()
        values = [here.value]
        stopped = yield Progress.of(0, params, here, 0.0)

        for iteration in range(problem.max_iter + 1):
            # 1. Estimate how far there is to go. If decreases have died out, that is no proof of
            #    convergence: iterates that bounce between two walls of a valley stop descending
            #    too, but the slopes there promise more.
            promised = 0.5 * size * float(np.vdot(here.gradient, here.gradient))
            suboptimality = max(extrapolated_decrease(values), promised)

            # 2. Stop if there is a reason to.
            status, left = yield from reason_to_stop(
                problem,
                iteration,
                params,
                here.value,
                suboptimality,
                stopped,
                once_separated=False,
            )
            if status is Status.MAX_ITER and here.value > values[0]:
                status = Status.DIVERGED
            if status is not None:
                return Solution(params, here, status, iteration, left)

            # 3. Move.
            velocity = self.momentum * velocity + here.gradient
            move = here.gradient + self.momentum * velocity if self.nesterov else velocity
            target = params - size * move
            there = yield EvaluateAt(target)
            if not there.is_finite:
                return Solution(params, here, Status.DIVERGED, iteration, np.nan)
            params, here = target, there
            values.append(here.value)
            stopped = yield Progress.of(iteration + 1, params, here, size)
        raise AssertionError("the last iteration always has a reason to stop")

    def _step_size(self) -> Generator[Question, float, float]:
        """Return the learning rate; if it is ``"auto"``, ask for the largest curvature."""
        if self.learning_rate != "auto":
            return float(self.learning_rate)
        largest = yield LargestCurvature()
        return 1 / largest if largest > 0 else 1.0
