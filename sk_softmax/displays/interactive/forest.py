"""The Plotly figure of coefficients with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.displays.drawing import COLOURS
from sk_softmax.displays.interactive.figures import axis_names, figure, panels

UNSURE = "#999999"
"""Colour of an interval that holds zero."""


def forest_figure(
    display: Any, order: Any, limits: tuple[float, float], n_columns: int, *, ratios: bool
) -> Any:
    """Return the figure of a :class:`CoefficientIntervalDisplay`.

    Parameters
    ----------
    display : CoefficientIntervalDisplay
        What to draw.
    order : ndarray of int
        Numbers of the features to draw, from the top.
    limits : tuple of float
        Ends of the horizontal axis, as ratios if ``ratios``.
    n_columns : int
        Panels side by side.
    ratios : bool
        Whether to draw exponentiated coefficients, on a logarithmic axis.
    """
    data = []
    for panel in range(len(display.coefficients)):
        data += _intervals(display, panel, order, ratios)
    what = display.ratio_label if ratios else display.label
    x_axis = {
        "title": {"text": f"{what}, {100 * display.level:g} % interval"},
        "range": list(np.log10(limits)) if ratios else list(limits),
        "type": "log" if ratios else "linear",
    }
    if ratios:
        x_axis["dtick"] = "D2"  # ticks at 1, 2 and 5
    names = [str(display.feature_names[i]) for i in order]
    y_axis = {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.4, -0.6],
        "automargin": True,
        "zeroline": False,
    }
    cell = 3.2 if len(display.coefficients) > 1 else 4.8, 0.8 + 0.22 * len(names)
    layout = panels(display.titles, n_columns, cell, (0.1, 0.5), xaxis=x_axis, yaxis=y_axis)
    zero = 1.0 if ratios else 0.0
    layout["shapes"] = [_vertical(zero, panel) for panel in range(len(display.coefficients))]
    for panel in range(len(display.coefficients)):
        if panel % max(n_columns, 1):
            layout["yaxis" + axis_names(panel)["yaxis"][1:]]["showticklabels"] = False
    return figure(display, data, layout)


def _intervals(display: Any, panel: int, order: Any, ratios: bool) -> list[dict[str, Any]]:
    """Return the intervals of one class: those that do not hold zero, and those that do."""
    values, ends = display.coefficients[panel, order], display.ends[panel, order]
    is_sure = (ends[:, 0] > 0) | (ends[:, 1] < 0)
    if ratios:
        values, ends = np.exp(values), np.exp(ends)
    names = np.array([str(display.feature_names[i]) for i in order], dtype=object)
    places = np.arange(len(values))
    return [
        {
            "type": "scatter",
            "x": values[shown],
            "y": places[shown],
            "mode": "markers",
            "error_x": {
                "type": "data",
                "symmetric": False,
                "array": (ends[:, 1] - values)[shown],
                "arrayminus": (values - ends[:, 0])[shown],
                "thickness": 1.5,
                "width": 0,
            },
            "marker": {"color": colour, "size": 7},
            "customdata": ends[shown],
            "text": names[shown],
            "hovertemplate": (
                "%{text}: %{x:.4g} [%{customdata[0]:.4g}, %{customdata[1]:.4g}]<extra></extra>"
            ),
            "showlegend": False,
            **axis_names(panel),
        }
        for shown, colour in ((is_sure, COLOURS[0]), (~is_sure, UNSURE))
    ]


def _vertical(place: float, panel: int) -> dict[str, Any]:
    """Return a line at zero, or at a ratio of one, from the bottom to the top of a panel."""
    own = axis_names(panel)
    return {
        "type": "line",
        "x0": place,
        "x1": place,
        "y0": 0,
        "y1": 1,
        "xref": own["xaxis"],
        "yref": f"{own['yaxis']} domain",
        "line": {"width": 1, "color": "black"},
    }
