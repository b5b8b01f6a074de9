"""Every type that travels between the parts; read this file first.

An estimator turns the user's data into :class:`Rows` and an :class:`Objective`. A
:class:`Solver` asks the objective questions (:class:`EvaluateAt`, :class:`CurvatureAt`, ...)
until it is satisfied and returns a :class:`Solution`, which the estimator turns into ``coef_``.

``params`` is always an array of shape ``(n_outputs, n_columns)``, *class-major*: one row a class,
and one last column for the intercept where there is one. ``n_outputs`` is the number of classes,
and 1 for two classes, where the single row holds the log-odds of the second class.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
Index: TypeAlias = "slice | NDArray[np.intp]"


# --- where the rows are -----------------------------------------------------------------------


class Block(Protocol):
    """Some rows of the data and the products an objective needs of them.

    A constant last column is implied where the model has an intercept; it is never materialised
    except by :meth:`design`.
    """

    rows: Index
    """Which rows these are; picks their targets and weights."""

    n_rows: int

    def logits(self, prepared: Any) -> Array:
        """Class-major logits, shape ``(n_outputs, n_rows)``, of params from ``Rows.prepare``."""
        ...

    def pull_back(self, residuals: Array) -> Array:
        """``residuals @ block``: shape ``(n_outputs, n_rows)`` to ``(n_outputs, n_columns)``."""
        ...

    def gram(self, weights: Array) -> Array:
        """``block.T @ diag(weights) @ block``, shape ``(n_columns, n_columns)``.

        Rows of weight zero cost nothing.
        """
        ...

    def gram_diagonal(self, weights: Array) -> Array:
        """Diagonal of :meth:`gram`, shape ``(n_columns,)``."""
        ...

    def design(self) -> Array:
        """Return the rows as a dense array of shape ``(n_rows, n_columns)``."""
        ...

    def part(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Any:
        """Return a copy of these rows and columns, sparse where the rows are."""
        ...


Term: TypeAlias = Callable[[Block], tuple[Any, ...]]
"""Maps a block to partial sums: numbers, or fresh arrays that the caller may overwrite.

A term is pure: it writes to nothing but what it returns, so that rows may evaluate it anywhere, in
any order, and more than once.
"""

CollectedTerm: TypeAlias = Callable[[Block], tuple[tuple[Any, ...], Any]]
"""A term that returns beside its partial sums something to keep of the block, as pure."""


class Rows(Protocol):
    """The rows of a data set, wherever they are; they never know what they sum."""

    n_rows: int
    n_features: int
    n_columns: int
    dtype: np.dtype[Any]

    def prepare(self, params: Array) -> Any:
        """Return params in the width and layout that this kind of block multiplies fastest."""
        ...

    def sum(self, term: Term, rows_per_block: int = 0) -> tuple[Any, ...]:
        """Sum each of the term's partial results over all blocks, in float64.

        The order of the reduction is fixed, so that the sums do not depend on how many threads
        ran. Blocks hold at least ``rows_per_block`` rows, as far as their logits stay in bounds.
        """
        ...

    def collect(
        self, term: CollectedTerm, rows_per_block: int = 0
    ) -> tuple[tuple[Any, ...], list[Any]]:
        """Sum like :meth:`sum`, and list what the term keeps of each block, from first to last.

        One pass for both. A term that has nothing to sum returns an empty tuple of sums.
        """
        ...

    def take(self, indices: NDArray[np.intp]) -> Block:
        """Return the rows of these indices as one block."""
        ...

    def subset(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices as rows, put together as they are read.

        An index may come twice. Nothing is copied but a block at a time.
        """
        ...

    def narrowed(self) -> Rows:
        """Return the same rows in float32, narrowed block by block as they are read."""
        ...

    def copied(self, indices: NDArray[np.intp]) -> Rows:
        """Return the rows of these indices, copied in float32."""
        ...

    def columns(self, features: NDArray[np.intp]) -> Rows:
        """Return the rows with these features alone, copied where that takes little memory."""
        ...


# --- what is minimised ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Value (nats a row) and gradient of an objective at one point, from one pass."""

    value: float
    gradient: Array

    @property
    def is_finite(self) -> bool:
        """Whether both value and gradient are free of infinities and NaN."""
        return bool(np.isfinite(self.value)) and bool(np.isfinite(self.gradient).all())


class Curvature(Protocol):
    """A symmetric positive definite Hessian, or an approximation of it."""

    diagonal: Array
    """Of ``H``, shaped like ``params``."""

    def solve(self, gradient: Array) -> Array:
        """Return ``H^-1 gradient``, shaped like ``params``."""
        ...


class ActiveHessian(Protocol):
    """The Hessian among some of the parameters, the active ones, in the order of their mask."""

    diagonal: Array
    """Shape ``(n_active,)``."""

    def multiply(self, direction: Array) -> Array:
        """Return ``H direction``, both of shape ``(n_active,)``."""
        ...

    def matrix(self) -> Array | None:
        """Return ``H`` where it has been formed, shape ``(n_active, n_active)``, else None."""
        ...


class ActivePenalty(Protocol):
    """The part of a penalty that is not smooth, among some of the parameters, flat."""

    def value(self, z: Array) -> float:
        """Return it in nats a row; all arrays are of shape ``(n_active,)``."""
        ...

    def common_metric(self, diagonal: Array) -> Array:
        """Return a diagonal metric, at least as large, in which :meth:`prox` is a closed form."""
        ...

    def prox(self, z: Array, metric: Array) -> Array:
        """Return the minimum over ``x`` of ``sum metric (x - z)^2 / 2`` plus the penalty."""
        ...

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return which parameters can move both ways from where they are on a smooth curve."""
        ...

    def gradient(self, z: Array) -> Array:
        """Return the gradient of the penalty, for those that are free."""
        ...

    def curvature(self, z: Array) -> SupportCurvature | None:
        """Return the Hessian of the penalty among those that are free; None if it is zero."""
        ...

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether a step leads through a kink or out of bounds."""
        ...

    def moved(self, z: Array, step: Array) -> Array:
        """Take a step as far as kinks and bounds allow."""
        ...


class SupportCurvature(Protocol):
    """The Hessian of a penalty that is curved where it is smooth."""

    @property
    def diagonal_bound(self) -> Array:
        """At least its diagonal, shape ``(n_active,)``."""
        ...

    def times(self, step: Array) -> Array:
        """Return its product with a step."""
        ...

    def add_to(self, matrix: Array, free: NDArray[np.bool_]) -> None:
        """Add it among the free parameters to a matrix of ``free.sum()`` on a side, in place."""
        ...


class Penalty(Protocol):
    """The whole penalty, in nats a row: nobody adds up proximal points or conjugates of parts.

    It has a part that is smooth, which is in an objective's answers, and a part that is not: kinks
    and bounds, which a solver takes into account itself. The intercept is never penalised.
    """

    is_smooth: bool
    makes_sparse: bool
    """Whether it has a kink at zero, where many coefficients end."""

    l2: Array
    """Second derivative of the smooth part in each column, shape ``(n_columns,)``."""

    @property
    def limits_coefficients(self) -> bool:
        """Whether coefficients cannot grow without end at no cost."""
        ...

    @property
    def is_strongly_convex(self) -> bool:
        """Whether every feature has an L2 penalty."""
        ...

    @property
    def is_coercive(self) -> bool:
        """Whether the penalty grows without bound in each coefficient."""
        ...

    @property
    def is_ridge(self) -> bool:
        """Whether this is one L2 penalty on all features and nothing else."""
        ...

    @property
    def is_class_symmetric(self) -> bool:
        """Whether coefficients that add up to zero over the classes are never worse."""
        ...

    def value(self, params: Array) -> float:
        """Return all of the penalty."""
        ...

    def smooth_value(self, params: Array) -> float:
        """Return the part that is differentiable everywhere."""
        ...

    def kink_value(self, params: Array) -> float:
        """Return the rest, at params that are allowed."""
        ...

    def add_smooth_gradient(self, params: Array, gradient: Array) -> None:
        """Add the gradient of the smooth part in place."""
        ...

    def shortest_subgradient(self, params: Array, gradient: Array) -> Array:
        """Return the shortest subgradient of the objective, zero at the optimum alone.

        ``gradient`` is that of the loss and the smooth part.
        """
        ...

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return at which terms the penalty has a gradient: shaped like :meth:`magnitudes`."""
        ...

    def magnitudes(self, params: Array) -> Array:
        """Return the size of each term: a row a class, or one row where classes share a term."""
        ...

    def pull_from_zero(self, gradient: Array) -> Array:
        """Return how hard a gradient pulls each feature from zero, shape ``(n_features,)``.

        A feature of zeros stays there as long as this is at most its L1 strength.
        """
        ...

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the part that is not smooth among the parameters that a mask picks."""
        ...

    def conjugate(self, image: Array) -> float:
        """``sup_w <image, w> - penalty(w)``, of shape ``(n_outputs, n_features)``."""
        ...

    def gauge(self, image: Array) -> float:
        """Return the least factor by which to divide ``image`` so that its conjugate is zero."""
        ...

    def balanced(self, params: Array) -> Array:
        """Return equivalent params that add up to zero over the classes, where that is no loss."""
        ...

    def cheapest_shift(self, params: Array) -> Array:
        """Return what to subtract from each column of all classes, which changes no probability.

        That with which the penalty is least, shape ``(n_columns,)``.
        """
        ...

    def projected(self, params: Array) -> Array:
        """Return the nearest params that are allowed."""
        ...


class Objective(Protocol):
    """What is minimised: the weighted mean cross-entropy plus a penalty.

    ``F = sum_i s_i CE_i / sum_i s_i + penalty / (C sum_i s_i)``

    Its answers hold the smooth part of the penalty: a solver finds the rest in
    ``Problem.penalty``.
    """

    @property
    def passes(self) -> float:
        """How often the whole data have been read so far."""
        ...

    def evaluate(self, params: Array) -> Evaluation:
        """Value and gradient over all rows."""
        ...

    def curvature(
        self,
        params: Array,
        damping: float = 0.0,
        *,
        as_diagonal: bool = False,
        exact: bool = False,
    ) -> Curvature:
        """Return an approximate Hessian that costs about a pass to build and little to apply.

        With damping, every row counts as if it had that much of the rows' mean curvature more.
        A solver that can use no more than a diagonal says so. It may be measured on a sample of
        the rows or in float32, unless it is to be exact.
        """
        ...

    def hessian(self, params: Array) -> Curvature:
        """Return the exact Hessian."""
        ...

    def active_hessian(
        self,
        params: Array,
        active: NDArray[np.bool_],
        damping: float = 0.0,
        *,
        exact: bool = False,
    ) -> ActiveHessian:
        """Return the Hessian among the parameters that this mask picks.

        With damping, its diagonal is what it would be if every row had that much of the rows'
        mean curvature more. It may be measured in float32, with the rows of next to no curvature
        in the diagonal alone, unless it is to be exact.
        """
        ...

    def gap(self, params: Array, here: Evaluation, at_most: float = np.inf) -> float:
        """Return a bound of ``F - F*`` in nats a row, infinity where there is none.

        ``here`` is the evaluation at ``params``. The bound is infinity too where it turns out to
        be above ``at_most`` before the rows have been read.
        """
        ...

    def largest_curvature(self) -> float:
        """Return an upper bound of the Hessian's largest eigenvalue, the same everywhere."""
        ...

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Unbiased estimate of :meth:`evaluate` from some rows, drawn uniformly."""
        ...


# --- what a solver asks -----------------------------------------------------------------------


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


# --- what a solver is told and what it returns ------------------------------------------------


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
    takes_l1: ClassVar[bool]
    default_max_iter: ClassVar[int]

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
