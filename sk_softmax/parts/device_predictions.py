"""Predictions for rows on a device, which stay there: logits and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import Place, on_host
from sk_softmax.parts.device_cross_entropy import DeviceCrossEntropy
from sk_softmax.parts.device_evaluation import predicted
from sk_softmax.parts.device_rows import DeviceRows


def logits_of(X: Any, coef: Any, intercept: Any) -> Any:
    """Return ``X coef' + intercept``, shape ``(n_rows, n_outputs)``, in the widest of their types.

    Where the intercept is in float64 it cancels most of a product that needs as many digits: rows
    of float32 are then widened a block at a time.
    """
    place = Place.of(X)
    xp = place.xp
    if intercept.dtype == X.dtype:
        return X @ xp.matrix_transpose(xp.astype(coef, X.dtype, copy=False)) + intercept
    rows = DeviceRows(X, int(coef.shape[0]), has_intercept=True, dtype=np.float64)
    wide = xp.astype(coef, xp.float64, copy=False)
    prepared = xp.concat([wide, xp.astype(intercept, xp.float64)[:, None]], axis=1)
    by_class = xp.concat(rows.of_blocks(lambda block: block.logits(prepared)), axis=1)
    return xp.matrix_transpose(by_class)


def probabilities_of(logits: Any) -> Array:
    """Return probabilities of all classes, ``(n_rows, n_classes)``.

    From logits of that shape, or from log-odds of the second of two classes, ``(n_rows,)``.
    """
    place = Place.of(logits)
    by_class, n_outputs = _by_class(place, logits)
    found = DeviceCrossEntropy(place, n_outputs).probabilities(by_class)
    transposed: Array = place.xp.matrix_transpose(found)
    return transposed


def log_probabilities_of(logits: Any) -> Array:
    """Return log-probabilities of all classes in nats, from the same logits and in their type."""
    place = Place.of(logits)
    xp = place.xp
    by_class, n_outputs = _by_class(place, logits)
    found = DeviceCrossEntropy(place, n_outputs).log_probabilities(by_class)
    transposed: Array = xp.astype(xp.matrix_transpose(found), logits.dtype, copy=False)
    return transposed


def _by_class(place: Place, logits: Any) -> tuple[Any, int]:
    """Return class-major logits, and how many a row has."""
    if logits.ndim == 1:
        return logits[None, :], 1
    return place.xp.matrix_transpose(logits), int(logits.shape[1])


def labels_of(logits: Any, classes: NDArray[Any]) -> NDArray[Any]:
    """Return the most probable classes, shape ``(n_rows,)``, from the same logits.

    ``classes`` are NumPy's. Numbers are returned on the device; text, which no device holds, as an
    array of NumPy's.
    """
    place = Place.of(logits)
    by_class, _ = _by_class(place, logits)
    best = predicted(place, by_class)
    if classes.dtype.kind not in "iufb":
        return np.asarray(classes[on_host(best)])
    labels: NDArray[Any] = place.xp.take(place.moved(classes), best, axis=0)
    return labels
