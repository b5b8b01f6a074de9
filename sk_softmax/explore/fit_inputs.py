"""What the fits of a page are given: all parameters free, or two with the others held fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.explore.plane import Plane
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View


@dataclass(frozen=True)
class FitInputs:
    """Arguments of ``fit``, and the way back from its parameters to those of the whole model."""

    X: Numbers
    y: Any
    offset: Numbers | None
    start: Numbers
    """Shape ``(n_outputs, n_columns)``, for this fit."""

    lift: Callable[[Numbers], Numbers]
    """From a path of this fit, ``(n_steps, n_outputs, n_columns)``, to one of the whole model."""

    options: dict[str, Any] = field(default_factory=dict)
    """Parameters of the estimator beside penalty and solver."""

    free: NDArray[np.bool_] | None = None
    """Which entries of ``start`` move; None if all do."""

    def starting(self) -> dict[str, Any]:
        """Return the start as arguments of ``fit``."""
        if not self.options.get("fit_intercept", True):
            return {"coef_init": self.start}
        return {"coef_init": self.start[:, :-1], "intercept_init": self.start[:, -1]}


def fit_inputs(view: View, rows: Prepared, plane: Plane, optimum: Numbers) -> FitInputs:
    """Return the inputs of a view; ``optimum`` has shape ``(n_outputs, n_features + 1)``.

    Parameters that are not on the plane start at zero, or are held at the optimum.
    """
    start = np.array([view.start_x, view.start_y])
    if view.others == "held":
        return _held(rows, plane, optimum, start)
    params = plane.put(np.zeros_like(optimum), start)
    return FitInputs(rows.X, rows.y, None, params, lambda path: path)


def _held(rows: Prepared, plane: Plane, optimum: Numbers, start: Numbers) -> FitInputs:
    """Return the inputs of a fit of any two parameters.

    The logits of the others are an offset, and what is left are the columns that the two multiply,
    ones for an intercept: one column, or two. Each has a coefficient for every class; only the two
    are free. Two classes have a single row of coefficients, which then is the two.
    """
    columns = np.column_stack([rows.X, np.ones(len(rows.X))])
    offset = columns @ plane.put(optimum, np.zeros(2)).T
    intercept = optimum.shape[1] - 1
    used = sorted({column for _, column in plane.pair})
    params = np.zeros((len(optimum), len(used)))
    places = [(row, used.index(column)) for row, column in plane.pair]
    free = np.zeros(params.shape, dtype=bool)
    for place, value in zip(places, start, strict=True):
        params[place], free[place] = value, True

    def lift(path: Numbers) -> Numbers:
        lifted = np.broadcast_to(optimum, (len(path), *optimum.shape)).copy()
        for parameter, place in zip(plane.pair, places, strict=True):
            lifted[(slice(None), *parameter)] = path[(slice(None), *place)]
        return lifted

    return FitInputs(
        columns[:, used],
        rows.y,
        offset[:, 0] if len(optimum) == 1 else offset,
        params,
        lift,
        {"fit_intercept": False, "penalty_factor": [float(j != intercept) for j in used]},
        None if free.all() else free,
    )
