"""What evaluations keep of few rows, so that a Hessian at the same params needs no logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sk_softmax.interfaces import Array
from sk_softmax.interfaces.quiet import quiet

# Numbers, n_rows * n_outputs, up to which the spread of the last evaluation is kept: 256 KiB in
# float64. Beyond that the products of a Hessian take far longer than the spread.
MOST_SPREAD = 2**15


class KeptSpread:
    """The spread of all rows at the params of the last two evaluations: see `CrossEntropy.spread`.

    It is for these very arrays of params: to compare others with them would take as long as what
    is kept saves.
    """

    def __init__(self) -> None:
        # Params of shape (n_outputs, n_columns), and the spread there, (n_outputs, n_rows).
        self._last: tuple[Array, Array] | None = None
        self._before_last: tuple[Array, Array] | None = None
        self._fall: float | None = None

    def keep(self, params: Array, spreads: Sequence[Array | None]) -> None:
        """Keep the spread of the rows at these params, block by block, until the next but one.

        ``params`` has shape ``(n_outputs, n_columns)``, and nobody may write to it any more.
        """
        blocks = [spread for spread in spreads if spread is not None]
        whole = blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=1)
        self._before_last, self._last, self._fall = self._last, (params, whole), None

    def at(self, params: Array) -> Array | None:
        """Return the spread at these params, ``(n_outputs, n_rows)``; None if it is not kept."""
        return self._last[1] if self._last is not None and self._last[0] is params else None

    def fall(self, since: Array, params: Array) -> float:
        """Return by what factor a row's Hessian in its logits is less than it was, at most.

        It is measured between the last two evaluations, at these very arrays of shape
        ``(n_outputs, n_columns)``; otherwise it is infinity, which says nothing.

        The Hessian of a row is ``p (1 - p)`` with two classes, and otherwise ``sum_kl p_k p_l
        (e_k - e_l) (e_k - e_l)' / 2``, which falls by the square of what probabilities fall by.
        """
        if self._before_last is None or self._last is None:
            return np.inf
        (before, old), (here, new) = self._before_last, self._last
        if before is not since or here is not params:
            return np.inf
        if self._fall is None:  # a solver and its judge ask the same
            with quiet():
                ratio = float((old / new).max())
            fall = ratio if len(new) == 1 else ratio * ratio
            self._fall = fall if fall < np.inf else np.inf  # NaN says nothing either
        return self._fall
