"""Validation rows: scores of each iteration, and early stopping by them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from sk_softmax.fitting.driver import ParamsThere
from sk_softmax.fitting.problems import objective_of
from sk_softmax.fitting.settings import Settings, TrainingSet
from sk_softmax.fitting.shift import Shift
from sk_softmax.interfaces import Array, Block, IterationRecord, Rows, ValidationScores
from sk_softmax.objective import DataTerm
from sk_softmax.parts import PartedRows
from sk_softmax.rows import rows_of


class HeldOutElsewhere(Protocol):
    """A training set that makes its own data term: rows in parts, or on a device."""

    def rows(self, settings: Settings) -> Any:
        """Return the rows in the form in which they are given."""
        ...

    def data(self, settings: Settings, rows: Rows) -> DataTerm:
        """Return the data term on these rows, in whatever form they are read."""
        ...


class ValidationRows:
    """Rows held out, scored a block at a time.

    Parameters
    ----------
    settings : Settings
        Those of the fit.
    held_out : TrainingSet, PartedTrainingSet or DeviceTrainingSet
        The rows.
    shift : Shift
        What is subtracted from the columns in the fit whose params are scored.
    """

    def __init__(
        self, settings: Settings, held_out: TrainingSet | HeldOutElsewhere, shift: Shift
    ) -> None:
        # Neither penalty nor smoothing: scores are of the targets as they were given.
        plain = replace(settings, C=np.inf, label_smoothing=0.0, class_weight=None)
        self.release = lambda: None
        if not isinstance(held_out, TrainingSet):
            elsewhere = held_out.rows(plain)
            self._data: DataTerm = held_out.data(plain, shift.rows(elsewhere))
            if isinstance(elsewhere, PartedRows):
                self.release = elsewhere.parts.release
            return
        rows = rows_of(
            held_out.X,
            len(held_out.classes),
            has_intercept=settings.fit_intercept,
            n_threads=settings.n_threads,
        )
        self._data = objective_of(plain, held_out, rows=shift.rows(rows)).data

    def scores(self, params: Array) -> ValidationScores:
        """Return the mean cross-entropy (nats) and the accuracy."""
        loss, hits = self._data.ask(partial(loss_and_hits, params=params))
        return ValidationScores(float(loss) / self._data.n_rows, float(hits) / self._data.n_rows)


def loss_and_hits(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the weighted sums of the losses and of the rows classified correctly."""
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array]:
        logits = data.logits(block, prepared)
        predicted = logits[0] > 0 if len(logits) == 1 else logits.argmax(axis=0)
        targets = data.targets.at(block.rows)
        hits = predicted == targets.most_probable()
        losses, *_ = data.loss.loss_and_residuals(logits, targets)
        return (
            data.weighted(losses, block).sum(dtype=np.float64),
            data.weighted(hits, block).sum(dtype=np.float64),
        )

    return data.rows.sum(term)


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
