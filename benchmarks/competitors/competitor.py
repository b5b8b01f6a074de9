"""What an adapter has to provide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

Fit = Callable[[Any, np.ndarray, float, Any], tuple[np.ndarray, np.ndarray]]
"""A function of rows, labels ``0 .. K-1``, ``C`` and an effort that returns ``coef`` and
``intercept``. Their shapes are (K, n_features) and (K,), or (1, n_features) and (1,) for K = 2."""


class Missing(Exception):
    """A library is not installed; the message is a line for the report."""


@dataclass(frozen=True)
class Competitor:
    """A way to fit, and the efforts to try: each takes longer and comes closer to the optimum.

    An integer effort is a number of iterations; the time of a fit is about proportional to it.
    Any other effort is a tolerance.
    """

    name: str
    fit: Fit
    efforts: Sequence[Any]
    patience: float = 3.3
    """How many times as long as ours its fits may take: the ratio aimed at and a tenth more."""

    takes_sparse: bool = True
    most_hessian_columns: int | None = None
    """Most parameters for a method that forms a full Hessian; None for other methods."""

    def can_fit(self, X: Any, n_classes: int) -> bool:
        """Whether this can fit such rows in reasonable memory."""
        if sp.issparse(X) and not self.takes_sparse:
            return False
        n_parameters = (X.shape[1] + 1) * (1 if n_classes == 2 else n_classes)
        limit = self.most_hessian_columns
        return limit is None or n_parameters <= limit
