"""From a fitted model and its rows to an inference, in numbered steps."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift
from sk_softmax.inference.covariances import covariance_of
from sk_softmax.inference.dependent_columns import Dependence, dependence_of
from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.hypotheses import column_numbers
from sk_softmax.inference.likelihood import Likelihood
from sk_softmax.inference.outcomes import Outcomes, outcomes_of
from sk_softmax.inference.polish import polish
from sk_softmax.inference.refusals import refuse_fit, refuse_size
from sk_softmax.inference.reported import column_names
from sk_softmax.inference.request import FittedModel, Request
from sk_softmax.inference.result import Inference
from sk_softmax.inference.sample import Sample, sample_of
from sk_softmax.inference.second_moments import Coordinates
from sk_softmax.inference.selected import selected
from sk_softmax.interfaces import Array
from sk_softmax.objective.intercepts import null_loss
from sk_softmax.rows import single_threaded_blas


def inference_of(
    settings: Settings, training: TrainingSet, model: FittedModel, request: Request
) -> Inference:
    """Return how sure the coefficients of a fitted model are.

    Parameters
    ----------
    settings : Settings
        Those of the fit.
    training : TrainingSet
        The rows that it was fitted to.
    model : FittedModel
        The result of the fit.
    request : Request
        What is asked for.

    Raises
    ------
    ValueError
        If there is no such inference; it says why.
    MemoryError
        If the covariance would be too large.
    """
    # 1. Refuse what was no maximum of a likelihood, and what would be too large.
    refuse_fit(settings, training, model)
    outcomes = outcomes_of(training.classes, request.reference)
    columns = None
    if request.features is not None:
        columns = column_numbers(request.features, model.names)
    n_columns = len(model.names) + settings.fit_intercept if columns is None else len(columns)
    refuse_size(len(outcomes.others) * n_columns)
    # 2. Read the rows in float64, with far columns shifted.
    sample = sample_of(settings, training, model, request)
    start = sample.shift.params(np.asarray(model.params, dtype=np.float64))
    with single_threaded_blas():
        if columns is not None:
            return _of_some(sample, outcomes, start, columns, model, request)
        return _of_all(sample, outcomes, start, model, request)


def _of_all(
    sample: Sample, outcomes: Outcomes, start: Array, model: FittedModel, request: Request
) -> Inference:
    """Return the inference of all coefficients; ``start`` are the params of the fit."""
    objective, settings = sample.objective, sample.settings
    # 3. Find columns that depend on others.
    dependence = dependence_of(objective.data.gram, objective.penalty.l2)
    coordinates = Coordinates(outcomes, dependence.kept)
    # 4. Go on to the optimum.
    polished = polish(sample, coordinates, dependence, start)
    # 5. The covariance there.
    params = outcomes.params(polished.contrasts)
    covariance = covariance_of(sample, coordinates, params, polished.curvature, request)
    estimate = Estimate(
        coordinates,
        dependence,
        sample.shift,
        settings.fit_intercept,
        settings.n_threads,
        polished.contrasts,
        _read_only(covariance.matrix),
        covariance.n_clusters,
    )
    # 6. What is reported of them.
    fitted = dependence.carried(outcomes.contrasts(start))
    names = column_names(model.names, settings.fit_intercept)
    likelihood = _likelihood(sample, coordinates, polished.mean_loss, request)
    steps = Steps(polished.decrement, polished.n_steps)
    return _reported(sample, estimate, likelihood, steps, fitted, names, model, request)


def _of_some(
    sample: Sample,
    outcomes: Outcomes,
    start: Array,
    columns: NDArray[np.intp],
    model: FittedModel,
    request: Request,
) -> Inference:
    """Return the inference of the coefficients of some columns, without any large matrix."""
    names = tuple(model.names[column] for column in columns)
    found = selected(sample, outcomes, start, columns, names)
    n, every = len(columns), np.arange(start.shape[1])
    estimate = Estimate(
        Coordinates(outcomes, np.arange(n)),
        Dependence(np.arange(n), np.arange(0), np.zeros((n, 0)), np.ones(n)),
        Shift.none(n),
        False,
        sample.settings.n_threads,
        found.contrasts[:, columns],
        _read_only(found.covariance),
        None,
    )
    fitted = outcomes.contrasts(start)[:, columns]
    likelihood = _likelihood(sample, Coordinates(outcomes, every), found.mean_loss, request)
    steps = Steps(found.decrement, found.n_steps)
    inference = _reported(sample, estimate, likelihood, steps, fitted, names, model, request)
    return replace(inference, is_of_some=True)


class Steps(NamedTuple):
    """How the optimum was reached."""

    decrement: float
    n_steps: int


def _reported(
    sample: Sample,
    estimate: Estimate,
    likelihood: Likelihood,
    steps: Steps,
    fitted: Array,
    names: tuple[str, ...],
    model: FittedModel,
    request: Request,
) -> Inference:
    """Return the inference; ``fitted`` are the contrasts of the fit, as the estimate has them."""
    coef, std_err = estimate.coef_of(estimate.contrasts), estimate.std_err()
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.abs(coef - estimate.coef_of(fitted)) / std_err
    return Inference(
        columns=names,
        coef=_read_only(coef),
        std_err=_read_only(std_err),
        moved=float(moved[np.isfinite(moved)].max(initial=0.0)),
        decrement=steps.decrement,
        n_steps=steps.n_steps,
        is_penalised=sample.is_penalised,
        n_observations=sample.n_observations,
        request=request.without_rows(),
        likelihood=likelihood,
        estimate=estimate,
        read=model.read,
        read_offset=model.read_offset,
    )


def _likelihood(
    sample: Sample, coordinates: Coordinates, mean_loss: float, request: Request
) -> Likelihood:
    """Return the likelihood at the optimum, and why it may be none."""
    why_not = ""
    if sample.is_penalised:
        why_not = "the fit has a penalty, so it is no maximum of the likelihood"
    elif sample.are_probabilities:
        why_not = "with weights that are probabilities there is a pseudolikelihood only"
    elif request.covariance == "cluster":
        why_not = "rows of a cluster are not independent, so there is a pseudolikelihood only"
    has_intercept = sample.settings.fit_intercept
    n_intercepts = len(coordinates.outcomes.others) * has_intercept
    return Likelihood(
        log_likelihood=-sample.times_mean * mean_loss,
        class_totals=_read_only(sample.class_totals),
        n_observations=sample.n_observations,
        n_parameters=coordinates.n_parameters,
        n_slopes=coordinates.n_parameters - n_intercepts,
        has_intercept=has_intercept,
        why_not=why_not,
        null_with_offset=_null_with_offset(sample),
    )


def _null_with_offset(sample: Sample) -> float | None:
    """Return the log likelihood of intercepts beside the offset; None without an offset."""
    data = sample.objective.data
    return -sample.times_mean * null_loss(data) if data.has_offset else None


def _read_only(array: Array) -> Array:
    """Return the array, which cannot be written to from now on."""
    array.flags.writeable = False
    return array
