"""Targets of rows on a device: one label per row, or one probability per row and class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.objective import Targets, targets_of
from sk_softmax.parts.device_arrays import Place, on_host


@dataclass(frozen=True, eq=False)
class DeviceTargets:
    """Probabilities of the classes for each row, smoothed.

    Labels are never turned into an array of ``(n_rows, n_classes)`` for more than a block.
    """

    place: Place
    given: Any
    """On the device: labels ``0 .. n_classes - 1``, shape ``(n_rows,)``, or probabilities,
    ``(n_rows, n_classes)``."""

    n_classes: int
    smoothing: float = 0.0

    @property
    def are_numbers(self) -> bool:
        """Whether labels are given, which may be smoothed."""
        return bool(self.given.ndim == 1)

    @cached_property
    def are_labels(self) -> bool:
        """Whether one class has all the probability in every row."""
        if self.smoothing:
            return False
        return self.are_numbers or bool(
            self.place.xp.all(self.place.xp.max(self.given, axis=1) == 1)
        )

    def at(self, rows: Any) -> DeviceTargets:
        """Return the targets of these rows: a slice, or numbers on the device."""
        xp = self.place.xp
        if isinstance(rows, slice):
            given = self.given[rows] if self.are_numbers else self.given[rows, :]
        else:
            given = xp.take(self.given, rows, axis=0)
        return replace(self, given=given)

    def most_probable(self) -> Any:
        """Return the number of each row's most probable class, shape ``(n_rows,)``."""
        return self.given if self.are_numbers else self.place.xp.argmax(self.given, axis=1)

    def of_second(self, dtype: Any) -> Any:
        """Return the probability of the second class in this type, shape ``(n_rows,)``."""
        xp = self.place.xp
        own = xp.astype(self.given == 1 if self.are_numbers else self.given[:, 1], dtype)
        return own if not self.smoothing else (1 - self.smoothing) * own + self.smoothing / 2

    def dense(self, dtype: Any) -> Any:
        """Return the targets in this type, shape ``(n_classes, n_rows)``."""
        xp = self.place.xp
        if self.are_numbers:
            own = self._of_labels(dtype)
        else:
            own = xp.astype(xp.matrix_transpose(self.given), dtype, copy=False)
        if self.smoothing:
            own = (1 - self.smoothing) * own + self.smoothing / self.n_classes
        return own

    def _of_labels(self, dtype: Any) -> Any:
        """Return 1 for each row's class and 0 for others, shape ``(n_classes, n_rows)``."""
        xp = self.place.xp
        classes = xp.astype(self.place.counted(0, self.n_classes), self.given.dtype)
        return xp.astype(self.given[None, :] == classes[:, None], dtype)

    def expected(self, logits: Any, dense: Any) -> Any:
        """Return ``sum_k y_ik z_ki``, shape ``(n_rows,)``, of logits ``(n_classes, n_rows)``.

        ``dense`` is what :meth:`dense` returns.
        """
        xp = self.place.xp
        if self.are_numbers and not self.smoothing:
            # By one index a row, as take_along_axis of array_api_compat checks and copies its own.
            n_rows = int(logits.shape[1])
            places = xp.astype(self.given, self.place.integers, copy=False) * n_rows
            places += self.place.counted(0, n_rows)
            return xp.take(xp.reshape(logits, (-1,)), places, axis=0)
        lowest = xp.full_like(logits[:1, :1], -float(xp.finfo(logits.dtype).max))
        products = xp.maximum(logits, lowest)  # zero times minus infinity is not a number
        products *= dense
        return xp.sum(products, axis=0)

    def totals(self, weights: Any) -> Any:
        """Return ``sum_i s_i y_i`` of few rows, ``(n_classes,)``; all ``s_i`` are 1 if None."""
        dense = self.dense(self.place.widest)
        if weights is not None:
            dense = dense * self.place.xp.astype(weights, self.place.widest, copy=False)
        return self.place.xp.sum(dense, axis=1)

    def on_host(self, numbers: NDArray[np.intp] | None = None) -> Targets:
        """Return the targets of some rows, of a sample's size, or of all for NumPy's rows."""
        some = self if numbers is None else self.at(self.place.indices(numbers))
        given: Array = on_host(some.given)
        given = given.astype(np.intp) if self.are_numbers else given
        return targets_of(given, self.n_classes, self.smoothing)
