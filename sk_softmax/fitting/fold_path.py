"""Fits of all folds of a cross-validation along a path of penalties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from sk_softmax.fitting.fold_starts import Starts
from sk_softmax.fitting.folded_set import FoldedSet, FoldsOnRows
from sk_softmax.fitting.folds_in_parts import FoldsInParts, FoldsOnParts
from sk_softmax.fitting.folds_on_device import FoldsOnDevice, FoldsOnDeviceRows
from sk_softmax.fitting.problems import problem_of
from sk_softmax.fitting.reported import reported
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.staged import Stages, staged
from sk_softmax.fitting.stages import (
    cheaper_stages,
    from_coordinates,
    is_wide,
    row_space_stages,
    single_stage,
)
from sk_softmax.fitting.together import run_together
from sk_softmax.interfaces import Array, Problem, Solution
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective import MOST_COLUMNS, Cheaper, FoldObjectives, RegressionObjective
from sk_softmax.rows import RowSpace, single_threaded_blas
from sk_softmax.solvers import Auto

# The least value in nats a row that the tolerance of a fold is relative to. Below it, with weak
# penalties, a fold is sure of its rows and no accuracy depends on by how much. On standardised
# digits the fits to tol=1e-4 took 396 iterations relative to the value, and 271 with this floor.
LEAST_SCALE = 0.01


@dataclass(frozen=True)
class FoldFit:
    """The model of one fold for one penalty."""

    params: Array
    """Shape ``(n_outputs, n_columns)``, as it is reported: see ``Fitted``.

    With more than two classes, each column adds up to zero over the classes, unless it has an L1
    penalty or a bound.
    """

    held_out: Any
    """Logits of the rows held out, ``(n_outputs, n_held_out)``; or what is asked about them."""

    solution: Solution


AnyFolds: TypeAlias = FoldedSet | FoldsInParts | FoldsOnDevice
"""Rows in memory, in parts or on a device, and their folds."""


def fit_path(path: Sequence[Settings], data: AnyFolds) -> Iterator[list[FoldFit]]:
    """Yield the fits of all folds for one penalty after the other.

    Each fit starts at params extrapolated from the fits before it, or where the last one ended.

    Parameters
    ----------
    path : sequence of Settings
        Settings of the fits, from the strongest penalty to the weakest.
    data : FoldedSet, FoldsInParts or FoldsOnDevice
        The rows and the folds.

    Yields
    ------
    fits : list of FoldFit
        One per fold.
    """
    with single_threaded_blas(), quiet():
        folds = _Path(data, data.shifted(path[0]))
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

    def __init__(
        self, data: AnyFolds, folds: FoldsOnRows | FoldsOnParts | FoldsOnDeviceRows
    ) -> None:
        self._data = data
        self._folds = folds
        self._starts = Starts(folds.n_folds)
        # Of each fold, at zero and of the null model: they depend on no penalty, and beside an
        # offset take several evaluations.
        self._values: dict[int, tuple[float, float]] = {}
        self._rough: _Path | None = None
        self._space: RowSpace | None = None

    def is_wide(self, settings: Settings) -> bool:
        """Whether to fit to the rows' coordinates first, given the settings of the last fit.

        The last fit has the weakest penalty. If that is an L2 penalty on all features, all fits
        have one, and the optimum in coordinates is the optimum in features. Coordinates are found
        of rows in memory.
        """
        if not isinstance(self._data, FoldedSet):
            return False
        objective = self._folds.objective(settings, 0)
        start = np.zeros(objective.shape)
        return isinstance(settings.solver, Auto) and is_wide(objective, start)

    def go_by_coordinates(self, settings: Settings) -> None:
        """Fit to the rows' coordinates first.

        The coordinates of all rows serve every fold: coefficients have the same L2 norm, and so
        the same penalty, in coordinates as in features.
        """
        assert isinstance(self._data, FoldedSet)
        self._space = RowSpace(self._folds.rows, settings.n_threads, MOST_COLUMNS)
        data = self._data.with_rows(self._space.coordinates)
        self._rough = _Path(data, data.unshifted(settings.on_coordinates()))

    def fit(self, settings: Settings) -> list[FoldFit]:
        """Return the fits of all folds for one penalty."""
        folds = self._objectives(settings)
        whole = self._folds.together(folds, are_scored=True)
        if self._rough is not None:
            stages, cheaper = self._stages_by_coordinates(settings, folds)
        else:
            stages, cheaper = self._stages_by_narrowing(settings, folds, whole)
        searches = [staged(settings.solver, of_fold) for of_fold in stages]
        solutions = run_together(searches, {CHEAPER: cheaper, WHOLE: whole})
        params = [solution.params for solution in solutions]
        self._starts.ended_at(settings, params)
        self._starts.know([fold.penalty for fold in folds], [s.evaluation for s in solutions])
        found = zip(folds, self._folds.held_out(whole, params), solutions, strict=True)
        return [
            FoldFit(reported(fold, self._folds.shift, solution.params), held_out, solution)
            for fold, held_out, solution in found
        ]

    def _objectives(self, settings: Settings) -> list[RegressionObjective]:
        """Return the objective of each fold, for one penalty."""
        numbers = range(self._folds.n_folds)
        return [self._folds.objective(settings, number) for number in numbers]

    def _stages_by_narrowing(
        self, settings: Settings, folds: Sequence[RegressionObjective], whole: FoldObjectives
    ) -> tuple[list[Stages], FoldObjectives]:
        """Return the stages of each fold, and the objectives on narrowed rows.

        If narrowed rows pay off, a fold has two stages: on narrowed rows, then on the rows.
        Otherwise it has one stage, on the rows.
        """
        shares_curvature = settings.solver.asks_curvature and folds[0].penalty.is_smooth
        narrowed: list[Cheaper] = []
        if settings.solver.asks_curvature:
            narrowed = self._folds.narrowed(folds)
        anywhere = self._problem(settings, 0, folds[0], np.zeros(folds[0].shape))
        begins_cheaply = settings.solver.begins_cheaply(anywhere)
        if shares_curvature and begins_cheaply:
            self._folds.measure_on_sample(folds, narrowed)
        cheaper = self._folds.together([view.objective for view in narrowed])
        is_single = not narrowed or not begins_cheaply
        problems = [
            replace(problem, shares_curvature=shares_curvature)
            for problem in self._problems(settings, folds, whole if is_single else cheaper)
        ]
        if shares_curvature:
            whole.share_curvature()
            cheaper.share_curvature()
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
        cheaper = self._rough._folds.together(small)
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

    def _problems(
        self, settings: Settings, folds: Sequence[RegressionObjective], first: FoldObjectives
    ) -> list[Problem]:
        """Return what the solver is told of each fold, which first asks ``first``."""
        starts = self._starts.of(settings, first)
        return [
            replace(
                self._problem(settings, number, fold, start),
                seen=self._starts.seen(settings, number, fold),
            )
            for number, (fold, start) in enumerate(zip(folds, starts, strict=True))
        ]

    def _problem(
        self, settings: Settings, number: int, fold: RegressionObjective, start: Array
    ) -> Problem:
        """Return what the solver is told of a fold that starts at ``(n_outputs, n_columns)``."""
        if number not in self._values:
            self._values[number] = fold.value_at_zero, fold.null_value
        at_zero, null_value = self._values[number]
        problem = problem_of(settings, fold, start, at_zero)
        return replace(problem, null_value=null_value, least_scale=LEAST_SCALE)
