"""Newton's method among contrasts of classes in the columns that are kept."""

from __future__ import annotations

import numpy as np

from sk_softmax.inference.factored import Factored, Singular
from sk_softmax.inference.sample import Sample
from sk_softmax.inference.second_moments import Coordinates, second_moment
from sk_softmax.interfaces import Array, Evaluation

# Above this ``g'H^-1 g`` a step is halved until it lowers the objective.
FAR = 0.1

NO_OPTIMUM = (
    "The log likelihood of these rows has no finite optimum, or none that this precision can tell "
    "from infinity: the classes are separated, at least in part, or a class hardly occurs. Fit "
    "with a finite C, or leave out the features that tell classes apart without a mistake."
)


class NewtonSteps:
    """Value, gradient and curvature of a sample's objective in contrasts.

    ``contrasts`` have shape ``(n_classes - 1, n_columns)``.
    """

    def __init__(self, sample: Sample, coordinates: Coordinates) -> None:
        self._sample = sample
        self._objective = sample.objective
        self._coordinates = coordinates

    def at(self, contrasts: Array) -> Evaluation:
        """Return the value, and the gradient in the parameters, shape ``(n_parameters,)``."""
        outcomes = self._coordinates.outcomes
        here = self._objective.evaluate(outcomes.params(contrasts))
        whole = here.gradient
        if len(whole) == 1:
            whole = np.vstack([-whole, whole])
        gradient = whole[outcomes.others][:, self._coordinates.kept]
        return Evaluation(here.value, gradient.ravel())

    def mean_loss(self, contrasts: Array, value: float) -> float:
        """Return the value of the objective less its penalty."""
        params = self._coordinates.outcomes.params(contrasts)
        return value - self._objective.penalty.smooth_value(params)

    def curvature(self, contrasts: Array) -> Factored:
        """Return the factor of the Hessian of the mean objective."""
        params = self._coordinates.outcomes.params(contrasts)
        matrix = second_moment(self._objective.data, params, self._coordinates, "information")
        add_penalty(matrix, self._objective.penalty.l2, self._coordinates)
        try:
            return Factored(matrix)
        except Singular as error:
            raise ValueError(NO_OPTIMUM) from error

    def step(self, curvature: Factored, gradient: Array) -> tuple[Array, float]:
        """Return Newton's step, shaped like contrasts, and ``g'H^-1 g`` of the whole sample."""
        solution = curvature.solve(gradient)
        outcomes, kept = self._coordinates.outcomes, self._coordinates.kept
        direction = np.zeros((len(outcomes.others), self._objective.shape[1]))
        direction[:, kept] = -solution.reshape(-1, len(kept))
        return direction, self._sample.times_mean * float(gradient @ solution)

    def shortened(
        self, contrasts: Array, direction: Array, decrement: float, value: float
    ) -> Array:
        """Return the step, halved until it lowers the objective where that is far away."""
        size = 1.0
        while decrement > FAR and size > 1e-6:
            if self.at(contrasts + size * direction).value < value:
                break
            size /= 2
        return size * direction


def add_penalty(matrix: Array, l2: Array, coordinates: Coordinates) -> None:
    """Add the Hessian of the L2 penalty in contrasts to a matrix, in place.

    With ``l2`` the curvature of each column, shape ``(n_columns,)``, it is ``(I - 11'/K) (x)
    diag(l2)`` for K > 2 classes, whose params add up to zero, and ``diag(l2)`` for two, whose
    params are the log odds.
    """
    n_classes, n_kept = len(coordinates.outcomes.classes), len(coordinates.kept)
    between = np.eye(n_classes - 1)
    if n_classes > 2:
        between -= 1 / n_classes
    blocks = matrix.reshape(n_classes - 1, n_kept, n_classes - 1, n_kept)
    column = np.arange(n_kept)
    for first, row in enumerate(between):
        blocks[first, column, :, column] += row * l2[coordinates.kept, None]
