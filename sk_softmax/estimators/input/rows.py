"""A user's rows and weights, checked; errors name the row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sk_softmax.estimators.input.dispatch import check_readable, rows_for_numpy
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Weights
from sk_softmax.parts.device_arrays import is_on_device
from sk_softmax.parts.device_rows import largest_sizes

# Sizes of the values of a column whose squares, and sums of them over many rows, float64 can hold.
SMALLEST, LARGEST = 1e-150, 1e150

# Numbers of X that are looked at at a time: 16 MiB in float64.
NUMBERS_AT_ONCE = 2**21


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Restore the attributes of an estimator if anything inside raises an error."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def validated(estimator: Any, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
    """Return X (and y) as arrays.

    float32 and float64 stay as they are, anything else becomes float64; a sparse X becomes CSR
    unless it is CSC. With ``reset`` the estimator stores the number and names of the features;
    otherwise they are compared with the stored ones. Rows of another library that lie in the
    host's memory are viewed, with scikit-learn's array API dispatch.
    """
    X = rows_for_numpy(X)
    if reset and _are_plain(X, y):
        _remember_features(estimator, X)
        return X, y
    check_readable(X)
    try:
        return validate_data(
            estimator,
            X,
            y,
            reset=reset,
            accept_sparse=["csr", "csc"],
            dtype=[np.float64, np.float32],
            **({"multi_output": True} if are_probabilities(y) else {}),
        )
    except ValueError as error:
        if is_of_text(error):
            raise ValueError(text_is_no_number(error)) from error
        for name, values in (("X", X), ("y", y)):
            if f"Input {name} contains" in str(error):
                with suppress(TypeError, ValueError):  # values that only pandas can convert
                    row = first_row_not_finite(values)
                    first = f"Row {row} of {name} is the first with NaN or infinity."
                    error.args = (f"{first} {error}",)
        raise


def _are_plain(X: Any, y: Any) -> bool:
    """Whether scikit-learn's checks would return both arrays as they are.

    Where there is anything to convert or to refuse they are asked. They take 0.08 ms, a twelfth of
    a fit to iris, mostly to find out of which library arrays are.
    """
    if not (type(X) is np.ndarray and type(y) is np.ndarray):
        return False
    is_number = X.dtype == np.float64 or X.dtype == np.float32
    if not (is_number and X.ndim == 2 and y.ndim == 1 and y.dtype.kind in "iub"):
        return False
    with np.errstate(all="ignore"):
        return X.size > 0 and len(X) == len(y) and bool(np.isfinite(X.sum()))


def _remember_features(estimator: Any, X: NDArray[Any]) -> None:
    """Let the estimator store how many features an array has, and that they have no names."""
    estimator.n_features_in_ = X.shape[1]
    if hasattr(estimator, "feature_names_in_"):
        del estimator.feature_names_in_


def is_of_text(error: ValueError) -> bool:
    """Whether an error says that a text cannot be read as a number."""
    return "could not convert string to float" in str(error)


def text_is_no_number(error: ValueError) -> str:
    """Return what to do about such an error."""
    return (
        f"X holds text that is not a number ({error}); turn such columns into numbers first, for "
        "example with sklearn.preprocessing.OneHotEncoder."
    )


def are_probabilities(y: Any) -> bool:
    """Whether a ``y`` has one column per class: two dimensions, and more than one column."""
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # ragged lists have no shape
        return False
    return len(shape) == 2 and shape[1] > 1


def first_row_not_finite(values: Any) -> int:
    """Return the number of the first row with NaN or infinity; there must be one."""
    if sp.issparse(values):
        stored = values.tocoo()
        return int(stored.row[~np.isfinite(stored.data)].min())
    array = np.asarray(values, dtype=np.float64)
    return int(np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))[0])


def check_range(training: AnyTrainingSet, names: Any = None) -> None:
    """Raise an error that names the first column whose values are too large or too small.

    Called after a fit that did not converge: a look at all values would take a tenth of the time
    of one that does.

    Parameters
    ----------
    training : TrainingSet, PartedTrainingSet or DeviceTrainingSet
        The rows.
    names : ndarray of shape (n_features,), optional
        The names of the columns.
    """
    if isinstance(training, PartedTrainingSet):
        sizes = training.summary.columns.sizes(np.zeros(training.n_features))
    elif is_on_device(training.X):
        sizes = np.asarray(largest_sizes(training.X), dtype=np.float64)
    else:
        sizes = _sizes(training.X)
    wrong = np.flatnonzero((sizes > LARGEST) | (sizes < SMALLEST) & (sizes > 0))
    if len(wrong):
        column = int(wrong[0])
        name = column if names is None else repr(names[column])
        raise ValueError(
            f"The values of column {name} of X are up to {sizes[column]:.3g} in size; products of "
            f"values above {LARGEST:g} or below {SMALLEST:g} cannot be computed. Multiply the "
            "column by a constant."
        )


def _sizes(X: Any) -> NDArray[np.float64]:
    """Return the largest size of the values of each column, shape ``(n_features,)``."""
    if sp.issparse(X):
        sizes = np.asarray(abs(X).max(axis=0).toarray()).ravel()
    else:
        # In parts, because the rows may be a selection of those in a file.
        n_rows = max(NUMBERS_AT_ONCE // X.shape[1], 1)
        parts = (X[first : first + n_rows] for first in range(0, X.shape[0], n_rows))
        sizes = np.max([np.abs(part).max(axis=0) for part in parts], axis=0)
    return np.asarray(sizes, dtype=np.float64)


def checked_weights(sample_weight: Any, n_rows: int, *, may_be_zero: bool = False) -> Weights:
    """Return weights of shape ``(n_rows,)``: finite, and none negative.

    It is an error if all are zero, except with ``may_be_zero``.
    """
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, sample_weight)
    try:
        weights: Weights = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    except (TypeError, ValueError) as error:
        if "sample_weight" in str(error):
            raise
        raise ValueError(f"sample_weight must hold one number per row: {error}") from error
    if weights.shape != (n_rows,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}, expected one weight per row: ({n_rows},)."
        )
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise ValueError(
            f"sample_weight must not be negative, but row {row} has weight {weights[row]:g}."
        )
    if not (may_be_zero or weights.any()):
        raise ValueError("sample_weight is zero in every row.")
    with np.errstate(over="ignore"):
        if not np.isfinite(weights.sum()):
            raise ValueError("sample_weight adds up to more than the largest number there is.")
    return weights
