"""The objectives of all folds of a cross-validation, on one copy of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import (
    Array,
    Block,
    EvaluateAt,
    Evaluation,
)
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
        self._logits: Array | None = None
        self._params: Array | None = None

    def begin(self, params: Array, dtype: np.dtype[np.floating]) -> None:
        """Forget the logits: those at other params are about to come."""
        shape = len(params), len(self.rows)
        if self._logits is None or self._logits.shape != shape:
            self._logits = np.empty(shape, dtype)
        self._params = params

    def keep(self, block: Block, logits: Array) -> None:
        """Keep those of a block's logits that belong to rows held out."""
        assert self._logits is not None
        assert isinstance(block.rows, slice)
        first, last = np.searchsorted(self.rows, [block.rows.start, block.rows.stop])
        within = self.rows[first:last] - block.rows.start
        self._logits[:, first:last] = logits[:, within]

    def logits_at(self, params: Array) -> Array | None:
        """Return the logits, of shape ``(n_outputs, n_held_out)``; None if known elsewhere."""
        return self._logits if params is self._params else None


class FoldObjectives:
    """One objective a fold, all evaluated in one pass over the rows.

    A fold weights the rows it does not train on with zero, so that no fold has rows of its own.
    The logits of all folds come from one product with the stacked params; what a fold does not
    train on costs it nothing but these, and they are what it is scored by.

    Parameters
    ----------
    folds : sequence of RegressionObjective
        On the same rows.
    held_out : sequence of HeldOut
        One a fold.
    """

    # One curvature measured once for all folds, at the mean of their params, was rejected: with a
    # weak penalty a fold is sure of the rows it trains on and unsure of the others, on which the
    # other folds train. On digits it took 30 times as many iterations at C=1e4.

    def __init__(
        self,
        folds: Sequence[RegressionObjective],
        held_out: Sequence[HeldOut],
    ) -> None:
        self._folds = folds
        self._held_out = held_out

    def __getitem__(self, number: int) -> RegressionObjective:
        """Return the objective of one fold."""
        return self._folds[number]

    def evaluate(self, questions: Mapping[int, EvaluateAt]) -> dict[int, Evaluation]:
        """Value and gradient of each fold that asks, those that ask the same draft together."""
        answers: dict[int, Evaluation] = {}
        for draft in {question.draft for question in questions.values()}:
            points = {n: q.params for n, q in questions.items() if q.draft == draft}
            answers |= self._evaluate(points, draft)
        return answers

    def held_out_logits(self, number: int, params: Array) -> Array:
        """Return the class-major logits of the rows that a fold is scored on."""
        logits = self._held_out[number].logits_at(params)
        if logits is None:
            self._evaluate({number: params}, None)
            logits = self._held_out[number].logits_at(params)
            assert logits is not None
        return logits

    def _evaluate(self, points: Mapping[int, Array], draft: int | None) -> dict[int, Evaluation]:
        folds = {number: self[number].draft(draft) for number in points}
        rows = next(iter(folds.values())).rows
        parts = dict(zip(points, _parts([len(params) for params in points.values()]), strict=True))
        prepared = rows.prepare(np.concatenate(list(points.values())))
        keeping = [] if draft is not None else [(n, self._held_out[n]) for n in points]
        for number, held_out in keeping:
            held_out.begin(points[number], rows.dtype)

        terms = {number: fold.data for number, fold in folds.items()}

        def term(block: Block) -> tuple[Array, Array]:
            product, logits = stacked_logits(list(terms.values()), block, prepared)
            of_fold = dict(zip(terms, logits, strict=True))
            for number, held_out in keeping:
                held_out.keep(block, of_fold[number])
            targets = _TargetsOfBlock(block)
            losses = [
                _replace_by_residuals(of_fold[number], data, targets.of(data), block)
                for number, data in terms.items()
            ]
            return np.array(losses), block.pull_back(product)

        losses, gradients = rows.sum(term)
        return {
            number: fold.evaluation(points[number], loss, gradients[parts[number]], rows.n_rows)
            for (number, fold), loss in zip(folds.items(), losses, strict=True)
        }


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


def _parts(lengths: Sequence[int]) -> list[slice]:
    """Return where each of several stacked params are."""
    ends = np.cumsum(lengths)
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]
