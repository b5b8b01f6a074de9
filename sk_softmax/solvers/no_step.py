"""No step at all: what ``max_iter=0`` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sk_softmax.interfaces import (
    EvaluateAt,
    Evaluation,
    Problem,
    Progress,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.options import Options


@dataclass(repr=False)
class NoStep(Options):
    """Stays where it begins, whatever the penalty: the start is the model."""

    is_stochastic: ClassVar[bool] = False
    takes_nonsmooth: ClassVar[bool] = True
    takes_shifted_rows: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 0

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        params = problem.start
        smooth = yield EvaluateAt(params)
        here = Evaluation(smooth.value + problem.penalty.kink_value(params), smooth.gradient)
        yield Progress.of(0, params, here, 0.0)
        return Solution(params, here, Status.NOT_BEGUN, 0, float("nan"))
