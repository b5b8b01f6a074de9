"""The loss of every step of a path, and the share of rows that it tells right, in one go.

A call of ``objective(params=)`` takes the steps one after the other; all at once is one product of
matrices, and the same values to rounding.
"""

from __future__ import annotations

import numpy as np

from sk_softmax.explore.objective_grid import BLOCK, penalty_of, sum_of_softplus
from sk_softmax.explore.rows_of_view import Codes, Numbers


def objective_of_steps(
    losses: Numbers, params: Numbers, n_rows: int, C: float, l1_ratio: float
) -> Numbers:
    """Return ``F`` of each step, shape ``(n_steps,)``, from its mean loss on the rows fitted.

    ``params`` has shape ``(n_steps, n_outputs, n_features + 1)``.
    """
    with np.errstate(over="ignore"):
        penalty = penalty_of(params[:, :, :-1], l1_ratio).sum(axis=(1, 2))
        return np.asarray(losses + penalty / (C * n_rows))


def losses_and_accuracies(
    X: Numbers, Y: Numbers, labels: Codes, params: Numbers
) -> tuple[Numbers, Numbers]:
    """Return mean cross-entropy in nats and accuracy of each step, both of shape ``(n_steps,)``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
        The rows.
    Y : ndarray of shape (n_rows, n_classes)
        Their targets.
    labels : ndarray of shape (n_rows,)
        Their classes.
    params : ndarray of shape (n_steps, n_outputs, n_features + 1)
        The steps, the intercept last; a single row for two classes.
    """
    n_steps, n_outputs, n_columns = params.shape
    flat = params.transpose(1, 0, 2).reshape(n_outputs * n_steps, n_columns)
    losses, hits = np.zeros(n_steps), np.zeros(n_steps)
    ask = _of_two_classes if n_outputs == 1 else _of_classes
    with np.errstate(all="ignore"):  # a path that diverges overflows
        for first in range(0, len(X), BLOCK):
            at = slice(first, first + BLOCK)
            logits = X[at] @ flat[:, :-1].T + flat[:, -1]
            loss, hit = ask(logits.reshape(-1, n_outputs, n_steps), Y[at], labels[at])
            losses += loss
            hits += hit
    return losses / len(X), hits / len(X)


def _of_two_classes(logits: Numbers, Y: Numbers, labels: Codes) -> tuple[Numbers, Numbers]:
    """Return sums over a block of rows from log-odds ``(n_rows, 1, n_steps)``, and write there."""
    odds = logits[:, 0]
    hits = ((odds > 0) == (labels == 1)[:, None]).sum(axis=0)
    linear = Y[:, 1] @ odds
    return sum_of_softplus(odds) - linear, hits


def _of_classes(logits: Numbers, Y: Numbers, labels: Codes) -> tuple[Numbers, Numbers]:
    """Return the same from logits ``(n_rows, n_classes, n_steps)``."""
    hits = (logits.argmax(axis=1) == labels[:, None]).sum(axis=0)
    logits -= logits.max(axis=1, keepdims=True)
    linear = np.einsum("ik,iks->s", Y, logits)
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1)  # from 1 to n_classes, so that a product of BLOCK of them is a float
    return np.log(np.multiply.reduce(sums, axis=0)) - linear, hits
