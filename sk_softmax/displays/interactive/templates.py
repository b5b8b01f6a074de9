"""The Plotly figures of coefficients and of mistakes: images, or bars."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.displays.drawing import COLOURS
from sk_softmax.displays.interactive.figures import DIVERGING, axis_names, figure, panels, scale

NO_TICKS = {"showticklabels": False, "showgrid": False, "zeroline": False, "ticks": ""}


def images_figure(display: Any, n_columns: int, label: str, *, smooth: bool) -> Any:
    """Return the figure of a :class:`CoefficientDisplay` of images."""
    height, width = display.image_shape
    limit = float(np.abs(display.coefficients).max()) or 1.0
    data = [
        {
            **_image(panel, row.reshape(height, width)),
            "coloraxis": "coloraxis",
            "zsmooth": "best" if smooth else False,
            "hovertemplate": "row %{y}, column %{x}: %{z:.4g}<extra></extra>",
        }
        for panel, row in enumerate(display.coefficients)
    ]
    layout = _layout_of_images(display.titles, n_columns, (1.6, 1.6 * height / width))
    layout["coloraxis"] = {
        "colorscale": scale(DIVERGING),
        "cmin": -limit,
        "cmax": limit,
        "colorbar": {"title": {"text": label, "side": "right"}},
    }
    return figure(display, data, layout)


def bars_figure(display: Any, n_features: int, n_columns: int, label: str) -> Any:
    """Return the figure of a :class:`CoefficientDisplay` of bars."""
    limit = 1.05 * (float(np.abs(display.coefficients).max()) or 1.0)
    data = []
    for panel, row in enumerate(display.coefficients):
        largest = display.largest(row, n_features)
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "x": row[largest],
                "y": [str(display.feature_names[i]) for i in largest],
                "marker": {"color": [COLOURS[0] if row[i] > 0 else COLOURS[1] for i in largest]},
                "showlegend": False,
                "hovertemplate": "%{y}: %{x:.4g}<extra></extra>",
                **axis_names(panel),
            }
        )
    cell = (3.4, 0.6 + 0.24 * n_features)
    x_axis = {"range": [-limit, limit], "title": {"text": label}}
    y_axis = {"automargin": True, "type": "category"}
    gap = 0.5, 0.35
    return figure(
        display, data, panels(display.titles, n_columns, cell, gap, xaxis=x_axis, yaxis=y_axis)
    )


def mistakes_figure(display: Any, n_columns: int) -> Any:
    """Return the figure of a :class:`MisclassifiedDisplay`."""
    data, titles = [], []
    for panel, (image, true, predicted, probability, index) in enumerate(
        zip(
            display.images,
            display.true,
            display.predicted,
            display.probabilities,
            display.indices,
            strict=True,
        )
    ):
        titles.append(f"{true}, taken for {predicted}\n({probability:.0%} sure)")
        data.append(
            {
                **_image(panel, image),
                "colorscale": [[0, "white"], [1, "black"]],
                "showscale": False,
                "hovertemplate": f"row {index}: %{{z:.4g}}<extra></extra>",
            }
        )
    height, width = display.images.shape[1:] if len(titles) else (1, 1)
    cell = 1.5, 1.5 * height / width + 0.3
    layout = _layout_of_images(titles or ["no mistakes"], n_columns, cell)
    layout["title"] = {"text": display.summary}
    layout["margin"] = {**layout["margin"], "t": 110}
    return figure(display, data, layout)


def _image(panel: int, image: Any) -> dict[str, Any]:
    """Return an image as a trace, of shape (height, width)."""
    return {"type": "heatmap", "z": image, **axis_names(panel)}


def _layout_of_images(titles: Any, n_columns: int, cell: tuple[float, float]) -> dict[str, Any]:
    """Return panels whose pixels are squares, the first row of each at the top."""
    layout = panels(titles, n_columns, cell, (0.06, 0.24), xaxis=NO_TICKS, yaxis=NO_TICKS)
    for number in range(len(titles)):
        names = axis_names(number)
        layout["xaxis" + names["xaxis"][1:]].update(constrain="domain")
        layout["yaxis" + names["yaxis"][1:]].update(
            autorange="reversed", scaleanchor=names["xaxis"], constrain="domain"
        )
    return layout
