"""The objectives of all folds of a cross-validation, on one copy of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, EvaluateAt, Evaluation
from sk_softmax.objective.data_term import DataTerm, stacked_logits
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.objective.targets import Targets


class HeldOut:
    """The rows that a fold is scored on, and their logits at the params evaluated last.

    Parameters
    ----------
    rows : ndarray of int, shape (n_held_out,)
        Which rows, in ascending order.
    """

    def __init__(self, rows: NDArray[np.intp]) -> None:
        self.rows = rows
        self._logits: list[Array] = []
        self._params: Array | None = None

    def forget(self) -> None:
        """Drop the logits: those at other params are about to come."""
        self._logits, self._params = [], None

    def keep(self, params: Array, logits: list[Array]) -> None:
        """Keep the logits at these params, in parts of some rows each, in the order of rows."""
        self._logits, self._params = logits, params

    def logits_at(self, params: Array) -> Array | None:
        """Return the logits, of shape ``(n_outputs, n_held_out)``; None if known elsewhere."""
        if params is not self._params:
            return None
        # Put together only now: most of what is evaluated is not scored.
        self._logits = [np.concatenate(self._logits, axis=1)]
        return self._logits[0]


@dataclass(frozen=True)
class FoldData:
    """The data terms of some folds, on the same rows, and which of all rows each holds out."""

    terms: Sequence[DataTerm]
    held_out: Sequence[NDArray[np.intp]]

    def ask(self, question: Callable[[FoldData], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Return the answer to a question, which is a partial as for a data term."""
        return question(self)


class FoldObjectives:
    """One objective a fold, all evaluated in one pass over the rows.

    A fold weights the rows it does not train on with zero, so that no fold has rows of its own.
    The logits of all folds come from one product with the stacked params; what a fold does not
    train on costs it nothing but these, and they are what it is scored by.

    Parameters
    ----------
    folds : sequence of RegressionObjective
        On the same rows.
    held_out : sequence of HeldOut, optional
        One a fold; none for rows in float32 or coordinates, whose logits score nothing.
    """

    # One curvature measured once for all folds, at the mean of their params, was rejected: with a
    # weak penalty a fold is sure of the rows it trains on and unsure of the others, on which the
    # other folds train. On digits it took 30 times as many iterations at C=1e4.

    def __init__(
        self,
        folds: Sequence[RegressionObjective],
        held_out: Sequence[HeldOut] = (),
    ) -> None:
        self._folds = folds
        self._held_out = held_out

    def __getitem__(self, number: int) -> RegressionObjective:
        """Return the objective of one fold."""
        return self._folds[number]

    def evaluate(self, questions: Mapping[int, EvaluateAt]) -> dict[int, Evaluation]:
        """Value and gradient of each fold that asks, from one pass."""
        return self._evaluate({number: question.params for number, question in questions.items()})

    def held_out_logits(self, number: int, params: Array) -> Array:
        """Return the class-major logits of the rows that a fold is scored on."""
        logits = self._held_out[number].logits_at(params)
        if logits is None:
            self._evaluate({number: params})
            logits = self._held_out[number].logits_at(params)
            assert logits is not None
        return logits

    def data(self, numbers: Sequence[int]) -> FoldData:
        """Return the data of some of the folds."""
        held_out = [self._held_out[number].rows for number in numbers] if self._held_out else []
        return FoldData([self[number].data for number in numbers], held_out)

    def _evaluate(self, points: Mapping[int, Array]) -> dict[int, Evaluation]:
        params, are_scored = list(points.values()), bool(self._held_out)
        if are_scored:
            for number in points:
                self._held_out[number].forget()
        question = partial(evaluated, params=params, are_scored=are_scored)
        losses, gradients, logits = self.data(list(points)).ask(question)
        if are_scored:
            for number, *of_fold in zip(points, *logits, strict=True):
                self._held_out[number].keep(points[number], of_fold)
        ends = np.cumsum([len(of_fold) for of_fold in params])[:-1]
        parts = zip(points, losses, np.split(gradients, ends), strict=True)
        return {
            number: self[number].evaluation(
                points[number], loss, gradient, self[number].data.n_rows
            )
            for number, loss, gradient in parts
        }


def evaluated(
    data: FoldData, params: Sequence[Array], are_scored: bool
) -> tuple[Array, Array, list[list[Array]]]:
    """Answer each fold's sum of losses and of gradients, and the logits of what it holds out.

    Shapes ``(n_folds,)`` and that of the stacked params. The list has an entry a block, which has
    a fold's logits each, of shape ``(n_outputs, n_held_out in the block)``; if the folds are not
    to be scored, an empty one.
    """
    rows = data.terms[0].rows
    prepared = rows.prepare(np.concatenate(params))

    def term(block: Block) -> tuple[tuple[Array, Array], list[Array]]:
        product, logits = stacked_logits(data.terms, block, prepared)
        held_out = _held_out(data, block, logits) if are_scored else []
        targets = _TargetsOfBlock(block)
        losses = [
            _replace_by_residuals(of_fold, fold, targets.of(fold), block)
            for of_fold, fold in zip(logits, data.terms, strict=True)
        ]
        return (np.array(losses), block.pull_back(product)), held_out

    (losses, gradients), of_blocks = rows.collect(term)
    return losses, gradients, of_blocks


def _held_out(data: FoldData, block: Block, logits: Sequence[Array]) -> list[Array]:
    """Return copies of those of a block's logits that belong to rows held out."""
    here = data.terms[0].numbers(block)
    within = (
        rows[slice(*np.searchsorted(rows, [here.start, here.stop]))] - here.start
        for rows in data.held_out
    )
    return [of_fold.take(some, axis=1) for of_fold, some in zip(logits, within, strict=True)]


class _TargetsOfBlock:
    """The targets of a block, looked up once for all folds that have the same."""

    def __init__(self, block: Block) -> None:
        self._rows = block.rows
        self._known: dict[int, Targets] = {}

    def of(self, data: DataTerm) -> Targets:
        key = id(data.targets)
        if key not in self._known:
            self._known[key] = data.targets.at(self._rows)
        return self._known[key]


def _replace_by_residuals(logits: Array, data: DataTerm, targets: Targets, block: Block) -> float:
    """Return the sum of a fold's weighted losses, and leave its residuals in place of logits."""
    losses, residuals = data.loss.loss_and_residuals(logits, targets)
    np.copyto(logits, data.weighted(residuals, block))
    return float(data.weighted(losses, block).sum(dtype=np.float64))
