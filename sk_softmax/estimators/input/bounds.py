"""Bounds on the coefficients, checked against the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array


def any_bounds(lower: Any, upper: Any) -> bool:
    """Whether there is any bound besides minus infinity below and infinity above."""
    return not (_is_all(lower, -np.inf) and _is_all(upper, np.inf))


def _is_all(bounds: Any, infinity: float) -> bool:
    """Whether all bounds are this infinity."""
    if isinstance(bounds, float):
        return bounds == infinity
    try:
        return bool((np.asarray(bounds, dtype=np.float64) == infinity).all())
    except (TypeError, ValueError):
        return False  # checked_bounds raises the error, once the number of features is known


def checked_bounds(
    lower: Any, upper: Any, n_features: int, n_classes: int
) -> tuple[Array | None, Array | None]:
    """Return both bounds, checked, in the same shape.

    Parameters
    ----------
    lower, upper : float or array-like
        Scalars, or arrays of shape ``(n_features,)`` or ``(n_outputs, n_features)``; both None if
        there are no bounds.
    n_features, n_classes : int
        Numbers of features and classes; ``n_outputs`` is ``n_classes``, and 1 for two classes.

    Returns
    -------
    lower, upper : ndarrays of shape (n_features,) or (n_outputs, n_features)
        The bounds; both None if there are none.

    Raises
    ------
    ValueError
        If a bound has no number, the wrong shape or the wrong sign; it names the parameter.
    """
    if lower is None and upper is None:
        return None, None
    shape = (n_classes if n_classes > 2 else 1), n_features
    low, high = _of_shape("lower_bounds", lower, shape), _of_shape("upper_bounds", upper, shape)
    _require("lower_bounds", low, low <= 0, "zero or negative")
    _require("upper_bounds", high, high >= 0, "zero or positive")
    low, high = np.broadcast_arrays(low, high)
    # Plus 0.0 turns a negative zero into zero; a coefficient at the bound would be negative zero.
    return low + 0.0, high + 0.0


def _of_shape(name: str, bounds: Any, shape: tuple[int, int]) -> Array:
    """Return bounds as an array of shape ``(n_features,)`` or ``(n_outputs, n_features)``."""
    try:
        array = np.asarray(bounds, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error
    if array.shape not in ((), shape[1:], shape):
        raise ValueError(
            f"{name} has shape {array.shape}, expected a number, one number per feature "
            f"{shape[1:]}, or one per coefficient {shape}."
        )
    return np.broadcast_to(array, shape[1:]) if array.ndim == 0 else array


def _require(name: str, bounds: Array, holds: Any, expected: str) -> None:
    """Raise an error that names the first bound where ``holds`` is false."""
    if not np.all(holds):  # false for NaN too
        where = np.unravel_index(int(np.argmin(holds)), bounds.shape)
        place = f"that of feature {where[-1]}"
        place += f" in row {where[0]}" if bounds.ndim == 2 else ""
        raise ValueError(
            f"{name} must be {expected}, so that a coefficient can be zero, but {place} is "
            f"{bounds[where]:g}."
        )
