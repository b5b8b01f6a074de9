"""The first step of a saved pipeline: rows of any kind as an array, columns found by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

NO_VALUES = {"NAType", "NaTType"}
"""Types of pandas' marks for a missing value, which is not imported to know them."""

NONE = np.array(None, dtype=object)

SHOWN = 10
"""Most names of columns in a message."""


class NamedColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Takes the columns of a fit out of a frame by their names, in whatever order they stand.

    Parameters
    ----------
    names : sequence of str
        The columns of the fit, in the order of the array that comes out.
    text : sequence of str
        Those of them that hold text; the others hold numbers.
    target : str
        The name of the column of labels, which rows to predict need not have.

    Attributes
    ----------
    feature_names_in_ : ndarray of shape (n_columns,)
        The columns of the fit.
    n_features_in_ : int
        How many there are.
    """

    def __init__(self, names: Sequence[str], text: Sequence[str] = (), target: str = "") -> None:
        self.names = names
        self.text = text
        self.target = target

    def fit(self, X: Any, y: Any = None) -> Self:
        """Remember the names; the rows are not looked at."""
        self.feature_names_in_ = np.array(self.names, dtype=object)
        self.n_features_in_ = len(self.names)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Return rows as an array, with the columns in the order of the fit.

        Parameters
        ----------
        X : frame, mapping of str to columns, or array of shape (n_rows, n_columns)
            A pandas or polars frame, a pyarrow table or a dict, with all columns of the fit in any
            order, and others, which are left out; or an array with the columns in the order of
            the fit. Text that is a number is one as it is written in a file: 7 is "7".

        Returns
        -------
        array : ndarray of shape (n_rows, n_columns)
            Floats, or objects if there are columns of text; NaN where a value is missing.

        Raises
        ------
        ValueError
            If columns are missing, or hold text in place of numbers.
        """
        check_is_fitted(self)
        if _names_of(X) is None:
            return self._checked_array(X)
        return self._by_name(X)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the columns."""
        check_is_fitted(self)
        return np.array(self.names, dtype=object)

    def _checked_array(self, X: Any) -> NDArray[Any]:
        """Return an array whose columns have the order of the fit: there is nothing to know by."""
        array = np.asarray(X)
        if array.ndim != 2 or array.shape[1] != len(self.names):
            raise ValueError(
                f"rows without names of columns must be an array with the {len(self.names)} "
                f"columns {_listed(self.names)}; this one has shape {array.shape}"
            )
        if array.dtype == object:
            is_none = np.equal(array, NONE).astype(bool)
            array = np.where(is_none, np.nan, array) if is_none.any() else array
        return array

    def _by_name(self, frame: Any) -> NDArray[Any]:
        names = _names_of(frame) or []
        there = set(names)
        twice = [name for name in self.names if names.count(name) > 1]
        if twice:
            raise ValueError(f"more than one column has the name of: {_listed(twice)}")
        missing = [name for name in self.names if name not in there]
        if missing:
            raise ValueError(
                f"the model needs columns that are not there: {_listed(missing)}; there are: "
                f"{_listed(sorted(map(str, there)))}"
            )
        text = set(self.text)
        columns = [
            _as_text(frame[name]) if name in text else _as_numbers(frame[name], name)
            for name in self.names
        ]
        array = np.empty((len(columns[0]), len(columns)), dtype=object if text else np.float64)
        for j, column in enumerate(columns):
            array[:, j] = column
        return array


def _names_of(X: Any) -> list[Any] | None:
    """Return the names of the columns of a frame, a table or a dict; None of anything else."""
    if isinstance(X, Mapping):
        return list(X)
    for attribute in ("column_names", "columns"):
        if hasattr(X, attribute):
            return list(getattr(X, attribute))
    return None


def _as_numbers(column: Any, name: str) -> NDArray[np.float64]:
    """Return a column as floats, NaN where a value is missing."""
    values = _values(column)
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.array([_number(value, name) for value in values])
    if np.isinf(numbers).any():
        raise ValueError(f"column {name!r} holds an infinity")
    return numbers


def _number(value: Any, name: str) -> float:
    if _is_missing(value):
        return np.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"column {name!r} holds {value!r}, and held numbers when the model was fitted"
        ) from None


def _as_text(column: Any) -> NDArray[Any]:
    """Return a column as strings, NaN where a value is missing."""
    strings = [np.nan if _is_missing(value) else _written(value) for value in _values(column)]
    return np.array(strings, dtype=object)


def _written(value: Any) -> str:
    """Return a value as a file would hold it; whole numbers have no point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _values(column: Any) -> list[Any]:
    """Return the values of a column of pandas, polars, pyarrow or numpy, or of a sequence."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            values: list[Any] = getattr(column, method)()
            return values
    return list(column)


def _is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in NO_VALUES


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown
