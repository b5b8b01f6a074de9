"""Runs a solver: answers its questions from an objective, and records what it reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from sk_softmax.interfaces import (
    Array,
    IterationRecord,
    JudgedSearch,
    Learner,
    Objective,
    Problem,
    Progress,
    Question,
    Solution,
    Solver,
    StagedSearch,
    ValidationScores,
)
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.solvers.judge import judged

ParamsThere = Callable[[], Array]
"""Returns the params after an iteration. They are computed only if it is called."""

Observer = Callable[[IterationRecord, ParamsThere], bool]
"""Called after each iteration; returns whether to stop."""

Validate = Callable[[Array], ValidationScores]
"""From params to their scores on validation rows."""


class Answers(Protocol):
    """The part that answers the questions of a search."""

    @property
    def passes(self) -> float:
        """Passes over the whole data so far."""
        ...

    def answer(self, question: Any) -> Any:
        """Answer a question."""
        ...


def minimize(
    solver: Solver,
    objective: Objective,
    problem: Problem,
    observe: Observer | None = None,
    validate: Validate | None = None,
) -> Solution:
    """Run a solver on one objective.

    Parameters
    ----------
    solver : Solver
        The method.
    objective : Objective
        The objective that answers its questions.
    problem : Problem
        Where to start and when to stop.
    observe, validate : callable, optional
        See :func:`run`.

    Returns
    -------
    solution : Solution
        With one record per iteration; the first record is of the start. The status is
        ``CONVERGED`` only if the judge confirms it.
    """
    return run(judged(solver, problem), _Alone(objective), observe, validate)


def run(
    search: JudgedSearch | StagedSearch,
    answers: Answers,
    observe: Observer | None = None,
    validate: Validate | None = None,
) -> Solution:
    """Answer the questions of a search until it returns, and record each of its reports.

    Parameters
    ----------
    search : generator
        A generator of questions and reports.
    answers : Answers
        The part that answers the questions.
    observe : callable, optional
        Called after each iteration with its record and a function that returns its params. If it
        returns True, the solver stops. It is not called again for an iteration that is reported
        again.
    validate : callable, optional
        From params to scores on other rows. Each record contains these scores.

    Returns
    -------
    solution : Solution
        With one record per iteration; the first record is of the start.
    """
    journal = Journal(answers.passes, validate)
    stop: Any = None
    try:
        while True:
            with quiet():
                report = _next_report(search, answers, stop)
            record = journal.enter(report, answers.passes)
            stop = bool(record and observe and observe(record, report.whole_params))
    except StopIteration as finished:
        solution: Solution = finished.value
        return replace(solution, records=journal.records, memory=None)


def _next_report(search: JudgedSearch | StagedSearch, answers: Answers, answer: Any) -> Progress:
    """Answer the questions of a search until it reports; ``answer`` is that to its last report."""
    while True:
        reply = search.send(answer)
        if isinstance(reply, Progress):
            return reply
        answer = answers.answer(reply)


class _Alone:
    """Answers from a single objective, for a search without stages."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    @property
    def passes(self) -> float:
        return self._objective.passes

    def answer(self, question: Question) -> Any:
        return question.put_to(self._objective)


def learn(
    solver: Learner,
    objective: Objective,
    params: Array,
    rule: Any,
    n_rows_before: int,
    n_rows: int,
) -> tuple[Array, Any, float]:
    """Run a solver over one chunk of a stream; see :meth:`Learner.learn` and :data:`Lesson`."""
    lesson = solver.learn(params, rule, n_rows_before, n_rows)
    question = next(lesson)
    try:
        while True:
            question = lesson.send(question.put_to(objective))
    except StopIteration as finished:
        learned: tuple[Array, Any, float] = finished.value
        return learned


NONE = ValidationScores(float("nan"), float("nan"))
"""The scores of an iteration if there are no validation rows."""


class Journal:
    """Records what a solver reports, and adds passes and seconds: no solver counts them."""

    def __init__(self, passes: float, validate: Validate | None) -> None:
        self.records: list[IterationRecord] = []
        self._validate = validate
        self._start = time.perf_counter()
        self._passes_before = passes

    def enter(self, report: Progress, passes: float) -> IterationRecord | None:
        """Return the record of an iteration, and store it; ``passes`` are those of all time.

        A report of the last iteration, again, corrects its record, and None is returned.
        """
        seconds = time.perf_counter() - self._start
        if self.records and self.records[-1].iteration == report.iteration:
            self.records[-1] = replace(
                self.records[-1],
                value=report.value,
                gradient_norm=report.gradient_norm,
                passes=passes - self._passes_before,
                seconds=seconds,
            )
            return None
        scores = NONE if self._validate is None else self._validate(report.whole_params())
        record = IterationRecord(
            iteration=report.iteration,
            value=report.value,
            gradient_norm=report.gradient_norm,
            step_size=report.step_size,
            passes=passes - self._passes_before,
            seconds=seconds,
            validation_loss=scores.loss,
            validation_accuracy=scores.accuracy,
        )
        self.records.append(record)
        return record
