"""A part of the rows of a cross-validation: which fold holds out which of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import with_class_weight
from sk_softmax.fitting.folded_set import given_of_present, offset_of_present
from sk_softmax.fitting.parted_training import Making, outputs_of
from sk_softmax.fitting.row_splits import RowSplit, Tally
from sk_softmax.fitting.settings import TrainingSet, Weights, hard_labels
from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import DataTerm, Targets, targets_of
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.objective.offset import class_major
from sk_softmax.parts import FoldedData, Part
from sk_softmax.rows import rows_of, threads_in_force

_numbers = itertools.count()


@dataclass(frozen=True, eq=False)
class FoldPlan:
    """What a part has to be told of the folds: all that depends on the rows of other parts."""

    present: Sequence[NDArray[np.intp]]
    """Numbers of the classes that each fold trains on, shape ``(n_present,)``."""

    mean_weights: Array
    """Mean weight, over all rows, of those that each fold trains on, shape ``(n_folds,)``."""

    number: int = field(default_factory=lambda: next(_numbers))
    """Tells plans apart."""


class SplitData:
    """The rows of a part, and which fold holds out each of them.

    Parameters
    ----------
    training : TrainingSet
        The rows as they were given.
    held_out_by : ndarray of int, shape (n_rows,)
        Number of the fold that holds out each row.
    making : Making
        How data terms are made of them.
    number : int
        Number of the part.
    n_folds : int
        Number of folds.
    """

    def __init__(
        self,
        training: TrainingSet,
        held_out_by: NDArray[np.intp],
        making: Making,
        number: int,
        n_folds: int,
    ) -> None:
        self._training = training
        self._held_out_by = held_out_by.astype(np.int32)
        self._making = making
        self._first_row = int(making.first_rows[number])
        self._n_folds = n_folds
        self._kept: tuple[int, FoldedData] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: not the terms, which are made of the rest."""
        return {**vars(self), "_kept": None}

    def folded(self, plan: FoldPlan) -> FoldedData:
        """Return the data terms of all folds, which are kept: all their other forms read them."""
        if self._kept is None or self._kept[0] != plan.number:
            self._kept = plan.number, self._folded(plan)
        return self._kept[1]

    def masses(self) -> Array:
        """Return the weight of each class that each fold holds out, ``(n_folds, n_classes)``."""
        given, weights = self._weighted()
        n_classes, own = len(self._training.classes), _or_ones(weights, len(self._held_out_by))
        masses = np.zeros((self._n_folds, n_classes))
        if given.ndim == 1:
            np.add.at(masses, (self._held_out_by, given), own)
        else:
            np.add.at(masses, self._held_out_by, own[:, None] * given)
        return masses

    def _weighted(self) -> tuple[Any, Weights | None]:
        """Return targets and weights after class weights, ``(n_rows,)``."""
        training, of_class = self._training, self._making.class_weight
        return with_class_weight(training.given, training.weights, of_class, len(training.classes))

    def _folded(self, plan: FoldPlan) -> FoldedData:
        training, making = self._training, self._making
        given, weights = self._weighted()
        rows = rows_of(
            training.X,
            self._n_folds * outputs_of(training.classes),
            has_intercept=making.has_intercept,
            n_threads=making.n_threads or threads_in_force(),
        )
        own = _or_ones(weights, rows.n_rows)
        everything = np.arange(len(training.classes))
        shared = self._targets(given, everything)
        pooled = self._term(rows, shared, everything)
        if making.mean_weight is not None:
            pooled.relative_weight = (own / making.mean_weight).astype(rows.dtype)
        terms, of_folds = [], zip(plan.present, plan.mean_weights, strict=True)
        for number, (present, mean) in enumerate(of_folds):
            if len(present) == 1:
                terms.append(pooled)
                continue
            has_all = len(present) == len(everything)
            targets = shared if has_all else self._targets(given, present)
            terms.append(self._term(rows, targets, present))
            trains = self._held_out_by != number
            terms[-1].relative_weight = (own * trains / mean).astype(rows.dtype)
        held_out = [np.flatnonzero(self._held_out_by == fold) for fold in range(self._n_folds)]
        return FoldedData(
            [*terms, pooled], held_out, plan.present, training.given, training.weights
        )

    def _targets(self, given: Any, present: NDArray[np.intp]) -> Targets:
        """Return the targets in terms of some of the classes."""
        given = given_of_present(given, present, len(self._training.classes))
        return targets_of(given, len(present), self._making.label_smoothing)

    def _term(self, rows: Rows, targets: Targets, present: NDArray[np.intp]) -> DataTerm:
        """Return the data term of these targets, without weights so far."""
        training, making = self._training, self._making
        offset = offset_of_present(training.offset, present, len(training.classes))
        return DataTerm(
            rows,
            targets,
            cross_entropy_of(len(present)),
            offset=class_major(offset, rows),
            first_row=self._first_row,
            n_rows=making.n_rows,
            has_offset=making.has_offset,
        )


def _or_ones(weights: Weights | None, n_rows: int) -> Weights:
    return np.ones(n_rows) if weights is None else weights


def split_part(given: Any, number: int, making: Making, split: RowSplit) -> Part:
    """Return the part of this number, made of what was given, with its rows split among folds."""
    training = making.read(given, number)
    if not training.X.shape[0]:
        return Part(None)
    first_row = int(making.first_rows[number])
    held_out_by = split.held_out_by(hard_labels(training.given), number, first_row)
    return Part(SplitData(training, held_out_by, making, number, split.n_folds))


def tally_part(given: Any, number: int, read: Callable[[Any, int], TrainingSet]) -> Tally:
    """Return how many rows of each class the part of this number has."""
    training = read(given, number)
    return Tally.of(hard_labels(training.given), len(training.classes))


def masses_of(data: SplitData) -> tuple[Any, ...]:
    """Question: the weight of each class that each fold holds out."""
    return (data.masses(),)
