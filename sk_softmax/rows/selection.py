"""Some rows of an array on disk, in the place of a copy of them."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array


class Selection:
    """Some rows of an array, by their indices: what is asked for is read, and nothing else.

    Parameters
    ----------
    whole : ndarray of shape (n_all, n_features)
        The array.
    indices : ndarray of int, shape (n_rows,)
        Numbers of the rows.
    """

    def __init__(self, whole: Array, indices: NDArray[np.intp]) -> None:
        self.whole = whole
        self.indices = indices
        self.shape = len(indices), whole.shape[1]
        self.ndim = 2
        self.dtype = whole.dtype

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.indices)

    def __getitem__(self, key: Any) -> Array:
        """Return a copy of some rows."""
        return np.asarray(self.whole[self.indices[key]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """Return a copy of all the rows, for callbacks that score them."""
        return np.asarray(self[:], dtype=dtype)


def is_memory_mapped(X: Any) -> bool:
    """Whether an array, or what it is a view of, is a memory-mapped file."""
    while X is not None:
        if isinstance(X, np.memmap | mmap.mmap):
            return True
        X = X.obj if isinstance(X, memoryview) else getattr(X, "base", None)
    return False
