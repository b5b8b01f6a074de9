"""The Plotly figure of losses and accuracies in the course of fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.displays.drawing import COLOURS
from sk_softmax.displays.interactive.figures import colour, figure

KINDS = (
    ("value", "training loss", "solid", "y"),
    ("validation_loss", "validation loss", "dash", "y"),
    ("validation_accuracy", "validation accuracy", "dot", "y2"),
)
"""Columns of a curve: field, label, style of the line, and axis."""


def curves_figure(display: Any, x: str, x_label: str, accuracy: bool, log_scale: bool) -> Any:
    """Return the figure of a :class:`LossCurveDisplay`; its parameters are those of ``plot``."""
    several = len(display.curves) > 1
    data = []
    for column, label, dash, axis in KINDS if accuracy else KINDS[:2]:
        for number, (name, curve) in enumerate(display.curves.items()):
            shown = np.isfinite(curve[column])
            if not shown.any():
                continue
            # A single fit needs no colour of its own, so its accuracy has another.
            is_apart = axis == "y2" and not several
            data.append(
                {
                    "type": "scatter",
                    "x": curve[x][shown],
                    "y": curve[column][shown],
                    "mode": "lines",
                    "name": f"{name}: {label}" if several else label,
                    "line": {"color": COLOURS[1] if is_apart else colour(number), "dash": dash},
                    "yaxis": axis,
                }
            )
    layout = {
        "xaxis": {"title": {"text": x_label}},
        "yaxis": {
            "title": {"text": "loss (nats a row)"},
            "type": "log" if log_scale else "linear",
        },
        "hovermode": "x unified",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "width": 760,
        "height": 480,
    }
    if any(trace["yaxis"] == "y2" for trace in data):
        side = {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto"}
        layout["yaxis2"] = {"title": {"text": "accuracy"}, **side}
    return figure(display, data, layout)
