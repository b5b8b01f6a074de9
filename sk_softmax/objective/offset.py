"""What is added to the logits of each row, in the form that logits have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Rows


def below_largest(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an offset less the largest of each row, shape ``(n_rows, n_outputs)``.

    That changes no probability. What all classes of a row share would take digits of their
    logits: those in float32 keep one beside an offset of 1e6. The single column of two classes is
    a difference already.
    """
    return offset if offset.shape[1] == 1 else offset - offset.max(axis=1, keepdims=True)


def class_major(offset: NDArray[np.float64] | None, rows: Rows) -> Array | None:
    """Return the offset of all rows as logits have it, shape ``(n_outputs, n_rows)``.

    The largest of each row is zero: where a class is ruled out by an offset of -1e6, float32 keeps
    the digits of the others. None if nothing is left.
    """
    if offset is None:
        return None
    offset = below_largest(offset)
    if not offset.any():
        return None
    return np.ascontiguousarray(offset.T, dtype=rows.dtype)
