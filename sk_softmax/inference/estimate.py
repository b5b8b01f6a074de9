"""The optimum and its covariance, and what follows from them by linear maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.fitting.shift import Shift
from sk_softmax.inference.dependent_columns import Dependence
from sk_softmax.inference.outcomes import Outcomes
from sk_softmax.inference.second_moments import Coordinates
from sk_softmax.interfaces import Array, Rows
from sk_softmax.rows import rows_of


@dataclass(frozen=True, eq=False)
class Estimate:
    """Contrasts of classes in shifted columns, and their covariance in the kept ones.

    A *function* of the coefficients is a row of ``n_columns`` weights for one class; *parameters*
    are those of :class:`Coordinates`.
    """

    coordinates: Coordinates
    dependence: Dependence
    shift: Shift
    has_intercept: bool
    n_threads: int
    contrasts: Array
    """Shape ``(n_classes - 1, n_columns)``, for shifted columns; zero in dropped ones."""

    covariance: Array
    """Shape ``(n_parameters, n_parameters)``."""

    n_clusters: int | None
    """How many clusters the covariance was estimated from; None without clusters."""

    @property
    def outcomes(self) -> Outcomes:
        """What is reported."""
        return self.coordinates.outcomes

    @property
    def n_columns(self) -> int:
        """Features, and one more with an intercept."""
        return int(self.contrasts.shape[1])

    @property
    def parameters(self) -> Array:
        """The contrasts in the kept columns, shape ``(n_parameters,)``."""
        return self.contrasts[:, self.coordinates.kept].ravel()

    def for_shifted(self, functions: Array) -> Array:
        """Return functions of coefficients of shifted columns, from those of given columns.

        Shape ``(..., n_columns)``. Only the weight of the intercept is spread: the intercept of
        given columns is that of shifted ones less ``shift @ coef``.
        """
        if self.shift.is_none:
            return functions
        spread = functions.astype(np.float64)
        spread[..., :-1] -= functions[..., -1:] * self.shift.of_columns
        return spread

    def is_reported(self) -> NDArray[np.bool_]:
        """Return which columns have coefficients that are determined, shape ``(n_columns,)``."""
        return self.dependence.are_estimable(self.for_shifted(np.eye(self.n_columns)))

    def coef_of(self, contrasts: Array) -> Array:
        """Return contrasts as they are reported, with NaN where they are not determined.

        From shape ``(n_classes - 1, n_columns)`` to ``(n_outcomes, n_columns)``.
        """
        coef = self.outcomes.map @ self.shift.given(contrasts)
        coef[:, ~self.is_reported()] = np.nan
        return coef

    def std_err(self) -> Array:
        """Return standard errors of the reported coefficients, ``(n_outcomes, n_columns)``."""
        variances = np.empty((len(self.outcomes.map), self.n_columns))
        for number, weights in enumerate(self.outcomes.map):
            block = self._between(weights, weights)
            block = self.shift.given(self.shift.given(block).T)
            variances[number] = block.diagonal()
        variances[:, ~self.is_reported()] = np.nan
        return np.sqrt(np.maximum(variances, 0.0))

    def reported_covariance(self) -> Array:
        """Return the covariance of all reported coefficients, class by class.

        Shape ``(n_outcomes * n_columns, n_outcomes * n_columns)``, with columns that are not
        determined set to NaN.
        """
        n, weights = len(self.outcomes.map), self.outcomes.map
        whole = np.empty((n, self.n_columns, n, self.n_columns))
        for first in range(n):
            for second in range(first + 1):
                block = self._between(weights[first], weights[second])
                block = self.shift.given(self.shift.given(block).T).T
                whole[first, :, second], whole[second, :, first] = block, block.T
        hidden = ~self.is_reported()
        whole[:, hidden] = np.nan
        whole[:, :, :, hidden] = np.nan
        return whole.reshape(n * self.n_columns, -1)

    def _between(self, first: Array, second: Array) -> Array:
        """Return the covariance of two weighted sums of contrasts, ``(n_columns, n_columns)``.

        The weights have shape ``(n_classes - 1,)``; dropped columns have zeros.
        """
        n_kept = len(self.coordinates.kept)
        block = np.zeros((n_kept, n_kept))
        blocks = self.covariance.reshape(len(first), n_kept, len(second), n_kept)
        for a in np.flatnonzero(first):
            for b in np.flatnonzero(second):
                block += first[a] * second[b] * blocks[a, :, b]
        whole = np.zeros((self.n_columns, self.n_columns))
        whole[np.ix_(self.coordinates.kept, self.coordinates.kept)] = block
        return whole

    def of_reported(self, functions: Array) -> Array:
        """Return functions of the parameters, from functions of the reported coefficients.

        From shape ``(n, n_outcomes, n_columns)`` to ``(n, n_parameters)``. It is an error if the
        coefficients do not determine one of them.
        """
        by_class = np.einsum("noc,oa->nac", functions, self.outcomes.map)
        by_class = self.for_shifted(by_class)
        if not self.dependence.are_estimable(by_class).all():
            raise ValueError(
                "This depends on the coefficients of columns that are linear combinations of "
                "others (see dependent_columns), which the rows do not determine. Leave such a "
                "column out of the model: with OneHotEncoder(drop='first') none is left."
            )
        return by_class[:, :, self.coordinates.kept].reshape(len(functions), -1)

    def of_classes(self, weights: Array, functions: Array) -> Array:
        """Return every pair of a weighted sum of contrasts and a function of shifted columns.

        From shapes ``(n_sums, n_classes - 1)`` and ``(n_functions, n_columns)``, to ``(n_sums *
        n_functions, n_parameters)``.
        """
        return np.kron(weights, functions[:, self.coordinates.kept])

    def estimable(self, columns: NDArray[np.intp]) -> Array:
        """Return a basis of the functions of these columns that are determined.

        Shape ``(n_functions, n_columns)``; the columns are features, not the intercept.
        """
        unit = np.eye(self.n_columns)[columns]
        if not len(self.dependence.dropped):
            return unit
        null_space = self.dependence.null_space[columns]
        null_space[np.abs(null_space) < 1e-6] = 0.0
        basis = scipy.linalg.null_space(null_space.T, rcond=1e-6).T
        return np.asarray(basis @ (unit * self.dependence.scale))

    def rows(self, X: Any) -> Rows:
        """Return checked rows as the model reads them: shifted, in float64."""
        rows = rows_of(
            X,
            len(self.outcomes.classes),
            has_intercept=self.has_intercept,
            n_threads=self.n_threads,
        )
        rows = rows if self.shift.is_none else rows.shifted(self.shift.of_columns)
        return rows if rows.dtype == np.float64 else rows.widened()
