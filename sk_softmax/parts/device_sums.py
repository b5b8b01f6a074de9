"""Sums over blocks that stay on a device until a pass is over, and are then copied once."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_arrays import Place, together_on_host


class Totals:
    """Sums of what blocks return, in the widest type of their device.

    Where that is float32, what each addition rounds off is summed beside it (Neumaier, 1974,
    Zeitschrift fuer angewandte Mathematik und Mechanik 54), so that the sum over blocks rounds
    about as little as in float64.

    Parameters
    ----------
    place : Place
        Where the blocks are.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._sums: list[Any] = []
        self._rest: list[Any] = []

    def add(self, parts: tuple[Any, ...]) -> None:
        """Add the sums of one block: arrays on the device, which nobody else holds."""
        xp, widest = self._place.xp, self._place.widest
        wide = [xp.astype(part, widest, copy=False) for part in parts]
        if not self._sums:
            self._sums = wide
        elif self._place.has_float64:
            for number, part in enumerate(wide):
                self._sums[number] += part
        else:
            self._add_exactly(wide)

    def _add_exactly(self, parts: list[Any]) -> None:
        """Add parts, and what is rounded off to the rest."""
        if not self._rest:
            self._rest = [0 * part for part in parts]
        for number, part in enumerate(parts):
            before = self._sums[number]
            after = before + part
            taken = after - before
            self._rest[number] += (before - (after - taken)) + (part - taken)
            self._sums[number] = after

    def on_host(self) -> tuple[Any, ...]:
        """Return the sums as NumPy's float64 arrays, after one copy from the device."""
        n = len(self._sums)
        if not n:
            return ()
        host = together_on_host(self._place, [*self._sums, *self._rest])
        wide = [part.astype(np.float64, copy=False) for part in host]
        if self._rest:
            return tuple(_with_rest(*pair) for pair in zip(wide[:n], wide[n:], strict=True))
        return tuple(wide)


def _with_rest(total: Array, rest: Array) -> Array:
    """Return a sum with what was rounded off; where it overflowed, the sum."""
    return np.where(np.isfinite(total) & np.isfinite(rest), total + rest, total)
