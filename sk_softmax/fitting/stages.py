"""The stages of a fit: cheaper objectives first, each answer carried over to the next.

A stage is left where it has nothing more to give: a sample of the rows within its own error,
narrowed rows where float32 ends, coordinates of wide rows well within ``tol``. The last stage is
always the objective itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.fitting.staged import Stage, Stages
from sk_softmax.interfaces import (
    Array,
    Asked,
    Evaluation,
    Memory,
    Problem,
    Solution,
    Status,
)
from sk_softmax.objective import Cheaper, RegressionObjective
from sk_softmax.rows import RowSpace

# Finding the coordinates of n rows of p features takes n^2 p / 2 multiplications, about as many as
# n / (4 K) passes, and each pass over them costs p / n times less than one over the rows.
MOST_ROWS = 2000
FEATURES_PER_ROW = 2

# Coordinates of wide rows are fitted to within this share of tol, so that the rows themselves have
# nothing but rounding to mend.
WITHIN = 0.1


class Views:
    """An objective and what stands in for it, by number: what answers the stages of one fit."""

    def __init__(self, objective: RegressionObjective) -> None:
        self._seen: dict[int, tuple[RegressionObjective, float, float]] = {}
        self._passes_of_others = 0.0
        self._next = 0
        self.whole = self.add(objective, 1.0)

    def add(self, objective: RegressionObjective, share: float) -> int:
        """Return the number of another objective, a pass of which is a share of one over all."""
        number, self._next = self._next, self._next + 1
        self._seen[number] = objective, share, objective.passes
        return number

    def drop(self, number: int) -> None:
        """Forget an objective that has no more questions to answer."""
        self._passes_of_others += self._passes_of(number)
        del self._seen[number]

    @property
    def passes(self) -> float:
        """How often all the data have been read."""
        return self._passes_of_others + sum(map(self._passes_of, self._seen))

    def evaluate(self, params: Array) -> Evaluation:
        """Evaluate the objective itself."""
        objective, _, _ = self._seen[self.whole]
        return objective.evaluate(params)

    def answer(self, asked: Asked) -> Any:
        """Answer a question of a stage."""
        objective, _, _ = self._seen[asked.stage]
        return asked.question.put_to(objective)

    def _passes_of(self, number: int) -> float:
        objective, share, before = self._seen[number]
        return share * (objective.passes - before)


def single_stage(problem: Problem, number: int) -> Stages:
    """Solve the problem itself."""
    return (yield Stage(number, problem))


def cheaper_stages(
    problem: Problem,
    cheaper: Iterable[tuple[int, Cheaper]],
    whole: int,
    evaluate: Callable[[Array], Evaluation],
) -> Stages:
    """Begin on cheaper objectives of the same parameters.

    Parameters
    ----------
    problem : Problem
        What is to be solved.
    cheaper : iterable of tuples of int and Cheaper
        Objectives to begin with and their numbers, the cheapest first.
    whole : int
        Number of the objective itself.
    evaluate : callable
        Evaluates the objective itself, where a fit ends before it comes to it.
    """
    start, memory, n_iter = problem.start, problem.memory, 0
    for number, view in cheaper:
        solution = yield Stage(
            number,
            replace(
                problem,
                start=start,
                memory=memory,
                tol=max(view.trust, problem.tol),
                max_iter=min(view.max_iter, problem.max_iter - n_iter),
                resolution=view.objective.resolution,
                is_rough=True,
            ),
        )
        n_iter += solution.n_iter
        start, memory = solution.params, _carried(solution.memory, view)
        if solution.status is Status.STOPPED or n_iter >= problem.max_iter:
            status = solution.status if solution.status is Status.STOPPED else Status.MAX_ITER
            return _ended(solution, status, start, evaluate(start), n_iter)
        if solution.status is Status.CONVERGED and view.trust <= problem.tol:
            break  # there is probably nothing left to do but to see that
    last = replace(problem, start=start, memory=memory, max_iter=problem.max_iter - n_iter)
    solution = yield Stage(whole, last)
    return replace(solution, n_iter=n_iter + solution.n_iter)


def _carried(memory: Memory | None, view: Cheaper) -> Memory | None:
    """Return what the next stage may begin with: values of some of the rows compare with none."""
    if memory is None or view.has_all_rows:
        return memory
    return memory.without_values()


def _ended(
    solution: Solution, status: Status, params: Array, evaluation: Evaluation, n_iter: int
) -> Solution:
    """Return a fit that ended in an earlier stage as the objective itself sees it."""
    return replace(
        solution, params=params, evaluation=evaluation, status=status, n_iter=n_iter, memory=None
    )


def row_space_stages(
    small: Problem,
    problem: Problem,
    lift: Callable[[Array], Array],
    numbers: tuple[int, int],
    evaluate: Callable[[Array], Evaluation],
    keep: Callable[[Array], None] | None = None,
) -> Stages:
    """Fit to the rows' coordinates, then go on from there with the rows themselves.

    The second stage usually finds nothing left to do. It is there because coordinates come from
    products of rows, in which features of a far smaller scale than others drown.

    Parameters
    ----------
    small, problem : Problem
        What is to be solved, in coordinates and in features.
    lift : callable
        From params in coordinates to params in features.
    numbers : tuple of int
        Of the objective on the coordinates and of that on the rows.
    evaluate : callable
        Evaluates the objective on the rows.
    keep : callable, optional
        Is given the params with which the first stage ends.
    """
    nearly = yield Stage(numbers[0], replace(small, tol=WITHIN * problem.tol), lift)
    if keep is not None:
        keep(nearly.params)
    lifted, n_iter = lift(nearly.params), nearly.n_iter
    if nearly.status is not Status.CONVERGED:
        return _ended(nearly, nearly.status, lifted, evaluate(lifted), n_iter)
    last = replace(problem, start=lifted, max_iter=problem.max_iter - n_iter)
    solution = yield Stage(numbers[1], last)
    return replace(solution, n_iter=n_iter + solution.n_iter)


def from_coordinates(space: RowSpace, params: Array) -> Array:
    """Return params in features from params in coordinates, whose intercept stays as it is."""
    coef, intercept = params[:, : space.rank], params[:, space.rank :]
    return np.hstack([space.lift(coef), intercept])


def is_wide(objective: RegressionObjective, start: Array) -> bool:
    """Whether coordinates in the row space are worth finding, and lead to the same minimum."""
    shape = has_wide_shape(objective.rows.n_rows, objective.rows.n_features)
    return shape and objective.penalty.is_ridge and not start.any()


def has_wide_shape(n_rows: int, n_features: int) -> bool:
    """Whether there are few enough rows, and far more features."""
    return n_rows <= MOST_ROWS and n_features >= FEATURES_PER_ROW * n_rows
