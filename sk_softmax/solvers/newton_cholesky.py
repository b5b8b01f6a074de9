"""Newton's method with the full Hessian."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sk_softmax.interfaces import (
    Array,
    Curvature,
    EvaluateAt,
    Evaluation,
    HessianAt,
    HessianFall,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
)
from sk_softmax.solvers.line_search import CURVATURE, strong_wolfe_search
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.stopping import reason_for_no_step, reason_to_stop

# Bytes up to which a Hessian is formed, 2 GiB; to factor it takes a few copies.
LARGEST_HESSIAN = 2 * 2**30

# The share of the value that a step may promise to be perhaps the last: steps square what is left,
# and to ask takes a seventh of a Hessian on iris.
CLOSE = 0.01

# The share of the first slope that a step may leave with fewer rows than features. An evaluation
# of coordinates then takes a third of the time of a Hessian, and full steps are far too short: the
# classes can be separated, and each step moves all rows by about one nat. Iterations with 0.9, 0.3
# and 0.1: 7, 6 and 4 for 200 x 500 with C=1, 16, 10 and 7 for 150 x 2,000 with C=1e4.
FAR_ENOUGH = 0.1


@dataclass(repr=False)
class NewtonCholesky(Options):
    """Step to the minimum of the quadratic that fits the objective at the current params.

    The method needs few iterations, whatever the conditioning and the units of the features. Each
    of them forms and factors a Hessian of ``n_outputs * n_columns`` rows and columns, so the
    method suits small problems. If the Hessian is singular (collinear features without a penalty),
    the smallest ridge with which it can be factored is added.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(solver="newton-cholesky").fit(X, y)
    >>> bool(model.n_iter_[0] < 10)
    True
    """

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 100

    @property
    def has_full_metric(self) -> bool:
        """Whether steps under a smooth penalty are the same in any shifted columns: yes."""
        return True

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        _check_size(problem)
        params, iteration = problem.start, 0
        last: _Model | None = None
        most_slope = FAR_ENOUGH if problem.has_kernel else CURVATURE
        here = yield EvaluateAt(params)
        stopped = yield Progress.of(0, params, here, 0.0)

        while True:
            # 1. After a step that promised little, ask the Hessian of that step what is left: at
            #    the end it saves a measurement.
            if last is not None and last.promise <= CLOSE * here.value:
                left = yield from last.left_at(params, here)
                if left <= problem.enough_at(here.value):
                    status, left = yield from reason_to_stop(
                        problem, iteration, params, here.value, left, stopped
                    )
                    if status is not None:
                        return Solution(params, here, status, iteration, left)

            # 2. Aim; half the squared Newton decrement estimates the distance to the optimum
            #    (Boyd and Vandenberghe, Convex Optimization, 2004, section 9.5.1).
            hessian = yield HessianAt(params)
            direction = -hessian.solve(here.gradient)
            promise = -0.5 * float(np.vdot(here.gradient, direction))
            last = _Model(params, hessian, promise)

            # 3. Stop if there is a reason to.
            status, left = yield from reason_to_stop(
                problem, iteration, params, here.value, promise, stopped
            )
            if status is not None:
                return Solution(params, here, status, iteration, left)

            # 4. Move: by the full step if it goes down far enough along the direction.
            step = yield from strong_wolfe_search(
                params, here, direction, 1.0, problem.resolution, most_slope
            )
            if step is None:
                status, left = yield from reason_for_no_step(problem, params, here.value, left)
                return Solution(params, here, status, iteration, left)
            params, here, iteration = step.params, step.evaluation, iteration + 1
            stopped = yield Progress.of(iteration, params, here, step.size)


class _Model(NamedTuple):
    """The quadratic of a step."""

    params: Array
    """Where it fits the objective, shape ``(n_outputs, n_columns)``."""

    hessian: Curvature
    promise: float
    """Its decrease, in nats a row."""

    def left_at(self, params: Array, here: Evaluation) -> Generator[Question, Any, float]:
        """Return a bound of half the squared Newton decrement at the end of the step.

        It is in nats a row, and infinity if it is not known how much the Hessian has fallen.
        """
        fall: float = yield HessianFall(self.params, params)
        if fall == np.inf:
            return np.inf
        return 0.5 * fall * float(np.vdot(here.gradient, self.hessian.solve(here.gradient)))


def _check_size(problem: Problem) -> None:
    """Raise a ``ValueError`` if the Hessian takes more than ``LARGEST_HESSIAN`` bytes."""
    size = problem.start.size
    n_bytes = 8 * size**2
    if n_bytes > LARGEST_HESSIAN:
        raise ValueError(
            f"solver='newton-cholesky' would form a Hessian of {n_bytes / 2**30:.1f} GiB for the "
            f"{size} parameters of this problem; choose solver='lbfgs' or 'auto'."
        )
