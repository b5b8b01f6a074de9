"""How a learning rate changes while a stochastic solver runs."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]
"""From the epochs done so far, a fraction included, to the factor of the learning rate."""


def constant(n_epochs: int) -> Schedule:
    """Keep the learning rate."""
    return lambda epochs: 1.0


def inverse_scaling(n_epochs: int) -> Schedule:
    """Return ``1 / sqrt(1 + epochs)``, the decay that convex stochastic descent needs."""
    return lambda epochs: 1 / math.sqrt(1 + epochs)


def cosine(n_epochs: int) -> Schedule:
    """Return half a cosine, from 1 to 0 at the last epoch (Loshchilov and Hutter, 2017)."""
    return lambda epochs: (1 + math.cos(math.pi * min(epochs / n_epochs, 1))) / 2


# Rows of a stream that count as one epoch, because a stream has no epochs of its own.
ROWS_PER_EPOCH = 10_000

AUTO = "auto"
"""The name that stands for the cosine in a fit and for inverse scaling in a stream."""


def schedule_of(name: str, n_epochs: int | None) -> Schedule:
    """Return the schedule of this name; ``n_epochs`` is None for a stream, which has no end."""
    if name == AUTO:
        name = "inverse_scaling" if n_epochs is None else "cosine"
    if n_epochs is None:
        if name not in ENDLESS:
            possible = ", ".join(map(repr, [AUTO, *ENDLESS]))
            raise ValueError(
                f"schedule={name!r} leads down to zero at the last epoch, but a stream has no "
                f"last one: for partial_fit choose one of {possible}."
            )
        return SCHEDULES[name](1)
    return SCHEDULES[name](n_epochs)


ENDLESS = ["constant", "inverse_scaling"]
"""Names of the schedules that need no last epoch, so that a stream can use them."""

SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": constant,
    "inverse_scaling": inverse_scaling,
    "cosine": cosine,
}
"""From the name of a schedule to a function that makes it for a number of epochs."""
