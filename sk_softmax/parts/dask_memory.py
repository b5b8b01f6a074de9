"""Whether parts are kept where dask computes them, by the memory that is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

# Part of the memory of all workers, or of this process, that kept parts may fill. The rest is for
# a user's own collections, which they may be copies of, and for what is computed.
MOST_FILLED = 0.5

# Numbers in float64 are kept beside a copy in float32, with which a fit begins.
BYTES_WITH_COPY = 12


def fits(n_bytes: int, memory: int) -> bool:
    """Whether so many bytes may be kept in a memory of so many."""
    return n_bytes <= MOST_FILLED * memory


def bytes_when_kept(X: Any) -> int:
    """Return how many bytes the rows of a given part take when they are checked and kept."""
    dtypes = list(X.dtypes) if hasattr(X, "dtypes") else [X.dtype]
    per_number = 4 if all(dtype == np.float32 for dtype in dtypes) else BYTES_WITH_COPY
    if sp.issparse(X):
        n_pointers = X.shape[0] + X.shape[1]
        return int(X.nnz * (per_number + 4) + 8 * n_pointers)
    return int(np.prod(np.shape(X)) * per_number)


def memory_of_workers(client: Any) -> tuple[int, int]:
    """Return how many workers a client has, and the bytes that they may fill together.

    A worker without a limit of its own counts as its machine's memory does.
    """
    limits = client.run(_memory_limit)
    return len(limits), sum(limits.values())


def _memory_limit(dask_worker: Any) -> int:
    """Return the bytes that a worker may fill."""
    limit = dask_worker.memory_manager.memory_limit
    return int(limit) if limit else memory_here()


def memory_here() -> int:
    """Return the bytes that this process may fill."""
    from distributed.system import MEMORY_LIMIT

    return int(MEMORY_LIMIT)
