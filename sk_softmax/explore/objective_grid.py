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

LARGEST = 700.0
"""Logarithm of the largest product of factors; that of the largest float is 709."""

FEWEST = 8
"""Rows whose product is taken at once, at least."""


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
    others = plane.put(params, np.zeros(2))
    penalty = penalty_on_grid(others, plane, xs, ys, l1_ratio)
    return loss_on_grid(X, Y, others, plane, xs, ys) + penalty / (C * len(X))


def loss_on_grid(
    X: Numbers, Y: Numbers, others: Numbers, plane: Plane, xs: Numbers, ys: Numbers
) -> Numbers:
    """Return the mean cross-entropy on the grid; ``others`` are params with the two at zero."""
    columns = np.column_stack([X, np.ones(len(X))])
    both = Y.shape[1] == 2  # the first of two classes has logit 0
    logits = columns @ others.T
    if both:
        logits = np.column_stack([np.zeros(len(X)), logits])
    (row_x, col_x), (row_y, col_y) = plane.pair
    row_x, row_y = row_x + both, row_y + both
    across, up = columns[:, col_x, None] * xs, columns[:, col_y, None] * ys
    if row_x == row_y:
        total = _one_class(logits, row_x, across, up)
    else:
        total = _two_classes(logits, row_x, row_y, across, up)
    linear = np.sum(Y * logits) + Y[:, row_x] @ across + (Y[:, row_y] @ up)[:, None]
    return np.asarray((total - linear) / len(X))


def _one_class(logits: Numbers, k: int, across: Numbers, up: Numbers) -> Numbers:
    """Return ``sum_i logsumexp(z_i)`` where both parameters add to logit ``k``.

    ``logits`` has shape ``(n_rows, n_classes)``, ``across`` and ``up`` what they add, of shapes
    ``(n_rows, n_across)`` and ``(n_rows, n_up)``; the result has shape ``(n_up, n_across)``.
    """
    others = logsumexp(np.delete(logits, k, axis=1), axis=1)
    ahead = logits[:, k] - others
    return np.asarray(_sum_of_softplus_of_sums(across + ahead[:, None], up) + others.sum())


def _two_classes(logits: Numbers, k: int, m: int, across: Numbers, up: Numbers) -> Numbers:
    """Return the same where one parameter adds to logit ``k`` and the other to logit ``m``."""
    others = logsumexp(np.delete(logits, [k, m], axis=1), axis=1)
    without = np.logaddexp(others[:, None], logits[:, k, None] + across)
    total = _sum_of_softplus_of_sums(-without, up + logits[:, m, None])
    return np.asarray(total + without.sum(axis=0))


def _sum_of_softplus_of_sums(across: Numbers, up: Numbers) -> Numbers:
    """Return ``sum_i log(1 + exp(across_i + up_i))`` on the grid, shape ``(n_up, n_across)``.

    The exponential of a sum is a product, so there is one exponential a row for each line of the
    grid and not for each point. Where sums are so large that few factors make the largest float,
    there is one for each point.
    """
    total = np.zeros((up.shape[1], across.shape[1]))
    for first in range(0, len(across), BLOCK):
        u, v = across[first : first + BLOCK, None, :], up[first : first + BLOCK, :, None]
        size = np.abs(u).max() + np.abs(v).max()
        together = int(LARGEST / (size + 1))  # log(1 + exp(size)) < size + 1
        if together < FEWEST:
            total += sum_of_softplus(u + v)
            continue
        u, v = np.exp(u), np.exp(v)
        for start in range(0, len(u), together):
            factors = u[start : start + together] * v[start : start + together]
            factors += 1
            total += np.log(np.multiply.reduce(factors, axis=0))
    return total


def sum_of_softplus(u: Numbers) -> Numbers:
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


def penalty_of(coef: Numbers, l1_ratio: float) -> Numbers:
    """Return the penalty of each coefficient, before it is divided by ``C``."""
    return (1 - l1_ratio) / 2 * coef**2 + l1_ratio * np.abs(coef)


def penalty_on_grid(
    others: Numbers, plane: Plane, xs: Numbers, ys: Numbers, l1_ratio: float
) -> Numbers:
    """Return the penalty on the grid, before it is divided by ``C``; the intercept has none.

    ``others`` are params with the two at zero.
    """
    intercept = others.shape[1] - 1
    (_, col_x), (_, col_y) = plane.pair
    total = np.full((len(ys), len(xs)), penalty_of(others[:, :-1], l1_ratio).sum())
    if col_x != intercept:
        total = total + penalty_of(xs, l1_ratio)[None, :]
    if col_y != intercept:
        total = total + penalty_of(ys, l1_ratio)[:, None]
    return total
