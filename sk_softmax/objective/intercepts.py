"""The model without features: intercepts beside the offset, and its loss."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from sk_softmax.interfaces import Array
from sk_softmax.objective.data_term import DataTerm

# The least share of the rows' total weight that a class is given in the intercepts of the null
# model. The logarithm of a share of zero is not finite.
LEAST_PROBABILITY = 1e-12

# Newton's method has arrived where no class has this share more or less than it is to have, and
# takes at most so many steps, each halved at most so often. Below ROUNDING, in nats, the gradient
# says whether a step leads nearer.
NEAR, MOST_STEPS, MOST_HALVINGS, ROUNDING = 1e-13, 50, 40, 1e-12

# Rows whose logits are computed at a time.
ROWS_AT_ONCE = 2**14


class _Here(NamedTuple):
    """The mean loss at some intercepts, in nats a row, and its derivatives in them."""

    value: float
    gradient: Array
    """Shape ``(n_outputs,)``."""

    hessian: Array
    """Shape ``(n_outputs, n_outputs)``."""


def best_intercepts(data: DataTerm) -> Array:
    """Return the best intercepts of a model without features, shape ``(n_outputs,)``.

    They have a closed form, and with an offset are found by Newton's method. A class without
    weight is given the share ``LEAST_PROBABILITY``.
    """
    totals = data.class_totals
    actual = totals / totals.sum()
    shares = np.maximum(actual, LEAST_PROBABILITY)
    if not data.has_offset:
        return _contrasted(np.log(shares), data)
    shares /= shares.sum()
    # The loss of targets with these shares: the actual ones have the same, up to a linear term.
    tilt = (actual - shares)[-data.loss.n_outputs :]
    intercepts: Array = np.zeros(data.loss.n_outputs)
    here = loss_of_intercepts(data, intercepts)
    for _ in range(MOST_STEPS):
        gradient = here.gradient + tilt
        if np.abs(gradient).max() <= NEAR:
            break
        # The least solution: a number added to all classes changes nothing.
        step = -np.linalg.lstsq(here.hessian, gradient, rcond=None)[0]
        ahead = _nearer(data, intercepts, step, here, tilt)
        if ahead is None:
            break
        intercepts, here = ahead
    return intercepts - intercepts.mean() if len(intercepts) > 1 else intercepts


def null_loss(data: DataTerm) -> float:
    """Return the least mean loss of a model without features, in nats a row.

    Without an offset it is the entropy of the classes' shares of all weight.
    """
    if not data.has_offset:
        totals = data.class_totals
        return float(entr(totals / totals.sum()).sum())
    return loss_of_intercepts(data, best_intercepts(data)).value


def loss_of_intercepts(data: DataTerm, intercepts: Array) -> _Here:
    """Return the mean loss of a model without features, and its derivatives.

    No product with the rows is needed, so that it takes no pass. ``intercepts`` has shape
    ``(n_outputs,)``.
    """
    sums = data.ask(partial(sums_of_intercepts, intercepts=intercepts), passes=0)
    value, gradient, hessian = (np.asarray(of_all) / data.n_rows for of_all in sums)
    return _Here(float(value), gradient, hessian)


def sums_of_intercepts(data: DataTerm, intercepts: Array) -> tuple[Any, ...]:
    """Question: the sums of the rows' weighted losses and of their first two derivatives.

    A number, and shapes ``(n_outputs,)`` and ``(n_outputs, n_outputs)``.
    """
    n = len(intercepts)
    value, gradient, hessian = np.zeros(()), np.zeros(n), np.zeros((n, n))
    for first in range(0, data.rows.n_rows, ROWS_AT_ONCE):
        rows = slice(first, min(first + ROWS_AT_ONCE, data.rows.n_rows))
        logits = np.repeat(intercepts[:, None], rows.stop - rows.start, axis=1)
        if data.offset is not None:
            logits += data.offset[:, rows]
        weights = np.ones(rows.stop - rows.start)
        if data.relative_weight is not None:
            weights *= data.relative_weight[rows]
        p = data.loss.probabilities(logits.copy())
        losses, residuals, _ = data.loss.loss_and_residuals(logits, data.targets.at(rows))
        value += losses @ weights
        gradient += residuals @ weights
        if n == 1:
            hessian += (p[0] * p[1]) @ weights
        else:
            hessian += np.diag(p @ weights) - (p * weights) @ p.T
    return value, gradient, hessian


def _nearer(
    data: DataTerm, intercepts: Array, step: Array, here: _Here, tilt: Array
) -> tuple[Array, _Here] | None:
    """Return where a step lowers the tilted loss, and the loss there; None if rounding hides it.

    ``intercepts``, ``step`` and ``tilt`` have shape ``(n_outputs,)``.
    """
    steepness = np.abs(here.gradient + tilt).max()
    for halving in range(MOST_HALVINGS):
        ahead = intercepts + step / 2**halving
        there = loss_of_intercepts(data, ahead)
        rise = there.value - here.value + float(tilt @ (ahead - intercepts))
        is_flatter = np.abs(there.gradient + tilt).max() <= steepness / 2
        if rise < -ROUNDING or (rise <= ROUNDING and is_flatter):
            return ahead, there
    return None


def _contrasted(logarithms: NDArray[np.float64], data: DataTerm) -> Array:
    """Return intercepts from the logarithms of the classes' shares, shape ``(n_classes,)``."""
    if data.loss.n_outputs == 1:
        return np.array([logarithms[1] - logarithms[0]])
    return np.asarray(logarithms - logarithms.mean())
