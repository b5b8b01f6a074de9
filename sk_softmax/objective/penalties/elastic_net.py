"""L1 and elastic-net penalties: a kink at zero in every coefficient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import ActivePenalty, Array
from sk_softmax.objective.penalties.active_l1 import ActiveL1
from sk_softmax.objective.penalties.l2 import L2, _sum_of_quotients


class ElasticNet(L2):
    """``sum_j l2_j |w_j|_2^2 / 2 + l1_j |w_j|_1`` (Zou and Hastie, 2005, JRSS B 67).

    Parameters
    ----------
    l2, l1 : ndarray of shape (n_columns,)
        Strengths on each column in nats a row; zero for the intercept. With ``l2`` zero the
        penalty is the lasso.
    n_features : int
        How many columns belong to features.
    """

    is_smooth = False
    makes_sparse = True

    def __init__(self, l2: Array, l1: Array, n_features: int) -> None:
        super().__init__(l2, n_features)
        self.l1 = l1

    @property
    def is_ridge(self) -> bool:
        """Whether this is one L2 penalty on all features and nothing else."""
        return False

    @property
    def is_class_symmetric(self) -> bool:
        """Whether coefficients that add up to zero over the classes are never worse."""
        return not self.l1.any()

    @property
    def is_coercive(self) -> bool:
        """Whether the penalty grows without bound in each coefficient."""
        return bool(((self.l2 > 0) | (self.l1 > 0))[: self.n_features].all())

    def unlimited_part(self, params: Array) -> Array:
        """Return params, but zero in the columns with a penalty."""
        return np.where((self.l2 > 0) | (self.l1 > 0), 0.0, params)

    def value(self, params: Array) -> float:
        """Return all of the penalty in nats a row."""
        return self.smooth_value(params) + self.kink_value(params)

    def kink_value(self, params: Array) -> float:
        """Return the part of the penalty with a kink at zero, in nats a row."""
        return float((self.l1 * self.magnitudes(params)).sum())

    def shortest_subgradient(self, params: Array, gradient: Array) -> Array:
        """Return the shortest subgradient, which is zero at the optimum alone.

        The derivatives to the left and to the right of each entry bound an interval. The point of
        the interval closest to zero is taken.

        Parameters
        ----------
        params, gradient : ndarray of shape (n_outputs, n_columns)
            A point, and the gradient there of the loss and the smooth part of the penalty.

        Returns
        -------
        subgradient : ndarray of shape (n_outputs, n_columns)
            Of the objective.
        """
        return _closest_to_zero(*self._slopes(params, gradient))

    def _slopes(self, params: Array, gradient: Array) -> tuple[Array, Array]:
        """Return the derivatives to the left and to the right, ``(n_outputs, n_columns)``."""
        left = gradient + np.where(params > 0, self.l1, -self.l1)
        right = gradient + np.where(params < 0, -self.l1, self.l1)
        return left, right

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return where the penalty has a gradient, shape ``(n_outputs, n_columns)``."""
        return np.asarray((params != 0) | (self.l1 == 0))

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the L1 penalty on some of the parameters.

        Parameters
        ----------
        active : ndarray of bool, shape (n_outputs, n_columns)
            Which parameters.
        """
        return ActiveL1(np.broadcast_to(self.l1, active.shape)[active])

    def conjugate(self, image: Array) -> float:
        """Return ``sum max(|image| - l1, 0)^2 / (2 l2)``; see :meth:`L2.conjugate`."""
        n = self.n_features
        above = np.maximum(self.magnitudes(image) - self.l1[:n], 0)
        return _sum_of_quotients(above**2, 2 * self.l2[:n])

    def gauge(self, image: Array) -> float:
        """Return the least factor by which to divide ``image`` so that its conjugate is zero."""
        magnitudes = self.magnitudes(image)
        return _largest_quotient(magnitudes, self.l1[: self.n_features])

    def balanced(self, params: Array) -> Array:
        """Return equivalent params that add up to zero over the classes, in columns without L1.

        Columns with an L1 penalty stay as they are: an L1 penalty is not always smallest where the
        mean over the classes is zero.
        """
        if len(params) == 1:
            return params
        return params - np.where(self.l1 > 0, 0.0, params.mean(axis=0))

    def cheapest_shift(self, params: Array) -> Array:
        """Return what to subtract from each column of all classes to make the penalty least.

        ``l1 sum_k |w_k - t| + l2 / 2 sum_k (w_k - t)^2`` has a kink at each ``w_k``. Between two
        of them, with ``i`` below ``t``, its slope is zero at
        ``t_i = mean + (K - 2 i) l1 / (K l2)``. It is least at the median of all ``w_k`` and
        ``t_i`` (Li and Osher, 2009, Communications in Mathematical Sciences 7). With an even
        number of classes and no L2 penalty all ``t`` between the two middle ``w_k`` cost the same,
        and the one closest to zero is taken.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_columns)
            Params whose penalty is to become least.

        Returns
        -------
        shift : ndarray of shape (n_columns,)
            ``t`` for each column.
        """
        shift = np.zeros(params.shape[1])
        some = params.any(axis=0)  # of many columns under L1 few are not zero
        w, l1, l2, n_classes = params[:, some], self.l1[some], self.l2[some], len(params)
        l2 = np.where(l2 * np.abs(w).max(axis=0) > 1e-12 * l1, l2, 0.0)  # less than rounding
        slope = (n_classes - 2 * np.arange(n_classes + 1)[:, None]) * l1
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            level = np.where(slope == 0, 0.0, slope / (n_classes * l2))
        level += np.where(l2 > 0, w.mean(axis=0), 0.0)
        numbers = np.concatenate([w, level])
        shift[some] = np.partition(numbers, n_classes, axis=0)[n_classes]
        return shift


def _closest_to_zero(left: Array, right: Array) -> Array:
    """Return the point of each interval that is closest to zero; all have the same shape."""
    return np.maximum(left, 0) + np.minimum(right, 0)


def _largest_quotient(numerator: Array, denominator: Array) -> float:
    """Return the largest of ``numerator / denominator``.

    A quotient is infinite where only the denominator is zero, and zero where both are.
    """
    with np.errstate(divide="ignore"):
        quotients = np.divide(
            numerator, denominator, out=np.zeros_like(numerator), where=numerator > 0
        )
    return float(quotients.max(initial=0.0))
