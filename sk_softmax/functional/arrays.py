"""Conversion and checks of arrays, for all functions of this folder."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]


def floating(values: ArrayLike) -> Array:
    """Return float32 and float64 arrays unchanged, and anything else as float64."""
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def checked_labels(labels: NDArray[Any], n_classes: int) -> NDArray[np.intp]:
    """Return labels as indices; raise a ``ValueError`` unless all are from 0 to n_classes - 1."""
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"Labels must be whole numbers, but are of type {labels.dtype}; probability targets "
            "have the shape of the predictions."
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < n_classes):
        wrong = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"Label {wrong} is out of range for {n_classes} classes.")
    return labels.astype(np.intp, copy=False)


def shape_message(targets: NDArray[Any], inputs: ArrayLike) -> str:
    """Return the error message for targets whose shape does not match."""
    return (
        f"Targets of shape {targets.shape} do not match predictions of shape {np.shape(inputs)}."
    )
