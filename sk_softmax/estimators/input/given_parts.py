"""Rows in parts, checked where they lie: the same checks as for rows in one place.

One round looks at every part and brings back a summary. What it takes from a part to its checked
rows, given what is then known of all of them, travels to the parts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from numbers import Real
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from sk_softmax.estimators.input.dispatch import as_numpy, rows_for_numpy
from sk_softmax.estimators.input.label_types import check_labels
from sk_softmax.estimators.input.labels import (
    check_are_classes,
    classes_and_labels,
    encoded,
    given_for,
)
from sk_softmax.estimators.input.offsets import checked_offset, finite_offset
from sk_softmax.estimators.input.rows import (
    are_probabilities,
    checked_weights,
    first_row_not_finite,
    is_of_text,
    text_is_no_number,
)
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.settings import TrainingSet
from sk_softmax.parts import Collection, GivenPart, NoRowsError, Summary


def parted_training_set(
    estimator: Any,
    collection: Collection,
    *,
    classes: NDArray[Any] | None = None,
    reset: bool = True,
    y_name: str = "y",
    offset_name: str = "offset",
) -> PartedTrainingSet:
    """Return rows in parts, checked, with their classes: see ``training_set``."""
    validate_data(estimator, collection.template, reset=reset, skip_check_array=True)
    known = collection.classes if classes is None else classes
    first = Reading(
        estimator.n_features_in_,
        collection.y_columns,
        known,
        collection.word,
        y_name,
        offset_name,
    )
    filled, whole = _summaries(collection, first)
    if known is None:
        classes = _all_classes(estimator, list(filled.values()), y_name)
    elif classes is None:
        classes = known
        _check_all_occur(classes, whole)
    if collection.has_weights and not whole.weights.total.any():
        raise ValueError("sample_weight is zero in every row.")
    if not np.isfinite(whole.weights.total.sum()):
        raise ValueError("sample_weight adds up to more than the largest number there is.")
    whole = replace(whole, weights=whole.weights.among(classes))
    reading = replace(first, classes=classes, dtype=whole.dtype, are_labels=whole.are_labels)
    return PartedTrainingSet(
        collection.parts,
        partial(read_again, reading=reading),
        whole,
        [filled[n].n_rows if n in filled else 0 for n in range(collection.parts.n_parts)],
        classes,
        collection.has_weights,
        collection.has_offset,
    )


def _summaries(collection: Collection, first: Reading) -> tuple[dict[int, Summary], Summary]:
    """Return what is known of each part with rows, by its number, and of all rows.

    What is known of single columns is that of all rows alone: many parts with many columns would
    take more memory than their rows.
    """
    try:
        columns, not_stored, filled = collection.parts.ask(partial(summary_of, reading=first))
    except NoRowsError as error:
        raise ValueError(
            f"X has no rows in any of its {collection.parts.n_parts} {collection.word}s."
        ) from error
    by_number = dict(filled)
    whole = Summary.joined(list(by_number.values()))
    return by_number, whole.with_columns(columns, not_stored == 0)


def _all_classes(estimator: Any, summaries: list[Summary], name: str) -> NDArray[Any]:
    """Return the labels of all parts, sorted, without repeats."""
    classes = [summary.weights.classes for summary in summaries]
    kinds = {part.dtype.kind in "US" or part.dtype.kind == "O" for part in classes}
    if len(kinds) > 1 or True in kinds:  # NumPy would read the label 1 beside text as "1"
        check_labels([label for part in classes for label in part.tolist()], name, "Label")
    found = np.unique(np.concatenate(classes))
    if len(found) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs at least 2 classes in y, but y holds only one "
            f"class: {found.tolist()[0]!r}."
        )
    return found


def _check_all_occur(classes: NDArray[Any], whole: Summary) -> None:
    """Raise an error if a class that was declared is that of no row."""
    occurs = (whole.weights.total > 0) | np.isfinite(whole.weights.least)
    if not occurs.all():
        raise ValueError(
            f"classes={classes.tolist()!r}, but no row has the label "
            f"{classes[~occurs].tolist()[0]!r}, so that the coefficients of this class would "
            "have no optimum: leave it out."
        )


@dataclass(frozen=True, eq=False)
class Reading:
    """How a given part is checked and read."""

    n_features: int
    y_columns: Any
    classes: NDArray[Any] | None
    """None as long as they are not known."""

    word: str
    """What an error calls a part."""

    y_name: str
    offset_name: str
    dtype: np.dtype[Any] | None = None
    """The width of all parts; None as long as it is not known."""

    are_labels: bool = True
    """Whether probabilities are 0 or 1 in all parts."""


def summary_of(part: GivenPart, reading: Reading) -> tuple[Any, ...] | None:
    """Return what is known of a part; None if it has no rows. Its values are checked.

    The moments of its columns, which of them are not stored (1, or 0), and a list with the number
    of the part and all else.
    """
    read = _read(part, reading, is_first=True)
    if read is None:
        return None
    summary = Summary.of(read.X, read.given, read.weights, read.classes, read.offset)
    not_stored = (~summary.stored).astype(np.float64)
    return summary.columns, not_stored, [(part.number, summary.without_columns())]


def read_again(part: GivenPart, number: int, reading: Reading) -> TrainingSet:
    """Return the checked rows of a part, whose values have been looked at in an earlier round."""
    read = _read(part, reading, is_first=False)
    if read is not None:
        return read
    nothing = np.zeros((0, reading.n_features), dtype=reading.dtype)
    assert reading.classes is not None
    return TrainingSet(nothing, np.zeros(0, dtype=np.intp), None, reading.classes)


def _read(part: GivenPart, reading: Reading, *, is_first: bool) -> TrainingSet | None:
    """Return the rows of a part; errors name it."""
    try:
        return _rows_and_targets(_in_numpy(part), reading, is_first=is_first)
    except (TypeError, ValueError) as error:
        error.args = (f"{reading.word.capitalize()} {part.number}: {error}",)
        raise


def _in_numpy(part: GivenPart) -> GivenPart:
    """Return a part as NumPy's arrays, if it is of another library and that is dispatched."""
    return replace(
        part,
        X=rows_for_numpy(part.X),
        y=as_numpy(part.y),
        sample_weight=as_numpy(part.sample_weight),
        offset=as_numpy(part.offset),
    )


def _rows_and_targets(part: GivenPart, reading: Reading, *, is_first: bool) -> TrainingSet | None:
    X, y = part.X if hasattr(part.X, "shape") else np.asarray(part.X), part.y
    lengths = {"X": X.shape[0], reading.y_name: len(y)}
    if part.sample_weight is not None and not isinstance(part.sample_weight, Real):
        lengths["sample_weight"] = len(part.sample_weight)
    if part.offset is not None:
        lengths[reading.offset_name] = len(part.offset)
    for name, length in lengths.items():
        if length != lengths["X"]:
            raise ValueError(f"X has {lengths['X']} rows there and {name} has {length}.")
    if not lengths["X"]:
        return None
    X = _checked_rows(X, reading, is_first=is_first)
    classes, given = _targets(y, reading, is_first=is_first)
    weights = None
    if part.sample_weight is not None:
        weights = checked_weights(part.sample_weight, X.shape[0], may_be_zero=True)
    return TrainingSet(X, given, weights, classes, _offset(part.offset, X, reading))


def _offset(offset: Any, X: Any, reading: Reading) -> Any:
    """Return the offset of a part, shape ``(n_rows, n_outputs)``.

    As long as the classes are not known only the largest difference of its columns is of use, and
    they are as they were given.
    """
    if offset is None or reading.classes is not None:
        classes = reading.classes if reading.classes is not None else np.zeros(0)
        return checked_offset(offset, X.shape[0], classes, X.dtype, name=reading.offset_name)
    values = finite_offset(offset, reading.offset_name)
    return values[:, None] if values.ndim == 1 else values


def _checked_rows(X: Any, reading: Reading, *, is_first: bool) -> Any:
    """Return the rows of a part as an array or as a CSR or CSC matrix, in the width of all."""
    dtype = [np.float64, np.float32] if reading.dtype is None else reading.dtype
    finite = {"ensure_all_finite": is_first}
    is_ready = not is_first and type(X) is np.ndarray and X.ndim == 2 and X.dtype == dtype
    try:
        if not is_ready:
            X = check_array(X, accept_sparse=["csr", "csc"], dtype=dtype, input_name="X", **finite)
    except ValueError as error:
        if is_of_text(error):
            raise ValueError(text_is_no_number(error)) from error
        if "Input X contains" in str(error):
            row = first_row_not_finite(X)
            error.args = (f"row {row} of X there is the first with NaN or infinity. {error}",)
        raise
    if X.shape[1] != reading.n_features:
        raise ValueError(f"X has {X.shape[1]} features there, not {reading.n_features}.")
    # NumPy copies an array at an odd address, as arrays from a network are, for every product.
    return X if sp.issparse(X) else np.require(X, requirements=["A"])


def _targets(y: Any, reading: Reading, *, is_first: bool) -> tuple[NDArray[Any], Any]:
    """Return the classes of a part, or of all if they are known, and its targets."""
    if not are_probabilities(y):
        return _labels(y, reading, is_first=is_first)
    y = check_array(y, dtype="numeric", input_name=reading.y_name)
    if reading.classes is None:
        return encoded(None, y, reading.y_columns)
    given = given_for(None, y, reading.y_columns, reading.classes, reading.y_name)
    if given.ndim == 1 and not reading.are_labels:  # probabilities are so in another part
        given = np.eye(len(reading.classes))[given]
    return reading.classes, given


def _labels(y: Any, reading: Reading, *, is_first: bool) -> tuple[NDArray[Any], Any]:
    """Return the classes of a part, or of all if they are known, and the numbers of its labels."""
    if is_first:
        check_labels(y, reading.y_name)
    if is_first or not (type(y) is np.ndarray and y.dtype.kind in "iub"):
        y = check_array(y, ensure_2d=False, dtype=None, input_name=reading.y_name)
    y = y.ravel()
    if is_first and y.dtype.kind not in "iub":
        check_are_classes(y)
    if reading.classes is None:
        return classes_and_labels(y)
    return reading.classes, given_for(None, y, None, reading.classes, reading.y_name)
