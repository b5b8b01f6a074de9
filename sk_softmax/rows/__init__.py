"""WHERE the rows are: in memory, dense or sparse."""

from __future__ import annotations

from typing import Any

import scipy.sparse as sp

from sk_softmax.interfaces import Rows
from sk_softmax.rows.csc import CSCRows
from sk_softmax.rows.csr import CSRRows
from sk_softmax.rows.dense import DenseRows
from sk_softmax.rows.row_space import RowSpace
from sk_softmax.rows.selection import Selection, is_memory_mapped
from sk_softmax.rows.threads import single_threaded_blas, threads_allowed, threads_in_force

__all__ = [
    "CSCRows",
    "CSRRows",
    "DenseRows",
    "RowSpace",
    "Selection",
    "is_memory_mapped",
    "rows_of",
    "single_threaded_blas",
    "threads_allowed",
    "threads_in_force",
]


def rows_of(X: Any, n_outputs: int, *, has_intercept: bool, n_threads: int) -> Rows:
    """Return an array, a selection of its rows, a CSR or a CSC matrix as rows, without a copy."""
    if isinstance(X, Selection):
        whole = rows_of(X.whole, n_outputs, has_intercept=has_intercept, n_threads=n_threads)
        return whole.subset(X.indices)
    kind: type[DenseRows | CSRRows] = DenseRows
    if sp.issparse(X):
        kind = CSCRows if X.format == "csc" else CSRRows
    return kind(X, n_outputs, has_intercept=has_intercept, n_threads=n_threads)
