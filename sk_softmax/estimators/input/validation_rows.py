"""Validation rows, which a fit does not train on: given by the user, or split off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sk_softmax.estimators.input.training_set import any_training_set
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet, hard_labels
from sk_softmax.parts import Chunks
from sk_softmax.rows import Selection, is_memory_mapped


def own_validation_set(
    estimator: Any,
    X_val: Any,
    y_val: Any,
    classes: NDArray[Any],
    offset_val: Any = None,
    *,
    has_offset: bool = False,
) -> TrainingSet | PartedTrainingSet:
    """Return the rows that a user held out, checked.

    With ``has_offset`` the rows that are fitted to have an offset.
    """
    if (X_val is None) != (y_val is None) and not isinstance(X_val, Chunks):
        missing = "y_val" if y_val is None else "X_val"
        raise ValueError(f"X_val and y_val go together, but {missing} is missing.")
    if has_offset and offset_val is None and not isinstance(X_val, Chunks):
        raise ValueError(
            "offset is given, so validation rows need theirs: pass offset_val with X_val and "
            "y_val."
        )
    try:
        return any_training_set(
            estimator,
            X_val,
            y_val,
            classes=classes,
            reset=False,
            y_name="y_val",
            offset=offset_val,
            offset_name="offset_val",
        )
    except ValueError as error:
        error.args = (f"X_val or y_val cannot be used: {error}",)
        raise


def split_off(
    settings: Settings, training: TrainingSet | PartedTrainingSet
) -> tuple[TrainingSet, TrainingSet]:
    """Hold out ``validation_fraction`` of the rows, in the same proportion from every class.

    Returns the rows that are left and the rows held out: copies, except of a memory-mapped file,
    whose rows are selected and read when they are needed.
    """
    if isinstance(training, PartedTrainingSet):
        raise ValueError(
            "early_stopping holds out rows at random, which cannot be done where rows lie in "
            "parts: pass the validation rows as X_val and y_val."
        )
    given, weights = training.given, training.weights
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
    if is_memory_mapped(training.X):
        # A file is read from its beginning to its end. Minibatches are drawn from the rows in the
        # order in which they were split, so that they are those of an array.
        held.sort()
        if not settings.solver.is_stochastic:
            train.sort()
    left, held_out = _some(training, train), _some(training, held)
    if weights is not None and not (weights[train].any() and weights[held].any()):
        raise ValueError("All rows with weight are on one side of the validation split.")
    return left, held_out


def _some(training: TrainingSet, rows: NDArray[np.intp]) -> TrainingSet:
    """Return the training set of these rows alone."""
    X, weights = training.X, training.weights
    return replace(
        training,
        X=Selection(X, rows) if is_memory_mapped(X) else X[rows],
        given=training.given[rows],
        weights=None if weights is None else weights[rows],
        offset=None if training.offset is None else training.offset[rows],
    )
