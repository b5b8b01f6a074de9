"""The meaning of a user's y where the rows lie on a device: labels or probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from sk_softmax.estimators.input.label_types import check_labels
from sk_softmax.estimators.input.labels import (
    SUM_TOLERANCE,
    column_names,
    encoded,
    given_for,
    numbers_of,
)
from sk_softmax.estimators.input.rows import are_probabilities, first_row_not_finite
from sk_softmax.parts.device_arrays import Place, is_on_device, on_host

# Rows of which the labels are sorted first. Where these are all the whole numbers there are, they
# number the classes, and the labels of all rows are neither sorted nor searched for: in PyTorch
# that took 3.1 of the 82 ms of a fit to 100,000 rows of 50 features and 5 classes, and takes 0.2.
FIRST_ROWS = 4096


def classes_and_given(
    estimator: Any, place: Place, y: Any, classes: NDArray[Any] | None, name: str
) -> tuple[NDArray[Any], Any]:
    """Return the sorted classes on the host, and the targets on the device.

    Parameters
    ----------
    estimator : estimator
        Whose class errors name.
    place : Place
        Where the rows are.
    y : array-like of shape (n_rows,) or (n_rows, n_classes)
        Labels or probabilities, on that device, on another, or on the host.
    classes : ndarray of shape (n_classes,), optional
        The classes, if they are known.
    name : str
        The name of ``y`` in errors.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        Of NumPy's.
    given : array
        On the device: see ``DeviceTrainingSet.given``.
    """
    if not is_on_device(y):
        known, given = _of_host(estimator, y, classes, name)
    elif are_probabilities(y):
        known, given = _of_probabilities(estimator, place, place.moved(y), classes, name)
    else:
        known, given = _of_labels(estimator, place, place.moved(y), classes, name)
    if isinstance(given, np.ndarray):
        given = place.indices(given) if given.ndim == 1 else place.wide(given)
    return known, given


def _of_host(
    estimator: Any, y: Any, classes: NDArray[Any] | None, name: str
) -> tuple[NDArray[Any], Any]:
    """Return classes and targets from a ``y`` that NumPy can read."""
    names, has_columns = column_names(y), are_probabilities(y)
    if has_columns:
        y = np.asarray(y)
    else:
        check_labels(y, name)
        y = column_or_1d(y, warn=True)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = first_row_not_finite(y)
        raise ValueError(
            f"Row {row} of {name} is the first with NaN or infinity. Input {name} contains NaN or "
            "infinity."
        )
    if classes is None:
        return encoded(estimator, y, names)
    return classes, given_for(estimator, y, names, classes, name)


def _of_labels(
    estimator: Any, place: Place, y: Any, classes: NDArray[Any] | None, name: str
) -> tuple[NDArray[Any], Any]:
    """Return classes and numbers of classes from numbers on the device, ``(n_rows,)``."""
    xp = place.xp
    labels = column_or_1d(y, warn=True)
    is_bool = labels.dtype == xp.bool
    if is_bool:
        labels = xp.astype(labels, place.integers)
    elif xp.isdtype(labels.dtype, "real floating"):
        _check_whole(place, labels, name)
    there, number = _numbered(place, labels)
    found = on_host(there)
    found = found.astype(bool) if is_bool else found
    if classes is None:
        classes, _ = encoded(estimator, found)  # an error if there is but one
        return classes, number
    known = np.isin(found, classes)
    if not known.all():
        unknown = xp.take(place.mask(~known), number, axis=0)
        row = int(xp.argmax(xp.astype(unknown, place.integers)))
        with _naming(row, name):
            numbers_of(found[[int(number[row])]], classes, name)
    return classes, xp.take(place.indices(np.searchsorted(classes, found)), number, axis=0)


def _numbered(place: Place, labels: Any) -> tuple[Any, Any]:
    """Return which labels there are, sorted, and the number of each row's among them."""
    xp = place.xp
    if xp.isdtype(labels.dtype, "signed integer"):
        some = xp.unique_values(labels[: min(FIRST_ROWS, int(labels.shape[0]))])
        lowest, highest = int(xp.min(labels)), int(xp.max(labels))
        if highest - lowest + 1 == int(some.shape[0]):  # whole numbers without a gap
            return xp.sort(some), xp.astype(labels, place.integers) - lowest
    there = xp.sort(xp.unique_values(labels))
    return there, xp.searchsorted(there, labels)


@contextmanager
def _naming(row: int, name: str) -> Iterator[None]:
    """Give errors about a row that is looked at alone its number among all rows."""
    try:
        yield
    except ValueError as error:
        error.args = (str(error).replace(f"Row 0 of {name}", f"Row {row} of {name}", 1),)
        raise


def _check_whole(place: Place, labels: Any, name: str) -> None:
    """Raise an error that names the first label that is no whole number."""
    xp = place.xp
    wrong = ~(xp.isfinite(labels) & (labels == xp.floor(labels)))
    if bool(xp.any(wrong)):
        row = int(xp.argmax(xp.astype(wrong, place.integers)))
        value = float(labels[row])
        if not np.isfinite(value):
            raise ValueError(
                f"Row {row} of {name} is the first with NaN or infinity. Input {name} contains "
                f"{'NaN' if np.isnan(value) else 'infinity'}."
            )
        raise ValueError(
            f"{name} holds no labels of classes. Unknown label type: continuous. Row {row} is the "
            f"first with a number that is not whole, {value:g}."
        )


def _of_probabilities(
    estimator: Any, place: Place, y: Any, classes: NDArray[Any] | None, name: str
) -> tuple[NDArray[Any], Any]:
    """Return classes and checked probabilities on the device, ``(n_rows, n_classes)``.

    Probabilities that are all 0 or 1 are returned as numbers of classes.
    """
    xp, n_classes = place.xp, int(y.shape[1])
    whole = xp.isdtype(y.dtype, ("bool", "integral"))
    own = xp.astype(y, place.widest if whole else y.dtype)
    sums = xp.sum(own, axis=1, dtype=place.widest)
    wrong = xp.any(own < 0, axis=1) | ~(xp.abs(sums - 1) <= SUM_TOLERANCE)
    if bool(xp.any(wrong)):
        row = int(xp.argmax(xp.astype(wrong, place.integers)))
        with _naming(row, name):
            _of_host(estimator, on_host(own[row : row + 1, :]), None, name)
    if classes is None:
        classes = np.arange(n_classes)
    elif not np.array_equal(classes, np.arange(n_classes)):
        one = np.eye(n_classes)[:1]
        given_for(estimator, one, None, classes, name)  # an error that names both
    if bool(xp.all((own == 0) | (own == 1))):
        return classes, xp.argmax(own, axis=1)
    is_exact = bool(xp.max(xp.abs(sums - 1)) <= n_classes * float(np.finfo(np.float64).eps))
    if is_exact:
        return classes, own
    return classes, xp.astype(own, place.widest) / sums[:, None]
