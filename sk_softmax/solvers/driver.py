"""Answers a solver's questions from one objective and keeps the journal of what it reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sk_softmax.interfaces import (
    IterationRecord,
    Objective,
    Problem,
    Progress,
    Solution,
    Solver,
)

Observer = Callable[[IterationRecord, Progress], bool]


def minimize(
    solver: Solver, objective: Objective, problem: Problem, observe: Observer | None = None
) -> Solution:
    """Run a solver on one objective.

    Parameters
    ----------
    solver : Solver
        The method.
    objective : Objective
        What answers its questions.
    problem : Problem
        Where to start and when to stop.
    observe : callable, optional
        Called after each iteration with its record and the solver's report; stops the solver by
        returning True.

    Returns
    -------
    solution : Solution
        With one record an iteration, the first of them at the start.
    """
    search = solver.minimize(problem)
    journal = Journal(objective.passes)
    answer: Any = None
    try:
        while True:
            question = search.send(answer)
            if isinstance(question, Progress):
                record = journal.enter(question, objective.passes)
                answer = observe is not None and observe(record, question)
            else:
                answer = question.put_to(objective)
    except StopIteration as finished:
        solution: Solution = finished.value
        return replace(solution, records=journal.records)


class Journal:
    """Adds passes and seconds to what a solver reports, so that no solver has to count."""

    def __init__(self, passes: float) -> None:
        self.records: list[IterationRecord] = []
        self._start = time.perf_counter()
        self._passes_before = passes

    def enter(self, report: Progress, passes: float) -> IterationRecord:
        """Record an iteration."""
        record = IterationRecord(
            iteration=report.iteration,
            value=report.value,
            gradient_norm=report.gradient_norm,
            step_size=report.step_size,
            passes=passes - self._passes_before,
            seconds=time.perf_counter() - self._start,
        )
        self.records.append(record)
        return record
