"""Some of the rows, spread over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class SpreadOut:
    """Some of the rows, spread over all of them, in a form that takes few bytes to send."""

    n_rows: int
    n_sampled: int

    @property
    def size(self) -> int:
        """How many rows they are."""
        return self.n_sampled

    @property
    def numbers(self) -> NDArray[np.intp]:
        """Their numbers, ascending, shape ``(n_sampled,)``; nobody may write to them."""
        return _numbers(self.n_rows, self.n_sampled)


@lru_cache(maxsize=1)  # all parts of a worker are asked for the same rows
def _numbers(n_rows: int, n_sampled: int) -> NDArray[np.intp]:
    numbers = np.arange(n_rows) if n_sampled == n_rows else spread_out(n_rows, n_sampled)
    numbers.flags.writeable = False
    return numbers


def spread_out(n_rows: int, n_sampled: int) -> NDArray[np.intp]:
    """Return indices of rows, one at random from each of ``n_sampled`` equal stretches.

    Shape ``(n_sampled,)``, ascending. The draw is the same every time: it affects the path to the
    optimum, not the optimum.
    """
    length = n_rows // n_sampled
    within = np.random.default_rng(0).integers(length, size=n_sampled)
    return np.asarray(np.arange(n_sampled) * length + within)
