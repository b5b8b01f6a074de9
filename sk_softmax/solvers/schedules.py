"""How a learning rate changes while a stochastic solver runs."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]
"""From epochs done so far (a fraction counts) to the factor of the learning rate."""


def constant(n_epochs: int) -> Schedule:
    """Stay at the learning rate."""
    return lambda epochs: 1.0


def inverse_scaling(n_epochs: int) -> Schedule:
    """``1 / sqrt(1 + epochs)``: the rate of decay that convex stochastic descent needs."""
    return lambda epochs: 1 / math.sqrt(1 + epochs)


def cosine(n_epochs: int) -> Schedule:
    """Half a cosine from 1 down to 0 at the last epoch (Loshchilov and Hutter, 2017)."""
    return lambda epochs: (1 + math.cos(math.pi * min(epochs / n_epochs, 1))) / 2


# Rows of a stream that count as an epoch: it has no epochs of its own.
ROWS_PER_EPOCH = 10_000

AUTO = "auto"


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

SCHEDULES: dict[str, Callable[[int], Schedule]] = {
    "constant": constant,
    "inverse_scaling": inverse_scaling,
    "cosine": cosine,
}
