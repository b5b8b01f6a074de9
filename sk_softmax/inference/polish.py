"""From fitted coefficients to those of the optimum, as exactly as standard errors ask for.

``tol`` is relative to the loss a row, so that its distance in standard errors grows with the rows:
a fit to a million rows ended 0.07 standard errors from the optimum. Newton steps go on until
``g'H^-1 g``, in nats of the whole sample, is at most :data:`ENOUGH`: the squared distance to the
optimum in standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sk_softmax.fitting.driver import minimize
from sk_softmax.fitting.problems import problem_of
from sk_softmax.inference.dependent_columns import Dependence
from sk_softmax.inference.factored import Factored
from sk_softmax.inference.newton_steps import NO_OPTIMUM, NewtonSteps
from sk_softmax.inference.refusals import refuse_other_gradient
from sk_softmax.inference.sample import Sample
from sk_softmax.inference.second_moments import Coordinates
from sk_softmax.interfaces import Array
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.rows import single_threaded_blas
from sk_softmax.solvers import LBFGS

ENOUGH = 1e-10

# Newton's method converges quadratically, so that a few steps suffice; without a finite optimum
# each step divides ``g'H^-1 g`` by e, and never more.
MOST_STEPS = 12

# If the last step leaves more than this share of a ``g'H^-1 g`` that is not rounding, convergence
# is linear: with the same Hessian a step towards infinity leaves e^-2.
SLOW, NOISE = 0.01, 1e-16

# Where ``g'H^-1 g`` is below NOISE on the way to infinity, a coefficient has less curvature than
# this share of its column's mean square, which means: all rows are certain of their class.
FLAT = 1e-13

# Multiplications of a Hessian, about, from which L-BFGS goes first, and its most iterations: a
# Hessian then takes as long as many of its evaluations.
CHEAP, MOST_OF_LBFGS = 3e6, 200

# What L-BFGS is to leave of ``g'H^-1 g``, so that the first Hessian is that of the optimum: a step
# of 1e-5 standard errors may change standard errors by some millionths.
OF_LBFGS = 1e-13

# How many times as far as ``tol`` says a fit may have been from the optimum.
SLACK = 10.0


@dataclass(frozen=True, eq=False)
class Polished:
    """The optimum, and the curvature there."""

    contrasts: Array
    """Shape ``(n_classes - 1, n_columns)``, for shifted columns; zero in dropped ones."""

    curvature: Factored
    """Of the mean objective with its penalty, among the parameters of the coordinates."""

    mean_loss: float
    """Mean cross-entropy without penalty, in nats a row."""

    decrement: float
    """``g'H^-1 g`` before the last step, in nats of the whole sample."""

    n_steps: int
    """Newton steps."""


def polish(
    sample: Sample, coordinates: Coordinates, dependence: Dependence, params: Array
) -> Polished:
    """Continue from fitted params, of shape ``(n_outputs, n_columns)``, to the optimum.

    Raises
    ------
    ValueError
        If the rows are not those of the fit, or if there is no finite optimum.
    """
    before = sample.objective.evaluate(params).value
    if sample.objective.rows.n_rows * coordinates.n_parameters**2 > CHEAP:
        params = by_lbfgs(sample, params)
    contrasts = dependence.carried(coordinates.outcomes.contrasts(params))
    newton = NewtonSteps(sample, coordinates)
    for step in range(1, MOST_STEPS + 1):
        here = newton.at(contrasts)
        curvature = newton.curvature(contrasts)
        direction, decrement = newton.step(curvature, here.gradient)
        if decrement <= ENOUGH:
            contrasts = contrasts + direction
            end = newton.at(contrasts)
            _, left = newton.step(curvature, end.gradient)
            is_slow = decrement > NOISE and left > SLOW * decrement
            if is_slow or _is_flat(curvature, dependence):
                raise ValueError(NO_OPTIMUM)
            refuse_if_lower(sample, before, end.value)
            loss = newton.mean_loss(contrasts, end.value)
            return Polished(contrasts, curvature, loss, decrement, step)
        contrasts = contrasts + newton.shortened(contrasts, direction, decrement, here.value)
        del curvature  # before the next one is measured: each is as large as the covariance
        if step == 1:
            refuse_if_lower(sample, before, newton.at(contrasts).value)
    raise ValueError(NO_OPTIMUM)


def _is_flat(curvature: Factored, dependence: Dependence) -> bool:
    """Whether a coefficient has hardly any curvature: the optimum is at infinity."""
    squares = dependence.scale[dependence.kept] ** 2
    return bool((curvature.diagonal.reshape(-1, len(squares)) < FLAT * squares).any())


def by_lbfgs(sample: Sample, params: Array) -> Array:
    """Return params nearer to the optimum, from passes that are cheaper than a Hessian.

    Shape ``(n_outputs, n_columns)``.
    """
    objective = sample.objective
    params = objective.penalty.balanced(params)
    value = objective.value(params)
    tol = OF_LBFGS / (2 * sample.times_mean * max(value, np.finfo(float).tiny))
    settings = replace(sample.settings, tol=max(tol, 1e-300), max_iter=MOST_OF_LBFGS)
    with single_threaded_blas(), quiet():
        solution = minimize(LBFGS(), objective, problem_of(settings, objective, params))
    return solution.params if solution.evaluation.value <= value else params


def refuse_if_lower(sample: Sample, before: float, after: float) -> None:
    """Raise an error if the objective fell further than a converged fit leaves open."""
    tol, width = sample.settings.tol, sample.shift.width
    resolution = 4 * float(np.finfo(width).eps) * sample.objective.noise
    allowed = SLACK * (tol * after + resolution * max(after, 1.0))
    refuse_other_gradient(before - after, allowed, tol)
