"""Params as a fit reports them, and what their rounding costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sk_softmax.fitting.settings import Settings
from sk_softmax.fitting.shift import Shift
from sk_softmax.interfaces import Array, Solution, Status
from sk_softmax.objective import RegressionObjective, spread_out
from sk_softmax.parts import PartedRows

# Rounding that changes the logits of SOME_ROWS rows by at most FELT nats is not looked at further:
# near the optimum it changes the loss by about FELT^2. Other fits pay no pass for it.
SOME_ROWS, FELT = 64, 1e-4


def is_felt(objective: RegressionObjective, shift: Shift, found: Array, rounded: Array) -> bool:
    """Whether reported params, ``(n_outputs, n_columns)``, have logits more than FELT off."""
    rows, coef = objective.rows, slice(objective.rows.n_features)
    change = np.abs(shift.params(rounded)[:, coef] - objective.penalty.balanced(found)[:, coef])
    sizes = rows.moments.sizes() if isinstance(rows, PartedRows) and rows.moments else None
    if sizes is not None and (change @ sizes).max() <= FELT:
        return False  # in any row, which need not be read to know it
    some = abs(rows.values(spread_out(rows.n_rows, min(SOME_ROWS, rows.n_rows))))
    return bool((some @ change.T).max() > FELT)


def with_rounding(settings: Settings, solution: Solution, lost: float) -> Solution:
    """Return a solution whose value rises by ``lost`` nats a row when its params are rounded.

    It is not called converged if that is more than ``tol`` allows and float32 hides.
    """
    value = solution.evaluation.value
    allowed = settings.tol * abs(value) + np.finfo(np.float32).eps * max(value, 1.0)
    if solution.status is Status.CONVERGED and lost > allowed:
        return replace(solution, status=Status.PRECISION_LIMIT)
    return solution


def reported(objective: RegressionObjective, shift: Shift, params: Array) -> Array:
    """Return params for the given columns as they are reported, shape ``(n_outputs, n_columns)``.

    The coefficients are rounded to the width of the rows before the shift is worked into the
    intercept, which so makes up for their rounding, and stays in float64.
    """
    params = objective.penalty.balanced(params)
    narrow = _narrowed(objective, params, shift.width)
    if shift.is_none and not shift.widens:
        return narrow
    coef = slice(objective.rows.n_features)
    params = params.astype(np.float64)
    params[:, coef] = narrow[:, coef]
    return shift.lift(params)


def _narrowed(objective: RegressionObjective, params: Array, width: np.dtype[Any]) -> Array:
    """Return params in this width, rounded so that they stay within bounds.

    They stay as they are if the width cannot hold them, as for very small or large columns.
    """
    if width == params.dtype:
        return params
    sizes, limits = np.abs(params[params != 0]), np.finfo(width)
    if sizes.size and not limits.tiny <= sizes.min() <= sizes.max() <= limits.max:
        return params
    narrow = params.astype(width)
    allowed = objective.penalty.projected(narrow)
    if allowed is narrow:
        return narrow
    towards = np.where(allowed > narrow, np.inf, np.where(allowed < narrow, -np.inf, narrow))
    return np.asarray(np.nextafter(narrow, towards.astype(width)))
