"""Learning from a stream, one chunk of rows at a time, each from where the last one ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.fitting.class_weight import weighted_chunk
from sk_softmax.fitting.device_training import DeviceTrainingSet
from sk_softmax.fitting.driver import learn
from sk_softmax.fitting.problems import objective_of
from sk_softmax.fitting.settings import Settings, TrainingSet, Weights
from sk_softmax.interfaces import Array
from sk_softmax.objective import DataTerm, Seen, StreamObjective
from sk_softmax.parts.device_rows import largest_sizes
from sk_softmax.rows import single_threaded_blas

Chunk: TypeAlias = TrainingSet | DeviceTrainingSet
"""A chunk of a stream, in memory or on a device."""


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


def with_weight(settings: Settings, chunk: Chunk) -> Chunk | None:
    """Return a chunk, class weights worked in, without the minibatches that have no weight.

    Such a minibatch changes nothing. The result is None if no minibatch is left.
    """
    if isinstance(chunk, DeviceTrainingSet):
        chunk = chunk.weighted_chunk(settings)
    else:
        chunk = weighted_chunk(settings, chunk)
    weights = _weights_of(chunk)
    if weights is None or weights.all():
        return chunk
    firsts = np.arange(0, len(weights), getattr(settings.solver, "batch_size", 1))
    number = np.searchsorted(firsts, np.arange(len(weights)), side="right") - 1
    is_kept = np.maximum.reduceat(weights, firsts)[number] > 0
    if is_kept.all():
        return chunk
    kept = np.flatnonzero(is_kept)
    return _some(chunk, kept) if len(kept) else None


def _weights_of(chunk: Chunk) -> Weights | None:
    """Return the weights of a chunk's rows on the host, ``(n_rows,)``; None if all are 1."""
    return chunk.weights_on_host if isinstance(chunk, DeviceTrainingSet) else chunk.weights


def _some(chunk: Chunk, rows: NDArray[np.intp]) -> Chunk:
    """Return the chunk of these rows alone."""
    if isinstance(chunk, DeviceTrainingSet):
        return chunk.at(rows)
    return replace(
        chunk,
        X=chunk.X[rows],
        given=chunk.given[rows],
        weights=None if chunk.weights is None else chunk.weights[rows],
        offset=None if chunk.offset is None else chunk.offset[rows],
    )


def _objective_of(settings: Settings, chunk: Chunk, seen: Seen) -> StreamObjective:
    """Return the objective of a chunk, after what was seen before it."""
    data: DataTerm
    if isinstance(chunk, DeviceTrainingSet):
        data = chunk.data(settings, chunk.rows(settings))
    else:
        data = objective_of(settings, chunk).data
    return StreamObjective(data, settings.C, _weights_of(chunk), seen, settings.form)


def _has_finite_logits(objective: StreamObjective, X: Any, params: Array) -> bool:
    """Whether the logits of all rows of a chunk are finite in the width of its rows.

    Few calls need a pass over the rows for that: the sum of the coefficients times the largest
    feature, and the largest offset, are an upper bound, and far too small to overflow.
    """
    offset, largest = objective.data.offset, max(1.0, _largest_size(X))
    with np.errstate(over="ignore", invalid="ignore"):
        bound = largest * float(np.abs(params).sum(axis=1).max())
        if offset is not None:
            bound += _largest_size(offset)
    width = np.finfo(objective.rows.dtype)
    return bound < float(width.max) or objective.evaluate(params).is_finite


def _largest_size(values: Any) -> float:
    """Return the largest size of the numbers in an array of two dimensions, or a sparse matrix."""
    stored = values.data if sp.issparse(values) else values
    if not isinstance(stored, np.ndarray):
        return float(largest_sizes(stored).max())
    return max(float(stored.max()), -float(stored.min())) if stored.size else 0.0


def learn_chunk(settings: Settings, chunk: Chunk, stream: Stream) -> tuple[Stream, Array, float]:
    """Learn from one chunk.

    Parameters
    ----------
    settings : Settings
        The penalty and the solver, which must be a :class:`Learner`.
    chunk : TrainingSet or DeviceTrainingSet
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
    objective = _objective_of(settings, chunk, stream.seen)
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
