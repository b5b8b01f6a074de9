"""What a penalty is made of, whatever its strength: the one place that chooses a class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Penalty
from sk_softmax.objective.penalties.boxed import BoxedElasticNet
from sk_softmax.objective.penalties.elastic_net import ElasticNet
from sk_softmax.objective.penalties.grouped import GroupedElasticNet
from sk_softmax.objective.penalties.l2 import L2


@dataclass(frozen=True, eq=False, slots=True)
class PenaltyForm:
    """``sum_j f_j [(1 - l1_ratio) / 2 |w_j|_2^2 + l1_ratio |w_j|_1] / (C sum_i s_i)``.

    The penalty of ``LogisticRegression(solver="saga")`` with a factor for each feature (Zou and
    Hastie, 2005, Journal of the Royal Statistical Society B 67; the factors and the grouped form
    are those of Friedman, Hastie and Tibshirani, 2010, Journal of Statistical Software 33), and
    bounds on the coefficients.
    """

    l1_ratio: float = 0.0
    factors: Array | None = None
    """``f_j``, one a feature, not negative; all 1 if None."""

    grouped: bool = False
    """Whether the second term is ``|w_j|_2`` over the classes."""

    lower: Array | None = None
    """Least coefficients, one a feature or shape ``(n_outputs, n_features)``; None: no bound."""

    upper: Array | None = None
    """Largest coefficients, likewise; None exactly where ``lower`` is."""

    def l1_shares(self, n_features: int) -> Array:
        """Return ``f_j l1_ratio`` of all features."""
        factors = np.ones(n_features) if self.factors is None else self.factors
        return np.asarray(self.l1_ratio * factors)

    def of_features(self, features: NDArray[np.intp]) -> PenaltyForm:
        """Return the penalty on these features alone."""
        parts = {
            name: value[..., features]
            for name in ("factors", "lower", "upper")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, **parts)

    def penalty(self, strength: float, shape: tuple[int, int], n_features: int) -> Penalty:
        """Return the penalty of a strength.

        Parameters
        ----------
        strength : float
            ``1 / (C sum_i s_i)``.
        shape : tuple of int
            That of params, ``(n_outputs, n_columns)``.
        n_features : int
            How many of the columns belong to features.
        """
        factors = 1.0 if self.factors is None else self.factors
        l2, l1 = np.zeros(shape[1]), np.zeros(shape[1])
        l2[:n_features] = strength * (1 - self.l1_ratio) * factors
        l1[:n_features] = strength * self.l1_ratio * factors
        if self.lower is not None and self.upper is not None:
            lower, upper = np.full(shape, -np.inf), np.full(shape, np.inf)
            lower[:, :n_features], upper[:, :n_features] = self.lower, self.upper
            return BoxedElasticNet(l2, l1, lower, upper, n_features)
        if not l1.any():
            return L2(l2, n_features)
        kind = GroupedElasticNet if self.grouped else ElasticNet
        return kind(l2, l1, n_features)
