"""Runs several searches in step, so that one pass over the rows answers all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sk_softmax.interfaces import (
    Asked,
    EvaluateAt,
    Objectives,
    Progress,
    Question,
    Solution,
    StagedSearch,
)
from sk_softmax.interfaces.quiet import quiet


def run_together(
    searches: Sequence[StagedSearch], stages: Mapping[int, Objectives]
) -> list[Solution]:
    """Run several searches in step. Each takes the same steps as it would alone.

    Parameters
    ----------
    searches : sequence of generators
        Generators of questions and reports.
    stages : mapping of int to Objectives
        By number of the stage, the objectives that answer its questions, one per search. They
        answer all evaluations of a step together.

    Returns
    -------
    solutions : list of Solution
        One per search, without records.
    """
    solutions: dict[int, Solution] = {}
    answers: Mapping[int, Any] = dict.fromkeys(range(len(searches)))
    while answers:
        questions: dict[int, Asked] = {}
        with quiet():
            for number, answer in answers.items():
                reply = _next_question(searches[number], answer)
                if isinstance(reply, Solution):
                    solutions[number] = reply
                else:
                    questions[number] = reply
            answers = _answers(stages, questions)
    return [solutions[number] for number in range(len(searches))]


def _next_question(search: StagedSearch, answer: Any) -> Asked | Solution:
    """Return the next question of a search, or its solution; reports never stop it."""
    try:
        question = search.send(answer)
        while isinstance(question, Progress):
            question = search.send(False)
    except StopIteration as finished:
        solution: Solution = finished.value
        return solution
    return question


def _answers(stages: Mapping[int, Objectives], questions: Mapping[int, Asked]) -> dict[int, Any]:
    """Return the answers of each stage: one pass for all evaluations, and all other questions."""
    answers: dict[int, Any] = {}
    evaluations: dict[int, dict[int, EvaluateAt]] = {}
    others: dict[int, dict[int, Question]] = {}
    for number, asked in questions.items():
        if isinstance(asked.question, EvaluateAt):
            evaluations.setdefault(asked.stage, {})[number] = asked.question
        else:
            others.setdefault(asked.stage, {})[number] = asked.question
    for stage, apart in others.items():
        answers |= stages[stage].answers(apart)
    for stage, together in evaluations.items():
        answers |= stages[stage].evaluate(together)
    return answers
