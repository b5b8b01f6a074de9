"""A user's offset, checked: what is added to the logits of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.input.labels import column_names
from sk_softmax.estimators.input.rows import first_row_not_finite
from sk_softmax.fitting.settings import Weights


def checked_offset(
    offset: Any,
    n_rows: int,
    classes: NDArray[Any],
    width: np.dtype[Any],
    *,
    name: str = "offset",
) -> Weights | None:
    """Return an offset of shape ``(n_rows, n_outputs)``; None for None.

    Parameters
    ----------
    offset : array-like of shape (n_rows,) or (n_rows, n_classes), or None
        The first form is for two classes, and is added to the log-odds of the second. The columns
        of a frame that have the names of the classes may be in any order.
    n_rows : int
        Number of rows.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    width : dtype
        The width of the rows, which has to hold the numbers.
    name : str, default="offset"
        The name of the argument, for errors.
    """
    if offset is None:
        return None
    values = finite_offset(_in_order(offset, classes), name)
    n_classes = len(classes)
    if values.shape == (n_rows,) and n_classes == 2:
        values = values[:, None]
    elif values.shape == (n_rows, n_classes):
        values = values[:, 1:] - values[:, :1] if n_classes == 2 else values
    else:
        of_two = f"({n_rows},), which is added to the log-odds of the second class, or "
        raise ValueError(
            f"{name} has shape {values.shape}, expected {of_two if n_classes == 2 else ''}"
            f"({n_rows}, {n_classes}), one number for each row and class."
        )
    sizes = np.abs(values).max(axis=1, initial=0.0)
    if not (sizes <= np.finfo(width).max).all():
        row = int(np.argmax(~(sizes <= np.finfo(width).max)))
        raise ValueError(f"{name} is up to {sizes[row]:g} in row {row}, more than {width} holds.")
    return values


def _in_order(offset: Any, classes: NDArray[Any]) -> Any:
    """Return an offset whose columns are in the order of the classes, if they have their names."""
    names = column_names(offset)
    if names is None or len(names) != len(classes):
        return offset
    places = {label: place for place, label in enumerate(list(names))}
    if set(places) != set(classes.tolist()):
        return offset
    return np.asarray(offset)[:, [places[label] for label in classes.tolist()]]


def finite_offset(offset: Any, name: str) -> Weights:
    """Return an offset as an array of finite float64 numbers."""
    try:
        array = np.asarray(offset, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error
    if array.ndim in (1, 2) and not np.isfinite(array).all():
        row = first_row_not_finite(array)
        raise ValueError(f"Row {row} of {name} is the first with NaN or infinity.")
    return array


def require_offset(offset: Any, *, needs: bool, what: str = "predictions") -> None:
    """Raise an error if rows have no offset, though those that a model was fitted to had one."""
    if needs and offset is None:
        raise ValueError(
            f"The model was fitted with an offset, so {what} need that of their rows: pass "
            "offset=, or an offset of zeros if none is to be added."
        )


def refuse_offset(offset: Any, *, needs: bool) -> None:
    """Raise an error if the rows of a fit are given an offset that the fit did not have."""
    if offset is not None and not needs:
        raise ValueError(
            "offset= is given, but the model was fitted without one: inference needs the rows of "
            "the fit as they were."
        )
