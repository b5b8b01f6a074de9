"""The way of a minibatch solver within an epoch, which it does not report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sk_softmax.fitting.driver import Answers
from sk_softmax.interfaces import Array, Asked, EvaluateMinibatch

SeeMinibatch = Callable[[Array], None]
"""Told the params of a minibatch, of shape ``(n_outputs, n_columns)``; it does not write to
them."""


class SeenMinibatches:
    """The answers of another, with the params of each minibatch shown before it is answered.

    A minibatch solver asks for each minibatch where the one before has led, so its questions are
    its way, and no solver needs to keep or report it.
    """

    def __init__(self, answers: Answers, see: SeeMinibatch) -> None:
        self._answers, self._see = answers, see

    @property
    def passes(self) -> float:
        """Passes over the whole data so far."""
        return self._answers.passes

    def answer(self, asked: Asked) -> Any:
        """Return the answer to a question of a stage."""
        if isinstance(asked.question, EvaluateMinibatch):
            self._see(asked.question.params)
        return self._answers.answer(asked)
