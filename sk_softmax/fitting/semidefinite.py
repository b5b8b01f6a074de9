"""A positive semidefinite matrix, factored once: solutions, and directions without curvature."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array

# A pivot is rounding if it is at most so many times its number of rows and the spacing of numbers
# at 1, in a matrix with a unit diagonal.
ROUNDINGS = 100


class Semidefinite:
    """The Cholesky factor of a semidefinite matrix, of the rows that do not depend on others.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        The matrix, finite. It is scaled to a unit diagonal first, so that the units of its rows do
        not matter.
    """

    def __init__(self, matrix: Array) -> None:
        n, diagonal = len(matrix), matrix.diagonal()
        self._scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        unit = matrix * self._scale[:, None] * self._scale
        least = ROUNDINGS * n * np.finfo(np.float64).eps
        self._kept = np.arange(n)
        self._factor, failed = scipy.linalg.lapack.dpotrf(unit, lower=1)
        self.null: Array = np.zeros((0, n))
        """Directions without curvature, shape ``(n_null, n)``, of length 1 in units of the roots
        of the diagonal."""

        if failed or self._factor.diagonal().min() ** 2 <= least:
            self._leave_out(unit, least)

    def _leave_out(self, unit: Array, least: float) -> None:
        """Factor the rows of which those before leave more than rounding, and find the others.

        ``unit`` is the scaled matrix. Its eigenvectors would tell the same.
        """
        factor, pivots, rank, _ = scipy.linalg.lapack.dpstrf(unit, tol=least, lower=1)
        self._factor, self._kept = factor[:rank, :rank], pivots[:rank] - 1
        others = pivots[rank:] - 1
        null = np.zeros((len(others), len(unit)))
        null[np.arange(len(others)), others] = 1.0
        null[:, self._kept] = -self._solved(unit[np.ix_(self._kept, others)]).T
        self.null = null / np.linalg.norm(null, axis=1, keepdims=True) * self._scale

    def solve(self, right: Array) -> Array:
        """Return solutions for right-hand sides, both of shape ``(n_sides, n)``.

        They are zero in the rows that depend on others, whose equations follow from the others'
        where there is a solution.
        """
        solution = np.zeros_like(right)
        scaled = (right * self._scale)[:, self._kept]
        solution[:, self._kept] = self._solved(scaled.T).T
        solution *= self._scale
        return solution

    def _solved(self, right: Array) -> Array:
        """Return solutions of the kept rows of the scaled matrix, shape ``(n_kept, n_sides)``."""
        if not right.size:
            return right
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right, lower=1)
        return np.asarray(solution)
