"""What an adapter provides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

Fit = Callable[[Any, np.ndarray, float, Any], tuple[np.ndarray, np.ndarray]]
"""From rows, labels ``0 .. K-1``, ``C`` and an effort to coefficients and intercepts."""


class Missing(Exception):
    """A library is not installed; the message is a line for the report."""


@dataclass(frozen=True)
class Competitor:
    """A way to fit, and the efforts to try: each costs more and comes closer.

    Efforts that are integers are numbers of iterations, to which the time of a fit is about
    proportional.
    """

    name: str
    fit: Fit
    efforts: Sequence[Any]
    patience: float = 3.3
    """How many times as long as ours its fits may take: a little more than is aimed at."""

    takes_sparse: bool = True
    most_hessian_columns: int | None = None
    """The most parameters that a method with a full Hessian is asked to take."""

    def can_fit(self, X: Any, n_classes: int) -> bool:
        """Whether this can fit such rows in reasonable memory."""
        if sp.issparse(X) and not self.takes_sparse:
            return False
        n_parameters = (X.shape[1] + 1) * (1 if n_classes == 2 else n_classes)
        limit = self.most_hessian_columns
        return limit is None or n_parameters <= limit
