"""Hessians and approximations of them, factored once, so that they are cheap to apply."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array


class PositiveFactor:
    """Cholesky factor of a symmetric positive semidefinite matrix that may be singular.

    The matrix is first scaled to a unit diagonal. So the units of the features affect neither the
    factor nor the decision whether the matrix is singular. If it is singular to working precision,
    ridges of growing size are tried, and the first with which it can be factored is added to the
    unit diagonal. For a right-hand side in the range of the matrix this gives the minimum-norm
    solution up to the ridge, and a gradient is in the range of its Hessian.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        The matrix, which is not changed.
    """

    def __init__(self, matrix: Array) -> None:
        diagonal = matrix.diagonal()
        if not np.isfinite(matrix).all():
            # Products overflowed. A diagonal of the right signs still gives a descent direction,
            # and a line search finds the length of its step.
            matrix = np.diag(np.where(np.isfinite(diagonal), diagonal, 1.0))
            diagonal = matrix.diagonal()
        self._scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        unit = matrix * self._scale[:, None]
        unit *= self._scale
        unit.flat[:: len(unit) + 1] = 1.0
        self._factor = _cholesky_with_ridge(unit)

    def solve(self, right: Array) -> Array:
        """Return ``matrix^-1 right`` for ``right`` of shape ``(n,)`` or ``(n, k)``."""
        scale = self._scale if right.ndim == 1 else self._scale[:, None]
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right * scale, lower=1)
        return np.asarray(solution * scale)

    def inverse_root(self) -> Array:
        """Return ``A`` of shape ``(n, n)`` with ``A'A = matrix^-1``."""
        inverse, _ = scipy.linalg.lapack.dtrtri(self._factor, lower=1)
        return np.asarray(np.tril(inverse) * self._scale)


def _cholesky_with_ridge(unit: Array) -> Array:
    """Return the lower Cholesky factor of ``unit`` plus the least ridge it needs.

    ``unit`` has shape ``(n, n)`` and a unit diagonal, to which the ridge is added in place. The
    first ridge tried is ``10 n eps``, and each that follows is 100 times as large.
    """
    n = len(unit)
    ridge = 0.0
    while True:
        # The transpose has the column-major layout of LAPACK.
        factor, failed = scipy.linalg.lapack.dpotrf(unit.T, lower=1, clean=0)
        # A pivot that consists of rounding alone comes out positive half of the time.
        if not failed and factor.diagonal().min() ** 2 > n * np.finfo(np.float64).eps:
            return np.asarray(factor)
        ridge = max(100 * ridge, 10 * n * np.finfo(np.float64).eps)
        np.fill_diagonal(unit, 1.0 + ridge)


class SharedGram:
    """One matrix for every class: ``X' diag(r) X / sum(s) + penalty``.

    With ``r_i = s_i / 2`` it is an upper bound of the Hessian (Boehning 1992). With ``r_i = s_i``
    times the mean curvature of row ``i`` at the current parameters it is the average of the
    Hessian over the classes. Its shape is ``(n_columns, n_columns)``.
    """

    def __init__(self, matrix: Array, n_outputs: int) -> None:
        self._factor = PositiveFactor(matrix)
        self.diagonal: Array = np.broadcast_to(matrix.diagonal(), (n_outputs, len(matrix)))

    def solve(self, gradient: Array) -> Array:
        """Return ``M^-1 gradient`` for each class, shape ``(n_outputs, n_columns)``."""
        return self._factor.solve(gradient.T).T


class ClassGrams:
    """One matrix per class, shape ``(n_outputs, n_columns, n_columns)``; they are overwritten.

    The inverse ``A`` of each Cholesky factor is kept, so that one product over all classes applies
    them; on digits one triangular solve per class took 2.5 times as long. ``A'A`` is positive
    semidefinite for any ``A``, so rounding cannot turn a descent direction into one of ascent.
    """

    def __init__(self, matrices: Array) -> None:
        self.diagonal: Array = np.einsum("kii->ki", matrices).copy()
        for matrix in matrices:
            matrix[:] = PositiveFactor(matrix).inverse_root()
        self._roots = matrices

    def solve(self, gradient: Array) -> Array:
        """Return ``M_k^-1 gradient_k`` for each class ``k``, less their mean over the classes.

        If the same vector is added to every class, only the penalty changes, so a later step would
        have to take it back. Without the mean, fits took half as many iterations on digits and
        cover types.
        """
        half = self._roots @ gradient[:, :, None]
        steps = (self._roots.transpose(0, 2, 1) @ half)[:, :, 0]
        return np.asarray(steps - steps.mean(axis=0))


class SharedDiagonal:
    """The diagonal of :class:`SharedGram`, for more features than a matrix can be formed for."""

    def __init__(self, diagonal: Array, n_outputs: int) -> None:
        usable = np.isfinite(diagonal) & (diagonal > 0)
        shape = n_outputs, len(diagonal)
        self.diagonal: Array = np.broadcast_to(np.where(usable, diagonal, 1.0), shape)

    def solve(self, gradient: Array) -> Array:
        """Return ``D^-1 gradient``, shape ``(n_outputs, n_columns)``."""
        return gradient / self.diagonal


class FullHessian:
    """The exact Hessian, of shape ``(n_outputs * n_columns, n_outputs * n_columns)``.

    Softmax does not change when the same vector is added to every class. So with more than two
    classes the Hessian is singular in these directions wherever there is no penalty. A gradient
    has no component in them. They are given the curvature of an average class, which removes the
    singularity and changes no step.
    """

    def __init__(self, matrix: Array, n_outputs: int) -> None:
        self.matrix = matrix
        """The Hessian itself: with more than two classes it is singular without a penalty."""

        self.diagonal: Array = matrix.diagonal().reshape(n_outputs, -1)
        if n_outputs > 1:
            matrix = matrix.copy()
            blocks = matrix.reshape(self.diagonal.shape * 2)
            diagonals = np.einsum("kjlj->klj", blocks)  # those of all blocks; a view
            diagonals += self.diagonal.sum(axis=0) / n_outputs**2
        self._factor = PositiveFactor(matrix)

    def solve(self, gradient: Array) -> Array:
        """Return ``H^-1 gradient``, shape ``(n_outputs, n_columns)``."""
        return self._factor.solve(gradient.ravel()).reshape(gradient.shape)
