"""Some of the rows, spread over all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def spread_out(n_rows: int, n_sampled: int) -> NDArray[np.intp]:
    """Return indices of rows, one at random from each of ``n_sampled`` equal stretches.

    Shape ``(n_sampled,)``, ascending. The draw is the same every time: it affects the path to the
    optimum, not the optimum.
    """
    length = n_rows // n_sampled
    within = np.random.default_rng(0).integers(length, size=n_sampled)
    return np.asarray(np.arange(n_sampled) * length + within)
