"""Hessians and their approximations, factored once and then cheap to apply."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array


class PositiveFactor:
    """Cholesky factor of a symmetric positive semidefinite matrix that may be singular.

    The matrix is first scaled to a unit diagonal, so that neither the factor nor what counts as
    singular depends on the units of the features. If it is singular to working precision, the
    smallest ridge of a growing series that makes it factor is added to the unit diagonal: for a
    right-hand side in the range of the matrix this gives the minimum-norm solution up to the
    ridge, and a gradient is in the range of its Hessian.
    """

    def __init__(self, matrix: Array) -> None:
        diagonal = matrix.diagonal()
        if not np.isfinite(matrix).all():
            # Overflowed products: only a matrix of the right signs is left to build, and a line
            # search takes care of its scale.
            matrix = np.diag(np.where(np.isfinite(diagonal), diagonal, 1.0))
            diagonal = matrix.diagonal()
        self._scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        unit = matrix * self._scale[:, None]
        unit *= self._scale
        np.fill_diagonal(unit, 1.0)
        self._factor = _cholesky_with_ridge(unit)

    def solve(self, right: Array) -> Array:
        """Return ``matrix^-1 right`` for ``right`` of shape ``(n,)`` or ``(n, k)``."""
        scale = self._scale if right.ndim == 1 else self._scale[:, None]
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right * scale, lower=1)
        return np.asarray(solution * scale)

    def inverse_root(self) -> Array:
        """Return ``A`` with ``A'A = matrix^-1``."""
        inverse, _ = scipy.linalg.lapack.dtrtri(self._factor, lower=1)
        return np.asarray(np.tril(inverse) * self._scale)


def _cholesky_with_ridge(unit: Array) -> Array:
    """Lower Cholesky factor of a matrix with unit diagonal plus the least ridge it needs."""
    n = len(unit)
    ridge = 0.0
    while True:
        factor, failed = scipy.linalg.lapack.dpotrf(unit, lower=1, clean=0)
        # A pivot that is all rounding passes for positive half of the time.
        if not failed and factor.diagonal().min() ** 2 > n * np.finfo(np.float64).eps:
            return np.asarray(factor)
        ridge = max(100 * ridge, 10 * n * np.finfo(np.float64).eps)
        np.fill_diagonal(unit, 1.0 + ridge)


class SharedGram:
    """One matrix for every class: ``X' diag(r) X / sum(s) + penalty``.

    With ``r_i = s_i / 2`` it is an upper bound of the Hessian (Boehning 1992); with ``r_i = s_i``
    times the mean curvature of row ``i`` at the current parameters it is the Hessian's average
    over the classes.
    """

    def __init__(self, matrix: Array, n_outputs: int) -> None:
        self._factor = PositiveFactor(matrix)
        self.diagonal: Array = np.broadcast_to(matrix.diagonal(), (n_outputs, len(matrix)))

    def solve(self, gradient: Array) -> Array:
        """Return ``M^-1 gradient``, class by class."""
        return self._factor.solve(gradient.T).T


class ClassGrams:
    """One matrix a class, shape ``(n_outputs, n_columns, n_columns)``, which are overwritten.

    Kept as inverses of their Cholesky factors, so that one product over all classes applies them;
    a triangular solve for each took 2.5 times as long on digits. ``A'A`` of any ``A`` is
    positive semidefinite, so rounding cannot turn a descent direction around.
    """

    def __init__(self, matrices: Array) -> None:
        self.diagonal: Array = np.einsum("kii->ki", matrices).copy()
        for matrix in matrices:
            matrix[:] = PositiveFactor(matrix).inverse_root()
        self._roots = matrices

    def solve(self, gradient: Array) -> Array:
        """Return ``M_k^-1 gradient_k`` for each class ``k``, less their mean over the classes.

        Adding one vector to every class changes nothing but the penalty, so steps along it would
        only have to be taken back: without their mean, steps took half as many iterations on
        digits and cover types.
        """
        half = self._roots @ gradient[:, :, None]
        steps = (self._roots.transpose(0, 2, 1) @ half)[:, :, 0]
        return np.asarray(steps - steps.mean(axis=0))


class SharedDiagonal:
    """The diagonal of :class:`SharedGram`, for features too many for a matrix."""

    def __init__(self, diagonal: Array, n_outputs: int) -> None:
        usable = np.isfinite(diagonal) & (diagonal > 0)
        shape = n_outputs, len(diagonal)
        self.diagonal: Array = np.broadcast_to(np.where(usable, diagonal, 1.0), shape)

    def solve(self, gradient: Array) -> Array:
        """Return ``D^-1 gradient``."""
        return gradient / self.diagonal


class FullHessian:
    """The exact Hessian, of shape ``(n_outputs * n_columns, n_outputs * n_columns)``.

    Softmax does not change when the same vector is added to every class, so with several classes
    the Hessian is singular in those directions as far as the penalty does not see them. A
    gradient has no component there; giving them the curvature of an average class removes the
    singularity and changes no step.
    """

    def __init__(self, matrix: Array, n_outputs: int) -> None:
        self.matrix = matrix
        """The Hessian itself, which is singular where the penalty is none."""

        self.diagonal: Array = matrix.diagonal().reshape(n_outputs, -1)
        if n_outputs > 1:
            n_columns = len(matrix) // n_outputs
            blocks = matrix.reshape(n_outputs, n_columns, n_outputs, n_columns)
            # einsum's repeated index picks the diagonal of every class's diagonal block.
            per_column: Any = np.einsum("kjkj->j", blocks) / n_outputs**2
            lifted = blocks.copy()
            column = np.arange(n_columns)
            lifted[:, column, :, column] += per_column[:, None, None]
            matrix = lifted.reshape(matrix.shape)
        self._factor = PositiveFactor(matrix)

    def solve(self, gradient: Array) -> Array:
        """Return ``H^-1 gradient``."""
        return self._factor.solve(gradient.ravel()).reshape(gradient.shape)
