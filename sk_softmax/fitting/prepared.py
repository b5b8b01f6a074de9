"""A training set made ready for a fit: its rows, what is subtracted from them, the objective."""

from __future__ import annotations

from dataclasses import dataclass

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.problems import objective_of, rows_for
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift, shift_by_summary, shift_of
from sk_softmax.interfaces import Rows
from sk_softmax.objective import RegressionObjective
from sk_softmax.parts import PartedRows


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
        """Return the objective on the rows as they are given, in float64."""
        return self.objective.on(self.given.widened())

    def release(self) -> None:
        """Give back what is kept of rows that lie in parts."""
        if isinstance(self.given, PartedRows):
            self.given.parts.release()


def prepared(settings: Settings, training: TrainingSet | PartedTrainingSet) -> Prepared:
    """Return the objective that the settings describe, on shifted rows."""
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
