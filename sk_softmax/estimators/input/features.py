"""The features of a fitted estimator, apart from it: what reads further rows needs no more."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from sk_softmax.estimators.input.rows import validated


class Features(BaseEstimator):  # type: ignore[misc]
    """Number and names of features, against which rows are checked.

    Parameters
    ----------
    estimator : fitted estimator
        Whose features they are.
    """

    def __init__(self, estimator: Any) -> None:
        self.n_features_in_ = estimator.n_features_in_
        if hasattr(estimator, "feature_names_in_"):
            self.feature_names_in_ = estimator.feature_names_in_

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features; ``x0``, ``x1``, ... if they have none."""
        default = [f"x{number}" for number in range(self.n_features_in_)]
        return tuple(map(str, getattr(self, "feature_names_in_", default)))

    def read(self, X: Any) -> Any:
        """Return rows as an array, CSR or CSC matrix; an error if they have other features."""
        return validated(self, X, reset=False)
