"""What a judge has seen of a search: its values, steps and curvatures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.interfaces import (
    ActiveHessian,
    ActiveHessianAt,
    Array,
    Curvature,
    CurvatureAt,
    EvaluateAt,
    Evaluation,
    HessianAt,
    Problem,
    Progress,
    Question,
)
from sk_softmax.solvers.secant import curvature_along
from sk_softmax.solvers.stopping import WINDOWS

# Steps that are kept: MOST_STEPS, as many as L-BFGS remembers by default, but with many parameters
# only as many as fit into MOST_BYTES (128 MiB), and at least one.
MOST_STEPS, MOST_BYTES = 10, 2**27

# The most evaluations that are kept since the last report. The params of the next report are
# looked up among them: a line search may go back to the trial before the last.
MOST_TRIALS = 3

# The least factor that the last steps give a promise. Along a step from undecided to decided rows
# the mean Hessian can be 1e7 times the one measured at its end, and a promise divided by that had
# passed for convergence 22 times above the minimum.
LEAST_FACTOR = 0.1


@dataclass(frozen=True, slots=True)
class Point:
    """Params, of shape ``(n_outputs, n_columns)``, and the answer of the objective there."""

    params: Array
    evaluation: Evaluation

    def is_at(self, params: Array) -> bool:
        """Whether these are its params, as the same array or as an equal one."""
        return self.params is params or bool((self.params == params).all())


@dataclass(frozen=True, slots=True)
class Measured:
    """A curvature, and the iteration in which it was measured."""

    curvature: Curvature
    iteration: int


class Steps:
    """The changes ``y`` of the gradient along the last steps ``s``, each with ``s'y``.

    Parameters
    ----------
    size : int
        Number of parameters; with many, fewer steps are kept.
    """

    def __init__(self, size: int) -> None:
        most = min(MOST_STEPS, max(MOST_BYTES // (8 * size), 1))
        self._steps: deque[tuple[float, Array]] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._steps)

    def remember(self, step: Array, change: Array, noise: float = 0.0) -> None:
        """Keep a step, unless the curvature along it is lost in rounding.

        Parameters
        ----------
        step, change : ndarray of shape (n_outputs, n_columns)
            The step, and the change of the gradient along it.
        noise : float, default=0.0
            The change in value that rounding can hide, in nats a row.
        """
        product = curvature_along(step, change)
        if product > noise:
            self._steps.append((product, change))

    def promise(self, gradient: Array, curvature: Curvature) -> float:
        """Return the decrease that a curvature ``M`` promises, in nats a row.

        It is ``g'M^-1 g / 2`` for the gradient ``g``, of shape ``(n_outputs, n_columns)``. Along a
        step, ``M`` is ``s'y / y'M^-1 y`` times as large as the Hessian. The promise is multiplied
        by the largest of these factors, as if the Hessian were as small in all directions as along
        that step, but by no less than LEAST_FACTOR. A slope without curvature has no end.
        """
        if gradient[~(curvature.diagonal > 0)].any():
            return np.inf
        seen = [(s_y, float(np.vdot(y, curvature.solve(y)))) for s_y, y in self._steps]
        # For a tiny change y'M^-1 y may underflow to zero.
        scale = max((s_y / y_y for s_y, y_y in seen if y_y > 0), default=1.0)
        scale = max(scale, LEAST_FACTOR)
        return 0.5 * scale * float(np.vdot(gradient, curvature.solve(gradient)))


class Evidence:
    """Watches the questions of a search, their answers and its reports.

    Parameters
    ----------
    problem : Problem
        What the solver was told.

    Attributes
    ----------
    iteration : int
        Number of the last iteration, counted over all stages; -1 before the first report.
    values : deque of float
        The last values with all of the penalty, in nats a row, from oldest to newest.
    steps : Steps
        The last steps.
    measured : Measured or None
        The last curvature that was measured where the search was.
    most_curvature : ndarray of shape (n_outputs, n_columns)
        The largest diagonal entry of each parameter among all curvatures and Hessians so far.
    hessian, active_hessian : tuple of question and answer, or None
        The last exact Hessian, and the last Hessian among active parameters.
    """

    def __init__(self, problem: Problem) -> None:
        self._penalty, self._noise_at = problem.penalty, problem.noise_at
        self._trials: deque[Point] = deque(maxlen=MOST_TRIALS)
        self._here: Point | None = None
        self.iteration = -1
        self.values: deque[float] = deque(maxlen=2 * max(WINDOWS) + 1)
        self.steps = Steps(problem.start.size)
        self.measured: Measured | None = None
        self._method: type | None = None
        self.most_curvature = np.zeros(problem.start.shape)
        self.hessian: tuple[HessianAt, Curvature] | None = None
        self.active_hessian: tuple[ActiveHessianAt, Any] | None = None

    @classmethod
    def before(cls, problem: Problem) -> Evidence:
        """Return the evidence of the previous stages, or new evidence in the first stage."""
        memory = problem.memory
        if memory is None or memory.evidence is None:
            return cls(problem)
        seen: Evidence = memory.evidence
        seen._here = seen.hessian = seen.active_hessian = None
        seen._trials.clear()
        return seen

    def without_values(self) -> Evidence:
        """Forget the values, because those that follow are of other rows."""
        self.values.clear()
        return self

    def make_room(self, question: Question | Progress) -> None:
        """Drop a matrix before the one that replaces it is measured, to save memory."""
        name = _REPLACED.get(type(question))
        if name is not None:
            setattr(self, name, None)

    def watch(self, question: Any, answer: Any) -> None:
        """Keep what an answer or a report shows."""
        keep = _KEPT.get(type(question))
        if keep is not None:
            keep(self, question, answer)

    def _keep_trial(self, question: EvaluateAt, answer: Evaluation) -> None:
        self._trials.append(Point(question.params, answer))

    def _keep_hessian(self, question: HessianAt, answer: Curvature) -> None:
        self._see(answer.diagonal)
        self.hessian = question, answer

    def _keep_active_hessian(self, question: ActiveHessianAt, answer: ActiveHessian) -> None:
        diagonal = np.zeros(question.active.shape)
        diagonal[question.active] = answer.diagonal
        self._see(diagonal)
        self.active_hessian = question, answer
        self._steps_by(ActiveHessianAt)

    def _keep_curvature(self, question: CurvatureAt, answer: Curvature) -> None:
        self._see(answer.diagonal)
        self._steps_by(CurvatureAt)
        if self._is_of_use(question):
            self.measured = Measured(answer, self.iteration)

    def _steps_by(self, question: type) -> None:
        """Forget the values of another method's steps: its pace says nothing of those to come.

        A fit whose last steps were Newton's, at its optimum after five, was refused for the pace
        of the quasi-Newton steps before, 1,000 times too slow.
        """
        if self._method not in (None, question):
            self.values = deque(list(self.values)[-1:], self.values.maxlen)
        self._method = question

    def _see(self, diagonal: Array) -> None:
        """Note a curvature's diagonal, shape ``(n_outputs, n_columns)``."""
        self.most_curvature = np.maximum(self.most_curvature, diagonal)

    def point_at(self, params: Array) -> Point | None:
        """Return the point with these params, if the objective answered there recently."""
        points = [self._here, *reversed(self._trials)]
        return next((p for p in points if p and p.is_at(params)), None)

    def value_at(self, point: Point) -> float:
        """Return the value at a point with all of the penalty, in nats a row."""
        return point.evaluation.value + self._penalty.kink_value(point.params)

    def _is_of_use(self, question: CurvatureAt) -> bool:
        """Whether a curvature was measured at the current point, in the form that the judge needs.

        For a smooth penalty that is the fullest form. With kinks or bounds it is a diagonal,
        because the parameters that are held there leave no subspace in which a matrix could be
        inverted.
        """
        is_here = self._here is not None and self._here.is_at(question.params)
        return is_here and question.as_diagonal == (not self._penalty.is_smooth)

    def _go_to(self, report: Progress, answer: Any) -> None:
        """Go to the point of a report; keep its value, and the step that led there."""
        there = next((p for p in reversed(self._trials) if p.is_at(report.params)), None)
        here, self._here = self._here, there
        self._trials.clear()
        self.iteration += 1
        self.values.append(report.value if there is None else self.value_at(there))
        # A search that asks for exact Hessians claims where it knows one, which says more.
        if self.hessian is None and here is not None and there is not None:
            change = there.evaluation.gradient - here.evaluation.gradient
            noise = self._noise_at(report.value)
            self.steps.remember(there.params - here.params, change, noise)


_REPLACED = {
    CurvatureAt: "measured",
    HessianAt: "hessian",
    ActiveHessianAt: "active_hessian",
}
"""The attribute that the answer to a question replaces."""

_KEPT: dict[type, Callable[[Evidence, Any, Any], None]] = {
    EvaluateAt: Evidence._keep_trial,
    HessianAt: Evidence._keep_hessian,
    ActiveHessianAt: Evidence._keep_active_hessian,
    CurvatureAt: Evidence._keep_curvature,
    Progress: Evidence._go_to,
}
"""What is kept of the answer to each kind of question, and of a report."""
