"""The likelihood of the outcomes, and what is computed from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import xlogy

from sk_softmax.interfaces import Array


class PseudoR2(NamedTuple):
    """Shares of the log likelihood of the model without features that the features explain."""

    mcfadden: float
    """``1 - l / l_0`` (McFadden, 1974)."""

    cox_snell: float
    """``1 - exp(2 (l_0 - l) / n)`` (Cox and Snell, 1989)."""

    nagelkerke: float
    """Cox and Snell's over its largest possible value (Nagelkerke, 1991)."""


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Log likelihoods in nats, and counts."""

    log_likelihood: float
    class_totals: Array
    """Observations of each class, shape ``(n_classes,)``."""

    n_observations: float
    n_parameters: int
    n_slopes: int
    """Parameters besides the intercepts."""

    has_intercept: bool
    why_not: str
    """Why differences of log likelihoods have no known distribution here; empty if they have."""

    null_with_offset: float | None = None
    """The log likelihood of intercepts beside the offset; None without an offset."""

    @property
    def null(self) -> float:
        """The log likelihood of the model with intercepts alone, beside the offset if any."""
        if not self.has_intercept:
            raise ValueError(
                "The model has no intercept, so the model of intercepts alone is no part of it, "
                "and log_likelihood_null and pseudo R2 have no meaning."
            )
        if self.null_with_offset is not None:
            return self.null_with_offset
        totals = self.class_totals
        return float(xlogy(totals, totals / totals.sum()).sum())

    @property
    def pseudo_r2(self) -> PseudoR2:
        """Three shares of the log likelihood explained."""
        null, full, n = self.null, self.log_likelihood, float(self.class_totals.sum())
        cox_snell = -np.expm1(2 * (null - full) / n)
        return PseudoR2(
            1 - full / null, float(cox_snell), float(cox_snell / -np.expm1(2 * null / n))
        )

    def require_proper(self, what: str) -> None:
        """Raise a ``ValueError`` if the log likelihood is not that of the observations."""
        if self.why_not:
            raise ValueError(f"{what} does not exist here: {self.why_not}.")

    @property
    def aic(self) -> float:
        """Akaike's information criterion, ``2 k - 2 l``."""
        self.require_proper("AIC")
        return 2 * self.n_parameters - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's information criterion, ``k log(n) - 2 l``."""
        self.require_proper("BIC")
        return self.n_parameters * float(np.log(self.n_observations)) - 2 * self.log_likelihood
