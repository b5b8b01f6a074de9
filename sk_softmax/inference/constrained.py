"""The penalised likelihood of bias reduction, least where one linear function is held fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.objective.jeffreys import JeffreysObjective

# Scoring has arrived where a step promises at most ENOUGH, in nats of the whole sample: parameters
# are then right to 1e-8 standard errors. Below CLOSE, rounding decides whether the loss falls by a
# step: steps are taken whole, as long as they promise less and less.
ENOUGH, CLOSE = 1e-17, 1e-9

# Scoring converges linearly, slowest for separated classes: iris takes 38 steps.
MOST_STEPS, MOST_HALVINGS = 500, 40


@dataclass(frozen=True, eq=False)
class Constrained:
    """Where the penalised loss is least, with one linear function of the parameters fixed."""

    parameters: Array
    """The determined ones, shape ``(n_parameters,)``."""

    loss: float
    """Minus the logarithm of the penalised likelihood, in nats of the whole sample."""

    slope: float
    """Its derivative as the fixed function changes; 0 if none is fixed."""

    covariance: Array
    """``I^-1`` there, shape ``(n_parameters, n_parameters)``."""


class PenalisedLikelihood:
    """The penalised loss as a function of the determined parameters.

    The penalty keeps the information of all parameters, also of those that are fixed: only so are
    profile intervals those of ``logistf`` (Heinze and Schemper, 2002, Statistics in Medicine 21).

    Parameters
    ----------
    objective : JeffreysObjective
        The loss with Jeffreys' penalty.
    """

    def __init__(self, objective: JeffreysObjective) -> None:
        self.objective = objective
        self._weight = objective.total_weight

    def params(self, parameters: Array) -> Array:
        """Return params of shape ``(n_outputs, n_columns)``."""
        params = np.zeros(self.objective.data.shape)
        params[self.objective.determined] = parameters
        return params

    def value(self, parameters: Array) -> float:
        """Return the loss in nats of the whole sample, less a constant."""
        return self._weight * self.objective.evaluate(self.params(parameters)).value

    def least(self, start: Array, fixed: Array | None = None) -> Constrained | None:
        """Return where the loss is least among parameters with the same ``fixed @ parameters``.

        By steps of scoring in the metric of the information, each halved until the loss falls.
        None if the information is singular at the start.

        Parameters
        ----------
        start : ndarray of shape (n_parameters,)
            Where to begin.
        fixed : ndarray of shape (n_parameters,), optional
            A linear function.
        """
        here, before = start, np.inf
        for _ in range(MOST_STEPS):
            params = self.params(here)
            evaluation = self.objective.evaluate(params)
            if not evaluation.is_finite:
                return None
            covariance = self.objective.covariance(params)
            gradient = self._weight * evaluation.gradient[self.objective.determined]
            step, slope = _step(covariance, gradient, fixed)
            value, promise = self._weight * evaluation.value, -float(gradient @ step)
            ahead = self._lower(here, step, value, promise) if promise > CLOSE else here + step
            if ahead is None or promise <= ENOUGH or CLOSE >= promise >= before:
                return Constrained(here, value, slope, covariance)
            here, before = ahead, promise
        raise ArithmeticError(
            f"The penalised likelihood was not at its maximum after {MOST_STEPS} steps."
        )

    def _lower(self, here: Array, step: Array, value: float, promise: float) -> Array | None:
        """Return a point along a step where the loss is lower; None if rounding hides any."""
        size = 1.0
        for _ in range(MOST_HALVINGS):
            ahead = here + size * step
            there = self.value(ahead)
            if there <= value - 1e-4 * size * promise:
                return ahead
            size /= 2
            if size * promise <= np.finfo(np.float64).eps * max(abs(value), 1.0):
                break
        return None


def _step(covariance: Array, gradient: Array, fixed: Array | None) -> tuple[Array, float]:
    """Return the step of scoring that keeps a function fixed, and the slope along it."""
    image = covariance @ gradient
    if fixed is None:
        return -image, 0.0
    along = covariance @ fixed
    slope = float(fixed @ image) / float(fixed @ along)
    return slope * along - image, slope
