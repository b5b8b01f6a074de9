"""Answers on a device about the Hessian, exact, among active parameters, and times a direction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock
from sk_softmax.parts.device_sums import Totals


def hessian_of_rows(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``exact_hessian.hessian_of_rows``."""
    prepared = data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        spread = data.entropy.spread(data.logits(block, prepared))
        if data.entropy.of_two:
            return (block.gram(data.weighted(spread[0, :], block)),)
        return (_products(data, block, _with_root_of_weight(data, block, spread)),)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    if data.entropy.of_two:
        return sums
    return (_from_products(sums[0], data.loss.n_outputs),)


def hessian_of_pairs(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``pair_hessian.hessian_of_pairs``: in the widest type of the device."""
    xp, prepared, n_outputs = data.place.xp, data.rows.prepare(params), len(params)

    def term(block: DeviceBlock) -> tuple[Any, Any]:
        p = data.entropy.probabilities(data.logits(block, prepared))
        of_class = xp.sum(data.weighted(p * (1 - p), block), axis=1, dtype=data.place.widest)
        p = xp.astype(p, data.place.widest, copy=False)
        return _products(data, block, _with_root_of_weight(data, block, p)), of_class

    products, of_class = data.rows.added_up(term)
    n_columns, matrix = params.shape[1], _from_products(products, data.loss.n_classes)
    kept = slice(len(matrix) - n_outputs * n_columns, None)  # of two classes the second
    return np.ascontiguousarray(matrix[kept, kept]), np.zeros(params.shape), of_class[-n_outputs:]


def _with_root_of_weight(data: DeviceData, block: DeviceBlock, values: Any) -> Any:
    """Return values of ``(n_classes, n_rows)`` times the root of each row's weight."""
    weights = data.weights_of(block)
    if weights is None:
        return values
    xp = data.place.xp
    return values * xp.sqrt(xp.astype(weights, values.dtype, copy=False))


def _products(data: DeviceData, block: DeviceBlock, p: Any) -> Any:
    """Return ``sum_i (p_i p_i') (x) x_i x_i'``, with ``p`` of shape ``(n, n_rows)``.

    Shape ``(n * n_columns, n * n_columns)``; ``V = [p_1 X, ..., p_n X]'`` is formed in pieces.
    """
    xp, n_columns = data.place.xp, data.rows.n_columns
    n = int(p.shape[0])
    total: Any = None
    for some in block.pieces(n * n_columns):
        X = xp.matrix_transpose(xp.astype(block.design(some), p.dtype, copy=False))
        V = xp.reshape(p[:, None, some] * X[None, :, :], (n * n_columns, -1))
        product = xp.astype(V @ xp.matrix_transpose(V), data.place.widest, copy=False)
        total = product if total is None else total + product
    return total


def _from_products(products: Array, n: int) -> Array:
    """Return ``sum_i (diag(p_i) - p_i p_i') (x) x_i x_i'`` from ``sum_i p_i p_i' (x) x_i x_i'``.

    Each row of blocks adds up to zero, because probabilities add up to 1; so nothing cancels.
    """
    n_columns = len(products) // n
    blocks = -products.reshape(n, n_columns, n, n_columns)
    every = np.arange(n)
    blocks[every, :, every] = 0.0
    blocks[every, :, every] = -blocks.sum(axis=2)
    return blocks.reshape(products.shape)


def hessian_among(
    data: DeviceData,
    params: Array,
    active: NDArray[np.bool_],
    columns: NDArray[np.intp],
    exact: bool = False,
) -> tuple[Any, ...]:
    """Answer ``active_hessian.hessian_among``: of all rows, whatever their curvature.

    Rows with negligible curvature are not sorted out: the device would have to wait for it.
    """
    xp, prepared = data.place.xp, data.rows.prepare(params)
    n_outputs, there = len(active), data.place.indices(columns)
    of_class = [data.place.indices(np.flatnonzero(row)) for row in active[:, columns]]
    totals = Totals(data.place)
    for block in data.rows.blocks():
        p = data.entropy.probabilities(data.logits(block, prepared))[-n_outputs:, :]
        s = data.weighted(xp.ones_like(p[0, :]), block)
        for some in block.pieces(int(active.sum()) + len(columns)):
            X = xp.take(block.design(some), there, axis=1)
            among = _among_classes(data, X, p[:, some], s[some], of_class)
            curvature = xp.sum(s[some] * p[:, some] * (1 - p[:, some]), axis=1)
            totals.add((among, curvature))
    among, curvature = totals.on_host()
    return among, np.zeros((n_outputs, len(columns))), curvature


def _among_classes(data: DeviceData, X: Any, p: Any, s: Any, of_class: list[Any]) -> Any:
    """Return what ``active_hessian._among_classes`` does, shape ``(n_active, n_active)``.

    The block of class ``k`` with itself is ``X_k' diag(p_k (1 - p_k)) X_k``, because as a sum of
    two terms it would lose digits to cancellation.
    """
    xp, rows_of_blocks = data.place.xp, []
    some = [xp.take(X, own, axis=1) for own in of_class]
    parts = [own * (xp.sqrt(s) * p[k, :])[:, None] for k, own in enumerate(some)]
    whole = xp.concat(parts, axis=1)
    for k, own in enumerate(some):
        row = -(xp.matrix_transpose(parts[k]) @ whole)
        first = sum(int(before.shape[0]) for before in of_class[:k])
        end = first + int(of_class[k].shape[0])
        root = own * xp.sqrt(s * p[k, :] * (1 - p[k, :]))[:, None]
        itself = xp.matrix_transpose(root) @ root
        rows_of_blocks.append(xp.concat([row[:, :first], itself, row[:, end:]], axis=1))
    return xp.concat(rows_of_blocks, axis=0)


def hessian_times(data: DeviceData, params: Array, direction: Array) -> tuple[Any, ...]:
    """Answer ``active_hessian.hessian_times``."""
    xp = data.place.xp
    prepared = data.rows.prepare(np.concatenate([params, direction]))
    n_outputs = len(params)

    def term(block: DeviceBlock) -> tuple[Any]:
        product = block.logits(prepared)
        here, change = product[:n_outputs, :], product[n_outputs:, :]
        if data.offset is not None:
            here = here + data.offset[:, block.rows]
        if data.entropy.of_two:
            change = change * data.entropy.curvatures(here)
        else:
            p = data.entropy.probabilities(here)
            change = p * (change - xp.sum(p * change, axis=0, keepdims=True))
        return (block.pull_back(data.weighted(change, block)),)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums


def diagonal_of_hessian(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``active_hessian.diagonal_of_hessian``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, Any]:
        weights = data.weighted(data.entropy.curvatures(data.logits(block, prepared)), block)
        return xp.sum(weights, axis=1), block.gram_diagonal(weights)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums
