"""Newton's method for penalties with kinks or bounds."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessianAt,
    Penalty,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.kept_hessian import first_step
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.proximal_steps import (
    Aim,
    Place,
    Standing,
    active_at,
    aim_of,
    backtrack,
    begin,
    look,
    without_step,
)
from sk_softmax.solvers.stopping import reason_to_stop

# Parameters (features, if the classes share a term of the penalty) that may leave zero in an
# iteration: FIRST_ENTRY, or as many as are not zero if they are more. Far from the optimum most of
# those that the gradient would move from zero would go back to it later, and the cost of a Hessian
# grows with the square of their number. Iterations of a fit with l1_ratio=1 to tol=1e-2, and the
# multiplications of its Hessians in thousands a row, with FIRST_ENTRY = 600 and 100:
#   MNIST / 255, 5,000 rows, C=0.1    6 (5,130)    9 (1,590)
#   digits / 16                       8 (640)      8 (320)
#   digits, standardised              9 (1,310)   10 (670)
#   optdigits, standardised          11 (1,740)   11 (1,240)
# With at most half as many as are not zero MNIST / 255 took 11 (1,410), and 514 ms for 422.
FIRST_ENTRY = 100

# A Hessian is used again if the decrease that it promised was at most CLOSE times the value, and
# as long as each step promises at most MOST_LEFT times as much as the step before.
CLOSE = 0.01
MOST_LEFT = 0.1

# Parameters up to which a model is about all of them, not the active alone, and no row is left out
# of its Hessian. It then serves for a later step whatever has left zero, and for the judge. To
# choose rows and columns took 6 ms of the 8.5 ms of a Hessian of 10,000 x 10 with 3 classes. Such
# a Hessian is cheap, so it is used again only if promises shrink to SMALL_LEFT of the last. With
# 0.1 and 0.01 fits to tol=1e-6 took as many passes; with 0.01 they ended a thousand times closer
# to the optimum, and with 0.1 fits to 1e-12 took 12 iterations for 9 on wine.
FEW_PARAMETERS = 150
SMALL_LEFT = 0.03

# What part of the rows' mean curvature is added to the curvature of each row, in the diagonal. If
# the class of nearly every row is certain there is hardly any curvature, and steps would have no
# bound. A step that had to be shortened sets damping to FIRST_DAMPING or more; full steps reduce
# it, and below LEAST_DAMPING it is zero.
FIRST_DAMPING, LEAST_DAMPING = 0.1, 0.01

# A Hessian that leaves the rows of little curvature to its diagonal has too much curvature where
# columns are far from zero. Once the value falls by more than this many times what the model
# promises, no row is left out any more. On four columns 1,000 standard deviations from zero, fits
# without an intercept took 11 iterations, and without the rule more than 300.
TOO_LOW = 1.5


@dataclass(repr=False)
class ProximalNewton(Options):
    """Step to the minimum of a quadratic model of the loss, plus the penalty.

    The quadratic fits the loss at the current params. It is about the *active* parameters alone:
    those that are not zero, and those that the gradient would move from zero (Lee, Sun and
    Saunders, 2014, SIAM Journal on Optimization 24; active sets as in Hsieh et al., 2014, Journal
    of Machine Learning Research 15). The others stay exactly zero, and cost only their part of the
    gradient.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_softmax import SoftmaxRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression(l1_ratio=1, solver="proximal-newton").fit(X, y)
    >>> model.coef_ == 0
    array([[ True,  True, False,  True],
           [False,  True,  True,  True],
           [ True,  True, False, False]])
    """

    is_stochastic: ClassVar[bool] = False
    asks_curvature: ClassVar[bool] = True
    takes_nonsmooth: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        solution = yield from self.search(problem, (yield from begin(problem)))
        assert isinstance(solution, Solution)
        return solution

    def search(
        self,
        problem: Problem,
        begun: Standing,
        goes_on: Callable[[int, int], bool] = lambda *_: True,
    ) -> Generator[Any, Any, Solution | Standing]:
        """Go on until the problem is solved, or return where another method is to take over.

        The latter is where ``goes_on`` is false for the numbers of active parameters and
        iterations.
        """
        here, stopped = begun.here, begun.stopped
        # Of fewer rows than parameters a Hessian takes no longer than the minimum of a model: 60
        # penalties of 200 x 1,000 with 3 classes took 543 ms with kept ones and 433 without.
        is_worth_it = problem.is_on_path and FEW_PARAMETERS < problem.start.size <= problem.n_rows
        if is_worth_it and problem.max_iter > begun.iteration == 0 and not stopped:
            begun = yield from first_step(problem, here)
        if begun.left <= problem.enough_at(begun.here.value):
            solution = begun.here.solution(Status.CONVERGED, begun.iteration, begun.left)
        else:
            ended = yield from self._steps(problem, begun, goes_on)
            if not isinstance(ended, Solution):
                return ended
            solution = ended
        return replace(solution, memory=begun.memory)

    def _steps(
        self, problem: Problem, begun: Standing, goes_on: Callable[[int, int], bool]
    ) -> Generator[Any, Any, Solution | Standing]:
        """Go on from earlier steps, or from the start."""
        penalty, here, stopped = problem.penalty, begun.here, begun.stopped
        last, damping, iteration = begun.last, 0.0, begun.iteration
        exact = problem.start.size <= FEW_PARAMETERS

        while True:
            # 1. Choose the parameters to move; if there are none, this is the optimum.
            active, is_whole = _to_move(penalty, here)
            if not active.any():
                return here.solution(Status.CONVERGED, iteration, 0.0)
            if not goes_on(int(active.sum()), iteration):
                return Standing(here, iteration, stopped)

            # 2. Aim: find the minimum of the model, and the decrease it promises. Close to the
            #    optimum the last Hessian is used again, as long as its promise shrinks fast.
            aim = yield from _aim(problem, here, active, last, damping, exact=exact)
            if damping and aim.promise <= problem.enough_at(here.value):
                damping = 0.0  # a damped model promises too little; damping is not needed here
                continue
            is_close = aim.promise <= CLOSE * abs(here.value)
            last = aim if is_close and not damping else None

            # 3. Stop if there is a reason to. The last step is known by then, and it squares the
            #    error, so it is taken. Before another stage what was left out may stay so: 9
            #    and 11 iterations on MNIST / 255 and optdigits, and 11 and 12 without that.
            is_seen = is_whole or problem.is_rough
            promise = aim.promise if is_seen and not damping else np.inf
            status, left = yield from reason_to_stop(
                problem, iteration, here.params, here.value, promise, stopped
            )
            noise = problem.noise_at(here.value)
            if status is Status.CONVERGED and iteration < problem.max_iter:
                here, iteration = yield from _last_step(problem, here, aim, iteration)
            if status is not None:
                return here.solution(status, iteration, left)

            # 4. Move: by the full step if it lowers the value enough.
            step = yield from backtrack(penalty, here, aim.target, noise)
            if step is None:
                return (yield from without_step(problem, here, iteration, left))
            exact = exact or here.value - step[0].value > TOO_LOW * aim.promise
            (here, size), iteration = step, iteration + 1
            damping = _damping_after(size, damping)
            stopped = yield here.progress(penalty, iteration, size)


def _to_move(penalty: Penalty, here: Place) -> tuple[NDArray[np.bool_], bool]:
    """Return which parameters to move, and whether these are all that would move.

    The mask has shape ``(n_outputs, n_columns)``; it has none if this is the optimum, and all of a
    few.
    """
    active, is_whole = active_at(penalty, here, FIRST_ENTRY)
    if active.size <= FEW_PARAMETERS and active.any():
        return np.ones_like(active), True
    return active, is_whole


def _last_step(
    problem: Problem, here: Place, aim: Aim, iteration: int
) -> Generator[Question | Progress, Any, tuple[Place, int]]:
    """Take the step that is known when a fit has converged, unless it leads up."""
    there = yield from look(problem.penalty, aim.target)
    if there.value > here.value + problem.noise_at(here.value):
        return here, iteration
    yield there.progress(problem.penalty, iteration + 1, 1.0)
    return there, iteration + 1


def _aim(
    problem: Problem,
    here: Place,
    active: NDArray[np.bool_],
    last: Aim | None,
    damping: float,
    *,
    exact: bool,
) -> Generator[Question, Any, Aim]:
    """Aim with the last Hessian as long as its promise shrinks fast, and otherwise with a new one.

    ``active`` has shape ``(n_outputs, n_columns)``. The last Hessian can be used if it is about
    all of these parameters. ``damping`` is that of a new one. Where few parameters seem to have
    converged a new one is measured: the judge takes it over, and the last step ends nearer.
    """
    is_few = active.size <= FEW_PARAMETERS
    if last is not None and not (active & ~last.active).any():
        aim = aim_of(problem.penalty, here, last.active, last.hessian)
        is_fast = aim.promise <= (SMALL_LEFT if is_few else MOST_LEFT) * last.promise
        if is_fast and not (is_few and aim.promise <= problem.enough_at(here.value)):
            return aim
    hessian = yield ActiveHessianAt(here.params, active, damping, exact)
    return aim_of(problem.penalty, here, active, hessian)


def _damping_after(size: float, damping: float) -> float:
    """Return more damping after a step that had to be shortened, and less after a full one."""
    damping = max(4 * damping, FIRST_DAMPING) if size < 1 else damping / 4
    return damping if damping >= LEAST_DAMPING else 0.0
