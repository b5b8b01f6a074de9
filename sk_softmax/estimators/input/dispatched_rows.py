"""Rows, weights and offsets on a device, checked there, with scikit-learn's array API dispatch.

Whatever else a fit is given moves to the place of X, as in scikit-learn.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from sk_softmax.estimators.input.dispatch import as_numpy, is_dispatched
from sk_softmax.estimators.input.dispatched_labels import classes_and_given
from sk_softmax.estimators.input.offsets import checked_offset
from sk_softmax.estimators.input.rows import checked_weights
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.objective.offset import below_largest
from sk_softmax.parts.device_arrays import Place


def rows_there(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Return X as an array of float32 or float64 on its device, checked by scikit-learn."""
    place = Place.of(X)
    xp = place.xp
    widths = [xp.float64, xp.float32] if place.has_float64 else [xp.float32]
    try:
        return validate_data(estimator, X, reset=reset, dtype=widths)
    except ValueError as error:
        if "Input X contains" in str(error):
            row = first_row_there(place, ~xp.isfinite(X))
            first = f"Row {row} of X is the first with NaN or infinity."
            error.args = (f"{first} {error}",)
        raise


def first_row_there(place: Place, wrong: Any) -> int:
    """Return the number of the first row in which any of ``(n_rows, ...)`` is True."""
    xp = place.xp
    flat = xp.reshape(wrong, (int(wrong.shape[0]), -1))
    return int(xp.argmax(xp.astype(xp.any(flat, axis=1), place.integers)))


def dispatched_training_set(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    offset: Any,
    *,
    classes: NDArray[Any] | None,
    reset: bool,
    y_name: str,
    may_weigh_nothing: bool,
    offset_name: str,
) -> DeviceTrainingSet:
    """Return what ``training_set`` does, of rows on a device; parameters are its own."""
    if y is None:
        validate_data(estimator, X, y, reset=reset)  # scikit-learn's error
    X = rows_there(estimator, X, reset=reset)
    check_consistent_length(X, y)
    place, n_rows = Place.of(X), int(X.shape[0])
    classes, given = classes_and_given(estimator, place, y, classes, y_name)
    weights = None
    if sample_weight is not None:
        weights = weights_there(place, sample_weight, n_rows, may_be_zero=may_weigh_nothing)
    added = offset_there(
        place, offset, n_rows, classes, X.dtype, name=offset_name, up_to_a_constant=True
    )
    return DeviceTrainingSet(X, given, weights, classes, added)


def weights_there(
    place: Place, sample_weight: Any, n_rows: int, *, may_be_zero: bool = False
) -> Any:
    """Return checked weights on the device, in its widest type: see ``checked_weights``."""
    if not is_dispatched(sample_weight):
        return place.wide(checked_weights(sample_weight, n_rows, may_be_zero=may_be_zero))
    xp = place.xp
    if tuple(sample_weight.shape) != (n_rows,):
        shape = tuple(sample_weight.shape)
        raise ValueError(
            f"sample_weight has shape {shape}, expected one weight per row: ({n_rows},)."
        )
    weights = xp.astype(place.moved(sample_weight), place.widest)
    wrong = ~(xp.isfinite(weights) & (weights >= 0))
    if bool(xp.any(wrong)):
        _refuse_weight(weights, first_row_there(place, wrong))
    if not (may_be_zero or bool(xp.any(weights > 0))):
        raise ValueError("sample_weight is zero in every row.")
    with np.errstate(over="ignore"):
        if not bool(xp.isfinite(xp.sum(weights))):
            raise ValueError("sample_weight adds up to more than the largest number there is.")
    return weights


def _refuse_weight(weights: Any, row: int) -> NoReturn:
    weight = float(weights[row])
    if weight < 0:
        raise ValueError(
            f"sample_weight must not be negative, but row {row} has weight {weight:g}."
        )
    raise ValueError(f"Row {row} of sample_weight is the first with NaN or infinity.")


def offset_there(
    place: Place,
    offset: Any,
    n_rows: int,
    classes: NDArray[Any],
    width: Any,
    *,
    name: str = "offset",
    up_to_a_constant: bool,
) -> Any:
    """Return a checked offset on the device, ``(n_rows, n_outputs)``: see ``checked_offset``.

    ``width`` is the type of the rows on the device; None for None. ``up_to_a_constant`` for each
    row, it is that of ``below_largest``.
    """
    if offset is None:
        return None
    xp = place.xp
    of_numpy: Any = np.dtype(np.float64 if width == xp.float64 else np.float32)
    if not is_dispatched(offset) or offset.ndim not in (1, 2):
        host = checked_offset(as_numpy(offset), n_rows, classes, of_numpy, name=name)
        assert host is not None
        return place.wide(below_largest(host) if up_to_a_constant else host)
    values = xp.astype(place.moved(offset), place.widest)
    wrong = ~(xp.abs(values) <= float(np.finfo(of_numpy).max))  # NaN too
    if bool(xp.any(wrong)):
        row = first_row_there(place, wrong)
        if bool(xp.all(xp.isfinite(values))):
            raise ValueError(f"{name} has in row {row} more than {of_numpy} holds.")
        raise ValueError(f"Row {row} of {name} is the first with NaN or infinity.")
    n_classes, shape = len(classes), tuple(values.shape)
    if shape == (n_rows,) and n_classes == 2:
        return values[:, None]
    if shape != (n_rows, n_classes):
        checked_offset(np.zeros(shape), n_rows, classes, of_numpy, name=name)  # an error
    if n_classes == 2:
        return values[:, 1:] - values[:, :1]
    return values - xp.max(values, axis=1, keepdims=True) if up_to_a_constant else values
