"""What a user fits to: labels and weights checked, every error naming the row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import check_array, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

Weights = NDArray[np.float64]


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Give an estimator back the attributes it had if anything goes wrong inside."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def validated(estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
    """Return X (and y) as arrays: float32 stays float32, sparse becomes CSR."""
    try:
        return validate_data(
            estimator, X, y, reset=reset, accept_sparse="csr", dtype=[np.float64, np.float32]
        )
    except ValueError as error:
        if "could not convert string to float" in str(error):
            raise ValueError(
                f"X holds text that is not a number ({error}); turn such columns into numbers "
                "first, for example with sklearn.preprocessing.OneHotEncoder."
            ) from error
        for name, values in (("X", X), ("y", y)):
            if f"Input {name} contains" in str(error):
                with suppress(TypeError, ValueError):  # values that only pandas can convert
                    row = first_row_not_finite(values)
                    error.args = (f"Row {row} of {name} is the first to blame. {error}",)
        raise


def first_row_not_finite(values: Any) -> int:
    """Return the first row that holds a NaN or an infinity, given that there is one."""
    if sp.issparse(values):
        stored = values.tocoo()
        return int(stored.row[~np.isfinite(stored.data)].min())
    array = np.asarray(values, dtype=np.float64)
    return int(np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))[0])


def encoded(estimator: Any, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the sorted classes and the index of each row's class among them."""
    if y.dtype.kind not in "iub":  # whole numbers are classes, whatever they are
        check_classification_targets(y)
    classes, labels = _classes_and_labels(y)
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes in y, but y holds only one "
            f"class: {classes.tolist()[0]!r}."
        )
    return classes, labels


def _classes_and_labels(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Do what ``numpy.unique`` does, without sorting whole numbers of a small range."""
    if y.dtype.kind in "iu":
        lowest, highest = int(y.min()), int(y.max())
        if highest - lowest <= len(y) and highest <= np.iinfo(np.int64).max:
            offsets = y.astype(np.int64) - lowest
            present = np.flatnonzero(np.bincount(offsets))
            rank = np.zeros(len(y) + 1, dtype=np.intp)
            rank[present] = np.arange(len(present))
            return (present + lowest).astype(y.dtype), rank[offsets]
    classes, labels = np.unique(y, return_inverse=True)
    return classes, labels


def row_weights(
    sample_weight: Any, class_weight: Any, classes: NDArray[Any], labels: NDArray[np.intp]
) -> Weights | None:
    """Return ``s_i``, sample weight times class weight; None if there is neither."""
    weights = None if sample_weight is None else checked_weights(sample_weight, len(labels))
    if class_weight is None:
        return weights
    if isinstance(class_weight, str):
        of_class = _balanced(labels, len(classes), weights)
    else:
        of_class = compute_class_weight(class_weight, classes=classes, y=classes[labels])
        if not (np.isfinite(of_class).all() and (of_class >= 0).all()):
            raise ValueError(f"class_weight={class_weight!r} holds a negative or infinite weight.")
    of_row: Weights = of_class[labels] if weights is None else weights * of_class[labels]
    if not of_row.any():
        raise ValueError("class_weight and sample_weight together leave every row without weight.")
    return of_row


def _balanced(labels: NDArray[np.intp], n_classes: int, weights: Weights | None) -> Weights:
    """Weights that give every class the same total; none for a class without any."""
    mass = np.bincount(labels, weights=weights, minlength=n_classes)
    share = mass.sum() / n_classes
    return np.asarray(np.divide(share, mass, out=np.zeros(n_classes), where=mass > 0))


def checked_weights(sample_weight: Any, n_rows: int) -> Weights:
    """Return one finite weight a row, none negative and not all zero."""
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, sample_weight)
    try:
        weights: Weights = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    except (TypeError, ValueError) as error:
        if "sample_weight" in str(error):
            raise
        raise ValueError(f"sample_weight must hold one number a row: {error}") from error
    if weights.shape != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}, expected one weight a row: ({n_rows},)."
        )
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise ValueError(
            f"sample_weight must not be negative, but row {row} has weight {weights[row]:g}."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero in every row.")
    with np.errstate(over="ignore"):
        if not np.isfinite(weights.sum()):
            raise ValueError("sample_weight adds up to more than the largest number there is.")
    return weights
