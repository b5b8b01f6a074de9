"""A fit in stages: a cheaper problem is solved first, and the next starts at its solution."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sk_softmax.interfaces import (
    Array,
    Asked,
    EvaluateAt,
    Evaluation,
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
    """One of the problems that a fit solves one after the other."""

    number: int
    """Number of the objective that answers its questions."""

    problem: Problem
    """Where the stage begins and when it ends, in the params of the stage."""

    lift: Callable[[Array], Array] | None = None
    """From the stage's params to those of the whole problem, ``(n_outputs, n_columns)``.

    None if they are the same.
    """

    value_of: Callable[[float, Array], float] | None = None
    """From a value and params of the stage to the value in records; None if it is the same."""

    known: Evaluation | None = None
    """The answer of the objective at the start, if it is known without a pass."""

    def knows(self, reply: Question) -> bool:
        """Whether a question is about the value and gradient that are known."""
        is_of_start = isinstance(reply, EvaluateAt) and reply.params is self.problem.start
        return is_of_start and self.known is not None


Stages: TypeAlias = Generator[Stage | Asked | Progress, Any, Solution]
"""A generator that yields stages and is sent the solution of each; it returns that of the fit.

Between stages it may ask the objectives itself, and report what it has learned of the last
iteration.
"""


def staged(solver: Solver, stages: Stages) -> StagedSearch:
    """Run a solver through stages, as one search whose questions carry the number of the stage.

    The claims of every stage are judged. Iterations are counted over all stages. The start of a
    later stage has the number of the iteration that ended the stage before, whose params it has:
    its report tells the value of these on dearer rows.

    Parameters
    ----------
    solver : Solver
        The method of every stage.
    stages : generator of Stage
        See :data:`Stages`.

    Returns
    -------
    search : generator
        Of questions and reports; it returns the solution of the fit.
    """
    answer: Any = None
    n_before = 0
    while True:
        try:
            step = stages.send(answer)
        except StopIteration as finished:
            ended: Solution = finished.value
            return ended
        if isinstance(step, Asked | Progress):
            answer = yield step
            continue
        answer = yield from _solve(solver, step, n_before)
        n_before += answer.n_iter


def _solve(solver: Solver, stage: Stage, n_before: int) -> StagedSearch:
    """Run a solver through one stage, after ``n_before`` iterations in earlier stages."""
    search = judged(solver, stage.problem)
    answer: Any = None
    while True:
        try:
            reply: Question | Progress = search.send(answer)
        except StopIteration as finished:
            solution: Solution = finished.value
            return solution
        if isinstance(reply, Progress):
            answer = yield _report(stage, reply, n_before)
        elif stage.knows(reply):
            answer = stage.known
        else:
            answer = yield Asked(stage.number, reply)


def _report(stage: Stage, progress: Progress, n_before: int) -> Progress:
    """Return the report of a stage as a report of the fit.

    Its params are still those of the stage; ``lift`` leads to ``(n_outputs, n_columns)``.
    """
    if not n_before and stage.lift is None and stage.value_of is None:
        return progress
    value = progress.value
    if stage.value_of is not None:
        value = stage.value_of(value, progress.params)
    return replace(progress, iteration=n_before + progress.iteration, value=value, lift=stage.lift)
