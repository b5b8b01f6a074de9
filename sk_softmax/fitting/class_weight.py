"""Class weights worked into a training set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.fitting.settings import Settings, TrainingSet, Weights


def weighted_by_class(settings: Settings, training: TrainingSet) -> TrainingSet:
    """Return the training set with the class weights in its targets and weights."""
    given, weights = with_class_weight(
        training.given, training.weights, settings.class_weight, len(training.classes)
    )
    return replace(training, given=given, weights=weights)


def with_class_weight(
    given: Any, weights: Weights | None, class_weight: Any, n_classes: int
) -> tuple[Any, Weights | None]:
    """Return targets and row weights ``s_i`` that say the same; None if all rows weigh the same.

    A row with probabilities stands for a row of each class with its probability as weight, so
    class weights, one a class or ``"balanced"``, change both.
    """
    if class_weight is None:
        return given, weights
    of_class = class_weight
    if isinstance(class_weight, str):
        of_class = _balanced(given, n_classes, weights)
    if given.ndim == 1:
        of_row = of_class[given]
    else:
        of_row = given @ of_class
        weighs = of_row > 0
        parts = given * of_class
        given = np.divide(parts, of_row[:, None], out=parts, where=weighs[:, None])
        given[~weighs] = 1 / n_classes
    with np.errstate(over="ignore"):
        of_row = of_row if weights is None else weights * of_row
        total = of_row.sum()
    if not np.isfinite(total):
        raise ValueError(
            "class_weight times sample_weight adds up to more than the largest number there is: "
            "divide either by a constant, which changes no more than the strength of the penalty."
        )
    if not total > 0:
        raise ValueError("class_weight and sample_weight together leave every row without weight.")
    return given, of_row


def _balanced(given: Any, n_classes: int, weights: Weights | None) -> Weights:
    """Weights that give every class the same total; none for a class without any."""
    if given.ndim == 1:
        mass = np.bincount(given, weights=weights, minlength=n_classes)
    else:
        mass = given.sum(axis=0) if weights is None else weights @ given
    share = mass.sum() / n_classes
    return np.asarray(np.divide(share, mass, out=np.zeros(n_classes), where=mass > 0))
