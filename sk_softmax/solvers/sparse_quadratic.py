"""Minimise a quadratic plus an L1 penalty: the model that a proximal Newton step aims at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.interfaces import ActiveHessian, Array

MOST_ROUNDS = 10
STEPS_A_ROUND = 30
POWER_STEPS = 10
CONJUGATE_STEPS = 50
MOST_HALVINGS = 8


@dataclass(frozen=True)
class SparseQuadratic:
    """``g'(z - x) + (z - x)'H(z - x) / 2 + sum_j w_j |z_j|`` over the active parameters ``z``.

    All arrays are flat, class by class. Grouped, the active parameters are those of whole
    features, and ``|z_j|`` is the norm over the classes.
    """

    hessian: ActiveHessian
    gradient: Array
    start: Array
    """``x``."""

    weights: Array
    """``w_j``: one a parameter; grouped, one a feature."""

    grouped: bool

    def in_groups(self, z: NDArray[Any]) -> NDArray[Any]:
        """Return ``z`` as an array whose columns are the terms of the penalty."""
        return z.reshape(-1, len(self.weights)) if self.grouped else z.reshape(1, -1)

    def norms(self, z: Array) -> Array:
        """``|z_j|``."""
        return np.asarray(np.linalg.norm(self.in_groups(z), axis=0)) if self.grouped else np.abs(z)

    def change(self, z: Array, image: Array) -> float:
        """Return the value at ``z`` less that at ``x``, given ``image = H (z - x)``."""
        d = z - self.start
        smooth = float(self.gradient @ d + 0.5 * (d @ image))
        return smooth + float(self.weights @ (self.norms(z) - self.norms(self.start)))

    def shrink(self, z: Array, metric: Array) -> Array:
        """Return the proximal point: ``z`` moved towards zero by ``w / metric``, at most to it."""
        if not self.grouped:
            return np.asarray(np.sign(z) * np.maximum(np.abs(z) - self.weights / metric, 0))
        norms = self.norms(z)
        threshold = self.weights / self.in_groups(metric)[0]
        kept = np.divide(
            np.maximum(norms - threshold, 0), norms, out=np.zeros_like(norms), where=norms > 0
        )
        return np.asarray((self.in_groups(z) * kept).ravel())


@dataclass
class _Point:
    z: Array
    image: Array
    """``H (z - x)``."""


def minimum_of(model: SparseQuadratic, accuracy: float) -> tuple[Array, float]:
    """Return the minimum of the model and by how much it is below its value at ``x``.

    Rounds of two kinds of step, until proximal steps are ``accuracy`` times as long as the first:
    accelerated proximal gradient steps in the metric of the diagonal find which parameters are
    zero (Beck and Teboulle, 2009, SIAM Journal on Imaging Sciences 2; restarted as in O'Donoghue
    and Candes, 2015, Foundations of Computational Mathematics 15), and one Newton step on the
    others finds their values.
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


def _metric(model: SparseQuadratic) -> Array:
    """Return the Hessian's diagonal, scaled until it bounds the Hessian from above.

    The largest eigenvalue of ``D^-1/2 H D^-1/2`` comes from power iterations, from below;
    :func:`_proximal_gradient` steps back where it turns out to be too small.
    """
    diagonal = model.in_groups(model.hessian.diagonal)
    # In a group all have the metric of the largest, so that shrinking is a closed form.
    diagonal = np.broadcast_to(diagonal.max(axis=0), diagonal.shape).ravel()
    largest = float(diagonal.max())
    if not 0 < largest < np.inf:
        return np.ones_like(diagonal)
    diagonal = np.maximum(diagonal, np.finfo(np.float64).eps * largest)
    root = 1 / np.sqrt(diagonal)
    vector = np.random.default_rng(0).standard_normal(len(root))
    norm = 1.0
    for _ in range(POWER_STEPS):
        vector = root * model.hessian.multiply(root * (vector / np.linalg.norm(vector)))
        norm = float(np.linalg.norm(vector))
    return np.asarray(diagonal * max(norm, 1.0))


def _proximal_length(model: SparseQuadratic, metric: Array, here: _Point) -> float:
    """Length of a proximal gradient step in the metric; zero at the minimum alone."""
    moved = model.shrink(here.z - (model.gradient + here.image) / metric, metric)
    step = moved - here.z
    return float(np.sqrt(step @ (metric * step)))


def _proximal_gradient(
    model: SparseQuadratic, metric: Array, here: _Point, enough: float
) -> _Point:
    """Take accelerated proximal gradient steps until they are short."""
    ahead, momentum = here, 1.0
    for _ in range(STEPS_A_ROUND):
        z = model.shrink(ahead.z - (model.gradient + ahead.image) / metric, metric)
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


def _newton_on_support(model: SparseQuadratic, here: _Point) -> _Point:
    """Step to the minimum over the parameters that are not zero, as long as they stay so.

    What would change its sign becomes zero, and the step is halved while that lowers the value
    more.
    """
    norms = model.norms(here.z)
    support = (norms > 0) | (model.weights == 0)
    free = np.broadcast_to(support, model.in_groups(here.z).shape).ravel()
    if not free.any():
        return here
    share = np.divide(model.weights, norms, out=np.zeros_like(norms), where=norms > 0)
    pull = (model.in_groups(here.z) * share).ravel()  # the penalty's gradient
    step = np.zeros_like(here.z)
    step[free] = -_solve(model, here, free, share, (model.gradient + here.image + pull)[free])
    best, lowest = here, model.change(here.z, here.image)
    for _ in range(MOST_HALVINGS):
        z = _projected(model, here.z, step)
        there = _Point(z, model.hessian.multiply(z - model.start))
        change = model.change(z, there.image)
        if change < lowest:
            best, lowest = there, change
        elif best is not here:
            break
        if not _turns(model, here.z, step).any():
            break
        step = step / 2
    return best


def _turns(model: SparseQuadratic, z: Array, step: Array) -> NDArray[np.bool_]:
    """Whether a step would take each term of the penalty through its kink."""
    inner = np.einsum("kj,kj->j", model.in_groups(z + step), model.in_groups(z))
    return np.asarray((inner < 0) & (model.weights > 0))


def _projected(model: SparseQuadratic, z: Array, step: Array) -> Array:
    """Take a step; what it would take through its kink stays there."""
    stay = np.broadcast_to(_turns(model, z, step), model.in_groups(z).shape).ravel()
    return np.where(stay, 0.0, z + step)


def _solve(
    model: SparseQuadratic, here: _Point, free: NDArray[np.bool_], share: Array, right: Array
) -> Array:
    """Solve with the Hessian of the model over the free parameters.

    Grouped, the penalty is curved: ``w_j (I - u_j u_j') / |z_j|`` with ``u_j`` the direction of
    ``z_j``; ``share`` holds ``w_j / |z_j|``.
    """
    norms = model.norms(here.z)
    u = model.in_groups(here.z) / np.where(norms > 0, norms, 1.0)
    matrix = model.hessian.matrix()
    if matrix is not None:
        part = matrix[np.ix_(free, free)]
        if model.grouped:
            _add_curvature_of_norms(part, share, u, model.in_groups(free))
        solution = _cholesky_solution(part, right)
        if solution is not None:
            return solution

    def multiply(part: Array) -> Array:
        full = np.zeros_like(here.z)
        full[free] = part
        image = model.hessian.multiply(full)
        if model.grouped:
            d = model.in_groups(full)
            image = image + (share * (d - u * np.einsum("kj,kj->j", u, d))).ravel()
        return np.asarray(image[free])

    diagonal = model.hessian.diagonal
    if model.grouped:
        diagonal = diagonal + np.broadcast_to(share, u.shape).ravel()
    return _conjugate_gradients(multiply, right, diagonal[free])


def _add_curvature_of_norms(part: Array, share: Array, u: Array, free: NDArray[np.bool_]) -> None:
    """Add ``share_j (I - u_j u_j')`` to the rows and columns of each free group, in place."""
    positions = np.cumsum(free.ravel()).reshape(free.shape) - 1
    groups = free.all(axis=0)
    positions, share, u = positions[:, groups], share[groups], u[:, groups]
    for k, at_k in enumerate(positions):
        part[at_k, at_k] += share
        for at_l, u_l in zip(positions, u, strict=True):
            part[at_k, at_l] -= share * u[k] * u_l


def _cholesky_solution(part: Array, right: Array) -> Array | None:
    """Solve with a matrix that is overwritten; None if it is not positive definite."""
    scale = 1 / np.sqrt(np.maximum(part.diagonal(), np.finfo(np.float64).tiny))
    part *= scale
    part *= scale[:, None]
    # Class-constant shifts have no curvature: a ridge that leaves all others as they are.
    part[np.diag_indices_from(part)] += 1e-10
    try:
        factor = scipy.linalg.cho_factor(part, overwrite_a=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(scale * scipy.linalg.cho_solve(factor, scale * right, check_finite=False))


def _conjugate_gradients(
    multiply: Callable[[Array], Array], right: Array, diagonal: Array
) -> Array:
    """Solve approximately, preconditioned by the diagonal; stops where there is no curvature."""
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
