"""The model of a proximal Newton step: a quadratic plus a penalty."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sk_softmax.interfaces import ActiveHessian, ActivePenalty, Array


@dataclass(frozen=True)
class QuadraticModel:
    """``g'(z - x) + (z - x)'H(z - x) / 2 + penalty(z)`` over the active parameters ``z``.

    All arrays are flat, class by class, of shape ``(n_active,)``.
    """

    hessian: ActiveHessian
    """``H``."""

    gradient: Array
    """``g``, of the smooth part of the objective at ``x``."""

    start: Array
    """``x``."""

    penalty: ActivePenalty

    @cached_property
    def noise(self) -> float:
        """A change of the value that is no more than its rounding."""
        return float(np.finfo(np.float64).eps) * self.penalty.value(self.start)

    def begin(self) -> Point:
        """Return ``x``."""
        return Point(self, self.start, np.zeros_like(self.start))

    def at(self, z: Array) -> Point:
        """Return the point ``z``, for one product with ``H``."""
        return Point(self, z, self.hessian.multiply(z - self.start))


@dataclass(frozen=True)
class Point:
    """A point of a model; both arrays have shape ``(n_active,)``."""

    model: QuadraticModel

    z: Array

    image: Array
    """``H (z - x)``."""

    @property
    def slope(self) -> Array:
        """The gradient of the quadratic, shape ``(n_active,)``."""
        return self.model.gradient + self.image

    @cached_property
    def change(self) -> float:
        """The value of the model less that at ``x``."""
        d = self.z - self.model.start
        smooth = float(d @ (self.model.gradient + 0.5 * self.image))
        return smooth + self.model.penalty.rise(self.model.start, self.z)
