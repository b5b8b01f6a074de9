"""The penalty on the coefficients; the intercept is never penalised."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sk_softmax.interfaces import Array


@dataclass(frozen=True, slots=True)
class L2Penalty:
    """``strength / 2`` times the sum of squared coefficients.

    ``strength = 1 / (C sum_i s_i)`` makes the mean loss plus this penalty the objective of
    ``LogisticRegression`` divided by ``C sum_i s_i``. Zero means no penalty.
    """

    strength: float
    n_features: int

    def value(self, params: Array) -> float:
        """Return the penalty in nats a row."""
        if self.strength == 0:
            return 0.0
        coef = params[:, : self.n_features]
        return 0.5 * self.strength * float(np.einsum("ij,ij->", coef, coef))

    def add_gradient(self, params: Array, gradient: Array) -> None:
        """Add the penalty's gradient in place."""
        if self.strength != 0:
            gradient[:, : self.n_features] += self.strength * params[:, : self.n_features]

    def diagonal(self, n_columns: int) -> Array:
        """Return the penalty's Hessian for one class, a diagonal, shape ``(n_columns,)``."""
        diagonal = np.zeros(n_columns)
        diagonal[: self.n_features] = self.strength
        return diagonal
