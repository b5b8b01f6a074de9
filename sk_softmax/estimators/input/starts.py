"""A user's start of a fit, checked: coefficients and intercepts to begin at."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from sk_softmax.interfaces import Array


def checked_start(
    coef_init: Any, intercept_init: Any, otherwise: Array, *, has_intercept: bool
) -> Array:
    """Return the start that a user gave, of shape ``(n_outputs, n_columns)``.

    Parameters
    ----------
    coef_init : array-like or sparse matrix of shape (n_outputs, n_features), or None
        Coefficients, in the form of ``coef_``; with two classes a single row.
    intercept_init : array-like of shape (n_outputs,), or None
        Intercepts, in the form of ``intercept_``.
    otherwise : ndarray of shape (n_outputs, n_columns)
        Taken where nothing is given: zeros, or params of an earlier fit.
    has_intercept : bool
        Whether the last column is that of an intercept.

    Raises
    ------
    ValueError
        If there is a number that is not finite, or the shape is wrong; it names the argument.
    """
    n_outputs, n_columns = otherwise.shape
    start, n_features = otherwise.copy(), n_columns - has_intercept
    if coef_init is not None:
        shape = n_outputs, n_features
        start[:, :n_features] = _finite(coef_init, "coef_init", shape, "coefficient")
    if intercept_init is None:
        return start
    intercept = _finite(intercept_init, "intercept_init", (n_outputs,), "intercept")
    if has_intercept:
        start[:, n_features] = intercept
    elif intercept.any():
        raise ValueError(
            "intercept_init is not zero, but the model has no intercept: set fit_intercept=True, "
            "or leave intercept_init out."
        )
    return start


def _finite(values: Any, name: str, shape: tuple[int, ...], what: str) -> Array:
    """Return finite numbers of this shape in float64."""
    try:
        array = np.asarray(values.toarray() if sp.issparse(values) else values)
        if array.dtype.kind not in "fiubO":
            raise TypeError(f"it is of type {array.dtype}")
        array = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from error
    if array.shape != shape:
        rows = "a single row for two classes" if shape[0] == 1 else f"one {what} for each class"
        rows += " and feature" if len(shape) == 2 and shape[0] > 1 else ""
        raise ValueError(
            f"{name} has shape {array.shape}, expected {shape}, {rows}: the form of "
            f"{name.removesuffix('init')}."
        )
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"{name}{list(place)} is {array[place]}: a start must be finite.")
    return array
