"""The form of a penalty without its strength. The class of a penalty is chosen here only."""

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

    It is the penalty of ``LogisticRegression(solver="saga")`` (Zou and Hastie, 2005, Journal of
    the Royal Statistical Society B 67) with a factor for each feature, and with bounds on the
    coefficients. The factors and the grouped form are those of Friedman, Hastie and Tibshirani
    (2010, Journal of Statistical Software 33).
    """

    l1_ratio: float = 0.0
    """Share of the L1 part, in [0, 1]."""

    factors: Array | None = None
    """``f_j``, shape ``(n_features,)``, not negative; all 1 if None."""

    grouped: bool = False
    """Whether the second term is ``|w_j|_2`` over the classes."""

    lower: Array | None = None
    """Least coefficients, ``(n_features,)`` or ``(n_outputs, n_features)``; None: no bound."""

    upper: Array | None = None
    """Largest coefficients, in the same shape; None if and only if ``lower`` is None."""

    def l1_shares(self, n_features: int) -> Array:
        """Return ``f_j l1_ratio`` of each feature, shape ``(n_features,)``."""
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
        """Return the penalty of a given strength, an object of the class that suits this form.

        Parameters
        ----------
        strength : float
            ``1 / (C sum_i s_i)``.
        shape : tuple of int
            Shape of params, ``(n_outputs, n_columns)``.
        n_features : int
            How many of the columns belong to features.
        """
        factors = 1.0 if self.factors is None else self.factors
        l2 = np.zeros(shape[1])
        l2[:n_features] = strength * (1 - self.l1_ratio) * factors
        if self.l1_ratio == 0 and self.lower is None:
            return L2(l2, n_features)
        l1 = np.zeros(shape[1])
        l1[:n_features] = strength * self.l1_ratio * factors
        if self.lower is not None and self.upper is not None:
            lower, upper = np.full(shape, -np.inf), np.full(shape, np.inf)
            lower[:, :n_features], upper[:, :n_features] = self.lower, self.upper
            return BoxedElasticNet(l2, l1, lower, upper, n_features)
        if not l1.any():
            return L2(l2, n_features)
        kind = GroupedElasticNet if self.grouped else ElasticNet
        return kind(l2, l1, n_features)
