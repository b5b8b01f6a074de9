"""A view as one HTML file: the page itself with its scripts, styles and answer inside."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np

from sk_softmax.explore.answers import answered
from sk_softmax.explore.laboratory import Laboratory
from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.parts import Part, gradient_part
from sk_softmax.explore.python_code import python_code
from sk_softmax.explore.view import View, view_of

SCRIPTS = (
    "colours.js",
    "state.js",
    "request.js",
    "fields.js",
    "choices.js",
    "bands.js",
    "surface.js",
    "rows.js",
    "curves.js",
    "gradient.js",
    "coefficients.js",
    "player.js",
    "lesson.js",
    "export.js",
    "main.js",
)
"""In the order in which they are loaded."""

PAGE_FILES = ("explore.css", *SCRIPTS)
"""Files of the page beside ``index.html``."""

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""Of the file: all that it needs is inside."""

MOST_GRADIENTS = 20_000
"""Numbers of gradients that a file holds for each path."""


def page_file(name: str) -> str:
    """Return the text of a file of the page."""
    return (resources.files("sk_softmax.explore") / "page" / name).read_text(encoding="utf-8")


def html_file(laboratory: Laboratory, query: Mapping[str, str], plotly: str) -> str:
    """Return a page that shows one view without a server: its paths play, its surface turns.

    Parameters
    ----------
    laboratory : Laboratory
        Computes the view.
    query : mapping of str to str
        The link's view.
    plotly : str
        The text of ``plotly.min.js``.

    Raises
    ------
    ImpossibleValue
        If the view has a value that cannot be used.
    """
    kept = json.dumps(_kept(laboratory, query), allow_nan=False).replace("<", "\\u003c")
    inside = {name: page_file(name) for name in PAGE_FILES}
    inside["plotly.min.js"] = plotly

    def style(match: re.Match[str]) -> str:
        return f"<style>\n{inside[match[1]]}\n</style>"

    def script(match: re.Match[str]) -> str:
        text = inside[match[1]].replace("</script", "<\\/script")
        return f"<script>\n{text}\n</script>"

    page = page_file("index.html")
    page = re.sub(r'<link rel="stylesheet" href="([\w.]+)">', style, page)
    page = re.sub(r'<script src="([\w.]+)"></script>', script, page)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    page = page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{policy}', 1)
    data = f'<script type="application/json" id="kept">{kept}</script>'
    return page.replace('<div id="page">', f'{data}\n<div id="page">', 1)


def _kept(laboratory: Laboratory, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer of a view, the gradients along its paths, and its code."""
    view = view_of(query)
    parts: list[Part] = []
    answered(laboratory, view, frozenset(), parts.append, lambda: True)
    parts = [part for part in parts if part["part"] != "progress"]
    for part in parts:
        if part["part"] == "impossible":
            raise ImpossibleValue(part["field"], part["message"])
    return {
        "query": {name: text for name, text in query.items() if name not in ("tab", "number")},
        "parts": parts,
        "gradients": _gradients(laboratory, view, parts),
        "code": python_code(view, laboratory.scene(view)),
    }


def _gradients(laboratory: Laboratory, view: View, parts: list[Part]) -> dict[str, list[Part]]:
    """Return for each solver the gradient at each step; none of paths that would take too much."""
    scene = laboratory.scene(view)
    shape = scene.best.params_.shape
    gradients = {}
    for part in parts:
        if part["part"] != "path" or len(part["params"]) * np.prod(shape) > MOST_GRADIENTS:
            continue
        steps = [np.array(step, dtype=np.float64).reshape(shape) for step in part["params"]]
        if not all(np.isfinite(step).all() for step in steps):
            continue
        gradients[part["solver"]] = [
            gradient_part(laboratory.gradient(view, scene, step), view.learning_rate)
            for step in steps
        ]
    return gradients
