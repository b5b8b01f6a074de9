"""Hessians and approximations of them, factored once, so that they are cheap to apply."""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg.blas import dtrsv, strsv
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtri, spotrf, strtri

from sk_softmax.interfaces import Array
from sk_softmax.interfaces.objective import are_finite

EPS = float(np.finfo(np.float64).eps)

# Columns from which a matrix a class is applied by its factor, as a triangle, which is half of an
# array, and a class's second solve finds it in the cache. With ten classes and caches that held
# something else 785 columns took 2.4 ms in one product over all classes and 1.4 so in float32, 4.6
# and 2.6 in float64; 257 columns 0.26 and 0.28, 0.43 and 0.38. To invert ten factors took 44 ms.
MANY_COLUMNS = 400


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
    width : dtype
        The width that the factor needs. In float32 a matrix that is far from singular is factored
        in half the time.
    """

    def __init__(self, matrix: Array, width: DTypeLike = np.float64) -> None:
        diagonal = matrix.diagonal()
        if not are_finite(matrix):
            # Products overflowed. A diagonal of the right signs still gives a descent direction,
            # and a line search finds the length of its step.
            matrix = np.diag(np.where(np.isfinite(diagonal), diagonal, 1.0))
            diagonal = matrix.diagonal()
        is_positive = diagonal.min(initial=1.0) > 0  # to tell takes half of a selection's time
        self._scale = 1 / np.sqrt(diagonal if is_positive else np.where(diagonal > 0, diagonal, 1))
        unit = matrix * self._scale[:, None]
        unit *= self._scale
        unit.ravel("K")[:: len(unit) + 1] = 1.0
        narrow = _cholesky_in_float32(unit) if np.dtype(width) == np.float32 else None
        self._factor = _cholesky_with_ridge(unit) if narrow is None else narrow

    def solve(self, right: Array) -> Array:
        """Return ``matrix^-1 right`` for ``right`` of shape ``(n,)`` or ``(n, k)``."""
        scale = self._scale if right.ndim == 1 else self._scale[:, None]
        solution, _ = dpotrs(self._factor, right * scale, lower=1)
        return np.asarray(solution * scale)

    def solve_one(self, right: Array) -> Array:
        """Return ``matrix^-1 right`` for ``right`` of shape ``(n,)``, in the factor's width."""
        # Of one vector this takes a third to a half of the time of LAPACK's solve.
        substitute = strsv if self._factor.dtype == np.float32 else dtrsv
        half = substitute(self._factor, right * self._scale, lower=1)
        solution = substitute(self._factor, half, lower=1, trans=1, overwrite_x=1)
        return np.asarray(solution * self._scale)

    def inverse_root(self) -> Array:
        """Return an upper triangular ``A`` in float64, ``(n, n)``, with ``A A' = matrix^-1``."""
        invert = strtri if self._factor.dtype == np.float32 else dtrtri
        inverse, _ = invert(self._factor, lower=1)
        return np.asarray(inverse.T * self._scale[:, None])

    def move_to(self, place: Array) -> None:
        """Keep the factor in an array of shape ``(n, n)``, stored by rows, if it is as wide."""
        if self._factor.dtype == place.dtype:
            place.T[:] = self._factor
            self._factor = place.T


def _cholesky_with_ridge(unit: Array) -> Array:
    """Return the lower Cholesky factor of ``unit`` plus the least ridge it needs, zero above.

    ``unit`` has shape ``(n, n)`` and a unit diagonal, to which the ridge is added in place. The
    first ridge tried is ``10 n eps``, and each that follows is 100 times as large.
    """
    n = len(unit)
    ridge = 0.0
    while True:
        # The transpose, which is the same matrix, is in the order of LAPACK: 785 columns are
        # copied in 0.5 ms, and in 3 ms from the other order. Clean, the triangle above is zero.
        factor, failed = dpotrf(unit.T, lower=1, clean=1)
        # A pivot that consists of rounding alone comes out positive half of the time.
        if not failed and factor.diagonal().min() ** 2 > n * EPS:
            return np.asarray(factor)
        ridge = max(100 * ridge, 10 * n * EPS)
        np.fill_diagonal(unit, 1.0 + ridge)


def _cholesky_in_float32(unit: Array) -> Array | None:
    """Return the lower Cholesky factor of ``unit`` in float32, or None if it is near singular.

    ``unit`` has shape ``(n, n)`` and a unit diagonal. Of 785 columns this takes 3.1 ms, and the
    inverse of the factor 4.1 ms; in float64 they take 5.3 and 7.4 ms.
    """
    narrow = unit.T.astype(np.float32)
    factor, failed = spotrf(narrow, lower=1, clean=1, overwrite_a=1)
    # Rounding leaves at least a digit of the smallest pivot.
    least = 10 * len(unit) * np.finfo(np.float32).eps
    is_sure = not failed and factor.diagonal().min() ** 2 > least
    return np.asarray(factor) if is_sure else None


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
    """One matrix per class, shape ``(n_outputs, n_columns, n_columns)``; they may be overwritten.

    Parameters
    ----------
    matrices : ndarray of shape (n_outputs, n_columns, n_columns)
        The matrices.
    width : dtype
        The width of the rows. In float32 factors are kept in float32 where matrices are far from
        singular. Always in float32, a fit to Shuttle took 1,470 iterations for 899.
    """

    def __init__(self, matrices: Array, width: DTypeLike = np.float64) -> None:
        self.diagonal: Array = np.einsum("kii->ki", matrices).copy()
        is_large = matrices.shape[1] >= MANY_COLUMNS
        self._inverse = (_ByFactors if is_large else _ByRoots)(matrices, width)

    def solve(self, gradient: Array) -> Array:
        """Return ``M_k^-1 gradient_k`` for each class ``k``, less their mean over the classes.

        If the same vector is added to every class, only the penalty changes, so a later step would
        have to take it back. Without the mean, fits took half as many iterations on digits and
        cover types.
        """
        steps = self._inverse.times(gradient)
        # The same bits as steps.mean(axis=0), which takes 9 us more.
        return np.asarray(steps - np.add.reduce(steps, axis=0) / len(steps))


class _ByRoots:
    """Inverses of few columns: the inverse ``A`` of each Cholesky factor is kept.

    So one product over all classes applies them; on digits one triangular solve per class took 2.5
    times as long. ``A A'`` is positive semidefinite for any ``A``, so rounding cannot turn a
    descent direction into one of ascent. In float64, whatever the factors: applied in float32 it
    takes no less time, and a fit to segment with C=1e4 ended 7e-4 above where it did.
    """

    def __init__(self, matrices: Array, width: DTypeLike) -> None:
        self._roots = np.stack([PositiveFactor(m, width).inverse_root() for m in matrices])

    def times(self, vectors: Array) -> Array:
        """Return ``A_k A_k' v_k`` for each class, shape ``(n_outputs, n_columns)``."""
        narrow = vectors.astype(self._roots.dtype, copy=False)[:, :, None]
        half = self._roots.transpose(0, 2, 1) @ narrow
        return np.asarray((self._roots @ half)[:, :, 0]).astype(vectors.dtype, copy=False)


class _ByFactors:
    """Inverses of many columns: two triangular solves a class, each in the width of its factor."""

    def __init__(self, matrices: Array, width: DTypeLike) -> None:
        self._factors = []
        for matrix in matrices:
            factor = PositiveFactor(matrix, width)
            factor.move_to(matrix)  # a second array of this size would be one too many
            self._factors.append(factor)

    def times(self, vectors: Array) -> Array:
        """Return ``M_k^-1 v_k`` for each class, shape ``(n_outputs, n_columns)``."""
        products = np.empty_like(vectors)
        for factor, vector, product in zip(self._factors, vectors, products, strict=True):
            product[:] = factor.solve_one(vector)
        return products


class SharedDiagonal:
    """The diagonal of :class:`SharedGram`, for more features than a matrix can be formed for."""

    def __init__(self, diagonal: Array, n_outputs: int) -> None:
        usable = np.isfinite(diagonal) & (diagonal > 0)
        shape = n_outputs, len(diagonal)
        self.diagonal: Array = np.broadcast_to(np.where(usable, diagonal, 1.0), shape)

    def solve(self, gradient: Array) -> Array:
        """Return ``D^-1 gradient``, shape ``(n_outputs, n_columns)``."""
        return np.asarray(gradient / self.diagonal[0].astype(gradient.dtype, copy=False))


class CentredDiagonal:
    """A diagonal metric of columns less their means: its diagonal is that of :class:`SharedGram`.

    Beside the diagonal of a Gram matrix its largest part is that of the columns' means ``m``, and
    an intercept takes it up: ``M = diag(v) + w (m, 1)(m, 1)'``, with weighted variances ``v`` and
    the rows' mean weight ``w``. To solve with it is to solve with ``diag(v, w)`` for columns less
    their means, which are never computed. On 20 newsgroups with C=1 and ``tol=1e-6`` L-BFGS took
    29 iterations with a diagonal, and with this, in a build of other changes too, 17.

    Parameters
    ----------
    variances : ndarray of shape (n_features,)
        ``v``, with the penalty.
    means : ndarray of shape (n_features,)
        ``m``.
    weight : float
        ``w``.
    n_outputs : int
        How many classes have params of their own.
    """

    def __init__(self, variances: Array, means: Array, weight: float, n_outputs: int) -> None:
        usable = np.isfinite(variances) & (variances > 0)
        self._variances = np.where(usable, variances, 1.0)
        self._means = np.where(np.isfinite(means), means, 0.0)
        self._weight = weight if np.isfinite(weight) and weight > 0 else 1.0
        diagonal = np.append(self._variances + self._weight * self._means**2, self._weight)
        self.diagonal: Array = np.broadcast_to(diagonal, (n_outputs, len(diagonal)))

    def solve(self, gradient: Array) -> Array:
        """Return ``M^-1 gradient`` for each class, shape ``(n_outputs, n_columns)``."""
        means = self._means.astype(gradient.dtype, copy=False)
        of_intercept = gradient[:, -1:]
        step = np.empty_like(gradient)
        coef = step[:, :-1]
        np.multiply(of_intercept, -means, out=coef)
        coef += gradient[:, :-1]
        coef /= self._variances.astype(gradient.dtype, copy=False)
        step[:, -1] = of_intercept[:, 0] / self._weight - coef @ means
        return step

    def solve_intercepts(self, gradient: Array) -> Array:
        """Return what intercepts move for columns less their means, shape ``(n_outputs,)``."""
        return np.asarray(gradient[:, -1] / self._weight)


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
