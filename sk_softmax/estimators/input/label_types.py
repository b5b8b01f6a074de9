"""Labels are of one type and none is missing: errors name the parameter and the row."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {"text": (str,), "bytes": (bytes,), "numbers": (Real, np.bool_)}
"""Types whose values can be compared with one another."""


def check_labels(labels: Any, name: str = "y", place: str = "Row") -> None:
    """Raise an error if a label is missing, or if some are text and others numbers.

    Only lists and columns of objects can be so; NumPy would read the label 1 in a list with text
    as ``"1"``, and NaN as ``"nan"``.

    Parameters
    ----------
    labels : array-like of shape (n_labels,)
        Labels as the user gave them.
    name : str, default="y"
        The parameter that holds them.
    place : str, default="Row"
        What an error calls the place of a label.

    Raises
    ------
    ValueError
        It names the first such label.
    """
    values = _values_of_any_type(labels)
    types = set(map(type, values))
    if len({_kind(type_) for type_ in types}) < 2 and not any(map(_may_be_missing, types)):
        return
    for number, value in enumerate(values):
        if _is_missing(value):
            raise ValueError(
                f"{place} {number} of {name} is {value!r}, which is no label: leave it out, or "
                "put a label in its place."
            )
        if _kind(type(value)) != _kind(type(values[0])):
            raise ValueError(
                f"{name} mixes labels of different types: {place.lower()} 0 is {values[0]!r} and "
                f"{place.lower()} {number} is {value!r}. Give all labels the same type, for "
                f"example with [str(label) for label in {name}]."
            )


def _values_of_any_type(labels: Any) -> list[Any]:
    """Return the labels of a list or of a column of objects; none if all have the same type."""
    if isinstance(labels, list | tuple):
        return list(labels)
    dtype = getattr(labels, "dtype", None)
    if isinstance(dtype, np.dtype):
        may_differ = dtype.kind == "O"
    else:  # columns of pandas, polars and pyarrow, whose values may be missing
        may_differ = hasattr(labels, "isna") or hasattr(labels, "is_null")
    return list(np.asarray(labels, dtype=object).ravel()) if may_differ else []


def _is_missing(value: Any) -> bool:
    """Whether a label is None, NaN, or another value that is not equal to itself."""
    if value is None:
        return True
    if isinstance(value, str | bytes):
        return False
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA has no truth value
        return True
    except ValueError:  # an array, which is no label
        return False


def _may_be_missing(type_: type) -> bool:
    """Whether some values of this type stand for none; whole numbers and text never do."""
    return not issubclass(type_, (Integral, np.bool_, str, bytes))


def _kind(type_: type) -> str:
    """Return which labels a label of this type can be compared with."""
    for kind, types in KINDS.items():
        if issubclass(type_, types):
            return kind
    return type_.__name__


def declared_classes(classes: Any) -> NDArray[Any]:
    """Return the classes that a user declares, sorted, shape ``(n_classes,)``."""
    check_labels(classes, "classes", "Entry")
    try:
        known = np.unique(classes)
    except TypeError as error:
        raise ValueError(f"classes={classes!r} cannot be sorted: {error}.") from error
    if known.dtype.kind == "f" and not np.isfinite(known).all():
        raise ValueError(f"classes={known.tolist()!r} holds a number that is not finite.")
    if len(known) < 2:
        raise ValueError(f"classes={known.tolist()!r} holds fewer than 2 classes.")
    return np.asarray(known)
