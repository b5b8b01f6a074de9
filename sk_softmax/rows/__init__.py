"""WHERE the rows are: in memory, dense or sparse."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp

from sk_softmax.interfaces import Rows
from sk_softmax.rows.dense import DenseRows
from sk_softmax.rows.row_space import RowSpace
from sk_softmax.rows.sparse import SparseRows
from sk_softmax.rows.sparse_columns import SparseColumnRows
from sk_softmax.rows.threads import single_threaded_blas, threads_in_force

__all__ = [
    "DenseRows",
    "RowSpace",
    "SparseColumnRows",
    "SparseRows",
    "rows_of",
    "single_threaded_blas",
    "threads_in_force",
]


def rows_of(X: Any, n_outputs: int, *, has_intercept: bool, n_threads: int) -> Rows:
    """Return the rows of a dense array, a CSR or a CSC matrix, without copying it."""
    kind: type[DenseRows | SparseRows] = DenseRows
    if sp.issparse(X):
        kind = SparseColumnRows if X.format == "csc" else SparseRows
    return kind(X, n_outputs, has_intercept=has_intercept, n_threads=n_threads)
