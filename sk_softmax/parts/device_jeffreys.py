"""The answer on a device about Jeffreys' penalty."""

from __future__ import annotations

from typing import Any

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock


def half_log_det_gradient(data: DeviceData, params: Array, inverse: Array) -> tuple[Any, ...]:
    """Answer ``jeffreys.half_log_det_gradient``."""
    xp, prepared = data.place.xp, data.rows.prepare(params)
    there = data.place.floats(inverse, data.rows.dtype)
    pull = _of_two_classes if data.entropy.of_two else _of_more_classes

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        p = data.entropy.probabilities(data.logits(block, prepared))
        parts = [
            pull(xp, p[:, some], block.design(some), there) for some in block.pieces(len(inverse))
        ]
        return (block.pull_back(data.weighted(xp.concat(parts, axis=1), block)),)

    sums: tuple[Any, ...] = data.rows.added_up(term)
    return sums


def _of_two_classes(xp: Any, p: Any, design: Any, inverse: Any) -> Any:
    """Return ``p (1 - p) Q (1 / 2 - p)`` of each row, shape ``(1, n_rows)``."""
    leverage = xp.sum((design @ inverse) * design, axis=1)
    return (p[0, :] * p[1, :] * leverage * (0.5 - p[1, :]))[None, :]


def _of_more_classes(xp: Any, p: Any, design: Any, inverse: Any) -> Any:
    """Return what rows add to the scores, less their weights; shape ``(n_classes, n_rows)``."""
    n_classes, n_rows = p.shape
    n_columns = design.shape[1]
    by_row = xp.matrix_transpose(p)
    V = xp.reshape(by_row[:, :, None] * design[:, None, :], (n_rows, n_classes * n_columns))
    of_classes = xp.reshape(V @ inverse, (n_rows, n_classes, n_columns))
    mixed = xp.matrix_transpose(xp.sum(of_classes * design[:, None, :], axis=2))
    own = []
    for k in range(n_classes):
        place = slice(k * n_columns, (k + 1) * n_columns)
        own.append(xp.sum((design @ inverse[place, place]) * design, axis=1))
    of_class = xp.stack(own)
    common = 2 * xp.sum(p * mixed, axis=0) - xp.sum(p * of_class, axis=0)
    return p / 2 * (of_class - 2 * mixed + common[None, :])
