"""Numbers with standard errors: effects, and differences of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from sk_softmax.inference.frames import data_frame
from sk_softmax.interfaces import Array


def interval(estimate: Array, std_err: Array, level: float) -> Array:
    """Return both ends of normal intervals, shape ``(..., 2)``."""
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} must be a number between 0 and 1, such as 0.95.")
    width = float(ndtri((1 + level) / 2)) * std_err
    return np.stack([estimate - width, estimate + width], axis=-1)


def two_sided(z: Array) -> Array:
    """Return p-values of standard normal statistics."""
    return np.asarray(2 * ndtr(-np.abs(z)))


@dataclass(frozen=True, eq=False)
class Quantities:
    """Estimates with standard errors by the delta method."""

    estimate: Array
    """The last axis is the class."""

    std_err: Array
    """In the same shape; zero where the estimate does not depend on any coefficient."""

    index: Sequence[tuple[Any, ...]]
    """Labels of the flattened estimates."""

    names: tuple[str, ...]
    """What the labels are."""

    @property
    def z(self) -> Array:
        """Estimates in standard errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.estimate / self.std_err

    @property
    def p_value(self) -> Array:
        """Probability of estimates so far from zero if they are zero."""
        return two_sided(self.z)

    def conf_int(self, level: float = 0.95) -> Array:
        """Return confidence intervals, in the shape of the estimates with a last axis of two."""
        return interval(self.estimate, self.std_err, level)

    def to_frame(self, level: float = 0.95) -> Any:
        """Return a pandas DataFrame with a row for each estimate."""
        ends = self.conf_int(level)
        columns = {
            "estimate": self.estimate.ravel(),
            "std_err": self.std_err.ravel(),
            "z": self.z.ravel(),
            "p_value": self.p_value.ravel(),
            "low": ends[..., 0].ravel(),
            "high": ends[..., 1].ravel(),
        }
        return data_frame(columns, list(self.index), list(self.names))

    def __str__(self) -> str:
        ends = self.conf_int()
        labels = [", ".join(map(str, label)) for label in self.index]
        width = max(map(len, labels), default=0)
        heads = ("estimate", "std err", "z", "p", "low", "high")
        lines = [" " * width + "".join(f"{head:>12}" for head in heads)]
        columns = (
            self.estimate,
            self.std_err,
            self.z,
            self.p_value,
            ends[..., 0],
            ends[..., 1],
        )
        rows = zip(*(column.ravel() for column in columns), strict=True)
        for label, row in zip(labels, rows, strict=True):
            lines.append(f"{label:{width}}" + "".join(f"{value:12.5g}" for value in row))
        return "\n".join(lines)
