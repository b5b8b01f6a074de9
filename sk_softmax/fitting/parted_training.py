"""A training set whose rows lie in parts, and the objective on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import balanced, with_class_weight
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.interfaces import Rows
from sk_softmax.objective import DataTerm, RegressionObjective, targets_of
from sk_softmax.objective.cross_entropy import cross_entropy_of
from sk_softmax.objective.offset import class_major
from sk_softmax.parts import (
    ClassWeights,
    KnownOfTargets,
    Outline,
    Part,
    PartedData,
    PartedRows,
    Parts,
    Summary,
)
from sk_softmax.rows import rows_of, threads_in_force


@dataclass(frozen=True, eq=False)
class PartedTrainingSet:
    """Rows in parts, their targets and their weights, as a user gave them."""

    given_parts: Parts
    """The parts as they were given."""

    read: Callable[[Any, int], TrainingSet]
    """From a given part and its number to its checked rows; it can be pickled."""

    summary: Summary
    """What is known of all rows, with a place for each of the classes."""

    rows_of_parts: Sequence[int]
    """How many rows each part has."""

    classes: NDArray[Any]
    """The labels as the user gave them, sorted, shape ``(n_classes,)``."""

    has_weights: bool
    has_offset: bool

    @property
    def place(self) -> None:
        """Where answers about the rows belong: in NumPy's memory."""

    @property
    def n_features(self) -> int:
        """How many features the rows have."""
        return self.summary.n_features

    @property
    def n_rows(self) -> int:
        """How many rows all parts have together."""
        return self.summary.n_rows

    @property
    def dtype(self) -> np.dtype[Any]:
        """The width of the rows: float32, or float64 if that of any part is."""
        return self.summary.dtype

    def weights_of_classes(self, settings: Settings) -> tuple[Weights | None, ClassWeights]:
        """Return the weight of each class, ``(n_classes,)``, and the rows' weights after it.

        The first is None if classes have no weight. It is an error if no row is left with weight.
        """
        given, of_class = self.summary.weights, settings.class_weight
        if of_class is None:
            return None, given
        if isinstance(of_class, str):
            of_class = balanced(given.total)
        factor: Weights = np.asarray(of_class, dtype=np.float64)
        weights = given.times(factor)
        if not weights.total.any():
            raise ValueError(
                "class_weight and sample_weight together leave every row without weight."
            )
        return factor, weights

    def rows(self, settings: Settings) -> PartedRows:
        """Return the rows in the form in which they are given, their targets weighted.

        What is kept of them where they lie is given back by ``rows.parts.release()``.
        """
        make = partial(part_of, making=self.making(settings))
        return PartedRows(self.given_parts.made_into(make), self.outline(settings))

    def making(self, settings: Settings) -> Making:
        """Return how a part is made of what was given."""
        n_rows = np.array(self.rows_of_parts)
        factor, weights = self.weights_of_classes(settings)
        return Making(
            self.read,
            np.cumsum(n_rows) - n_rows,
            self.summary.n_rows,
            factor,
            None if weights.are_equal else float(weights.total.sum()) / self.summary.n_rows,
            settings.label_smoothing,
            settings.fit_intercept,
            settings.n_threads_of_parts,
            self.has_offset,
        )

    def outline(self, settings: Settings, n_models: int = 1) -> Outline:
        """Return what is known of all rows, of which several models compute their logits."""
        summary = self.summary
        return Outline(
            summary.n_rows,
            summary.n_features,
            settings.fit_intercept,
            summary.dtype,
            n_models * outputs_of(self.classes),
            summary.stored,
            summary.is_sparse,
            settings.n_threads,
            summary.columns,
        )

    def data(self, settings: Settings, rows: Rows) -> PartedData:
        """Return the data term on these rows, in whatever form they are read."""
        assert isinstance(rows, PartedRows)
        _, weights = self.weights_of_classes(settings)
        mean = float(weights.total.sum()) / self.summary.n_rows
        totals = weights.total / mean
        smoothed = (1 - settings.label_smoothing) * totals
        smoothed += settings.label_smoothing * totals.sum() / len(totals)
        known = KnownOfTargets(
            self.summary.are_labels and settings.label_smoothing == 0,
            1.0 if weights.are_equal else float(weights.least_positive.min()) / mean,
            self.has_offset,
            self.summary.largest_difference,
            smoothed,
        )
        return PartedData(rows, cross_entropy_of(len(self.classes)), known)

    def objective(self, settings: Settings, rows: Rows) -> RegressionObjective:
        """Return the objective on these rows."""
        _, weights = self.weights_of_classes(settings)
        data, total = self.data(settings, rows), float(weights.total.sum())
        return RegressionObjective.on_data(data, total, settings.C, settings.form)


@dataclass(frozen=True, eq=False)
class Making:
    """How a part is made of what was given: all that depends on the rows of other parts."""

    read: Callable[[Any, int], TrainingSet]
    first_rows: NDArray[np.intp]
    """Numbers of the first row of each part, shape ``(n_parts,)``."""

    n_rows: int
    """Of all parts together."""

    class_weight: Weights | None
    """Shape ``(n_classes,)``."""

    mean_weight: float | None
    """Of the rows of all parts; None if all have the same weight."""

    label_smoothing: float
    has_intercept: bool
    n_threads: int | None
    """None: as many as a fit uses by default where the part is made."""

    has_offset: bool


def part_of(given: Any, number: int, making: Making) -> Part:
    """Return the part of this number, made of what was given."""
    training = making.read(given, number)
    if not training.X.shape[0]:
        return Part(None)
    targets, weights = training.given, training.weights
    n_classes = len(training.classes)
    if making.class_weight is not None:
        targets, weights = with_class_weight(targets, weights, making.class_weight, n_classes)
    rows = rows_of(
        training.X,
        outputs_of(training.classes),
        has_intercept=making.has_intercept,
        n_threads=making.n_threads or threads_in_force(),
    )
    relative = None
    if making.mean_weight is not None:
        weights = np.ones(rows.n_rows) if weights is None else weights
        relative = (weights / making.mean_weight).astype(rows.dtype)
    data = DataTerm(
        rows,
        targets_of(targets, n_classes, making.label_smoothing),
        cross_entropy_of(n_classes),
        relative,
        offset=class_major(training.offset, rows),
        first_row=int(making.first_rows[number]),
        n_rows=making.n_rows,
        has_offset=making.has_offset,
    )
    return Part(data)


def outputs_of(classes: NDArray[Any]) -> int:
    """Return the number of rows of params: one for two classes."""
    return len(classes) if len(classes) > 2 else 1
