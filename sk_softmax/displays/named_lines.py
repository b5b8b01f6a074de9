"""Which of many lines have a name, and in which colours, so that panels agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_softmax.displays.drawing import COLOURS

NAMED = COLOURS[:-1]
"""Colours of the lines with a name. Black is left out: it marks zero and the chosen C."""


def largest(sizes: Any, n: int) -> list[int]:
    """Return the indices of the ``n`` largest sizes, without those that are zero."""
    order = np.argsort(-sizes, kind="stable")[:n]
    return [int(i) for i in order if sizes[i] > 0]


def colours_of(named: Sequence[list[int]]) -> list[list[str]]:
    """Return the colours of the named features, panel by panel.

    A feature keeps its colour from an earlier panel, unless another feature of this panel already
    has it. Otherwise it gets the next colour that is free in this panel.
    """
    before: dict[int, str] = {}
    used = 0
    colours = []
    for features in named:
        here: dict[int, str] = {}
        for feature in features:
            if feature in before and before[feature] not in here.values():
                here[feature] = before[feature]
        for feature in features:
            if feature not in here:
                turn = [*NAMED[used:], *NAMED[:used]]
                free = [colour for colour in turn if colour not in here.values()] or turn
                here[feature] = before[feature] = free[0]
                used = NAMED.index(free[0]) + 1
        colours.append([here[feature] for feature in features])
    return colours
