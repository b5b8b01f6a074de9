"""The objectives of all folds of a cross-validation, on the same rows without a copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, EvaluateAt, Evaluation, Question
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.regression import RegressionObjective
from sk_softmax.objective.shared_curvature import MeanOfTerms, SharedCurvature
from sk_softmax.objective.stacked_terms import MeanTerm, stacked_logits
from sk_softmax.objective.targets import Targets


class HeldOut:
    """The rows that a fold holds out and is scored on, with their logits at the latest params.

    Parameters
    ----------
    rows : ndarray of int, shape (n_held_out,)
        The rows held out, in ascending order.
    """

    def __init__(self, rows: NDArray[np.intp]) -> None:
        self.rows = rows
        self._logits: list[Array] = []
        self._params: Array | None = None

    def forget(self) -> None:
        """Drop the logits, before an evaluation at other params."""
        self._logits, self._params = [], None

    def keep(self, params: Array, logits: list[Array]) -> None:
        """Keep the logits at these params.

        One array per block, ``(n_outputs, n_held_out in the block)``, in the order of rows.
        """
        self._logits, self._params = logits, params

    def logits_at(self, params: Array) -> Array | None:
        """Return the logits, of shape ``(n_outputs, n_held_out)``; None if at other params."""
        if params is not self._params:
            return None
        # The parts are joined only now, because most evaluations are not scored.
        self._logits = [np.concatenate(self._logits, axis=1)]
        return self._logits[0]


FoldQuestion: TypeAlias = "Callable[[FoldData], tuple[Any, ...]]"
"""A question about several folds: a partial of a module-level function, to be pickled."""


class AskedTogether(Protocol):
    """The data of several folds, which answer a question together, wherever their rows are."""

    def ask(self, question: FoldQuestion) -> tuple[Any, ...]:
        """Return the answer, added up over all rows."""
        ...


@dataclass(frozen=True)
class FoldData:
    """The data terms of some folds, on the same rows, and the rows that each fold holds out."""

    terms: Sequence[DataTerm]
    held_out: Sequence[NDArray[np.intp]]
    """Numbers of rows, ascending, ``(n_held_out,)`` for each fold; empty if none is scored."""

    def ask(self, question: FoldQuestion) -> tuple[Any, ...]:
        """Return the answer to a question."""
        return question(self)


class FoldObjectives:
    """One objective per fold, all evaluated in one pass over the rows.

    A fold gives weight zero to the rows that it does not train on, so that no fold copies rows.
    The logits of all folds come from one product with the stacked params. A row that a fold does
    not train on costs that fold no more than its logits, and the fold is scored by them.

    Parameters
    ----------
    folds : sequence of RegressionObjective
        Objectives on the same rows.
    held_out : sequence of HeldOut, optional
        One per fold; none if no logits are scored, as with rows in float32 or coordinates.
    """

    def __init__(
        self,
        folds: Sequence[RegressionObjective],
        held_out: Sequence[HeldOut] = (),
    ) -> None:
        self._folds = folds
        self._held_out = held_out
        self._shared: list[SharedCurvature] = []
        self._known: dict[int, tuple[Array, Evaluation]] = {}

    def share_curvature(self) -> None:
        """Measure one curvature for all folds with the same targets, in the first passes."""
        alike: dict[int, dict[int, RegressionObjective]] = {}
        for number, fold in enumerate(self._folds):
            alike.setdefault(fold.data.number_of_targets, {})[number] = fold
        together = [folds for folds in alike.values() if len(folds) > 1]
        self._shared = [SharedCurvature(folds, self.mean_of_terms()) for folds in together]

    def mean_of_terms(self) -> MeanOfTerms:
        """Return what makes the mean of data terms like these, whose curvature is shared."""
        return MeanTerm

    def know(self, number: int, params: Array, here: Evaluation) -> None:
        """Keep a fold's evaluation, which answers its next question if that is about ``params``.

        The same array has to be asked about; its shape is ``(n_outputs, n_columns)``.
        """
        self._known[number] = params, here

    def __getitem__(self, number: int) -> RegressionObjective:
        """Return the objective of one fold."""
        return self._folds[number]

    def evaluate(self, questions: Mapping[int, EvaluateAt]) -> dict[int, Evaluation]:
        """Return value and gradient for each fold with a question, from one pass at most."""
        points = {number: question.params for number, question in questions.items()}
        for shared in self._shared:
            shared.watch(points)
        answers: dict[int, Evaluation] = {}
        for number in self._known.keys() & points.keys():
            params, here = self._known.pop(number)
            if params is points[number]:
                answers[number] = here
        unknown = {number: p for number, p in points.items() if number not in answers}
        return answers | (self._evaluate(unknown) if unknown else {})

    def answers(self, questions: Mapping[int, Question]) -> dict[int, Any]:
        """Return the answer of each fold to a question that is put to it alone."""
        return {number: question.put_to(self[number]) for number, question in questions.items()}

    def held_out_logits(self, number: int, params: Array) -> Array:
        """Return the logits of the rows that a fold holds out, ``(n_outputs, n_held_out)``."""
        logits = self._held_out[number].logits_at(params)
        if logits is None:
            self._evaluate({number: params})
            logits = self._held_out[number].logits_at(params)
            assert logits is not None
        return logits

    def data(self, numbers: Sequence[int]) -> AskedTogether:
        """Return the data terms of some of the folds, and the rows that they hold out."""
        held_out = [self._held_out[number].rows for number in numbers] if self._held_out else []
        return FoldData([self[number].data for number in numbers], held_out)

    def _evaluate(self, points: Mapping[int, Array]) -> dict[int, Evaluation]:
        """Return the evaluation of each fold at its params, and keep the held-out logits.

        Params have shape ``(n_outputs, n_columns)`` and may have different ``n_outputs``.
        """
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
    """Question: each fold's sums of losses and of gradients, and its held-out logits.

    The sums have shape ``(n_folds,)`` and ``(n_stacked, n_columns)``: the params of all folds are
    stacked. The list has one entry per block. Each entry is a list of logits, of shape
    ``(n_outputs, n_held_out in the block)`` for each fold. There is no entry if folds are not
    scored.
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
    return losses, gradients, of_blocks if are_scored else []


def _held_out(data: FoldData, block: Block, logits: Sequence[Array]) -> list[Array]:
    """Return copies of a block's logits of the rows that each fold holds out.

    Logits of ``(n_outputs, n_rows)`` for each fold give ``(n_outputs, n_held_out in the block)``.
    """
    here = data.terms[0].numbers(block)
    within = (
        rows[slice(*np.searchsorted(rows, [here.start, here.stop]))] - here.start
        for rows in data.held_out
    )
    return [of_fold.take(some, axis=1) for of_fold, some in zip(logits, within, strict=True)]


class _TargetsOfBlock:
    """The targets of a block, read once for all folds that share the same targets."""

    def __init__(self, block: Block) -> None:
        self._rows = block.rows
        self._known: dict[int, Targets] = {}

    def of(self, data: DataTerm) -> Targets:
        """Return the targets of the block's rows for the data term of a fold."""
        key = id(data.targets)
        if key not in self._known:
            self._known[key] = data.targets.at(self._rows)
        return self._known[key]


def _replace_by_residuals(logits: Array, data: DataTerm, targets: Targets, block: Block) -> float:
    """Return the sum of a fold's weighted losses.

    Its logits, of shape ``(n_outputs, n_rows)``, are overwritten by the weighted residuals.
    """
    losses, residuals, _ = data.loss.loss_and_residuals(logits, targets)
    weight = data.relative_weight
    np.multiply(residuals, 1 if weight is None else weight[block.rows], out=logits)
    return float(data.weighted(losses, block).sum(dtype=np.float64))
