"""Fewer rows than features: a small matrix that stands in for a wide one."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from sk_softmax.interfaces import Array
from sk_softmax.rows.summing import block_bounds, sum_over_blocks

# Numbers that are widened to float64 and multiplied at a time. Each of several threads holds
# matrices of rows by rows beside them, so there is one thread where these are large.
NUMBERS_AT_ONCE = 2**21
MOST_ROWS_FOR_THREADS = 1024


class RowSpace:
    """Coordinates of the rows in the space that they span: ``X = coordinates @ basis``.

    The coefficients that minimise a loss of ``X coef'`` plus an L2 penalty lie in the span of the
    rows (Kimeldorf and Wahba, 1971), and the basis is orthonormal, so fitting to the coordinates,
    of shape ``(n_rows, rank)``, with the same penalty is the same problem with the same minimum.
    They come from the eigenvectors of ``X X'``; directions that rounding makes invisible there
    are left out.

    Parameters
    ----------
    X : array, CSR or CSC matrix of shape (n_rows, n_features)
        The rows, fewer than features.
    n_threads : int, default=1
        How many threads multiply them.
    """

    def __init__(self, X: Any, n_threads: int = 1) -> None:
        def product(features: slice) -> tuple[Array]:
            part = X[:, features].astype(np.float64, copy=False)
            gram = part @ part.T
            return (gram.toarray() if hasattr(gram, "toarray") else gram,)

        n_rows, n_features = X.shape
        bounds = block_bounds(n_features, max(NUMBERS_AT_ONCE // n_rows, 1))
        n_threads = n_threads if n_rows <= MOST_ROWS_FOR_THREADS else 1
        (gram,) = sum_over_blocks(bounds, product, n_threads)
        values, vectors = scipy.linalg.eigh(gram)
        seen = values > len(values) * np.finfo(np.float64).eps * values[-1]
        if not seen.any():
            # Rows of zeros have no coordinates; one that is zero keeps the shapes ordinary.
            values, seen = np.ones_like(values), np.arange(len(values)) == 0
            vectors = np.zeros_like(vectors)
        self._X = X
        self._vectors = vectors[:, seen]
        self._lengths = np.sqrt(values[seen])
        self.coordinates: Array = self._vectors * self._lengths

    def lift(self, coef: Array) -> Array:
        """Return ``coef @ basis``, shape ``(n_outputs, n_features)``, of ``(n_outputs, rank)``."""
        of_rows = (coef / self._lengths) @ self._vectors.T
        return np.asarray(of_rows.astype(self._X.dtype) @ self._X, dtype=np.float64)
