"""A SoftmaxRegression whose coefficients were found elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Status


def take_over(
    model: Any,
    *,
    classes: Any,
    coef: Any,
    intercept: Any,
    n_iter: int = 0,
    names: Any = None,
    has_offset: bool = False,
) -> Any:
    """Give a model coefficients that no fit of it has found, and return it.

    It predicts as any fitted model. It is not called converged and has no records.

    Parameters
    ----------
    model : SoftmaxRegression
        A model that is not fitted.
    classes : ndarray of shape (n_classes,)
        The labels, sorted.
    coef : ndarray or CSR matrix of shape (n_outputs, n_features)
        Coefficients; for two classes a single row, that of the log-odds of the second class.
    intercept : ndarray of shape (n_outputs,)
        Intercepts.
    n_iter : int, default=0
        Iterations that they took.
    names : ndarray of shape (n_features,), optional
        Names of the features.
    has_offset : bool, default=False
        Whether predictions need an offset.
    """
    model.classes_, model.coef_, model.intercept_ = classes, coef, intercept
    model.n_features_in_ = coef.shape[1]
    if names is not None:
        model.feature_names_in_ = names
    model.n_iter_ = np.array([n_iter], dtype=np.int32)
    model.best_iteration_ = n_iter
    model.records_ = []
    model.converged_, model.duality_gap_ = False, np.inf
    model._has_offset, model._status = has_offset, Status.TAKEN_OVER
    return model
