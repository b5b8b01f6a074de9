"""Fewer rows than features: a small matrix is used in place of the wide one."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array, Rows
from sk_softmax.rows.summing import block_bounds, sum_over_blocks

# Numbers of X that are widened to float64 and multiplied at a time: 16 MiB.
NUMBERS_AT_ONCE = 2**21

# Beside them each thread holds matrices of (n_rows, n_rows), 8 MiB each at this many rows. With
# more rows there is one thread only.
MOST_ROWS_FOR_THREADS = 1024


class RowSpace:
    """Coordinates of the rows in the space that they span: ``X = coordinates @ basis``.

    The coefficients that minimise a loss of ``X coef'`` plus an L2 penalty lie in the span of the
    rows (Kimeldorf and Wahba, 1971). The basis is orthonormal. So a fit to the coordinates, of
    shape ``(n_rows, rank)``, with the same penalty is the same problem with the same minimum. The
    coordinates are computed from the eigenvectors of ``X X'``; directions whose eigenvalue there
    is hidden by rounding are left out.

    Parameters
    ----------
    rows : Rows
        The rows, fewer than features.
    n_threads : int, default=1
        How many threads multiply the rows.
    """

    def __init__(self, rows: Rows, n_threads: int = 1) -> None:
        def product(features: slice) -> tuple[Array]:
            """Return the part of ``X X'`` that these features add, ``(n_rows, n_rows)``."""
            part = rows.values(features=features).astype(np.float64, copy=False)
            gram = part @ part.T
            return (gram.toarray() if hasattr(gram, "toarray") else gram,)

        n_rows, n_features = rows.n_rows, rows.n_features
        bounds = block_bounds(n_features, max(NUMBERS_AT_ONCE // n_rows, 1))
        n_threads = n_threads if n_rows <= MOST_ROWS_FOR_THREADS else 1
        (gram,) = sum_over_blocks(bounds, product, n_threads)
        values, vectors = scipy.linalg.eigh(gram)
        seen = values > len(values) * np.finfo(np.float64).eps * values[-1]
        if not seen.any():
            # All rows are zero, so they have no coordinates. One coordinate that is zero
            # everywhere keeps the arrays from being empty.
            values, seen = np.ones_like(values), np.arange(len(values)) == 0
            vectors = np.zeros_like(vectors)
        self._rows = rows
        self._vectors = vectors[:, seen]
        self._lengths = np.sqrt(values[seen])
        self.coordinates: Array = self._vectors * self._lengths

    @property
    def rank(self) -> int:
        """How many coordinates a row has."""
        return len(self._lengths)

    def lift(self, coef: Array) -> Array:
        """Return ``coef @ basis``, from ``(n_outputs, rank)`` to ``(n_outputs, n_features)``."""
        of_rows = (coef / self._lengths) @ self._vectors.T
        of_rows = of_rows.astype(self._rows.dtype, copy=False)
        (lifted,) = self._rows.sum(lambda block: (block.pull_back(of_rows[:, block.rows]),))
        return np.asarray(lifted[:, : self._rows.n_features])
