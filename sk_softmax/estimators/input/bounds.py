"""Bounds on the coefficients, checked against the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array


def any_bounds(lower: Any, upper: Any) -> bool:
    """Whether these say more than that coefficients lie between the infinities."""
    return not (_is_all(lower, -np.inf) and _is_all(upper, np.inf))


def _is_all(bounds: Any, infinity: float) -> bool:
    try:
        return bool((np.asarray(bounds, dtype=np.float64) == infinity).all())
    except (TypeError, ValueError):  # what is wrong with it is said once the features are known
        return False


def checked_bounds(
    lower: Any, upper: Any, n_features: int, n_classes: int
) -> tuple[Array | None, Array | None]:
    """Return both bounds in one shape; an error names the parameter that is wrong.

    Parameters
    ----------
    lower, upper : float or array-like
        Scalars, or of shape ``(n_features,)`` or ``(n_outputs, n_features)``; both None for none.
    n_features, n_classes : int
        How many there are; ``n_outputs`` is ``n_classes``, and 1 for two classes.

    Returns
    -------
    lower, upper : ndarrays of shape (n_features,) or (n_outputs, n_features)
        Or both None.
    """
    if lower is None and upper is None:
        return None, None
    shape = (n_classes if n_classes > 2 else 1), n_features
    low, high = _of_shape("lower_bounds", lower, shape), _of_shape("upper_bounds", upper, shape)
    _require("lower_bounds", low, low <= 0, "zero or negative")
    _require("upper_bounds", high, high >= 0, "zero or positive")
    low, high = np.broadcast_arrays(low, high)
    # A negative zero counts as zero: coefficients at the bound would be negative zeros.
    return low + 0.0, high + 0.0


def _of_shape(name: str, bounds: Any, shape: tuple[int, int]) -> Array:
    try:
        array = np.asarray(bounds, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from error
    if array.shape not in ((), shape[1:], shape):
        raise ValueError(
            f"{name} has shape {array.shape}, expected a number, one a feature {shape[1:]}, or "
            f"one a row of coefficients and feature {shape}."
        )
    return np.broadcast_to(array, shape[1:]) if array.ndim == 0 else array


def _require(name: str, bounds: Array, holds: Any, expected: str) -> None:
    if not np.all(holds):  # a NaN neither is zero nor has a sign
        where = np.unravel_index(int(np.argmin(holds)), bounds.shape)
        place = f"that of feature {where[-1]}"
        place += f" in row {where[0]}" if bounds.ndim == 2 else ""
        raise ValueError(
            f"{name} must be {expected}, so that a coefficient can be zero, but {place} is "
            f"{bounds[where]:g}."
        )
