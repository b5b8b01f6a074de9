"""Folds of rows on a device: weights within all rows, which no fold copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.folds_alike import AskedFolds, HeldOutQuestion, ObjectivesOfFolds
from sk_softmax.fitting.settings import Settings
from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import FoldObjectives, RegressionObjective
from sk_softmax.parts import FoldedData
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_folds import DeviceFoldedData, DeviceFoldObjectives

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Numbers of the rows that a fold trains on, and of those that it holds out, ascending."""


@dataclass(frozen=True, eq=False)
class FoldOnDevice:
    """One fold of rows on a device."""

    number: int
    present: NDArray[np.intp]
    """Numbers of the classes that the fold trains on, shape ``(n_present,)``."""

    training: DeviceTrainingSet
    """All rows, with the fold's weights, and targets in terms of its classes."""

    held_out: NDArray[np.intp]
    """Numbers of the rows to score, ascending, shape ``(n_held_out,)``."""


@dataclass(frozen=True, eq=False)
class FoldsOnDevice(AskedFolds):
    """A training set on a device and its folds."""

    training: DeviceTrainingSet
    """With class weights applied."""

    folds: Sequence[FoldOnDevice]
    """Some of the folds or all of them."""

    scored: DeviceFoldedData
    """What all folds are scored on; its only data term is that of all rows."""

    question: HeldOutQuestion
    """What is asked about the rows held out when the fits for a penalty have ended."""

    @classmethod
    def of(
        cls,
        settings: Settings,
        training: DeviceTrainingSet,
        splits: Sequence[Split],
        question: HeldOutQuestion,
        check: Callable[[Sequence[FoldOnDevice]], None],
    ) -> Self:
        """Return the folds of these splits.

        Parameters
        ----------
        settings : Settings
            Those of the fits, apart from the penalty.
        training : DeviceTrainingSet
            The rows.
        splits : sequence of Split
            One for each fold.
        question : callable
            See :data:`HeldOutQuestion`.
        check : callable
            Called with all folds as soon as they are known; it may raise an error.
        """
        weighted = training.weighted_by_class(settings)
        folds = [_fold(number, split, weighted) for number, split in enumerate(splits)]
        check(folds)
        pooled = weighted.data(settings, weighted.rows(settings))
        scored = DeviceFoldedData(
            [pooled],
            [fold.held_out for fold in folds],
            [fold.present for fold in folds],
            training.given_on_host,
            training.weights_on_host,
        )
        return cls(weighted, folds, scored, question)

    def shifted(self, settings: Settings) -> FoldsOnDeviceRows:
        """Return what makes the objectives: one shift for all folds."""
        return FoldsOnDeviceRows(self, settings)

    def ask(self, question: Callable[[FoldedData], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the answer to a question about the targets of the rows held out."""
        return question(self.scored)


def _fold(number: int, split: Split, training: DeviceTrainingSet) -> FoldOnDevice:
    """Return the fold of one split."""
    train, held_out = split
    # A row that is drawn twice counts twice.
    times = np.bincount(train, minlength=training.n_rows).astype(np.float64)
    own = training.times(times)
    present = np.flatnonzero(own.totals_of_classes())
    return FoldOnDevice(number, present, own.of_classes(present), held_out)


class FoldsOnDeviceRows(ObjectivesOfFolds):
    """The objectives of some folds on rows of a device.

    Parameters
    ----------
    data : FoldsOnDevice
        The rows and the folds.
    settings : Settings
        Those of the fits, apart from ``C``.
    """

    def __init__(self, data: FoldsOnDevice, settings: Settings) -> None:
        self._data = data
        self.n_folds = len(data.folds)
        given = data.training.rows(settings, n_models=len(data.folds))
        self.shift = data.training.shift(settings, given)
        self.rows: Rows = self.shift.rows(given)
        self._pooled = data.training.objective(settings, self.rows)
        self._bases = [fold.training.objective(settings, self.rows) for fold in data.folds]

    def objective(self, settings: Settings, number: int) -> RegressionObjective:
        """Return the objective of the fold with this number, for one penalty."""
        base = self._bases[number]
        objective = RegressionObjective.on_data(
            base.data.counting_anew(), base.total_weight, settings.C, settings.form
        )
        objective.damp_like(self._pooled)
        return objective

    def together(
        self, folds: Sequence[RegressionObjective], *, are_scored: bool = False
    ) -> FoldObjectives:
        """Return objectives that are evaluated together; held-out rows are asked for instead."""
        return DeviceFoldObjectives(folds)

    def held_out(self, whole: FoldObjectives, params: Sequence[Array]) -> list[Any]:
        """Return what is asked about the rows that each fold holds out.

        ``params`` has those of each fold, ``(n_outputs, n_columns)``.
        """
        folds = self._data.folds
        terms = list(self._data.scored.terms) * len(self._data.scored.held_out)
        for fold, base in zip(folds, self._bases, strict=True):
            assert isinstance(base.data, DeviceData)
            terms[fold.number] = base.data
        there = {fold.number: own for fold, own in zip(folds, params, strict=True)}
        return list(self._data.question(replace(self._data.scored, terms=terms), params=there))
