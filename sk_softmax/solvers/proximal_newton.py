"""Newton's method for penalties with a kink at zero."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import ActiveHessianAt, Penalty, Problem, Question, Search, Status
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.proximal_steps import Aim, Place, active_at, aim_of, backtrack, look
from sk_softmax.solvers.stopping import reason_for_no_step, reason_to_stop

# Far from the optimum most of what the gradient asks for would leave again: so many parameters
# may enter at first, later as many as there are.
FIRST_ENTRY = 600

# A Hessian is used again within this relative distance of the optimum, while each step leaves at
# most this share of what the one before promised.
CLOSE = 0.01
MOST_LEFT = 0.1

# Where classes are all but decided there is next to no curvature, and steps would have no bound.
# A step that has to be shortened asks for more of it, a full step for less.
FIRST_DAMPING, LEAST_DAMPING = 0.1, 0.01

# A Hessian that leaves the rows of little curvature to its diagonal has too much curvature where
# columns are far from zero. Once the value falls by more than this many times what the model
# promises, no row is left out any more. On four columns 1,000 standard deviations from zero, fits
# without an intercept took 11 iterations, and without the rule more than 300.
TOO_LOW = 1.5


@dataclass
class ProximalNewton(Options):
    """Step to the minimum of the quadratic that fits the loss here, plus the penalty.

    The quadratic is about the *active* parameters alone: those that are not zero and those that
    the gradient would move from zero (Lee, Sun and Saunders, 2014, SIAM Journal on Optimization
    24; active sets as in Hsieh et al., 2014, Journal of Machine Learning Research 15). The others
    stay exactly zero and cost nothing but their part of the gradient.
    """

    is_stochastic: ClassVar[bool] = False
    asks_curvature: ClassVar[bool] = True
    takes_nonsmooth: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        penalty = problem.penalty
        last, damping, iteration, exact = None, 0.0, 0, False
        here = yield from look(penalty, problem.start)
        stopped = yield here.progress(penalty, 0, 0.0)

        while True:
            # 1. Which parameters to move; if none wants to, this is the optimum.
            active, is_whole = active_at(penalty, here, FIRST_ENTRY)
            if not active.any():
                return here.solution(Status.CONVERGED, iteration, 0.0)

            # 2. Aim: the model's minimum, and the decrease it promises. Close to the optimum the
            #    last Hessian will do, as long as what it promises shrinks fast.
            aim = yield from _aim(penalty, here, active, last, damping, exact=exact)
            if damping and aim.promise <= problem.tol * abs(here.value):
                damping = 0.0  # which promises too little, and is not needed here
                continue
            is_close = aim.promise <= CLOSE * abs(here.value)
            last = aim if is_close and not damping else None

            # 3. Stop if there is a reason to; the last step is at hand, and squares the error.
            promise = aim.promise if is_whole and not damping else np.inf
            status, left = yield from reason_to_stop(
                problem, iteration, here.params, here.value, promise, stopped
            )
            noise = problem.noise_at(here.value)
            if status is Status.CONVERGED and iteration < problem.max_iter:
                there = yield from look(penalty, aim.target)
                if there.value <= here.value + noise:
                    here, iteration = there, iteration + 1
                    yield here.progress(penalty, iteration, 1.0)
            if status is not None:
                return here.solution(status, iteration, left)

            # 4. Move: the full step wherever it lowers the value enough.
            step = yield from backtrack(penalty, here, aim.target, noise)
            if step is None:
                status, left = yield from reason_for_no_step(
                    problem, here.params, here.value, left
                )
                return here.solution(status, iteration, left)
            #    The smooth value falls by more than a model with too much curvature promises.
            fallen, (here, size) = here.value - step[0].value, step
            exact = exact or fallen > aim.promise * TOO_LOW
            iteration += 1
            damping = _damping_after(size, damping)
            stopped = yield here.progress(penalty, iteration, size)


def _aim(
    penalty: Penalty,
    here: Place,
    active: NDArray[np.bool_],
    last: Aim | None,
    damping: float,
    *,
    exact: bool,
) -> Generator[Question, Any, Aim]:
    """Aim with the last Hessian while what it promises shrinks fast, else with a new one.

    ``active``, of shape ``(n_outputs, n_columns)``, must be part of what the last one is about.
    """
    if last is not None and not (active & ~last.active).any():
        aim = aim_of(penalty, here, last.active, last.hessian)
        if aim.promise <= MOST_LEFT * last.promise:
            return aim
    hessian = yield ActiveHessianAt(here.params, active, damping, exact)
    return aim_of(penalty, here, active, hessian)


def _damping_after(size: float, damping: float) -> float:
    """Return more damping after a step that had to be shortened, less after a full one."""
    damping = max(4 * damping, FIRST_DAMPING) if size < 1 else damping / 4
    return damping if damping >= LEAST_DAMPING else 0.0
