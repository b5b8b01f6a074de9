"""A chunk of a stream, checked against the classes that were declared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.input.collections import refuse_parts
from sk_softmax.estimators.input.dispatch import as_numpy
from sk_softmax.estimators.input.label_types import declared_classes
from sk_softmax.estimators.input.rows import are_probabilities
from sk_softmax.estimators.input.training_set import training_set
from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.stream import Chunk


def checked_chunk(
    estimator: Any,
    settings: Settings,
    X: Any,
    y: Any,
    classes: Any,
    sample_weight: Any,
    known: NDArray[Any] | None,
    offset: Any = None,
) -> Chunk:
    """Return a checked chunk as a training set.

    ``known`` are the classes that the first call declared; in the first call it is None, and
    ``classes`` declares them.
    """
    refuse_parts(estimator, X, y)
    if settings.patience is not None:
        raise ValueError(
            "early_stopping=True is for fit alone: with partial_fit the caller decides when to "
            "stop. Set early_stopping=False."
        )
    if isinstance(settings.class_weight, str):
        raise ValueError(
            'class_weight="balanced" needs all labels at once; for partial_fit give a dict.'
        )
    is_first = known is None
    declared = None if classes is None else declared_classes(as_numpy(classes))
    if known is None:
        if declared is None and not are_probabilities(y):
            raise ValueError(
                "The first call of partial_fit must be given all classes that will ever occur."
            )
        known = declared
    elif declared is not None and not np.array_equal(declared, known):
        raise ValueError(
            f"classes={declared.tolist()!r}, but the first call declared {known.tolist()!r}."
        )
    return training_set(
        estimator,
        X,
        y,
        sample_weight,
        classes=known,
        reset=is_first,
        may_weigh_nothing=True,
        offset=offset,
        takes_devices=True,
    )
