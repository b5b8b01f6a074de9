"""Fits with fewer rows than features go through the space that the rows span."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.interfaces import (
    Array,
    IterationRecord,
    Problem,
    Solution,
    Solver,
    Status,
)
from sk_softmax.objective import RegressionObjective
from sk_softmax.rows import RowSpace
from sk_softmax.solvers import minimize
from sk_softmax.solvers.driver import Observer, ParamsThere, Validate

# Finding the coordinates takes n^2 p / 2 multiplications, about as many as n / (4 K) passes, and
# each pass over them costs p / n times less than one over the rows.
MOST_ROWS = 2000
FEATURES_PER_ROW = 2


def is_wide(objective: RegressionObjective, start: Array) -> bool:
    """Whether coordinates in the row space are worth finding, and lead to the same minimum."""
    shape = has_wide_shape(objective.rows.n_rows, objective.rows.n_features)
    return shape and objective.penalty.is_ridge and not start.any()


def has_wide_shape(n_rows: int, n_features: int) -> bool:
    """Whether there are few enough rows, and far more features."""
    return n_rows <= MOST_ROWS and n_features >= FEATURES_PER_ROW * n_rows


def minimize_wide(
    solver: Solver,
    objective: RegressionObjective,
    problem: Problem,
    X: Any,
    on_coordinates: Callable[[Any], RegressionObjective],
    n_threads: int,
    observe: Observer | None,
    validate: Validate | None,
) -> Solution:
    """Fit to the rows' coordinates, then go on from there with the rows themselves.

    The second part usually finds nothing left to do. It is there because coordinates come from
    products of rows, in which features of a far smaller scale than others drown.

    Parameters
    ----------
    solver : Solver
        The method for both parts.
    objective : RegressionObjective
        What is minimised.
    problem : Problem
        Where it starts, from zeros, and when it stops; without drafts.
    X : array, CSR or CSC matrix
        The rows.
    on_coordinates : callable
        Makes the same objective with other rows in the place of ``X``.
    n_threads : int
        How many threads multiply rows.
    observe : callable or None
        Called after each iteration.
    validate : callable or None
        From params to scores on other rows.
    """
    space = RowSpace(X, n_threads)
    small = on_coordinates(space.coordinates)
    # A tenth of the tolerance, so that the second part has nothing but rounding to mend.
    task = replace(problem, start=np.zeros(small.shape), tol=0.1 * problem.tol)
    n_features, rank = objective.rows.n_features, small.rows.n_features

    def lifted(params: Array) -> Array:
        return np.hstack([space.lift(params[:, :rank]), params[:, rank:]])

    def observe_lifted(record: IterationRecord, params: ParamsThere) -> bool:
        return observe is not None and observe(record, lambda: lifted(params()))

    rough = minimize(
        solver,
        small,
        task,
        observe_lifted,
        None if validate is None else lambda params: validate(lifted(params)),
    )
    start = lifted(rough.params)
    # A pass over the coordinates reads a share of what a pass over the rows does.
    records = [replace(r, passes=r.passes * rank / n_features) for r in rough.records]
    if rough.status is not Status.CONVERGED:
        evaluation = objective.evaluate(start)
        return replace(rough, params=start, evaluation=evaluation, records=records)
    last = records[-1]

    def observe_rest(record: IterationRecord, params: ParamsThere) -> bool:
        # Where the rest starts has been reported.
        return (
            record.iteration > 0 and observe is not None and observe(_after(last, record), params)
        )

    rest = minimize(solver, objective, replace(problem, start=start), observe_rest, validate)
    records += [_after(last, record) for record in rest.records[1:]]
    return replace(rest, n_iter=rough.n_iter + rest.n_iter, records=records)


def _after(last: IterationRecord, record: IterationRecord) -> IterationRecord:
    return replace(
        record,
        iteration=record.iteration + last.iteration,
        passes=record.passes + last.passes,
        seconds=record.seconds + last.seconds,
    )
