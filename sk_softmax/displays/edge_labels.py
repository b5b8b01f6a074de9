"""Names at the right edge of a picture, close to the ends of their lines but never overlapping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression

FONT_SIZE = 7
"""Of the names, in points."""

LINE_HEIGHT = 1.3
"""From one line of text to the next, in font sizes."""

LONGEST = 24
"""Most characters of a name."""


def label_at_right_edge(
    axes: Any, values: Any, names: Sequence[str], colours: Sequence[str]
) -> list[Any]:
    """Write names on the right of axes that are laid out, as close to their values as fits.

    A line joins each name to its value. Returns the texts, from the bottom.
    """
    figure = axes.figure
    height = axes.get_window_extent().height * 72 / figure.dpi  # points
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
    """Return places from 0 to 1 that are at least ``gap`` apart and close to the given ones.

    The sum of the squared moves is the least possible. With ``gap`` times its index subtracted
    from each place, the places sought only have to ascend: isotonic regression (Best and
    Chakravarti, 1990, Mathematical Programming 47). The given places, of shape (n_names,), must
    ascend. If there is no room for all of them between 0 and 1, they reach equally far beyond
    both.
    """
    steps = gap * np.arange(len(places))
    ascending = isotonic_regression(np.asarray(places) - steps).x
    room = 1 - (steps[-1] if len(steps) else 0.0)
    return steps + (np.clip(ascending, 0, room) if room >= 0 else room / 2)


def shortened(name: str) -> str:
    """Return the name, or its first ``LONGEST - 1`` characters and an ellipsis."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
