"""Coordinates of rows with far more features than rows, wherever the rows lie."""

from __future__ import annotations

from dataclasses import replace

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.problems import objective_of
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.objective import MOST_COLUMNS, RegressionObjective
from sk_softmax.rows import RowSpace


def has_coordinates(training: AnyTrainingSet) -> bool:
    """Whether coordinates of rows can be computed where they lie: in one place, in float64."""
    if isinstance(training, DeviceTrainingSet):
        return training.place.has_float64
    return isinstance(training, TrainingSet)


def in_coordinates(
    settings: Settings, training: AnyTrainingSet, objective: RegressionObjective
) -> tuple[RowSpace, RegressionObjective]:
    """Return coordinates of an objective's rows, and the objective in coordinates."""
    # Milliseconds of a fit of two classes on one thread, by L-BFGS and by Newton's method with
    # Hessians by products of rows: 200 x 500 7.9 and 4.6, 150 x 2,000 7.8 and 5.4, 350 x 784 23
    # and 19, 500 x 1,500 45 and 29, 1,000 x 3,000 245 and 185; but 2,000 x 5,000, where L-BFGS
    # has a diagonal metric, 800 and 1,600. With fewer coordinates than half of the rows a Hessian
    # among them takes fewer multiplications.
    space, weighted = _coordinates_of(settings, training, objective)
    small = objective_of(settings.on_coordinates(), weighted)
    if small.loss.n_outputs == 1 and small.rows.n_rows <= min(MOST_COLUMNS, 2 * space.rank):
        small.go_by_kernel(space.products)
    return space, small


def _coordinates_of(
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
