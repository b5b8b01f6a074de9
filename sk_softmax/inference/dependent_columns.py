"""Columns that are a linear combination of others: their coefficients are not determined.

A model with all columns of a one-hot encoder beside an intercept predicts the same with many
coefficients. What can be reported is what is the same for all of them (the *estimable* functions,
Rao, Linear Statistical Inference, 1973, section 4a.2): a linear function ``c'b`` of the
coefficients is so if ``c`` is orthogonal to every ``v`` with ``X v = 0``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.interfaces import Array

# A column is dependent if the part of its mean square that other columns do not explain is at most
# this share of it. Products of float64 hide shares below 1e-15. A share of 1e-12 is what
# the cube of the years 2000 to 2020 has beside their square.
SHARE = 1e-13

# How far a function of the coefficients may be from orthogonal to the null space, relative to its
# length, for it to count as estimable.
ANGLE = 1e-6


@dataclass(frozen=True, eq=False)
class Dependence:
    """Which columns are kept, and how the others depend on them."""

    kept: NDArray[np.intp]
    """Columns that do not depend on one another, ascending."""

    dropped: NDArray[np.intp]
    """The others, ascending."""

    weights: Array
    """``X[:, dropped] = X[:, kept] @ weights``, shape ``(n_kept, n_dropped)``."""

    scale: Array
    """Root of the mean square of each column, shape ``(n_columns,)``."""

    @property
    def null_space(self) -> Array:
        """An orthonormal basis of the ``v`` with ``X (v / scale) = 0``.

        Shape ``(n_columns, n_dropped)``.
        """
        n_columns = len(self.kept) + len(self.dropped)
        basis = np.zeros((n_columns, len(self.dropped)))
        basis[self.dropped, np.arange(len(self.dropped))] = 1.0
        basis[self.kept] = -self.weights
        basis *= self.scale[:, None]
        return np.asarray(scipy.linalg.qr(basis, mode="economic")[0])

    def carried(self, contrasts: Array) -> Array:
        """Return contrasts with the same logits that are zero in the dropped columns.

        Both have shape ``(n_classes - 1, n_columns)``.
        """
        if not len(self.dropped):
            return contrasts
        carried = np.zeros_like(contrasts)
        carried[:, self.kept] = (
            contrasts[:, self.kept] + contrasts[:, self.dropped] @ self.weights.T
        )
        return carried

    def are_estimable(self, functions: Array) -> NDArray[np.bool_]:
        """Return which functions of one class's coefficients are determined.

        From shape ``(..., n_columns)`` to ``(...)``.
        """
        if not len(self.dropped):
            return np.ones(functions.shape[:-1], dtype=bool)
        scaled = functions / self.scale
        lengths = np.linalg.norm(scaled, axis=-1)
        off = np.abs(scaled @ self.null_space).max(axis=-1)
        return np.asarray(off <= ANGLE * np.where(lengths > 0, lengths, 1.0))


def dependence_of(gram: Array, l2: Array) -> Dependence:
    """Return which columns depend on others.

    Parameters
    ----------
    gram : ndarray of shape (n_columns, n_columns)
        Mean products of the columns.
    l2 : ndarray of shape (n_columns,)
        Curvature of the penalty: a column that has any is determined by it.
    """
    matrix = gram + np.diag(l2)
    n = len(matrix)
    scale = np.sqrt(np.where(matrix.diagonal() > 0, matrix.diagonal(), 1.0))
    unit = matrix / scale[:, None]
    unit /= scale
    # Pivoted: each column in turn is that of which those before explain least.
    least = SHARE + 4 * n * np.finfo(np.float64).eps
    factor, pivots, rank, _ = scipy.linalg.lapack.dpstrf(unit, tol=least, lower=1)
    order = pivots - 1
    kept, dropped = np.sort(order[:rank]), np.sort(order[rank:])
    weights = np.zeros((rank, n - rank))
    if rank < n:
        right = unit[np.ix_(order[:rank], dropped)]
        in_order = scipy.linalg.cho_solve((factor[:rank, :rank], True), right)
        weights = in_order[np.argsort(order[:rank])]
        weights *= scale[dropped] / scale[kept][:, None]
    return Dependence(kept, dropped, weights, scale)
