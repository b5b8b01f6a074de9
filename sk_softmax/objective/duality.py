"""A certificate of how far a fit is from its optimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Block, Evaluation
from sk_softmax.objective.regression import RegressionObjective


def duality_gap(objective: RegressionObjective, params: Array, here: Evaluation) -> float:
    """Return ``F(params) - D(q) >= F(params) - F*``, in nats a row.

    The dual of penalised softmax regression (Yu, Huang and Lin, 2011, Machine Learning 85) gives
    each row a distribution ``q_i`` over the classes,

    ``D(q) = sum_i s_i H(q_i) / S - R*(v)``, with ``v = sum_i s_i (q_i - y_i) x_i' / S``,

    with ``H`` the entropy, ``R*`` the conjugate of the penalty and, with an intercept, the
    constraint that the ``q_i`` add up to the targets' class totals. The model's own probabilities
    meet it only at the optimum; moving the excess of some classes to the others makes the gap a
    true bound everywhere. For ``R = sum_j l2_j |w_j|^2 / 2 + l1_j |w_j|`` the conjugate is
    ``sum_j max(|v_j| - l1_j, 0)^2 / (2 l2_j)``. Where it is infinite, or could be less, ``q`` is
    drawn towards the targets, which shrinks ``v`` in proportion.

    In float32 the gap carries the rounding of its terms, about 1e-7 of the objective.

    Parameters
    ----------
    objective : RegressionObjective
        The problem.
    params : ndarray of shape (n_outputs, n_columns)
        The point.
    here : Evaluation
        The objective's value, with all of the penalty, and its gradient at ``params``.

    Returns
    -------
    gap : float
        ``inf`` where a feature is not penalised.
    """
    n_features = objective.rows.n_features
    l2 = np.broadcast_to(objective.penalty.strength, n_features)
    l1 = np.zeros(n_features) if objective.l1 is None else objective.l1.weights[:n_features]
    if ((l1 == 0) & (l2 == 0)).any():
        return np.inf
    entropy, pulled = _dual_terms(objective, params, here, 1.0)
    image = pulled[:, :n_features] / objective.rows.n_rows
    norms = np.abs(image) if objective.l1 is None else objective.l1.norms(image)
    gap = here.value - (entropy - _conjugate(norms, l1, l2))
    excess = float((norms / np.where(l1 > 0, l1, np.inf)).max())
    if excess > 1 and not (l1 == 0).any():
        entropy, _ = _dual_terms(objective, params, here, 1 / excess)
        gap = min(gap, here.value - entropy)
    return max(float(gap), 0.0)


def _conjugate(norms: Array, l1: Array, l2: Array) -> float:
    """``sum_j max(|v_j| - l1_j, 0)^2 / (2 l2_j)``, infinite where ``l2_j`` is zero."""
    above = np.maximum(norms - l1, 0) ** 2
    with np.errstate(divide="ignore", over="ignore"):
        terms = np.divide(above, 2 * l2, out=np.zeros_like(above), where=above > 0)
    return float(terms.sum())


def _dual_terms(
    objective: RegressionObjective, params: Array, here: Evaluation, share: float
) -> tuple[float, Array]:
    """Mean entropy of ``y + share (q - y)``, and ``sum_i s_i (q_i - y_i) x_i'`` for share 1."""
    rows = objective.rows
    prepared = rows.prepare(params)
    has_intercept = rows.n_columns > rows.n_features
    move = _move_excess(objective, here.gradient[:, -1]) if has_intercept else None

    def term(block: Block) -> tuple[Any, ...]:
        q = objective.loss.probabilities(block.logits(prepared)).astype(np.float64, copy=False)
        if move is not None:
            q = move(q)
        targets = objective.targets.at(block.rows)
        if share < 1:
            q *= share
            targets.subtract_from(q, share - 1)
            return objective.weighted(_entropies(q), block).sum(), 0.0
        entropies = objective.weighted(_entropies(q), block)
        targets.subtract_from(q)
        # For two classes the one row of parameters goes with the second class.
        residuals = q[len(q) - objective.loss.n_outputs :].astype(rows.dtype, copy=False)
        return entropies.sum(), block.pull_back(objective.weighted(residuals, block))

    entropy, pulled = objective.sum(term)
    return float(entropy) / rows.n_rows, pulled


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
