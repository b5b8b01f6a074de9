"""Whether an optimum without a penalty is finite: a proof where there is one, a programme else."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.margins import Margins
from sk_softmax.fitting.multipliers import (
    PROVEN,
    are_dependent,
    gradient_of_rows,
    is_proven_by_some,
    largest_change,
)
from sk_softmax.fitting.semidefinite import Semidefinite
from sk_softmax.fitting.separating_columns import tells_a_class_apart
from sk_softmax.fitting.separating_directions import SeparatingDirections, UndecidedError
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Solution, Status
from sk_softmax.objective import MOST_COLUMNS, DataTerm, RegressionObjective
from sk_softmax.objective.exact_hessian import hessian_of_rows

# Above so many multiplications for a Hessian, a proof from some of the rows is tried first.
CHEAP = 3e6

# A Hessian is formed if it takes at most so many multiplications, half a second, and has at most
# so many rows. A programme of 450 entries takes up to 10 s, one of 60 takes 0.03 s.
MOST_WORK, MOST_PARAMETERS, MOST_ENTRIES = 5e9, 2000, 500

# Margins, a row and a class each, that are held while rows are read anew in each pass: 40 MB. With
# more only a proof, or a single column that separates, decides.
MOST_MARGINS = 2**20

# Newton steps that are taken to come nearer to an optimum before the programme is asked.
MOST_STEPS = 3

# Below so many nats a row rounding has taken the digits of the gradient, and multipliers from it
# prove nothing. A fit comes so far beside an offset; without one it has been found separated.
CERTAIN = 1e-12

SETTLED = (Status.CONVERGED, Status.PRECISION_LIMIT, Status.CONTRADICTED)
"""How a solver ends that found no way down, as it does far out where a direction separates."""


def with_proof(settings: Settings, objective: RegressionObjective, solution: Solution) -> Solution:
    """Return the solution, with the status ``SEPARATED`` if there is no finite optimum.

    Nothing is done if each feature has a penalty or if there are bounds, and nothing is changed if
    the problem is too large for a proof and for the programme.

    Parameters
    ----------
    settings : Settings
        Of the fit.
    objective : RegressionObjective
        What was minimised.
    solution : Solution
        Where the solver ended.
    """
    if objective.penalty.is_strongly_convex:  # as by default; it takes less time to tell
        return solution
    free = unpenalised(objective)
    if (
        solution.status not in SETTLED
        or settings.lower_bounds is not None
        or settings.label_smoothing > 0
        or not free[: objective.rows.n_features].any()
    ):
        return solution
    # That of a fit under L1 is known for the features that it kept.
    is_exact = objective.rows.dtype == np.float64 and not objective.penalty.makes_sparse
    gradient = solution.evaluation.gradient * objective.rows.n_rows if is_exact else None
    # The same array, so that the spread of the rows is known from the last evaluation.
    params = solution.params.astype(np.float64, copy=False)
    data = objective.data.counting_anew()
    may_prove = not data.has_offset or solution.evaluation.value >= CERTAIN
    if _is_finite(data, free, params, gradient, may_prove=may_prove):
        return solution
    return replace(solution, status=Status.SEPARATED)


def _is_finite(
    data: DataTerm,
    free: NDArray[np.bool_],
    params: Array,
    gradient: Array | None,
    *,
    may_prove: bool,
) -> bool:
    """Whether the optimum is finite; True if that is not known.

    The proof comes first that is the cheapest for the size of the problem, if rounding leaves any.
    """
    wide = data.in_float64()
    if gradient is None:
        (gradient,) = wide.ask(partial(gradient_of_rows, params=params))
    large = is_large(data, free)
    if may_prove and large and is_proven_by_some(wide, free, params, gradient):
        return True
    if large and tells_a_class_apart(data, free).any():
        return False
    if may_prove and is_proven_by_steps(wide, free, params, gradient):
        return True
    if not large and tells_a_class_apart(data, free).any():
        return False
    return not _is_separated(data, free, params)


def unpenalised(objective: RegressionObjective) -> NDArray[np.bool_]:
    """Return which columns have no penalty, shape ``(n_columns,)``."""
    return np.asarray(objective.penalty.unlimited_part(np.ones(objective.shape)).all(axis=0))


def is_proven(data: DataTerm, free: NDArray[np.bool_], params: Array) -> bool:
    """Whether it is proven that no direction in the free columns separates.

    Parameters
    ----------
    data : DataTerm
        Rows, targets and weights.
    free : ndarray of bool, shape (n_columns,)
        Columns without a penalty.
    params : ndarray of shape (n_outputs, n_columns)
        Near the optimum.
    """
    data = data.in_float64()
    (gradient,) = data.ask(partial(gradient_of_rows, params=params))
    if is_large(data, free) and is_proven_by_some(data, free, params, gradient):
        return True
    return is_proven_by_steps(data, free, params, gradient)


def is_large(data: DataTerm, free: NDArray[np.bool_]) -> bool:
    """Whether a proof from some of the rows costs less than a Hessian and can be tried."""
    return _work(data, free) > CHEAP and free.sum() <= MOST_COLUMNS


def _work(data: DataTerm, free: NDArray[np.bool_]) -> float:
    """Return how many multiplications a Hessian among the parameters in free columns takes."""
    return float(data.n_rows) * _n_parameters(data, free) ** 2


def _n_parameters(data: DataTerm, free: NDArray[np.bool_]) -> int:
    """Return how many parameters in free columns are determined at most."""
    return max(data.shape[0] - 1, 1) * int(free.sum())


def is_proven_by_steps(
    data: DataTerm, free: NDArray[np.bool_], params: Array, gradient: Array
) -> bool:
    """Whether a Newton step proves it, here or after a few steps; False if a Hessian costs much.

    ``params`` and ``gradient``, of shape ``(n_outputs, n_columns)``, are a point near the optimum
    and the sum of the gradients of all rows there.
    """
    if _work(data, free) > MOST_WORK or _n_parameters(data, free) > MOST_PARAMETERS:
        return False
    before = np.inf
    for _ in range(1 + MOST_STEPS):
        step = newton_step(data, free, params, gradient)
        if step is None:
            return False
        (changes,) = data.ask(partial(largest_change, params=params, step=step))
        change = max(changes)
        if change < PROVEN:
            return True
        if not change < before / 1.5:  # where a direction separates it stays at 1 or more
            return False
        before, params = change, params - min(1.0, 1 / change) * step
        (gradient,) = data.ask(partial(gradient_of_rows, params=params))
    return False


def newton_step(
    data: DataTerm, free: NDArray[np.bool_], params: Array, gradient: Array
) -> Array | None:
    """Return ``H^-1 g`` in the free columns, shape ``(n_outputs, n_columns)``.

    None if ``H`` is singular for another reason than that columns depend on one another.
    """
    (hessian,) = data.ask(partial(hessian_of_rows, params=params))
    # The step is determined up to a vector added to all classes: the first class has none.
    kept = np.zeros(data.shape, dtype=bool)
    kept[min(len(kept) - 1, 1) :, free] = True
    flat = np.flatnonzero(kept)
    hessian = hessian[np.ix_(flat, flat)]
    if not (np.isfinite(hessian).all() and np.isfinite(gradient).all()):
        return None
    curvature = Semidefinite(hessian)
    if not are_dependent(data, free, curvature.null):
        return None
    step = np.zeros(data.shape)
    step[kept] = curvature.solve(gradient[kept][None])[0]
    return step


def _is_separated(data: DataTerm, free: NDArray[np.bool_], params: Array) -> bool:
    """Whether a linear programme finds a direction that separates.

    False if the problem is too large. It begins with the rows that are fitted worst at params of
    shape ``(n_outputs, n_columns)``.
    """
    if _n_parameters(data, free) > MOST_ENTRIES:
        return False
    if data.is_read_anew and data.n_rows * data.loss.n_classes > MOST_MARGINS:
        return False
    margins = Margins(data, free)
    try:
        return SeparatingDirections(margins, margins.along(params)).any() is not None
    except UndecidedError:
        return False
