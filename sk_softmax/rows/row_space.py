"""Fewer rows than features: a small matrix is used in place of the wide one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Rows
from sk_softmax.rows.summing import block_bounds, sum_over_blocks

# Numbers of X that are widened to float64 and multiplied at a time: 16 MiB.
NUMBERS_AT_ONCE = 2**21

# Sparse rows are multiplied in so many pieces at most, because each makes a dense matrix: 1,500
# rows of 20 newsgroups take 0.18 s in 8 pieces and 0.29 s in 37.
MOST_SPARSE_PIECES = 8

# Beside them each thread holds matrices of (n_rows, n_rows), 8 MiB each at this many rows. With
# more rows there is one thread only.
MOST_ROWS_FOR_THREADS = 1024

# A diagonal metric serves coordinates by pivots about as well as those by eigenvectors if the
# pivots' lengths differ by at most this factor. They differ by 2.4 on 1,500 rows of 20 newsgroups
# (10 iterations, 8 by eigenvectors, which take 0.5 s), and by 23 on 1,500 rows of correlated
# columns (238 iterations, 32 by eigenvectors).
MOST_SPREAD = 10.0

Coordinates: TypeAlias = tuple[Array, Callable[[Array], Array]]
"""Coordinates ``C`` of the rows, ``(n_rows, rank)``, with ``C C' = X X'``; and how to lift.

Lifted coefficients are a sum of rows. The function returns the weight of each row in it, from
``(n_outputs, rank)`` to ``(n_outputs, n_rows)``.
"""


class RowSpace:
    """Coordinates of the rows in the space that they span: ``X = coordinates @ basis``.

    The coefficients that minimise a loss of ``X coef'`` plus an L2 penalty lie in the span of the
    rows (Kimeldorf and Wahba, 1971). The basis is orthonormal. So a fit to the coordinates, of
    shape ``(n_rows, rank)``, with the same penalty is the same problem with the same minimum. The
    coordinates are computed from ``X X'``; directions hidden there by rounding are left out.

    Parameters
    ----------
    rows : Rows
        The rows, fewer than features.
    n_threads : int, default=1
        How many threads multiply the rows.
    most_in_full_metric : int, optional
        With more coordinates than this the metric of a fit to them is a diagonal, and they are
        chosen to suit it. None: it never is.
    """

    def __init__(
        self, rows: Rows, n_threads: int = 1, most_in_full_metric: int | None = None
    ) -> None:
        self._rows = rows
        gram = self._products(n_threads)
        suits = most_in_full_metric is None or rows.n_rows <= most_in_full_metric
        # A copy takes 7 us with 200 rows, and the products of the coordinates 220.
        found = _by_pivots(gram.copy(), np.inf if suits else MOST_SPREAD)
        self.coordinates, self._weights_of = found or _by_eigenvectors(gram)
        self.products = gram if suits else None
        """``X X'``, ``(n_rows, n_rows)``, where the metric of a fit is a full one; else None."""

    @property
    def rank(self) -> int:
        """How many coordinates a row has."""
        return int(self.coordinates.shape[1])

    def lift(self, coef: Array) -> Array:
        """Return ``coef @ basis``, from ``(n_outputs, rank)`` to ``(n_outputs, n_features)``."""
        of_rows = self._weights_of(coef).astype(self._rows.dtype, copy=False)
        return np.asarray(self._combined(of_rows)[:, : self._rows.n_features])

    def _products(self, n_threads: int) -> Array:
        """Return ``X X'`` in float64, shape ``(n_rows, n_rows)``."""
        return _products_of(self._rows, n_threads)

    def _combined(self, of_rows: Array) -> Array:
        """Return sums of rows with weights of ``(n_outputs, n_rows)``, with further columns."""
        (combined,) = self._rows.sum(lambda block: (block.pull_back(of_rows[:, block.rows]),))
        return np.asarray(combined)


def _products_of(rows: Rows, n_threads: int) -> Array:
    """Return ``X X'``, shape ``(n_rows, n_rows)``."""

    def product(features: slice) -> tuple[Array]:
        """Return the part that these features add."""
        part = rows.values(features=features).astype(np.float64, copy=False)
        gram = part @ part.T
        return (gram.toarray() if hasattr(gram, "toarray") else gram,)

    at_once = max(NUMBERS_AT_ONCE // rows.n_rows, 1)
    if hasattr(rows.values(slice(0, 1)), "toarray"):
        at_once = max(at_once, -(-rows.n_features // MOST_SPARSE_PIECES))
    bounds = block_bounds(rows.n_features, at_once)
    n_threads = n_threads if rows.n_rows <= MOST_ROWS_FOR_THREADS else 1
    (gram,) = sum_over_blocks(bounds, product, n_threads)
    return np.asarray(gram)


def _hidden_below(gram: Array) -> float:
    """Return the squared length below which a direction is hidden by the rounding of a matrix."""
    return float(len(gram) * np.finfo(np.float64).eps * gram.diagonal().max())


def _by_pivots(gram: Array, most_spread: float) -> Coordinates | None:
    """Return the Cholesky factor of ``gram``, of shape ``(n_rows, n_rows)``, which is overwritten.

    With pivoting, the basis is ``C_1^-1 X_1``, where ``X_1`` are the rows that the pivots picked,
    and ``C_1``, a triangle, their coordinates. The factor takes 0.2 ms for 200 rows and 12 ms for
    1,000; eigenvectors take 4.1 and 194. None if the pivots' lengths differ by more than
    ``most_spread``.
    """
    n_rows, least = len(gram), _hidden_below(gram)
    # The transpose is the same matrix in Fortran order, so that it is not copied.
    factor, pivots, rank, _ = scipy.linalg.lapack.dpstrf(gram.T, tol=least, lower=1, overwrite_a=1)
    if rank == 0:
        # All rows are zero. One coordinate that is zero everywhere keeps arrays from being empty.
        return np.zeros((n_rows, 1)), partial(_times, np.zeros((1, n_rows)))
    lengths = factor.diagonal()[:rank]
    if lengths[0] > most_spread * lengths[-1]:
        return None
    coordinates = np.empty((n_rows, rank))
    coordinates[pivots - 1] = np.tril(factor[:, :rank])
    triangle = np.asfortranarray(factor[:rank, :rank])
    return coordinates, partial(_solved, triangle, pivots[:rank] - 1, n_rows)


def _by_eigenvectors(gram: Array) -> Coordinates:
    """Return eigenvectors of ``gram``, of shape ``(n_rows, n_rows)``, in their lengths.

    So ``C'C`` is a diagonal. ``gram`` is not zero.
    """
    values, vectors = scipy.linalg.eigh(gram)
    seen = values > _hidden_below(gram)
    vectors, lengths = vectors[:, seen], np.sqrt(values[seen])
    return vectors * lengths, partial(_times, (vectors / lengths).T)


def _times(weights: Array, coef: Array) -> Array:
    """Return ``coef @ weights``, where ``weights`` has shape ``(rank, n_rows)``."""
    return np.asarray(coef @ weights)


def _solved(triangle: Array, picked: NDArray[np.intp], n_rows: int, coef: Array) -> Array:
    """Return ``coef @ triangle^-1`` for the rows ``picked``, of shape ``(rank,)``, and zeros."""
    weights = np.zeros((len(coef), n_rows))
    solved, _ = scipy.linalg.lapack.dtrtrs(triangle, coef.T, lower=1, trans=1)
    weights[:, picked] = solved.T
    return weights
