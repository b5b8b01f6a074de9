"""The rows of a fit, as inference reads them: in float64, far columns shifted, weights known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.problems import objective_of, rows_for
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift, shift_of
from sk_softmax.inference.refusals import refuse_other_rows, refuse_request
from sk_softmax.inference.request import FittedModel, Request
from sk_softmax.interfaces import Array
from sk_softmax.objective import RegressionObjective
from sk_softmax.solvers import NewtonCholesky, ProximalLBFGS


@dataclass(frozen=True, eq=False)
class Sample:
    """The objective on the rows, and what their weights mean."""

    objective: RegressionObjective
    shift: Shift
    settings: Settings
    are_distributions: bool
    """Whether a row's outcome may be spread over several classes."""

    are_probabilities: bool
    """Whether weights say how much a row counts, and not how often it was observed."""

    n_observations: float
    """Rows with weight, or the sum of weights that are frequencies."""

    @property
    def times_mean(self) -> float:
        """By what the objective, a mean, is multiplied to give a log likelihood.

        Where weights are probabilities this is the number of rows: their unit has no meaning.
        """
        data = self.objective.data
        return float(data.n_rows if self.are_probabilities else self.objective.total_weight)

    @property
    def is_penalised(self) -> bool:
        """Whether the fit has an L2 penalty on any column."""
        return bool(self.objective.penalty.l2.any())

    @property
    def class_totals(self) -> Array:
        """Observations of each class, shape ``(n_classes,)``."""
        data = self.objective.data
        totals = data.targets.totals(data.relative_weight)
        return np.asarray(totals * (self.times_mean / data.n_rows))


def sample_of(
    settings: Settings, training: TrainingSet, model: FittedModel, request: Request
) -> Sample:
    """Return the rows for an inference, or raise the error that says why there is none."""
    has_class_weight = settings.class_weight is not None
    are_distributions = training.given.ndim == 2
    settings = replace(settings, solver=NewtonCholesky(), lower_bounds=None, upper_bounds=None)
    weighted = weighted_by_class(settings, training)
    rows = rows_for(settings, weighted.X, len(weighted.classes), in_short_blocks=True)
    # A diagonal metric has columns shifted that are one standard deviation from zero. Here that is
    # for the digits of the covariance: z of years and their squares was off by 2e-5 without.
    shift = shift_of(replace(settings, solver=ProximalLBFGS()), rows, weighted.weights)
    rows = shift.rows(rows)
    objective = objective_of(
        settings, weighted, rows=rows if rows.dtype == np.float64 else rows.widened()
    )
    refuse_other_rows(weighted, objective.total_weight, model)
    refuse_request(
        request,
        is_penalised=bool(objective.penalty.l2.any()),
        has_weights=training.weights is not None,
        has_class_weight=has_class_weight,
        are_distributions=are_distributions,
    )
    are_probabilities = has_class_weight or request.weights_are == "probabilities"
    weights = weighted.weights
    if weights is None:
        n_observations = float(objective.rows.n_rows)
    else:
        n_observations = float((weights > 0).sum() if are_probabilities else weights.sum())
    return Sample(objective, shift, settings, are_distributions, are_probabilities, n_observations)
