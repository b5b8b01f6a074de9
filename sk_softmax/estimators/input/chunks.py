"""A chunk of a stream, checked against the classes that were declared."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.input.label_types import check_labels
from sk_softmax.estimators.input.rows import are_probabilities
from sk_softmax.estimators.input.training_set import training_set
from sk_softmax.fitting.settings import Settings, TrainingSet


def checked_chunk(
    estimator: Any,
    settings: Settings,
    X: Any,
    y: Any,
    classes: Any,
    sample_weight: Any,
    known: NDArray[Any] | None,
    offset: Any = None,
) -> TrainingSet:
    """Return a checked chunk as a training set.

    ``known`` are the classes that the first call declared; in the first call it is None, and
    ``classes`` declares them.
    """
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
    declared = None if classes is None else _declared(classes)
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
    )


def _declared(classes: Any) -> NDArray[Any]:
    """Return the classes that a call declares, sorted, shape ``(n_classes,)``."""
    check_labels(classes, "classes", "Entry")
    try:
        known = np.unique(classes)
    except TypeError as error:
        raise ValueError(f"classes={classes!r} cannot be sorted: {error}.") from error
    if known.dtype.kind == "f" and not np.isfinite(known).all():
        raise ValueError(f"classes={known.tolist()!r} holds a number that is not finite.")
    if len(known) < 2:
        raise ValueError(f"classes={known.tolist()!r} holds fewer than 2 classes.")
    return np.asarray(known)
