"""The two parameters that the loss surface is drawn over: their names and their ranges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sk_softmax.explore.parsers import ImpossibleValue, Parameter
from sk_softmax.explore.rows_of_view import Numbers, Prepared
from sk_softmax.explore.view import View

FARTHEST = 15.0
"""Standard deviations' worth of logit at most that a window shows of an optimum."""


@dataclass(frozen=True)
class Plane:
    """Two different parameters; each is a row and a column of ``params_``."""

    across: Parameter
    up: Parameter

    @property
    def pair(self) -> tuple[Parameter, Parameter]:
        """Both."""
        return self.across, self.up

    def of(self, params: Numbers) -> Numbers:
        """Return the two parameters, shape ``(..., 2)``, of ``(..., n_outputs, n_columns)``."""
        return np.stack([params[(..., *parameter)] for parameter in self.pair], axis=-1)

    def put(self, params: Numbers, pair: Numbers) -> Numbers:
        """Return a copy of params in which the two parameters are others."""
        moved = params.copy()
        for parameter, value in zip(self.pair, pair, strict=True):
            moved[parameter] = value
        return moved


def plane_of(view: View, rows: Prepared) -> Plane:
    """Return the plane of a view.

    By default these are parameters of the last class: its first coefficient and its intercept, or
    where there are more than two columns the coefficients of the two that vary most.
    """
    last = rows.n_outputs - 1
    usual: list[Parameter] = [(last, 0), (last, -1)]
    if len(rows.columns) > 2:
        spread = rows.X.std(axis=0) * rows.deviation  # in the units of the data
        usual = [(last, int(j)) for j in np.argsort(-spread, kind="stable")[:2]]
    across = usual[0] if view.across is None else view.across
    up = view.up if view.up is not None else usual[1] if usual[1] != across else usual[0]
    for field, (row, column) in (("across", across), ("up", up)):
        if row >= rows.n_outputs or column >= len(rows.columns):
            raise ImpossibleValue(
                field,
                f"The model has no such parameter: it has {rows.n_outputs} "
                f"{'rows' if rows.n_outputs > 1 else 'row'} of {len(rows.columns)} coefficients "
                "and an intercept.",
            )
    if across == up:
        raise ImpossibleValue("up", "The two parameters of a plane are different ones.")
    n_columns = len(rows.columns) + 1
    return Plane((across[0], across[1] % n_columns), (up[0], up[1] % n_columns))


def name_of(parameter: Parameter, rows: Prepared) -> str:
    """Return the name of a parameter: ``intercept``, or the column it multiplies."""
    row, column = parameter
    what = "intercept" if column == len(rows.columns) else f"coefficient of {rows.columns[column]}"
    return what if rows.n_outputs == 1 else f"{what}: {rows.classes[row]}"


def window_of(
    view: View, rows: Prepared, plane: Plane, optimum: Numbers
) -> tuple[float, float, float, float]:
    """Return left, right, lower and upper end of the surface.

    Unless the view says otherwise these are around zero and the optimum, not farther than
    :data:`FARTHEST`, and around the start. They are round numbers, so that a small change of the
    penalty leaves them as they are.
    """
    if view.window is not None:
        return view.window
    ends: list[float] = []
    for parameter, best, start in zip(
        plane.pair, plane.of(optimum), (view.start_x, view.start_y), strict=True
    ):
        unit = _unit(parameter, rows)
        end = float(np.clip(best, -FARTHEST * unit, FARTHEST * unit))
        low, high = min(0.0, end), max(0.0, end)
        spare = max(0.6 * (high - low), 1.5 * unit)
        step = _round_step(high - low + 2 * spare)
        low, high = (
            _rounded(low - spare, step, math.floor),
            _rounded(high + spare, step, math.ceil),
        )
        # A start outside widens the window; one that was set by a click inside does not move it.
        low = low if start >= low else _rounded(start - step, step, math.floor)
        high = high if start <= high else _rounded(start + step, step, math.ceil)
        ends += [low, high]
    return ends[0], ends[1], ends[2], ends[3]


def _unit(parameter: Parameter, rows: Prepared) -> float:
    """Return the size of a parameter that changes logits by about 1."""
    column = parameter[1]
    if column == len(rows.columns):
        return 1.0
    size = float(np.sqrt(np.mean(rows.X[:, column] ** 2)))
    return 1 / size if size > 0 else 1.0


def _rounded(value: float, step: float, to: Callable[[float], int]) -> float:
    """Return a whole number of steps, without the digits that are rounding."""
    return float(f"{step * to(value / step):.12g}")


def _round_step(extent: float) -> float:
    """Return 1, 2 or 5 times a power of ten, of which some 10 to 25 make the extent."""
    step = 10.0 ** math.floor(math.log10(extent / 10))
    return next(factor * step for factor in (1, 2, 5, 10) if extent / (factor * step) <= 25)
