"""The minimum of the model of a proximal Newton step."""

from __future__ import annotations

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.solvers.active_model import Point, QuadraticModel
from sk_softmax.solvers.support_newton import MOST_ON_FACES, newton_on_support

# Limits on the work for one model, most of which is products with the Hessian. An inaccurate
# minimum is safe for a step, because a line search follows. A round is up to STEPS_A_ROUND
# proximal gradient steps, a product each, and a Newton step; there are at most MOST_ROUNDS. The
# metric takes POWER_STEPS products.
MOST_ROUNDS = 10
STEPS_A_ROUND = 30
POWER_STEPS = 10

# For a matrix of at most MOST_ON_FACES parameters a round is Newton steps to the minimum among
# those that are free, and a proximal gradient step by which others become free; there are at most
# MOST_ENTRIES. Only those enter that the gradient pulls at least ENTERING times as hard as any
# other: with all of them models of 990 x 10 with 11 classes took 4.0 ms, so 0.7. The models of a
# fit to 10,000 x 10 with 3 classes take 0.2 ms, and took 1.3 with the rounds for larger matrices,
# which left up to all of the decrease where columns are correlated.
MOST_ENTRIES = 100
ENTERING = 0.5


def minimum_of(model: QuadraticModel, accuracy: float) -> tuple[Array, float]:
    """Return the minimum of the model, and how far the model falls from ``x`` to there.

    The search ends when a proximal step is at most ``accuracy`` times as long as the first.

    Returns
    -------
    z : ndarray of shape (n_active,)
        The minimum.
    decrease : float
        In nats a row.
    """
    matrix = model.hessian.matrix()
    is_small = len(model.start) <= MOST_ON_FACES
    if is_small and matrix is not None and np.isfinite(matrix).all():
        here = _from_face_to_face(model, matrix, accuracy)
    else:
        here = _in_rounds(model, accuracy)
    return here.z, -here.change


def _from_face_to_face(model: QuadraticModel, matrix: Array, accuracy: float) -> Point:
    """Find the minimum over the parameters that are free, then free those that are pulled hardest.

    A face is a set of free parameters and their signs. The value falls in each round, so no face
    comes twice. ``matrix`` is the Hessian, of shape ``(n_active, n_active)``.
    """
    metric = _bound(model, matrix)
    here, lowest = model.begin(), np.inf
    _, first = _proximal_step(metric, here)
    for _ in range(MOST_ENTRIES if first != 0 else 0):
        here = newton_on_support(here)
        step, length = _proximal_step(metric, here)
        # Written so that NaN ends it.
        if not (length > accuracy * first and lowest - here.change > model.noise):
            break
        lowest = here.change
        here = model.at(here.z + _entries(metric, here, step))
    return here


def _entries(metric: Array, here: Point, step: Array) -> Array:
    """Return the part of a proximal step that leaves a kink most decidedly.

    All of the step, if it leaves none. All arrays have shape ``(n_active,)``.
    """
    penalty = here.model.penalty
    sizes = penalty.term_sizes(np.sqrt(metric) * step)
    sizes = np.where(penalty.is_free(here.z), 0.0, sizes)
    most = sizes.max()
    return np.where(sizes >= ENTERING * most, step, 0.0) if most > 0 else step


def _bound(model: QuadraticModel, matrix: Array) -> Array:
    """Return a diagonal that bounds the Hessian from above, shape ``(n_active,)``.

    The largest eigenvalue of ``D^-1/2 H D^-1/2`` is at most its largest sum of a row's sizes.
    """
    diagonal = _usable(model)
    root = 1 / np.sqrt(diagonal)
    sums = root * (np.abs(matrix) @ root)
    return np.asarray(diagonal * max(float(sums.max()), 1.0))


def _usable(model: QuadraticModel) -> Array:
    """Return the diagonal in which the penalty has a proximal point, all of it positive."""
    diagonal = model.penalty.common_metric(model.hessian.diagonal)
    # Each parameter counts in its own unit: a floor in common would hold those of small columns.
    return np.where((diagonal > 0) & (diagonal < np.inf), diagonal, 1.0)


def _in_rounds(model: QuadraticModel, accuracy: float) -> Point:
    """Take turns of two kinds of step.

    Accelerated proximal gradient steps in the metric of the diagonal find which parameters are
    zero (Beck and Teboulle, 2009, SIAM Journal on Imaging Sciences 2; restarted as in O'Donoghue
    and Candes, 2015, Foundations of Computational Mathematics 15). One Newton step on the other
    parameters finds their values.
    """
    metric, is_free = _metric(model), model.penalty.is_free
    here = model.begin()
    step, first = _proximal_step(metric, here)
    if (is_free(here.z + step) == is_free(here.z)).all():
        # Where a model differs little from the last, this is the minimum. All models of a path of
        # 100 penalties (2,000 x 100, 3 classes, grouped, tol=1e-2) took 167 ms for 222.
        here = newton_on_support(here)
        if _proximal_step(metric, here)[1] <= accuracy * first:
            return here
    for _ in range(MOST_ROUNDS):
        here = _proximal_gradient(metric, here, 0.1 * accuracy * first)
        here = newton_on_support(here)
        if _proximal_step(metric, here)[1] <= accuracy * first:
            break
    return here


def _metric(model: QuadraticModel) -> Array:
    """Return the diagonal of the Hessian, scaled to bound the Hessian from above, ``(n_active,)``.

    The scale is the largest eigenvalue of ``D^-1/2 H D^-1/2``. Power iterations estimate it from
    below, so :func:`_proximal_gradient` enlarges the metric if it is too small.
    """
    diagonal = _usable(model)
    root = 1 / np.sqrt(diagonal)
    vector = np.random.default_rng(0).standard_normal(len(root))
    norm = 1.0
    for _ in range(POWER_STEPS):
        vector = root * model.hessian.multiply(root * (vector / np.linalg.norm(vector)))
        norm = float(np.linalg.norm(vector))
    return np.asarray(diagonal * max(norm, 1.0))


def _proximal_step(metric: Array, here: Point) -> tuple[Array, float]:
    """Return a proximal gradient step and its length in the metric, zero at the minimum alone.

    ``metric`` and the step have shape ``(n_active,)``.
    """
    moved = here.model.penalty.prox(here.z - here.slope / metric, metric)
    step = moved - here.z
    return step, float(np.sqrt(step @ (metric * step)))


def _proximal_gradient(metric: Array, here: Point, enough: float) -> Point:
    """Take accelerated proximal gradient steps until one is at most ``enough`` long.

    ``metric`` has shape ``(n_active,)``, and lengths are measured in it.
    """
    model, ahead, momentum = here.model, here, 1.0
    for _ in range(STEPS_A_ROUND):
        z = model.penalty.prox(ahead.z - ahead.slope / metric, metric)
        there = model.at(z)
        step = z - ahead.z
        length = float(step @ (metric * step))
        if float(step @ (there.image - ahead.image)) > length:
            metric = 1.5 * metric
            continue
        restart = float(step @ (metric * (z - here.z))) < 0
        next_momentum = 1.0 if restart else (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        share = 0.0 if restart else (momentum - 1) / next_momentum
        image = there.image + share * (there.image - here.image)
        ahead = Point(model, z + share * (z - here.z), image)
        here, momentum = there, next_momentum
        if np.sqrt(length) <= enough:
            break
    return here
