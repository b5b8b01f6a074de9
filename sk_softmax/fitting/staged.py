"""A fit in stages: a cheaper problem is solved, its answer carried over to the next."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sk_softmax.interfaces import (
    Array,
    Asked,
    Problem,
    Progress,
    Question,
    Solution,
    Solver,
    StagedSearch,
)
from sk_softmax.solvers.judge import judged


@dataclass(frozen=True, slots=True)
class Stage:
    """One problem of several that a fit solves one after the other."""

    number: int
    """Which objective answers its questions."""

    problem: Problem
    """Where the stage begins and when it ends."""

    lift: Callable[[Array], Array] | None = None
    """From its params to those of the whole problem, where they are others."""

    value_of: Callable[[float, Array], float] | None = None
    """From a value and params of the stage to the value that records show."""


Stages: TypeAlias = Generator[Stage, Solution, Solution]
"""Yields stages, is sent how each ended, and returns how the fit ended."""


def staged(solver: Solver, stages: Stages) -> StagedSearch:
    """Run a solver through stages: a search itself, whose questions carry the stage's number.

    The claims of every stage are judged. Iterations are counted through, and where a later stage
    begins is not reported: the stage before has reported it.

    Parameters
    ----------
    solver : Solver
        The method of every stage.
    stages : generator of Stage
        See :data:`Stages`.
    """
    solution: Solution | None = None
    n_before = 0
    while True:
        try:
            stage = next(stages) if solution is None else stages.send(solution)
        except StopIteration as finished:
            ended: Solution = finished.value
            return ended
        is_first = solution is None
        solution = yield from _solve(solver, stage, n_before, reports_start=is_first)
        n_before += solution.n_iter


def _solve(solver: Solver, stage: Stage, n_before: int, *, reports_start: bool) -> StagedSearch:
    search = judged(solver, stage.problem)
    answer: Any = None
    while True:
        try:
            reply: Question | Progress = search.send(answer)
        except StopIteration as finished:
            solution: Solution = finished.value
            return solution
        if not isinstance(reply, Progress):
            answer = yield Asked(stage.number, reply)
        elif reply.iteration == 0 and not reports_start:
            answer = False
        else:
            answer = yield _report(stage, reply, n_before)


def _report(stage: Stage, progress: Progress, n_before: int) -> Progress:
    value = progress.value
    if stage.value_of is not None:
        value = stage.value_of(value, progress.params)
    return replace(progress, iteration=n_before + progress.iteration, value=value, lift=stage.lift)
