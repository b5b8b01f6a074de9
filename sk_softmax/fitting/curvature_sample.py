"""Curvature of rows that lie in parts, measured on a sample of them that is kept here.

A matrix a class has ``K p^2`` numbers, and every part would send its own: ``8 K p^2`` bytes, 49 MB
with the 785 columns and 10 classes of MNIST. With a third of its rows, gathered once, L-BFGS takes
39 iterations in 16 parts, and 38 in memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Problem
from sk_softmax.objective import MOST_COLUMNS, Cheaper, DataTerm, RegressionObjective, SpreadOut
from sk_softmax.parts import PartedData

# Bytes of the sample, in float32: 64 MiB, a third of MNIST.
SAMPLE_BYTES = 2**26

# The same where rows are read anew in each pass because memory is scarce: 16 MiB, of which a
# second copy is held while the sample is put together.
SAMPLE_BYTES_READ_ANEW = 2**24


def gather_sample(objective: RegressionObjective) -> None:
    """Gather the sample of rows that lie in parts, from which smaller samples are taken too."""
    if isinstance(objective.data, PartedData) and _is_of_matrices(objective):
        objective.data.gather_sample(_n_sampled(objective))


def _is_of_matrices(objective: RegressionObjective) -> bool:
    """Whether curvature is measured as matrices, which parts do not send.

    A diagonal is as long as a gradient, and few rows do not hold rare features: from 840 of 40,000
    sparse rows with 5,000 features L-BFGS took 826 iterations (860 passes), and 47 (58 passes)
    from all of them.
    """
    return objective.rows.n_columns <= MOST_COLUMNS


def _n_sampled(objective: RegressionObjective) -> int:
    """Return how many rows the sample has."""
    n_bytes = SAMPLE_BYTES_READ_ANEW if objective.data.is_read_anew else SAMPLE_BYTES
    n_rows = objective.data.n_rows
    most = max(n_bytes // (4 * objective.rows.n_features), 1)
    return n_rows // math.ceil(n_rows / most)  # one row in a whole number, up to the last row


def measure_on_sample(objective: RegressionObjective, cheaper: list[Cheaper]) -> None:
    """Have the curvature of an objective in parts measured on a sample of its rows.

    So is that of cheaper objectives on the same parts. Whether a matrix a class is affordable is
    judged by what an evaluation of all rows costs. Nothing is done for rows in one place, nor for
    so many columns that curvature is a diagonal.

    Parameters
    ----------
    objective : RegressionObjective
        The objective.
    cheaper : list of Cheaper
        Those that a fit begins with.
    """
    if isinstance(objective.data, PartedData) and _is_of_matrices(objective):
        measure_on(objective.data.sampled(_n_sampled(objective)), objective, cheaper)


def numbers_sampled(objective: RegressionObjective) -> SpreadOut:
    """Return the numbers of the rows in a sample."""
    return SpreadOut(objective.data.n_rows, _n_sampled(objective))


def measure_on(
    sample: DataTerm, objective: RegressionObjective, cheaper: Sequence[Cheaper] = ()
) -> None:
    """Have curvature measured on a sample of the rows.

    That of an objective on the rows, which goes on to count the passes over cheaper rows, and that
    of cheaper objectives on all of these rows.
    """
    on_sample, stands_for = objective.of_data(sample), objective.data.n_rows / sample.n_rows
    counted = [view.objective for view in cheaper]
    objective.measure_on([on_sample, *counted], stands_for=stands_for)
    for view in cheaper:
        if view.has_all_rows:
            view.objective.measure_on([on_sample], stands_for=stands_for)


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
        data, solver = objective.data, settings.solver
        asks = solver.asks_curvature and solver.begins_cheaply(problem)
        is_in_parts = isinstance(data, PartedData) and _is_of_matrices(objective)
        if asks and is_in_parts and objective.penalty.is_smooth:
            if not kept:
                kept.append(data.sampled(_n_sampled(objective)))
            measure_on(kept[0], objective)
        return problem

    return with_sample
