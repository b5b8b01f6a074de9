"""Fits of all folds along a path of penalties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sk_softmax.estimators.cross_validation.folds import Fold
from sk_softmax.estimators.data import Weights
from sk_softmax.estimators.fitting import centred, problem_of, threads_of
from sk_softmax.estimators.parameters import penalty_of, solver_of
from sk_softmax.estimators.wide import is_wide
from sk_softmax.interfaces import Array, Draft, EvaluateAt, Problem, Rows, Solution
from sk_softmax.objective import (
    FoldObjectives,
    HeldOut,
    RegressionObjective,
    begin_together_with_drafts,
    targets_of,
)
from sk_softmax.rows import RowSpace, rows_of, single_threaded_blas
from sk_softmax.solvers import Auto, minimize_together

# Ends of a path that its next beginning is extrapolated from: a parabola.
POINTS = 3


@dataclass(frozen=True)
class FoldedSet:
    """Rows, what they should be, what they weigh in the fit, and how they are cut into folds."""

    X: Any
    given: Any
    weights: Weights | None
    n_classes: int
    folds: Sequence[Fold]


@dataclass(frozen=True)
class FoldFit:
    """The model of one fold for one penalty."""

    params: Array
    """In the width of the rows; over several classes they add up to zero."""

    logits: Array
    """Logits of the rows held out, class-major; those of the next fit overwrite them."""

    solution: Solution


def fit_path(models: Sequence[Any], data: FoldedSet) -> Iterator[list[FoldFit]]:
    """Yield the fits of all folds for one penalty after the other.

    Each begins where those before seem to lead.

    Parameters
    ----------
    models : sequence of SoftmaxRegression
        The parameters of the fits, from the strongest penalty to the weakest.
    data : FoldedSet
        What to fit to.
    """
    with single_threaded_blas():
        path = _Path(models[0], data, data.X)
        n_threads = threads_of(models[0].n_jobs)
        space = RowSpace(data.X, n_threads) if _is_wide(models, path) else None
        rough = None if space is None else _Path(models[0], data, space.coordinates)
    for model in models:
        with single_threaded_blas():
            if space is None or rough is None:
                fits = path.fit(model)
            else:
                fits = _fit_wide(model, path, rough, space)
        yield fits


class _Path:
    """What all fits of a path share, and where the next of them begins."""

    def __init__(self, model: Any, data: FoldedSet, X: Any) -> None:
        n_outputs = data.n_classes if data.n_classes > 2 else 1
        self._rows: Rows = rows_of(
            X,
            n_outputs * len(data.folds),
            has_intercept=bool(model.fit_intercept),
            n_threads=threads_of(model.n_jobs),
        )
        self._folds = data.folds
        self._held_out = [HeldOut(fold.held_out) for fold in data.folds]
        shared = targets_of(data.given, data.n_classes, model.label_smoothing)
        self._targets = [
            shared
            if len(fold.present) == data.n_classes
            else targets_of(fold.given, len(fold.present), model.label_smoothing)
            for fold in data.folds
        ]
        self._pooled = RegressionObjective(self._rows, shared, data.n_classes, 1.0, data.weights)
        self._ends: dict[float, list[Array]] = {}

    def objective(self, model: Any, number: int) -> RegressionObjective:
        """Return the objective of a fold for a penalty."""
        fold = self._folds[number]
        objective = RegressionObjective(
            self._rows,
            self._targets[number],
            len(fold.present),
            model.C,
            fold.weights,
            penalty_of(model, self._rows.n_features),
        )
        objective.damp_like(self._pooled)
        return objective

    def problem(
        self,
        model: Any,
        objective: RegressionObjective,
        start: Array,
        drafts: Sequence[Draft] = (),
    ) -> Problem:
        """Return what the solver is told of a fold for a penalty."""
        return problem_of(model, solver_of(model.solver), objective, start, drafts)

    def fit(self, model: Any, starts: Sequence[Array] | None = None) -> list[FoldFit]:
        """Fit all folds with the parameters of a model.

        Starts from outside are close to the optimum: no draft can come closer.
        """
        solver = solver_of(model.solver)
        folds = [self.objective(model, number) for number in range(len(self._folds))]
        objectives = FoldObjectives(folds, self._held_out)
        drafts: Sequence[Draft] = ()
        if starts is None:
            starts = self._starts(model, objectives)
            if solver.begins_on_drafts:
                drafts = begin_together_with_drafts([self._pooled, *folds])
        problems = [
            self.problem(model, fold, start, drafts)
            for fold, start in zip(folds, starts, strict=True)
        ]
        solutions = minimize_together(solver, objectives, problems)
        self._ends[float(np.log(model.C))] = [solution.params for solution in solutions]
        return [
            FoldFit(
                centred(solution.params, folds[number].l1).astype(self._rows.dtype, copy=False),
                objectives.held_out_logits(number, solution.params),
                solution,
            )
            for number, solution in enumerate(solutions)
        ]

    def _starts(self, model: Any, objectives: FoldObjectives) -> list[Array]:
        """Return where the folds begin: where they ended, or where that seems to lead to.

        Params are close to a polynomial in log C; where the classes can be separated they grow
        in proportion to it. What has the lower value is the better start. Under an L1 penalty what
        is zero had better stay so.
        """
        numbers = range(len(self._folds))
        if not self._ends:
            return [np.zeros(objectives[number].shape) for number in numbers]
        *_, last = self._ends.values()
        position = float(np.log(model.C))
        if len(self._ends) == 1 or np.isinf(position) or model.l1_ratio > 0:
            return last
        ahead = _extrapolated(list(self._ends.items())[-POINTS:], position)
        there, here = (
            objectives.evaluate({number: EvaluateAt(points[number]) for number in numbers})
            for points in (ahead, last)
        )
        return [
            ahead[number] if there[number].value < here[number].value else last[number]
            for number in numbers
        ]


def _is_wide(models: Sequence[Any], path: _Path) -> bool:
    """Whether to fit to the rows' coordinates first; the weakest penalty decides."""
    objective = path.objective(models[-1], 0)
    start = np.zeros(objective.shape)
    return isinstance(solver_of(models[-1].solver), Auto) and is_wide(objective, start)


def _fit_wide(model: Any, path: _Path, rough: _Path, space: RowSpace) -> list[FoldFit]:
    """Fit to the rows' coordinates, and go on from there with the rows, as ``minimize_wide`` does.

    The coordinates of all rows will do for any fold: the penalty sees the same norm in them.
    """
    nearly = rough.fit(clone(model).set_params(tol=0.1 * model.tol))
    rank = space.coordinates.shape[1]
    starts = [
        np.hstack([space.lift(fit.params[:, :rank]), fit.params[:, rank:]]) for fit in nearly
    ]
    return [
        replace(
            fit,
            solution=replace(fit.solution, n_iter=fit.solution.n_iter + before.solution.n_iter),
        )
        for fit, before in zip(path.fit(model, starts), nearly, strict=True)
    ]


def _extrapolated(ends: Sequence[tuple[float, list[Array]]], there: float) -> list[Array]:
    """Return each fold's value at ``there`` of the polynomial through what the others ended at."""
    positions = [position for position, _ in ends]
    factors = [np.prod([(there - q) / (p - q) for q in positions if q != p]) for p in positions]
    return [
        np.asarray(sum(factor * params for factor, params in zip(factors, of_fold, strict=True)))
        for of_fold in zip(*(params for _, params in ends), strict=True)
    ]
