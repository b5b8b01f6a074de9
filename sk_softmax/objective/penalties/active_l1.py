"""An L1 penalty on some of the parameters: its proximal point, and where it is smooth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array


class ActiveL1:
    """``sum_i weights_i |z_i|`` over some parameters, as a flat array.

    It implements :class:`sk_softmax.interfaces.ActivePenalty`; all arrays have shape
    ``(n_active,)``.

    Parameters
    ----------
    weights : ndarray of shape (n_active,)
        Strength on each parameter in nats a row, not negative.
    """

    def __init__(self, weights: Array) -> None:
        self._weights = weights

    def value(self, z: Array) -> float:
        """Return the penalty in nats a row."""
        return float(self._weights @ np.abs(z))

    def rise(self, start: Array, z: Array) -> float:
        """Return the value at ``z`` less that at ``start``, term by term."""
        return float(self._weights @ (np.abs(z) - np.abs(start)))

    def term_sizes(self, z: Array) -> Array:
        """Return ``|z|``."""
        return np.abs(z)

    def common_metric(self, diagonal: Array) -> Array:
        """Return the diagonal itself: :meth:`prox` has a closed form in any diagonal metric."""
        return diagonal

    def prox(self, z: Array, metric: Array) -> Array:
        """Return ``z`` moved towards zero by ``weights / metric``, and not past zero."""
        return np.asarray(np.sign(z) * np.maximum(np.abs(z) - self._weights / metric, 0))

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return where the penalty is smooth: off zero, or with a weight of zero."""
        return np.asarray((z != 0) | (self._weights == 0))

    def gradient(self, z: Array) -> Array:
        """Return the gradient of the penalty at the parameters that are free."""
        return np.asarray(self._weights * np.sign(z))

    def curvature(self, z: Array) -> None:
        """Return None, because the penalty has no curvature where it is smooth."""
        return

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether a step leads through zero, the kink."""
        return bool(self._turns(z, z + step).any())

    def first_kink(self, z: Array, step: Array) -> float:
        """Return the share of a step up to the first zero that it leads through, else infinity."""
        turns = self._turns(z, z + step)
        return float((-z[turns] / step[turns]).min(initial=np.inf))

    def moved(self, z: Array, step: Array) -> Array:
        """Return ``z + step``, but zero for each parameter that the step takes through zero."""
        return np.where(self._turns(z, z + step), 0.0, z + step)

    def _turns(self, z: Array, there: Array) -> NDArray[np.bool_]:
        """Return which parameters have another sign at ``there`` than at ``z``."""
        return np.asarray((there * z < 0) & (self._weights > 0))
