"""From checked rows and targets to params: a fit, after its input has been checked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sk_softmax.fitting.beginning import beginning
from sk_softmax.fitting.bias_reduced import bias_reduced_solution
from sk_softmax.fitting.curvature_sample import gather_sample, measure_on_sample
from sk_softmax.fitting.driver import Observer, ParamsThere, Validate, run
from sk_softmax.fitting.finite_optimum import with_proof
from sk_softmax.fitting.held_out import EarlyStopping, ValidationRows
from sk_softmax.fitting.prepared import AnyTrainingSet, Prepared, prepared
from sk_softmax.fitting.problems import problem_of
from sk_softmax.fitting.reported import is_felt, reported, with_rounding
from sk_softmax.fitting.seen_minibatches import SeeMinibatch, SeenMinibatches
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.shift import Shift
from sk_softmax.fitting.staged import Stages, staged
from sk_softmax.fitting.stages import (
    Views,
    cheaper_stages,
    from_coordinates,
    is_wide,
    row_space_stages,
    single_stage,
)
from sk_softmax.fitting.stronger_penalties import sparse_stages
from sk_softmax.fitting.used_features import used_features
from sk_softmax.fitting.wide_rows import has_coordinates, in_coordinates
from sk_softmax.fitting.working_set import intercepts_alone
from sk_softmax.interfaces import (
    Array,
    IterationRecord,
    Problem,
    Solution,
    Status,
)
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import (
    Cheaper,
    RegressionObjective,
    Seen,
    cheaper_objectives,
)
from sk_softmax.rows import CSRRows, single_threaded_blas
from sk_softmax.solvers import Auto
from sk_softmax.solvers.proximal_newton import FEW_PARAMETERS


@dataclass(frozen=True)
class Fitted:
    """The result of a fit."""

    params: Array
    """Shape ``(n_outputs, n_columns)``, in the floating-point width of the rows.

    Where a column was shifted they are in float64, which the intercept needs. With more than two
    classes, each column adds up to zero over the classes, unless it has an L1 penalty or a bound.
    """

    solution: Solution
    best_iteration: int
    """The iteration whose params these are: the last one, or the best with early stopping."""

    duality_gap: float
    """A bound of ``F - F*`` in nats a row; infinity if there is none."""

    seen: Seen
    """How many rows there were, and their weight."""

    shift: Shift
    """What was subtracted from the columns."""


def fit_params(
    settings: Settings,
    training: AnyTrainingSet,
    start: Array,
    held_out: AnyTrainingSet | None = None,
    observers: Sequence[Observer] = (),
    see_minibatch: SeeMinibatch | None = None,
) -> Fitted:
    """Minimise the objective that the settings describe.

    Parameters
    ----------
    settings : Settings
        What is minimised, and by which solver.
    training : TrainingSet, PartedTrainingSet or DeviceTrainingSet
        The data.
    start : ndarray of shape (n_outputs, n_columns)
        Where to begin, and with ``start_is_given`` the params that are reported of the start.
    held_out : TrainingSet, PartedTrainingSet, DeviceTrainingSet or None
        Validation rows, scored after every iteration.
    observers : sequence of callables
        Called after each iteration. The fit stops if one of them returns True.
    see_minibatch : callable, optional
        Called with the params of each minibatch that the solver asks for, before it is answered.

    Returns
    -------
    fitted : Fitted
        Params, and how the fit ended.
    """
    with single_threaded_blas(), ExitStack() as kept:
        if not observers and held_out is None:  # nobody computes between the steps of the fit
            kept.enter_context(quiet())
        fit = prepared(settings, training)
        kept.callback(fit.release)
        validation = None
        if held_out is not None:
            validation = ValidationRows(settings, held_out, fit.shift)
            kept.callback(validation.release)
        return _fitted(settings, training, fit, start, validation, observers, see_minibatch)


def _fitted(
    settings: Settings,
    training: AnyTrainingSet,
    fit: Prepared,
    start: Array,
    validation: ValidationRows | None,
    observers: Sequence[Observer],
    see: SeeMinibatch | None,
) -> Fitted:
    """Return what :func:`fit_params` returns, from an objective that is ready."""
    shift, objective = fit.shift, fit.objective
    begin = beginning(settings, objective, shift, start)
    early = None if settings.patience is None else EarlyStopping(settings.patience)
    seers = [partial(begin.show, observer) for observer in observers]
    observe = _all_of([*seers, early] if early else seers)
    validate = None if validation is None else validation.scores
    solution = _solution(settings, training, objective, begin.params, observe, validate, see)
    solution = begin.seen_from(solution)
    best = solution.n_iter
    with quiet():
        if early is not None and early.params is not None and early.iteration != best:
            best, solution = early.iteration, _at(early.params, solution, objective)
        params = reported(objective, shift, solution.params)
        gap = np.inf if settings.bias_reduction else _bound(objective, solution)
        is_rounded = shift.width == np.float32 and not settings.bias_reduction
        if is_rounded and is_felt(objective, shift, solution.params, params):
            exact = fit.in_given_columns()
            lost = exact.value(params.astype(np.float64)) - solution.evaluation.value
            solution, gap = with_rounding(settings, solution, lost), gap + max(lost, 0.0)
    seen = Seen(objective.rows.n_rows, objective.total_weight)
    return Fitted(params, solution, best, gap, seen, shift)


def _solution(
    settings: Settings,
    training: AnyTrainingSet,
    objective: RegressionObjective,
    start: Array,
    observe: Observer | None,
    validate: Validate | None,
    see: SeeMinibatch | None,
) -> Solution:
    """Return where the solver ends, with the status ``SEPARATED`` if there is no finite optimum.

    ``start`` has shape ``(n_outputs, n_columns)``.
    """
    if settings.bias_reduction:
        return bias_reduced_solution(settings, objective, start, observe, validate)
    used = used_features(objective, settings.C, start)
    if used is not None:
        observe, validate = used.observer(observe), used.validation(validate)
        begin, see = used.params(start), used.minibatches(see)
        found = _solution(settings, training, used.objective, begin, observe, validate, see)
        with quiet():
            return used.solution(found, objective)
    views = Views(objective)
    with quiet():
        stages = _stages_of(settings, training, objective, start, views)
    answers = views if see is None else SeenMinibatches(views, see)
    solution = run(staged(settings.solver, stages), answers, observe, validate)
    with quiet():
        return with_proof(settings, objective, solution)


def _bound(objective: RegressionObjective, solution: Solution) -> float:
    """Return a bound of ``F - F*`` in nats a row: the duality gap, or what rounding can hide."""
    gap = objective.gap(solution.params, solution.evaluation)
    return max(gap, objective.resolution * max(solution.evaluation.value, 1.0))


def _at(params: Array, solution: Solution, objective: RegressionObjective) -> Solution:
    """Return the solution with other params: those with the smallest validation loss.

    A status that says that the fit reached its end becomes ``STOPPED``.
    """
    status = solution.status
    if status in (Status.CONVERGED, Status.EPOCHS_DONE):
        status = Status.STOPPED
    here = objective.evaluate(params)
    here = replace(here, value=here.value + objective.penalty.kink_value(params))
    return replace(solution, params=params, evaluation=here, status=status)


def _stages_of(
    settings: Settings,
    training: AnyTrainingSet,
    objective: RegressionObjective,
    start: Array,
    views: Views,
) -> Stages:
    """Return the stages that suit the shape of the problem; the last one solves the problem.

    ``start`` has shape ``(n_outputs, n_columns)``. The objectives of the stages are added to
    ``views``.
    """
    solver, problem = settings.solver, problem_of(settings, objective, start)
    if objective.penalty.makes_sparse and settings.max_iter > 0:
        if start.size <= FEW_PARAMETERS:
            return _direct_stage(settings, objective, start, views)
        task = partial(task_of_some_features, settings)
        return sparse_stages(problem, objective, settings.C, task, views)
    if isinstance(solver, Auto) and has_coordinates(training) and is_wide(objective, start):
        space, small = in_coordinates(settings, training, objective)
        share = small.rows.n_features / objective.rows.n_features
        return row_space_stages(
            problem_of(settings, small, np.zeros(small.shape)),
            problem,
            partial(from_coordinates, space),
            (views.add(small, share), views.whole),
        )
    begins_cheaply = solver.begins_cheaply(problem)
    if begins_cheaply and solver.asks_curvature:
        gather_sample(objective)
    cheaper = _cheaper(settings, objective, with_sample=begins_cheaply)
    if begins_cheaply and solver.asks_curvature:
        measure_on_sample(objective, cheaper)
    # A share of zero, because the objective itself counts the passes over cheaper rows.
    numbered = [(views.add(view.objective, 0.0), view) for view in cheaper]
    if not begins_cheaply:
        return single_stage(problem, views.whole)
    return cheaper_stages(problem, numbered, views.whole, views.evaluate)


def _direct_stage(
    settings: Settings, objective: RegressionObjective, start: Array, views: Views
) -> Stages:
    """Fit a model with few parameters under an L1 penalty in one stage, on all features.

    ``start`` has shape ``(n_outputs, n_columns)``. If it is zero and was not given, the fit begins
    at the best intercepts.
    """
    # Neither a working set nor stronger penalties on the way: a Hessian among all parameters costs
    # little, and stages take evaluations and Hessians of their own. Milliseconds of a fit with
    # l1_ratio=1 and passes over the rows, in one stage and in several, on one loaded thread:
    #                                          C=1                      C=0.01
    #   10,000 x 10, 3 classes (33)      14 (12)   29 (27)        13 (11)   18 (14)
    #   the same in many units           21 (12)   46 (27)        15 (11)   29 (16)
    #   20,000 x 16, 6 classes (102)    139 (17)  184 (37)       105 (13)  118 (23)
    #   990 x 10, 11 classes (121)       30 (14)   30 (23)        10 (8)    11 (9)
    #   wine (42)                        10 (19)   20 (27)         7 (14)   12 (6)
    #   digits (650)                    198 (16)  148 (26)        46 (7)    10 (2)
    is_start = start.any() or settings.start_is_given
    begin = start if is_start else intercepts_alone(objective)
    return single_stage(task_of_some_features(settings, objective, begin), views.whole)


def task_of_some_features(
    settings: Settings, objective: RegressionObjective, start: Array
) -> Problem:
    """Return the problem of an objective on some of the features.

    If the solver asks for curvature, it is measured in float32 from then on where that pays off.
    With sparse rows, whose products are hardly faster in float32, it never is. Hessians among
    2,400 parameters of 1,500 x 1,200 such rows with 6 classes were indefinite in float32, because
    most classes are nearly certain: a model took 2 s there for 0.8.
    """
    if not (objective.measures_elsewhere or isinstance(objective.rows, CSRRows)):
        _cheaper(settings, objective, with_sample=False)
    return problem_of(settings, objective, start)


def _cheaper(
    settings: Settings, objective: RegressionObjective, *, with_sample: bool
) -> list[Cheaper]:
    """Return cheaper objectives, the cheapest first; none if the solver asks for no curvature."""
    asks = settings.solver.asks_curvature
    return cheaper_objectives(objective, with_sample=with_sample) if asks else []


def _all_of(observers: Sequence[Observer]) -> Observer | None:
    """Return one observer that calls all of them and stops if any of them does; None for none."""
    if not observers:
        return None

    def observe(record: IterationRecord, params: ParamsThere) -> bool:
        answers = [observer(record, params) for observer in observers]
        return any(answers)

    return observe
