"""Fitted attributes and predictions in the place of X, with scikit-learn's array API dispatch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.metrics import accuracy_score

from sk_softmax.estimators.input.dispatch import (
    as_numpy,
    is_computed_there,
    place_of,
)
from sk_softmax.estimators.input.dispatched_rows import offset_there, rows_there
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import Place, is_on_device, on_host
from sk_softmax.parts.device_predictions import logits_of

Model = TypeVar("Model", bound=Any)
Answer = TypeVar("Answer", bound=Any)


def in_place_of(training: AnyTrainingSet, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes of NumPy's where the rows of a training set are."""
    place = training.place
    if place is None:
        return attributes
    return {name: place.moved(value) for name, value in attributes.items()}


def in_place_of_rows(X: Any, model: Model) -> Model:
    """Return a model of NumPy's that nobody else holds, moved to where these rows lie."""
    place = place_of(X)
    if place is not None:
        model.coef_, model.intercept_ = place.moved(model.coef_), place.moved(model.intercept_)
    return model


def answer_in_place(X: Any, answer: Answer) -> Answer:
    """Return an answer about rows where these lie; text, which no device holds, stays NumPy's."""
    place = place_of(X)
    if place is None or (isinstance(answer, np.ndarray) and answer.dtype.kind not in "iufb"):
        return answer
    moved: Answer = place.moved(answer)
    return moved


def coefficients_in_place(
    training: AnyTrainingSet, coefficients: Callable[[Array], dict[str, Any]], params: Array
) -> dict[str, Any]:
    """Return what ``coefficients`` makes of params where the rows of a training set are."""
    return in_place_of(training, coefficients(params))


def classes_like(y: Any, training: AnyTrainingSet) -> Any:
    """Return the classes of a training set in the place of labels ``y``, if that is not NumPy's.

    Where rows are NumPy's, they are NumPy's.
    """
    place = None if training.place is None else place_of(y)
    return training.classes if place is None else place.moved(training.classes)


def check_same_place(X: Any, estimator: Any, method: str) -> None:
    """Raise scikit-learn's error if X lies elsewhere than the rows of the fit; dispatch is on."""
    coef = estimator.coef_
    if not get_config()["array_api_dispatch"] or not (is_on_device(X) or is_on_device(coef)):
        return
    places = [Place.of(array) if is_on_device(array) else None for array in (coef, X)]
    if places[0] == places[1]:
        return
    names = [_name_of(place, array) for place, array in zip(places, (coef, X), strict=True)]
    raise ValueError(
        f"Inputs passed to {type(estimator).__name__}.{method}() must use the same namespace and "
        f"the same device as those passed to fit(). The rows of the fit were arrays of {names[0]},"
        f" and X is one of {names[1]}."
    )


def _name_of(place: Place | None, array: Any) -> str:
    if place is not None:
        return f"{place.xp.__name__} on {place.device}"
    return "scipy.sparse" if sp.issparse(array) else "numpy"


def logits_there(estimator: Any, X: Any, offset: Any, *, up_to_a_constant: bool) -> Any:
    """Return logits of rows on a device, ``(n_rows, n_outputs)``, where the model lies too.

    ``up_to_a_constant`` for each row, they are less its largest offset.
    """
    offset = estimator._known_offset(offset, int(np.shape(X)[0]))
    X = rows_there(estimator, X, reset=False)
    logits = logits_of(X, estimator.coef_, estimator.intercept_)
    place, classes = Place.of(X), on_host(estimator.classes_)
    added = offset_there(
        place, offset, int(X.shape[0]), classes, X.dtype, up_to_a_constant=up_to_a_constant
    )
    return logits if added is None else logits + place.xp.astype(added, logits.dtype)


def accuracy(y: Any, predicted: Any, sample_weight: Any) -> float:
    """Return the share of rows, by weight, whose label is predicted.

    Labels that NumPy cannot view are compared where they lie.
    """
    if is_computed_there(predicted):
        place = Place.of(predicted)
        y = place.moved(np.asarray(y) if not is_on_device(y) else y)
        if sample_weight is not None:
            sample_weight = place.moved(sample_weight)
    else:
        y = np.asarray(y) if isinstance(y, list | tuple) else as_numpy(y)
        predicted, sample_weight = as_numpy(predicted), as_numpy(sample_weight)
    return float(accuracy_score(y, predicted, sample_weight=sample_weight))
