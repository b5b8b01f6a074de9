"""WHAT is minimised: an objective and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array


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
