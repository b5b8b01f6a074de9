"""Fits of all folds of a cross-validation along a path of penalties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.driver import quiet
from sk_softmax.fitting.fit import reported
from sk_softmax.fitting.fold_starts import Starts
from sk_softmax.fitting.problems import objective_of, problem_of, rows_for, targets_for
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.fitting.staged import Stages, staged
from sk_softmax.fitting.stages import (
    cheaper_stages,
    from_coordinates,
    is_wide,
    row_space_stages,
    single_stage,
)
from sk_softmax.fitting.together import run_together
from sk_softmax.interfaces import Array, Problem, Rows, Solution
from sk_softmax.objective import (
    MOST_COLUMNS,
    Cheaper,
    FoldObjectives,
    HeldOut,
    RegressionObjective,
    cheaper_together,
)
from sk_softmax.rows import RowSpace, single_threaded_blas
from sk_softmax.solvers import Auto

# The least value in nats a row that the tolerance of a fold is relative to. Below it, with weak
# penalties, a fold is sure of its rows and no accuracy depends on by how much. On standardised
# digits the fits to tol=1e-4 took 396 iterations relative to the value, and 271 with this floor.
LEAST_SCALE = 0.01


@dataclass(frozen=True)
class Fold:
    """One fold: the weight of every row of the data in its fit, and the rows that it holds out."""

    weights: Weights
    """Shape ``(n_rows,)``; zero for rows that the fold does not train on."""

    held_out: NDArray[np.intp]
    """Numbers of the rows to score, ascending, shape ``(n_held_out,)``."""

    present: NDArray[np.intp]
    """Numbers of the classes that the fold trains on, shape ``(n_present,)``.

    The fold's model has these classes only.
    """

    given: Any
    """Targets of all rows in terms of the classes present.

    Labels of shape ``(n_rows,)``, or probabilities of shape ``(n_rows, n_present)``.
    """


@dataclass(frozen=True)
class FoldedSet:
    """A training set, with class weights applied, and its folds."""

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

    def rows(self, settings: Settings) -> Rows:
        """Return the rows, of which all folds compute their logits at a time."""
        n_outputs = self.n_classes if self.n_classes > 2 else 1
        return rows_for(settings, self.training.X, n_outputs * len(self.folds))

    def with_rows(self, X: Array) -> FoldedSet:
        """Return the same set with another ``X``, which has the same number of rows."""
        return replace(self, training=replace(self.training, X=X))

    def training_of(self, fold: Fold) -> TrainingSet:
        """Return the training set of a fold: all rows, with the fold's weights and classes."""
        classes = self.training.classes[fold.present]
        offset = self.training.offset
        if offset is not None and len(classes) < self.n_classes:
            # Of two classes left the offset is that of their log odds.
            offset = offset[:, fold.present]
            offset = offset[:, 1:] - offset[:, :1] if len(classes) == 2 else offset
        return TrainingSet(self.training.X, fold.given, fold.weights, classes, offset)


@dataclass(frozen=True)
class FoldFit:
    """The model of one fold for one penalty."""

    params: Array
    """Shape ``(n_outputs, n_columns)``, as it is reported: see ``Fitted``.

    With more than two classes, each column adds up to zero over the classes, unless it has an L1
    penalty or a bound.
    """

    logits: Array
    """Logits of the rows held out, shape ``(n_outputs, n_held_out)``."""

    solution: Solution


def fit_path(path: Sequence[Settings], data: FoldedSet) -> Iterator[list[FoldFit]]:
    """Yield the fits of all folds for one penalty after the other.

    Each fit starts at params extrapolated from the fits before it, or where the last one ended.

    Parameters
    ----------
    path : sequence of Settings
        Settings of the fits, from the strongest penalty to the weakest.
    data : FoldedSet
        The rows and the folds.

    Yields
    ------
    fits : list of FoldFit
        One per fold.
    """
    with single_threaded_blas(), quiet():
        folds = _Path.of(path[0], data)
        if folds.is_wide(path[-1]):
            folds.go_by_coordinates(path[0])
    for settings in path:
        with single_threaded_blas(), quiet():
            fits = folds.fit(settings)
        yield fits


# Numbers of the stages of a fold: first on cheaper rows if that pays off, then on the rows.
CHEAPER, WHOLE = 0, 1


class _Path:
    """What all fits along a path share, and where the next fit starts."""

    def __init__(self, settings: Settings, data: FoldedSet, rows: Rows, shift: Shift) -> None:
        self._data = data
        self._folds = data.folds
        self._shift = shift
        self._rows = shift.rows(rows)
        self._held_out = [HeldOut(fold.held_out) for fold in data.folds]
        shared = targets_for(settings, data.training)
        self._targets = [
            shared
            if len(fold.present) == data.n_classes
            else targets_for(settings, data.training_of(fold))
            for fold in data.folds
        ]
        self._pooled = objective_of(settings, data.training, rows=self._rows, targets=shared)
        self._starts = Starts(len(data.folds))
        # Of each fold, at zero and of the null model: they depend on no penalty, and beside an
        # offset take several evaluations.
        self._values: dict[int, tuple[float, float]] = {}
        self._rough: _Path | None = None
        self._space: RowSpace | None = None

    @classmethod
    def of(cls, settings: Settings, data: FoldedSet) -> _Path:
        """Return what the fits to these data share: one shift for all folds."""
        rows = data.rows(settings)
        return cls(settings, data, rows, shift_of(settings, rows, data.training.weights))

    def is_wide(self, settings: Settings) -> bool:
        """Whether to fit to the rows' coordinates first, given the settings of the last fit.

        The last fit has the weakest penalty. If that is an L2 penalty on all features, all fits
        have one, and the optimum in coordinates is the optimum in features.
        """
        objective = self._objective(settings, 0)
        start = np.zeros(objective.shape)
        return isinstance(settings.solver, Auto) and is_wide(objective, start)

    def go_by_coordinates(self, settings: Settings) -> None:
        """Fit to the rows' coordinates first.

        The coordinates of all rows serve every fold: coefficients have the same L2 norm, and so
        the same penalty, in coordinates as in features.
        """
        self._space = RowSpace(self._rows, settings.n_threads, MOST_COLUMNS)
        data = self._data.with_rows(self._space.coordinates)
        own = settings.on_coordinates()
        self._rough = _Path(own, data, data.rows(own), Shift.none(self._space.rank))

    def fit(self, settings: Settings) -> list[FoldFit]:
        """Return the fits of all folds for one penalty."""
        folds = self._objectives(settings)
        whole = FoldObjectives(folds, self._held_out)
        if self._rough is not None:
            stages, cheaper = self._stages_by_coordinates(settings, folds)
        else:
            stages, cheaper = self._stages_by_narrowing(settings, folds, whole)
        searches = [staged(settings.solver, of_fold) for of_fold in stages]
        solutions = run_together(searches, {CHEAPER: cheaper, WHOLE: whole})
        self._starts.ended_at(settings, [solution.params for solution in solutions])
        self._starts.know([fold.penalty for fold in folds], [s.evaluation for s in solutions])
        return [
            FoldFit(
                reported(fold, self._shift, solution.params),
                whole.held_out_logits(number, solution.params),
                solution,
            )
            for number, (fold, solution) in enumerate(zip(folds, solutions, strict=True))
        ]

    def _objective(self, settings: Settings, number: int) -> RegressionObjective:
        """Return the objective of the fold with this number, for one penalty."""
        objective = objective_of(
            settings,
            self._data.training_of(self._folds[number]),
            rows=self._rows,
            targets=self._targets[number],
        )
        objective.damp_like(self._pooled)
        return objective

    def _objectives(self, settings: Settings) -> list[RegressionObjective]:
        """Return the objective of each fold, for one penalty."""
        return [self._objective(settings, number) for number in range(len(self._folds))]

    def _stages_by_narrowing(
        self, settings: Settings, folds: Sequence[RegressionObjective], whole: FoldObjectives
    ) -> tuple[list[Stages], FoldObjectives]:
        """Return the stages of each fold, and the objectives on narrowed rows.

        If narrowed rows pay off, a fold has two stages: on narrowed rows, then on the rows.
        Otherwise it has one stage, on the rows.
        """
        starts = self._starts.of(settings, whole)
        shares_curvature = settings.solver.asks_curvature and folds[0].penalty.is_smooth
        problems = [
            replace(
                self._problem(settings, number, fold, start), shares_curvature=shares_curvature
            )
            for number, (fold, start) in enumerate(zip(folds, starts, strict=True))
        ]
        narrowed: list[Cheaper] = []
        if settings.solver.asks_curvature:
            narrowed = cheaper_together([self._pooled, *folds])[1:]
        cheaper = FoldObjectives([view.objective for view in narrowed])
        is_single = not narrowed or not settings.solver.begins_cheaply(problems[0])
        if shares_curvature:
            (whole if is_single else cheaper).share_curvature()
        if is_single:
            return [single_stage(problem, WHOLE) for problem in problems], cheaper
        stages = [
            cheaper_stages(problem, [(CHEAPER, view)], WHOLE, fold.evaluate)
            for problem, view, fold in zip(problems, narrowed, folds, strict=True)
        ]
        return stages, cheaper

    def _stages_by_coordinates(
        self, settings: Settings, folds: Sequence[RegressionObjective]
    ) -> tuple[list[Stages], FoldObjectives]:
        """Return the stages of each fold, and the objectives on coordinates.

        The first stage of a fold is on coordinates, the second on the rows. The params at which
        the first stage ends, of shape ``(n_outputs, n_coordinates)`` and a column for an
        intercept, are kept for the start of the next penalty.
        """
        assert self._rough is not None
        assert self._space is not None
        own = settings.on_coordinates()
        small = self._rough._objectives(own)
        cheaper = FoldObjectives(small)
        starts = self._rough._starts.of(own, cheaper)
        lift = partial(from_coordinates, self._space)
        ends: list[Array] = list(starts)
        self._rough._starts.ended_at(own, ends)
        stages = [
            row_space_stages(
                self._problem(own, number, nearly, start),
                self._problem(settings, number, fold, np.zeros(fold.shape)),
                lift,
                (CHEAPER, WHOLE),
                partial(ends.__setitem__, number),
            )
            for number, (nearly, start, fold) in enumerate(zip(small, starts, folds, strict=True))
        ]
        return stages, cheaper

    def _problem(
        self, settings: Settings, number: int, fold: RegressionObjective, start: Array
    ) -> Problem:
        """Return what the solver is told of a fold that starts at ``(n_outputs, n_columns)``."""
        if number not in self._values:
            self._values[number] = fold.value_at_zero, fold.null_value
        at_zero, null_value = self._values[number]
        problem = problem_of(settings, fold, start, at_zero)
        return replace(problem, null_value=null_value, least_scale=LEAST_SCALE)
