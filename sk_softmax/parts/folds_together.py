"""Questions that several folds ask one by one, put to the parts in one message.

What a solver asks of a fold, such as a Hessian or a duality gap, takes one question to the parts
or several. Each fold works on it up to a question that has no answer yet. The open questions of
all folds are put together, and each fold begins its work anew with the answers so far: that work
is little beside a message to workers, or a pass over a file.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from sk_softmax.objective.data_term import DataQuestion
from sk_softmax.parts.folded_data import FoldedData
from sk_softmax.parts.protocol import Answer

PutTogether: TypeAlias = Callable[[Mapping[int, DataQuestion]], Mapping[int, Answer]]
"""From a question of each of some folds, by number, to their answers."""


class OpenQuestion(Exception):
    """A fold's question that has no answer yet."""

    def __init__(self, question: DataQuestion) -> None:
        super().__init__(question)
        self.question = question


class KnownAnswers:
    """The answers that a fold has had so far."""

    def __init__(self) -> None:
        self._known: dict[bytes, Answer] = {}

    def enter(self, question: DataQuestion, answer: Answer) -> None:
        """Keep the answer to a question."""
        self._known[pickle.dumps(question)] = answer

    def answer(self, question: DataQuestion) -> Answer:
        """Return the answer to a question, in arrays of its own.

        Raises
        ------
        OpenQuestion
            If it has none yet.
        """
        known = self._known.get(pickle.dumps(question))
        if known is None:
            raise OpenQuestion(question)
        # In the same order in memory, on which the rounding of a product depends.
        return tuple(a.copy("K") if isinstance(a, np.ndarray) else a for a in known)


def worked_together(
    works: Mapping[int, Callable[[], Any]],
    known: Mapping[int, KnownAnswers],
    put: PutTogether,
) -> dict[int, Any]:
    """Return what each fold's work returns; the folds' open questions are put together.

    Parameters
    ----------
    works : mapping of int to callable
        The work of each fold, by number: it returns the same whenever it is begun anew.
    known : mapping of int to KnownAnswers
        What the questions of each fold are answered from.
    put : callable
        Puts a question of each of some folds.
    """
    done: dict[int, Any] = {}
    while len(done) < len(works):
        open_questions: dict[int, DataQuestion] = {}
        for number in [n for n in works if n not in done]:
            try:
                done[number] = works[number]()
            except OpenQuestion as met:
                open_questions[number] = met.question
        if open_questions:
            for number, answer in put(open_questions).items():
                known[number].enter(open_questions[number], answer)
    return {number: done[number] for number in works}


def of_each(data: FoldedData, questions: Sequence[tuple[int, DataQuestion]]) -> tuple[Any, ...]:
    """Question: the answers of some data terms, by number, each to a question of its own.

    First a list of how many entries each answer has, once for each part.
    """
    answers = [question(data.terms[number]) for number, question in questions]
    return [[len(answer) for answer in answers]], *(entry for a in answers for entry in a)


def answers_of_each(joined: Answer) -> list[Answer]:
    """Return the answer to each question from the answer to :func:`of_each` of all parts."""
    (lengths, *_), *entries = joined
    ends = np.cumsum(lengths).tolist()
    pairs = zip(ends, lengths, strict=True)
    return [tuple(entries[end - length : end]) for end, length in pairs]
