"""Coefficients, their errors and the fit as a whole: what an inference reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.frames import data_frame
from sk_softmax.inference.labelled import LEVELS, LabelledMatrix, Ratios
from sk_softmax.inference.likelihood import Likelihood, PseudoR2
from sk_softmax.inference.quantities import interval, two_sided
from sk_softmax.inference.request import Request
from sk_softmax.interfaces import Array

INTERCEPT = "intercept"


def column_names(features: Sequence[str], has_intercept: bool) -> tuple[str, ...]:
    """Return the names of the columns of coefficients; a feature may be called "intercept"."""
    if not has_intercept:
        return tuple(features)
    return (*features, f"({INTERCEPT})" if INTERCEPT in features else INTERCEPT)


@dataclass(frozen=True, eq=False, repr=False)
class Reported:
    """What :class:`Inference` reports without rows: it documents the attributes."""

    columns: tuple[str, ...]
    coef: Array
    std_err: Array
    moved: float
    decrement: float
    n_steps: int
    is_penalised: bool
    n_observations: float
    request: Request = field(repr=False)
    likelihood: Likelihood = field(repr=False)
    estimate: Estimate = field(repr=False)
    read: Callable[[Any], Any] = field(repr=False)
    read_offset: Callable[[Any, int], Array | None] = field(repr=False)
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_of_some: bool = False

    # --- coefficients ---------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[Any, ...]:
        """All labels, sorted."""
        return tuple(self.estimate.outcomes.classes.tolist())

    @property
    def outcomes(self) -> tuple[Any, ...]:
        """Labels of the rows of coefficients."""
        return self.estimate.outcomes.labels

    @property
    def reference(self) -> Any:
        """The label that coefficients are log odds against, or ``"mean"``."""
        return self.estimate.outcomes.reference

    @property
    def dependent_columns(self) -> tuple[str, ...]:
        """Names of the columns whose coefficients are not determined."""
        hidden = ~self.estimate.is_reported()
        return tuple(
            name for name, is_hidden in zip(self.columns, hidden, strict=True) if is_hidden
        )

    @property
    def z(self) -> Array:
        """Coefficients in standard errors, shape ``(n_outcomes, n_columns)``."""
        return self.coef / self.std_err

    @property
    def p_value(self) -> Array:
        """Probability of coefficients so far from zero if they are zero, two-sided.

        Shape ``(n_outcomes, n_columns)``. For a fit with a penalty it is an error without
        ``allow_penalty``.
        """
        self._require_p_values("p-values")
        return two_sided(self.z)

    def conf_int(self, level: float = 0.95) -> Array:
        """Return confidence intervals of the coefficients (for a penalised fit of the posterior).

        Parameters
        ----------
        level : float, default=0.95
            Share of samples whose interval holds the true coefficient.

        Returns
        -------
        ends : ndarray of shape (n_outcomes, n_columns, 2)
            The lower and the upper end.
        """
        return interval(self.coef, self.std_err, level)

    @property
    def covariance(self) -> LabelledMatrix:
        """Covariance of the reported coefficients, class by class, with its labels.

        ``numpy.asarray`` gives the matrix, ``to_frame()`` a DataFrame. For ``reference="mean"`` it
        is singular: coefficients add up to zero over the classes, so its rank is ``n_parameters``.
        Coefficients that are not determined are left out.
        """
        whole = self.estimate.reported_covariance()
        shown = np.tile(self.estimate.is_reported(), len(self.outcomes))
        labels = [label for label, is_shown in zip(self._labels, shown, strict=True) if is_shown]
        return LabelledMatrix(whole[np.ix_(shown, shown)], labels)

    def odds_ratios(self, level: float = 0.95) -> Ratios:
        """Return exponentiated coefficients with their intervals.

        With two classes they are odds ratios. With more they are called *relative risk ratios*:
        the factor, for one unit more of the feature, of the risk of the class relative to the
        reference. (With ``reference="mean"``, relative to the geometric mean of all classes.)
        """
        ends = np.exp(self.conf_int(level))
        name = "odds ratio" if len(self.classes) == 2 else "relative risk ratio"
        return Ratios(name, level, np.exp(self.coef), ends[..., 0], ends[..., 1], self._labels)

    def to_frame(self, level: float = 0.95) -> Any:
        """Return a pandas DataFrame with a row for each class and column.

        Its columns are coef, std_err, z, p_value (not for a penalised fit without
        ``allow_penalty``), low and high.
        """
        ends = self.conf_int(level)
        columns = {"coef": self.coef, "std_err": self.std_err, "z": self.z}
        if self.has_p_values:
            columns["p_value"] = self.p_value
        columns |= {"low": ends[..., 0], "high": ends[..., 1]}
        flat = {name: values.ravel() for name, values in columns.items()}
        return data_frame(flat, self._labels, LEVELS)

    @property
    def _labels(self) -> list[tuple[Any, str]]:
        """The class and the column of each coefficient."""
        return [(outcome, name) for outcome in self.outcomes for name in self.columns]

    @property
    def feature_groups(self) -> dict[str, tuple[str, ...]]:
        """Columns that ``feature_tests`` tests together: those of one encoded feature."""
        return dict(self.groups)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the columns besides the intercept."""
        return self.columns[: len(self.columns) - self.estimate.has_intercept]

    # --- the fit as a whole ---------------------------------------------------------------------

    @property
    def log_likelihood(self) -> float:
        """Of all observations, in nats; a pseudo log likelihood where weights are probabilities.

        A penalty is not included.
        """
        return self.likelihood.log_likelihood

    @property
    def log_likelihood_null(self) -> float:
        """Of the model with intercepts alone; an error for a model without an intercept."""
        return self.likelihood.null

    @property
    def pseudo_r2(self) -> PseudoR2:
        """McFadden's, Cox and Snell's and Nagelkerke's pseudo R2, by these names."""
        return self.likelihood.pseudo_r2

    @property
    def aic(self) -> float:
        """Akaike's information criterion; an error where the likelihood is none."""
        return self.likelihood.aic

    @property
    def bic(self) -> float:
        """Schwarz's information criterion; an error where the likelihood is none."""
        return self.likelihood.bic

    @property
    def n_parameters(self) -> int:
        """Coefficients that are determined."""
        return self.likelihood.n_parameters

    @property
    def df_model(self) -> int:
        """Parameters besides the intercepts."""
        return self.likelihood.n_slopes

    @property
    def df_resid(self) -> float:
        """Observations less parameters."""
        return self.n_observations - self.n_parameters

    @property
    def n_clusters(self) -> int | None:
        """Clusters of the covariance; None without."""
        return self.estimate.n_clusters

    @property
    def has_p_values(self) -> bool:
        """Whether p-values are given: not for a penalised fit without ``allow_penalty``."""
        return self.request.allow_penalty or not self.is_penalised

    def _require_all(self, what: str) -> None:
        if self.is_of_some:
            raise ValueError(
                f"{what} needs the covariance of all coefficients, and this inference is of some "
                "features only (features=)."
            )

    def _require_p_values(self, what: str) -> None:
        if not self.has_p_values:
            raise ValueError(
                f"This fit has an L2 penalty, which draws coefficients towards zero: {what} then "
                "do not have their usual meaning. Fit with C=numpy.inf, or ask for them with "
                "allow_penalty=True."
            )
