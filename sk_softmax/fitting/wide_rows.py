"""Coordinates of rows with far more features than rows, wherever the rows lie."""

from __future__ import annotations

from dataclasses import replace

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.objective import MOST_COLUMNS, RegressionObjective
from sk_softmax.rows import RowSpace


def has_coordinates(training: AnyTrainingSet) -> bool:
    """Whether coordinates of rows can be computed where they lie: in one place, in float64."""
    if isinstance(training, DeviceTrainingSet):
        return training.place.has_float64
    return isinstance(training, TrainingSet)


def coordinates_of(
    settings: Settings, training: AnyTrainingSet, objective: RegressionObjective
) -> tuple[RowSpace, TrainingSet]:
    """Return coordinates of an objective's rows, and the training set of them in coordinates."""
    if isinstance(training, DeviceTrainingSet):
        there = training.weighted_by_class(settings)
        space: RowSpace = there.row_space(objective, MOST_COLUMNS)
        return space, there.with_rows_on_host(space.coordinates)
    assert isinstance(training, TrainingSet)
    space = RowSpace(objective.rows, settings.n_threads, MOST_COLUMNS)
    return space, replace(weighted_by_class(settings, training), X=space.coordinates)
