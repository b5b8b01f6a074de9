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
from sk_softmax.interfaces.questions import (
    Asked,
    Claim,
    EvaluateMinibatch,
    Progress,
    Question,
    SeparationAt,
)


@dataclass(frozen=True, slots=True)
class Memory:
    """What a solver learned of an objective, for the next stage of a fit to start from.

    It holds for objectives of the same parameters with nearly the same curvature. It is discarded
    when the fit ends.
    """

    state: Any
    """The solver's own: pairs, curvature, damping."""

    evidence: Any = None
    """What the judge of its claims has seen: values, steps, curvature."""

    def without_values(self) -> Memory:
        """Return the memory without values, which cannot be compared with those that follow.

        The evidence forgets them in place.
        """
        return replace(self, evidence=self.evidence and self.evidence.without_values())


@dataclass(frozen=True, slots=True)
class Problem:
    """What a solver is told in addition to the answers to its questions."""

    start: Array
    """Where to start, shape ``(n_outputs, n_columns)``."""

    n_rows: int
    """How many rows minibatches are drawn from."""

    tol: float
    """The relative suboptimality at which to stop; :meth:`enough_at` says relative to what."""

    max_iter: int
    """The most iterations of a full-batch solver; the number of epochs of a stochastic one."""

    resolution: float
    """The change in value that rounding can hide, relative to ``max(value, 1 nat)``."""

    separated_below: float
    """A value below this proves that every row is classified correctly.

    It is ``-inf``, which proves nothing, if targets are not labels.
    """

    random: np.random.Generator
    """The only source of random numbers."""

    penalty: Penalty
    """The whole penalty.

    No answer of the objective includes its kinks and bounds. Only solvers with ``takes_nonsmooth``
    take them into account.
    """

    value_at_zero: float = np.inf
    """The objective at zero params, in nats a row; its minimum is at most this."""

    most_noise: float = 1.0
    """How many times as much as ``resolution`` says rounding may hide, if columns are far from
    zero: values that change by less may be at the floor of precision."""

    null_value: float = np.inf
    """The value of the best model without features; infinite if ``tol`` is not relative to it."""

    least_scale: float = 0.0
    """The least value that ``tol`` is relative to, in nats a row."""

    trust: float = 0.0
    """The suboptimality relative to ``F`` below which the answers say no more about the fit."""

    shares_curvature: bool = False
    """Whether a curvature may be the mean of several objectives', which can promise too little."""

    memory: Memory | None = None
    """What the same solver returned at the end of the previous stage; None in the first."""

    seen: Sequence[tuple[Array, Array]] = ()
    """Other params whose gradient is known, and that gradient, ``(n_outputs, n_columns)`` each.

    The farthest from the start comes first. From the steps between them and the start a
    quasi-Newton method knows some of the curvature before its first step.
    """

    start_is_given: bool = False
    """Whether zeros at the start are where to begin, and not the lack of a better start."""

    has_kernel: bool = False
    """Whether a Hessian is made from products of rows with one another, which costs far less."""

    density: float = 1.0
    """What share of the values of the rows is stored: less than 1 for sparse rows alone."""

    is_on_path: bool = False
    """Whether the memory goes on to the next of many penalties that differ little."""

    is_rough: bool = False
    """Whether another stage follows, so that a claim of convergence needs no proof."""

    def enough_at(self, value: float) -> float:
        """Return the ``F - F*`` in nats a row at which to stop where the value is ``F``.

        It is ``tol`` times ``F``. If ``least_scale`` and ``null_value`` are set, it is ``tol``
        times ``min(max(F, least_scale), null_value - F)``; the latter is what features gained. If
        they gained next to nothing, it is what rounding can hide.
        """
        scale, gain = max(abs(value), self.least_scale), self.null_value - value
        if gain < scale:
            return max(self.tol * gain, self.noise_at(value), self.trust * abs(value))
        return max(self.tol * scale, self.trust * abs(value))

    def noise_at(self, value: float) -> float:
        """Return the change that rounding can hide in this value, in nats a row."""
        return self.resolution * max(abs(value), 1.0)


class Status(Enum):
    """Why a solver stopped. The value is the sentence that a user reads."""

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
        "all rows or some are perfectly separated by parameters without a penalty, so no finite "
        "optimum exists: larger parameters fit better still. The classifier is usable; for "
        "coefficients that mean something set a finite C and no penalty_factor of zero, and have "
        "rows of more than one class, or set bias_reduction='firth'. "
        "sk_softmax.inference.detect_separation names the rows, classes and features"
    )
    PENALTY_TOO_WEAK = (
        "the classes are perfectly separated, and the penalty is too weak to be seen in this "
        "precision: larger coefficients fit better still, as without a penalty. The classifier "
        "is usable and makes no mistake on the rows it was fitted to; set a smaller C for "
        "coefficients that mean something"
    )
    DIVERGED = (
        "the objective ended above where it started, or overflowed, and the last coefficients "
        "without overflow were kept: learning_rate is too large for the scale of the features (or "
        "the rows are sorted by class and not shuffled). Lower learning_rate or standardise the "
        "features"
    )
    CONTRADICTED = (
        "the solver says that it has converged, but the curvature of the objective, its recent "
        "decrease, or both promise more than tol allows; set a smaller tol, or choose another "
        "solver or other options of this one"
    )
    NOT_BEGUN = (
        "max_iter is 0, so the model is where the fit begins: zeros, the coef_init and "
        "intercept_init that fit was given, or with warm_start the coefficients of the fit "
        "before; raise max_iter"
    )
    STOPPED = "an observer asked to stop"
    INTERRUPTED = (
        "Ctrl-C ended it before the estimated relative suboptimality fell to tol, and the best "
        "coefficients so far were kept; to go on from them, set warm_start=True and fit again"
    )
    TAKEN_OVER = (
        "its coefficients come from another model, and no fit of this one has found them; fit it "
        "to the rows first"
    )

    @property
    def message(self) -> str:
        """The status in words."""
        return self.value


@dataclass(frozen=True, slots=True)
class ValidationScores:
    """How well params fit rows that the solver does not see."""

    loss: float
    """Mean cross-entropy in nats a row, without penalty."""

    accuracy: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class IterationRecord:
    """The record of one iteration (of one epoch, for a stochastic solver)."""

    iteration: int
    value: float
    """The objective in nats a row; for a stochastic solver, its mean over the epoch's
    minibatches."""

    gradient_norm: float
    """Euclidean norm of the gradient, or of the shortest subgradient if there are kinks. NaN for
    an epoch of a stochastic solver, which does not compute the whole gradient."""

    step_size: float
    """Size of the last step; 0 at the start."""

    passes: float
    """Passes over the data since the start, for any purpose."""

    seconds: float
    """Seconds since the start."""

    validation_loss: float = float("nan")
    """Mean cross-entropy of the validation rows in nats a row; NaN if there are none."""

    validation_accuracy: float = float("nan")
    """In [0, 1]; NaN if there are no validation rows."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver returns."""

    params: Array
    """Shape ``(n_outputs, n_columns)``."""

    evaluation: Evaluation
    """Value and gradient at ``params``. The value includes the part of the penalty with kinks, the
    gradient does not."""

    status: Status
    n_iter: int
    """Iterations, or epochs of a stochastic solver."""

    suboptimality: float
    """An estimate of ``F - F*`` in nats a row, the judge's if it was asked; NaN if there is
    none."""

    records: Sequence[IterationRecord] = ()
    """One per iteration, the first of them at the start. Solvers leave it empty; drivers fill
    it."""

    memory: Memory | None = None
    """What the next stage may start from; None if the solver keeps nothing."""


Lesson: TypeAlias = Generator[EvaluateMinibatch, Evaluation, tuple[Array, Any, float]]
"""What a stochastic solver does with a chunk of a stream.

It asks minibatches. It returns params, the state of its update rule, and the mean value of the
minibatches.
"""

Search: TypeAlias = Generator[Question | Progress | Claim | SeparationAt, Any, Solution]
"""What a solver does. It does not write to arrays after it has yielded them."""

JudgedSearch: TypeAlias = Generator[Question | Progress, Any, Solution]
"""A search whose claims a judge answers: only questions and reports are left."""

StagedSearch: TypeAlias = Generator[Asked | Progress, Any, Solution]
"""A search whose questions say in which stage of a fit they are asked."""


class Solver(Protocol):
    """How an objective is minimised: the options of a method, and the method as a generator."""

    is_stochastic: ClassVar[bool]
    """Whether it learns from minibatches, so that ``max_iter`` counts epochs."""

    asks_curvature: ClassVar[bool]
    """Whether it asks for curvature that may be measured on cheaper rows."""

    takes_nonsmooth: ClassVar[bool]
    """Whether it takes kinks and bounds of the penalty into account."""

    takes_shifted_rows: ClassVar[bool]
    """Whether columns far from zero may be shifted: not where each step is the point."""

    default_max_iter: ClassVar[int]
    """The most iterations, or the number of epochs, if the user sets none."""

    @property
    def has_full_metric(self) -> bool:
        """Whether steps under a smooth penalty are the same in any shifted columns."""
        ...

    def check(self) -> None:
        """Raise a ``ValueError`` that names the first option with an impossible value."""
        ...

    def begins_cheaply(self, problem: Problem) -> bool:
        """Whether to start on cheaper objectives with nearly the same optimum."""
        ...

    def minimize(self, problem: Problem) -> Search:
        """Yield questions, receive answers, return a :class:`Solution`."""
        ...


class Learner(Solver, Protocol):
    """A solver that can also learn from a stream, whose rows come once and in chunks."""

    def first_params(self, zeros: Array, random: np.random.Generator) -> Array:
        """Return where a fit without earlier params starts.

        ``zeros`` and the result have shape ``(n_outputs, n_columns)``.
        """
        ...

    def learn(self, params: Array, rule: Any, n_rows_before: int, n_rows: int) -> Lesson:
        """Yield the minibatches of a chunk, in the order of its rows.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_columns)
            Where the chunk starts.
        rule : Any
            The state that the previous lesson returned; None in the first.
        n_rows_before : int
            Rows of the stream before this chunk.
        n_rows : int
            Rows of the chunk.
        """
        ...
