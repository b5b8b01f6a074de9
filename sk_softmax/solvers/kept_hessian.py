"""The first step of proximal Newton under one of many penalties that differ little.

Along a path of penalties the Hessian of the loss changes slowly. So one that was measured under an
earlier penalty serves for the first step, as long as such steps lower the value by what they
promise.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    ActiveHessian,
    ActiveHessianAt,
    Array,
    GapAt,
    Memory,
    Penalty,
    Problem,
    Progress,
    Question,
)
from sk_softmax.solvers.proximal_steps import Place, Standing, active_at, aim_of, backtrack
from sk_softmax.solvers.support_newton import principal_part

# Parameters that a kept Hessian is about, at most: 8 MB.
MOST_KEPT = 1000

# A Hessian to keep is also about the parameters that would leave zero if the gradient were 1 /
# SOON times as large, as it is beside the penalties that follow. Hessians of grouped paths of 100
# penalties to tol=1e-2 (2,000 x 100, 3 classes) with 1.0, 0.7 and 0.5: 46, 21 and 19.
SOON = 0.7

# A Hessian is kept as long as a full step with it lowers the value by what its model promises, up
# to this share of it. If the Hessian is r times as large along the step by now, the value falls by
# 2 - r times the promise. Iterations and Hessians of the same path and of one of digits / 16, to
# tol=1e-4:
#                     0.15       0.3       0.6
#   2,000 x 100     191, 36   199, 34   199, 69
#   digits / 16     199, 30   207, 34
OFF = 0.15


@dataclass(frozen=True)
class KeptHessian:
    """A Hessian among some parameters, and the penalty that is part of it."""

    active: NDArray[np.bool_]
    """Which parameters, shape ``(n_outputs, n_columns)``."""

    matrix: Array
    """Shape ``(n_active, n_active)``."""

    l2: Array
    """The diagonal of that penalty's Hessian for one class, shape ``(n_columns,)``."""

    def among(self, active: NDArray[np.bool_], penalty: Penalty) -> MatrixHessian:
        """Return the Hessian among some of its parameters, with another penalty."""
        matrix = principal_part(self.matrix, active[self.active])
        change = np.broadcast_to(penalty.l2 - self.l2, active.shape)[active]
        matrix.reshape(-1)[:: len(matrix) + 1] += change
        return MatrixHessian(matrix)


class MatrixHessian:
    """A Hessian among active parameters, shape ``(n_active, n_active)``."""

    def __init__(self, matrix: Array) -> None:
        self._matrix, self.diagonal = matrix, matrix.diagonal()

    def multiply(self, direction: Array) -> Array:
        """Return ``H direction``, both of shape ``(n_active,)``."""
        return np.asarray(self._matrix @ direction)

    def matrix(self) -> Array:
        """Return ``H``."""
        return self._matrix


def first_step(problem: Problem, here: Place) -> Generator[Question | Progress, Any, Standing]:
    """Step to the minimum of a model with the Hessian that was kept, or with a new one."""
    # 1. Aim.
    penalty, nowhere = problem.penalty, Standing(here, 0, stopped=False)
    active, _ = active_at(penalty, here)
    if active.sum() > MOST_KEPT or not active.any():
        return nowhere
    kept: KeptHessian = yield from _hessian(problem, here, active)
    aim = aim_of(penalty, here, active, kept.among(active, penalty))

    # 2. Step, and compare the fall of the value with what was promised.
    noise = problem.noise_at(here.value)
    step = yield from backtrack(penalty, here, aim.target, noise)
    if step is None:
        return nowhere
    there, size = step
    stopped = yield there.progress(penalty, 1, size)
    off = abs(here.value - there.value - aim.promise)
    is_kept = size == 1 and off <= OFF * aim.promise + noise
    last = aim if size == 1 else None

    # 3. The duality gap may prove that this was all.
    gap = yield GapAt(there.params, there.smooth, problem.enough_at(there.value))
    return Standing(there, 1, stopped, gap, last, Memory(kept) if is_kept else None)


def _hessian(
    problem: Problem, here: Place, active: NDArray[np.bool_]
) -> Generator[Question, ActiveHessian, KeptHessian]:
    """Return the Hessian that was kept, if it is about these parameters, or measure one.

    ``active`` has shape ``(n_outputs, n_columns)``.
    """
    kept: KeptHessian | None = None if problem.memory is None else problem.memory.state
    if kept is not None and not (active & ~kept.active).any():
        return kept
    pulled = replace(here.smooth, gradient=here.smooth.gradient / SOON)
    wider = active | active_at(problem.penalty, replace(here, smooth=pulled))[0]
    active = wider if wider.sum() <= MOST_KEPT else active
    matrix = (yield ActiveHessianAt(here.params, active)).matrix()
    assert matrix is not None  # it is formed for so few parameters
    return KeptHessian(active, matrix, problem.penalty.l2)
