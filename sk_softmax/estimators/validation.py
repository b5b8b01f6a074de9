"""Rows held out from a fit: how well each iteration does on them, and when that is enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.extmath import safe_sparse_dot

from sk_softmax import functional
from sk_softmax.estimators.settings import Settings, TrainingSet
from sk_softmax.estimators.targets import hard_labels
from sk_softmax.estimators.training_set import training_set
from sk_softmax.interfaces import Array, IterationRecord, ValidationScores
from sk_softmax.solvers.driver import ParamsThere


def validation_scores(held_out: TrainingSet, params: Array) -> ValidationScores:
    """Return the mean cross-entropy (nats) without penalty, and the accuracy."""
    X, n_features = held_out.X, held_out.X.shape[1]
    coef = params[:, :n_features].astype(X.dtype, copy=False)
    logits = safe_sparse_dot(X, coef.T, dense_output=True)
    if params.shape[1] > n_features:
        logits = logits + params[:, n_features].astype(logits.dtype)
    if logits.shape[1] == 1:
        logits = np.column_stack([np.zeros_like(logits), logits])
    loss = functional.cross_entropy(logits, held_out.given, sample_weight=held_out.weights)
    hits = logits.argmax(axis=1) == hard_labels(held_out.given)
    return ValidationScores(float(loss), float(np.average(hits, weights=held_out.weights)))


def own_validation_set(
    estimator: Any, X_val: Any, y_val: Any, classes: NDArray[Any]
) -> TrainingSet:
    """Check the rows that a user held out."""
    if (X_val is None) != (y_val is None):
        missing = "y_val" if y_val is None else "X_val"
        raise ValueError(f"X_val and y_val go together, but {missing} is missing.")
    try:
        return training_set(estimator, X_val, y_val, classes=classes, reset=False, y_name="y_val")
    except ValueError as error:
        error.args = (f"X_val or y_val cannot be used: {error}",)
        raise


def split_off(settings: Settings, training: TrainingSet) -> tuple[TrainingSet, TrainingSet]:
    """Hold out ``validation_fraction`` of the rows, of every class alike.

    Returns what is left, whose rows are a copy, and what was held out.
    """
    X, given, weights = training.X, training.given, training.weights
    try:
        train, held = train_test_split(
            np.arange(len(given)),
            test_size=settings.validation_fraction,
            stratify=hard_labels(given),
            random_state=settings.seed,
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={settings.validation_fraction!r} of these {len(given)} rows "
            f"cannot be held out of every class alike: {error} Pass X_val and y_val instead."
        ) from error
    kept = None if weights is None else weights[train]
    part = None if weights is None else weights[held]
    if part is not None and not (part.any() and kept.any()):  # type: ignore[union-attr]
        raise ValueError("All rows with weight are on one side of the validation split.")
    left = replace(training, X=X[train], given=given[train], weights=kept)
    return left, replace(training, X=X[held], given=given[held], weights=part)


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
