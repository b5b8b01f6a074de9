"""The group lasso: one kink per feature, so that it enters for all classes or for none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import ActivePenalty, Array
from sk_softmax.objective.penalties.elastic_net import ElasticNet


class GroupedElasticNet(ElasticNet):
    """``sum_j l2_j |w_j|_2^2 / 2 + l1_j |w_j|_2`` with the norm over the classes.

    It is the group lasso of Yuan and Lin (2006, Journal of the Royal Statistical Society B 68),
    in which the coefficients of a feature are a group. Parameters are those of
    :class:`ElasticNet`.
    """

    def magnitudes(self, params: Array) -> Array:
        """Return the norm of each column over the classes, shape ``(1, n_columns)``."""
        return np.asarray(np.linalg.norm(params, axis=0, keepdims=True))

    def shortest_subgradient(self, params: Array, gradient: Array) -> Array:
        """Return the shortest subgradient; see :meth:`ElasticNet.shortest_subgradient`.

        In a column of zeros it is the gradient with its norm reduced by ``l1_j``; zero if the norm
        is smaller than that.
        """
        norms, size = self.magnitudes(params), self.magnitudes(gradient)
        slope = _quotient(self.l1, norms)
        at_zero = _quotient(np.maximum(size - self.l1, 0), size) * gradient
        return np.where(norms > 0, gradient + slope * params, at_zero)

    def is_differentiable(self, params: Array) -> NDArray[np.bool_]:
        """Return where the penalty has a gradient, shape ``(1, n_columns)``."""
        return np.asarray((self.magnitudes(params) > 0) | (self.l1 == 0))

    def pull_from_zero(self, gradient: Array) -> Array:
        """Return how hard a gradient pulls each feature from zero, shape ``(n_features,)``."""
        return np.asarray(self.magnitudes(gradient[:, : self.n_features])[0])

    def cheapest_shift(self, params: Array) -> Array:
        """Return what to subtract from each column of all classes: their mean."""
        return np.asarray(params.mean(axis=0))

    def among(self, active: NDArray[np.bool_]) -> ActivePenalty:
        """Return the penalty on the norms of some features; the mask picks all classes of each."""
        return ActiveGroups(self.l1[active.any(axis=0)])


class ActiveGroups:
    """``sum_j weights_j |z_j|_2`` over some features, as a flat array.

    It implements :class:`sk_softmax.interfaces.ActivePenalty`. Arrays have shape ``(n_active,)``
    with ``n_active = n_outputs * n_groups``: all groups of one class, then those of the next.

    Parameters
    ----------
    weights : ndarray of shape (n_groups,)
        Strength on each group in nats a row, not negative.
    """

    def __init__(self, weights: Array) -> None:
        self._weights = weights

    def _in_groups(self, z: NDArray) -> NDArray:  # type: ignore[type-arg]
        """Return ``z`` in shape ``(n_outputs, n_groups)``."""
        return z.reshape(-1, len(self._weights))

    def _norms(self, z: Array) -> Array:
        """Return the norm of each group, shape ``(n_groups,)``."""
        return np.asarray(np.linalg.norm(self._in_groups(z), axis=0))

    def value(self, z: Array) -> float:
        """Return the penalty in nats a row."""
        return float(self._weights @ self._norms(z))

    def rise(self, start: Array, z: Array) -> float:
        """Return the value at ``z`` less that at ``start``, term by term.

        A difference of norms is ``(|z|^2 - |x|^2) / (|z| + |x|)``, and that of the squares is
        ``(z - x)'(z + x)``, without the digits that the norms have in common.
        """
        a, b = self._in_groups(start), self._in_groups(z)
        squares = ((b - a) * (b + a)).sum(axis=0)
        norms = self._norms(start) + self._norms(z)
        return float(self._weights @ (squares / np.where(norms > 0, norms, 1.0)))

    def term_sizes(self, z: Array) -> Array:
        """Return the norm of each parameter's group."""
        groups = self._in_groups(z)
        return np.broadcast_to(np.linalg.norm(groups, axis=0), groups.shape).ravel()

    def common_metric(self, diagonal: Array) -> Array:
        """Return the largest entry of each group for all its parameters.

        In this metric :meth:`prox` has a closed form.
        """
        groups = self._in_groups(diagonal)
        return np.broadcast_to(groups.max(axis=0), groups.shape).ravel()

    def prox(self, z: Array, metric: Array) -> Array:
        """Return groups with norms reduced by ``weights / metric``; zero if a norm is smaller."""
        norms = self._norms(z)
        threshold = self._weights / self._in_groups(metric)[0]
        kept = _quotient(np.maximum(norms - threshold, 0), norms)
        return np.asarray((self._in_groups(z) * kept).ravel())

    def is_free(self, z: Array) -> NDArray[np.bool_]:
        """Return where the penalty is smooth: in groups not at zero, or with a weight of zero."""
        free = (self._norms(z) > 0) | (self._weights == 0)
        return np.broadcast_to(free, self._in_groups(z).shape).ravel()

    def gradient(self, z: Array) -> Array:
        """Return the gradient of the penalty at the parameters that are free."""
        share = _quotient(self._weights, self._norms(z))
        return np.asarray((self._in_groups(z) * share).ravel())

    def curvature(self, z: Array) -> CurvatureOfNorms:
        """Return the Hessian of the penalty where it is smooth."""
        norms = self._norms(z)
        directions = self._in_groups(z) / np.where(norms > 0, norms, 1.0)
        return CurvatureOfNorms(_quotient(self._weights, norms), directions)

    def crosses(self, z: Array, step: Array) -> bool:
        """Whether a step turns a group around, through zero."""
        return bool(self._turns(z, step).any())

    def first_kink(self, z: Array, step: Array) -> float:
        """Return infinity: a step hardly ever leads through the point where a group is zero."""
        return np.inf

    def moved(self, z: Array, step: Array) -> Array:
        """Return ``z + step``, but zero for groups that the step turns around."""
        stay = np.broadcast_to(self._turns(z, step), self._in_groups(z).shape).ravel()
        return np.where(stay, 0.0, z + step)

    def _turns(self, z: Array, step: Array) -> NDArray[np.bool_]:
        """Return which groups a step turns by more than a right angle, shape ``(n_groups,)``."""
        inner = np.einsum("kj,kj->j", self._in_groups(z + step), self._in_groups(z))
        return np.asarray((inner < 0) & (self._weights > 0))


@dataclass(frozen=True)
class CurvatureOfNorms:
    """``share_j (I - u_j u_j')`` for each group ``j``, with ``u_j`` its direction."""

    share: Array
    """``weights_j / |z_j|``, shape ``(n_groups,)``."""

    directions: Array
    """``u_j``, shape ``(n_outputs, n_groups)``."""

    @property
    def diagonal_bound(self) -> Array:
        """``share_j`` for each parameter, flat: the diagonal is at most this."""
        return np.broadcast_to(self.share, self.directions.shape).ravel()

    def times(self, step: Array) -> Array:
        """Return the product with a flat step."""
        u, d = self.directions, step.reshape(self.directions.shape)
        return np.asarray((self.share * (d - u * np.einsum("kj,kj->j", u, d))).ravel())

    def add_to(self, matrix: Array, free: NDArray[np.bool_]) -> None:
        """Add this Hessian among the free parameters to a matrix, in place.

        ``free`` has shape ``(n_active,)``, and ``matrix`` has ``free.sum()`` rows and columns.
        """
        free = free.reshape(self.directions.shape)
        positions = np.cumsum(free.ravel()).reshape(free.shape) - 1
        groups = free.all(axis=0)
        positions, share, u = positions[:, groups], self.share[groups], self.directions[:, groups]
        for k, at_k in enumerate(positions):
            matrix[at_k, at_k] += share
            for at_l, u_l in zip(positions, u, strict=True):
                matrix[at_k, at_l] -= share * u[k] * u_l


def _quotient(numerator: Array, denominator: Array) -> Array:
    """Return ``numerator / denominator``, with zero where ``denominator`` is zero."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    return np.divide(numerator, denominator, out=np.zeros(shape), where=denominator > 0)
