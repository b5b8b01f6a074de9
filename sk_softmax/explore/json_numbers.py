"""Arrays as JSON: short numbers, and null for what is not finite."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

DIGITS = 7
"""Significant digits that a page is sent; it shows five."""


def as_json(values: ArrayLike, digits: int = DIGITS) -> Any:
    """Return an array as nested lists of floats, rounded; infinite ones and NaN become None.

    Examples
    --------
    >>> as_json([1 / 3, np.inf, -1e-300])
    [0.3333333, None, -1e-300]
    """
    array = np.asarray(values, dtype=np.float64)
    flat = [_rounded(value, digits) for value in array.ravel().tolist()]
    return _nested(flat, array.shape)


def _rounded(value: float, digits: int) -> float | None:
    if value != value or value in (float("inf"), float("-inf")):
        return None
    return float(f"{value:.{digits}g}")


def _nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Return a flat list in a shape, in C order."""
    if not shape:
        return flat[0]
    if len(shape) == 1:
        return flat
    size = len(flat) // shape[0] if shape[0] else 0
    return [_nested(flat[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]
