"""The features of a fitted estimator, apart from it: what reads further rows needs no more."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from sk_softmax.estimators.input.offsets import checked_offset, require_offset
from sk_softmax.estimators.input.rows import validated
from sk_softmax.interfaces import Array
from sk_softmax.objective.offset import below_largest
from sk_softmax.parts.device_arrays import on_host


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
        self._classes = on_host(estimator.classes_)
        self._has_offset = estimator._has_offset

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features; ``x0``, ``x1``, ... if they have none."""
        default = [f"x{number}" for number in range(self.n_features_in_)]
        return tuple(map(str, getattr(self, "feature_names_in_", default)))

    def read(self, X: Any) -> Any:
        """Return rows as an array, CSR or CSC matrix; an error if they have other features."""
        return validated(self, X, reset=False)

    def read_offset(self, offset: Any, n_rows: int) -> Array | None:
        """Return the offset of some rows, shape ``(n_rows, n_classes)``; None for none.

        What all classes of a row share is left out. It is an error if the estimator was fitted
        with an offset and there is none.
        """
        require_offset(offset, needs=self._has_offset)
        width = np.dtype(np.float64)
        added = checked_offset(offset, n_rows, self._classes, width)
        if added is None or added.shape[1] > 1:
            return None if added is None else below_largest(added)
        return np.hstack([np.zeros_like(added), added])
