"""Folds of rows in one place: what each trains on and holds out, and its objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.folds_alike import ObjectivesOfFolds, SetOfFolds
from sk_softmax.fitting.problems import objective_of, rows_for, targets_for
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import FoldObjectives, HeldOut, RegressionObjective


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
class FoldedSet(SetOfFolds):
    """A training set, with class weights applied, and its folds."""

    training: TrainingSet
    folds: Sequence[Fold]

    def with_rows(self, X: Array) -> FoldedSet:
        """Return the same set with another ``X``, which has the same number of rows."""
        return replace(self, training=replace(self.training, X=X))

    def training_of(self, fold: Fold) -> TrainingSet:
        """Return the training set of a fold: all rows, with the fold's weights and classes."""
        training = self.training
        offset = offset_of_present(training.offset, fold.present, self.n_classes)
        classes = training.classes[fold.present]
        return TrainingSet(training.X, fold.given, fold.weights, classes, offset)

    def shifted(self, settings: Settings) -> FoldsOnRows:
        """Return what makes the objectives: one shift for all folds, which share their rows."""
        rows = self._rows(settings)
        return FoldsOnRows(self, settings, rows, shift_of(settings, rows, self.training.weights))

    def unshifted(self, settings: Settings) -> FoldsOnRows:
        """Return what makes the objectives on the rows as they are."""
        return FoldsOnRows(self, settings, self._rows(settings), Shift.none(self.n_features))

    def _rows(self, settings: Settings) -> Rows:
        """Return the rows, of which all folds compute their logits at a time."""
        n_outputs = self.n_classes if self.n_classes > 2 else 1
        return rows_for(settings, self.training.X, n_outputs * len(self.folds))

    def held_out_of_constant(self, number: int) -> Array:
        """Return the logits, ``(1, n_held_out)``, of a fold whose model is sure of one class."""
        return np.zeros((1, len(self.folds[number].held_out)), self.dtype)


class FoldsOnRows(ObjectivesOfFolds):
    """The objectives of all folds on rows in one place.

    Parameters
    ----------
    data : FoldedSet
        The rows and the folds.
    settings : Settings
        Those of the fits, apart from ``C``.
    rows : Rows
        The rows as they are given.
    shift : Shift
        What is subtracted from their columns in all fits.
    """

    def __init__(self, data: FoldedSet, settings: Settings, rows: Rows, shift: Shift) -> None:
        self._data = data
        self.n_folds = len(data.folds)
        self.shift = shift
        self.rows = shift.rows(rows)
        self._held_out = [HeldOut(fold.held_out) for fold in data.folds]
        shared = targets_for(settings, data.training)
        self._targets = [
            shared
            if len(fold.present) == data.n_classes
            else targets_for(settings, data.training_of(fold))
            for fold in data.folds
        ]
        self._pooled = objective_of(settings, data.training, rows=self.rows, targets=shared)

    def objective(self, settings: Settings, number: int) -> RegressionObjective:
        """Return the objective of the fold with this number, for one penalty."""
        objective = objective_of(
            settings,
            self._data.training_of(self._data.folds[number]),
            rows=self.rows,
            targets=self._targets[number],
        )
        objective.damp_like(self._pooled)
        return objective

    def together(
        self, folds: Sequence[RegressionObjective], *, are_scored: bool = False
    ) -> FoldObjectives:
        """Return objectives that are evaluated together; their held-out rows may be scored."""
        return FoldObjectives(folds, self._held_out if are_scored else ())

    def held_out(self, whole: FoldObjectives, params: Sequence[Array]) -> list[Array]:
        """Return the logits that each fold's params give to the rows that it holds out.

        Shape ``(n_outputs, n_held_out)`` for each; params have ``(n_outputs, n_columns)``.
        """
        return [whole.held_out_logits(number, there) for number, there in enumerate(params)]


def offset_of_present(
    offset: Weights | None, present: NDArray[np.intp], n_classes: int
) -> Weights | None:
    """Return the offset of the classes that a fold knows, shape ``(n_rows, n_outputs)``.

    Of two classes left it is that of their log odds.
    """
    if offset is None or len(present) == n_classes:
        return offset
    offset = offset[:, present]
    return offset[:, 1:] - offset[:, :1] if len(present) == 2 else offset


def given_of_present(given: Any, present: NDArray[np.intp], n_classes: int) -> Any:
    """Return targets in terms of the classes that a fold knows.

    Rows of other classes get a number too, but have no weight in the fold.
    """
    if len(present) == n_classes:
        return given
    if given.ndim == 2:
        return np.ascontiguousarray(given[:, present])
    number = np.zeros(n_classes, dtype=np.intp)
    number[present] = np.arange(len(present))
    return np.asarray(number[given])
