"""Answers on a device about margins and separating columns, for optima without a penalty.

A margin of each row and class is a number of ``n_rows * n_classes``: the search for a separating
direction, which no proof has made needless, is a linear programme on the host.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import on_host
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock


def classes_inside(data: DeviceData) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Return which classes have probability in each row's target, and the most probable one.

    For each block, on the host, ``(n_classes, n_rows)`` and ``(n_rows,)``; the number of the most
    probable class is -1 for rows without weight.
    """
    xp, found = data.place.xp, []
    for rows in data.rows.bounds():
        targets = data.targets.at(rows)
        likely = xp.astype(targets.most_probable(), data.place.integers)
        if data.relative_weight is not None:
            likely = xp.where(data.relative_weight[rows] > 0, likely, xp.full_like(likely, -1))
        found.append((on_host(targets.dense(data.place.widest) > 0), on_host(likely)))
    return found


def largest_values(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``margins.largest_values``."""
    xp = data.place.xp
    largest = data.rows.of_blocks(lambda block: xp.max(xp.abs(block.design()), axis=0))
    return ([on_host(xp.max(xp.stack(largest), axis=0))],)


def margins_of_rows(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``margins.margins_of_rows``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)

    def margins(block: DeviceBlock) -> Array:
        logits = _of_all_classes(data, block.logits(prepared))
        own = xp.astype(data.targets_at(block).most_probable(), data.place.integers)
        return on_host(xp.take_along_axis(logits, own[None, :], axis=0) - logits)

    return (data.rows.of_blocks(margins),)


def _of_all_classes(data: DeviceData, logits: Any) -> Any:
    """Return logits of all classes, from log-odds of the second of two."""
    xp = data.place.xp
    return xp.concat([xp.zeros_like(logits), logits], axis=0) if data.entropy.of_two else logits


def _is_likeliest(data: DeviceData, block: DeviceBlock) -> Any:
    """Return which class is the most probable of each row, ``(n_classes, n_rows)``."""
    own = data.targets_at(block).most_probable()
    classes = data.place.xp.astype(data.place.counted(0, data.loss.n_classes), own.dtype)
    return own[None, :] == classes[:, None]


def sum_of_margins(data: DeviceData, mask: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Answer ``margins.sum_of_margins``."""
    xp, dtype = data.place.xp, data.place.width(data.rows.dtype)

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        picked = xp.astype(data.place.mask(mask[:, block.rows]), dtype)
        own = xp.astype(_is_likeliest(data, block), dtype)
        signs = own * xp.sum(picked, axis=0, keepdims=True) - picked
        return (block.pull_back(signs[-data.loss.n_outputs :, :]),)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums


def grams_of_pairs(data: DeviceData, mask: NDArray[np.bool_]) -> tuple[Any, ...]:
    """Answer ``margins.grams_of_pairs``."""
    xp, n_classes = data.place.xp, data.loss.n_classes
    dtype = data.place.width(data.rows.dtype)

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        picked = data.place.mask(mask[:, block.rows])
        own = _is_likeliest(data, block)
        grams = [
            block.gram(xp.astype(xp.logical_and(picked[k, :], own[c, :]), dtype))
            for c in range(n_classes)
            for k in range(n_classes)
        ]
        return (xp.stack(grams),)

    (grams,) = data.rows.added_up(term)
    return (grams.reshape(n_classes, n_classes, *grams.shape[1:]),)


def largest_change(data: DeviceData, params: Array, step: Array) -> tuple[Any, ...]:
    """Answer ``multipliers.largest_change``."""
    xp = data.place.xp
    at, along = data.rows.prepare(params), data.rows.prepare(step)

    def largest(block: DeviceBlock) -> Any:
        p = data.entropy.probabilities(data.logits(block, at))
        changes = _of_all_classes(data, block.logits(along))
        changes = changes - xp.sum(p * changes, axis=0, keepdims=True)
        outside = data.targets_at(block).dense(changes.dtype) == 0
        weights = data.weights_of(block)
        if weights is not None:
            outside = xp.logical_and(outside, (weights > 0)[None, :])
        return xp.max(xp.where(outside, changes, xp.zeros_like(changes)))

    return ([float(xp.max(xp.stack(data.rows.of_blocks(largest))))],)


def largest_logits(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``multipliers.largest_logits``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)
    largest = data.rows.of_blocks(lambda block: xp.max(xp.abs(block.logits(prepared)), axis=1))
    return ([on_host(xp.max(xp.stack(largest), axis=0))],)


def extremes_of_classes(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``separating_columns.extremes_of_classes``."""
    xp, n_classes = data.place.xp, data.loss.n_classes

    def extremes(block: DeviceBlock) -> Any:
        X, own = block.design(), _is_likeliest(data, block)
        weights = data.weights_of(block)
        if weights is not None:
            own = xp.logical_and(own, (weights > 0)[None, :])
        none = xp.full_like(X, float("inf"))
        lowest = [xp.min(xp.where(own[k, :][:, None], X, none), axis=0) for k in range(n_classes)]
        highest = [
            xp.max(xp.where(own[k, :][:, None], X, -none), axis=0) for k in range(n_classes)
        ]
        return xp.stack([xp.stack(lowest), xp.stack(highest)])

    found = xp.stack(data.rows.of_blocks(extremes))
    lowest, highest = xp.min(found[:, 0, :, :], axis=0), xp.max(found[:, 1, :, :], axis=0)
    return [on_host(lowest)], [on_host(highest)]
