"""Levels of contours: bands of equal area, at numbers that are easy to read."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS = (1.0, 0.5, 0.2)
"""Of a power of ten: what is counted by in round numbers, the roundest first."""

MOST_DIGITS = 15
"""Digits of a double that can be told apart."""

FLAT = 1e-12
"""Differences relative to the values that are taken for rounding."""


def round_levels(values: Any, n_bands: int) -> Any:
    """Return ascending levels that enclose all finite values.

    They are near the quantiles of the values, so that all bands cover about the same area of the
    plane: evenly spaced levels would all lie on steep walls, and the valley between them would
    show no shape. Each is the roundest number that is nearer to its quantile than to the next.

    Parameters
    ----------
    values : ndarray of any shape
        Of the surface, on a grid.
    n_bands : int
        Most bands.

    Returns
    -------
    levels : ndarray of shape (n_levels,)
        Two or more, at most ``n_bands + 1``.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise ValueError("No value of the surface is finite: there are no contours to draw.")
    quantiles = np.unique(np.quantile(finite, np.linspace(0, 1, n_bands + 1)))
    if quantiles[-1] - quantiles[0] <= FLAT * np.abs(quantiles).max():
        quantiles = quantiles[:1]
        width = max(abs(float(quantiles[0])), 1.0) * 1e-6
        quantiles = quantiles + np.array([0.0, width])
    first, last = quantiles[1] - quantiles[0], quantiles[-1] - quantiles[-2]
    middles = (quantiles[1:] + quantiles[:-1]) / 2
    lows = np.concatenate([[quantiles[0] - first], middles])
    highs = np.concatenate([middles, [quantiles[-1] + last]])
    lows[-1], highs[0] = quantiles[-1], quantiles[0]
    return np.unique([_roundest(*ends) for ends in zip(lows, highs, strict=True)])


def few_of(levels: Any, n_ticks: int) -> Any:
    """Return at most so many of the levels, evenly spread, among them the first."""
    return levels[:: -(-len(levels) // n_ticks)]


def _roundest(low: float, high: float) -> float:
    """Return the roundest number from ``low`` to ``high``."""
    if low <= 0 <= high:
        return 0.0
    largest = int(np.floor(np.log10(max(abs(low), abs(high)))))
    for exponent in range(largest, largest - MOST_DIGITS, -1):
        for step in STEPS:
            unit = step * 10.0**exponent
            count = np.ceil(low / unit)
            if count * unit <= high:
                # By way of text, so that three tenths is 0.3 and not 0.30000000000000004.
                return float(f"{count * unit:.{MOST_DIGITS}g}")
    return low
