"""The folds of a cross-validation on rows of a device: one pass evaluates all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.objective import DataTerm, FoldObjectives
from sk_softmax.objective.data_term import Matrices
from sk_softmax.objective.folds import AskedTogether, FoldQuestion, evaluated
from sk_softmax.objective.shared_curvature import MeanOfTerms
from sk_softmax.parts.device_arrays import on_host
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock
from sk_softmax.parts.folded_data import FoldedData, HeldOutTerm


@dataclass(frozen=True, eq=False)
class DeviceFoldedData(FoldedData):
    """The data terms of all folds, and what the folds are scored on, which is on the host."""

    terms: Sequence[DeviceData]

    def collect_held_out(
        self, number: int, params: Array | None, term: HeldOutTerm
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """Sum and collect over the rows that a fold holds out: see :class:`FoldedData`.

        Their logits, and not the rows, are copied to the host, some at a time.
        """
        held_out = self.held_out[number]
        if params is None or not len(held_out):
            return super().collect_held_out(number, params, term)
        data = self.terms[number]
        prepared, there = data.rows.prepare(params), data.place.indices(held_out)
        found = [
            term(on_host(data.logits(block, prepared)), held_out[some])
            for some, block in data.rows.in_pieces(there)
        ]
        of_pieces, kept = zip(*found, strict=True)
        return tuple(sum(own) for own in zip(*of_pieces, strict=True)), list(kept)


class DeviceFoldObjectives(FoldObjectives):
    """One objective per fold, all evaluated in one pass over the rows of a device.

    The rows that a fold holds out are not scored by its evaluations.
    """

    def mean_of_terms(self) -> MeanOfTerms:
        """Return what makes the mean of data terms like these, whose curvature is shared."""
        return _MeanTerm

    def data(self, numbers: Sequence[int]) -> AskedTogether:
        """Return the data terms of some of the folds, to be asked together."""
        return _Together(_on_device([self[number].data for number in numbers]))


def _on_device(terms: Sequence[DataTerm]) -> list[DeviceData]:
    """Return terms that are all on a device as what they are."""
    return [term for term in terms if isinstance(term, DeviceData)]


def _slices(terms: Sequence[DeviceData]) -> list[slice]:
    """Return which rows of stacked params, and of their logits, belong to each term."""
    ends = np.cumsum([term.loss.n_outputs for term in terms]).tolist()
    return [slice(end - term.loss.n_outputs, end) for end, term in zip(ends, terms, strict=True)]


class _MeanTerm(DeviceData):
    """The mean of several data terms on the same rows, whose curvature is measured.

    Params are those of all terms, one below the other; the shape is that of a single term.
    """

    def __init__(self, terms: Sequence[DataTerm]) -> None:
        self._terms = _on_device(terms)
        self._own = _slices(self._terms)
        first = self._terms[0]
        super().__init__(first.rows, first.targets, first.loss, first.answers)
        self.damp_like(first)

    def curvatures_of(self, product: Any, block: DeviceBlock, matrices: Matrices) -> Any:
        """Return the mean over the terms of the weights of a block's rows in each matrix."""
        pairs = zip(self._own, self._terms, strict=True)
        found = [term.curvatures_of(product[own, :], block, matrices) for own, term in pairs]
        return sum(found[1:], found[0]) / len(found)


class _Together:
    """The data terms of some folds, which are evaluated together."""

    def __init__(self, terms: Sequence[DeviceData]) -> None:
        self._terms = terms

    def ask(self, question: FoldQuestion) -> tuple[Any, ...]:
        """Return the answer to ``folds.evaluated``, the one question that folds are asked."""
        assert isinstance(question, partial)
        if question.func is not evaluated:
            _refuse(question)
        return *_evaluated(self._terms, question.keywords["params"]), []


def _refuse(question: partial[Any]) -> NoReturn:
    raise NotImplementedError(f"Folds on a device have no answer to {question.func.__name__}.")


def _evaluated(terms: Sequence[DeviceData], params: Sequence[Array]) -> tuple[Array, Array]:
    """Answer ``folds.evaluated`` without logits of rows held out: ``(n_folds,)``, and gradients.

    The logits of all folds are one product of the rows with the stacked params.
    """
    rows, place = terms[0].rows, terms[0].place
    prepared, own = rows.prepare(np.concatenate(params)), _slices(terms)

    def sums_of(block: DeviceBlock) -> tuple[Any, Any]:
        product = block.logits(prepared)
        pairs = [
            term.weighted_loss(product[some, :], block)
            for some, term in zip(own, terms, strict=True)
        ]
        losses, residuals = zip(*pairs, strict=True)
        return place.xp.stack(losses), block.pull_back(place.xp.concat(residuals, axis=0))

    losses, gradients = rows.added_up(sums_of)
    return losses, gradients
