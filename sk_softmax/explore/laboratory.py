"""What a view needs, each computed once: rows, optimum, surface; and the paths on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from sk_softmax.demonstration import CommandError
from sk_softmax.estimators import SoftmaxRegression
from sk_softmax.explore.datasets import OWN, DataSet, data_set
from sk_softmax.explore.fit_inputs import FitInputs, fit_inputs
from sk_softmax.explore.gradient_numbers import GradientNumbers, gradient_numbers
from sk_softmax.explore.kept import Kept
from sk_softmax.explore.methods import has_l1
from sk_softmax.explore.objective_grid import loss_on_grid, penalty_on_grid
from sk_softmax.explore.own_file import OwnFile
from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.paths import Path, Watch, optimum_of, path_of
from sk_softmax.explore.plane import Plane, plane_of, window_of
from sk_softmax.explore.rows_of_view import Numbers, Prepared, prepared
from sk_softmax.explore.view import View

GRID = 50
"""Points of the surface on each side."""

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Scene:
    """What stands still while the solvers run: the rows, the plane and the best model."""

    key: Key
    """What the rows depend on."""

    surface_key: Key
    path_key: Key
    """What a path depends on beside its solver and the options of that."""

    data: DataSet
    rows: Prepared
    plane: Plane
    best: SoftmaxRegression
    window: tuple[float, float, float, float]
    inputs: FitInputs


class Laboratory:
    """Answers for views. One thing is computed at a time, whoever asks.

    Parameters
    ----------
    own : OwnFile, optional
        The user's own file.
    """

    def __init__(self, own: OwnFile | None = None) -> None:
        self.own = own
        self._one_at_a_time = threading.Lock()
        self._rows: Kept[Prepared] = Kept(8)
        self._best: Kept[SoftmaxRegression] = Kept(32)
        self._surfaces: Kept[Numbers] = Kept(32)
        self._losses: Kept[Numbers] = Kept(32)
        self.path_parts: Kept[dict[str, Any]] = Kept(64)

    def scene(self, view: View) -> Scene:
        """Return the scene of a view; an :class:`ImpossibleValue` says what cannot be."""
        with self._one_at_a_time:
            data, key = self._data(view)
            rows = self._rows.get(key, lambda: prepared(view, data))
            plane = plane_of(view, rows)
            penalty = (view.C, view.l1_ratio if has_l1(view) else 0.0)
            best = self._best.get((key, penalty), lambda: optimum_of(view, rows))
            window = window_of(view, rows, plane, best.params_)
            inputs = fit_inputs(view, rows, plane, best.params_)
            surface_key = (key, penalty, plane, window)
            path_key = (key, penalty, plane, view.others, view.start_x, view.start_y)
            return Scene(key, surface_key, path_key, data, rows, plane, best, window, inputs)

    def path(self, name: str, view: View, scene: Scene, watch: Watch | None = None) -> Path:
        """Return the path of one solver."""
        with self._one_at_a_time:
            return path_of(name, view, scene.inputs, watch)

    def surface(self, view: View, scene: Scene) -> tuple[Numbers, Numbers, Numbers]:
        """Return the grid's coordinates across and up, and the objective on it.

        Shapes ``(GRID,)``, ``(GRID,)`` and ``(GRID, GRID)``, a row for each height.
        """
        left, right, low, high = scene.window
        xs, ys = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
        rows, plane, l1_ratio = scene.rows, scene.plane, view.l1_ratio if has_l1(view) else 0.0
        others = plane.put(scene.best.params_, np.zeros(2))
        # Without the penalty it is the same for each C, if the model has these two parameters
        # alone; else the others are at another optimum.
        key = (scene.key, plane, scene.window, others.tobytes())

        def values() -> Numbers:
            loss = self._losses.get(
                key, lambda: loss_on_grid(rows.X, rows.Y, others, plane, xs, ys)
            )
            penalty = penalty_on_grid(others, plane, xs, ys, l1_ratio)
            return loss + penalty / (view.C * len(rows.X))

        with self._one_at_a_time:
            return xs, ys, self._surfaces.get(scene.surface_key, values)

    def gradient(self, view: View, scene: Scene, params: Numbers) -> GradientNumbers:
        """Return the gradient in numbers at any params of the model."""
        if params.shape != scene.best.params_.shape or not np.isfinite(params).all():
            raise ImpossibleValue(
                "params", f"Parameters of shape {scene.best.params_.shape} are needed, all finite."
            )
        return gradient_numbers(view, scene.rows, params)

    def _data(self, view: View) -> tuple[DataSet, Key]:
        """Return the data of a view, and what the rows made of them depend on."""
        choices = (view.classes, view.features, view.scale, view.validation, view.targets)
        if view.data != OWN:
            return data_set(view.data, view.rows), (view.data, view.rows, *choices)
        if self.own is None:
            raise ImpossibleValue(
                "data",
                "This link is about a file of one's own, and the page was opened without one: "
                "start it with  python -m sk_softmax explore data.csv --target COLUMN",
            )
        stamp = self.own.stamp()
        try:
            return self.own.data_set(), (view.data, stamp, *choices)
        except CommandError as error:
            raise ImpossibleValue("data", f"{str(error)[0].upper()}{str(error)[1:]}.") from None
