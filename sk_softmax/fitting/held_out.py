"""Validation rows: scores of each iteration, and early stopping by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax import functional
from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.fitting.settings import TrainingSet, hard_labels
from sk_softmax.interfaces import Array, IterationRecord, ValidationScores


def validation_scores(
    held_out: TrainingSet, params: Array, dtype: np.dtype[Any]
) -> ValidationScores:
    """Return the mean cross-entropy, in nats a row without penalty, and the accuracy.

    ``params`` has shape ``(n_outputs, n_columns)``. The logits are computed in ``dtype``, which is
    at least as wide as the rows.
    """
    X, n_features = held_out.X, held_out.X.shape[1]
    coef = params[:, :n_features].astype(dtype, copy=False)
    logits = X @ coef.T
    if params.shape[1] > n_features:
        logits = logits + params[:, n_features].astype(logits.dtype)
    if logits.shape[1] == 1:
        logits = np.column_stack([np.zeros_like(logits), logits])
    loss = functional.cross_entropy(logits, held_out.given, sample_weight=held_out.weights)
    hits = logits.argmax(axis=1) == hard_labels(held_out.given)
    return ValidationScores(float(loss), float(np.average(hits, weights=held_out.weights)))


class EarlyStopping:
    """Stops a fit when the validation loss has not improved for ``patience`` iterations.

    It keeps the params with the smallest loss, and the number of their iteration.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = np.inf
        self.iteration = 0
        self.params: Array | None = None

    def __call__(self, record: IterationRecord, params: ParamsThere) -> bool:
        """Return whether to stop after this iteration."""
        if record.validation_loss < self.best:
            self.best, self.iteration = record.validation_loss, record.iteration
            self.params = params()
        return record.iteration - self.iteration >= self.patience
