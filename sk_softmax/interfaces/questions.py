"""What a solver asks, and what it reports.

``params`` has shape ``(n_outputs, n_columns)`` in all questions and reports.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array
from sk_softmax.interfaces.objective import ActiveHessian, Curvature, Evaluation, Objective


@dataclass(frozen=True, slots=True)
class EvaluateAt:
    """Question: value and gradient at ``params``; answered by an :class:`Evaluation`."""

    params: Array

    def put_to(self, objective: Objective) -> Evaluation:
        """Return the objective's answer."""
        return objective.evaluate(self.params)


@dataclass(frozen=True, slots=True)
class CurvatureAt:
    """Question: an approximate Hessian at ``params``; answered by a :class:`Curvature`.

    The fields are the parameters of :meth:`Objective.curvature`. Unless ``exact`` is true, the
    objective may measure it on rows that are cheaper to read.
    """

    params: Array
    damping: float = 0.0
    as_diagonal: bool = False
    exact: bool = False

    def put_to(self, objective: Objective) -> Curvature:
        """Return the objective's answer."""
        return objective.curvature(
            self.params, self.damping, as_diagonal=self.as_diagonal, exact=self.exact
        )


@dataclass(frozen=True, slots=True)
class HessianAt:
    """Question: the exact Hessian at ``params``; answered by a :class:`Curvature`."""

    params: Array

    def put_to(self, objective: Objective) -> Curvature:
        """Return the objective's answer."""
        return objective.hessian(self.params)


@dataclass(frozen=True, slots=True)
class HessianFall:
    """Question: by what factor the Hessian is less at ``params`` than at ``since``, at most.

    It is answered by a float: see :meth:`Objective.hessian_fall`.
    """

    since: Array
    params: Array

    def put_to(self, objective: Objective) -> float:
        """Return the objective's answer."""
        return objective.hessian_fall(self.since, self.params)


@dataclass(frozen=True, slots=True)
class ActiveHessianAt:
    """Question: the Hessian among some parameters; answered by an :class:`ActiveHessian`.

    The fields are the parameters of :meth:`Objective.active_hessian`.
    """

    params: Array
    active: NDArray[np.bool_]
    damping: float = 0.0
    exact: bool = False

    def put_to(self, objective: Objective) -> ActiveHessian:
        """Return the objective's answer."""
        return objective.active_hessian(self.params, self.active, self.damping, exact=self.exact)


@dataclass(frozen=True, slots=True)
class LargestCurvature:
    """Question: an upper bound on the Hessian's largest eigenvalue; answered by a float.

    The bound holds at any params.
    """

    def put_to(self, objective: Objective) -> float:
        """Return the objective's answer."""
        return objective.largest_curvature()


@dataclass(frozen=True, slots=True)
class EvaluateMinibatch:
    """Question: value and gradient estimated from some rows; answered by an `Evaluation`."""

    params: Array
    indices: NDArray[np.intp]
    """Numbers of the rows."""

    def put_to(self, objective: Objective) -> Evaluation:
        """Return the objective's answer."""
        return objective.minibatch(self.params, self.indices)


@dataclass(frozen=True, slots=True)
class SizeAlong:
    """Question: how far to go along ``direction``, about; answered by a float.

    It is judged by a few of the rows: see :meth:`Objective.size_along`.
    """

    params: Array
    direction: Array

    def put_to(self, objective: Objective) -> float:
        """Return the objective's answer."""
        return objective.size_along(self.params, self.direction)


@dataclass(frozen=True, slots=True)
class GapAt:
    """Question: an upper bound on ``F - F*`` from duality, in nats a row; answered by a float.

    Infinity means that there is no bound.
    """

    params: Array
    evaluation: Evaluation
    """The answer to :class:`EvaluateAt` at ``params``."""

    at_most: float = np.inf
    """A larger bound cannot be used, so it need not be computed."""

    def put_to(self, objective: Objective) -> float:
        """Return the objective's answer."""
        return objective.gap(self.params, self.evaluation, self.at_most)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a solver asks its judge: whether it has converged; answered by a float.

    The objective never sees it. The answer is the judge's estimate of ``F - F*``, in nats a row.
    If that is too much, the solver goes on.
    """

    params: Array
    suboptimality: float
    """The solver's own estimate, in nats a row."""


@dataclass(frozen=True, slots=True)
class SeparationAt:
    """What a solver asks its judge where ``value < Problem.separated_below``: "is there an end?".

    The answer is the status to end with if there is none, and None if there is.
    """

    params: Array
    value: float
    """Of the objective with all of the penalty, in nats a row."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a solver reports after an iteration; the answer says whether to stop."""

    iteration: int
    params: Array
    value: float
    """In nats a row, with all of the penalty."""

    gradient_norm: float
    """Euclidean norm of the gradient, or of the shortest subgradient if there are kinks."""

    step_size: float
    lift: Callable[[Array], Array] | None = None
    """From ``params`` to those of the whole problem; None if they are the same."""

    @classmethod
    def of(cls, iteration: int, params: Array, here: Evaluation, step_size: float) -> Progress:
        """Return the report of an iteration on a smooth objective."""
        gradient = here.gradient.astype(np.float64, copy=False)  # its square has a larger range
        norm = math.sqrt(np.vdot(gradient, gradient))
        return cls(iteration, params, here.value, norm, step_size)

    def whole_params(self) -> Array:
        """Return the params of the whole problem; to compute them may cost time."""
        return self.params if self.lift is None else self.lift(self.params)


Question: TypeAlias = (
    EvaluateAt
    | CurvatureAt
    | HessianAt
    | HessianFall
    | ActiveHessianAt
    | LargestCurvature
    | EvaluateMinibatch
    | SizeAlong
    | GapAt
)
"""What an objective can be asked."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the stage of a fit in which a solver asks it."""

    stage: int
    """Number of the stage."""

    question: Question


class Objectives(Protocol):
    """Several numbered objectives on the same rows; one pass evaluates any of them together."""

    def __getitem__(self, number: int) -> Objective:
        """Return the objective of this number, to be asked alone."""
        ...

    def evaluate(self, questions: Mapping[int, EvaluateAt]) -> Mapping[int, Evaluation]:
        """Return the answers to questions to several of them, by number."""
        ...

    def answers(self, questions: Mapping[int, Question]) -> Mapping[int, Any]:
        """Return the answers to other questions to several of them, by number."""
        ...
