"""A training set made ready for a fit: its rows, what is subtracted from them, the objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.problems import jeffreys_of, objective_of, rows_for
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift, shift_by_summary, shift_of
from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import RegressionObjective
from sk_softmax.parts import PartedRows
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.rows import single_threaded_blas

AnyTrainingSet: TypeAlias = TrainingSet | PartedTrainingSet | DeviceTrainingSet
"""Rows in memory, in parts, or on a device."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a fit is about, whether its rows lie in one place or in parts."""

    given: Rows
    """The rows as they are given."""

    shift: Shift
    """What is subtracted from their columns."""

    objective: RegressionObjective
    """On the shifted rows."""

    def in_given_columns(self) -> RegressionObjective:
        """Return the objective on the rows as they are given, in float64 if their place has it."""
        if isinstance(self.given, DeviceRows) and not self.given.place.has_float64:
            return self.objective.on(self.given)
        return self.objective.on(self.given.widened())

    def release(self) -> None:
        """Give back what is kept of rows that lie in parts."""
        if isinstance(self.given, PartedRows):
            self.given.parts.release()


def prepared(settings: Settings, training: AnyTrainingSet, *, may_prove: bool = True) -> Prepared:
    """Return the objective that the settings describe, on shifted rows.

    ``may_prove`` is whether a fit may have to prove that its optimum is finite, which takes
    float64.
    """
    if isinstance(training, DeviceTrainingSet):
        training = training.weighted_by_class(settings)
        there = training.rows(settings)
        if may_prove and _needs_float64(settings) and not there.place.has_float64:
            there.widened()  # an error
        shift = training.shift(settings, there)
        objective = training.objective(settings, shift.rows(there))
        objective.noise = shift.noise
        return Prepared(there, shift, objective)
    if isinstance(training, PartedTrainingSet):
        parted = training.rows(settings)
        shift = shift_by_summary(settings, parted, training.summary.columns)
        objective = training.objective(settings, shift.rows(parted))
        objective.noise = shift.noise
        return Prepared(parted, shift, objective)
    training = weighted_by_class(settings, training)
    given = rows_for(settings, training.X, len(training.classes))
    shift = shift_of(settings, given, training.weights)
    objective = objective_of(settings, training, rows=shift.rows(given))
    objective.noise = shift.noise
    return Prepared(given, shift, objective)


def objective_values(
    settings: Settings, training: AnyTrainingSet, points: Array
) -> NDArray[np.float64]:
    """Return the objective in nats a row at each point, shape ``(...)``.

    ``points`` has shape ``(..., n_outputs, n_columns)``.
    """
    ready = prepared(settings, training)
    objective = ready.objective
    flat = ready.shift.params(points.reshape(-1, *objective.shape).astype(np.float64))
    with single_threaded_blas(), np.errstate(all="ignore"):
        if settings.bias_reduction:
            jeffreys = jeffreys_of(objective)
            values = [jeffreys.evaluate(params).value for params in flat]
        else:
            values = [objective.value(params) for params in flat]
    ready.release()
    return np.array(values).reshape(points.shape[:-2])


def _needs_float64(settings: Settings) -> bool:
    """Whether a fit asks its rows for float64: for bias reduction, or to prove an optimum."""
    factors = settings.penalty_factor
    is_free = np.isinf(settings.C) or (factors is not None and not factors.all())
    may_separate = settings.lower_bounds is None and settings.label_smoothing == 0
    return settings.bias_reduction is not None or bool(is_free and may_separate)
