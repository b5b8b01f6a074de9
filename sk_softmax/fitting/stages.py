"""The stages of a fit: on cheaper objectives first, each starting where the one before ended.

A stage ends when it can bring the fit no closer to the optimum. The limit is the sampling error on
a sample of the rows, the precision of float32 on narrowed rows, and a share of ``tol`` on
coordinates of wide rows. The last stage is on the objective itself, which is only checked if
coordinates of wide rows leave nothing to it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.fitting.staged import Stage, Stages
from sk_softmax.interfaces import (
    Array,
    Asked,
    EvaluateAt,
    Evaluation,
    GapAt,
    Memory,
    Problem,
    Progress,
    Solution,
    Status,
)
from sk_softmax.objective import MOST_COLUMNS, Cheaper, RegressionObjective
from sk_softmax.objective.cheaper import LARGEST, SMALLEST
from sk_softmax.rows import CSRRows, RowSpace

# A fit begins on coordinates if there are at most MOST_ROWS rows and at least FEATURES_PER_ROW
# features per row. Finding the coordinates of n rows of p features takes n^2 p / 2
# multiplications, as many as n / (4 K) passes with K outputs: 50 passes for 2,000 rows and 10
# outputs. A pass over coordinates costs n / p of a pass over the rows.
MOST_ROWS = 2000
FEATURES_PER_ROW = 2

# Sparse rows do without coordinates where few iterations are needed because the penalty is strong,
# that is where C times the mean square of a row's length is at most so many times n_rows.
# Milliseconds of a fit with tol=1e-4 to rows of 20 newsgroups, which have length 1, with
# coordinates and without:
#                                   C=1          C=10         C=100
#   1,500 rows, 20 classes       293, 115     382, 301     598, 755
#   1,500 rows, 2 classes        240,  22     204,  27     215,  58
#   300 rows, 20 classes          86,  66      73, 104      92, 182
EASY = 0.01

# Parameters above which those of a rough stage in float32 are in float32 themselves. They are then
# larger than a cache, and beside two products with sparse rows an iteration reads them dozens of
# times: on 20 newsgroups it took 75 ms in float64, of which 35 to 45 beside the products. A
# direction from 10 pairs of so many takes 17.0 and 8.2 ms, of 65,000 0.63 and 0.31 ms.
MANY_PARAMETERS = 65_000


# The share of tol to which such a stage goes. One iteration after it, in float64, costs as much as
# three before: on 20 newsgroups with tol=1e-4, 1.07 s of which 0.4 in float64 for that iteration
# and its proof.
DRAFT = 0.25

# The share of tol to which coordinates of wide rows are fitted. The rest is for their rounding.
WITHIN = 0.5


class Views:
    """The objectives that answer the stages of one fit, by number.

    They are the objective itself and cheaper ones in its place.
    """

    def __init__(self, objective: RegressionObjective) -> None:
        self._seen: dict[int, tuple[RegressionObjective, float, float]] = {}
        self._passes_of_others = 0.0
        self._next = 0
        self.whole = self.add(objective, 1.0)

    def add(self, objective: RegressionObjective, share: float) -> int:
        """Add an objective and return its number.

        ``share`` is the cost of one of its passes, as a share of a pass over all the data.
        """
        number, self._next = self._next, self._next + 1
        self._seen[number] = objective, share, objective.passes
        return number

    def drop(self, number: int) -> None:
        """Remove an objective that will be asked no more; its passes still count."""
        self._passes_of_others += self._passes_of(number)
        del self._seen[number]

    @property
    def passes(self) -> float:
        """Passes over the whole data so far, in all objectives."""
        return self._passes_of_others + sum(map(self._passes_of, self._seen))

    def evaluate(self, params: Array) -> Evaluation:
        """Evaluate the objective itself."""
        objective, _, _ = self._seen[self.whole]
        return objective.evaluate(params)

    def answer(self, asked: Asked) -> Any:
        """Return the answer to a question of a stage."""
        objective, _, _ = self._seen[asked.stage]
        return asked.question.put_to(objective)

    def _passes_of(self, number: int) -> float:
        """Return the passes of one objective since it was added, in passes over the whole data."""
        objective, share, before = self._seen[number]
        return share * (objective.passes - before)


def single_stage(problem: Problem, number: int) -> Stages:
    """Solve the problem in one stage."""
    solution: Solution = yield Stage(number, problem)
    return solution


def cheaper_stages(
    problem: Problem,
    cheaper: Iterable[tuple[int, Cheaper]],
    whole: int,
    evaluate: Callable[[Array], Evaluation],
) -> Stages:
    """Solve cheaper objectives of the same parameters first, then the problem.

    Parameters
    ----------
    problem : Problem
        The problem to solve.
    cheaper : iterable of tuples of int and Cheaper
        The objectives to begin with and their numbers, the cheapest first.
    whole : int
        Number of the objective itself.
    evaluate : callable
        Evaluates the objective itself, if the fit ends before its last stage.
    """
    start, memory, n_iter = problem.start, problem.memory, 0
    solution: Solution
    for number, view in cheaper:
        is_narrow = _can_be_narrow(problem, view)
        solution = yield Stage(
            number,
            replace(
                problem,
                start=start.astype(np.float32) if is_narrow else start,
                tol=DRAFT * problem.tol if is_narrow else problem.tol,
                memory=memory,
                trust=view.trust,
                max_iter=min(view.max_iter, problem.max_iter - n_iter),
                resolution=view.objective.resolution,
                is_rough=True,
            ),
            _widened if is_narrow else None,
        )
        n_iter += solution.n_iter
        start, memory = _widened(solution.params), _carried(solution.memory, view)
        if solution.status is Status.STOPPED or n_iter >= problem.max_iter:
            status = solution.status if solution.status is Status.STOPPED else Status.MAX_ITER
            return (yield from _ended(solution, status, start, evaluate(start), n_iter))
        value = solution.evaluation.value
        is_enough = view.trust * abs(value) <= problem.enough_at(value)
        if solution.status is Status.CONVERGED and is_enough:
            break  # the last stage has probably only to confirm this
    last = replace(problem, start=start, memory=memory, max_iter=problem.max_iter - n_iter)
    solution = yield Stage(whole, last)
    return replace(solution, n_iter=n_iter + solution.n_iter)


def _can_be_narrow(problem: Problem, view: Cheaper) -> bool:
    """Whether the params of a stage are many, and those of float32 rows that float32 can hold."""
    penalty = problem.penalty
    is_of_use = problem.start.size > MANY_PARAMETERS and penalty.is_smooth
    if not is_of_use or view.objective.rows.dtype != np.float32:
        return False
    strengths = penalty.l2[penalty.l2 > 0]
    return bool(((strengths > SMALLEST) & (strengths < LARGEST)).all())


def _widened(params: Array) -> Array:
    """Return params of a stage, shape ``(n_outputs, n_columns)``, in float64."""
    return params.astype(np.float64, copy=False)


def _carried(memory: Memory | None, view: Cheaper) -> Memory | None:
    """Return the memory for the next stage.

    Values on a sample cannot be compared with later values, so they are removed.
    """
    if memory is None or view.has_all_rows:
        return memory
    return memory.without_values()


def _ended(
    solution: Solution, status: Status, params: Array, evaluation: Evaluation, n_iter: int
) -> Stages:
    """Report and return the solution of a fit that ended before its last stage.

    ``params``, of shape ``(n_outputs, n_columns)``, and ``evaluation`` are those of the objective
    itself.
    """
    yield Progress.of(n_iter, params, evaluation, np.nan)
    return replace(
        solution, params=params, evaluation=evaluation, status=status, n_iter=n_iter, memory=None
    )


def row_space_stages(
    small: Problem,
    problem: Problem,
    lift: Callable[[Array], Array],
    numbers: tuple[int, int],
    keep: Callable[[Array], None] | None = None,
) -> Stages:
    """Solve the problem in coordinates of the rows; in features only what coordinates leave.

    Coordinates are computed from products of rows, in which rounding hides features of a far
    smaller scale than others. So the params found are checked on the rows. The second stage
    begins only if the check does not show that they are the optimum within ``tol``.

    Parameters
    ----------
    small, problem : Problem
        The problem in coordinates and the problem in features.
    lift : callable
        From params in coordinates, ``(n_outputs, n_coordinates)`` and a column for an intercept,
        to params in features, ``(n_outputs, n_columns)``.
    numbers : tuple of int
        Numbers of the objective on coordinates and of the objective on the rows.
    keep : callable, optional
        Called with the params in coordinates at which the first stage ends.
    """
    nearly: Solution = yield Stage(numbers[0], replace(small, tol=WITHIN * problem.tol), lift)
    if keep is not None:
        keep(nearly.params)
    lifted, n_iter = lift(nearly.params), nearly.n_iter
    here: Evaluation = yield Asked(numbers[1], EvaluateAt(lifted))
    if nearly.status is not Status.CONVERGED:
        return (yield from _ended(nearly, nearly.status, lifted, here, n_iter))
    enough = problem.enough_at(here.value)
    left = yield from _left_on_rows(nearly, lifted, here, lift, numbers[1], enough)
    if left <= enough:
        there = yield from _ended(nearly, Status.CONVERGED, lifted, here, n_iter)
        return replace(there, suboptimality=left)
    last = replace(problem, start=lifted, max_iter=problem.max_iter - n_iter)
    solution: Solution = yield Stage(numbers[1], last)
    return replace(solution, n_iter=n_iter + solution.n_iter)


def _left_on_rows(
    nearly: Solution,
    lifted: Array,
    here: Evaluation,
    lift: Callable[[Array], Array],
    number: int,
    enough: float,
) -> Generator[Asked, Any, float]:
    """Estimate ``F - F*`` on the rows where a fit in coordinates ended, in nats a row.

    It is the duality gap if that is small enough: the fit then reports the same gap, so that this
    takes no pass of its own. Otherwise it is estimated. The gradient on the rows is that in
    coordinates, lifted, plus a tilt, which is zero in exact arithmetic. To second order ``F - F*``
    is half the squared norm of the gradient in the inverse Hessian. So its root is at most the sum
    of two roots:

    1. That of what the fit in coordinates has left.
    2. That of what the tilt has left. It is at most the duality gap of ``F`` less the linear
       function whose gradient is the lifted one, because the gradient of this objective here is
       the tilt ``t``. The gap is ``|t|^2 / (2 l2)`` for coefficients. For intercepts, which have
       no penalty, it adds what moving their excess of probability to other classes costs.

    Parameters
    ----------
    nearly : Solution
        The solution in coordinates.
    lifted : ndarray of shape (n_outputs, n_columns)
        Its params in features.
    here : Evaluation
        The objective on the rows there.
    lift : callable
        See :func:`row_space_stages`.
    number : int
        Number of the objective on the rows.
    enough : float
        What may be left. Of a larger result only that it is larger is known.
    """
    gap: float = yield Asked(number, GapAt(lifted, here, enough))
    if gap <= enough:
        return gap
    tilt = here.gradient - lift(nearly.evaluation.gradient)
    by_tilt: float = yield Asked(number, GapAt(lifted, replace(here, gradient=tilt), enough))
    return float(np.sqrt(max(nearly.suboptimality, 0.0)) + np.sqrt(by_tilt)) ** 2


def from_coordinates(space: RowSpace, params: Array) -> Array:
    """Return params in features, ``(n_outputs, n_columns)``, from params in coordinates.

    ``params`` has shape ``(n_outputs, rank)``, and a further column if there is an intercept,
    which stays unchanged.
    """
    coef, intercept = params[:, : space.rank], params[:, space.rank :]
    return np.hstack([space.lift(coef), intercept])


def is_wide(objective: RegressionObjective, start: Array) -> bool:
    """Whether coordinates of the rows save time and lead to the same minimum.

    The minimum is the same under one L2 penalty on all features. The fit in coordinates starts at
    zero, so ``start``, of shape ``(n_outputs, n_columns)``, must be zero.
    """
    shape = has_wide_shape(objective.rows.n_rows, objective.rows.n_features)
    is_same = shape and objective.penalty.is_ridge and not start.any()
    return is_same and not _is_easy(objective)


def _is_easy(objective: RegressionObjective) -> bool:
    """Whether rows are sparse, and so short beside the penalty that a fit takes few iterations."""
    rows = objective.rows
    if not (isinstance(rows, CSRRows) and rows.n_columns > MOST_COLUMNS):
        return False
    square = objective.data.mean_square[: rows.n_features].sum()
    return bool(square <= EASY * rows.n_rows**2 * objective.penalty.l2[0])


def has_wide_shape(n_rows: int, n_features: int) -> bool:
    """Whether there are at most ``MOST_ROWS`` rows and ``FEATURES_PER_ROW`` features per row."""
    return n_rows <= MOST_ROWS and n_features >= FEATURES_PER_ROW * n_rows
