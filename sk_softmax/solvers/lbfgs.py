"""Limited-memory BFGS, started from the curvature of the data."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.linalg.blas import daxpy

from sk_softmax.interfaces import (
    Array,
    Curvature,
    CurvatureAt,
    EvaluateAt,
    Evaluation,
    Memory,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.line_search import Step, strong_wolfe_search
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.stopping import (
    WINDOWS,
    extrapolated_decrease,
    reason_for_no_step,
    reason_to_stop,
)

# How much of the rows' mean curvature each of them is given beside its own. On raw MNIST pixels
# F - F* after 81 passes was less than a fifth of what it was after 120 without.
FIRST_DAMPING, LEAST_DAMPING, MOST_DAMPING = 0.5, 1e-3, 2.0

# Where a fit begins near its optimum the rows' curvature hardly changes any more. The fits of a
# cross-validation on digits, each warm-started, took 598 iterations together with 0.5, 393 so.
WARM_DAMPING = 0.02
MOSTLY = 0.9


@dataclass
class LBFGS(Options):
    """Step along a quasi-Newton direction built from the last few gradients.

    The two-loop recursion of Nocedal and Wright (Numerical Optimization, 2006, algorithm 7.4) with
    a strong Wolfe line search. What the recursion starts from decides how many iterations it
    takes: instead of a multiple of the identity it is the inverse of the curvature of the data (a
    Gram matrix of the rows a class, or one for all, weighted by how undecided each row is), which
    also makes the method indifferent to the units of the features.

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
    asks_curvature: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 10_000

    def check(self) -> None:
        """Check the options."""
        self._require_positive_integer("history")
        self._require_bool("precondition")

    def begins_cheaply(self, problem: Problem) -> bool:
        """Whether to begin on cheaper objectives: always."""
        return True

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        params, iteration = problem.start, 0
        here = yield EvaluateAt(params)
        known = _Knowledge.of(problem, self.history)
        values = known.values_before(problem, here.value)
        norm = float(np.linalg.norm(here.gradient))
        stopped = yield Progress(0, params, here.value, norm, 0.0)

        status = None if here.is_finite else Status.PRECISION_LIMIT
        suboptimality = np.nan
        while status is None:
            # 1. Measure the curvature where the method has got to, now and then.
            if self.precondition and is_due(known.clock, known.measured_at):
                known.adapt_damping()
                yield from known.measure(params)

            # 2. Aim. Minus half the slope is the decrease that the quadratic model promises; it is
            #    not believed where the pace of late contradicts it.
            start = known.curvature if self.precondition else None
            direction = -known.pairs.inverse_hessian_times(here.gradient, start)
            suboptimality = -0.5 * float(np.vdot(here.gradient, direction))
            suboptimality = max(suboptimality, left_at_this_pace(values))

            # 3. Nor is a promise of being there believed that is contradicted by a curvature
            #    measured not long ago, taken as low as any of the last steps found it: the
            #    recursion, from no more than a few steps, misses directions.
            if suboptimality <= problem.tol * abs(here.value) and not problem.is_rough:
                curvature = yield from known.recent_curvature(params)
                suboptimality = max(suboptimality, known.pairs.promise(here.gradient, curvature))
            status = reason_to_stop(problem, iteration, here.value, suboptimality, stopped)
            if status is not None:
                continue

            # 4. Move. Where nothing lowers the value, try once more with neither old pairs nor a
            #    curvature that was measured cheaply.
            size = known.first_size(direction, start)
            step = yield from strong_wolfe_search(
                params, here, direction, size, problem.resolution
            )
            if step is None and known.can_begin_anew():
                known.begin_anew()
                continue
            if step is None:
                status = reason_for_no_step(problem, here.value, suboptimality)
                continue

            # 5. Remember the step and the change of gradient along it.
            known.remember(step, params, here)
            params, here, iteration = step.params, step.evaluation, iteration + 1
            values.append(here.value)
            norm = float(np.linalg.norm(here.gradient))
            stopped = yield Progress(iteration, params, here.value, norm, step.size)
        memory = known.memory(values)
        return Solution(params, here, status, iteration, suboptimality, memory=memory)


class _Knowledge:
    """What the method knows of the objective: its last steps, and curvature measured earlier.

    It is handed on from stage to stage of a fit, so that iterations are counted on one clock.
    """

    def __init__(self, history: int, damping: float) -> None:
        self.pairs = Pairs(history)
        self.curvature: Curvature | None = None
        self.damping = damping
        self.sizes: list[float] = []
        self.clock = 0
        self.measured_at = -1
        self.exact = False

    @classmethod
    def of(cls, problem: Problem, history: int) -> _Knowledge:
        """Return what the stage before left, or a new beginning."""
        if problem.memory is not None:
            known: _Knowledge = problem.memory.state
            known.exact = False
            return known
        return cls(history, WARM_DAMPING if problem.start.any() else FIRST_DAMPING)

    @staticmethod
    def values_before(problem: Problem, value: float) -> list[float]:
        """Return the values so far, the last of them where this stage begins."""
        return [*(problem.memory.values if problem.memory is not None else ()), value]

    def memory(self, values: list[float]) -> Memory:
        """Return what the next stage may begin with."""
        return Memory(self, values, self.clock)

    def adapt_damping(self) -> None:
        """Trust the curvature as much as the steps since the last measurement suggest."""
        self.damping, self.sizes = adapted(self.damping, self.sizes), []

    def measure(self, params: Array) -> Generator[Question, Curvature, Curvature]:
        """Measure the curvature here."""
        self.curvature = yield CurvatureAt(params, self.damping, exact=self.exact)
        self.measured_at = self.clock
        return self.curvature

    def recent_curvature(self, params: Array) -> Generator[Question, Curvature, Curvature]:
        """Return the last curvature, measured anew if that was long ago."""
        if self.curvature is None or 3 * self.measured_at < self.clock:
            return (yield from self.measure(params))
        return self.curvature

    def first_size(self, direction: Array, curvature: Curvature | None) -> float:
        """Return the first step to try: at most twice the last."""
        size = self.pairs.first_size(direction, curvature)
        return min(size, 2 * self.sizes[-1] if self.sizes else np.inf)

    def can_begin_anew(self) -> bool:
        """Whether there is anything to forget that may have led astray."""
        return len(self.pairs) > 0 or not self.exact

    def begin_anew(self) -> None:
        """Forget all steps, and have curvature measured exactly from now on."""
        self.pairs, self.measured_at, self.exact = self.pairs.emptied(), -1, True

    def remember(self, step: Step, params: Array, here: Evaluation) -> None:
        """Keep a step and the change of gradient along it.

        The size of a step from no pairs, whose direction has no scale, says nothing of the next.
        """
        if len(self.pairs) > 0:
            self.sizes.append(step.size)
        self.pairs.remember(step.params - params, step.evaluation.gradient - here.gradient)
        self.clock += 1


def is_due(iteration: int, measured_at: int) -> bool:
    """Measure at iterations 0, 5, 15, 35, 75, ...: each twice as far from the last as before.

    Early on the rows' curvature changes fast, and one measurement costs as much as several
    evaluations.
    """
    return measured_at < 0 or iteration >= 2 * measured_at + 5


def adapted(damping: float, sizes: list[float]) -> float:
    """Trust the curvature more where it gave full steps, and less where they had to be cut.

    As Levenberg (1944) and Marquardt (1963) damp a Gauss-Newton matrix. Iterations to 1e-6 with
    and without: 30 and 53 on MNIST / 255, 23 and 41 on cover types.
    """
    if not sizes:
        return damping
    share_of_full = float(np.mean(np.array(sizes) == 1))
    damping *= 0.25 if share_of_full > MOSTLY else 4.0
    return float(np.clip(damping, LEAST_DAMPING, MOST_DAMPING))


def left_at_this_pace(values: list[float]) -> float:
    """Return the decrease that the last iterations foretell, 0 if they are too few.

    Three times as much, since the pace varies: on digits the plain figure was up to twice too low.
    """
    if len(values) <= 2 * WINDOWS[0]:
        return 0.0
    decrease = extrapolated_decrease(values)
    if not np.isfinite(decrease):
        # The pace does not slacken, so at least as much is to come again.
        decrease = values[-1 - WINDOWS[0]] - values[-1]
    return 3 * decrease


class Pairs:
    """The last steps ``s`` and changes of gradient ``y``: an inverse Hessian in a few vectors."""

    def __init__(self, history: int) -> None:
        # Flat, because BLAS adds a multiple of one vector to another in a single pass over them,
        # which makes the recursion twice as fast where it costs as much as an evaluation.
        self._pairs: deque[tuple[Array, Array, float]] = deque(maxlen=history)

    def __len__(self) -> int:
        return len(self._pairs)

    def emptied(self) -> Pairs:
        """Return as many places for pairs, and no pairs."""
        return Pairs(self._pairs.maxlen or 0)

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

    def promise(self, gradient: Array, curvature: Curvature) -> float:
        """Return the decrease that a curvature promises, as low as any of the steps found it.

        ``s'y / y'M^-1 y`` is how far ``M`` exceeds the Hessian along a step.
        """
        scale = max((self._scale(p, gradient.shape, curvature) for p in self._pairs), default=1.0)
        return 0.5 * scale * float(np.vdot(gradient, curvature.solve(gradient)))

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
