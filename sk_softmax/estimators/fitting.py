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
from sk_softmax.fitting.stages import (
    Views,
    cheaper_stages,
    is_wide,
    lift_from,
    row_space_stages,
    single_stage,
)
from sk_softmax.fitting.working_set import sparse_stages
from sk_softmax.interfaces import (
    Array,
    IterationRecord,
    Problem,
    Rows,
    Solution,
    Status,
)
from sk_softmax.objective import (
    Cheaper,
    RegressionObjective,
    Seen,
    Targets,
    cheaper_objectives,
    duality_gap,
    targets_of,
)
from sk_softmax.rows import RowSpace, rows_of, single_threaded_blas
from sk_softmax.solvers import Auto, Stages, run, staged
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
    training = weighted_by_class(settings, training)
    objective = objective_of(settings, training)
    # An optimum under an L2 penalty has no mean over the classes, and the metric of L-BFGS takes
    # that mean from every step: a start with one would keep it.
    start = objective.penalty.projected(objective.penalty.balanced(start))
    early = None if settings.patience is None else EarlyStopping(settings.patience)
    observe = _all_of([*observers, early] if early else observers)
    validate = None if held_out is None else partial(validation_scores, held_out)
    with single_threaded_blas():
        views = Views(objective)
        stages = _stages_of(settings, training, objective, start, views)
        solution = run(staged(settings.solver, stages), views, observe, validate)
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


def _stages_of(
    settings: Settings,
    training: TrainingSet,
    objective: RegressionObjective,
    start: Array,
    views: Views,
) -> Stages:
    """Return the stages that suit the shape of the problem, the last of them the problem."""
    solver, problem = settings.solver, problem_of(settings, objective, start)
    if objective.penalty.makes_sparse:
        task = partial(task_of_some_features, settings)
        return sparse_stages(problem, objective, settings.C, task, views)
    if isinstance(solver, Auto) and is_wide(objective, start):
        space = RowSpace(training.X, settings.n_threads)
        small = objective_of(settings.on_coordinates(), replace(training, X=space.coordinates))
        share = small.rows.n_features / objective.rows.n_features
        return row_space_stages(
            problem_of(settings, small, np.zeros(small.shape)),
            problem,
            lift_from(space),
            (views.add(small, share), views.whole),
            views.evaluate,
        )
    begins_cheaply = solver.begins_cheaply(problem)
    cheaper = _cheaper(settings, objective, with_sample=begins_cheaply)
    # The objective itself counts what is read of its rows cheaply.
    numbered = [(views.add(view.objective, 0.0), view) for view in cheaper]
    if not begins_cheaply:
        return single_stage(problem, views.whole)
    return cheaper_stages(problem, numbered, views.whole, views.evaluate)


def task_of_some_features(
    settings: Settings, objective: RegressionObjective, start: Array
) -> Problem:
    """Return the problem of an objective on some of the features, curvature in float32."""
    _cheaper(settings, objective, with_sample=False)
    return problem_of(settings, objective, start)


def _cheaper(
    settings: Settings, objective: RegressionObjective, *, with_sample: bool
) -> list[Cheaper]:
    """Return cheaper objectives for a solver that makes use of them."""
    asks = settings.solver.asks_curvature
    return cheaper_objectives(objective, with_sample=with_sample) if asks else []


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


def problem_of(settings: Settings, objective: RegressionObjective, start: Array) -> Problem:
    """Return what the solver is told beside the answers to its questions."""
    return Problem(
        start=start,
        n_rows=objective.rows.n_rows,
        tol=settings.tol,
        max_iter=settings.max_iter,
        resolution=objective.resolution,
        separated_below=objective.separated_below,
        random=settings.generator(),
        penalty=objective.penalty,
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
