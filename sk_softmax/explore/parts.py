"""The parts of an answer, as the page is sent them: data, frame, path, surface, gradient."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from sk_softmax.explore.gradient_numbers import GradientNumbers
from sk_softmax.explore.json_numbers import as_json
from sk_softmax.explore.judged_steps import losses_and_accuracies, objective_of_steps
from sk_softmax.explore.laboratory import Scene
from sk_softmax.explore.methods import METHODS, has_l1
from sk_softmax.explore.paths import Path
from sk_softmax.explore.plane import name_of
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View
from sk_softmax.functional import one_hot

Part = dict[str, Any]

MOST_POINTS = 600
"""Rows of a kind that are drawn."""


def key_of(values: Any) -> str:
    """Return a short name of what a part depends on."""
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def data_part(scene: Scene) -> Part:
    """Return the rows to draw, and all names."""
    rows, data = scene.rows, scene.data
    return {
        "part": "data",
        "key": key_of(scene.key),
        "title": data.title,
        "note": data.note,
        "allClasses": list(data.classes),
        "allColumns": list(data.columns),
        "usualClasses": data.usual_classes,
        "isMadeUp": data.is_made_up,
        "imageShape": _image_shape(scene),
        "classes": list(rows.classes),
        "columns": list(rows.columns),
        "chosen": list(rows.chosen),
        "nRows": len(rows.X),
        "nVal": len(rows.X_val),
        "means": as_json(rows.X.mean(axis=0)),
        "train": _points(rows.X, rows.labels),
        "val": _points(rows.X_val, rows.labels_val),
        "shares": None if rows.targets is None else as_json(rows.targets[_some(len(rows.X))], 3),
    }


def _image_shape(scene: Scene) -> list[int] | None:
    """Return height and width, if each pixel is a chosen column."""
    shape = scene.data.image_shape
    return list(shape) if shape and len(scene.rows.chosen) == shape[0] * shape[1] else None


def _some(n_rows: int) -> Any:
    """Return the numbers of the rows that are drawn, evenly spaced."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, MOST_POINTS)).astype(int))


def _points(X: Numbers, labels: Any) -> Part:
    """Return rows to draw: their columns, up to eight, and their classes."""
    some = _some(len(X)) if len(X) else np.arange(0)
    columns = X.T[:, some] if X.shape[1] <= 8 else X.T[:0]
    return {"columns": as_json(columns, 5), "labels": labels[some].tolist()}


def frame_part(view: View, scene: Scene) -> Part:
    """Return the plane, its window, the optimum, and how paths lie to the surface."""
    rows, plane = scene.rows, scene.plane
    n_free = rows.n_outputs * (len(rows.columns) + 1)
    return {
        "part": "frame",
        "across": list(plane.across),
        "up": list(plane.up),
        "names": [name_of(parameter, rows) for parameter in plane.pair],
        "nOutputs": rows.n_outputs,
        "window": list(scene.window),
        "optimum": as_json(plane.of(scene.best.params_)),
        "best": as_json(scene.best.params_.ravel()),
        "bestValue": as_json(scene.best.objective(rows.X, rows.y)),
        "isFinite": bool(scene.best.converged_),
        "nFree": n_free,
        "isSlice": n_free > 2 and view.others == "free",
    }


def path_part(name: str, view: View, scene: Scene, path: Path) -> Part:
    """Return the steps of a solver: where they are, and how good."""
    rows = scene.rows
    losses, accuracies = losses_and_accuracies(rows.X, rows.Y, rows.labels, path.params)
    l1_ratio = view.l1_ratio if has_l1(view) else 0.0
    values = objective_of_steps(losses, path.params, len(rows.X), view.C, l1_ratio)
    return {
        "part": "path",
        "solver": name,
        "label": METHODS[name].label,
        "iterations": as_json(path.iterations),
        "nIterations": path.n_iterations,
        "nBatches": path.n_batches,
        "unit": "epoch" if METHODS[name].in_minibatches else "step",
        "pair": as_json(scene.plane.of(path.params)),
        "params": as_json(path.params.reshape(len(path.params), -1), 6),
        "values": as_json(values),
        "accuracy": as_json(accuracies, 4),
        "validation": _validation(rows, path.params),
        "passes": as_json(path.passes),
        "note": path.note,
        "seconds": as_json(path.seconds, 3),
    }


def refused_part(name: str, message: str) -> Part:
    """Return why a solver has no path."""
    return {"part": "refused", "solver": name, "message": message}


def _validation(rows: Prepared, params: Numbers) -> Part | None:
    """Return loss and accuracy of each step on the validation rows; None if there are none."""
    if not len(rows.X_val):
        return None
    Y = np.asarray(one_hot(rows.labels_val, len(rows.classes)))
    losses, accuracies = losses_and_accuracies(rows.X_val, Y, rows.labels_val, params)
    return {"loss": as_json(losses), "accuracy": as_json(accuracies, 4)}


def surface_part(xs: Numbers, ys: Numbers, values: Numbers, key: str) -> Part:
    """Return the objective on the grid."""
    return {
        "part": "surface",
        "key": key,
        "x": as_json(xs),
        "y": as_json(ys),
        "values": as_json(values),
    }


def gradient_part(numbers: GradientNumbers, step_size: float) -> Part:
    """Return the gradient as the panel shows it."""
    return {
        "part": "gradient",
        "data": as_json(numbers.data),
        "penalty": as_json(numbers.penalty),
        "total": as_json(numbers.total),
        "norm": as_json(np.linalg.norm(numbers.total)),
        "shown": [int(number) + 1 for number in numbers.shown],
        "rows": as_json(numbers.rows[:, :8], 5),
        "outputs": as_json(numbers.outputs, 5),
        "targets": as_json(numbers.targets, 5),
        "learningRate": step_size,
    }
