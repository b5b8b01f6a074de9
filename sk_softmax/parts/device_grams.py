"""Answers on a device about curvature that is approximated by Gram matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.objective.approximate_hessian import mean_of_classes
from sk_softmax.objective.data_term import Matrices
from sk_softmax.parts.device_arrays import Place, on_host
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock
from sk_softmax.parts.device_sums import Totals

# The golden ratio less 1, as a share of 2^32 and less 2^32: multiples wrap around in whole numbers
# of 32 bits, of which the first 24 are used.
GOLDEN = 2654435769 - 2**32


def gram_of_rows(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``data_term.gram_of_rows``."""
    sums: tuple[Any, ...] = data.rows.added_up(lambda block: (block.gram(_share(data, block)),))
    return sums


def mean_square_of_rows(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``data_term.mean_square_of_rows``."""
    (diagonal,) = data.rows.added_up(
        lambda block: (block.gram_diagonal(_share(data, block)[None, :]),)
    )
    return (diagonal[0],)


def mean_of_rows(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``data_term.mean_of_rows``."""
    (mean,) = data.rows.added_up(lambda block: (block.pull_back(_share(data, block)[None, :]),))
    return (mean[0],)


def _share(data: DeviceData, block: DeviceBlock) -> Any:
    """Return the weights ``s_i / sum(s)`` of a block's rows, shape ``(n_rows,)``."""
    xp, place = data.place.xp, data.place
    dtype = place.width(data.rows.dtype)
    share = xp.full((block.n_rows,), 1 / data.n_rows, dtype=dtype, device=place.device)
    return data.weighted(share, block)


def gram_times(data: DeviceData, vector: Array) -> tuple[Any, ...]:
    """Answer ``exact_hessian.gram_times``."""
    prepared = data.rows.prepare(vector.reshape(1, -1))
    sums: tuple[Any, ...] = data.rows.added_up(
        lambda block: (block.pull_back(data.weighted(block.logits(prepared), block)),)
    )
    return sums


def diagonal_of_mean(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``approximate_hessian.diagonal_of_mean``."""
    prepared = data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, Any]:
        weights = data.curvatures(block, prepared, mean_of_classes)
        return block.gram_diagonal(weights), data.place.total(weights)

    diagonal, weight = data.rows.added_up(term)
    return diagonal[0], weight


def diagonal_and_sums_of_mean(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``approximate_hessian.diagonal_and_sums_of_mean``."""
    prepared = data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, Any]:
        weights = data.curvatures(block, prepared, mean_of_classes)
        return block.gram_diagonal(weights), block.pull_back(weights)

    diagonal, sums = data.rows.added_up(term)
    return diagonal[0], sums[0]


def weighted_grams(
    data: DeviceData, params: Array, matrices: Matrices, some: slice
) -> tuple[Any, ...]:
    """Answer ``approximate_hessian.weighted_grams``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        weights = data.curvatures(block, prepared, matrices)
        weights = weights[slice(*some.indices(weights.shape[0])), :]  # none past the end
        grams = [block.gram(weights[number, :]) for number in range(weights.shape[0])]
        return xp.stack(grams), xp.sum(weights, axis=1, dtype=data.place.widest)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums


def drawn_grams(
    data: DeviceData, params: Array, matrices: Matrices, share: float
) -> tuple[Any, ...]:
    """Answer ``approximate_hessian.drawn_grams``: rows are drawn and gathered on the device.

    How many rows a block draws for each matrix is copied to the host, which waits for it.
    """
    xp, prepared = data.place.xp, data.rows.prepare(params)
    totals = Totals(data.place)
    draws: list[list[tuple[Any, Any]]] = []
    for block in data.rows.blocks():
        weights = data.curvatures(block, prepared, matrices)
        totals.add((xp.sum(weights, axis=1, dtype=data.place.widest),))
        draws.append(_drawn(data.place, weights, share, block.rows.start))
    grams, n_drawn = [], 0
    for of_matrix in zip(*draws, strict=True):
        numbers, weights = (xp.concat(list(part)) for part in zip(*of_matrix, strict=True))
        n_drawn += int(numbers.shape[0])
        grams.append(_gram_of(data, numbers, weights))
    return np.stack(grams), *totals.on_host(), n_drawn


def _gram_of(data: DeviceData, numbers: Any, weights: Any) -> Array:
    """Return the Gram matrix of the rows of these numbers with these weights, both ``(n,)``."""
    if not int(numbers.shape[0]):
        return np.zeros((data.rows.n_columns,) * 2)
    totals = Totals(data.place)
    for some, block in data.rows.in_pieces(numbers):
        totals.add((block.gram(weights[some]),))
    return np.asarray(*totals.on_host())


def _drawn(place: Place, weights: Any, share: float, first: int) -> list[tuple[Any, Any]]:
    """Draw rows by weights of ``(n_matrices, n_rows)`` like ``sampling.drawn``.

    For each matrix the numbers of the rows drawn, of all rows, and their weights.
    """
    xp, n_rows = place.xp, int(weights.shape[1])
    level = xp.sum(weights, axis=1, keepdims=True) / (share * n_rows)
    least_kept = xp.astype(level, place.widest) * _evenly(place, first, n_rows)[None, :]
    kept = xp.astype(weights, place.widest) > least_kept
    counts = on_host(xp.sum(xp.astype(kept, place.integers), axis=1, dtype=place.integers))
    matrix, row = xp.nonzero(kept)
    flat = xp.take(xp.reshape(weights, (-1,)), matrix * n_rows + row, axis=0)
    least = xp.take(level[:, 0], matrix, axis=0)
    of_drawn = xp.where(flat > least, flat, least)
    ends = np.cumsum(counts).tolist()
    slices = [slice(end - int(n), end) for end, n in zip(ends, counts, strict=True)]
    return [(row[some] + first, of_drawn[some]) for some in slices]


def _evenly(place: Place, first: int, n_rows: int) -> Any:
    """Return numbers of ``[0, 1)`` spread evenly, shape ``(n_rows,)``: see ``drawn``.

    They are multiples of the golden ratio modulo 1, or nearly so where there is no float64.
    """
    xp, numbers = place.xp, place.counted(first + 1, n_rows)
    if place.has_float64:
        return xp.astype(numbers, xp.float64) * ((np.sqrt(5).item() - 1) / 2) % 1
    bits = xp.bitwise_right_shift(numbers * GOLDEN, xp.full_like(numbers, 8))
    bits = xp.bitwise_and(bits, xp.full_like(numbers, 2**24 - 1))
    return xp.astype(bits, xp.float32) / 2**24
