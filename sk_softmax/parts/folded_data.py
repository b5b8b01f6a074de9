"""The data terms of all folds of a cross-validation on the rows of a part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import DataTerm, SpreadOut
from sk_softmax.objective.data_term import DataQuestion, totals_of_classes
from sk_softmax.objective.folds import FoldData, FoldQuestion

HeldOutTerm: TypeAlias = Callable[[Array, NDArray[np.intp]], tuple[tuple[Any, ...], Any]]
"""A function from the logits of some rows held out, ``(n_outputs, n_rows)``, and which rows of the
part these are, to partial sums and something to keep."""


@dataclass(frozen=True, eq=False)
class FoldedData:
    """The data terms of all folds on the same rows, and what the folds are scored on."""

    terms: Sequence[DataTerm]
    """One for each fold, and one more: that of all rows, which no fold holds out.

    A fold that knows a single class has nothing to fit; the last term stands in its place too.
    """

    held_out: Sequence[NDArray[np.intp]]
    """Which of the rows here each fold holds out, ascending, ``(n_held_out,)``."""

    present: Sequence[NDArray[np.intp]]
    """Numbers of the classes that each fold knows, shape ``(n_present,)``."""

    given: Any
    """The targets that the folds are scored on: see ``TrainingSet.given``."""

    weights: NDArray[np.float64] | None
    """The weights that they may be scored with, ``(n_rows,)``; None if all are equal."""

    @property
    def rows(self) -> Rows:
        """The rows of all terms."""
        return self.terms[-1].rows

    def on(self, rows: Rows) -> FoldedData:
        """Return the terms on the same rows in another form."""
        return replace(self, terms=[term.on(rows) for term in self.terms])

    def of_features(self, features: NDArray[np.intp]) -> FoldedData:
        """Return the terms on the same rows with these features alone."""
        return self.on(self.rows.columns(features))

    def collect_held_out(
        self, number: int, params: Array | None, term: HeldOutTerm
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """Sum and collect over the rows here that a fold holds out.

        Parameters
        ----------
        number : int
            Number of the fold.
        params : ndarray of shape (n_outputs, n_columns), or None
            Its params; None if it knows a single class, whose logit is zero.
        term : callable
            See :data:`HeldOutTerm`.
        """
        held_out = self.held_out[number]
        if params is None or not len(held_out):
            n_outputs = 1 if params is None else len(params)
            sums, kept = term(np.zeros((n_outputs, len(held_out)), self.rows.dtype), held_out)
            return sums, [kept]
        some = self.terms[number].at(held_out)
        prepared = some.rows.prepare(params)
        return some.rows.collect(
            lambda block: term(some.logits(block, prepared), held_out[block.rows])
        )


def of_fold(data: FoldedData, number: int, question: DataQuestion) -> tuple[Any, ...]:
    """Question: the answer of one fold's data term to a question."""
    return question(data.terms[number])


def of_folds(data: FoldedData, numbers: Sequence[int], question: FoldQuestion) -> tuple[Any, ...]:
    """Question: the answer of some folds together."""
    return question(FoldData([data.terms[number] for number in numbers], ()))


def known_of_terms(data: FoldedData) -> tuple[Any, ...]:
    """Question: what is known of the targets, weights and offset of each term.

    A list of one array of shape ``(n_terms, 3)``: whether targets are labels, the least positive
    weight, and the largest difference of an offset; and for each term the totals of its classes.
    """
    known = [(d.are_labels, _least_weight(d), d.largest_difference) for d in data.terms]
    totals = (totals_of_classes(term)[0] for term in data.terms)
    return ([np.array(known)], *totals)


def _least_weight(data: DataTerm) -> float:
    """Return the least positive weight here; infinity if no row here has one."""
    weight = data.relative_weight
    return 1.0 if weight is None else float(weight[weight > 0].min(initial=np.inf))


def gathered_for_folds(data: FoldedData, numbers: SpreadOut) -> tuple[Any, ...]:
    """Question: some rows, and of each term their targets, weights and offset.

    Two lists: of the rows, and of a list of three for each term. Weights and offset are None where
    a term has none.
    """
    here = data.terms[-1].here(numbers)
    if not len(here):
        return [], []
    shared = {term.number_of_targets: term.targets for term in data.terms}
    targets = {number: some.at(here) for number, some in shared.items()}
    of_terms = [
        (
            targets[term.number_of_targets],
            None if term.relative_weight is None else term.relative_weight[here],
            _offset_here(term, here),
        )
        for term in data.terms
    ]
    return [data.rows.values(here)], [of_terms]


def _offset_here(data: DataTerm, here: NDArray[np.intp]) -> Array | None:
    """Return the offset of some rows, ``(n_outputs, n_some)``: zero where only others have one."""
    if not data.has_offset:
        return None
    if data.offset is None:
        return np.zeros((data.loss.n_outputs, len(here)), data.rows.dtype)
    return data.offset[:, here]
