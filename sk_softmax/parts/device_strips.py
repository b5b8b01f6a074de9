"""Gram matrices on a device as strips: their upper triangle, and their border, by rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import Place

# Strips on a processor, and their fewest columns. The array API has no product of a matrix with
# itself, of which half would do: four strips take 5/8 of the multiplications, and of what is added
# up. Milliseconds in PyTorch of the Gram matrix of 5,348 x 784 rows in blocks of 1,337, in float32
# and float64: whole with its constant column 114 and 209; in 2, 4 and 8 strips with the border
# apart 68, 57 and 55, and 171, 132 and 135 (NumPy 44 and 82). Of 4,096 x 512 33, and 23 in 4; of
# 8,192 x 128 4.4 and 3.0; of 6,250 x 50 0.7 both.
N_STRIPS, FEWEST_COLUMNS = 4, 32


def strips_of(place: Place, X: Any, weights: Any, *, has_intercept: bool) -> tuple[Any, ...]:
    """Return ``X.T @ diag(weights) @ X`` in strips: see :func:`whole`.

    ``X`` has shape ``(n_rows, n_features)``, ``weights`` ``(n_rows,)``. An intercept adds a last
    strip, of the constant column. An accelerator, on which few large products are fast, has one.
    """
    xp, n = place.xp, int(X.shape[1])
    root = xp.sqrt(weights)[:, None]
    scaled = X * root
    length = max(-(-n // N_STRIPS), FEWEST_COLUMNS) if place.is_processor else max(n, 1)
    strips = [
        xp.matrix_transpose(scaled[:, first : min(first + length, n)]) @ scaled[:, first:]
        for first in range(0, max(n, 1), length)
    ]
    if has_intercept:
        border = xp.matrix_transpose(root) @ scaled
        strips.append(xp.concat([border, xp.reshape(xp.sum(weights), (1, 1))], axis=1))
    return tuple(strips)


def stacked(xp: Any, grams: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return the strips of several matrices as one stack for each, ``(n_matrices, n_own, n)``."""
    return tuple(xp.stack(of_all) for of_all in zip(*grams, strict=True))


def whole(strips: Sequence[Array], *, has_intercept: bool) -> Array:
    """Return symmetric matrices from their strips, shape ``(..., n_columns, n_columns)``.

    Strips are on the host. Each holds some rows of the upper triangle from the first of its own
    columns on, shape ``(..., n_own, n)``; that of an intercept is the whole last row.
    """
    n_columns = strips[0].shape[-1] + has_intercept
    full = np.empty((*strips[0].shape[:-2], n_columns, n_columns), dtype=strips[0].dtype)
    n_features, first = n_columns - has_intercept, 0
    for strip in strips:
        end, columns = first + strip.shape[-2], slice(first, n_features)
        if first == n_features:
            columns = slice(0, n_columns)
        full[..., first:end, columns] = strip
        full[..., columns, first:end] = strip.swapaxes(-1, -2)
        first = end
    return full
