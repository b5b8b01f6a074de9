"""What proximal methods share: the current point, the parameters to move, and the step."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessian,
    Array,
    Claim,
    EvaluateAt,
    Evaluation,
    Memory,
    Penalty,
    Problem,
    Progress,
    Question,
    Solution,
    Status,
)
from sk_softmax.solvers.active_model import QuadraticModel
from sk_softmax.solvers.quadratic_model import minimum_of
from sk_softmax.solvers.stopping import reason_for_no_step

# The minimum of a model counts as found when a proximal step there is at most this many times as
# long as the first one.
ACCURACY = 0.05

# DECREASE is the share of the promised decrease that a step must reach (Lee, Sun and Saunders,
# 2014, eq. 2.20). MOST_HALVINGS is how many step sizes are tried, each half the last.
DECREASE = 1e-4
MOST_HALVINGS = 40


@dataclass(frozen=True)
class Place:
    """A point, the answer of the objective there, and the value with all of the penalty."""

    params: Array
    """Shape ``(n_outputs, n_columns)``."""

    smooth: Evaluation
    """Value and gradient of the loss and the smooth part of the penalty."""

    value: float
    """In nats a row, with all of the penalty."""

    def shortest_subgradient(self, penalty: Penalty) -> Array:
        """Return the shortest subgradient, shape ``(n_outputs, n_columns)``.

        It is zero at the optimum alone.
        """
        return penalty.shortest_subgradient(self.params, self.smooth.gradient)

    def progress(self, penalty: Penalty, iteration: int, size: float) -> Progress:
        """Return the report of an iteration that ended here."""
        norm = float(np.linalg.norm(self.shortest_subgradient(penalty)))
        return Progress(iteration, self.params, self.value, norm, size)

    def solution(self, status: Status, n_iter: int, suboptimality: float) -> Solution:
        """Return the solution of a search that ended here."""
        evaluation = Evaluation(self.value, self.smooth.gradient)
        return Solution(self.params, evaluation, status, n_iter, suboptimality)


class Aim(NamedTuple):
    """The minimum of a model, and what the model was made of."""

    active: NDArray[np.bool_]
    """The parameters of the model, shape ``(n_outputs, n_columns)``."""

    hessian: ActiveHessian
    """The Hessian of the model, measured here or in an earlier iteration."""

    target: Array
    """Where the model is least, shape ``(n_outputs, n_columns)``."""

    promise: float
    """The decrease of the model to there, in nats a row."""


@dataclass(frozen=True)
class Standing:
    """Where a search stands: at the start, after a first step, or where another method ended."""

    here: Place

    iteration: int
    """How many steps led there."""

    stopped: bool
    """Whether an observer asked to stop."""

    left: float = np.inf
    """The duality gap there in nats a row; infinity if it is not known or more than allowed."""

    last: Aim | None = None
    """The aim of the step that led there, if it was a full step with a Hessian still of use."""

    memory: Memory | None = None
    """What is kept for the next penalty."""


def begin(problem: Problem) -> Generator[Question | Progress, Any, Standing]:
    """Look at the start, and report it."""
    here = yield from look(problem.penalty, problem.start)
    stopped = yield here.progress(problem.penalty, 0, 0.0)
    return Standing(here, 0, stopped)


def look(penalty: Penalty, params: Array) -> Generator[Question, Any, Place]:
    """Ask for value and gradient at params of shape ``(n_outputs, n_columns)``."""
    smooth: Evaluation = yield EvaluateAt(params)
    return Place(params, smooth, smooth.value + penalty.kink_value(params))


def active_at(
    penalty: Penalty, here: Place, most: float = np.inf
) -> tuple[NDArray[np.bool_], bool]:
    """Return which parameters to move, and whether these are all that would move.

    They are the parameters at which the penalty has a gradient, and those that the gradient moves
    from a kink or a bound. Of the second kind at most ``most`` are returned, or as many as there
    are of the first kind if that is more: those that the gradient pulls hardest. Both are counted
    in terms of the penalty.

    Returns
    -------
    active : ndarray of bool, shape (n_outputs, n_columns)
        Which parameters.
    is_whole : bool
        Whether no parameter that would move was left out.
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
    """Return the minimum of the quadratic that fits the loss here, plus the penalty.

    Parameters
    ----------
    penalty : Penalty
        All of the penalty.
    here : Place
        Where the model is made.
    active : ndarray of bool, shape (n_outputs, n_columns)
        Which parameters it is about.
    hessian : ActiveHessian
        Of the smooth part of the objective, among these parameters.
    accuracy : float, default=ACCURACY
        How long the last proximal step within the model may be, relative to the first.
    """
    # Where the penalty allows any shift of all classes, the mean over the classes is rounding.
    # There is no curvature along it, so in float32 a model promised 2e-4 nats at the optimum.
    gradient = penalty.balanced(here.smooth.gradient)[active]
    start = here.params[active]
    model = QuadraticModel(hessian, gradient, start, penalty.among(active))
    minimum, promise = minimum_of(model, accuracy)
    target = here.params.copy()
    target[active] = minimum
    # The mean over the classes is subtracted, which changes no loss. Without this, rounding in
    # float32 moved it to 1,228, and the logits had no correct digits left. In columns with an L1
    # penalty the minimum of the model has the cheapest shift already: taking it from the target
    # as well saved no iteration in 20 fits.
    target = penalty.balanced(target)
    return Aim(active, hessian, target, promise)


def backtrack(
    penalty: Penalty, here: Place, target: Array, noise: float
) -> Generator[Question, Evaluation, tuple[Place, float] | None]:
    """Halve the step until the value falls by a share of the decrease that the tangent promises.

    If rounding could hide the promised decrease, the value may also rise by what rounding can
    hide.

    Parameters
    ----------
    penalty : Penalty
        All of the penalty.
    here : Place
        Where the step starts.
    target : ndarray of shape (n_outputs, n_columns)
        Where the full step ends.
    noise : float
        The change in value that rounding can hide, in nats a row.

    Returns
    -------
    step : tuple of Place and float, or None
        Where the step ends, and its size; None if no step lowers the value.
    """
    direction = target - here.params
    change = penalty.kink_value(target) - penalty.kink_value(here.params)
    promised = float(np.vdot(here.smooth.gradient, direction)) + change
    slack = noise if -promised <= noise else 0.0
    size = 1.0
    for _ in range(MOST_HALVINGS):
        # Rounding may lead out of bounds although both ends are within them.
        there = yield from look(penalty, penalty.projected(here.params + size * direction))
        enough = there.value <= here.value + DECREASE * size * promised + slack
        if there.smooth.is_finite and enough:
            return there, size
        size /= 2
    return None


def without_step(
    problem: Problem, here: Place, iteration: int, left: float
) -> Generator[Question | Claim, Any, Solution]:
    """Return the solution of a search in which no step lowers the value.

    ``left`` is the last estimate of ``F - F*`` in nats a row.
    """
    status, left = yield from reason_for_no_step(problem, here.params, here.value, left)
    return here.solution(status, iteration, left)
