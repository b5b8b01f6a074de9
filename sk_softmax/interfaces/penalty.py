"""The penalty of an objective: what solvers and the duality gap need of it."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces.arrays import Array


class ActivePenalty(Protocol):
    """The part of a penalty that is not smooth, among the active parameters.

    All arrays are flat, of shape ``(n_active,)``.
    """

    def value(self, z: Array) -> float:
        """Return the value at ``z`` in nats a row."""
        ...

    def rise(self, start: Array, z: Array) -> float:
        """Return the value at ``z`` less that at ``start``, term by term.

        The difference of two values is rounded like these, and hides all of a last Newton step.
        """
        ...

    def term_sizes(self, z: Array) -> Array:
        """Return for each parameter the size of the term of the penalty that it is in."""
        ...

    def common_metric(self, diagonal: Array) -> Array:
        """Return a metric in which :meth:`prox` has a closed form.

        It is a diagonal, and each entry is at least that of ``diagonal``.
        """
        ...

    def prox(self, z: Array, metric: Array) -> Array:
        """Return the ``x`` that minimises ``sum metric (x - z)^2 / 2 + penalty(x)``."""
        ...

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return where the penalty is smooth: at neither a kink nor a bound."""
        ...

    def gradient(self, z: Array) -> Array:
        """Return the gradient of the penalty; only the entries that are free have a meaning."""
        ...

    def curvature(self, z: Array) -> SupportCurvature | None:
        """Return the Hessian of the penalty among the free parameters; None if it is zero."""
        ...

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether the step from ``z`` leads through a kink or out of the bounds."""
        ...

    def first_kink(self, z: Array, step: Array) -> float:
        """Return the share of a step up to the first kink or bound; infinity if there is none."""
        ...

    def moved(self, z: Array, step: Array) -> Array:
        """Return ``z + step``, stopped at kinks and bounds."""
        ...


class SupportCurvature(Protocol):
    """The Hessian of a penalty at a point where it is smooth and curved."""

    @property
    def diagonal_bound(self) -> Array:
        """An upper bound on the diagonal, shape ``(n_active,)``."""
        ...

    def times(self, step: Array) -> Array:
        """Return the product with a step; both have shape ``(n_active,)``."""
        ...

    def add_to(self, matrix: Array, free: NDArray[np.bool_]) -> None:
        """Add the Hessian among the free parameters to a matrix, in place.

        ``matrix`` has shape ``(n_free, n_free)``, and the mask ``free`` has ``(n_active,)``.
        """
        ...


class Penalty(Protocol):
    """The whole penalty of an objective, in nats a row.

    It is one object, because proximal points and conjugates of its parts do not add up to those of
    the whole. Its smooth part is included in the answers of an objective. The other part has kinks
    and bounds, which a solver takes into account itself. The intercept is never penalised.

    ``params`` and ``gradient`` have shape ``(n_outputs, n_columns)`` in all methods.
    """

    is_smooth: bool
    """Whether it has neither kinks nor bounds."""

    makes_sparse: bool
    """Whether it has a kink at zero, which makes many coefficients exactly zero."""

    l2: Array
    """Second derivative of the smooth part in each column, shape ``(n_columns,)``."""

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
        """Whether subtracting the mean over the classes never increases the penalty."""
        ...

    def unlimited_part(self, params: Array) -> Array:
        """Return params, but zero where a penalty or a bound limits how far they can grow."""
        ...

    def value(self, params: Array) -> float:
        """Return the whole penalty."""
        ...

    def smooth_value(self, params: Array) -> float:
        """Return the part that is differentiable everywhere."""
        ...

    def kink_value(self, params: Array) -> float:
        """Return the part with kinks, at params within the bounds."""
        ...

    def add_smooth_gradient(self, params: Array, gradient: Array) -> float:
        """Add the gradient of the smooth part to ``gradient`` in place; return the part's value.

        The value is that of :meth:`smooth_value`.
        """
        ...

    def shortest_subgradient(self, params: Array, gradient: Array) -> Array:
        """Return the shortest subgradient of the objective, which is zero at the optimum alone.

        ``gradient`` is that of the loss and the smooth part of the penalty. The result has the
        same shape.
        """
        ...

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return at which terms the penalty has a gradient, in the shape of :meth:`magnitudes`."""
        ...

    def magnitudes(self, params: Array) -> Array:
        """Return the size of each term of the penalty, from ``params`` or a gradient.

        Shape ``(n_outputs, n_columns)``, or ``(1, n_columns)`` if the classes share a term.
        """
        ...

    def pull_from_zero(self, gradient: Array) -> Array:
        """Return how hard a gradient pulls each feature from zero, shape ``(n_features,)``.

        A feature whose coefficients are zero keeps them as long as this is at most its L1
        strength.
        """
        ...

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the part that is not smooth, among the parameters that a mask picks.

        ``active`` has shape ``(n_outputs, n_columns)``.
        """
        ...

    def conjugate(self, image: Array) -> float:
        """Return ``sup_w <image, w> - penalty(w)``.

        ``image`` is a point of the dual space, of shape ``(n_outputs, n_features)``.
        """
        ...

    def gauge(self, image: Array) -> float:
        """Return the least factor by which to divide ``image`` so that its conjugate is zero.

        ``image`` has shape ``(n_outputs, n_features)``. The factor is infinite if there is none.
        """
        ...

    def balanced(self, params: Array) -> Array:
        """Return params that give the same probabilities and add up to zero over the classes.

        Columns in which this could increase the penalty or leave the bounds stay as they are.
        """
        ...

    def cheapest_shift(self, params: Array) -> Array:
        """Return what to subtract from each column of all classes, shape ``(n_columns,)``.

        These shifts make the penalty least. They change no probability.
        """
        ...

    def projected(self, params: Array) -> Array:
        """Return the nearest params within the bounds."""
        ...
