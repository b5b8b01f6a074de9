"""HOW it is minimised: what a solver is told, and what it returns."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np

from sk_softmax.interfaces.arrays import Array
from sk_softmax.interfaces.objective import Evaluation
from sk_softmax.interfaces.penalty import Penalty
from sk_softmax.interfaces.questions import Asked, Claim, EvaluateMinibatch, Progress, Question


@dataclass(frozen=True, slots=True)
class Memory:
    """What a method learned of an objective, for the next stage of a fit to begin with.

    It holds for objectives of the same parameters with nearly the same curvature, and dies with
    the fit.
    """

    state: Any
    """The method's own: pairs, curvature, damping."""

    evidence: Any = None
    """What the judge of its claims has seen: values, steps, curvature."""

    def without_values(self) -> Memory:
        """Return the same for an objective whose values compare with none of those so far."""
        return replace(self, evidence=self.evidence and self.evidence.without_values())


@dataclass(frozen=True, slots=True)
class Problem:
    """What a solver is told beside the answers to its questions."""

    start: Array
    """Where to begin, shaped like ``params``."""

    n_rows: int
    """How many rows there are to draw minibatches from."""

    tol: float
    """The relative suboptimality ``(F - F*) / F`` at which to stop."""

    max_iter: int
    """Iterations of a full-batch solver, epochs of a stochastic one."""

    resolution: float
    """The change in value that rounding can hide, relative to the larger of it and one nat."""

    separated_below: float
    """A value below this proves that no finite optimum exists (``-inf`` with a penalty)."""

    random: np.random.Generator
    """The only source of chance."""

    penalty: Penalty
    """The whole penalty; its kinks and bounds, which are in no answer of the objective, only
    solvers that say so take into account."""

    memory: Memory | None = None
    """What the same solver returned at the end of the stage before."""

    is_rough: bool = False
    """Whether another stage follows, so that a claim to be there needs no proof."""

    def noise_at(self, value: float) -> float:
        """Return the change that rounding can hide where the objective has this value."""
        return self.resolution * max(abs(value), 1.0)


class Status(Enum):
    """Why a solver stopped; the value says it in words."""

    CONVERGED = "the estimated relative suboptimality is at most tol"
    EPOCHS_DONE = "all epochs asked for were run"
    MAX_ITER = (
        "max_iter was reached before the estimated relative suboptimality fell to tol; "
        "raise max_iter, or standardise the features so that fewer iterations are needed"
    )
    PRECISION_LIMIT = (
        "no step lowers the objective any further in this floating-point precision, although the "
        "estimated relative suboptimality is still above tol; raise tol or use float64 features"
    )
    SEPARATED = (
        "the classes are perfectly separated and there is no penalty, so no finite optimum "
        "exists: any larger coefficients fit better still. The classifier is usable and makes no "
        "mistake on the rows it was fitted to; set a finite C for coefficients that mean something"
    )
    DIVERGED = (
        "the objective ended above where it started, or overflowed: learning_rate is too large "
        "for the scale of the features (or the rows are sorted by class and not shuffled). Lower "
        "learning_rate or standardise the features"
    )
    CONTRADICTED = (
        "the solver says that it has converged, but the curvature of the objective, its decrease "
        "of late, or both promise more than tol allows; set a smaller tol, or choose another "
        "solver or other options of this one"
    )
    STOPPED = "an observer asked to stop"

    @property
    def message(self) -> str:
        """The status in words."""
        return self.value


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """How well params do on rows that the solver does not see."""

    loss: float
    """Mean cross-entropy in nats a row, without penalty."""

    accuracy: float


@dataclass(frozen=True, slots=True)
class IterationRecord:
    """What is remembered of one iteration (of one epoch, for a stochastic solver)."""

    iteration: int
    value: float
    """The objective in nats a row; for a stochastic solver its mean over the epoch's batches."""

    gradient_norm: float
    """Euclidean norm of the gradient; NaN for a stochastic solver, which never sees it whole."""

    step_size: float
    passes: float
    """Passes over the data since the start, of any kind."""

    seconds: float
    """Seconds since the start."""

    validation_loss: float = float("nan")
    """Mean cross-entropy of the validation rows in nats, NaN where there are none."""

    validation_accuracy: float = float("nan")


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver returns."""

    params: Array
    evaluation: Evaluation
    """Value and gradient at ``params``, the value with the penalty's part that has a kink."""

    status: Status
    n_iter: int
    suboptimality: float
    """An estimate of ``F - F*`` in nats a row, the judge's where it was asked; NaN for none."""

    records: Sequence[IterationRecord] = ()
    memory: Memory | None = None
    """What a next stage may begin with; None where the method carries nothing on."""


Lesson: TypeAlias = Generator[EvaluateMinibatch, Evaluation, tuple[Array, Any, float]]
"""What a stochastic solver does with a chunk of a stream: asks minibatches, and returns params,
what its rule carries on, and the mean value of the minibatches."""

Search: TypeAlias = Generator[Question | Progress | Claim, Any, Solution]
"""What a solver does. Arrays that it has yielded are not written to afterwards."""

JudgedSearch: TypeAlias = Generator[Question | Progress, Any, Solution]
"""A search whose claims have been judged: what is left is for the objective and the journal."""

StagedSearch: TypeAlias = Generator[Asked | Progress, Any, Solution]
"""A search whose questions say which stage of a fit they are asked in."""


class Solver(Protocol):
    """How an objective is minimised: options of a method, and the method as a generator."""

    is_stochastic: ClassVar[bool]
    asks_curvature: ClassVar[bool]
    takes_nonsmooth: ClassVar[bool]
    takes_shifted_rows: ClassVar[bool]
    """Whether columns far from zero may be shifted: not where each step is the point."""

    default_max_iter: ClassVar[int]

    @property
    def has_full_metric(self) -> bool:
        """Whether steps under a smooth penalty are the same in any shifted columns."""
        ...

    def check(self) -> None:
        """Raise a ``ValueError`` that names the first option with an impossible value."""
        ...

    def begins_cheaply(self, problem: Problem) -> bool:
        """Whether to begin on cheaper objectives of nearly the same optimum."""
        ...

    def minimize(self, problem: Problem) -> Search:
        """Yield questions, receive answers, return a :class:`Solution`."""
        ...


class Learner(Solver, Protocol):
    """A solver that can also learn from a stream, whose rows come once and in chunks."""

    def first_params(self, zeros: Array, random: np.random.Generator) -> Array:
        """Return where a cold start begins."""
        ...

    def learn(self, params: Array, rule: Any, n_rows_before: int, n_rows: int) -> Lesson:
        """Yield the minibatches of a chunk in the order of its rows.

        ``rule`` is what an earlier lesson returned, None at the start.
        """
        ...
