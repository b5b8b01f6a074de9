"""The duality gap: a proven bound on the distance of a fit from its optimum."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from sk_softmax.interfaces import Array, Block, Evaluation, Penalty
from sk_softmax.objective.data_term import DataTerm
from sk_softmax.objective.sampling import spread_out

# Probability is moved between classes in few rows if the divergence that this adds is at most
# WIDER, a tenth, of the rest of the gap. The few are one row in FEW_ROWS, or fewer, so that they
# have at most FEW_NUMBERS features and probabilities. Of fewer than MANY_ROWS rows all are used.
FEW_ROWS, FEW_NUMBERS, MANY_ROWS = 16, 2**20, 2**12
WIDER = 0.1

# The logarithm of a smaller probability is replaced by that of this number, which is larger.
TINY = np.finfo(np.float64).tiny

# Probabilities that are moved at a time. Six arrays of them are needed, 1 MiB each.
AT_ONCE = 2**17


def duality_gap(
    data: DataTerm, penalty: Penalty, params: Array, here: Evaluation, at_most: float = np.inf
) -> float:
    """Return ``F(params) - D(q) >= F(params) - F*``, in nats a row.

    The dual of penalised softmax regression (Yu, Huang and Lin, 2011, Machine Learning 85) gives
    each row a distribution ``q_i`` over the classes,

    ``D(q) = sum_i s_i H(q_i) / S - R*(-v)``, with ``v = sum_i s_i (q_i - y_i) x_i' / S``,

    where ``S`` is the sum of the weights ``s_i``, ``H`` the entropy and ``R*`` the conjugate of
    the penalty ``R``. With an intercept there is a constraint: the ``q_i`` add up to the class
    totals of the targets. For ``R = sum_j l2_j |w_j|^2 / 2 + l1_j |w_j|`` the conjugate is
    ``sum_j max(|v_j| - l1_j, 0)^2 / (2 l2_j)``; each penalty has its own. If the loss is written
    in terms of the model's own probabilities ``p_i``, a sum remains,

    ``F - D(q) = R(w) + <v, w> + R*(-v) + sum_i s_i KL(q_i | p_i) / S``,

    in which the first three terms together and each divergence ``KL`` are never negative.

    For an L2 penalty alone and ``q = p`` the first three are ``|grad F|^2 / (2 l2)``, which takes
    no pass over the rows. But the ``p_i`` meet the constraint only at the optimum. So the
    probability that some classes have in excess is moved to the others, which makes the gap a
    true bound everywhere; a few rows often have enough of it. If the conjugate is infinite, or if
    the gap could be smaller, each ``q_i`` is drawn towards its target, which makes ``v`` smaller
    in proportion.

    In float32 the gap has the rounding of a float32 gradient.

    Parameters
    ----------
    data : DataTerm
        The loss.
    penalty : Penalty
        All of the penalty.
    params : ndarray of shape (n_outputs, n_columns)
        The point whose gap is wanted.
    here : Evaluation
        Value and gradient of the objective at ``params``.
    at_most : float, default=inf
        The gap that matters: no pass is taken where the part that needs none is above it.

    Returns
    -------
    gap : float
        In nats a row; ``inf`` if the penalty does not grow with a coefficient, and where the gap
        is not worth a pass.
    """
    n_features = data.n_features
    if not penalty.is_coercive or not here.is_finite:
        return np.inf
    coef, value = np.ascontiguousarray(params[:, :n_features]), penalty.value(params)

    def beside_divergence(image: Array) -> float:
        """Return the first three terms of the gap, for ``v`` of ``(n_outputs, n_features)``."""
        return value + float(np.vdot(image, coef)) + penalty.conjugate(-image)

    def drawn(image: Array, excess: float) -> float:
        """Penalty and product where ``q`` is drawn until no conjugate is left."""
        return value + float(np.vdot(image, coef)) / excess

    image: Array = here.gradient[:, :n_features] - penalty.l2[:n_features] * coef
    if at_most < np.inf:
        free = min(beside_divergence(image), drawn(image, _excess(penalty, image)))
        if free > at_most:
            return np.inf
    move = _move_of_excess(data, here.gradient)
    divergence = 0.0
    if move is not None:
        # With a kink all rows may have to be drawn towards their targets afterwards, so the move
        # is made in all rows.
        has_few = penalty.is_smooth and data.n_rows >= MANY_ROWS
        most = WIDER * beside_divergence(image) if has_few else 0.0
        change, divergence = _moved(data, params, move, most)
        image = image + change[:, :n_features]
    gap = beside_divergence(image) + divergence
    excess = _excess(penalty, image)
    if 1 < excess < np.inf:
        # At v / excess the conjugate is zero.
        _, divergence = _moved_in_all_rows(data, params, move, 1 / excess)
        gap = min(gap, drawn(image, excess) + divergence)
    return max(float(gap), 0.0)


def _excess(penalty: Penalty, image: Array) -> float:
    """By what to divide ``v``, of shape ``(n_outputs, n_features)``, to be rid of a conjugate.

    Infinite where that does not help: of a smooth penalty the conjugate is zero at zero alone.
    """
    return np.inf if penalty.is_smooth else max(penalty.gauge(-image), 1.0)


class _Move:
    """A move of probability between classes that makes it add up to the targets' class totals.

    A class with a surplus gives up the same share of its probability in every row. In each row
    the probability given up goes to the classes that lack some, in proportion to what they lack.

    Parameters
    ----------
    surplus, lack : ndarray of shape (n_classes,)
        By how much the total of each class is too large and too small; one of the two is zero.
    held : ndarray of shape (n_classes,)
        The total of each class in the rows in which probability is moved.
    """

    def __init__(self, surplus: Array, lack: Array, held: Array) -> None:
        self._surplus, self.lack = surplus, lack
        self.freed = np.divide(surplus, held, out=np.zeros(held.shape), where=held > 0)
        self.share = lack / lack.sum()

    def __call__(self, probabilities: Array) -> Array:
        """Return moved probabilities; both have shape ``(n_classes, n_rows)``."""
        freed = self.freed @ probabilities
        moved: Array = probabilities * (1 - self.freed)[:, None]
        moved += self.share[:, None] * freed
        return moved

    def where_held(self, held: Array) -> _Move | None:
        """Return the move for rows whose class totals are ``held``; None if they are too small."""
        return _Move(self._surplus, self.lack, held) if (self._surplus <= held).all() else None


def _move_of_excess(data: DataTerm, gradient: Array) -> _Move | None:
    """Return the move for all rows; None if there is nothing to move.

    ``gradient`` has shape ``(n_outputs, n_columns)``. Its last column, that of the intercepts, is
    the excess of each class.
    """
    if gradient.shape[1] == data.n_features:
        return None
    excess = gradient[:, -1] * data.n_rows
    if data.loss.n_outputs == 1:
        excess = np.array([-excess[0], excess[0]])
    surplus, lack = np.maximum(excess, 0), np.maximum(-excess, 0)
    if not surplus.any() or not lack.any():
        return None
    return _Move(surplus, lack, data.class_totals + surplus)


def _moved(data: DataTerm, params: Array, move: _Move, most: float) -> tuple[Array, float]:
    """Return how a move changes ``v``, and the mean divergence that it causes.

    The change has shape ``(n_outputs, n_columns)``. The move is made in few rows if their mean
    divergence is at most ``most``, and otherwise in all rows; at once in all where few rows take
    as long to read.
    """
    n_few = min(data.n_rows // FEW_ROWS, FEW_NUMBERS // (data.shape[1] + len(move.lack)))
    if n_few > 0 and most > 0 and not data.is_read_anew:
        change, divergence = _moved_in_few_rows(data, params, move, n_few)
        if divergence <= most:
            return change, divergence
    return _moved_in_all_rows(data, params, move)


def _moved_in_few_rows(
    data: DataTerm, params: Array, move: _Move, n_few: int
) -> tuple[Array, float]:
    """Return the change of ``v`` and the mean divergence if ``n_few`` rows make all of the move.

    If these rows have too little probability, the divergence returned is infinite.
    """
    share = n_few / data.n_rows
    (held,) = data.ask(partial(held_by_few_rows, params=params, n_few=n_few), share)
    move_here = move.where_held(held)
    if move_here is None:
        return np.zeros_like(params), np.inf
    question = partial(moved_in_few_rows, params=params, move=move_here, n_few=n_few)
    divergence, change = data.ask(question, share)
    return change / data.n_rows, float(divergence) / data.n_rows


def held_by_few_rows(data: DataTerm, params: Array, n_few: int) -> tuple[Any, ...]:
    """Question: the class totals of ``n_few`` rows, weighted, shape ``(n_classes,)``."""
    few, prepared = _few_rows(data, n_few), data.rows.prepare(params)

    def term(block: Block) -> tuple[Any, ...]:
        probabilities, _ = _with_logarithms(few, few.logits(block, prepared))
        return (few.weighted(probabilities, block).sum(axis=1),)

    return few.rows.sum(term)


def moved_in_few_rows(data: DataTerm, params: Array, move: _Move, n_few: int) -> tuple[Any, ...]:
    """Question: the sums of the divergence and of the change by a move in ``n_few`` rows.

    A number, and shape ``(n_outputs, n_columns)``.
    """
    return moved_in_all_rows(_few_rows(data, n_few), params, move, 1.0)


def _few_rows(data: DataTerm, n_few: int) -> DataTerm:
    """Return the term on ``n_few`` rows spread out over all, as far as they are in this part."""
    return data.at(data.here(spread_out(data.n_rows, n_few)))


def _moved_in_all_rows(
    data: DataTerm, params: Array, move: _Move | None, share: float = 1.0
) -> tuple[Array, float]:
    """Return the change of ``v`` and the mean divergence if all rows make the move.

    Afterwards all rows are drawn towards their targets: ``q_i = y_i + share (moved p_i - y_i)``.
    For a share of 1 the change, of shape ``(n_outputs, n_columns)``, is that by the move. For a
    smaller share it is not computed, and zero is returned instead.
    """
    question = partial(moved_in_all_rows, params=params, move=move, share=share)
    divergence, change = data.ask(question)
    return change / data.n_rows, float(divergence) / data.n_rows


def moved_in_all_rows(
    data: DataTerm, params: Array, move: _Move | None, share: float
) -> tuple[Any, ...]:
    """Question: the sums of the divergence and of the change by a move in all rows.

    A number, and shape ``(n_outputs, n_columns)``; the change is 0 for a share below 1.
    """
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Any, ...]:
        logits = data.logits(block, prepared)
        divergence = _replace_by_changes(data, block, logits, move, share).sum()
        if share < 1:
            return divergence, 0.0
        return divergence, block.pull_back(data.weighted(logits, block))

    return data.rows.sum(term)


def _replace_by_changes(
    data: DataTerm,
    block: Block,
    logits: Array,
    move: _Move | None,
    share: float = 1.0,
) -> Array:
    """Return the rows' weighted ``KL(q_i | p_i)``, shape ``(n_rows,)``.

    ``logits``, of shape ``(n_outputs, n_rows)``, are overwritten by the change that the move makes
    to the probabilities. For two classes their single row belongs to the second class.
    """
    targets = data.targets.at(block.rows) if share < 1 else None
    divergences = np.empty(block.n_rows)
    n_rows = max(AT_ONCE // len(logits), 1)
    for first in range(0, block.n_rows, n_rows):
        some = slice(first, first + n_rows)
        p, log_p = _with_logarithms(data, logits[:, some])
        q = p if move is None else move(p)
        np.subtract(q[-len(logits) :], p[-len(logits) :], out=logits[:, some], casting="same_kind")
        if targets is not None:
            q = share * q
            targets.at(some).subtract_from(q, share - 1)
        ratio = np.maximum(q, TINY)
        np.log(ratio, out=ratio)
        ratio -= log_p
        divergences[some] = np.einsum("ki,ki->i", q, ratio)
    return np.asarray(data.weighted(divergences, block))


def _with_logarithms(data: DataTerm, logits: Array) -> tuple[Array, Array]:
    """Return the probabilities of all classes in float64 and their logarithms.

    Both have shape ``(n_classes, n_rows)``. The logarithms are finite even if the probabilities
    themselves underflow.
    """
    if data.loss.n_outputs == 1:
        both = np.zeros((2, logits.shape[1]))
        both[1] = logits[0]
        logits = both
    shifted: Array = np.subtract(logits, logits.max(axis=0), dtype=np.float64)
    probabilities: Array = np.exp(shifted)
    normaliser = probabilities.sum(axis=0)
    probabilities /= normaliser
    shifted -= np.log(normaliser, out=normaliser)
    return probabilities, shifted
