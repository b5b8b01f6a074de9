"""The folds of a cross-validation on rows in parts: one message asks for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Question
from sk_softmax.objective import DataTerm, FoldObjectives, RegressionObjective, SpreadOut
from sk_softmax.objective.cross_entropy import CrossEntropy
from sk_softmax.objective.data_term import DataQuestion
from sk_softmax.objective.folds import AskedTogether, FoldQuestion
from sk_softmax.parts.folded_data import gathered_for_folds, of_fold, of_folds
from sk_softmax.parts.folds_together import (
    KnownAnswers,
    OpenQuestion,
    answers_of_each,
    of_each,
    worked_together,
)
from sk_softmax.parts.parted_data import KnownOfTargets, PartedData
from sk_softmax.parts.parted_rows import PartedRows, stacked
from sk_softmax.parts.protocol import Answer
from sk_softmax.rows import rows_of


class PartedFold(PartedData):
    """The data term of one fold, whose parts have the terms of all folds.

    Parameters
    ----------
    rows : PartedRows
        The rows, split among the folds.
    loss : CrossEntropy
        The form of the loss, for the classes that the fold knows.
    known : KnownOfTargets
        What is known of targets, weights and offset.
    number : int
        Number of the term: that of the fold, or the number of folds for all rows together.
    like : int
        Number of the first term with the same targets.
    class_totals : ndarray of shape (n_classes,)
        The weighted sum of the targets.
    """

    def __init__(
        self,
        rows: PartedRows,
        loss: CrossEntropy,
        known: KnownOfTargets,
        number: int,
        like: int,
        class_totals: Array,
    ) -> None:
        super().__init__(rows, loss, known)
        self.number = number
        self._like = like
        self.class_totals = class_totals
        self.answers: KnownAnswers | None = None
        """What it is answered from while its questions are put together with other folds'."""

    @property
    def number_of_targets(self) -> int:
        """A number that two terms have in common if they share their targets."""
        return self._like

    def ask(self, question: DataQuestion, passes: float = 1.0) -> tuple[Any, ...]:
        """Return the sum of the answers of this fold's terms in all parts."""
        if self.answers is None:
            return super().ask(partial(of_fold, number=self.number, question=question), passes)
        try:
            return self.answers.answer(question)
        except OpenQuestion:
            self.count(1.0 if self.is_read_anew else passes)
            raise

    def _of(self, rows: PartedRows) -> PartedFold:
        own = self.number, self._like, self.class_totals
        return PartedFold(rows, self.loss, self._known, *own)


class PartedFoldObjectives(FoldObjectives):
    """One objective per fold; all parts evaluate all of them in one pass, asked by one message.

    The rows that a fold holds out are not scored by its evaluations, but asked for.

    Parameters
    ----------
    folds : sequence of RegressionObjective
        Objectives on :class:`PartedFold`.
    """

    def data(self, numbers: Sequence[int]) -> AskedTogether:
        """Return the data of some of the folds, to be asked together."""
        return _Together([self[number] for number in numbers])

    def answers(self, questions: Mapping[int, Question]) -> dict[int, Any]:
        """Return the answers to the folds' questions; what they ask the parts is put together."""
        terms = {n: data for n in questions if isinstance(data := self[n].data, PartedFold)}
        known = {number: KnownAnswers() for number in terms}
        works = {n: partial(question.put_to, self[n]) for n, question in questions.items()}
        with ExitStack() as opened:
            for number, term in terms.items():
                term.answers = known[number]
                opened.callback(setattr, term, "answers", None)
            return worked_together(works, known, partial(_put_together, terms))


def _put_together(
    terms: Mapping[int, PartedFold], questions: Mapping[int, DataQuestion]
) -> dict[int, Answer]:
    """Return the answers to a question of each of some terms, added up over all parts."""
    asked = [(terms[number].number, question) for number, question in questions.items()]
    rows = next(iter(terms.values())).rows
    answers = answers_of_each(rows.ask(partial(of_each, questions=asked)))
    return dict(zip(questions, answers, strict=True))


class _Together:
    """Some folds, which answer a question together."""

    def __init__(self, folds: Sequence[RegressionObjective]) -> None:
        self._folds = folds

    def ask(self, question: FoldQuestion) -> tuple[Any, ...]:
        """Return the answers of all parts, added up."""
        terms = [fold.data for fold in self._folds]
        numbers = [term.number for term in terms if isinstance(term, PartedFold)]
        rows = terms[0].rows
        assert isinstance(rows, PartedRows)
        return rows.ask(partial(of_folds, numbers=numbers, question=question))


def copied_for_folds(terms: Sequence[PartedFold], numbers: SpreadOut) -> list[DataTerm]:
    """Return the terms on one copy, in float32, of the rows of these numbers.

    ``terms`` are all of those that the parts have, in order.
    """
    rows = terms[-1].rows.narrowed()
    outline = rows.outline
    values, of_parts = rows.ask(partial(gathered_for_folds, numbers=numbers))
    copy = rows_of(
        stacked(values),
        outline.n_outputs,
        has_intercept=outline.has_intercept,
        n_threads=outline.n_threads,
    )
    shared: dict[int, Any] = {}
    copied = []
    for term, *of_term in zip(terms, *of_parts, strict=True):
        targets, weights, offsets = zip(*of_term, strict=True)
        if term.number_of_targets not in shared:
            shared[term.number_of_targets] = targets[0].joined(targets[1:])
        weight = None if weights[0] is None else np.concatenate(weights)
        offset = None if offsets[0] is None else np.concatenate(offsets, axis=1)
        own = shared[term.number_of_targets]
        copied.append(DataTerm(copy, own, term.loss, weight, offset=offset))
    for other in copied[:-1]:
        other.damp_like(copied[-1])
    return copied
