"""Curvature of rows that lie in parts, measured on a sample of them that is kept here.

A matrix a class has ``K p^2`` numbers, and every part would send its own: 49 MB a part and
measurement with the 785 columns and 10 classes of MNIST. On a quarter of its rows, gathered once,
L-BFGS takes 40 iterations where it takes 27 with the matrices of all rows, and less time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Problem
from sk_softmax.objective import Cheaper, DataTerm, RegressionObjective, spread_out
from sk_softmax.parts import PartedRows

# Bytes of the sample, in float32: 64 MiB, a third of MNIST.
SAMPLE_BYTES = 2**26


def measure_on_sample(objective: RegressionObjective, cheaper: list[Cheaper]) -> None:
    """Have the curvature of an objective in parts measured on a sample of its rows.

    So is that of cheaper objectives on the same parts. Whether a matrix a class is affordable is
    judged by what an evaluation of all rows costs. Nothing is done for rows in one place.

    Parameters
    ----------
    objective : RegressionObjective
        The objective.
    cheaper : list of Cheaper
        Those that a fit begins with.
    """
    if not isinstance(objective.rows, PartedRows):
        return
    sample = objective.data.copied(numbers_sampled(objective))
    alike = [objective, *(view.objective for view in cheaper if view.has_all_rows)]
    measure_on(sample, alike)


def numbers_sampled(objective: RegressionObjective) -> NDArray[np.intp]:
    """Return the numbers of the rows in a sample, ascending, shape ``(n_sampled,)``."""
    n_rows = objective.data.n_rows
    n_sampled = min(max(SAMPLE_BYTES // (4 * objective.rows.n_features), 1), n_rows)
    return np.arange(n_rows) if n_sampled == n_rows else spread_out(n_rows, n_sampled)


def measure_on(sample: DataTerm, alike: Sequence[RegressionObjective]) -> None:
    """Have the curvature of objectives on the same rows measured on a sample of these."""
    for objective in alike:
        other = objective.of_data(sample)
        objective.measure_on([other], stands_for=objective.data.n_rows / sample.n_rows)


Task: TypeAlias = Callable[[RegressionObjective, Array], Problem]
"""From an objective and a start, ``(n_outputs, n_columns)``, to the problem of a solver."""


def with_kept_sample(settings: Settings, task: Task) -> Task:
    """Return a task that measures curvature on one sample, gathered once for all its objectives.

    They have the same features of rows in parts, and smooth penalties of different strength. For
    other objectives, and where the solver asks for no curvature, it is the task given.
    """
    kept: list[DataTerm] = []

    def with_sample(objective: RegressionObjective, start: Array) -> Problem:
        problem = task(objective, start)
        is_smooth_in_parts = isinstance(objective.rows, PartedRows) and objective.penalty.is_smooth
        solver = settings.solver
        if is_smooth_in_parts and solver.asks_curvature and solver.begins_cheaply(problem):
            if not kept:
                kept.append(objective.data.copied(numbers_sampled(objective)))
            measure_on(kept[0], [objective])
        return problem

    return with_sample
