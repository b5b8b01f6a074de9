"""Learning from a stream, one chunk of rows at a time, each from where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from sk_softmax.fitting.class_weight import weighted_chunk
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

    @property
    def begins(self) -> bool:
        """Whether nothing has been learned yet, so that a solver may choose the params."""
        return self.rule is None and not self.params.any()


def with_weight(settings: Settings, chunk: TrainingSet) -> TrainingSet | None:
    """Return a chunk, class weights worked in, without the minibatches that have no weight.

    Such a minibatch changes nothing. The result is None if no minibatch is left.
    """
    chunk = weighted_chunk(settings, chunk)
    if chunk.weights is None or chunk.weights.all():
        return chunk
    firsts = np.arange(0, len(chunk.weights), getattr(settings.solver, "batch_size", 1))
    number = np.searchsorted(firsts, np.arange(len(chunk.weights)), side="right") - 1
    is_kept = np.maximum.reduceat(chunk.weights, firsts)[number] > 0
    if is_kept.all():
        return chunk
    kept = np.flatnonzero(is_kept)
    if len(kept) == 0:
        return None
    return replace(
        chunk,
        X=chunk.X[kept],
        given=chunk.given[kept],
        weights=chunk.weights[kept],
        offset=None if chunk.offset is None else chunk.offset[kept],
    )


def _has_finite_logits(objective: StreamObjective, X: Any, params: Array) -> bool:
    """Whether the logits of all rows of a chunk are finite in the width of its rows.

    Few calls need a pass over the rows for that: the sum of the coefficients times the largest
    feature, and the largest offset, are an upper bound, and far too small to overflow.
    """
    stored = X.data if sp.issparse(X) else X
    largest = max(1.0, float(stored.max()), -float(stored.min())) if stored.size else 1.0
    with np.errstate(over="ignore", invalid="ignore"):
        bound = largest * float(np.abs(params).sum(axis=1).max())
        if objective.data.offset is not None:
            bound += float(np.abs(objective.data.offset).max())
    return bound < float(np.finfo(X.dtype).max) or objective.evaluate(params).is_finite


def learn_chunk(
    settings: Settings, chunk: TrainingSet, stream: Stream
) -> tuple[Stream, Array, float]:
    """Learn from one chunk.

    Parameters
    ----------
    settings : Settings
        The penalty and the solver, which must be a :class:`Learner`.
    chunk : TrainingSet
        The rows of the chunk, from :func:`with_weight`.
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
    n_classes = len(chunk.classes)
    objective = StreamObjective(
        rows_for(settings, chunk.X, n_classes),
        targets_for(settings, chunk),
        n_classes,
        settings.C,
        chunk.weights,
        stream.seen,
        settings.form,
        chunk.offset,
    )
    rows = objective.rows
    start, kind = stream.params, type(solver).__name__
    rule = stream.rule if stream.solver == kind else None
    if stream.begins:
        start = solver.first_params(start, settings.generator())
    with single_threaded_blas():
        params, rule, value = learn(
            solver, objective, start, rule, stream.seen.n_rows, rows.n_rows
        )
        is_finite = np.isfinite(value) and _has_finite_logits(objective, chunk.X, params)
    if not is_finite:
        raise ValueError(
            "The coefficients overflowed: learning_rate is too large for the scale of the "
            "features. Lower it or standardise the features. The model is as it was before."
        )
    after = Stream(objective.seen_after(rows.n_rows), params, rule, kind)
    return after, objective.penalty.balanced(params).astype(rows.dtype, copy=False), value
