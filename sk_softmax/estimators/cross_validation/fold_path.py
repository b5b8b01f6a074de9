"""Fits of all folds along a path of penalties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sk_softmax.estimators.cross_validation.folds import Fold
from sk_softmax.estimators.fitting import (
    objective_of,
    problem_of,
    rows_for,
    targets_for,
)
from sk_softmax.estimators.settings import Settings, TrainingSet
from sk_softmax.estimators.wide import is_wide
from sk_softmax.interfaces import Array, Draft, EvaluateAt, Rows, Solution
from sk_softmax.objective import (
    FoldObjectives,
    HeldOut,
    RegressionObjective,
    begin_together_with_drafts,
)
from sk_softmax.rows import RowSpace, single_threaded_blas
from sk_softmax.solvers import Auto, minimize_together

# Ends of a path that its next beginning is extrapolated from: a parabola.
POINTS = 3


@dataclass(frozen=True)
class FoldedSet:
    """A training set, class weights worked in, and how it is cut into folds."""

    training: TrainingSet
    folds: Sequence[Fold]

    @property
    def n_classes(self) -> int:
        """Number of classes in all of the data."""
        return len(self.training.classes)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.training.X.shape[1])

    def with_rows(self, X: Array) -> FoldedSet:
        """Return the same with other numbers in the place of ``X``."""
        return replace(self, training=replace(self.training, X=X))

    def training_of(self, fold: Fold) -> TrainingSet:
        """Return what a fold trains on: all rows, with its own weights and classes."""
        classes = self.training.classes[fold.present]
        return TrainingSet(self.training.X, fold.given, fold.weights, classes)


@dataclass(frozen=True)
class FoldFit:
    """The model of one fold for one penalty."""

    params: Array
    """In the width of the rows; over several classes they add up to zero."""

    logits: Array
    """Logits of the rows held out, class-major; those of the next fit overwrite them."""

    solution: Solution


def fit_path(path: Sequence[Settings], data: FoldedSet) -> Iterator[list[FoldFit]]:
    """Yield the fits of all folds for one penalty after the other.

    Each begins where those before seem to lead.

    Parameters
    ----------
    path : sequence of Settings
        Those of the fits, from the strongest penalty to the weakest.
    data : FoldedSet
        What to fit to.
    """
    first, weakest = path[0], path[-1]
    with single_threaded_blas():
        folds = _Path(first, data)
        is_wide_path = _is_wide(weakest, folds)
        space = RowSpace(data.training.X, first.n_threads) if is_wide_path else None
        rough = None
        if space is not None:
            rough = _Path(first.on_coordinates(), data.with_rows(space.coordinates))
    for settings in path:
        with single_threaded_blas():
            if space is None or rough is None:
                fits = folds.fit(settings)
            else:
                fits = _fit_wide(settings, folds, rough, space)
        yield fits


class _Path:
    """What all fits of a path share, and where the next of them begins."""

    def __init__(self, settings: Settings, data: FoldedSet) -> None:
        n_outputs = data.n_classes if data.n_classes > 2 else 1
        self._data = data
        self._folds = data.folds
        self._rows: Rows = rows_for(settings, data.training.X, n_outputs * len(data.folds))
        self._held_out = [HeldOut(fold.held_out) for fold in data.folds]
        shared = targets_for(settings, data.training)
        self._targets = [
            shared
            if len(fold.present) == data.n_classes
            else targets_for(settings, data.training_of(fold))
            for fold in data.folds
        ]
        self._pooled = objective_of(settings, data.training, rows=self._rows, targets=shared)
        self._ends: dict[float, list[Array]] = {}

    def objective(self, settings: Settings, number: int) -> RegressionObjective:
        """Return the objective of a fold for a penalty."""
        objective = objective_of(
            settings,
            self._data.training_of(self._folds[number]),
            rows=self._rows,
            targets=self._targets[number],
        )
        objective.damp_like(self._pooled)
        return objective

    def fit(self, settings: Settings, starts: Sequence[Array] | None = None) -> list[FoldFit]:
        """Fit all folds for a penalty.

        Starts from outside are close to the optimum: no draft can come closer.
        """
        solver = settings.solver
        folds = [self.objective(settings, number) for number in range(len(self._folds))]
        objectives = FoldObjectives(folds, self._held_out)
        drafts: Sequence[Draft] = ()
        if starts is None:
            starts = self._starts(settings, objectives)
            if solver.begins_on_drafts:
                drafts = begin_together_with_drafts([self._pooled, *folds])
        problems = [
            problem_of(settings, fold, start, drafts)
            for fold, start in zip(folds, starts, strict=True)
        ]
        solutions = minimize_together(solver, objectives, problems)
        self._ends[float(np.log(settings.C))] = [solution.params for solution in solutions]
        return [
            FoldFit(
                folds[number]
                .penalty.balanced(solution.params)
                .astype(self._rows.dtype, copy=False),
                objectives.held_out_logits(number, solution.params),
                solution,
            )
            for number, solution in enumerate(solutions)
        ]

    def _starts(self, settings: Settings, objectives: FoldObjectives) -> list[Array]:
        """Return where the folds begin: where they ended, or where that seems to lead to.

        Params are close to a polynomial in log C; where the classes can be separated they grow
        in proportion to it. What has the lower value is the better start. Under an L1 penalty what
        is zero had better stay so.
        """
        numbers = range(len(self._folds))
        if not self._ends:
            return [np.zeros(objectives[number].shape) for number in numbers]
        *_, last = self._ends.values()
        position = float(np.log(settings.C))
        if len(self._ends) == 1 or np.isinf(position) or settings.l1_ratio > 0:
            return last
        ahead = [
            objectives[number].penalty.projected(params)
            for number, params in enumerate(
                _extrapolated(list(self._ends.items())[-POINTS:], position)
            )
        ]
        there, here = (
            objectives.evaluate({number: EvaluateAt(points[number]) for number in numbers})
            for points in (ahead, last)
        )
        return [
            ahead[number] if there[number].value < here[number].value else last[number]
            for number in numbers
        ]


def _is_wide(settings: Settings, path: _Path) -> bool:
    """Whether to fit to the rows' coordinates first; the weakest penalty decides."""
    objective = path.objective(settings, 0)
    start = np.zeros(objective.shape)
    return isinstance(settings.solver, Auto) and is_wide(objective, start)


def _fit_wide(settings: Settings, path: _Path, rough: _Path, space: RowSpace) -> list[FoldFit]:
    """Fit to the rows' coordinates, and go on from there with the rows, as ``minimize_wide`` does.

    The coordinates of all rows will do for any fold: the penalty sees the same norm in them.
    """
    nearly = rough.fit(replace(settings.on_coordinates(), tol=0.1 * settings.tol))
    rank = space.coordinates.shape[1]
    starts = [
        np.hstack([space.lift(fit.params[:, :rank]), fit.params[:, rank:]]) for fit in nearly
    ]
    return [
        replace(
            fit,
            solution=replace(fit.solution, n_iter=fit.solution.n_iter + before.solution.n_iter),
        )
        for fit, before in zip(path.fit(settings, starts), nearly, strict=True)
    ]


def _extrapolated(ends: Sequence[tuple[float, list[Array]]], there: float) -> list[Array]:
    """Return each fold's value at ``there`` of the polynomial through what the others ended at."""
    positions = [position for position, _ in ends]
    factors = [np.prod([(there - q) / (p - q) for q in positions if q != p]) for p in positions]
    return [
        np.asarray(sum(factor * params for factor, params in zip(factors, of_fold, strict=True)))
        for of_fold in zip(*(params for _, params in ends), strict=True)
    ]
