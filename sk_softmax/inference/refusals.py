"""Fits that standard errors do not exist for, or would mislead about: errors that say why."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.inference.detection import separation_of
from sk_softmax.inference.request import FittedModel, Request
from sk_softmax.interfaces import Status

MOST_BYTES = 4 * 10**9
"""Of a covariance matrix."""


def refuse_fit(settings: Settings, training: TrainingSet, model: FittedModel) -> None:
    """Raise a ``ValueError`` if the fit was no maximum of a smooth (penalised) likelihood.

    ``training`` are the rows of the fit, in which separated classes and features are named.
    """
    if settings.bias_reduction:
        raise ValueError(
            f"bias_reduction={settings.bias_reduction!r} maximises a penalised likelihood, whose "
            "intervals are profiles and not symmetric: call bias_reduced_inference."
        )
    if settings.l1_ratio > 0 and np.isfinite(settings.C):
        raise ValueError(
            "An L1 penalty has selected the features, and no standard error holds for the "
            "coefficients that it left: refit the selected features with C=numpy.inf on rows that "
            "were not used to select them. (On the same rows 13 to 99 % of selected features of "
            "pure noise came out with p below 0.05.)"
        )
    if settings.label_smoothing > 0:
        raise ValueError(
            f"label_smoothing={settings.label_smoothing:g} fits targets that nobody observed, so "
            "the result is no maximum of the likelihood. Fit with label_smoothing=0."
        )
    if settings.patience is not None:
        raise ValueError(
            "early_stopping=True ends a fit before its optimum, where no standard error is known. "
            "Fit with early_stopping=False."
        )
    if settings.solver.is_stochastic:
        raise ValueError(
            f"{type(settings.solver).__name__} learns from minibatches and stops near an optimum, "
            "not at it. Fit with solver='auto'."
        )
    _refuse_active_bounds(settings, model)
    _refuse_end(settings, training, model)


def _refuse_active_bounds(settings: Settings, model: FittedModel) -> None:
    """Raise an error if a coefficient is at one of its bounds."""
    if settings.lower_bounds is None or settings.upper_bounds is None:
        return
    coef = model.params[:, : len(model.names)]
    at_bound = (coef <= settings.lower_bounds) | (coef >= settings.upper_bounds)
    if at_bound.any():
        feature = model.names[int(np.flatnonzero(at_bound.any(axis=0))[0])]
        raise ValueError(
            f"A coefficient of {feature!r} is at its bound. There the estimate is not normally "
            "distributed about the truth, so it has no standard error. Fit without bounds."
        )


def _refuse_end(settings: Settings, training: TrainingSet, model: FittedModel) -> None:
    """Raise an error if the fit did not end at an optimum."""
    if model.status is Status.SEPARATED:
        raise ValueError(
            "The classes are separated, so that no finite optimum exists, and without one there "
            "is no standard error: the coefficients grow as far as tol lets them. Fit with a "
            "finite C or with bias_reduction='firth', or leave out the features that tell classes "
            f"apart without a mistake.{_named(settings, training, model)}"
        )
    if not model.converged:
        why = f": {model.status.message}" if model.status is not None else ""
        raise ValueError(
            f"The fit did not converge{why}. Standard errors are those of an optimum; fit until "
            "converged_ is True."
        )


def _named(settings: Settings, training: TrainingSet, model: FittedModel) -> str:
    """Return which classes are told apart by which features, on lines of their own.

    Nothing if features with a penalty tell classes apart too, for which there is no programme.
    """
    if np.isfinite(settings.C):
        return ""
    found = separation_of(settings, weighted_by_class(settings, training), model.names)
    return "" if found.kind == "none" else f"\n{found}"


def refuse_other_rows(training: TrainingSet, total_weight: float, model: FittedModel) -> None:
    """Raise an error if the rows are not as many, or weigh another amount, than in the fit."""
    seen, n_rows = model.seen, training.X.shape[0]
    if seen is None:
        return
    if seen.n_rows != n_rows:
        raise ValueError(
            f"X has {n_rows} rows, but the model was fitted to {seen.n_rows}: inference needs the "
            "rows of the fit."
        )
    if not np.isclose(seen.weight, total_weight, rtol=1e-6, atol=0.0):
        raise ValueError(
            f"The rows weigh {total_weight:g} together, but {seen.weight:g} in the fit: inference "
            "needs the sample_weight of the fit."
        )


def refuse_other_gradient(decrease: float, allowed: float, tol: float) -> None:
    """Raise an error if the objective falls further than a converged fit leaves open.

    Both in nats a row.
    """
    if decrease > allowed:
        raise ValueError(
            f"The loss of these rows falls by {decrease:.3g} nats a row from the fitted "
            f"coefficients on, where a fit to tol={tol:g} leaves at most {allowed:.3g}: X, y, "
            "sample_weight or offset are not those of the fit, or a parameter of the model was "
            "changed after it."
        )


def refuse_request(
    request: Request,
    *,
    is_penalised: bool,
    has_weights: bool,
    has_class_weight: bool,
    are_distributions: bool,
) -> None:
    """Raise a ``ValueError`` if what is asked for does not exist for such rows."""
    if has_class_weight and request.weights_are == "frequencies":
        raise ValueError(
            "class_weight changes how much a row counts, and not how often it was observed: "
            "weights_are='frequencies' is impossible with it."
        )
    if request.weights_are is None and not has_class_weight:
        _require_meaning(has_weights, are_distributions)
    are_probabilities = has_class_weight or request.weights_are == "probabilities"
    if are_probabilities and not request.is_sandwich:
        reason = (
            "rows with class_weight"
            if has_class_weight
            else "weights that are probabilities, and outcomes that are fractions,"
        )
        raise ValueError(
            f"covariance={request.covariance!r} assumes that each row was observed as often as it "
            f"counts; {reason} have a sandwich only: choose covariance='HC0', 'HC1' or 'cluster'."
        )
    _refuse_penalised(request, is_penalised)


def _require_meaning(has_weights: bool, are_distributions: bool) -> None:
    """Raise an error that asks what weights mean where it is not clear."""
    if has_weights:
        raise ValueError(
            "Say what the weights are: weights_are='frequencies' if a row stands for so many "
            "equal rows that were observed, 'probabilities' if it was observed once and counts "
            "so much, as weights of a survey do. The standard errors differ."
        )
    if are_distributions:
        raise ValueError(
            "Say what rows whose y is a distribution are: weights_are='frequencies' if a row of "
            "weight w stands for w y_k observed rows of each class k, 'probabilities' if it is "
            "one observation, whose outcome is a fraction. The standard errors differ."
        )


def _refuse_penalised(request: Request, is_penalised: bool) -> None:
    """Raise an error if a covariance does not exist for a penalised fit."""
    if not is_penalised:
        if request.penalised != "posterior":
            raise ValueError(
                f"penalised={request.penalised!r} chooses the covariance of a fit with a penalty; "
                "this one has none."
            )
        return
    if request.covariance == "opg":
        raise ValueError(
            "covariance='opg' is an estimate of the information, which a penalty is not a part "
            "of. Choose 'hessian', or fit with C=numpy.inf."
        )
    if request.is_sandwich and request.penalised == "posterior":
        raise ValueError(
            f"covariance={request.covariance!r} is a covariance over samples, not of the "
            "posterior: choose penalised='sampling' with it."
        )


def refuse_size(n_parameters: int) -> None:
    """Raise a ``MemoryError`` before a covariance above ``MOST_BYTES`` is computed."""
    n_bytes = 8 * n_parameters**2
    if n_bytes > MOST_BYTES:
        raise MemoryError(
            f"The covariance of {n_parameters:,} coefficients takes {n_bytes / 1e9:.1f} GB, more "
            f"than {MOST_BYTES / 1e9:g} GB. Name the features whose standard errors you need: "
            "features=[...]; or fit fewer features or classes."
        )


def check_groups(groups: Any, n_rows: int) -> tuple[NDArray[np.intp], int]:
    """Return the number of each row's cluster, shape ``(n_rows,)``, and how many there are."""
    groups = np.asarray(groups)
    if groups.shape != (n_rows,):
        raise ValueError(
            f"groups has shape {groups.shape}, expected the cluster of each row: ({n_rows},)."
        )
    if groups.dtype.kind == "f" and np.isnan(groups).any():
        row = int(np.argmax(np.isnan(groups)))
        raise ValueError(f"Row {row} of groups is NaN: each row needs a cluster.")
    try:
        names, numbers = np.unique(groups, return_inverse=True)
    except TypeError as error:
        raise ValueError(
            f"groups must hold numbers or strings, all of one kind: {error}"
        ) from error
    if len(names) < 2:
        raise ValueError("groups holds one cluster only; a covariance needs two or more.")
    return numbers.astype(np.intp), len(names)
