"""Bounds on the coefficients, with or without an elastic net."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import ActivePenalty, Array
from sk_softmax.objective.penalties.active_l1 import ActiveL1
from sk_softmax.objective.penalties.elastic_net import ElasticNet, _largest_quotient


class BoxedElasticNet(ElasticNet):
    """An elastic net within ``lower <= w <= upper``; the penalty is infinite outside.

    Zero is within the bounds, so the proximal point is that of the elastic net, clipped. The mean
    over the classes is not subtracted from a bounded column, because that could lead out of the
    bounds.

    Parameters
    ----------
    l2, l1 : ndarray of shape (n_columns,)
        Strengths on each column in nats a row; either may be zero.
    lower, upper : ndarray of shape (n_outputs, n_columns)
        The bounds; infinite where there is none, which includes the intercept.
    n_features : int
        How many columns belong to features.
    """

    def __init__(self, l2: Array, l1: Array, lower: Array, upper: Array, n_features: int) -> None:
        super().__init__(l2, l1, n_features)
        self.lower, self.upper = lower, upper
        self.makes_sparse = bool(l1.any())

    @property
    def _is_bounded(self) -> NDArray[np.bool_]:
        """Which columns have a finite bound in one class or more, shape ``(n_columns,)``."""
        return np.asarray((np.isfinite(self.lower) | np.isfinite(self.upper)).any(axis=0))

    @property
    def is_class_symmetric(self) -> bool:
        """Return False: coefficients that add up to zero over the classes may violate a bound."""
        return False

    @property
    def is_coercive(self) -> bool:
        """Whether each feature has a penalty, or finite bounds on both sides in all classes."""
        closed = (np.isfinite(self.lower) & np.isfinite(self.upper)).all(axis=0)
        return bool(((self.l2 > 0) | (self.l1 > 0) | closed)[: self.n_features].all())

    def unlimited_part(self, params: Array) -> Array:
        """Return params, but zero with a penalty, or with a finite bound on the way outwards."""
        ends = (params > 0) & np.isfinite(self.upper) | (params < 0) & np.isfinite(self.lower)
        return np.where(ends, 0.0, super().unlimited_part(params))

    def _slopes(self, params: Array, gradient: Array) -> tuple[Array, Array]:
        """Return the derivatives to the left and to the right, infinite at a bound.

        Both have shape ``(n_outputs, n_columns)``.
        """
        left, right = super()._slopes(params, gradient)
        left = np.where(params <= self.lower, -np.inf, left)
        return left, np.where(params >= self.upper, np.inf, right)

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return where the penalty has a gradient, shape ``(n_outputs, n_columns)``."""
        inside = (params > self.lower) & (params < self.upper)
        return np.asarray(inside & super().is_differentiable(params))

    def pull_from_zero(self, gradient: Array) -> Array:
        """Return how hard a gradient pulls each feature from zero, shape ``(n_features,)``.

        Only directions that the bounds allow count.
        """
        allowed = self._allowed(-gradient[:, : self.n_features])
        return np.asarray(allowed.max(axis=0))

    def _allowed(self, direction: Array) -> Array:
        """Return the sizes of a direction's entries; zero if a bound at zero forbids the entry.

        Both have shape ``(n_outputs, n_features)``.
        """
        n = self.n_features
        up = np.where(self.upper[:, :n] > 0, np.maximum(direction, 0), 0.0)
        down = np.where(self.lower[:, :n] < 0, np.maximum(-direction, 0), 0.0)
        return np.asarray(up + down)

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the L1 penalty and the bounds on the parameters that a mask picks."""
        weights = np.broadcast_to(self.l1, active.shape)[active]
        return ActiveBox(weights, self.lower[active], self.upper[active])

    def conjugate(self, image: Array) -> float:
        """Return ``sup <image, w> - penalty(w)`` over ``w`` within the bounds.

        The best ``w`` is that of the elastic net, clipped. If it is infinite, so is the result.
        ``image`` has shape ``(n_outputs, n_features)``.
        """
        n = self.n_features
        l2, l1 = self.l2[:n], self.l1[:n]
        above = np.sign(image) * np.maximum(np.abs(image) - l1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            best = np.where(above == 0, 0.0, above / l2)
        best = np.clip(best, self.lower[:, :n], self.upper[:, :n])
        if not np.isfinite(best).all():
            return np.inf
        # Not as a difference of two products: the square of a large best point overflows.
        return float((best * (above - 0.5 * l2 * best)).sum())

    def gauge(self, image: Array) -> float:
        """Return the least factor by which to divide ``image`` so that its conjugate is zero."""
        return _largest_quotient(self._allowed(image), self.l1[: self.n_features])

    def balanced(self, params: Array) -> Array:
        """Return equivalent params that add up to zero over the classes, where that is allowed.

        Columns with an L1 penalty or a finite bound stay as they are.
        """
        if len(params) == 1:
            return params
        stays = (self.l1 > 0) | self._is_bounded
        return params - np.where(stays, 0.0, params.mean(axis=0))

    def cheapest_shift(self, params: Array) -> Array:
        """Return the shift of the elastic net, clipped to keep all classes within their bounds."""
        furthest_down, furthest_up = params - self.upper, params - self.lower
        return np.clip(
            super().cheapest_shift(params), furthest_down.max(axis=0), furthest_up.min(axis=0)
        )

    def projected(self, params: Array) -> Array:
        """Return the nearest params within the bounds."""
        return np.clip(params, self.lower, self.upper)


class ActiveBox(ActiveL1):
    """An L1 penalty within bounds on some parameters, as a flat array.

    It implements :class:`sk_softmax.interfaces.ActivePenalty`; all arrays have shape
    ``(n_active,)``.

    Parameters
    ----------
    weights, lower, upper : ndarray of shape (n_active,)
        Strength in nats a row, which may be zero, and bounds of each parameter.
    """

    def __init__(self, weights: Array, lower: Array, upper: Array) -> None:
        super().__init__(weights)
        self._lower, self._upper = lower, upper

    def prox(self, z: Array, metric: Array) -> Array:
        """Return the proximal point of L1, clipped to the bounds."""
        return np.clip(super().prox(z, metric), self._lower, self._upper)

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return where the penalty is smooth: strictly within the bounds and not at a kink."""
        inside = (z > self._lower) & (z < self._upper)
        return np.asarray(inside & super().is_free(z))

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether a step leads through a kink or out of the bounds."""
        there = z + step
        outside = (there < self._lower) | (there > self._upper)
        return bool((outside | self._turns(z, there)).any())

    def first_kink(self, z: Array, step: Array) -> float:
        """Return the share of a step up to the first kink or bound, else infinity."""
        there = z + step
        below, above = there < self._lower, there > self._upper
        shares = [
            ((self._lower - z)[below] / step[below]).min(initial=np.inf),
            ((self._upper - z)[above] / step[above]).min(initial=np.inf),
        ]
        return min(super().first_kink(z, step), *map(float, shares))

    def moved(self, z: Array, step: Array) -> Array:
        """Return ``z + step``, stopped at zero by a kink and at the bounds."""
        return np.clip(super().moved(z, step), self._lower, self._upper)
