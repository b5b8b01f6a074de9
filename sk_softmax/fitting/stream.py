"""Learning from a stream: a chunk of rows at a time, going on where the last chunk ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.fitting.class_weight import weighted_by_class
from sk_softmax.fitting.driver import learn
from sk_softmax.fitting.problems import rows_for, targets_for
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.interfaces import Array
from sk_softmax.objective import Seen, StreamObjective
from sk_softmax.rows import single_threaded_blas


@dataclass(frozen=True)
class Stream:
    """What lives on between chunks."""

    seen: Seen
    params: Array
    rule: Any
    """Momentum, running means: whatever the solver carries from update to update."""

    solver: str
    """Name of the solver's class; another one begins with a rule of its own."""


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
