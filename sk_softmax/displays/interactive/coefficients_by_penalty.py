"""The Plotly figure of coefficients against C."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sk_softmax.displays.drawing import COLOURS
from sk_softmax.displays.edge_labels import shortened, spread
from sk_softmax.displays.interactive.figures import INCH, axis_names, figure, panels

CELL = 3.8, 3.0
"""Width and height of a panel in inches."""

LINE_HEIGHT = 15
"""Pixels from one name to the next."""

OTHERS = "#BBBBBB"
"""Colour of the lines that are not named in the picture; each has its name when pointed at."""


def path_figure(
    display: Any,
    lines: Sequence[tuple[list[int], list[int]]],
    colours: Sequence[Sequence[str]],
    *,
    C: float | None,
    C_label: str,
    label: str,
    n_columns: int,
) -> Any:
    """Return the figure of a :class:`PathDisplay`.

    Parameters
    ----------
    display : PathDisplay
        What to draw.
    lines : sequence of pairs of lists of int
        For each class the features that are drawn, those without and those with a colour.
    colours : sequence of sequences of str
        For each class the colours of the latter.
    C : float or None
        Where to draw a vertical line, which is called ``C_label``.
    label : str
        What the vertical axes show.
    n_columns : int
        Panels side by side.
    """
    data: list[dict[str, Any]] = []
    for panel, ((others, named), own) in enumerate(zip(lines, colours, strict=True)):
        data += [_line(display, panel, i, OTHERS, 0.8) for i in others]
        data += [_line(display, panel, i, c, 2) for i, c in zip(named, own, strict=True)]
    last = len(lines)
    data += _summary(display, last)
    titles = [*display.titles, "all classes" if last > 1 else "fit and size"]
    low, high = np.log10(display.Cs[[0, -1]])
    x_axis = {"type": "log", "range": [low, high], "title": {"text": "C"}}
    layout = panels(titles, n_columns, CELL, (0.62, 0.28), xaxis=x_axis)
    layout["margin"]["r"] = 150  # room for names
    layout["width"] += 60 * n_columns
    bottom, top = display.coefficients.min(), display.coefficients.max()
    margin = 0.05 * (top - bottom) or 1.0
    for panel in range(last):
        axis = layout[_key(panel)]
        axis["range"] = [bottom - margin, top + margin]
        layout["annotations"] += _names(display, panel, lines[panel][1], colours[panel], axis)
        axis["zeroline"], axis["zerolinecolor"] = True, "black"
        if panel % n_columns == 0:
            axis["title"] = {"text": label}
    _summary_axes(layout, last)
    if C is not None:
        layout["shapes"] = [_vertical(C, C_label, panel, last) for panel in range(last + 1)]
    layout["legend"] = {"orientation": "h", "y": -0.12}
    return figure(display, data, layout)


def _line(
    display: Any, panel: int, feature: int, line_colour: str, width: float
) -> dict[str, Any]:
    """Return the coefficients of one feature for one class."""
    name = str(display.feature_names[feature])
    return {
        "type": "scatter",
        "x": display.Cs,
        "y": display.coefficients[:, panel, feature],
        "mode": "lines",
        "name": name,
        "showlegend": False,
        "line": {"color": line_colour, "width": width},
        "hovertemplate": f"{name}: %{{y:.4g}} at C = %{{x:.3g}}<extra></extra>",
        **axis_names(panel),
    }


def _names(
    display: Any, panel: int, named: list[int], colours: Sequence[str], axis: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the names of the lines that have colours, at the right edge, none over another."""
    values, (low, high) = display.coefficients[-1, panel, named], axis["range"]
    order = np.argsort(values, kind="stable")
    height = INCH * CELL[1]
    places = spread((values[order] - low) / (high - low), LINE_HEIGHT / height)
    own = axis_names(panel)
    return [
        {
            "text": shortened(str(display.feature_names[named[i]])),
            "x": 1.02,
            "y": place,
            "xref": f"{own['xaxis']} domain",
            "yref": f"{own['yaxis']} domain",
            "xanchor": "left",
            "yanchor": "middle",
            "showarrow": False,
            "font": {"color": colours[i], "size": 11},
        }
        for i, place in zip(order, places, strict=True)
    ]


def _summary(display: Any, panel: int) -> list[dict[str, Any]]:
    """Return the share explained and the number of nonzero coefficients, on two axes."""
    own = axis_names(panel)
    curves = [
        ("share of the deviance explained", display.deviance_ratio, "solid", own["yaxis"]),
        ("nonzero coefficients", display.n_nonzero, "dash", f"y{panel + 2}"),
    ]
    return [
        {
            "type": "scatter",
            "x": display.Cs,
            "y": values,
            "mode": "lines",
            "name": name,
            "line": {"color": COLOURS[number], "dash": dash},
            "xaxis": own["xaxis"],
            "yaxis": axis,
        }
        for number, (name, values, dash, axis) in enumerate(curves)
    ]


def _summary_axes(layout: dict[str, Any], panel: int) -> None:
    """Give the last panel its two vertical axes, in the colours of their curves.

    The legend has what they show: names of lines take the room of a title.
    """
    own = axis_names(panel)
    layout[_key(panel)].update(range=[0, 1.02], tickfont={"color": COLOURS[0]})
    layout[_key(panel + 1)] = {
        "anchor": own["xaxis"],
        "overlaying": own["yaxis"],
        "side": "right",
        "rangemode": "tozero",
        "showgrid": False,
        "tickmode": "auto",
        "tickfont": {"color": COLOURS[1]},
    }


def _vertical(C: float, label: str, panel: int, last: int) -> dict[str, Any]:
    """Return a dashed line at a C, named in the legend once, by the last panel."""
    own = axis_names(panel)
    return {
        "type": "line",
        "x0": C,
        "x1": C,
        "y0": 0,
        "y1": 1,
        "xref": own["xaxis"],
        "yref": f"{own['yaxis']} domain",
        "line": {"dash": "dash", "width": 1, "color": "black"},
        "name": label,
        "showlegend": panel == last,
    }


def _key(panel: int) -> str:
    """Return the name in the layout of the vertical axis of a panel."""
    return "yaxis" + axis_names(panel)["yaxis"][1:]
