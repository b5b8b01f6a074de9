"""The Plotly figure of a loss surface with paths on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from sk_softmax.displays.contour_levels import few_of, round_levels
from sk_softmax.displays.interactive.figures import (
    DASHES,
    SEQUENTIAL,
    SYMBOLS,
    colour,
    figure,
    scale,
)


def landscape_figure(display: Any, n_levels: int) -> Any:
    """Return the figure of a :class:`LossLandscapeDisplay` with at most so many bands."""
    first, second = display.labels
    data = [_surface(display, round_levels(display.values, n_levels))]
    n = len(display.paths)
    for number, (name, path) in enumerate(display.paths.items()):
        data.append({**_path(number, name, path), "zorder": n - number})  # the first on top
    data.append(
        {
            "type": "scatter",
            "x": [display.optimum[0]],
            "y": [display.optimum[1]],
            "mode": "markers",
            "name": "fitted",
            "marker": {"symbol": "star", "size": 15, "color": "black", "line": {"color": "white"}},
            "zorder": len(display.paths) + 1,
            "hovertemplate": "fitted (%{x:.4g}, %{y:.4g})<extra></extra>",
        }
    )
    axes = {
        "xaxis": {"title": {"text": first}, "range": [display.x[0], display.x[-1]]},
        "yaxis": {"title": {"text": second}, "range": [display.y[0], display.y[-1]]},
    }
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return figure(display, data, {**axes, "legend": legend, "width": 760, "height": 600})


def _surface(display: Any, levels: Any) -> dict[str, Any]:
    """Return the objective as bands between contours at these levels.

    Plotly knows only levels that are evenly spaced. So what is drawn is the number of the level,
    smooth between levels, and the scale and the labels have the values.
    """
    numbers, ticks = np.arange(len(levels)), few_of(np.arange(len(levels)), 8)
    number_of = PchipInterpolator(levels, numbers)
    low, high = levels[0], levels[-1]
    return {
        "type": "contour",
        "x": display.x,
        "y": display.y,
        "z": number_of(np.clip(display.values, low, high)),
        "text": [[f"{value:.5g}" for value in row] for row in display.values],
        "hovertemplate": (
            "(%{x:.4g}, %{y:.4g})<br>objective %{text} nats a row"
            f"<extra>{low:.15g} to {high:.15g}</extra>"
        ),
        "contours": {"start": 0, "end": len(levels) - 1, "size": 1, "coloring": "fill"},
        "line": {"color": "white", "width": 0.5},
        "colorscale": scale(SEQUENTIAL),
        "zmin": 0,
        "zmax": len(levels) - 1,
        "colorbar": {
            "title": {"text": "objective (nats a row)", "side": "right"},
            "tickvals": ticks,
            "ticktext": [f"{levels[tick]:.15g}" for tick in ticks],
        },
    }


def _path(number: int, name: str, path: Any) -> dict[str, Any]:
    """Return one path; colour, style and marker tell it from the others."""
    return {
        "type": "scatter",
        "x": path[:, 0],
        "y": path[:, 1],
        "mode": "lines+markers",
        "name": name,
        "line": {"color": colour(number), "dash": DASHES[number % len(DASHES)], "width": 2},
        "marker": {
            "symbol": SYMBOLS[number % len(SYMBOLS)],
            "size": 7,
            "line": {"color": "white", "width": 0.7},
        },
        "hovertemplate": "step %{pointNumber} (%{x:.4g}, %{y:.4g})<extra>%{fullData.name}</extra>",
    }
