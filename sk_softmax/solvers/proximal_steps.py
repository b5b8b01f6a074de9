"""What proximal methods share: where they are, which parameters move, and how far."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    L1,
    ActiveHessian,
    Array,
    EvaluateAt,
    Evaluation,
    Problem,
    Progress,
    Question,
    Solution,
    Status,
)
from sk_softmax.solvers.sparse_quadratic import SparseQuadratic, minimum_of

# How much shorter than the first the proximal steps within a model are to become.
ACCURACY = 0.05

# Sufficient decrease and how often to halve a step (Lee, Sun and Saunders, 2014, eq. 2.20).
DECREASE = 1e-4
MOST_HALVINGS = 40


@dataclass(frozen=True)
class Place:
    """A point, what the objective answered there, and its value with all of the penalty."""

    params: Array
    smooth: Evaluation
    value: float

    def progress(self, l1: L1, iteration: int, size: float) -> Progress:
        """Return the report of an iteration that ended here."""
        norm = float(np.linalg.norm(shortest_subgradient(l1, self)))
        return Progress(iteration, self.params, self.value, norm, size)

    def solution(self, status: Status, n_iter: int, suboptimality: float) -> Solution:
        """Return the end of a search."""
        evaluation = Evaluation(self.value, self.smooth.gradient)
        return Solution(self.params, evaluation, status, n_iter, suboptimality)


class Aim(NamedTuple):
    """Where the model is least, and what it was made of."""

    active: NDArray[np.bool_]
    hessian: ActiveHessian
    target: Array
    promise: float
    """The decrease in value down to there."""


def kink_of(problem: Problem) -> L1:
    """Return the penalty's part with a kink, of no weight where there is none."""
    return problem.l1 or L1(np.zeros(problem.start.shape[1]), grouped=False)


def look(l1: L1, params: Array) -> Generator[Question, Any, Place]:
    """Ask for the value and gradient at a point."""
    smooth: Evaluation = yield EvaluateAt(params)
    return Place(params, smooth, smooth.value + l1.value(params))


def active_at(l1: L1, here: Place, most: float = np.inf) -> tuple[NDArray[np.bool_], bool]:
    """Return which parameters to move, and whether those are all that want to.

    They are those that are not zero, or not penalised, and those that the gradient would move
    from zero: of these at most ``most``, those it pulls at most.
    """
    norms = l1.norms(here.params)
    is_in = (norms > 0) | (l1.weights == 0)
    excess = np.where(is_in, 0.0, l1.norms(here.smooth.gradient) - l1.weights)
    wants_in = excess > 0
    most = max(most, int(is_in.sum()))
    is_whole = int(wants_in.sum()) <= most
    if not is_whole:
        threshold = np.partition(excess.ravel(), -int(most))[-int(most)]
        wants_in &= excess >= threshold
    return np.broadcast_to(is_in | wants_in, here.params.shape).copy(), is_whole


def aim_of(l1: L1, here: Place, active: NDArray[np.bool_], hessian: ActiveHessian) -> Aim:
    """Return where the quadratic that fits the loss here, plus the penalty, is least."""
    if l1.grouped:
        weights = l1.weights[active.any(axis=0)]
    else:
        weights = np.broadcast_to(l1.weights, active.shape)[active]
    gradient, start = here.smooth.gradient[active], here.params[active]
    model = SparseQuadratic(hessian, gradient, start, weights, l1.grouped)
    minimum, promise = minimum_of(model, ACCURACY)
    target = here.params.copy()
    target[active] = minimum
    return Aim(active, hessian, target, promise)


def backtrack(
    l1: L1, here: Place, target: Array, noise: float
) -> Generator[Question, Evaluation, tuple[Place, float] | None]:
    """Halve the step until the value falls by a share of what the tangent promises.

    A promise that rounding would hide is taken on trust.

    Returns
    -------
    step : tuple of Place and float, or None
        Where it leads and its size; None if no step lowers the value.
    """
    direction = target - here.params
    change = l1.value(target) - l1.value(here.params)
    promised = float(np.vdot(here.smooth.gradient, direction)) + change
    slack = noise if -promised <= noise else 0.0
    size = 1.0
    for _ in range(MOST_HALVINGS):
        there = yield from look(l1, here.params + size * direction)
        enough = there.value <= here.value + DECREASE * size * promised + slack
        if there.smooth.is_finite and enough:
            return there, size
        size /= 2
    return None


def shortest_subgradient(l1: L1, here: Place) -> Array:
    """Return the shortest subgradient, which is zero at the optimum alone."""
    norms, size = l1.norms(here.params), l1.norms(here.smooth.gradient)
    slope = np.divide(l1.weights, norms, out=np.zeros_like(norms), where=norms > 0)
    beyond = np.maximum(size - l1.weights, 0)
    share = np.divide(beyond, size, out=np.zeros_like(size), where=size > 0)
    at_zero = share * here.smooth.gradient
    return np.where(norms > 0, here.smooth.gradient + slope * here.params, at_zero)
