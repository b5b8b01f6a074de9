"""The meaning of a user's y: one label per row, or one probability per row and class."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from sk_softmax.estimators.input.rows import are_probabilities

# How far the sum of a row of probabilities may be from 1: float32 rounds to less (eps is 1.2e-7).
SUM_TOLERANCE = 1e-5

# Whole numbers up to so far apart are looked up in a table: a search takes 40 ns a row, this 3.
MOST_APART = 2**16

# The largest whole number that can be an offset.
LARGEST = np.iinfo(np.int64).max

Given: TypeAlias = Any
"""Numbers of classes, shape ``(n_rows,)``, or probabilities, ``(n_rows, n_classes)``."""


def encoded(estimator: Any, y: NDArray[Any], names: Any = None) -> tuple[NDArray[Any], Given]:
    """Return the sorted classes, and for each row the number of its class or its probabilities.

    ``names`` are the classes that columns of probabilities belong to, ``0 .. K-1`` if None.
    """
    if are_probabilities(y):
        return _classes_and_probabilities(y, names)
    if y.dtype.kind not in "iub":  # all whole numbers may be classes
        check_are_classes(y)
    classes, labels = classes_and_labels(y)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes in y, but y holds only one "
            f"class: {classes.tolist()[0]!r}."
        )
    return classes, labels


def check_are_classes(y: NDArray[Any]) -> None:
    """Raise an error that names ``y`` if its values are no classes."""
    try:
        check_classification_targets(y)
    except (TypeError, ValueError) as error:
        error.args = (f"y holds no labels of classes. {error}",)
        raise


def classes_and_labels(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the sorted labels, without repeats, and the number of each row's label among them.

    ``numpy.unique`` returns the same, but sorts all rows. Whole numbers whose range is at most the
    number of rows are counted instead.
    """
    if y.dtype.kind in "iu":
        lowest, highest = int(y.min()), int(y.max())
        if highest - lowest <= len(y) and highest <= LARGEST:
            offsets = y.astype(np.int64, copy=False) - lowest
            counts = np.bincount(offsets)
            if counts.all():  # no number is left out, so each is its own rank
                classes = np.arange(len(counts)) + lowest
                return classes.astype(y.dtype, copy=False), offsets
            present = np.flatnonzero(counts)
            rank = np.zeros(len(y) + 1, dtype=np.intp)
            rank[present] = np.arange(len(present))
            return (present + lowest).astype(y.dtype), rank[offsets]
    classes, labels = np.unique(y, return_inverse=True)
    return classes, labels


def column_names(y: Any) -> Any:
    """Return the names of a frame's columns; None if ``y`` is not a frame."""
    columns = getattr(y, "columns", None)
    return None if columns is None or callable(columns) else list(columns)


def _classes_and_probabilities(y: NDArray[Any], names: Any) -> tuple[NDArray[Any], Given]:
    """Return the sorted classes, and checked probabilities with columns in their order.

    scikit-learn's scorers expect the columns of ``predict_proba`` in that order. Probabilities
    that are all 0 or 1 are returned as numbers of classes.
    """
    if sp.issparse(y):
        raise ValueError("y must be a dense array where it holds probabilities, not sparse.")
    if y.dtype.kind not in "iufb":
        raise ValueError(
            f"y has {y.shape[1]} columns of type {y.dtype}: a y with two dimensions holds the "
            "probability of each class, as numbers. Labels go into one dimension."
        )
    names = list(range(y.shape[1])) if names is None else names
    if len({type(name) for name in names}) > 1 or len(set(names)) < len(names):
        raise ValueError(
            f"The columns of y name the classes, so they must be all numbers or all strings and "
            f"differ from one another; they are {names!r}."
        )
    classes, order = np.unique(names, return_index=True)
    sums = y.sum(axis=1, dtype=np.float64)
    negative = np.asarray((y < 0).any(axis=1))
    wrong = negative | (np.abs(sums - 1) > SUM_TOLERANCE)
    if wrong.any():
        row = int(wrong.argmax())
        if negative[row]:
            raise ValueError(f"Row {row} of y holds a negative probability: {y[row].tolist()}.")
        raise ValueError(
            f"Row {row} of y adds up to {sums[row]:g}, not 1: a y with two dimensions holds the "
            "probability of each class. For counts of each class use "
            "sk_softmax.functional.proportions; labels go into one dimension."
        )
    if ((y == 0) | (y == 1)).all():
        return classes, np.argsort(order)[y.argmax(axis=1)]
    is_exact = np.abs(sums - 1).max() <= len(classes) * np.finfo(np.float64).eps
    y = y[:, order] if (np.diff(order) < 0).any() else y
    return classes, y if is_exact else y / sums[:, None]


def given_for(
    estimator: Any, y: NDArray[Any], names: Any, classes: NDArray[Any], name: str = "y"
) -> Any:
    """Return the numbers of classes, or the probabilities, in a ``y`` for known classes.

    ``names`` are those of the columns of probabilities; errors call ``y`` by ``name``.
    """
    if not are_probabilities(y):
        return numbers_of(y, classes, name)
    theirs, given = encoded(estimator, y, names)
    if not np.array_equal(theirs, classes):
        raise ValueError(
            f"{name} has columns for the classes {theirs.tolist()!r}, but the model has the "
            f"classes {classes.tolist()!r}."
        )
    return given


def numbers_of(y: NDArray[Any], classes: NDArray[Any], name: str) -> NDArray[np.intp]:
    """Return the number of each label's class; an unknown label is an error that names its row."""
    if (
        y.dtype.kind == classes.dtype.kind == "i"
        and int(classes[-1]) - int(classes[0]) < MOST_APART
    ):
        numbers, known = _looked_up(y, classes)
        if known.all():
            return numbers
    known = np.isin(y, classes)
    if not known.all():
        row = int(np.argmin(known))
        label = np.asarray(y)[[row]].tolist()[0]
        raise ValueError(
            f"Row {row} of {name} has the label {label!r}, which is not one of the classes "
            f"{classes.tolist()!r}."
        )
    return np.asarray(np.searchsorted(classes, y))


def _looked_up(
    y: NDArray[Any], classes: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the number of the class of each whole number, and whether it is one."""
    lowest = int(classes[0])
    table = np.full(int(classes[-1]) - lowest + 1, -1, dtype=np.intp)
    table[classes.astype(np.int64) - lowest] = np.arange(len(classes))
    known = (y >= lowest) & (y <= int(classes[-1]))
    numbers = table[np.where(known, y.astype(np.int64) - lowest, 0)]
    return numbers, known & (numbers >= 0)
