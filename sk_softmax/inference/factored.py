"""A positive definite matrix, factored and inverted in its own memory."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array

# Rows and columns that are mirrored at a time: half a MiB in float64, and thrice that on the way.
TILE = 256


class Singular(ValueError):
    """A matrix that was to be factored is not positive definite in this precision."""


class Factored:
    """The Cholesky factor of a symmetric positive definite matrix, without any ridge.

    The matrix is scaled to a unit diagonal first, so that the units of the columns do not matter.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        In C order, its upper triangle filled. It is overwritten.
    """

    def __init__(self, matrix: Array) -> None:
        diagonal = matrix.diagonal().copy()
        if not (np.isfinite(diagonal).all() and (diagonal > 0).all()):
            raise Singular
        self.diagonal: Array = diagonal
        """Of the matrix, shape ``(n,)``."""

        self._scale = 1 / np.sqrt(diagonal)
        matrix *= self._scale[:, None]
        matrix *= self._scale
        # The transposed view is in Fortran's order, which LAPACK overwrites.
        self._factor, failed = scipy.linalg.lapack.dpotrf(
            matrix.T, lower=1, clean=0, overwrite_a=1
        )
        # Rounding of the pivots; columns that depend on others have been left out before.
        least = 10 * np.sqrt(len(matrix)) * np.finfo(np.float64).eps
        if failed or self._factor.diagonal().min() ** 2 <= least:
            raise Singular

    def solve(self, right: Array) -> Array:
        """Return ``matrix^-1 right``, shape ``(n,)``."""
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right * self._scale, lower=1)
        return np.asarray(solution).ravel() * self._scale

    def sandwiched(self, meat: Array) -> Array:
        """Return ``matrix^-1 meat matrix^-1``; ``meat`` is symmetric and overwritten."""
        meat *= self._scale[:, None]
        meat *= self._scale
        half, _ = scipy.linalg.lapack.dpotrs(self._factor, meat.T, lower=1, overwrite_b=1)
        whole, _ = scipy.linalg.lapack.dpotrs(
            self._factor, np.asfortranarray(half.T), lower=1, overwrite_b=1
        )
        whole *= self._scale[:, None]
        whole *= self._scale
        return mirrored(np.asarray(whole).T)

    def forget(self) -> None:
        """Free the memory of the factor, if another matrix of its size is to come."""
        del self._factor

    def inverse(self) -> Array:
        """Return ``matrix^-1`` in the memory of the factor, which is gone afterwards."""
        inverse, _ = scipy.linalg.lapack.dpotri(self._factor, lower=1, overwrite_c=1)
        inverse *= self._scale[:, None]
        inverse *= self._scale
        del self._factor
        return mirrored(np.asarray(inverse).T)


def mirrored(matrix: Array) -> Array:
    """Return the matrix, in place, with its upper triangle copied to the lower one."""
    n = len(matrix)
    for first in range(0, n, TILE):
        rows = slice(first, min(first + TILE, n))
        matrix[rows.stop :, rows] = matrix[rows, rows.stop :].T
        corner = matrix[rows, rows]
        matrix[rows, rows] = np.triu(corner) + np.triu(corner, 1).T
    return matrix
