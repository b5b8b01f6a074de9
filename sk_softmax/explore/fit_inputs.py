"""What the fits of a page are given: all parameters free, or two with the others held fixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import logsumexp

from sk_softmax.explore.parsers import ImpossibleValue
from sk_softmax.explore.plane import Plane
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View


@dataclass(frozen=True)
class FitInputs:
    """Arguments of ``fit``, and the way back from its parameters to those of the whole model."""

    X: Numbers
    y: Any
    offset: Numbers | None
    fit_intercept: bool
    start: Numbers
    """Shape ``(n_outputs, n_columns)``, for this fit."""

    lift: Callable[[Numbers], Numbers]
    """From a path of this fit, ``(n_steps, n_outputs, n_columns)``, to one of the whole model."""

    def starting(self) -> dict[str, Any]:
        """Return the start as arguments of ``fit``."""
        if not self.fit_intercept:
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
    return FitInputs(rows.X, rows.y, None, True, params, lambda path: path)


def _held(rows: Prepared, plane: Plane, optimum: Numbers, start: Numbers) -> FitInputs:
    """Return the inputs of a fit of two parameters of one class.

    With the other logits fixed, softmax regression is the binary regression of that class against
    the rest, whose log-odds have the offset ``z_k - logsumexp of the others``: the two losses
    differ by a constant.
    """
    (row, first), (other_row, second) = plane.pair
    if row != other_row:
        raise ImpossibleValue(
            "others",
            "The others can be held fixed for two parameters of one class. These are of the "
            f"classes {rows.classes[row]} and {rows.classes[other_row]}: choose two of one class, "
            "or let all parameters move.",
        )
    columns = np.column_stack([rows.X, np.ones(len(rows.X))])
    logits = columns @ plane.put(optimum, np.zeros(2)).T
    if rows.n_outputs == 1:
        k, offset = 1, logits[:, 0]
    else:
        k, offset = row, logits[:, row] - logsumexp(np.delete(logits, row, axis=1), axis=1)
    if rows.targets is None:
        y: Any = (rows.labels == k).astype(np.intp)
    else:
        y = np.column_stack([1 - rows.targets[:, k], rows.targets[:, k]])
    intercept = optimum.shape[1] - 1
    free = [column for column in (first, second) if column != intercept]
    order = [0, 1] if first != intercept else [1, 0]  # the intercept is last

    def lift(path: Numbers) -> Numbers:
        lifted = np.broadcast_to(optimum, (len(path), *optimum.shape)).copy()
        for parameter, position in zip(plane.pair, order, strict=True):
            lifted[(slice(None), *parameter)] = path[:, 0, position]
        return lifted

    return FitInputs(
        rows.X[:, free], y, offset, len(free) == 1, start[np.argsort(order)][None, :], lift
    )
