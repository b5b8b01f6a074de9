"""From checked rows and targets to params: what a fit does once its input is in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.estimators.settings import Settings, TrainingSet
from sk_softmax.estimators.targets import with_class_weight
from sk_softmax.estimators.validation import EarlyStopping, validation_scores
from sk_softmax.estimators.wide import is_wide, minimize_wide
from sk_softmax.estimators.working_set import minimize_sparse
from sk_softmax.interfaces import (
    Array,
    Draft,
    IterationRecord,
    Problem,
    Rows,
    Solution,
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
from sk_softmax.rows import rows_of, single_threaded_blas
from sk_softmax.solvers import Auto, minimize
from sk_softmax.solvers.driver import Observer, ParamsThere


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
    settings: Settings,
    training: TrainingSet,
    start: Array,
    held_out: TrainingSet | None = None,
    observers: Sequence[Observer] = (),
) -> Fitted:
    """Minimise the objective that the settings describe.

    Parameters
    ----------
    settings : Settings
        What is minimised, and how.
    training : TrainingSet
        The data.
    start : ndarray of shape (n_outputs, n_columns)
        Where to begin.
    held_out : TrainingSet or None
        What to score after every iteration.
    observers : sequence of callables
        Called after each iteration; each may ask to stop.
    """
    solver = settings.solver
    training = weighted_by_class(settings, training)
    objective = objective_of(settings, training)
    # An optimum under an L2 penalty has no mean over the classes, and the metric of L-BFGS takes
    # that mean from every step: a start with one would keep it.
    start = objective.penalty.projected(objective.penalty.balanced(start))
    goes_by_coordinates = isinstance(solver, Auto) and is_wide(objective, start)
    # Coordinates in the row space are draft enough.
    drafts = () if goes_by_coordinates else None
    problem = problem_of(settings, objective, start, drafts)
    early = None if settings.patience is None else EarlyStopping(settings.patience)
    observe = _all_of([*observers, early] if early else observers)
    validate = None if held_out is None else partial(validation_scores, held_out)
    with single_threaded_blas():
        if goes_by_coordinates:
            solution = minimize_wide(
                solver,
                objective,
                problem,
                training.X,
                partial(_objective_on_coordinates, settings, training),
                settings.n_threads,
                observe,
                validate,
            )
        elif objective.penalty.makes_sparse:
            task = partial(problem_of, settings)
            solution = minimize_sparse(
                solver, objective, settings.C, problem, task, observe, validate
            )
        else:
            solution = minimize(solver, objective, problem, observe, validate)
        best = solution.n_iter
        if early is not None and early.params is not None and early.iteration != best:
            best, status = early.iteration, solution.status
            if status in (Status.CONVERGED, Status.EPOCHS_DONE):
                status = Status.STOPPED
            here = objective.evaluate(early.params)
            here = replace(here, value=here.value + objective.penalty.kink_value(early.params))
            solution = replace(solution, params=early.params, evaluation=here, status=status)
        params = objective.penalty.balanced(solution.params)
        gap = duality_gap(objective, solution.params, solution.evaluation)
    rows = objective.rows
    seen = Seen(rows.n_rows, objective.total_weight)
    return Fitted(params.astype(rows.dtype, copy=False), solution, best, gap, seen)


def _objective_on_coordinates(
    settings: Settings, training: TrainingSet, coordinates: Array
) -> RegressionObjective:
    return objective_of(settings.on_coordinates(), replace(training, X=coordinates))


def objective_values(settings: Settings, data: TrainingSet, points: Array) -> NDArray[np.float64]:
    """Return the objective at each of these points, of shape ``(..., n_outputs, n_columns)``."""
    objective = objective_of(settings, weighted_by_class(settings, data))
    flat = points.reshape(-1, *objective.shape).astype(np.float64)
    with single_threaded_blas():
        values = [objective.value(params) for params in flat]
    return np.array(values).reshape(points.shape[:-2])


def weighted_by_class(settings: Settings, training: TrainingSet) -> TrainingSet:
    """Return the training set with the class weights in its targets and weights."""
    given, weights = with_class_weight(
        training.given, training.weights, settings.class_weight, len(training.classes)
    )
    return replace(training, given=given, weights=weights)


def targets_for(settings: Settings, training: TrainingSet) -> Targets:
    """Return what the rows should be, smoothed as the settings say."""
    return targets_of(training.given, len(training.classes), settings.label_smoothing)


def objective_of(
    settings: Settings,
    training: TrainingSet,
    *,
    rows: Rows | None = None,
    targets: Targets | None = None,
) -> RegressionObjective:
    """Return the objective that the settings describe.

    Parameters
    ----------
    settings : Settings
        The penalty, label smoothing and threads.
    training : TrainingSet
        The data, class weights worked in.
    rows, targets : Rows and Targets, optional
        Those of the training set where they have been made before, to be shared.
    """
    n_classes = len(training.classes)
    rows = rows_for(settings, training.X, n_classes) if rows is None else rows
    targets = targets_for(settings, training) if targets is None else targets
    return RegressionObjective(
        rows, targets, n_classes, settings.C, training.weights, settings.form
    )


def rows_for(settings: Settings, X: Any, n_outputs: int) -> Rows:
    """Return the rows of a matrix; ``n_outputs`` logits of each are computed at a time."""
    if sp.issparse(X) and X.format == "csc" and settings.solver.is_stochastic:
        # Rows are drawn one by one. Read from columns, an epoch of SGD on MNIST took 50 times as
        # long in batches of 32 and 7.5 times in batches of 1,024.
        X = X.tocsr()
    return rows_of(
        X,
        n_outputs,
        has_intercept=settings.fit_intercept,
        n_threads=settings.n_threads,
    )


def problem_of(
    settings: Settings,
    objective: RegressionObjective,
    start: Array,
    drafts: Sequence[Draft] | None = None,
) -> Problem:
    """Return what the solver is told beside the answers to its questions.

    Drafts are made if the solver begins on them, unless they are given.
    """
    if drafts is None:
        drafts = begin_with_drafts(objective) if settings.solver.begins_on_drafts else ()
    return Problem(
        start=start,
        n_rows=objective.rows.n_rows,
        tol=settings.tol,
        max_iter=settings.max_iter,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=settings.generator(),
        penalty=objective.penalty,
        drafts=drafts,
    )


def _all_of(observers: Sequence[Observer]) -> Observer | None:
    """Return one observer that asks all of them, and stops if any does."""
    if not observers:
        return None

    def observe(record: IterationRecord, params: ParamsThere) -> bool:
        answers = [observer(record, params) for observer in observers]
        return any(answers)

    return observe


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
