"""Validation rows, which a fit does not train on: given by the user, or split off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sk_softmax.estimators.input.dispatch import place_of
from sk_softmax.estimators.input.training_set import training_set_anywhere
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.parted_training import PartedTrainingSet
from sk_softmax.fitting.prepared import AnyTrainingSet
from sk_softmax.fitting.settings import Settings, TrainingSet, hard_labels
from sk_softmax.parts import Chunks
from sk_softmax.parts.device_arrays import Place
from sk_softmax.rows import Selection, is_memory_mapped


def with_held_out(
    estimator: Any,
    settings: Settings,
    training: AnyTrainingSet,
    given: tuple[Any, Any, Any],
    *,
    has_offset: bool,
) -> tuple[AnyTrainingSet, AnyTrainingSet | None]:
    """Return the rows to train on, and those that a user held out or that are split off.

    ``given`` are ``X_val``, ``y_val`` and ``offset_val``; see :func:`own_validation_set`.
    """
    if any(value is not None for value in given):
        return training, own_validation_set(estimator, training, *given, has_offset=has_offset)
    if settings.patience is not None:
        return split_off(settings, training)
    return training, None


def own_validation_set(
    estimator: Any,
    training: AnyTrainingSet,
    X_val: Any,
    y_val: Any,
    offset_val: Any = None,
    *,
    has_offset: bool = False,
) -> AnyTrainingSet:
    """Return the rows that a user held out, checked: with the classes of the training set.

    They lie where the rows of the training set do. With ``has_offset`` these have an offset.
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
        _check_together(training.place, place_of(X_val))
        return training_set_anywhere(
            estimator,
            X_val,
            y_val,
            classes=training.classes,
            reset=False,
            y_name="y_val",
            offset=offset_val,
            offset_name="offset_val",
            takes_devices=True,
        )
    except ValueError as error:
        error.args = (f"X_val or y_val cannot be used: {error}",)
        raise


def _check_together(of_fit: Place | None, of_validation: Place | None) -> None:
    """Raise an error if validation rows do not lie where the rows of the fit do."""
    if of_fit != of_validation:
        X, X_val = (
            "lies in NumPy's memory"
            if place is None
            else f"is an array of {place.xp.__name__} on {place.device}"
            for place in (of_fit, of_validation)
        )
        raise ValueError(f"X {X}, and X_val {X_val}: put both on the same device.")


def split_off(
    settings: Settings, training: AnyTrainingSet
) -> tuple[AnyTrainingSet, AnyTrainingSet]:
    """Hold out ``validation_fraction`` of the rows, in the same proportion from every class.

    Returns the rows that are left and the rows held out: copies, except of a memory-mapped file,
    whose rows are selected and read when they are needed. Copies of rows on a device lie there;
    only their labels are copied to the host.
    """
    if isinstance(training, PartedTrainingSet):
        raise ValueError(
            "early_stopping holds out rows at random, which cannot be done where rows lie in "
            "parts: pass the validation rows as X_val and y_val."
        )
    if isinstance(training, DeviceTrainingSet):
        train, held = _split(settings, training.hard_labels())
        left, held_out = training.at(train), training.at(held)
        _check_weights(left.has_weight and held_out.has_weight)
        return left, held_out
    return _split_off_in_memory(settings, training)


def _split_off_in_memory(
    settings: Settings, training: TrainingSet
) -> tuple[TrainingSet, TrainingSet]:
    weights = training.weights
    train, held = _split(settings, hard_labels(training.given))
    if is_memory_mapped(training.X):
        # A file is read from its beginning to its end. Minibatches are drawn from the rows in the
        # order in which they were split, so that they are those of an array.
        held.sort()
        if not settings.solver.is_stochastic:
            train.sort()
    _check_weights(weights is None or (weights[train].any() and weights[held].any()))
    return _some(training, train), _some(training, held)


def _check_weights(are_on_both_sides: Any) -> None:
    if not are_on_both_sides:
        raise ValueError("All rows with weight are on one side of the validation split.")


def _split(settings: Settings, labels: NDArray[np.intp]) -> tuple[NDArray[np.intp], Any]:
    """Return the numbers of the rows that are left and of the rows held out."""
    try:
        train, held = train_test_split(
            np.arange(len(labels)),
            test_size=settings.validation_fraction,
            stratify=labels,
            random_state=settings.seed,
        )
    except ValueError as error:
        raise ValueError(
            f"validation_fraction={settings.validation_fraction!r} of these {len(labels)} rows "
            f"cannot be held out with the same share of every class: {error} Pass X_val and y_val "
            "instead."
        ) from error
    return train, held


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
