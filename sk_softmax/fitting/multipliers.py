"""Multipliers that prove that no direction separates, from a Newton step.

Let ``p_ik`` be the probabilities at some params and ``g = sum_i s_i sum_k (p_ik - y_ik) e_k (x)
x_i`` the gradient there. With ``H d = g`` for the Hessian ``H`` of the same rows, and ``u_ik = d_k
x_i``,

``sum_i s_i sum_k [p_ik (1 - v_ik) - y_ik] e_k (x) x_i = 0``,  ``v_ik = u_ik - sum_l p_il u_il``.

Multiplied by a direction that separates, each term is a margin times ``-s_i p_ik (1 - v_ik)``:
none of them is positive if ``v_ik < 1`` for every class without probability in the row, and one is
negative. So if the whole Newton step changes no such logit by 1 nat, no direction separates (the
multipliers are those of Stiemke's theorem) and the optimum is finite. The step is at most the
Newton decrement times the largest norm ``|(e_k - e_l) (x) x_i|`` in the metric of ``H^-1``, so
this proves whatever the product of the two being below 1 proves, and needs no such norm.

Where a direction separates, some ``v_ik`` is at least 1 at every params: quasi-separated tables
give 1.0 exactly. Tables with an optimum gave 1e-9 to 0.03 at ``tol=1e-6``.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.fitting.semidefinite import Semidefinite
from sk_softmax.interfaces import Array, Block
from sk_softmax.objective import DataTerm, spread_out
from sk_softmax.objective.evaluation import loss_and_gradient

# The proof counts if no logit changes by this much, which leaves room for rounding.
PROVEN = 0.5

# The rows that are tried first: a SHARE of them and at least ENOUGH, but no more than hold NUMBERS
# and no more than A_COLUMN for each column, whichever is more.
SHARE, ENOUGH, NUMBERS, A_COLUMN = 8, 2048, 2**18, 8

# If these leave a change open that twice as many rows or more would halve below PROVEN, more rows
# are tried, up to so many numbers: 32 MiB. The programme took 2.2 s where 6,000 of 50,000 rows of
# 104 columns in 5 classes prove it in 0.1 s.
MOST_NUMBERS = 2**22

# The remainder is tried after each round of steps of conjugate gradients, which end when it has
# fallen to ALL_OF_IT, squared, in their metric.
ROUNDS, STEPS_A_ROUND, ALL_OF_IT = 12, 4, 1e-24

# Logits are zero if they are at most so many times the products that they are the sums of.
# These are taken from FEW rows.
DEPENDENT, FEW = 1e-10, 512


class SomeRows:
    """Some rows, spread over all of them, and what multipliers are made of there.

    Only these rows' multipliers are corrected, and the gradient is that of all rows: the proof is
    one for all rows.
    """

    def __init__(
        self, data: DataTerm, free: NDArray[np.bool_], params: Array, n_some: int | None = None
    ) -> None:
        n_some = _first_tried(data, free) if n_some is None else n_some
        self.rows = spread_out(data.n_rows, n_some)
        some = data.at(self.rows)
        block = some.rows.take(np.arange(n_some))
        self.design = block.design()[:, free]
        self.probabilities = some.loss.probabilities(some.logits(block, some.rows.prepare(params)))
        self.weights = some.weighted(np.ones(n_some), block)
        self._is_outside = are_outside(some, block)

    def gram(self, curvatures: Array) -> Array:
        """Return ``sum_i s_i c_i x_i x_i'`` for ``c`` of shape ``(n_rows,)``."""
        scaled = self.design * np.sqrt(self.weights * curvatures)[:, None]
        return np.asarray(scaled.T @ scaled)  # NumPy computes one triangle of it

    def hessian_times(self, direction: Array) -> Array:
        """Return the Hessian times a direction, both of shape ``(n_classes, n_free)``."""
        return (self.weights * self.probabilities * self.changes(direction)) @ self.design

    def changes(self, direction: Array) -> Array:
        """Return ``v``, the change of each logit less the mean, ``(n_classes, n_rows)``."""
        changes = direction @ self.design.T
        return np.asarray(changes - (self.probabilities * changes).sum(axis=0))

    @property
    def least(self) -> Array:
        """The least probability of a class without probability in the target, ``(n_rows,)``."""
        least = np.where(self._is_outside, self.probabilities, np.inf).min(axis=0)
        return np.where(np.isinf(least), 0.0, least)

    def largest(self, changes: Array) -> float:
        """Return the largest change of a class without probability in the target."""
        return float(changes[self._is_outside].max(initial=0.0))


def is_proven_by_some(
    data: DataTerm, free: NDArray[np.bool_], params: Array, gradient: Array
) -> bool:
    """Whether multipliers of some rows prove that no direction in the free columns separates.

    Conjugate gradients find ``d`` with ``H d`` near ``g``, where ``H`` is the Hessian of these
    rows. What remains, ``r = g - H d``, has multipliers of its own, with ``I (x) sum_i s_i m_i x_i
    x_i'`` in place of ``H`` and ``m_i`` the least probability of a class without probability in
    the target: with ``w = G^-1 r``, ``v_ik + m_i w_k x_i / p_ik`` has to be below 1. So no
    equation is solved for all classes together, and a few products with some rows take the place
    of a Hessian.

    Parameters
    ----------
    data : DataTerm
        Rows in float64, targets and weights.
    free : ndarray of bool, shape (n_columns,)
        Columns without a penalty.
    params, gradient : ndarray of shape (n_outputs, n_columns)
        A point near the optimum, and the sum of the gradients of all rows there.
    """
    gradient = gradient[:, free]
    if len(gradient) == 1:
        gradient = np.concatenate([-gradient, gradient])
    if not np.isfinite(gradient).all():
        return False
    n_some: int | None = _first_tried(data, free)
    while n_some is not None:
        change = _least_change(data, free, SomeRows(data, free, params, n_some), gradient)
        if change is not None and change < PROVEN:
            return True
        n_some = _next_tried(data, free, n_some, change)
    return False


def _first_tried(data: DataTerm, free: NDArray[np.bool_]) -> int:
    """Return how many rows are tried first."""
    n_free = int(free.sum())
    most = max(NUMBERS // n_free, A_COLUMN * n_free)
    return min(max(data.n_rows // SHARE, ENOUGH), data.n_rows, most)


def _next_tried(
    data: DataTerm, free: NDArray[np.bool_], n_some: int, change: float | None
) -> int | None:
    """Return how many rows are tried next; None if no number of them may be enough.

    A change is nearly inversely proportional to the rows. None stands for columns that these rows
    do not determine.
    """
    most = min(MOST_NUMBERS // int(free.sum()), data.n_rows)
    if change is None:
        wanted = 4 * n_some
    elif change * n_some < PROVEN * most:
        wanted = int(n_some * max(2 * change / PROVEN, 2.0))
    else:
        return None
    return min(wanted, most) if most > n_some else None


def _least_change(
    data: DataTerm, free: NDArray[np.bool_], some: SomeRows, gradient: Array
) -> float | None:
    """Return the largest change of a logit by some rows' multipliers, the least of all rounds.

    None if columns depend on one another in these rows alone. The first change that is a proof is
    returned. ``gradient`` has shape ``(n_classes, n_free)``.
    """
    least = some.least
    gram = some.gram(least)
    if not np.isfinite(gram).all():
        return np.inf
    of_rest = Semidefinite(gram)
    if not are_dependent(data, free, of_rest.null):
        return None
    share = least / some.probabilities
    steps = _conjugate_gradients(some, gradient)
    done = np.zeros_like(some.probabilities)
    remainder, smallest = gradient, np.inf
    for _ in range(ROUNDS + 1):
        correction = of_rest.solve(remainder)
        change = some.largest(done + share * (correction @ some.design.T))
        smallest = min(smallest, change)
        if change < PROVEN:
            break
        direction, remainder = next(steps)
        done = some.changes(direction)
    return smallest


def _conjugate_gradients(
    some: SomeRows, gradient: Array
) -> Generator[tuple[Array, Array], None, None]:
    """Yield ``d`` and ``g - H d`` again and again, both of shape ``(n_classes, n_free)``.

    The preconditioner is one matrix for all classes times the mean curvature of each class.
    """
    curvatures = some.probabilities * (1 - some.probabilities)
    mean = np.maximum(curvatures @ some.weights / some.weights.sum(), np.finfo(float).tiny)
    shared = Semidefinite(some.gram(curvatures.mean(axis=0) / mean.mean()))

    def preconditioned(residual: Array) -> Array:
        return np.asarray(shared.solve(residual) / mean[:, None])

    direction, residual = np.zeros_like(gradient), gradient
    aim = preconditioned(residual)
    first = slope = float(np.vdot(residual, aim))
    while True:
        for _ in range(STEPS_A_ROUND):
            image = some.hessian_times(aim)
            bend = float(np.vdot(aim, image))
            if not (slope > ALL_OF_IT * first and bend > 0):
                break
            direction = direction + slope / bend * aim
            residual = residual - slope / bend * image
            better = preconditioned(residual)
            before, slope = slope, float(np.vdot(residual, better))
            aim = better + slope / before * aim
        yield direction, residual


def are_dependent(data: DataTerm, free: NDArray[np.bool_], null: Array) -> bool:
    """Whether the logits along directions without curvature are zero in all rows.

    If so, columns depend on one another. If not, rows have no curvature that floating point holds.
    ``null`` has shape ``(n_null, n_entries)``, the entries in the free columns of some classes.
    """
    if not len(null):
        return True
    params = np.zeros((null.size // int(free.sum()), data.shape[1]))
    params[:, free] = null.reshape(len(params), -1)
    (largest,) = data.ask(partial(largest_logits, params=params))
    largest = np.max(largest, axis=0)
    some = data.design_at(spread_out(data.n_rows, min(data.n_rows, FEW)))
    sizes = (np.abs(params) @ np.abs(some.T)).max(axis=1)
    largest, sizes = (of_class.reshape(len(null), -1).max(axis=1) for of_class in (largest, sizes))
    # An entry of 1, in units of the diagonal, changes logits by about this, or by more.
    least = 1 / np.sqrt(data.n_rows)
    return bool((largest <= DEPENDENT * np.maximum(sizes, least)).all())


# --- questions ------------------------------------------------------------------------------


def gradient_of_rows(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the sum of the gradients of the rows' weighted losses, the shape of params."""
    _, gradient = loss_and_gradient(data, params)
    return (gradient,)


def largest_change(data: DataTerm, params: Array, step: Array) -> tuple[Any, ...]:
    """Question: the largest ``v_ik``, of classes without probability in the target of a row.

    ``params`` and ``step`` have shape ``(n_outputs, n_columns)``.
    """
    at, along = data.rows.prepare(params), data.rows.prepare(step)

    def term(block: Block) -> tuple[tuple[Any, ...], float]:
        probabilities = data.loss.probabilities(data.logits(block, at))
        changes = block.logits(along)
        if len(changes) == 1:
            changes = np.concatenate([np.zeros_like(changes), changes])
        changes = changes - (probabilities * changes).sum(axis=0)
        changes[~are_outside(data, block)] = 0.0
        return (), float(changes.max(initial=0.0))

    _, largest = data.rows.collect(term)
    return ([max(largest)],)


def largest_logits(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the largest size of each logit, arrays of shape ``(n_logits,)``."""
    prepared = data.rows.prepare(params)
    _, largest = data.rows.collect(lambda block: ((), np.abs(block.logits(prepared)).max(axis=1)))
    return ([np.max(largest, axis=0)],)


def are_outside(data: DataTerm, block: Block) -> NDArray[np.bool_]:
    """Return which classes have no probability in the target of rows with weight.

    Shape ``(n_classes, n_rows)``.
    """
    targets = data.targets.at(block.rows)
    is_outside = np.array([targets.of_class(k) == 0 for k in range(data.loss.n_classes)])
    if data.relative_weight is not None:
        is_outside &= data.relative_weight[block.rows] > 0
    return is_outside
