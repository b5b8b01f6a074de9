"""Learning from a stream, one chunk of rows at a time, each from where the last one ended."""

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
    """What is kept of a stream between chunks."""

    seen: Seen
    params: Array
    """Shape ``(n_outputs, n_columns)``, as the solver left them."""

    rule: Any
    """What the solver carries from update to update, such as momentum; None before the first."""

    solver: str
    """Name of the solver's class. A solver of another class starts with a new rule."""


def learn_chunk(
    settings: Settings, chunk: TrainingSet, stream: Stream
) -> tuple[Stream, Array, float]:
    """Learn from one chunk.

    Parameters
    ----------
    settings : Settings
        The penalty and the solver, which must be a :class:`Learner`.
    chunk : TrainingSet
        The rows of the chunk.
    stream : Stream
        What is kept of the chunks before.

    Returns
    -------
    stream : Stream
        What is kept after the chunk.
    params : ndarray of shape (n_outputs, n_columns)
        Params for predictions, in the floating-point width of the rows.
    value : float
        Mean of the objective over the chunk's minibatches, in nats a row.

    Raises
    ------
    ValueError
        If the params or the value overflow.
    """
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
