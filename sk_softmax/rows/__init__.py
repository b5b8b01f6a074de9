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


def rows_of(
    X: Any, n_outputs: int, *, has_intercept: bool, n_threads: int, in_short_blocks: bool = False
) -> Rows:
    """Return an array, a selection of its rows, a CSR or a CSC matrix as rows, without a copy.

    Blocks of an array can be short; those of sparse rows are as long as their format needs.
    """
    options: dict[str, Any] = {"has_intercept": has_intercept, "n_threads": n_threads}
    if isinstance(X, Selection):
        whole = rows_of(X.whole, n_outputs, in_short_blocks=in_short_blocks, **options)
        return whole.subset(X.indices)
    if sp.issparse(X):
        return (CSCRows if X.format == "csc" else CSRRows)(X, n_outputs, **options)
    rows = DenseRows(X, n_outputs, **options)
    return rows.in_short_blocks() if in_short_blocks else rows
