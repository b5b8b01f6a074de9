"""The L2 penalty: it is smooth, so a solver needs only its value and gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import ActivePenalty, Array
from sk_softmax.interfaces.quiet import quiet
from sk_softmax.objective.penalties.active_l1 import ActiveL1


class L2:
    """``sum_j l2_j |w_j|^2 / 2``, where ``|w_j|^2`` is summed over the classes.

    With all strengths zero there is no penalty.

    Parameters
    ----------
    l2 : ndarray of shape (n_columns,)
        Strength on each column in nats a row; zero for the intercept.
    n_features : int
        How many columns belong to features.
    """

    is_smooth = True
    makes_sparse = False

    def __init__(self, l2: Array, n_features: int) -> None:
        self.l2 = l2
        self.n_features = n_features
        self._is_nothing = not l2.any()
        self.is_strongly_convex = bool((l2[:n_features] > 0).all())
        """Whether every feature has an L2 penalty."""

    @property
    def is_ridge(self) -> bool:
        """Whether this is one L2 penalty on all features and nothing else."""
        l2 = self.l2[: self.n_features]
        return bool(l2[0] > 0 and (l2 == l2[0]).all())

    @property
    def is_class_symmetric(self) -> bool:
        """Whether coefficients that add up to zero over the classes are never worse."""
        return True

    @property
    def is_coercive(self) -> bool:
        """Whether the penalty grows without bound in each coefficient."""
        return self.is_strongly_convex

    def unlimited_part(self, params: Array) -> Array:
        """Return params, but zero in the columns with a penalty."""
        return np.where(self.l2 > 0, 0.0, params)

    def value(self, params: Array) -> float:
        """Return all of the penalty in nats a row."""
        return self.smooth_value(params)

    def smooth_value(self, params: Array) -> float:
        """Return the part of the penalty that is differentiable everywhere: all of it."""
        if self._is_nothing:
            return 0.0
        return 0.5 * float(np.vdot(self._strengths(params) * params, params))

    def add_smooth_gradient(self, params: Array, gradient: Array) -> float:
        """Add the gradient of the smooth part to ``gradient`` in place; return the part's value.

        Both arrays are like params.
        """
        if self._is_nothing:
            return 0.0
        pull = self._strengths(params) * params
        gradient += pull
        return 0.5 * float(np.vdot(pull, params))

    def _strengths(self, params: Array) -> Array:
        """Return the strengths in the width of the params."""
        return self.l2.astype(params.dtype, copy=False)

    def kink_value(self, params: Array) -> float:
        """Return the rest of the penalty: zero."""
        return 0.0

    def shortest_subgradient(self, params: Array, gradient: Array) -> Array:
        """Return the gradient itself, because the whole penalty is smooth."""
        return gradient

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return where the penalty has a gradient, shaped like params: everywhere."""
        return np.ones(params.shape, dtype=bool)

    def magnitudes(self, params: Array) -> Array:
        """Return the size of each term of the penalty, shape ``(n_outputs, n_columns)``."""
        return np.abs(params)

    def pull_from_zero(self, gradient: Array) -> Array:
        """Return how hard a gradient pulls each feature from zero, shape ``(n_features,)``."""
        return np.asarray(np.abs(gradient[:, : self.n_features]).max(axis=0))

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the part that is not smooth on some parameters: L1 with weights of zero."""
        return ActiveL1(np.zeros(int(active.sum())))

    def conjugate(self, image: Array) -> float:
        """Return ``sup_w <image, w> - penalty(w) = sum_j |image_j|^2 / (2 l2_j)``.

        Parameters
        ----------
        image : ndarray of shape (n_outputs, n_features)
            A point of the dual space.
        """
        # Summed over the classes first: a million numbers take 0.3 ms so, and 4 one by one.
        squares = np.einsum("kj,kj->j", image, image)
        return _sum_of_quotients(squares, 2 * self.l2[: self.n_features])

    def gauge(self, image: Array) -> float:
        """Return the least factor by which to divide ``image`` so that its conjugate is zero."""
        return np.inf if image.any() else 0.0

    def balanced(self, params: Array) -> Array:
        """Return equivalent params that add up to zero over the classes.

        Softmax does not change when the same vector is added to every class. The penalty is least
        where the mean over the classes is zero.
        """
        return params if len(params) == 1 else params - params.mean(axis=0)

    def cheapest_shift(self, params: Array) -> Array:
        """Return what to subtract from each column of all classes: their mean."""
        return np.asarray(params.mean(axis=0))

    def projected(self, params: Array) -> Array:
        """Return the nearest params that are allowed: the same, because all are allowed."""
        return params


def _sum_of_quotients(numerator: Array, denominator: Array) -> float:
    """Return the sum of ``numerator / denominator`` over all entries.

    Shapes ``(n, n_features)`` and ``(n_features,)``. A quotient is infinite where only the
    denominator is zero, and zero where both are.
    """
    with quiet():
        if (denominator > 0).all():  # 20 classes and 50,000 features: 2 ms, and 7 with a mask
            return float((numerator / denominator).sum())
        quotients = np.divide(
            numerator, denominator, out=np.zeros(numerator.shape), where=numerator > 0
        )
    return float(quotients.sum())
