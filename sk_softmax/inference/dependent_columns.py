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

# A column is dependent if the part of its mean square that earlier columns do not explain is at
# most this share of it. Products of float64 hide shares below 1e-15. A share of 1e-12 is what
# the cube of the years 2000 to 2020 has beside their square.
SHARE = 1e-13

# How far a function of the coefficients may be from orthogonal to the null space, relative to its
# length, for it to count as estimable.
ANGLE = 1e-6


@dataclass(frozen=True, eq=False)
class Dependence:
    """Which columns are kept, and how the others depend on them."""

    kept: NDArray[np.intp]
    """Columns that do not depend on earlier ones, the intercept counting as the first."""

    dropped: NDArray[np.intp]
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


def dependence_of(gram: Array, l2: Array, *, has_intercept: bool) -> Dependence:
    """Return which columns depend on others.

    Parameters
    ----------
    gram : ndarray of shape (n_columns, n_columns)
        Mean products of the columns.
    l2 : ndarray of shape (n_columns,)
        Curvature of the penalty: a column that has any is determined by it.
    has_intercept : bool
        Whether the last column is the intercept, which is never dropped.
    """
    order = np.arange(len(gram))
    if has_intercept:
        order = np.roll(order, 1)
    matrix = gram + np.diag(l2)
    scale = np.sqrt(np.where(matrix.diagonal() > 0, matrix.diagonal(), 1.0))
    unit = (matrix / scale[:, None] / scale)[np.ix_(order, order)]
    places, weights = _independent(unit)
    dropped = np.setdiff1d(np.arange(len(order)), places)
    kept, left = order[places], order[dropped]
    weights = weights * scale[left] / scale[kept][:, None]
    by_number, left_by_number = np.argsort(kept), np.argsort(left)
    weights = weights[np.ix_(by_number, left_by_number)]
    return Dependence(kept[by_number], left[left_by_number], weights, scale)


def _independent(unit: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the rows of a Gram matrix that do not depend on earlier ones.

    Parameters
    ----------
    unit : ndarray of shape (n, n)
        With ones in the diagonal, or zeros where a column is zero.

    Returns
    -------
    places : ndarray of int, shape (n_kept,)
    weights : ndarray of shape (n_kept, n_dropped)
        The others as combinations of those kept.
    """
    n = len(unit)
    least = SHARE + 4 * n * np.finfo(np.float64).eps
    factor, failed = scipy.linalg.lapack.dpotrf(unit, lower=1)
    if not failed and factor.diagonal().min() ** 2 > least:
        return np.arange(n), np.zeros((n, 0))
    lower = np.zeros((n, n))
    places: list[int] = []
    for column in range(n):
        n_kept = len(places)
        row = scipy.linalg.solve_triangular(
            lower[:n_kept, :n_kept], unit[np.array(places, dtype=np.intp), column], lower=True
        )
        left = unit[column, column] - row @ row
        if left > least:
            lower[n_kept, :n_kept], lower[n_kept, n_kept] = row, np.sqrt(left)
            places.append(column)
    kept = np.array(places, dtype=np.intp)
    dropped = np.setdiff1d(np.arange(n), kept)
    root = (lower[: len(kept), : len(kept)], True)
    weights = scipy.linalg.cho_solve(root, unit[np.ix_(kept, dropped)])
    return kept, np.asarray(weights)
