"""The objective over a plane of two parameters, by changing one logit of each row.

The logits of all other classes stay as they are, so their log-sum-exp is computed once; what a
point of the grid adds is one softplus a row. A call of ``objective`` a point takes some ten times
as long, and gives the same values to rounding.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from sk_softmax.explore.plane import Plane
from sk_softmax.explore.rows_of_view import Numbers

BLOCK = 64
"""Rows at a time. The product of so many factors between 1 and 2 is a float, whose logarithm is
taken once a block and not once a row."""


def objective_on_grid(
    X: Numbers,
    Y: Numbers,
    params: Numbers,
    plane: Plane,
    xs: Numbers,
    ys: Numbers,
    *,
    C: float,
    l1_ratio: float,
) -> Numbers:
    """Return the objective in nats a row where two parameters take the values of a grid.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        The rows.
    Y : ndarray of shape (n_rows, n_classes)
        The targets.
    params : ndarray of shape (n_outputs, n_features + 1)
        All parameters, the intercept last; a single row for two classes.
    plane : Plane
        The two that take other values.
    xs, ys : ndarray of shape (n_across,) and (n_up,)
        These values.
    C, l1_ratio : float
        The penalty of :class:`sk_softmax.SoftmaxRegression`.

    Returns
    -------
    values : ndarray of shape (n_up, n_across)
        ``F``, as :meth:`sk_softmax.SoftmaxRegression.objective` returns it.
    """
    columns = np.column_stack([X, np.ones(len(X))])
    both = Y.shape[1] == 2  # the first of two classes has logit 0
    logits = columns @ params.T
    if both:
        logits = np.column_stack([np.zeros(len(X)), logits])
    shift = int(both)
    (row_x, col_x), (row_y, col_y) = plane.pair
    pair = plane.of(params)
    dx, dy = xs - pair[0], ys - pair[1]
    x, y = columns[:, col_x], columns[:, col_y]
    if row_x == row_y:
        total = _one_class(logits, row_x + shift, x, y, dx, dy)
    else:
        total = _two_classes(logits, row_x, row_y, x, y, dx, dy)
    linear = np.sum(Y * logits)
    linear = linear + dx[None, :] * (Y[:, row_x + shift] @ x)
    linear = linear + dy[:, None] * (Y[:, row_y + shift] @ y)
    penalty = _penalty(params, plane, xs, ys, C, l1_ratio)
    return np.asarray((total - linear + penalty) / len(X))


def _one_class(
    logits: Numbers, k: int, x: Numbers, y: Numbers, dx: Numbers, dy: Numbers
) -> Numbers:
    """Return ``sum_i logsumexp(z_i)`` where both parameters change logit ``k``.

    ``logits`` has shape ``(n_rows, n_classes)``, ``x`` and ``y`` ``(n_rows,)``; the result has
    shape ``(len(dy), len(dx))``.
    """
    others = logsumexp(np.delete(logits, k, axis=1), axis=1)
    ahead = logits[:, k] - others
    total = np.zeros((len(dy), len(dx)))
    for first in range(0, len(x), BLOCK):
        at = slice(first, first + BLOCK)
        across = ahead[at, None] + x[at, None] * dx
        total += _sum_of_softplus(across[:, None, :] + (y[at, None] * dy)[:, :, None])
    return np.asarray(total + others.sum())


def _two_classes(
    logits: Numbers, k: int, m: int, x: Numbers, y: Numbers, dx: Numbers, dy: Numbers
) -> Numbers:
    """Return the same where one parameter changes logit ``k`` and the other logit ``m``."""
    others = logsumexp(np.delete(logits, [k, m], axis=1), axis=1)
    total = np.zeros((len(dy), len(dx)))
    for first in range(0, len(x), BLOCK):
        at = slice(first, first + BLOCK)
        without = np.logaddexp(others[at, None], logits[at, k, None] + x[at, None] * dx)
        other = logits[at, m, None] + y[at, None] * dy
        total += _sum_of_softplus(other[:, :, None] - without[:, None, :])
        total += without.sum(axis=0)
    return total


def _sum_of_softplus(u: Numbers) -> Numbers:
    """Return ``sum_i log(1 + exp(u_i))`` over the first axis, of at most :data:`BLOCK` rows.

    ``log(1 + exp(u)) = max(u, 0) + log(1 + exp(-|u|))``, and a sum of logarithms is that of the
    product.
    """
    above = np.maximum(u, 0).sum(axis=0)
    np.abs(u, out=u)
    np.negative(u, out=u)
    np.exp(u, out=u)
    u += 1
    return np.asarray(above + np.log(np.multiply.reduce(u, axis=0)))


def _penalty(
    params: Numbers, plane: Plane, xs: Numbers, ys: Numbers, C: float, l1_ratio: float
) -> Numbers:
    """Return the penalty divided by ``C`` on the grid; the intercept has none."""

    def of(coef: Numbers) -> Numbers:
        return (1 - l1_ratio) / 2 * coef**2 + l1_ratio * np.abs(coef)

    rest = plane.put(params, np.zeros(2))[:, :-1]
    intercept = params.shape[1] - 1
    (_, col_x), (_, col_y) = plane.pair
    total = np.full((len(ys), len(xs)), of(rest).sum())
    if col_x != intercept:
        total = total + of(xs)[None, :]
    if col_y != intercept:
        total = total + of(ys)[:, None]
    return total / C
