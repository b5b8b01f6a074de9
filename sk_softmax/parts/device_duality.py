"""Answers on a device about the duality gap: probability that is moved between classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.objective import spread_out
from sk_softmax.parts.device_data import DeviceData
from sk_softmax.parts.device_rows import DeviceBlock
from sk_softmax.parts.device_sums import Totals


def held_by_few_rows(data: DeviceData, params: Array, n_few: int) -> tuple[Any, ...]:
    """Answer ``duality.held_by_few_rows``."""
    xp, totals = data.place.xp, Totals(data.place)
    block, logits = _few_rows(data, params, n_few)
    probabilities = xp.exp(data.entropy.log_probabilities(logits))
    totals.add((xp.sum(data.weighted(probabilities, block), axis=1),))
    return totals.on_host()


def moved_in_few_rows(data: DeviceData, params: Array, move: Any, n_few: int) -> tuple[Any, ...]:
    """Answer ``duality.moved_in_few_rows``."""
    block, logits = _few_rows(data, params, n_few)
    totals = Totals(data.place)
    totals.add(_sums_of(data, block, logits, _Move.of(data, move), 1.0))
    return totals.on_host()


def moved_in_all_rows(data: DeviceData, params: Array, move: Any, share: float) -> tuple[Any, ...]:
    """Answer ``duality.moved_in_all_rows``."""
    prepared, there = data.rows.prepare(params), _Move.of(data, move)

    def term(block: DeviceBlock) -> tuple[Any, ...]:
        return _sums_of(data, block, data.logits(block, prepared), there, share)

    divergence, *change = data.rows.added_up(term)
    return divergence, change[0] if change else np.zeros(())


def _few_rows(data: DeviceData, params: Array, n_few: int) -> tuple[DeviceBlock, Any]:
    """Return ``n_few`` rows spread out over all rows as a block, and their logits."""
    numbers = data.place.indices(spread_out(data.n_rows, n_few))
    block = data.rows.gathered(numbers)
    return block, data.logits(block, data.rows.prepare(params))


class _Move:
    """A move of probability between classes, of ``duality``, on a device."""

    def __init__(self, data: DeviceData, move: Any) -> None:
        self._xp = data.place.xp
        self._freed = data.place.wide(move.freed)[:, None]
        self._share = data.place.wide(move.share)[:, None]

    @classmethod
    def of(cls, data: DeviceData, move: Any) -> _Move | None:
        """Return the move on a device; None for None."""
        return None if move is None else cls(data, move)

    def __call__(self, probabilities: Any) -> Any:
        """Return moved probabilities; both have shape ``(n_classes, n_rows)``."""
        freed = self._xp.sum(self._freed * probabilities, axis=0, keepdims=True)
        return probabilities * (1 - self._freed) + self._share * freed


def _sums_of(
    data: DeviceData, block: DeviceBlock, logits: Any, move: _Move | None, share: float
) -> tuple[Any, ...]:
    """Return the sums of ``KL(q_i | p_i)`` and, for a share of 1, of the change by a move.

    ``q_i = y_i + share (moved p_i - y_i)``.
    """
    xp = data.place.xp
    log_p = data.entropy.log_probabilities(logits)
    p = xp.exp(log_p)
    q = p if move is None else move(p)
    change = xp.astype((q - p)[-int(logits.shape[0]) :, :], logits.dtype, copy=False)
    if share < 1:
        q = share * q + (1 - share) * data.targets_at(block).dense(q.dtype)
    tiny = float(xp.finfo(q.dtype).smallest_normal)
    log_q = xp.log(xp.where(q > tiny, q, xp.full_like(q, tiny)))
    divergences = data.weighted(xp.sum(q * (log_q - log_p), axis=0), block)
    if share < 1:
        return (data.place.total(divergences),)
    return data.place.total(divergences), block.pull_back(data.weighted(change, block))
