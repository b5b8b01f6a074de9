"""The penalty of an objective: what a solver and a bound by duality need of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array


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

    def first_kink(self, z: Array, step: Array) -> float:
        """Return the share of a step up to the first kink or bound; infinity if there is none."""
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
