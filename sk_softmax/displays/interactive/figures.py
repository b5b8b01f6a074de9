"""What all Plotly figures need: the import of plotly, colours, and panels in a grid."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from sk_softmax.displays.drawing import COLOURS

DASHES = ("solid", "dash", "dot", "dashdot")
"""Plotly's styles of lines, those of ``drawing.LINE_STYLES``."""

SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "triangle-down",
    "cross",
    "star",
)
"""Plotly's markers, those of ``drawing.MARKERS``."""

# ColorBrewer's YlGnBu and RdBu, which matplotlib draws: Plotly's scales of these names differ.
SEQUENTIAL = [
    "#ffffd9",
    "#edf8b1",
    "#c7e9b4",
    "#7fcdbb",
    "#41b6c4",
    "#1d91c0",
    "#225ea8",
    "#253494",
    "#081d58",
]
DIVERGING = [
    "#67001f",
    "#b2182b",
    "#d6604d",
    "#f4a582",
    "#fddbc7",
    "#f7f7f7",
    "#d1e5f0",
    "#92c5de",
    "#4393c3",
    "#2166ac",
    "#053061",
]

INCH = 96
"""Pixels of a CSS inch: matplotlib counts figures in inches, Plotly in pixels."""

TITLE = 26
"""Pixels above a panel, for its title."""


def figure(display: object, data: Sequence[dict[str, Any]], layout: dict[str, Any]) -> Any:
    """Return a ``plotly.graph_objects.Figure`` of these traces.

    Without plotly the error names the display that needs it and says how to install it.
    """
    try:
        graph_objects = importlib.import_module("plotly.graph_objects")
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.to_plotly draws with plotly, which is not installed. "
            'Install it with: pip install "sk-softmax[explore]"'
        ) from error
    shared = {"template": "plotly_white", "colorway": list(COLOURS)}
    return graph_objects.Figure(data=list(data), layout={**shared, **layout})


def scale(colours: Sequence[str]) -> list[list[Any]]:
    """Return colours as Plotly's scale, evenly spread from 0 to 1."""
    return [[i / (len(colours) - 1), colour] for i, colour in enumerate(colours)]


def colour(number: int) -> str:
    """Return the colour of a line by its number."""
    return COLOURS[number % len(COLOURS)]


def axis_names(panel: int) -> dict[str, str]:
    """Return the axes that a trace of a panel refers to."""
    suffix = "" if panel == 0 else str(panel + 1)
    return {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}


def panels(
    titles: Sequence[str],
    n_columns: int,
    cell: tuple[float, float],
    gap: tuple[float, float] = (0.06, 0.12),
    **axes: dict[str, Any],
) -> dict[str, Any]:
    """Return the layout of panels in a grid, with a title above each.

    Parameters
    ----------
    titles : sequence of str
        One per panel.
    n_columns : int
        Most panels side by side.
    cell : tuple of float
        Width and height of a panel in inches.
    gap : tuple of float
        Between panels, as shares of the width and of the height of a panel.
    xaxis, yaxis : dict
        What all axes have.
    """
    n_columns = max(min(n_columns, len(titles)), 1)
    n_rows = -(-len(titles) // n_columns)
    layout: dict[str, Any] = {"annotations": []}
    for number, title in enumerate(titles):
        row, column = divmod(number, n_columns)
        x = _share(column, n_columns, gap[0])
        low, high = _share(row, n_rows, gap[1])
        y = [1 - high, 1 - low]
        names = axis_names(number)
        for kind, domain, other in (("xaxis", x, "yaxis"), ("yaxis", y, "xaxis")):
            layout[kind + names[kind][1:]] = {
                "domain": domain,
                "anchor": names[other],
                **axes.get(kind, {}),
            }
        layout["annotations"].append(_title(title.replace("\n", "<br>"), sum(x) / 2, y[1]))
    layout["width"] = round(INCH * cell[0] * n_columns) + 120
    layout["height"] = round((INCH * cell[1] + TITLE) * n_rows) + 120
    layout["margin"] = {"t": 60, "b": 60, "l": 70, "r": 50}
    return layout


def _share(number: int, n: int, gap: float) -> list[float]:
    """Return where the part of this number begins and ends if 0 to 1 has ``n`` of them."""
    size = 1 / (n + gap * (n - 1))
    first = number * size * (1 + gap)
    return [first, min(first + size, 1.0)]


def _title(text: str, x: float, y: float) -> dict[str, Any]:
    """Return the title of a panel, above the middle of its upper edge."""
    place = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom"}
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": {"size": 14}, **place}
