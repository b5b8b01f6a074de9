"""Class weights, applied to the targets and weights of a training set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.interfaces import Array


def weighted_by_class(settings: Settings, training: TrainingSet) -> TrainingSet:
    """Return the training set with class weights applied to its targets and weights.

    It is an error if they leave every row without weight.
    """
    weighted = weighted_chunk(settings, training)
    if weighted.weights is not None and not weighted.weights.any():
        raise ValueError("class_weight and sample_weight together leave every row without weight.")
    return weighted


def weighted_chunk(settings: Settings, training: TrainingSet) -> TrainingSet:
    """Return the same of a chunk of a stream, whose rows may all be without weight."""
    if settings.class_weight is None:
        return training
    given, weights = with_class_weight(
        training.given, training.weights, settings.class_weight, len(training.classes)
    )
    return replace(training, given=given, weights=weights)


def with_class_weight(
    given: Any, weights: Weights | None, class_weight: Any, n_classes: int
) -> tuple[Any, Weights | None]:
    """Return targets and row weights ``s_i`` with class weights applied.

    A row with probabilities stands for one row of each class, whose weight is the probability of
    the class. So class weights change the probabilities of such a row as well as its weight.

    Parameters
    ----------
    given : ndarray of int, shape (n_rows,), or ndarray of float, shape (n_rows, n_classes)
        Labels as numbers, or probabilities.
    weights : ndarray of shape (n_rows,), or None
        Weight of each row; None if all are equal.
    class_weight : ndarray of shape (n_classes,), "balanced" or None
        Weight of each class.
    n_classes : int
        Number of classes.

    Returns
    -------
    given, weights
        In the same form. Weights are None if both ``class_weight`` and ``weights`` are None.

    Raises
    ------
    ValueError
        If no row has a positive weight.
    """
    if class_weight is None:
        return given, weights
    of_class = class_weight
    if isinstance(class_weight, str):
        of_class = balanced(_total_of_classes(given, n_classes, weights))
    if given.ndim == 1:
        of_row = of_class[given]
    else:
        of_row = given @ of_class
        weighs = of_row > 0
        parts = given * of_class
        given = np.divide(parts, of_row[:, None], out=parts, where=weighs[:, None])
        given[~weighs] = 1 / n_classes  # any distribution: these rows have weight zero
    with np.errstate(over="ignore"):
        of_row = of_row if weights is None else weights * of_row
        total = of_row.sum()
    if not np.isfinite(total):
        raise ValueError(
            "class_weight times sample_weight adds up to more than the largest number there is: "
            "divide either by a constant, which changes no more than the strength of the penalty."
        )
    return given, of_row


def balanced(total: Array) -> Weights:
    """Return the weights that give all classes the same total weight, shape ``(n_classes,)``.

    ``total`` is their weight without, in the same shape. A class whose rows have no weight gets
    the weight zero.
    """
    share = total.sum() / len(total)
    return np.asarray(np.divide(share, total, out=np.zeros(len(total)), where=total > 0))


def _total_of_classes(given: Any, n_classes: int, weights: Weights | None) -> Weights:
    """Return the total weight of the rows of each class, shape ``(n_classes,)``."""
    if given.ndim == 1:
        return np.bincount(given, weights=weights, minlength=n_classes).astype(np.float64)
    return np.asarray(given.sum(axis=0) if weights is None else weights @ given)
