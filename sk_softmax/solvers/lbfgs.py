"""Limited-memory BFGS, started from the curvature of the data."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg.blas import daxpy

from sk_softmax.interfaces import (
    Array,
    Curvature,
    CurvatureAt,
    Draft,
    EvaluateAt,
    Evaluation,
    Problem,
    Progress,
    Search,
    Solution,
)
from sk_softmax.solvers.line_search import strong_wolfe_search
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.stopping import (
    extrapolated_decrease,
    reason_for_no_step,
    reason_to_stop,
)


@dataclass
class LBFGS(Options):
    """Step along a quasi-Newton direction built from the last few gradients.

    The two-loop recursion of Nocedal and Wright (Numerical Optimization, 2006, algorithm 7.4) with
    a strong Wolfe line search. What the recursion starts from decides how many iterations it
    takes: instead of a multiple of the identity it is the inverse of a curvature shared by the
    classes (a Gram matrix of the rows, weighted by how undecided each row is), which also makes
    the method indifferent to the units of the features.

    Parameters
    ----------
    history : int, default=10
        How many steps the recursion remembers.
    precondition : bool, default=True
        Start the recursion from the curvature of the data; otherwise from ``s'y / y'y`` times the
        identity.
    """

    history: int = 10
    precondition: bool = True

    is_stochastic: ClassVar[bool] = False
    default_max_iter: ClassVar[int] = 1000

    def check(self) -> None:
        """Check the options."""
        self._require_positive_integer("history")
        self._require_bool("precondition")

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        params, iteration = problem.start, 0
        level = Level(problem)
        here = yield EvaluateAt(params, level.draft)
        norm = float(np.linalg.norm(here.gradient))
        stopped = yield Progress(0, params, here.value, norm, 0.0)
        values = [here.value]
        pairs = Pairs(self.history)
        curvature: Curvature | None = None
        measured_at = -1
        last_size = np.inf

        while True:
            # 1. Measure the curvature where the method has got to, now and then.
            if self.precondition and _is_due(iteration, measured_at):
                curvature = yield CurvatureAt(params, level.for_curvature)
                measured_at = iteration

            # 2. Aim. Minus half the slope is the decrease that the quadratic model promises.
            start = curvature if self.precondition else None
            direction = -pairs.inverse_hessian_times(here.gradient, start)
            suboptimality = -0.5 * float(np.vdot(here.gradient, direction))

            # 3. Leave a draft that has given what it can.
            if level.is_done(iteration, here, suboptimality, problem.tol):
                level.leave(iteration)
                here = yield EvaluateAt(params, level.draft)
                if not level.rows_were_all:
                    values.clear()
                values.append(here.value)
                continue

            # 4. Believe no promise of being there that the pace of late contradicts, or that the
            #    curvature of this very point does not confirm, taken as low as any of the last
            #    steps found it: that of old points, or of no more than a few steps, misses
            #    directions.
            suboptimality = max(suboptimality, left_at_this_pace(values))
            if suboptimality <= problem.tol * abs(here.value):
                if curvature is None or 3 * measured_at < iteration:
                    curvature = yield CurvatureAt(params, level.for_curvature)
                    measured_at = iteration
                scale = pairs.largest_scale(params.shape, curvature)
                promise = 0.5 * float(np.vdot(here.gradient, curvature.solve(here.gradient)))
                suboptimality = max(suboptimality, scale * promise)
            status = reason_to_stop(problem, iteration, here.value, suboptimality, stopped)
            if status is not None:
                return Solution(params, here, status, iteration, suboptimality)

            # 5. Move; where nothing lowers the value, once more without the old pairs.
            step = yield from strong_wolfe_search(
                params,
                here,
                direction,
                min(pairs.first_size(direction, start), 2 * last_size),
                level.resolution,
                level.draft,
            )
            if step is None and level.draft is not None:
                level.is_exhausted = True
                continue
            if step is None and (len(pairs) > 0 or level.for_curvature is not None):
                pairs, measured_at, level.for_curvature = Pairs(self.history), -1, None
                continue
            if step is None:
                status = reason_for_no_step(problem, here.value, suboptimality)
                return Solution(params, here, status, iteration, suboptimality)

            # 6. Remember the step and the change of gradient along it.
            pairs.remember(step.params - params, step.evaluation.gradient - here.gradient)
            params, here, iteration = step.params, step.evaluation, iteration + 1
            last_size = step.size if iteration > 1 else np.inf
            values.append(here.value)
            norm = float(np.linalg.norm(here.gradient))
            stopped = yield Progress(iteration, params, here.value, norm, step.size)


class Level:
    """Which draft of the objective is asked, and how long."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._number = 0
        self._since = 0
        self.is_exhausted = False
        self.rows_were_all = True
        # The cheapest draft's curvature will do, whatever is evaluated.
        self.for_curvature = 0 if problem.drafts else None

    @property
    def _draft(self) -> Draft | None:
        drafts = self._problem.drafts
        return drafts[self._number] if self._number < len(drafts) else None

    @property
    def draft(self) -> int | None:
        """Number of the draft to ask, None for the objective itself."""
        return None if self._draft is None else self._number

    @property
    def resolution(self) -> float:
        """The relative change in value that rounding can hide."""
        return (self._draft or self._problem).resolution

    def is_done(self, iteration: int, here: Evaluation, suboptimality: float, tol: float) -> bool:
        """Whether a draft is in force and has nothing more to give."""
        if self._draft is None:
            return False
        close = suboptimality <= max(self._draft.trust, tol) * abs(here.value)
        long = iteration - self._since >= self._draft.max_iter
        return close or long or self.is_exhausted or not here.is_finite

    def leave(self, iteration: int) -> None:
        """Go on to the next draft or the objective itself."""
        self.rows_were_all = self._draft is None or self._draft.has_all_rows
        self._number, self._since, self.is_exhausted = self._number + 1, iteration, False


def _is_due(iteration: int, measured_at: int) -> bool:
    """Measure at iterations 0, 5, 15, 35, 75, ...: each twice as far from the last as before.

    Early on the rows' curvature changes fast, and one measurement costs as much as several
    evaluations.
    """
    return measured_at < 0 or iteration >= 2 * measured_at + 5


def left_at_this_pace(values: list[float]) -> float:
    """Return the decrease that the last iterations foretell, 0 if they foretell nothing.

    Three times as much, since the pace varies: on digits the plain figure was up to twice too low.
    """
    decrease = 3 * extrapolated_decrease(values)
    return decrease if np.isfinite(decrease) else 0.0


class Pairs:
    """The last steps ``s`` and changes of gradient ``y``: an inverse Hessian in a few vectors."""

    def __init__(self, history: int) -> None:
        # Flat, because BLAS adds a multiple of one vector to another in a single pass over them,
        # which makes the recursion twice as fast where it costs as much as an evaluation.
        self._pairs: deque[tuple[Array, Array, float]] = deque(maxlen=history)

    def __len__(self) -> int:
        return len(self._pairs)

    def remember(self, step: Array, change: Array) -> None:
        """Keep a pair, unless rounding has eaten the curvature along the step."""
        product = float(np.vdot(step, change))
        norms = float(np.linalg.norm(step) * np.linalg.norm(change))
        if product > np.finfo(np.float64).eps * norms:
            self._pairs.append((step.ravel(), change.ravel(), product))

    def inverse_hessian_times(self, gradient: Array, curvature: Curvature | None) -> Array:
        """Two-loop recursion, from the inverse of the curvature in the scale of the last step.

        That scale, ``s'y / y'M^-1 y``, mends a curvature measured where the rows were more or
        less undecided; without it L-BFGS took 27 passes instead of 17 on 20 newsgroups.
        """
        result = gradient.ravel().copy()
        along: list[float] = []
        for step, change, product in reversed(self._pairs):
            along.append(float(np.dot(step, result)) / product)
            result = daxpy(change, result, a=-along[-1])
        if curvature is not None:
            result = curvature.solve(result.reshape(gradient.shape)).ravel()
        if self._pairs:
            result *= self._scale(self._pairs[-1], gradient.shape, curvature)
        for (step, change, product), forth in zip(self._pairs, reversed(along), strict=True):
            result = daxpy(step, result, a=forth - float(np.dot(change, result)) / product)
        return result.reshape(gradient.shape)

    def largest_scale(self, shape: tuple[int, ...], curvature: Curvature) -> float:
        """Return the largest ``s'y / y'M^-1 y``: how far ``M`` exceeds the Hessian at the most."""
        return max((self._scale(pair, shape, curvature) for pair in self._pairs), default=1.0)

    @staticmethod
    def _scale(
        pair: tuple[Array, Array, float], shape: tuple[int, ...], curvature: Curvature | None
    ) -> float:
        """``s'y / y'M^-1 y``, with ``M`` the identity where there is no curvature."""
        _, change, product = pair
        solved = change
        if curvature is not None:
            solved = curvature.solve(change.reshape(shape)).ravel()
        return product / float(np.dot(change, solved))

    def first_size(self, direction: Array, curvature: Curvature | None) -> float:
        """Return the first step to try: 1 where the direction has a scale, else unit length."""
        if self._pairs or curvature is not None:
            return 1.0
        return 1.0 / float(np.linalg.norm(direction))
