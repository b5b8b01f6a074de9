"""Coordinates of rows on a device, fewer than features, in the space that they span."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.parts.device_rows import DeviceRows
from sk_softmax.parts.device_sums import Totals
from sk_softmax.rows import RowSpace


class DeviceRowSpace(RowSpace):
    """A :class:`RowSpace` whose products with the rows are computed on their device.

    Their products with one another, a number for each pair of at most 2,000 rows, are copied to
    the host, where the fit in coordinates takes place. The rows themselves are not.
    """

    _rows: Any

    def __init__(self, rows: DeviceRows, most_in_full_metric: int) -> None:
        super().__init__(rows, most_in_full_metric=most_in_full_metric)

    def _products(self, n_threads: int) -> Array:
        rows, totals = self._rows, Totals(self._rows.place)
        xp = rows.place.xp
        for X in rows.some_features():
            wide = xp.astype(X, rows.place.widest, copy=False)
            totals.add((wide @ xp.matrix_transpose(wide),))
        (gram,) = totals.on_host()
        return np.asarray(gram)

    def _combined(self, of_rows: Array) -> Array:
        there = self._rows.place.floats(of_rows, self._rows.dtype)
        (combined,) = self._rows.added_up(lambda block: (block.pull_back(there[:, block.rows]),))
        return np.asarray(combined)
