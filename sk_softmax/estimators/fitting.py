"""From checked rows and targets to params: what a fit does once its input is in order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.estimators.data import Weights
from sk_softmax.estimators.parameters import generator_of, penalty_of, solver_of
from sk_softmax.estimators.targets import with_class_weight
from sk_softmax.estimators.validation import EarlyStopping, ValidationSet
from sk_softmax.estimators.wide import is_wide, minimize_wide
from sk_softmax.estimators.working_set import minimize_sparse
from sk_softmax.interfaces import (
    L1,
    Array,
    Draft,
    IterationRecord,
    Problem,
    Rows,
    Solution,
    Solver,
    Status,
)
from sk_softmax.objective import (
    RegressionObjective,
    Seen,
    Targets,
    begin_with_drafts,
    duality_gap,
    targets_of,
)
from sk_softmax.rows import rows_of, single_threaded_blas, threads_in_force
from sk_softmax.solvers import Auto, minimize
from sk_softmax.solvers.driver import Observer, ParamsThere


@dataclass(frozen=True)
class TrainingSet:
    """Rows, what they should be, and what they weigh."""

    X: Any
    given: Any
    """Labels ``0 .. K-1`` or probabilities of shape ``(n_rows, n_classes)``."""

    weights: Weights | None
    classes: NDArray[Any]


@dataclass(frozen=True)
class Fitted:
    """What comes out of a fit."""

    params: Array
    """In the width of the rows; over several classes they add up to zero."""

    solution: Solution
    best_iteration: int
    """The iteration whose params these are: the last, except with early stopping."""

    duality_gap: float
    seen: Seen


def fit_params(
    estimator: Any,
    solver: Solver,
    training: TrainingSet,
    start: Array,
    held_out: ValidationSet | None,
    observers: Sequence[Observer],
) -> Fitted:
    """Minimise the objective that the estimator's parameters describe.

    Parameters
    ----------
    estimator : SoftmaxRegression
        Holds the parameters.
    solver : Solver
        The method.
    training : TrainingSet
        The data.
    start : ndarray of shape (n_outputs, n_columns)
        Where to begin.
    held_out : ValidationSet or None
        What to score after every iteration.
    observers : sequence of callables
        Called after each iteration; each may ask to stop.
    """
    n_classes = len(training.classes)
    rows, targets, weights = rows_and_targets(estimator, training)
    penalty = penalty_of(estimator, rows.n_features)

    def objective_on(rows: Rows) -> RegressionObjective:
        return RegressionObjective(rows, targets, n_classes, estimator.C, weights, penalty)

    objective = objective_on(rows)
    # An optimum under an L2 penalty has no mean over the classes, and the metric of L-BFGS takes
    # that mean from every step: a start with one would keep it.
    start = centred(start, objective.l1)
    goes_by_coordinates = isinstance(solver, Auto) and is_wide(objective, start)
    # Coordinates in the row space are draft enough.
    drafts = () if goes_by_coordinates else None
    problem = problem_of(estimator, solver, objective, start, drafts)
    early = EarlyStopping(estimator.n_iter_no_change) if estimator.early_stopping else None
    observe = _all_of([*observers, early] if early else observers)
    validate = None if held_out is None else held_out.scores
    with single_threaded_blas():
        if goes_by_coordinates:
            solution = minimize_wide(
                solver,
                objective,
                problem,
                training.X,
                lambda coordinates: objective_on(_rows(estimator, coordinates, n_classes)),
                threads_of(estimator.n_jobs),
                observe,
                validate,
            )
        elif objective.l1 is not None:
            task = partial(problem_of, estimator, solver)
            solution = minimize_sparse(
                solver, objective, estimator.C, problem, task, observe, validate
            )
        else:
            solution = minimize(solver, objective, problem, observe, validate)
        best = solution.n_iter
        if early is not None and early.params is not None and early.iteration != best:
            best, status = early.iteration, solution.status
            if status in (Status.CONVERGED, Status.EPOCHS_DONE):
                status = Status.STOPPED
            here = objective.evaluate(early.params)
            here = replace(here, value=here.value + objective.kink_at(early.params))
            solution = replace(solution, params=early.params, evaluation=here, status=status)
        params = centred(solution.params, objective.l1)
        gap = duality_gap(objective, solution.params, solution.evaluation)
    weight = rows.n_rows if weights is None else float(weights.sum())
    seen = Seen(rows.n_rows, weight)
    return Fitted(params.astype(rows.dtype, copy=False), solution, best, gap, seen)


def objective_values(estimator: Any, data: TrainingSet, points: Array) -> NDArray[np.float64]:
    """Return the objective at each of these points, of shape ``(..., n_outputs, n_columns)``."""
    rows, targets, weights = rows_and_targets(estimator, data)
    penalty = penalty_of(estimator, data.X.shape[1])
    objective = RegressionObjective(
        rows, targets, len(data.classes), estimator.C, weights, penalty
    )
    flat = points.reshape(-1, *objective.shape).astype(np.float64)
    with single_threaded_blas():
        values = [objective.value(params) for params in flat]
    return np.array(values).reshape(points.shape[:-2])


def rows_and_targets(
    estimator: Any, training: TrainingSet
) -> tuple[Rows, Targets, Weights | None]:
    """Return what an objective is made of: class weights and label smoothing are worked in."""
    n_classes = len(training.classes)
    given, weights = with_class_weight(
        training.given, training.weights, estimator.class_weight, training.classes
    )
    targets = targets_of(given, n_classes, estimator.label_smoothing)
    return _rows(estimator, training.X, n_classes), targets, weights


def _rows(estimator: Any, X: Any, n_classes: int) -> Rows:
    if sp.issparse(X) and X.format == "csc" and solver_of(estimator.solver).is_stochastic:
        # Rows are drawn one by one. Read from columns, an epoch of SGD on MNIST took 50 times as
        # long in batches of 32 and 7.5 times in batches of 1,024.
        X = X.tocsr()
    return rows_of(
        X,
        n_classes,
        has_intercept=bool(estimator.fit_intercept),
        n_threads=threads_of(estimator.n_jobs),
    )


def problem_of(
    estimator: Any,
    solver: Solver,
    objective: RegressionObjective,
    start: Array,
    drafts: Sequence[Draft] | None = None,
) -> Problem:
    """Return what the solver is told beside the answers to its questions.

    Drafts are made if the solver begins on them, unless they are given.
    """
    if drafts is None:
        drafts = begin_with_drafts(objective) if solver.begins_on_drafts else ()
    return Problem(
        start=start,
        n_rows=objective.rows.n_rows,
        tol=estimator.tol,
        max_iter=estimator.max_iter or solver.default_max_iter,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=generator_of(estimator.random_state),
        drafts=drafts,
        l1=objective.l1,
    )


def _all_of(observers: Sequence[Observer]) -> Observer | None:
    """Return one observer that asks all of them, and stops if any does."""
    if not observers:
        return None

    def observe(record: IterationRecord, params: ParamsThere) -> bool:
        answers = [observer(record, params) for observer in observers]
        return any(answers)

    return observe


def centred(params: Array, l1: L1 | None = None) -> Array:
    """Return equivalent params that add up to zero over the classes.

    Softmax does not change when the same vector is added to every class, and an L2 penalty is
    least where the classes' mean is zero. An L1 penalty is not, so that only what it leaves out
    is moved.
    """
    if len(params) == 1:
        return params
    mean = params.mean(axis=0)
    return params - (mean if l1 is None else np.where(l1.weights > 0, 0.0, mean))


def threads_of(n_jobs: int | None) -> int:
    """Return how many threads ``n_jobs`` stands for."""
    if n_jobs is None:
        return threads_in_force()
    processors = os.cpu_count() or 1
    return n_jobs if n_jobs > 0 else max(processors + 1 + n_jobs, 1)


def print_progress(record: IterationRecord, params: ParamsThere) -> bool:
    """Print a line."""
    line = (
        f"{record.iteration:6d}  F {record.value:.8g}  |gradient| {record.gradient_norm:.2e}  "
        f"step {record.step_size:.2e}  {record.passes:.1f} passes  {record.seconds:.2f} s"
    )
    if not np.isnan(record.validation_loss):
        line += (
            f"  validation: loss {record.validation_loss:.6g}, "
            f"accuracy {record.validation_accuracy:.4f}"
        )
    print(line)
    return False
