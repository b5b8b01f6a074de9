"""Validation rows, which a fit does not train on: given by the user, or split off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sk_softmax.estimators.input.training_set import training_set
from sk_softmax.fitting.settings import Settings, TrainingSet, hard_labels


def own_validation_set(
    estimator: Any, X_val: Any, y_val: Any, classes: NDArray[Any]
) -> TrainingSet:
    """Return the rows that a user held out, checked."""
    if (X_val is None) != (y_val is None):
        missing = "y_val" if y_val is None else "X_val"
        raise ValueError(f"X_val and y_val go together, but {missing} is missing.")
    try:
        return training_set(estimator, X_val, y_val, classes=classes, reset=False, y_name="y_val")
    except ValueError as error:
        error.args = (f"X_val or y_val cannot be used: {error}",)
        raise


def split_off(settings: Settings, training: TrainingSet) -> tuple[TrainingSet, TrainingSet]:
    """Hold out ``validation_fraction`` of the rows, in the same proportion from every class.

    Returns the rows that are left, which are a copy, and the rows held out.
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
            f"cannot be held out with the same share of every class: {error} Pass X_val and y_val "
            "instead."
        ) from error
    kept = None if weights is None else weights[train]
    part = None if weights is None else weights[held]
    if part is not None and not (part.any() and kept.any()):  # type: ignore[union-attr]
        raise ValueError("All rows with weight are on one side of the validation split.")
    left = replace(training, X=X[train], given=given[train], weights=kept)
    return left, replace(training, X=X[held], given=given[held], weights=part)
