"""What a solver asks, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array
from sk_softmax.interfaces.objective import ActiveHessian, Curvature, Evaluation, Objective


@dataclass(frozen=True, slots=True)
class EvaluateAt:
    """Question: value and gradient here; answered by an :class:`Evaluation`."""

    params: Array

    def put_to(self, objective: Objective) -> Evaluation:
        """Ask the objective."""
        return objective.evaluate(self.params)


@dataclass(frozen=True, slots=True)
class CurvatureAt:
    """Question: an approximate Hessian here; answered by a :class:`Curvature`.

    The objective may measure it on rows that are cheaper to read, unless it is to be ``exact``.
    """

    params: Array
    damping: float = 0.0
    as_diagonal: bool = False
    exact: bool = False

    def put_to(self, objective: Objective) -> Curvature:
        """Ask the objective."""
        return objective.curvature(
            self.params, self.damping, as_diagonal=self.as_diagonal, exact=self.exact
        )


@dataclass(frozen=True, slots=True)
class HessianAt:
    """Question: the exact Hessian here; answered by a :class:`Curvature`."""

    params: Array

    def put_to(self, objective: Objective) -> Curvature:
        """Ask the objective."""
        return objective.hessian(self.params)


@dataclass(frozen=True, slots=True)
class ActiveHessianAt:
    """Question: the Hessian among some parameters; answered by an :class:`ActiveHessian`."""

    params: Array
    active: NDArray[np.bool_]
    damping: float = 0.0
    exact: bool = False

    def put_to(self, objective: Objective) -> ActiveHessian:
        """Ask the objective."""
        return objective.active_hessian(self.params, self.active, self.damping, exact=self.exact)


@dataclass(frozen=True, slots=True)
class LargestCurvature:
    """Question: a bound of the Hessian's largest eigenvalue; answered by a float."""

    def put_to(self, objective: Objective) -> float:
        """Ask the objective."""
        return objective.largest_curvature()


@dataclass(frozen=True, slots=True)
class EvaluateMinibatch:
    """Question: estimated value and gradient from these rows; answered by an `Evaluation`."""

    params: Array
    indices: NDArray[np.intp]

    def put_to(self, objective: Objective) -> Evaluation:
        """Ask the objective."""
        return objective.minibatch(self.params, self.indices)


@dataclass(frozen=True, slots=True)
class GapAt:
    """Question: a bound of ``F - F*`` from duality; answered by a float, infinity for none."""

    params: Array
    evaluation: Evaluation
    """What :class:`EvaluateAt` was answered here."""

    at_most: float = np.inf
    """A bound above this is of no use."""

    def put_to(self, objective: Objective) -> float:
        """Ask the objective."""
        return objective.gap(self.params, self.evaluation, self.at_most)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a solver asks its judge: "am I there?"; answered by an estimate of ``F - F*``.

    The objective never sees it. The answer is the least that the judge takes to be left, in nats a
    row; a solver goes on if that is too much.
    """

    params: Array
    suboptimality: float
    """The solver's own estimate, in nats a row."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Not a question: what a solver reports after an iteration, answered by "stop now?"."""

    iteration: int
    params: Array
    value: float
    gradient_norm: float
    step_size: float
    lift: Callable[[Array], Array] | None = None
    """From ``params`` to those of the whole problem, where they are others."""

    @classmethod
    def of(cls, iteration: int, params: Array, here: Evaluation, step_size: float) -> Progress:
        """Return the report of an iteration of a smooth objective."""
        norm = float(np.linalg.norm(here.gradient))
        return cls(iteration, params, here.value, norm, step_size)

    def whole_params(self) -> Array:
        """Return the params of the whole problem; finding them may cost something."""
        return self.params if self.lift is None else self.lift(self.params)


Question: TypeAlias = (
    EvaluateAt
    | CurvatureAt
    | HessianAt
    | ActiveHessianAt
    | LargestCurvature
    | EvaluateMinibatch
    | GapAt
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a solver asks in one stage of a fit."""

    stage: int
    question: Question


class Objectives(Protocol):
    """Several objectives on the same rows, by number: one pass evaluates any of them together."""

    def __getitem__(self, number: int) -> Objective:
        """Return one of them, to be asked alone."""
        ...

    def evaluate(self, questions: Mapping[int, EvaluateAt]) -> Mapping[int, Evaluation]:
        """Answer questions to several of them, by number."""
        ...
