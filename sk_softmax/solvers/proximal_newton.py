"""Newton's method for penalties with a kink at zero."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    L1,
    ActiveHessian,
    ActiveHessianAt,
    Array,
    EvaluateAt,
    Evaluation,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
    Status,
)
from sk_softmax.solvers.options import Options
from sk_softmax.solvers.sparse_quadratic import SparseQuadratic, minimum_of
from sk_softmax.solvers.stopping import reason_for_no_step, reason_to_stop

# Far from the optimum most of what the gradient asks for would leave again: so many parameters
# may enter at first, later as many as there are.
FIRST_ENTRY = 600

ACCURACY = 0.05

# A Hessian is used again within this relative distance of the optimum, while each step leaves at
# most this share of what the one before promised.
CLOSE = 0.01
MOST_LEFT = 0.1

# Where classes are all but decided there is next to no curvature, and steps would have no bound.
# A step that has to be shortened asks for more of it, a full step for less.
FIRST_DAMPING, LEAST_DAMPING = 0.1, 0.01

# Sufficient decrease and how often to halve a step (Lee, Sun and Saunders, 2014, eq. 2.20).
DECREASE = 1e-4
MOST_HALVINGS = 40


@dataclass
class ProximalNewton(Options):
    """Step to the minimum of the quadratic that fits the loss here, plus the penalty.

    The quadratic is about the *active* parameters alone: those that are not zero and those that
    the gradient would move from zero (Lee, Sun and Saunders, 2014, SIAM Journal on Optimization
    24; active sets as in Hsieh et al., 2014, Journal of Machine Learning Research 15). The others
    stay exactly zero and cost nothing but their part of the gradient.
    """

    is_stochastic: ClassVar[bool] = False
    begins_on_drafts: ClassVar[bool] = True
    takes_l1: ClassVar[bool] = True
    default_max_iter: ClassVar[int] = 1000

    def minimize(self, problem: Problem) -> Search:
        """Yield questions and return the solution."""
        l1 = problem.l1 or L1(np.zeros(problem.start.shape[1]), grouped=False)
        narrow = next((i for i, d in enumerate(problem.drafts) if d.has_all_rows), None)
        damping, last = 0.0, None
        params, iteration = problem.start, 0
        here = yield EvaluateAt(params)
        value = here.value + l1.value(params)
        norm = _subgradient_norm(l1, params, here.gradient)
        stopped = yield Progress(0, params, value, norm, 0.0)

        while True:
            # 1. Which parameters to move; if none wants to, this is the optimum.
            active, is_whole = _active(l1, params, here.gradient)
            if not active.any():
                final = Evaluation(value, here.gradient)
                return Solution(params, final, Status.CONVERGED, iteration, 0.0)

            # 2. Aim: the model's minimum, and the decrease it promises. Close to the optimum the
            #    last Hessian will do, as long as what it promises shrinks fast.
            aim = None
            if last is not None and last.serves(active, value):
                aim = _aim(l1, params, here, last.active, last.hessian)
                aim = aim if aim.promise <= MOST_LEFT * last.promise else None
            if aim is None:
                hessian = yield ActiveHessianAt(params, active, narrow, damping)
                aim = _aim(l1, params, here, active, hessian)
            if damping and aim.promise <= problem.tol * abs(value):
                damping = 0.0  # which promises too little, and is not needed here
                continue
            target, promise = aim.target, aim.promise
            last = None if damping else aim

            # 3. Stop if there is a reason to; the last step is at hand, and squares the error.
            suboptimality = promise if is_whole and not damping else np.inf
            status = reason_to_stop(problem, iteration, value, suboptimality, stopped)
            noise = problem.resolution * max(abs(value), 1.0)
            if status is Status.CONVERGED and iteration < problem.max_iter:
                there = yield EvaluateAt(target)
                total = there.value + l1.value(target)
                if total <= value + noise:
                    params, here, value, iteration = target, there, total, iteration + 1
                    norm = _subgradient_norm(l1, params, here.gradient)
                    yield Progress(iteration, params, value, norm, 1.0)
            if status is not None:
                final = Evaluation(value, here.gradient)
                return Solution(params, final, status, iteration, suboptimality)

            # 4. Move: the full step wherever it lowers the value enough.
            step = yield from _backtrack(l1, params, here, value, target - params, noise)
            if step is None:
                status = reason_for_no_step(problem, value, suboptimality)
                final = Evaluation(value, here.gradient)
                return Solution(params, final, status, iteration, suboptimality)
            params, here, value, size = step
            iteration += 1
            damping = max(4 * damping, FIRST_DAMPING) if size < 1 else damping / 4
            damping = damping if damping >= LEAST_DAMPING else 0.0
            norm = _subgradient_norm(l1, params, here.gradient)
            stopped = yield Progress(iteration, params, value, norm, size)


def _active(l1: L1, params: Array, gradient: Array) -> tuple[NDArray[np.bool_], bool]:
    """Return which parameters to move, and whether those are all that want to."""
    is_free = np.broadcast_to(l1.weights == 0, l1.norms(params).shape)
    is_in = (l1.norms(params) > 0) | is_free
    excess = np.where(is_in, 0.0, l1.norms(gradient) - l1.weights)
    wants_in = excess > 0
    most = max(FIRST_ENTRY, int(is_in.sum()))
    is_whole = int(wants_in.sum()) <= most
    if not is_whole:
        threshold = np.partition(excess.ravel(), -most)[-most]
        wants_in &= excess >= threshold
    return np.broadcast_to(is_in | wants_in, params.shape).copy(), is_whole


class _Aim(NamedTuple):
    """Where a model is least, and what it was made of."""

    active: NDArray[np.bool_]
    hessian: ActiveHessian
    target: Array
    promise: float
    """The decrease in value down to there."""

    def serves(self, active: NDArray[np.bool_], value: float) -> bool:
        """Whether the Hessian knows these parameters, and hardly changes any more."""
        return self.promise <= CLOSE * abs(value) and not (active & ~self.active).any()


def _aim(
    l1: L1,
    params: Array,
    here: Evaluation,
    active: NDArray[np.bool_],
    hessian: ActiveHessian,
) -> _Aim:
    """Return where the quadratic plus the penalty is least."""
    if l1.grouped:
        weights = l1.weights[active.any(axis=0)]
    else:
        weights = np.broadcast_to(l1.weights, active.shape)[active]
    model = SparseQuadratic(hessian, here.gradient[active], params[active], weights, l1.grouped)
    minimum, promise = minimum_of(model, ACCURACY)
    target = params.copy()
    target[active] = minimum
    return _Aim(active, hessian, target, promise)


def _subgradient_norm(l1: L1, params: Array, gradient: Array) -> float:
    """Length of the shortest subgradient, which is zero at the optimum alone."""
    norms = l1.norms(params)
    share = np.divide(l1.weights, norms, out=np.zeros_like(norms), where=norms > 0)
    size = l1.norms(gradient)
    kept = np.divide(
        np.maximum(size - l1.weights, 0), size, out=np.zeros_like(size), where=size > 0
    )
    shortest = np.where(norms > 0, gradient + share * params, kept * gradient)
    return float(np.linalg.norm(shortest))


def _backtrack(
    l1: L1, params: Array, here: Evaluation, value: float, direction: Array, noise: float
) -> Generator[Question, Evaluation, tuple[Array, Evaluation, float, float] | None]:
    """Halve the step until the value falls by a share of what the tangent promises.

    A promise that rounding would hide is taken on trust.
    """
    size = 1.0
    full = l1.value(params + direction) - l1.value(params)
    promised = float(np.vdot(here.gradient, direction)) + full
    slack = noise if -promised <= noise else 0.0
    for _ in range(MOST_HALVINGS):
        trial = params + size * direction
        there = yield EvaluateAt(trial)
        total = there.value + l1.value(trial)
        if there.is_finite and total <= value + DECREASE * size * promised + slack:
            return trial, there, total, size
        size /= 2
    return None
