"""From a fitted model and its rows to an inference, in numbered steps."""

from __future__ import annotations

import numpy as np

from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.inference.covariances import covariance_of
from sk_softmax.inference.dependent_columns import dependence_of
from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.likelihood import Likelihood
from sk_softmax.inference.outcomes import outcomes_of
from sk_softmax.inference.polish import Polished, polish
from sk_softmax.inference.refusals import refuse_fit, refuse_size
from sk_softmax.inference.reported import column_names
from sk_softmax.inference.request import FittedModel, Request
from sk_softmax.inference.result import Inference
from sk_softmax.inference.sample import Sample, sample_of
from sk_softmax.inference.second_moments import Coordinates
from sk_softmax.interfaces import Array
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
    # 1. Refuse what was no maximum of a likelihood.
    refuse_fit(settings, model)
    outcomes = outcomes_of(training.classes, request.reference)
    n_columns = len(model.names) + settings.fit_intercept
    refuse_size((len(training.classes) - 1) * n_columns)
    # 2. Read the rows in float64, far columns shifted, and find columns that depend on others.
    sample = sample_of(settings, training, model, request)
    with single_threaded_blas():
        objective = sample.objective
        dependence = dependence_of(
            objective.data.gram, objective.penalty.l2, has_intercept=settings.fit_intercept
        )
        coordinates = Coordinates(outcomes, dependence.kept)
        # 3. Go on to the optimum.
        start = sample.shift.params(np.asarray(model.params, dtype=np.float64))
        polished = polish(sample, coordinates, dependence, start)
        # 4. The covariance there.
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
    # 5. What is reported of them.
    fitted = dependence.carried(outcomes.contrasts(start))
    return _reported(sample, estimate, polished, fitted, model, request)


def _reported(
    sample: Sample,
    estimate: Estimate,
    polished: Polished,
    fitted: Array,
    model: FittedModel,
    request: Request,
) -> Inference:
    """Return the inference; ``fitted`` are the contrasts of the fit, shaped as the polished."""
    coef, std_err = estimate.coef_of(polished.contrasts), estimate.std_err()
    with np.errstate(invalid="ignore", divide="ignore"):
        moved = np.abs(coef - estimate.coef_of(fitted)) / std_err
    is_shown = np.isfinite(moved)
    return Inference(
        columns=column_names(model.names, estimate.has_intercept),
        coef=_read_only(coef),
        std_err=_read_only(std_err),
        moved=float(moved[is_shown].max(initial=0.0)),
        decrement=polished.decrement,
        n_steps=polished.n_steps,
        is_penalised=sample.is_penalised,
        n_observations=sample.n_observations,
        request=request,
        likelihood=_likelihood(sample, estimate, polished, request),
        estimate=estimate,
        read=model.read,
    )


def _likelihood(
    sample: Sample, estimate: Estimate, polished: Polished, request: Request
) -> Likelihood:
    """Return the likelihood at the optimum, and why it may be none."""
    why_not = ""
    if sample.is_penalised:
        why_not = "the fit has a penalty, so it is no maximum of the likelihood"
    elif sample.are_probabilities:
        why_not = "with weights that are probabilities there is a pseudolikelihood only"
    elif request.covariance == "cluster":
        why_not = "rows of a cluster are not independent, so there is a pseudolikelihood only"
    n_parameters = estimate.coordinates.n_parameters
    n_intercepts = len(estimate.outcomes.others) * estimate.has_intercept
    return Likelihood(
        log_likelihood=-sample.times_mean * polished.mean_loss,
        class_totals=_read_only(sample.class_totals),
        n_observations=sample.n_observations,
        n_parameters=n_parameters,
        n_slopes=n_parameters - n_intercepts,
        has_intercept=estimate.has_intercept,
        why_not=why_not,
    )


def _read_only(array: Array) -> Array:
    """Return the array, which cannot be written to from now on."""
    array.flags.writeable = False
    return array
