"""The penalty on the coefficients; the intercept is never penalised."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import L1, Array


@dataclass(frozen=True, slots=True)
class L2Penalty:
    """``strength / 2`` times the sum of squared coefficients.

    ``strength = 1 / (C sum_i s_i)`` makes the mean loss plus this penalty the objective of
    ``LogisticRegression`` divided by ``C sum_i s_i``. Zero means no penalty.
    """

    strength: float | Array
    """One for all features, or one each."""

    n_features: int

    @property
    def weakest(self) -> float:
        """The strength on the feature that is penalised least."""
        return float(np.min(self.strength))

    @property
    def strongest(self) -> float:
        """The strength on the feature that is penalised most."""
        return float(np.max(self.strength))

    def value(self, params: Array) -> float:
        """Return the penalty in nats a row."""
        if self.strongest == 0:
            return 0.0
        coef = params[:, : self.n_features]
        squares = np.einsum("ij,ij->j", coef, coef)
        return 0.5 * float((self.strength * squares).sum())

    def add_gradient(self, params: Array, gradient: Array) -> None:
        """Add the penalty's gradient in place."""
        if self.strongest != 0:
            gradient[:, : self.n_features] += self.strength * params[:, : self.n_features]

    def diagonal(self, n_columns: int) -> Array:
        """Return the penalty's Hessian for one class, a diagonal, shape ``(n_columns,)``."""
        diagonal = np.zeros(n_columns)
        diagonal[: self.n_features] = self.strength
        return diagonal


@dataclass(frozen=True, slots=True)
class ElasticNet:
    """``sum_j f_j [(1 - l1_ratio) / 2 |w_j|_2^2 + l1_ratio |w_j|_1] / (C sum_i s_i)``.

    The penalty of ``LogisticRegression(solver="saga")`` with a factor for each feature (Zou and
    Hastie, 2005, Journal of the Royal Statistical Society B 67; the factors and the grouped form
    are those of Friedman, Hastie and Tibshirani, 2010, Journal of Statistical Software 33).
    """

    l1_ratio: float = 0.0
    factors: Array | None = None
    """``f_j``, one a feature, not negative; all 1 if None."""

    grouped: bool = False
    """Whether the second term is ``|w_j|_2`` over the classes."""

    def factors_of(self, n_features: int) -> Array:
        """Return ``f_j`` of all features."""
        return np.ones(n_features) if self.factors is None else self.factors

    def of_features(self, features: NDArray[np.intp]) -> ElasticNet:
        """Return the penalty on these features alone."""
        return self if self.factors is None else replace(self, factors=self.factors[features])

    def smooth_part(self, strength: float, n_features: int) -> L2Penalty:
        """Return the first term, given ``strength = 1 / (C sum_i s_i)``."""
        share = strength * (1 - self.l1_ratio)
        return L2Penalty(share if self.factors is None else share * self.factors, n_features)

    def l1_part(self, strength: float, n_features: int, n_columns: int) -> L1 | None:
        """Return the second term; None if there is none."""
        weights = np.zeros(n_columns)
        weights[:n_features] = strength * self.l1_ratio
        if self.factors is not None:
            weights[:n_features] *= self.factors
        return L1(weights, self.grouped) if weights.any() else None
