"""WHAT is minimised: an objective and its answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array


def are_finite(values: Array) -> bool:
    """Whether no entry of an array is an infinity or NaN."""
    # A finite sum of squares says so in a fifth of the time, and squares may overflow.
    return math.isfinite(np.vdot(values, values)) or bool(np.isfinite(values).all())


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Value and gradient of an objective at one point, from one pass over the rows."""

    value: float
    """In nats a row."""

    gradient: Array
    """Shape ``(n_outputs, n_columns)``, like ``params``."""

    @property
    def is_finite(self) -> bool:
        """Whether neither value nor gradient has an infinity or NaN."""
        return math.isfinite(self.value) and are_finite(self.gradient)


class Curvature(Protocol):
    """A symmetric positive definite Hessian ``H``, or an approximation of it."""

    @property
    def diagonal(self) -> Array:
        """The diagonal of ``H``, shaped like ``params``."""
        ...

    def solve(self, gradient: Array) -> Array:
        """Return ``H^-1 gradient``; both are shaped like ``params``."""
        ...


@runtime_checkable
class CentredCurvature(Curvature, Protocol):
    """A curvature of columns less their means, in which intercepts are apart."""

    def solve_intercepts(self, gradient: Array) -> Array:
        """Return the intercepts' own part of the last column of :meth:`solve`.

        Shape ``(n_outputs,)``; the rest of that column makes up for the means of the columns.
        """
        ...


class ActiveHessian(Protocol):
    """The Hessian ``H`` among some of the parameters: the active ones.

    They are in the order in which a mask of shape ``(n_outputs, n_columns)`` picks them.
    """

    diagonal: Array
    """The diagonal of ``H``, shape ``(n_active,)``."""

    def multiply(self, direction: Array) -> Array:
        """Return ``H direction``, both of shape ``(n_active,)``."""
        ...

    def matrix(self) -> Array | None:
        """Return ``H``, shape ``(n_active, n_active)``, if it is formed; otherwise None."""
        ...


class Objective(Protocol):
    """What is minimised: the weighted mean cross-entropy plus a penalty.

    ``F = sum_i s_i CE_i / sum_i s_i + penalty / (C sum_i s_i)``

    The answers include only the smooth part of the penalty. A solver finds the other part, kinks
    and bounds, in ``Problem.penalty``. ``params`` has shape ``(n_outputs, n_columns)`` in all
    methods.
    """

    @property
    def passes(self) -> float:
        """Passes over the whole data so far; a part of the data counts in proportion."""
        ...

    def evaluate(self, params: Array) -> Evaluation:
        """Return value and gradient over all rows."""
        ...

    def curvature(
        self,
        params: Array,
        damping: float = 0.0,
        *,
        as_diagonal: bool = False,
        exact: bool = False,
    ) -> Curvature:
        """Return an approximate Hessian that costs about one pass to measure and little to apply.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_columns)
            Where it is measured.
        damping : float, default=0.0
            What part of the rows' mean curvature to add to the curvature of each row.
        as_diagonal : bool, default=False
            Return a diagonal, for a solver that cannot use a matrix.
        exact : bool, default=False
            Measure it on the rows of this objective. Otherwise it may be measured on rows that are
            cheaper to read: a sample, or all rows in float32.
        """
        ...

    def hessian(self, params: Array) -> Curvature:
        """Return the exact Hessian among all parameters."""
        ...

    def hessian_fall(self, since: Array, params: Array) -> float:
        """Return a factor ``c`` with ``c H(params) >= H(since)`` for the exact Hessian ``H``.

        It is at least 1, and known where both points were evaluated last: first ``since``, then
        ``params``, the same arrays. Otherwise, and where rows are many, it is infinity.
        """
        ...

    def active_hessian(
        self,
        params: Array,
        active: NDArray[np.bool_],
        damping: float = 0.0,
        *,
        exact: bool = False,
    ) -> ActiveHessian:
        """Return the Hessian among the active parameters.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_columns)
            Where it is measured.
        active : ndarray of bool, shape (n_outputs, n_columns)
            Which parameters it is about.
        damping : float, default=0.0
            What part of the rows' mean curvature to add to the curvature of each row, in the
            diagonal alone.
        exact : bool, default=False
            Measure it on the rows of this objective, and leave no row out. Otherwise it may be
            measured in float32, and rows with negligible curvature may enter the diagonal alone.
        """
        ...

    def gap(self, params: Array, here: Evaluation, at_most: float = np.inf) -> float:
        """Return an upper bound on ``F - F*`` in nats a row, from duality.

        The bound is infinite if there is none.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_columns)
            The point whose bound is wanted.
        here : Evaluation
            The answer of :meth:`evaluate` at ``params``.
        at_most : float, default=inf
            The largest bound that is needed. If the bound turns out to be larger before the rows
            have been read, the result is infinity.
        """
        ...

    def size_along(self, params: Array, direction: Array) -> float:
        """Return about where a few of the rows have their least along a direction; at most 1.

        It is the size of a step from ``params``, and 1 where these rows do not tell.
        """
        ...

    def largest_curvature(self) -> float:
        """Return an upper bound on the largest eigenvalue of the Hessian at any params."""
        ...

    def minibatch(self, params: Array, indices: NDArray[np.intp]) -> Evaluation:
        """Return an unbiased estimate of :meth:`evaluate` from some rows, drawn uniformly."""
        ...
