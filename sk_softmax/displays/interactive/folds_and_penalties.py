"""The Plotly figure of cross-validated scores against C."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.displays.interactive.figures import colour, figure

FAINT = 0.35
"""Opacity of the scores of single folds."""


def scores_figure(display: Any, x: Any, means: Any, errors: Any, *, folds: bool) -> Any:
    """Return the figure of a :class:`CVDisplay`.

    Parameters
    ----------
    display : CVDisplay
        What to draw.
    x : ndarray of shape (n_Cs,)
        Where each C stands.
    means, errors : ndarray of shape (n_l1_ratios, n_Cs)
        Mean scores and their standard errors.
    folds : bool
        Whether to draw the scores of each fold, if there is a single share of L1.
    """
    order = np.argsort(display.Cs)
    several = len(display.l1_ratios) > 1
    data: list[dict[str, Any]] = []
    for number, share in enumerate(display.l1_ratios):
        there = x[order], means[number, order], errors[number, order]
        if folds and not several:
            data += [_fold(i, x[order], row[order]) for i, row in enumerate(display.scores[:, 0])]
        name = f"l1_ratio {share:g}" if several else "mean, one standard error"
        data += _line(number, name, *there)
    data += _marks(display, x, means)
    share, number = display.choices["best"]
    floor = means[share, number] - errors[share, number]
    layout = {
        "xaxis": {"title": {"text": "C (inverse strength of the penalty)"}, "type": "log"},
        "yaxis": {"title": {"text": display.score_name}},
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": floor,
                "y1": floor,
                "line": {"dash": "dot", "width": 1},
                "name": "best mean less its standard error",
                "showlegend": True,
            }
        ],
        "annotations": [_no_penalty(place) for place in x[np.isinf(display.Cs)]],
        "legend": {"orientation": "h", "y": -0.2},
        "margin": {"t": 60},
        "width": 760,
        "height": 560,
    }
    return figure(display, data, layout)


def _fold(number: int, x: Any, scores: Any) -> dict[str, Any]:
    """Return the scores of one fold, of shape (n_Cs,); the first is in the legend."""
    return {
        "type": "scatter",
        "x": x,
        "y": scores,
        "mode": "lines",
        "name": "each fold",
        "legendgroup": "folds",
        "showlegend": number == 0,
        "opacity": FAINT,
        "line": {"color": colour(0), "width": 1},
        "hovertemplate": f"fold {number}: %{{y:.4g}}<extra></extra>",
    }


def _line(number: int, name: str, x: Any, means: Any, errors: Any) -> list[dict[str, Any]]:
    """Return a band of a standard error and the line of the means, all of shape (n_Cs,)."""
    look = {"type": "scatter", "legendgroup": name, "line": {"color": colour(number)}}
    band = {
        **look,
        "x": np.concatenate([x, x[::-1]]),
        "y": np.concatenate([means - errors, (means + errors)[::-1]]),
        "fill": "toself",
        "line": {"width": 0, "color": colour(number)},
        "opacity": FAINT,
        "mode": "lines",
        "showlegend": False,
        "hoverinfo": "skip",
    }
    line = {
        **look,
        "x": x,
        "y": means,
        "mode": "lines+markers",
        "name": name,
        "customdata": errors,
        "hovertemplate": "C = %{x:.3g}: %{y:.4g} &plusmn; %{customdata:.2g}<extra></extra>",
    }
    return [band, line]


def _marks(display: Any, x: Any, means: Any) -> list[dict[str, Any]]:
    """Return the marks of the choices."""
    marks = []
    for (name, (share, number)), symbol in zip(
        display.choices.items(), ("star", "diamond-open"), strict=True
    ):
        label = f"{name}: C = {display.Cs[number]:.3g}"
        if len(display.l1_ratios) > 1:
            label += f", l1_ratio = {display.l1_ratios[share]:g}"
        marks.append(
            {
                "type": "scatter",
                "x": [x[number]],
                "y": [means[share, number]],
                "mode": "markers",
                "name": label,
                "marker": {"symbol": symbol, "size": 14, "color": "black"},
                "hovertemplate": f"{label}: %{{y:.4g}}<extra></extra>",
            }
        )
    return marks


def _no_penalty(place: float) -> dict[str, Any]:
    """Return the note that a place stands for no penalty; a logarithmic axis takes logarithms."""
    return {
        "text": "no penalty",
        "x": float(np.log10(place)),
        "y": 0.02,
        "yref": "paper",
        "yanchor": "bottom",
        "textangle": -90,
        "showarrow": False,
    }
