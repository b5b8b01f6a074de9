"""Whether an objective has no finite optimum: rows that parameters without a penalty separate."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from sk_softmax.interfaces import (
    Array,
    EvaluateAt,
    Evaluation,
    Problem,
    Question,
    SeparationAt,
    Status,
)

EPS = np.finfo(np.float64).eps

# Further out than any bound that counts.
FAR = 1e300


class Separation:
    """Decides what a value below ``Problem.separated_below`` means.

    Below it every row is classified correctly, so that larger params in the same proportions lower
    the loss, and the loss of multiples of these params tends to zero. Unless a penalty keeps them
    from growing there is no finite optimum.

    Parameters
    ----------
    problem : Problem
        What the solver was told.
    """

    def __init__(self, problem: Problem) -> None:
        self._penalty = problem.penalty
        self._separated_below = problem.separated_below
        self._next_at = 0

    def status_at(
        self, question: SeparationAt, iteration: int
    ) -> Generator[Question, Evaluation, Status | None]:
        """Return the status to end with, or None if a finite optimum may exist."""
        params = question.params
        unlimited = self._penalty.unlimited_part(params)
        if np.array_equal(unlimited, params):
            return Status.SEPARATED
        if unlimited.any() and iteration >= self._next_at:
            # The others are zero: do those without a penalty separate the rows on their own?
            self._next_at = iteration + 1 + iteration // 4
            here = yield EvaluateAt(unlimited)
            if here.value < self._separated_below:
                return Status.SEPARATED
        is_too_weak = self._penalty.value(params) < EPS * question.value
        if is_too_weak and self._may_grow(params):
            return Status.PENALTY_TOO_WEAK
        return None

    def _may_grow(self, params: Array) -> bool:
        """Whether no bound ends the way outwards, in the direction of these params."""
        far = FAR * np.sign(params)
        return np.array_equal(self._penalty.projected(far), far)
