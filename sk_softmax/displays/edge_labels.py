"""Names at the right edge of a picture, next to where their lines end and not over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

FONT_SIZE = 7
LINE_HEIGHT = 1.3
"""Of a line of text, in font sizes."""

LONGEST = 24


def label_at_right_edge(
    axes: Any, values: Any, names: Sequence[str], colours: Sequence[str]
) -> list[Any]:
    """Write names on the right of axes that are laid out, as near their values as there is room.

    A name that had to move is joined to its value by a line. Returns the texts, from the bottom.
    """
    figure = axes.figure
    height = axes.get_window_extent().height * 72 / figure.dpi
    low, high = axes.get_ylim()
    order = np.argsort(values, kind="stable")
    places = (np.asarray(values)[order] - low) / (high - low)
    moved = spread(places, LINE_HEIGHT * FONT_SIZE / height)
    return [
        axes.annotate(
            shortened(names[i]),
            xy=(1.0, place),
            xytext=(1.06, target),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=colours[i],
            fontsize=FONT_SIZE,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colours[i],
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )
        for i, place, target in zip(order, places, moved, strict=True)
    ]


def spread(places: Any, gap: float) -> Any:
    """Return the nearest places, in squares, that are this far apart and within 0 and 1.

    With the gaps taken off, what remains is to be ascending: isotonic regression (Best and
    Chakravarti, 1990, Mathematical Programming 47). Places must be ascending. Where there is no
    room for all, they leave 0 and 1.
    """
    steps = gap * np.arange(len(places))
    ascending = isotonic_regression(np.asarray(places) - steps).x
    room = 1 - (steps[-1] if len(steps) else 0.0)
    return steps + (np.clip(ascending, 0, room) if room >= 0 else room / 2)


def shortened(name: str) -> str:
    """Return a name that leaves room for the picture."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
