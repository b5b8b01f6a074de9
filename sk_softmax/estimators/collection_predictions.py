"""Predictions for rows in dask collections: arrays that are not computed yet, and their score."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from sk_softmax.estimators.input.collections import collection_of, is_in_dask
from sk_softmax.estimators.input.offsets import require_offset
from sk_softmax.estimators.input.rows import checked_weights
from sk_softmax.parts import GivenPart

Method = TypeVar("Method", bound=Callable[..., Any])

NEEDED = ("classes_", "coef_", "intercept_", "n_features_in_", "feature_names_in_", "_has_offset")
"""Attributes of a fitted classifier that its predictions depend on."""


def lazy_in_dask(method: Method) -> Method:
    """Return a method that predicts, lazily for a dask array or frame.

    The result then is a dask array with the chunks of ``X``, from a frame with chunks of unknown
    length. It is computed with the coefficients that the model has now.
    """

    @wraps(method)
    def predicted(self: Any, X: Any, *, offset: Any = None) -> Any:
        if not is_in_dask(X):
            return method(self, X, offset=offset)
        from sk_softmax.parts.dask_predictions import mapped

        check_is_fitted(self)
        require_offset(offset, needs=self._has_offset)
        predict = partial(_predicted, as_it_is_now(self), method.__name__)
        return mapped(predict, X, offset)

    return cast(Method, predicted)


def _predicted(model: Any, name: str, X: Any, offset: Any) -> NDArray[Any]:
    """Return the predictions of a method for rows in memory."""
    return np.asarray(getattr(model, name)(X, offset=offset))


def as_it_is_now(model: Any) -> Any:
    """Return a copy of a fitted classifier that predicts the same, without its records."""
    copied = clone(model)
    for name in NEEDED:
        if hasattr(model, name):
            setattr(copied, name, getattr(model, name))
    return copied


def accuracy_in_parts(
    model: Any, X: Any, y: Any, sample_weight: Any = None, offset: Any = None
) -> float:
    """Return the share of rows in parts, by weight, whose label is the one predicted."""
    check_is_fitted(model)
    require_offset(offset, needs=model._has_offset)
    collection = collection_of(X, y, sample_weight, offset)
    assert collection is not None
    found = collection.parts.each(partial(hits_and_weight, model=as_it_is_now(model)))
    hits, total = np.sum(found, axis=0)
    if not total:
        raise ValueError(f"No {collection.word} of X has a row with weight.")
    return float(hits / total)


def hits_and_weight(part: GivenPart, model: Any) -> tuple[float, float]:
    """Return the weight of the rows whose label is the one predicted, and that of all rows."""
    n_rows = part.X.shape[0]
    if not n_rows:
        return 0.0, 0.0
    predicted = model.predict(part.X, offset=part.offset)
    if part.sample_weight is None:
        return float(accuracy_score(part.y, predicted, normalize=False)), float(n_rows)
    weights = checked_weights(part.sample_weight, n_rows, may_be_zero=True)
    if not weights.any():  # which accuracy_score refuses
        return 0.0, 0.0
    hits = accuracy_score(part.y, predicted, sample_weight=weights, normalize=False)
    return float(hits), float(weights.sum())
