"""An L1 penalty among some of the parameters: its proximal point, and where it is smooth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array


class ActiveL1:
    """``sum_i weights_i |z_i|`` over some parameters, flat: see :class:`ActivePenalty`."""

    def __init__(self, weights: Array) -> None:
        self._weights = weights

    def value(self, z: Array) -> float:
        """Return the penalty in nats a row."""
        return float(self._weights @ np.abs(z))

    def common_metric(self, diagonal: Array) -> Array:
        """Return a diagonal metric in which :meth:`prox` is a closed form."""
        return diagonal

    def prox(self, z: Array, metric: Array) -> Array:
        """Return ``z`` moved towards zero by ``weights / metric``, at most to it."""
        return np.asarray(np.sign(z) * np.maximum(np.abs(z) - self._weights / metric, 0))

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return which parameters can move both ways from where they are on a smooth curve."""
        return np.asarray((z != 0) | (self._weights == 0))

    def gradient(self, z: Array) -> Array:
        """Return the gradient of the penalty, for those that are free."""
        return np.asarray(self._weights * np.sign(z))

    def curvature(self, z: Array) -> None:
        """Return None: where it is smooth the penalty is not curved."""
        return

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether a step leads through a kink."""
        return bool(self._turns(z, z + step).any())

    def moved(self, z: Array, step: Array) -> Array:
        """Take a step; what it would take through a kink stays there."""
        return np.where(self._turns(z, z + step), 0.0, z + step)

    def _turns(self, z: Array, there: Array) -> NDArray[np.bool_]:
        return np.asarray((there * z < 0) & (self._weights > 0))
