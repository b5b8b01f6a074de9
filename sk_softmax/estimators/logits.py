"""From rows in memory and their offset to logits, by the coefficients of a fitted classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils.extmath import safe_sparse_dot

from sk_softmax.estimators.input.dispatch import as_numpy
from sk_softmax.estimators.input.offsets import checked_offset
from sk_softmax.estimators.input.rows import validated
from sk_softmax.interfaces import Array
from sk_softmax.objective.offset import below_largest
from sk_softmax.parts.device_arrays import on_host


def logits_here(estimator: Any, X: Any, offset: Any, *, up_to_a_constant: bool) -> Array:
    """Return logits of rows in memory, ``(n_rows, n_outputs)``.

    ``up_to_a_constant`` for each row, they are less its largest offset.
    """
    X = validated(estimator, X, reset=False)
    # An intercept in float64 cancels most of the product, which needs as many digits.
    intercept = on_host(estimator.intercept_)
    coef = estimator.coef_ if sp.issparse(estimator.coef_) else on_host(estimator.coef_)
    coef = coef.astype(intercept.dtype, copy=False)
    if sp.issparse(X) and sp.issparse(coef):
        X = X.astype(coef.dtype, copy=False)
    offset = as_numpy(estimator._known_offset(offset, X.shape[0]))
    with np.errstate(over="ignore"):  # minus infinity is a probability of zero
        logits: Array = safe_sparse_dot(X, coef.T, dense_output=True) + intercept
        added = checked_offset(offset, X.shape[0], on_host(estimator.classes_), logits.dtype)
        if added is None:
            return logits
        added = below_largest(added) if up_to_a_constant else added
        return logits + added.astype(logits.dtype, copy=False)
