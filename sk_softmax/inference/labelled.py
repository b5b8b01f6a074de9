"""Numbers with the labels of their coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.inference.frames import data_frame, matrix_frame
from sk_softmax.interfaces import Array

LEVELS = ("class", "column")
"""What the labels of a coefficient are."""


@dataclass(frozen=True, eq=False)
class LabelledMatrix:
    """A square matrix with a label for each row and column; ``numpy.asarray`` gives the matrix."""

    matrix: Array
    labels: Sequence[tuple[Any, str]]
    """The class and the column of each coefficient."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.matrix, dtype=dtype) if copy else np.asarray(self.matrix, dtype=dtype)

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with the labels on both axes."""
        return matrix_frame(self.matrix, list(self.labels), LEVELS)


@dataclass(frozen=True, eq=False)
class Ratios:
    """Exponentiated coefficients, by which odds or risks are multiplied, with intervals."""

    name: str
    """What they are called: odds ratios for two classes, relative risk ratios for more."""

    level: float
    ratio: Array
    """Shape ``(n_outcomes, n_columns)``."""

    low: Array
    """Shape ``(n_outcomes, n_columns)``."""

    high: Array
    """Shape ``(n_outcomes, n_columns)``."""

    labels: Sequence[tuple[Any, str]]
    """The class and the column of each ratio."""

    def to_frame(self) -> Any:
        """Return a pandas DataFrame with a row for each coefficient."""
        columns = {
            self.name: self.ratio.ravel(),
            "low": self.low.ravel(),
            "high": self.high.ravel(),
        }
        return data_frame(columns, list(self.labels), LEVELS)
