"""Rows held out from a fit: how well each iteration does on them, and when that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.extmath import safe_sparse_dot

from sk_softmax import functional
from sk_softmax.estimators.data import Weights, validated
from sk_softmax.estimators.parameters import seed_of
from sk_softmax.estimators.targets import column_names, given_for, hard_labels
from sk_softmax.interfaces import Array, IterationRecord, ValidationScores
from sk_softmax.solvers.driver import ParamsThere


@dataclass(frozen=True)
class ValidationSet:
    """Rows that the fit does not see, and what they should be."""

    X: Any
    given: Any
    weights: Weights | None

    def scores(self, params: Array) -> ValidationScores:
        """Return the mean cross-entropy (nats) without penalty, and the accuracy."""
        n_features = self.X.shape[1]
        coef = params[:, :n_features].astype(self.X.dtype, copy=False)
        logits = safe_sparse_dot(self.X, coef.T, dense_output=True)
        if params.shape[1] > n_features:
            logits = logits + params[:, n_features].astype(logits.dtype)
        if logits.shape[1] == 1:
            logits = np.column_stack([np.zeros_like(logits), logits])
        loss = functional.cross_entropy(logits, self.given, sample_weight=self.weights)
        hits = logits.argmax(axis=1) == hard_labels(self.given)
        return ValidationScores(float(loss), float(np.average(hits, weights=self.weights)))


def own_validation_set(
    estimator: Any, X_val: Any, y_val: Any, classes: NDArray[Any]
) -> ValidationSet:
    """Check the rows that a user held out."""
    names = column_names(y_val)
    if (X_val is None) != (y_val is None):
        missing = "y_val" if y_val is None else "X_val"
        raise ValueError(f"X_val and y_val go together, but {missing} is missing.")
    try:
        X_val, y_val = validated(estimator, X_val, y_val, reset=False)
    except ValueError as error:
        error.args = (f"X_val or y_val cannot be used: {error}",)
        raise
    return ValidationSet(X_val, given_for(estimator, y_val, names, classes, "y_val"), None)


def split_off(
    estimator: Any, X: Any, given: Any, weights: Weights | None
) -> tuple[Any, Any, Weights | None, ValidationSet]:
    """Hold out ``validation_fraction`` of the rows, of every class alike.

    Returns the rows, targets and weights that are left, and what was held out. The rows left are
    a copy.
    """
    try:
        train, held = train_test_split(
            np.arange(len(given)),
            test_size=estimator.validation_fraction,
            stratify=hard_labels(given),
            random_state=seed_of(estimator.random_state),
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={estimator.validation_fraction!r} of these {len(given)} rows "
            f"cannot be held out of every class alike: {error} Pass X_val and y_val instead."
        ) from error
    part = None if weights is None else weights[held]
    if part is not None and not (part.any() and weights[train].any()):  # type: ignore[index]
        raise ValueError("All rows with weight are on one side of the validation split.")
    validation = ValidationSet(X[held], given[held], part)
    return X[train], given[train], None if weights is None else weights[train], validation


class EarlyStopping:
    """Stops once the validation loss has not improved for a while, and remembers the best."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = np.inf
        self.iteration = 0
        self.params: Array | None = None

    def __call__(self, record: IterationRecord, params: ParamsThere) -> bool:
        """Say whether to stop."""
        if record.validation_loss < self.best:
            self.best, self.iteration = record.validation_loss, record.iteration
            self.params = params()
        return record.iteration - self.iteration >= self.patience
