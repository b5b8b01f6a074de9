"""What proximal methods share: where they are, which parameters move, and how far."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessian,
    Array,
    EvaluateAt,
    Evaluation,
    Penalty,
    Progress,
    Question,
    Solution,
    Status,
)
from sk_softmax.solvers.quadratic_model import QuadraticModel, minimum_of

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

    def shortest_subgradient(self, penalty: Penalty) -> Array:
        """Return the shortest subgradient, which is zero at the optimum alone."""
        return penalty.shortest_subgradient(self.params, self.smooth.gradient)

    def progress(self, penalty: Penalty, iteration: int, size: float) -> Progress:
        """Return the report of an iteration that ended here."""
        norm = float(np.linalg.norm(self.shortest_subgradient(penalty)))
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


def look(penalty: Penalty, params: Array) -> Generator[Question, Any, Place]:
    """Ask for the value and gradient at a point."""
    smooth: Evaluation = yield EvaluateAt(params)
    return Place(params, smooth, smooth.value + penalty.kink_value(params))


def active_at(
    penalty: Penalty, here: Place, most: float = np.inf
) -> tuple[NDArray[np.bool_], bool]:
    """Return which parameters to move, and whether those are all that want to.

    They are those where the penalty has a gradient, and those that want to leave a kink or a
    bound: of these at most ``most``, those that the gradient pulls hardest.

    Returns
    -------
    active : ndarray of bool, shape (n_outputs, n_columns)
        Which parameters.
    is_whole : bool
        Whether none that wants to move was left out.
    """
    is_in = penalty.is_differentiable(here.params)
    pull = penalty.magnitudes(here.shortest_subgradient(penalty))
    excess = np.where(is_in, 0.0, pull)
    wants_in = excess > 0
    most = max(most, int(is_in.sum()))
    is_whole = int(wants_in.sum()) <= most
    if not is_whole:
        threshold = np.partition(excess.ravel(), -int(most))[-int(most)]
        wants_in &= excess >= threshold
    return np.broadcast_to(is_in | wants_in, here.params.shape).copy(), is_whole


def aim_of(
    penalty: Penalty,
    here: Place,
    active: NDArray[np.bool_],
    hessian: ActiveHessian,
    accuracy: float = ACCURACY,
) -> Aim:
    """Return where the quadratic that fits the loss here, plus the penalty, is least."""
    gradient, start = here.smooth.gradient[active], here.params[active]
    model = QuadraticModel(hessian, gradient, start, penalty.among(active))
    minimum, promise = minimum_of(model, accuracy)
    target = here.params.copy()
    target[active] = minimum
    # A mean over the classes changes no loss. Rounding in float32 drove it to 1,228, which left
    # the logits no digits.
    target = penalty.balanced(target)
    return Aim(active, hessian, target, promise)


def backtrack(
    penalty: Penalty, here: Place, target: Array, noise: float
) -> Generator[Question, Evaluation, tuple[Place, float] | None]:
    """Halve the step until the value falls by a share of what the tangent promises.

    A promise that rounding would hide is taken on trust.

    Returns
    -------
    step : tuple of Place and float, or None
        Where it leads and its size; None if no step lowers the value.
    """
    direction = target - here.params
    change = penalty.kink_value(target) - penalty.kink_value(here.params)
    promised = float(np.vdot(here.smooth.gradient, direction)) + change
    slack = noise if -promised <= noise else 0.0
    size = 1.0
    for _ in range(MOST_HALVINGS):
        # Rounding may lead out of bounds, though both ends are within.
        there = yield from look(penalty, penalty.projected(here.params + size * direction))
        enough = there.value <= here.value + DECREASE * size * promised + slack
        if there.smooth.is_finite and enough:
            return there, size
        size /= 2
    return None
