"""Answers on a device about losses: value and gradient, minibatches, intercepts, held-out rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import Place
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock
from sk_softmax.parts.device_sums import Totals


def loss_and_gradient(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``evaluation.loss_and_gradient``."""
    prepared = data.rows.prepare(params)
    sums: tuple[Any, ...] = data.rows.added_up(lambda block: _sums_of(data, block, prepared))
    return sums


def gradient_of_rows(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``multipliers.gradient_of_rows``."""
    return loss_and_gradient(data, params)[1:]


def loss_and_gradient_of_some(
    data: DeviceData, params: Array, indices: NDArray[np.intp]
) -> tuple[Any, ...]:
    """Answer ``evaluation.loss_and_gradient_of_some``: a minibatch, gathered on the device."""
    block = data.rows.gathered(data.place.indices(indices))
    totals = Totals(data.place)
    totals.add(_sums_of(data, block, data.rows.prepare(params)))
    return totals.on_host()


def _sums_of(data: DeviceData, block: DeviceBlock, prepared: Any) -> tuple[Any, Any]:
    """Return the sums of the weighted losses of a block's rows and of their gradients."""
    loss, residuals = data.weighted_loss(block.logits(prepared), block)
    return loss, block.pull_back(residuals)


def totals_of_classes(data: DeviceData) -> tuple[Any, ...]:
    """Answer ``data_term.totals_of_classes``, by blocks that are not read."""
    totals = Totals(data.place)
    for rows in data.rows.bounds():
        weight = None if data.relative_weight is None else data.relative_weight[rows]
        totals.add((data.targets.at(rows).totals(weight),))
    return totals.on_host()


def sums_of_intercepts(data: DeviceData, intercepts: Array) -> tuple[Any, ...]:
    """Answer ``intercepts.sums_of_intercepts``: no row is read."""
    place, totals = data.place, Totals(data.place)
    xp, widest = place.xp, place.widest
    column = place.wide(intercepts)[:, None]
    for rows in data.rows.bounds():
        nothing = xp.zeros((1, rows.stop - rows.start), dtype=widest, device=place.device)
        logits = column + nothing
        if data.offset is not None:
            logits = logits + xp.astype(data.offset[:, rows], widest)
        weights = xp.ones_like(nothing[0, :])
        if data.relative_weight is not None:
            weights = xp.astype(data.relative_weight[rows], widest)
        losses, residuals = data.entropy.loss_and_residuals(logits, data.targets.at(rows))
        totals.add(
            (xp.sum(losses * weights), residuals @ weights, *_second(data, logits, weights))
        )
    value, gradient, *sums = totals.on_host()
    if len(sums) == 1:
        return value, gradient, sums[0]
    return value, gradient, np.diag(sums[0]) - sums[1]


def _second(data: DeviceData, logits: Any, weights: Any) -> tuple[Any, ...]:
    """Return what the Hessian in the intercepts is made of: see ``sums_of_intercepts``."""
    spread = data.entropy.spread(logits)
    weighted = spread * weights
    if data.entropy.of_two:
        return (data.place.xp.sum(weighted, axis=1, keepdims=True),)
    products = weighted @ data.place.xp.matrix_transpose(spread)
    return data.place.xp.sum(weighted, axis=1), products


def loss_and_hits(data: DeviceData, params: Array) -> tuple[Any, ...]:
    """Answer ``held_out.loss_and_hits``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)

    def term(block: DeviceBlock) -> tuple[Any, Any]:
        logits, targets = data.logits(block, prepared), data.targets_at(block)
        hits = xp.astype(predicted(data.place, logits) == targets.most_probable(), logits.dtype)
        # Before the losses, which change the logits.
        losses, _ = data.entropy.loss_and_residuals(logits, targets)
        total = data.place.total
        return total(data.weighted(losses, block)), total(data.weighted(hits, block))

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums


def predicted(place: Place, logits: Any) -> Any:
    """Return the number of the most probable class, from class-major logits."""
    xp = place.xp
    if logits.shape[0] == 1:
        return xp.astype(logits[0, :] > 0, place.integers)
    return xp.argmax(logits, axis=0)
