"""Advances many solvers in step, so that one pass over the rows answers all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sk_softmax.interfaces import (
    EvaluateAt,
    Objectives,
    Problem,
    Progress,
    Question,
    Search,
    Solution,
    Solver,
)


def minimize_together(
    solver: Solver, objectives: Objectives, problems: Sequence[Problem]
) -> list[Solution]:
    """Run a solver on several objectives at once.

    Each walks exactly as it would alone.

    Parameters
    ----------
    solver : Solver
        The method.
    objectives : Objectives
        What answers the questions, all evaluations of a step together.
    problems : sequence of Problem
        Where each begins and when it stops.

    Returns
    -------
    solutions : list of Solution
        One a problem, without records.
    """
    searches = [solver.minimize(problem) for problem in problems]
    solutions: dict[int, Solution] = {}
    answers: Mapping[int, Any] = dict.fromkeys(range(len(searches)))
    while answers:
        questions: dict[int, Question] = {}
        for number, answer in answers.items():
            reply = _next_question(searches[number], answer)
            if isinstance(reply, Solution):
                solutions[number] = reply
            else:
                questions[number] = reply
        answers = _answers(objectives, questions)
    return [solutions[number] for number in range(len(searches))]


def _next_question(search: Search, answer: Any) -> Question | Solution:
    """Go on to what has to be answered next, or to the end; nobody asks to stop."""
    try:
        question = search.send(answer)
        while isinstance(question, Progress):
            question = search.send(False)
    except StopIteration as finished:
        solution: Solution = finished.value
        return solution
    return question


def _answers(objectives: Objectives, questions: Mapping[int, Question]) -> dict[int, Any]:
    """Answer evaluations in one pass and everything else one by one."""
    evaluations = {n: q for n, q in questions.items() if isinstance(q, EvaluateAt)}
    answers: dict[int, Any] = dict(objectives.evaluate(evaluations)) if evaluations else {}
    for number, question in questions.items():
        if number not in evaluations:
            answers[number] = question.put_to(objectives[number])
    return answers
