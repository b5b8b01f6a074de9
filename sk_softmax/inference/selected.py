"""Standard errors of some features, where the covariance of all coefficients would be too large.

A column of ``H^-1`` is the solution of ``H x = c``, found by conjugate gradients (Hestenes and
Stiefel, 1952), preconditioned by the curvature that L-BFGS uses. Each product with ``H`` is one
pass over the rows, and no matrix of all coefficients is formed. All is in ``params``, in which
``H`` is singular along what is added to all classes; gradients and functions have none of it.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.inference.newton_steps import NO_OPTIMUM
from sk_softmax.inference.outcomes import Outcomes
from sk_softmax.inference.polish import (
    ENOUGH,
    MOST_STEPS,
    NOISE,
    SLOW,
    by_lbfgs,
    refuse_if_lower,
)
from sk_softmax.inference.sample import Sample
from sk_softmax.interfaces import Array, Curvature
from sk_softmax.objective import RegressionObjective, hessian_times

# The residual of a solution, in the norm of the preconditioner and relative to the right-hand
# side. Variances are then off by about its square.
RESIDUAL = 1e-8

# Variances that are inflated more than this are those of dependent columns, up to rounding.
MOST_INFLATION = 1e12

# Products with the Hessian that a solution may take.
MOST_PRODUCTS = 2000


class Selected(NamedTuple):
    """The optimum, and the covariance of some of its coefficients."""

    contrasts: Array
    """Shape ``(n_classes - 1, n_columns)``."""

    covariance: Array
    """Of the contrasts in the selected columns, class by class."""

    mean_loss: float
    """Mean cross-entropy without penalty, in nats a row."""

    decrement: float
    """``g'H^-1 g`` before the last step, in nats of the whole sample."""

    n_steps: int
    """Newton steps."""


class _Inverse:
    """``H^-1`` at one point, applied by conjugate gradients."""

    def __init__(self, objective: RegressionObjective, params: Array) -> None:
        self._objective = objective
        self._params = params
        self._nearly: Curvature = objective.curvature(params, exact=True)

    def times(self, right: Array, enough: float = 0.0) -> Array | None:
        """Return ``H^-1 right``, both shaped like params; None if there is no solution.

        ``enough`` is a squared norm of the residual below which it is rounding.
        """
        solution, residual = np.zeros_like(right), right.copy()
        scaled = self._solved(residual)
        direction, size = scaled, float(np.vdot(residual, scaled))
        enough = max(RESIDUAL**2 * size, enough)
        for _ in range(MOST_PRODUCTS):
            if size <= enough:
                return solution
            image = self._product(direction)
            curvature = float(np.vdot(direction, image))
            if curvature <= 0:
                return None
            step = size / curvature
            solution = solution + step * direction
            residual = residual - step * image
            scaled = self._solved(residual)
            before, size = size, float(np.vdot(residual, scaled))
            direction = scaled + size / before * direction
        return None

    def inflation(self, function: Array, solution: Array) -> float:
        """Return by how much a variance is larger than if all columns were uncorrelated."""
        alone = float((function**2 / self._nearly.diagonal).sum())
        return float(np.vdot(function, solution)) / alone

    def _solved(self, residual: Array) -> Array:
        """Return the preconditioned residual, without what is the same for all classes."""
        solved = self._nearly.solve(residual)
        return solved if len(solved) == 1 else solved - solved.mean(axis=0)

    def _product(self, direction: Array) -> Array:
        """Return ``H direction`` from one pass over the rows."""
        data = self._objective.data
        question = partial(hessian_times, params=self._params, direction=direction)
        (product,) = data.ask(question)
        return np.asarray(product / data.n_rows + self._objective.penalty.l2 * direction)


def selected(
    sample: Sample,
    outcomes: Outcomes,
    params: Array,
    columns: NDArray[np.intp],
    names: tuple[str, ...],
) -> Selected:
    """Return the optimum and the covariance of the coefficients of some columns.

    Parameters
    ----------
    sample : Sample
        The rows.
    outcomes : Outcomes
        What is reported.
    params : ndarray of shape (n_outputs, n_columns)
        Those of the fit.
    columns : ndarray of int, shape (n_selected,)
        Numbers of the columns.
    names : tuple of str
        Their names, for errors.

    Raises
    ------
    ValueError
        If the rows are not those of the fit, if there is no finite optimum, or if a coefficient is
        not determined.
    """
    params, inverse, decrement, n_steps = _polished(sample, params)
    n_others = len(outcomes.others)
    functions = []
    for number in range(n_others):
        for column in columns:
            unit = np.zeros((n_others, params.shape[1]))
            unit[number, column] = 1.0
            functions.append(outcomes.transposed(unit))
    covariance = np.empty((len(functions),) * 2)
    for number, function in enumerate(functions):
        solution = inverse.times(function)
        if solution is None or inverse.inflation(function, solution) > MOST_INFLATION:
            raise ValueError(
                f"The coefficients of {names[number % len(columns)]!r} are not determined: the "
                "column depends linearly on others, or nearly so."
            )
        covariance[number] = [float(np.vdot(other, solution)) for other in functions]
    covariance = (covariance + covariance.T) / (2 * sample.times_mean)
    objective = sample.objective
    loss = objective.evaluate(params).value - objective.penalty.smooth_value(params)
    return Selected(outcomes.contrasts(params), covariance, loss, decrement, n_steps)


def _polished(sample: Sample, params: Array) -> tuple[Array, _Inverse, float, int]:
    """Return the optimum, the inverse Hessian there, ``g'H^-1 g`` and Newton steps.

    Both params have shape ``(n_outputs, n_columns)``.
    """
    objective = sample.objective
    before = objective.evaluate(params).value
    params = by_lbfgs(sample, params)
    refuse_if_lower(sample, before, objective.evaluate(params).value)
    for step in range(1, MOST_STEPS + 1):
        inverse = _Inverse(objective, params)
        direction, decrement = _step(sample, inverse, params)
        params = params - direction
        if decrement <= ENOUGH:
            _, left = _step(sample, inverse, params)
            if decrement > NOISE and left > SLOW * decrement:
                break
            return params, inverse, decrement, step
    raise ValueError(NO_OPTIMUM)


def _step(sample: Sample, inverse: _Inverse, params: Array) -> tuple[Array, float]:
    """Return ``H^-1 g`` and ``g'H^-1 g`` in nats of the whole sample."""
    gradient = sample.objective.evaluate(params).gradient
    if len(gradient) > 1:
        gradient = gradient - gradient.mean(axis=0)
    # Where columns depend on others the rounding of a gradient has no solution.
    solution = inverse.times(gradient, enough=1e-5 * ENOUGH / sample.times_mean)
    if solution is None:
        raise ValueError(NO_OPTIMUM)
    return solution, sample.times_mean * float(np.vdot(gradient, solution))
