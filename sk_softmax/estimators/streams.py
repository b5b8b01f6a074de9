"""Learning from a stream: a chunk of rows at a time, going on where the last chunk ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.estimators.data import are_probabilities
from sk_softmax.estimators.fitting import (
    rows_for,
    targets_for,
    weighted_by_class,
)
from sk_softmax.estimators.settings import Settings, TrainingSet
from sk_softmax.estimators.training_set import training_set
from sk_softmax.interfaces import Array
from sk_softmax.objective import Seen, StreamObjective
from sk_softmax.rows import single_threaded_blas
from sk_softmax.solvers import learn


@dataclass(frozen=True)
class Stream:
    """What lives on between chunks."""

    seen: Seen
    params: Array
    rule: Any
    """Momentum, running means: whatever the solver carries from update to update."""

    solver: str
    """Name of the solver's class; another one begins with a rule of its own."""


def checked_chunk(
    estimator: Any,
    settings: Settings,
    X: Any,
    y: Any,
    classes: Any,
    sample_weight: Any,
    known: NDArray[Any] | None,
) -> TrainingSet:
    """Check a chunk against the classes declared before, or with the first chunk."""
    if settings.patience is not None:
        raise ValueError(
            "early_stopping=True is for fit: who calls partial_fit decides when to stop."
        )
    if isinstance(settings.class_weight, str):
        raise ValueError(
            'class_weight="balanced" needs all labels at once; for partial_fit give a dict.'
        )
    is_first = known is None
    if known is None:
        if classes is not None or not are_probabilities(y):
            known = _declared(classes)
    elif classes is not None and not np.array_equal(np.unique(classes), known):
        raise ValueError(
            f"classes={np.unique(classes).tolist()!r}, but the first call declared "
            f"{known.tolist()!r}."
        )
    return training_set(estimator, X, y, sample_weight, classes=known, reset=is_first)


def _declared(classes: Any) -> NDArray[Any]:
    if classes is None:
        raise ValueError("The first call of partial_fit must be given all classes there will be.")
    known = np.unique(classes)
    if len(known) < 2:
        raise ValueError(f"classes={known.tolist()!r} holds fewer than 2 classes.")
    return np.asarray(known)


def learn_chunk(
    settings: Settings, chunk: TrainingSet, stream: Stream
) -> tuple[Stream, Array, float]:
    """Return the stream after a chunk, its params for predictions, and the chunk's mean loss."""
    solver: Any = settings.solver
    chunk = weighted_by_class(settings, chunk)
    n_classes = len(chunk.classes)
    objective = StreamObjective(
        rows_for(settings, chunk.X, n_classes),
        targets_for(settings, chunk),
        n_classes,
        settings.C,
        chunk.weights,
        stream.seen,
        settings.form,
    )
    rows = objective.rows
    start, kind = stream.params, type(solver).__name__
    rule = stream.rule if stream.solver == kind else None
    if stream.rule is None and not start.any():
        start = solver.first_params(start, settings.generator())
    with single_threaded_blas():
        params, rule, value = learn(
            solver, objective, start, rule, stream.seen.n_rows, rows.n_rows
        )
    if not (np.isfinite(params).all() and np.isfinite(value)):
        raise ValueError(
            "The coefficients overflowed: learning_rate is too large for the scale of the "
            "features. Lower it or standardise the features. The model is as it was before."
        )
    after = Stream(objective.seen_after(rows.n_rows), params, rule, kind)
    return after, objective.penalty.balanced(params).astype(rows.dtype, copy=False), value
