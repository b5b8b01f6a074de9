"""A certificate of how far a fit is from its optimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Block, Evaluation
from sk_softmax.objective.regression import RegressionObjective


def duality_gap(objective: RegressionObjective, params: Array, here: Evaluation) -> float:
    """Return ``F(params) - D(q) >= F(params) - F*``, in nats a row; ``inf`` without a penalty.

    The dual of penalised softmax regression (Yu, Huang and Lin, 2011, Machine Learning 85) gives
    each row a distribution ``q_i`` over the classes,

    ``D(q) = sum_i s_i H(q_i) / S - |sum_i s_i (q_i - y_i) x_i' / S|^2 / (2 lambda)``,

    with ``H`` the entropy, ``lambda = 1 / (C S)`` and, with an intercept, the constraint that the
    ``q_i`` add up to the targets' class totals. The model's own probabilities meet it only at the
    optimum. Moving the excess of some classes to the others makes the gap a true bound everywhere.

    In float32 the gap carries the rounding of its terms, about 1e-7 of the objective.

    Parameters
    ----------
    objective : RegressionObjective
        The problem.
    params : ndarray of shape (n_outputs, n_columns)
        The point.
    here : Evaluation
        The objective's value and gradient at ``params``.
    """
    strength = objective.penalty.strength
    if strength == 0:
        return np.inf
    rows = objective.rows
    prepared = rows.prepare(params)
    has_intercept = rows.n_columns > rows.n_features
    move = _move_excess(objective, here.gradient[:, -1]) if has_intercept else None

    def term(block: Block) -> tuple[Any, ...]:
        q = objective.loss.probabilities(block.logits(prepared)).astype(np.float64, copy=False)
        if move is not None:
            q = move(q)
        entropies = objective.weighted(_entropies(q), block)
        objective.targets.at(block.rows).subtract_from(q)
        # For two classes the one row of parameters goes with the second class.
        residuals = q[len(q) - objective.loss.n_outputs :].astype(rows.dtype, copy=False)
        return entropies.sum(), block.pull_back(objective.weighted(residuals, block))

    entropy, pulled = objective.sum(term)
    image = pulled[:, : rows.n_features] / rows.n_rows
    dual = entropy / rows.n_rows - np.einsum("ij,ij->", image, image) / (2 * strength)
    return max(here.value - float(dual), 0.0)


def _entropies(q: Array) -> Array:
    """``-sum_k q_k log q_k`` of each column; scipy.special.entr took twice as long."""
    logarithms = np.log(np.maximum(q, np.finfo(np.float64).tiny))
    return np.asarray(-np.einsum("ki,ki->i", q, logarithms))


def _move_excess(objective: RegressionObjective, intercept_gradient: Array) -> Any:
    """Return a function that makes probabilities add up to the targets' class totals.

    The gradient of the intercepts is the excess of each class. A class with too much keeps the
    same share of its probability in every row; the rows' freed probability goes to the classes
    with too little, in proportion to what they lack.
    """
    excess = intercept_gradient * objective.rows.n_rows
    if objective.loss.n_outputs == 1:
        excess = np.array([-excess[0], excess[0]])
    wanted = objective.targets.totals(objective.relative_weight)
    surplus, lack = np.maximum(excess, 0), np.maximum(-excess, 0)
    if not surplus.any() or not lack.any():
        return None
    held = wanted + surplus
    keep = np.divide(wanted, held, out=np.ones_like(held), where=held > 0)
    share = lack / lack.sum()

    def move(probabilities: Array) -> Array:
        kept = probabilities * keep[:, None]
        freed = (probabilities - kept).sum(axis=0)
        return np.asarray(kept + share[:, None] * freed)

    return move
