"""The model of a proximal Newton step, a quadratic plus a penalty, and its minimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.interfaces import ActiveHessian, ActivePenalty, Array, SupportCurvature

# Limits on the work for one model, most of which is products with the Hessian. An inaccurate
# minimum is safe for a step, because a line search follows. A round is up to STEPS_A_ROUND
# proximal gradient steps, a product each, and a Newton step; there are at most MOST_ROUNDS. The
# metric takes POWER_STEPS products. The Newton step takes at most CONJUGATE_STEPS products if
# there is no matrix to factor, and one for each of at most MOST_HALVINGS sizes, each half the
# last.
MOST_ROUNDS = 10
STEPS_A_ROUND = 30
POWER_STEPS = 10
CONJUGATE_STEPS = 50
MOST_HALVINGS = 8

# Newton steps in one round, each to a kink or to the minimum between kinks, for a model of at most
# MOST_ON_FACES parameters; larger ones take one, because a step takes a factorisation. Where
# columns are far from zero most of the way is past kinks.
MOST_FACES, MOST_ON_FACES = 50, 300


@dataclass(frozen=True)
class QuadraticModel:
    """``g'(z - x) + (z - x)'H(z - x) / 2 + penalty(z)`` over the active parameters ``z``.

    All arrays are flat, class by class, of shape ``(n_active,)``.
    """

    hessian: ActiveHessian
    """``H``."""

    gradient: Array
    """``g``, of the smooth part of the objective at ``x``."""

    start: Array
    """``x``."""

    penalty: ActivePenalty

    def change(self, z: Array, image: Array) -> float:
        """Return the value at ``z`` minus that at ``x``, given ``image = H (z - x)``."""
        d = z - self.start
        smooth = float(self.gradient @ d + 0.5 * (d @ image))
        return smooth + self.penalty.value(z) - self.penalty.value(self.start)


@dataclass
class _Point:
    """A point of the model; both arrays have shape ``(n_active,)``."""

    z: Array
    image: Array
    """``H (z - x)``."""


def minimum_of(model: QuadraticModel, accuracy: float) -> tuple[Array, float]:
    """Return the minimum of the model, and how far the model falls from ``x`` to there.

    Each round takes two kinds of step. Accelerated proximal gradient steps in the metric of the
    diagonal find which parameters are zero (Beck and Teboulle, 2009, SIAM Journal on Imaging
    Sciences 2; restarted as in O'Donoghue and Candes, 2015, Foundations of Computational
    Mathematics 15). One Newton step on the other parameters finds their values. Rounds end when a
    proximal step is at most ``accuracy`` times as long as the first.

    Returns
    -------
    z : ndarray of shape (n_active,)
        The minimum.
    decrease : float
        In nats a row.
    """
    metric = _metric(model)
    here = _Point(model.start, np.zeros_like(model.start))
    first = _proximal_length(model, metric, here)
    for _ in range(MOST_ROUNDS):
        here = _proximal_gradient(model, metric, here, 0.1 * accuracy * first)
        here = _newton_on_support(model, here)
        if _proximal_length(model, metric, here) <= accuracy * first:
            break
    return here.z, -model.change(here.z, here.image)


def _metric(model: QuadraticModel) -> Array:
    """Return the diagonal of the Hessian, scaled to bound the Hessian from above, ``(n_active,)``.

    The scale is the largest eigenvalue of ``D^-1/2 H D^-1/2``. Power iterations estimate it from
    below, so :func:`_proximal_gradient` enlarges the metric if it is too small.
    """
    diagonal = model.penalty.common_metric(model.hessian.diagonal)
    # Each parameter counts in its own unit: a floor in common would hold those of small columns.
    diagonal = np.where((diagonal > 0) & (diagonal < np.inf), diagonal, 1.0)
    root = 1 / np.sqrt(diagonal)
    vector = np.random.default_rng(0).standard_normal(len(root))
    norm = 1.0
    for _ in range(POWER_STEPS):
        vector = root * model.hessian.multiply(root * (vector / np.linalg.norm(vector)))
        norm = float(np.linalg.norm(vector))
    return np.asarray(diagonal * max(norm, 1.0))


def _proximal_length(model: QuadraticModel, metric: Array, here: _Point) -> float:
    """Return the length of a proximal gradient step in the metric, zero at the minimum alone.

    ``metric`` has shape ``(n_active,)``.
    """
    moved = model.penalty.prox(here.z - (model.gradient + here.image) / metric, metric)
    step = moved - here.z
    return float(np.sqrt(step @ (metric * step)))


def _proximal_gradient(
    model: QuadraticModel, metric: Array, here: _Point, enough: float
) -> _Point:
    """Take accelerated proximal gradient steps until one is at most ``enough`` long.

    ``metric`` has shape ``(n_active,)``, and lengths are measured in it.
    """
    ahead, momentum = here, 1.0
    for _ in range(STEPS_A_ROUND):
        z = model.penalty.prox(ahead.z - (model.gradient + ahead.image) / metric, metric)
        there = _Point(z, model.hessian.multiply(z - model.start))
        step = z - ahead.z
        length = float(step @ (metric * step))
        if float(step @ (there.image - ahead.image)) > length:
            metric = 1.5 * metric
            continue
        restart = float(step @ (metric * (z - here.z))) < 0
        next_momentum = 1.0 if restart else (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        share = 0.0 if restart else (momentum - 1) / next_momentum
        ahead = _Point(z + share * (z - here.z), there.image + share * (there.image - here.image))
        here, momentum = there, next_momentum
        if np.sqrt(length) <= enough:
            break
    return here


def _newton_on_support(model: QuadraticModel, here: _Point) -> _Point:
    """Step to the minimum over the parameters that are free, from kink to kink."""
    for _ in range(MOST_FACES):
        free = model.penalty.is_free(here.z)
        if not free.any():
            return here
        slope = model.gradient + here.image + model.penalty.gradient(here.z)
        step = np.zeros_like(here.z)
        step[free] = -_solve(model, here, free, slope[free])
        there = _furthest_down(model, here, step)
        if there is None or not model.penalty.crosses(here.z, step) or len(free) > MOST_ON_FACES:
            return there or here
        here = there
    return here


def _furthest_down(model: QuadraticModel, here: _Point, step: Array) -> _Point | None:
    """Return the lowest point found along a step; None if none is lower than ``here``.

    What would cross a kink or a bound stays there, and the step is halved while that lowers the
    value more. Where that leads nowhere, the step ends at the first kink: up to there the value
    falls.
    """
    penalty = model.penalty

    def at(z: Array) -> tuple[_Point, float]:
        point = _Point(z, model.hessian.multiply(z - model.start))
        return point, model.change(z, point.image)

    best, lowest = None, model.change(here.z, here.image)
    size = 1.0
    for _ in range(MOST_HALVINGS):
        there, change = at(penalty.moved(here.z, size * step))
        if change < lowest:
            best, lowest = there, change
        elif best is not None:
            break
        if not penalty.crosses(here.z, size * step):
            break
        size /= 2
    kink = penalty.first_kink(here.z, step)
    if best is None and kink < np.inf:
        # A little further, so that rounding leaves none that should be zero.
        there, change = at(penalty.moved(here.z, kink * (1 + 1e-9) * step))
        best = there if change < lowest else None
    return best


def _solve(model: QuadraticModel, here: _Point, free: NDArray[np.bool_], right: Array) -> Array:
    """Solve with the Hessian of the model, penalty included, over the free parameters.

    The mask ``free`` has shape ``(n_active,)``; ``right`` and the solution have ``(n_free,)``.
    """
    curvature = model.penalty.curvature(here.z)
    matrix = model.hessian.matrix()
    if matrix is not None:
        part = matrix[np.ix_(free, free)]
        if curvature is not None:
            curvature.add_to(part, free)
        solution = _cholesky_solution(part, right)
        if solution is not None:
            return solution
    multiply, diagonal = _among_free(model.hessian, curvature, free)
    return _conjugate_gradients(multiply, right, diagonal)


def _among_free(
    hessian: ActiveHessian, curvature: SupportCurvature | None, free: NDArray[np.bool_]
) -> tuple[Callable[[Array], Array], Array]:
    """Return the product with the model's Hessian over the free parameters, and its diagonal.

    The product maps shape ``(n_free,)`` to itself; the diagonal has this shape too.
    """

    def multiply(part: Array) -> Array:
        """Return the product with a vector of shape ``(n_free,)``."""
        full = np.zeros(len(free))
        full[free] = part
        image = hessian.multiply(full)
        if curvature is not None:
            image = image + curvature.times(full)
        return np.asarray(image[free])

    diagonal = hessian.diagonal
    if curvature is not None:
        diagonal = diagonal + curvature.diagonal_bound
    return multiply, diagonal[free]


def _cholesky_solution(part: Array, right: Array) -> Array | None:
    """Solve with a matrix of shape ``(n_free, n_free)``, which is overwritten.

    The solution has the shape of ``right``, ``(n_free,)``. It is None if the matrix is not
    positive definite.
    """
    scale = 1 / np.sqrt(np.maximum(part.diagonal(), np.finfo(np.float64).tiny))
    part *= scale
    part *= scale[:, None]
    # Adding a number to all classes of a feature has no curvature. A ridge of 1e-10 on the unit
    # diagonal makes the matrix definite and hardly changes any other direction.
    part[np.diag_indices_from(part)] += 1e-10
    try:
        factor = scipy.linalg.cho_factor(part, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(scale * scipy.linalg.cho_solve(factor, scale * right, check_finite=False))


def _conjugate_gradients(
    multiply: Callable[[Array], Array], right: Array, diagonal: Array
) -> Array:
    """Solve approximately by conjugate gradients, preconditioned by the diagonal.

    They stop where there is no curvature. ``right``, ``diagonal`` and the solution have shape
    ``(n_free,)``.
    """
    scale = 1 / np.maximum(diagonal, np.finfo(np.float64).tiny)
    solution, residual = np.zeros_like(right), right.copy()
    z = scale * residual
    direction, rho = z, float(residual @ z)
    first = rho
    for _ in range(CONJUGATE_STEPS):
        if rho <= 1e-12 * first:
            break
        image = multiply(direction)
        curvature = float(direction @ image)
        if curvature <= 0:
            break
        solution = solution + rho / curvature * direction
        residual = residual - rho / curvature * image
        z = scale * residual
        before, rho = rho, float(residual @ z)
        direction = z + rho / before * direction
    return solution
