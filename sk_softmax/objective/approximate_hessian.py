"""An approximate Hessian that costs about one pass to measure; quasi-Newton steps start from it.

The Hessian of softmax regression has a block for each pair of classes. The blocks of two different
classes are left out. What remains is one Gram matrix per class, ``X' diag(s p_k (1 - p_k)) X``.
If one matrix per class costs too much, all classes share the mean of these matrices; if one matrix
costs too much, they share its diagonal.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, Curvature
from sk_softmax.objective.affordable import can_afford_one_a_class, rows_drawn
from sk_softmax.objective.curvature import (
    CentredDiagonal,
    ClassGrams,
    SharedDiagonal,
    SharedGram,
)
from sk_softmax.objective.data_term import DataTerm, Matrices
from sk_softmax.objective.sampling import drawn

# Columns up to which a Gram matrix is measured: it takes n p^2 multiplications and p^2 numbers,
# 8 MiB with this many.
MOST_COLUMNS = 1024

# The most damping of a diagonal of columns less their means. What makes steps too long is what it
# leaves out, which damping does not mend. Iterations on 20 newsgroups with C=100 and tol=1e-3, and
# with C=1 and tol=1e-6: 136 and 19 with up to 2, 109 and 17 with 0.1, 115 and 17 with 0.02.
MOST_OF_CENTRED = 0.1

# Numbers of the Gram matrices that are summed in one pass: 8 MiB for each block that waits.
NUMBERS_AT_ONCE = 2**20

# Columns up to which the matrices of all classes come from one product, of NUMBERS_WEIGHTED
# weighted numbers at a time, which stay in cache. Milliseconds so and class by class:
#                                        float64       float32
#   10,992 x 16, 10 classes             3.5   4.8     1.7   3.1
#   2,310 x 19, 7 classes              0.57  0.82    0.31  0.49
#   2,000 x 30, 5 classes              0.79  0.91    0.46  0.64
#   5,000 x 40, 10 classes              5.9   6.0     3.2   3.3
#   1,797 x 64, 10 classes              4.5   3.9     2.4   1.9
FEW_COLUMNS, NUMBERS_WEIGHTED = 32, 2**16


def approximate_hessian(
    data: DataTerm,
    params: Array,
    l2: Array,
    damping: float,
    evaluations: float = 0.0,
    *,
    stands_for: float = 1.0,
    n_sharing: int = 1,
) -> Curvature:
    """Measure the curvature at some params: one matrix per class, a shared one, or a diagonal.

    Rows whose class is nearly certain have almost no curvature. A feature that is rare in all
    other rows would get steps without bound. So ``damping`` times the mean curvature of all rows
    is added to the curvature of each row.

    Parameters
    ----------
    data : DataTerm
        The loss whose curvature it is.
    params : ndarray of shape (n_outputs, n_columns)
        Where it is measured.
    l2 : ndarray of shape (n_columns,)
        The diagonal of the penalty's Hessian for one class: ``Penalty.l2``.
    damping : float
        What part of the rows' mean curvature to add to the curvature of each row.
    evaluations : float, default=0.0
        How many evaluations have been made. The longer a fit, the more a measurement may cost.
    stands_for : float, default=1
        How many times as many rows an evaluation reads as there are here.
    n_sharing : int, default=1
        How many fits use the measurement. A sample for all of them may have as many times as many
        rows as one for each.
    """
    n_outputs, n_columns = data.shape
    if n_columns > MOST_COLUMNS:
        has_intercept = n_columns > data.n_features
        diagonal = centred_diagonal if has_intercept else shared_diagonal
        return diagonal(data, params, l2, damping)
    if _is_undecided(data, params):
        return SharedGram(_with_penalty(_undecided(data) * data.gram, l2), n_outputs)
    if n_outputs == 1 or not can_afford_one_a_class(data, evaluations, stands_for):
        (gram,) = _damped_grams(data, params, damping, mean_of_classes, 1, n_sharing)
        return SharedGram(_with_penalty(gram, l2), n_outputs)
    grams = _damped_grams(data, params, damping, each_class, n_outputs, n_sharing)
    return ClassGrams(_with_penalty(grams, l2), data.rows.dtype)


def _with_penalty(grams: Array, l2: Array) -> Array:
    """Add ``l2`` to the diagonals of matrices, ``(..., n_columns, n_columns)``, in place."""
    np.einsum("...ii->...i", grams)[:] += l2
    return grams


def shared_diagonal(data: DataTerm, params: Array, l2: Array, damping: float) -> SharedDiagonal:
    """Measure the diagonal of the classes' mean Gram matrix, shape ``(n_columns,)``.

    Parameters are those of :func:`approximate_hessian`.
    """
    n_outputs, _ = data.shape
    return SharedDiagonal(_mean_diagonal(data, params, damping) + l2, n_outputs)


def centred_diagonal(data: DataTerm, params: Array, l2: Array, damping: float) -> CentredDiagonal:
    """Measure the same of columns less their means, which the intercept absorbs.

    Parameters are those of :func:`approximate_hessian`; the last column is that of the intercept.
    """
    n_outputs, _ = data.shape
    if _is_undecided(data, params):
        diagonal, sums = _undecided(data) * data.mean_square, _undecided(data) * data.mean
    else:
        summed = data.ask(partial(diagonal_and_sums_of_mean, params=params))
        diagonal, sums = (part / data.n_rows for part in summed)
    damping = min(damping, MOST_OF_CENTRED) * sums[-1]
    squares = diagonal + damping * data.mean_square
    firsts = sums + damping * data.mean
    weight = float(firsts[-1])
    means = firsts[:-1] / weight if weight > 0 else np.zeros(len(firsts) - 1)
    # Rounding may leave less of a constant column than nothing.
    least = np.finfo(np.float32).eps * squares[:-1]
    variances = np.maximum(squares[:-1] - weight * means**2, least)
    return CentredDiagonal(variances + l2[:-1], means, weight, n_outputs)


def each_class(curvatures: Array) -> Array:
    """Return the weights for one matrix per class: the curvatures, ``(n_outputs, n_rows)``."""
    return curvatures


def mean_of_classes(curvatures: Array) -> Array:
    """Return the weights for one shared matrix, from ``(n_outputs, n_rows)`` to ``(1, n_rows)``.

    The curvature of a row is spread over the ``K - 1`` directions in which softmax can change.
    """
    return np.asarray(curvatures.sum(axis=0, keepdims=True) / max(len(curvatures) - 1, 1))


def _is_undecided(data: DataTerm, params: Array) -> bool:
    """Whether all classes are equally likely in every row at params ``(n_outputs, n_columns)``."""
    return not params.any() and not data.has_offset


def _undecided(data: DataTerm) -> float:
    """Return the mean curvature of a row whose classes are all equally likely."""
    n_classes, n_outputs = data.loss.n_classes, data.loss.n_outputs
    return (1 - 1 / n_classes) / n_classes * n_outputs / max(n_outputs - 1, 1)


def _mean_diagonal(data: DataTerm, params: Array, damping: float) -> Array:
    """Return the diagonal of the damped mean Gram matrix, shape ``(n_columns,)``."""
    diagonal, weight = data.ask(partial(diagonal_of_mean, params=params))
    n_rows = data.n_rows
    return np.asarray(diagonal / n_rows + damping * weight / n_rows * data.mean_square)


def diagonal_of_mean(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the diagonal of the mean Gram matrix, and the sum of the rows' weights.

    Shape ``(n_columns,)``, and a number. The weight of a row is its sample weight times the mean
    of its curvatures at ``params``, of shape ``(n_outputs, n_columns)``.
    """
    weights_of = data.curvatures_at(params, mean_of_classes)

    def term(block: Block) -> tuple[Array, Array]:
        (weights,) = weights_of(block)
        return block.gram_diagonal(weights), weights.sum()

    return data.rows.sum(term)


def diagonal_and_sums_of_mean(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Question: the diagonal of the mean Gram matrix, and the weighted sums of the columns.

    Both have shape ``(n_columns,)``. Weights are those of :func:`diagonal_of_mean`.
    """
    weights_of = data.curvatures_at(params, mean_of_classes)

    def term(block: Block) -> tuple[Array, Array]:
        weights = weights_of(block)
        return block.gram_diagonal(weights[0]), block.pull_back(weights)[0]

    return data.rows.sum(term)


def _damped_grams(
    data: DataTerm,
    params: Array,
    damping: float,
    matrices: Matrices,
    n_matrices: int,
    n_sharing: int,
) -> Array:
    """Return damped Gram matrices of all rows, or of rows drawn by their curvature.

    Shape ``(n_matrices, n_columns, n_columns)``.
    """
    share = rows_drawn(data, n_matrices, n_sharing) / data.n_rows
    if share == 1:
        grams, weight = _grams_of_all(data, params, matrices, n_matrices)
    else:
        question = partial(drawn_grams, params=params, matrices=matrices, share=share)
        grams, weight, n_drawn = data.ask(question)
        data.count(float(n_drawn) / data.n_rows)
    grams /= data.n_rows
    for gram, more in zip(grams, damping * weight / data.n_rows, strict=True):
        gram += more * data.gram
    return np.asarray(grams)


def _grams_of_all(
    data: DataTerm, params: Array, matrices: Matrices, n_matrices: int
) -> tuple[Array, Array]:
    """Return weighted Gram matrices of all rows, and the sums of the weights.

    Shapes ``(n_matrices, n_columns, n_columns)`` and ``(n_matrices,)``. A pass sums at most
    NUMBERS_AT_ONCE numbers, so that the matrices of few blocks are held at a time.
    """
    _, n_columns = data.shape
    grams, totals = np.empty((n_matrices, n_columns, n_columns)), np.empty(n_matrices)
    at_once = max(NUMBERS_AT_ONCE // n_columns**2, 1)
    for first in range(0, n_matrices, at_once):
        some = slice(first, first + at_once)
        question = partial(weighted_grams, params=params, matrices=matrices, some=some)
        grams[some], totals[some] = data.ask(question)
    return grams, totals


def weighted_grams(
    data: DataTerm, params: Array, matrices: Matrices, some: slice
) -> tuple[Any, ...]:
    """Question: Gram matrices for some of the weights, and the sums of these weights.

    Shapes ``(n_matrices, n_columns, n_columns)`` and ``(n_matrices,)``, where ``n_matrices``
    counts those in ``some``.
    """
    rows, weights_of = data.rows, data.curvatures_at(params, matrices)

    def term(block: Block) -> tuple[Array, Array]:
        weights = weights_of(block)[some]
        return _grams(block, weights, rows.n_columns), weights.sum(axis=1)

    # To add a block's matrices of p^2 numbers to the sum is cheap beside their products only if
    # the block has at least as many rows as columns.
    return rows.sum(term, rows_per_block=rows.n_columns)


def _grams(block: Block, weights: Array, n_columns: int) -> Array:
    """Return a block's Gram matrix for each row of weights, ``(n_matrices, n_rows)``.

    Shape ``(n_matrices, n_columns, n_columns)``.
    """
    n_matrices = len(weights)
    if n_matrices == 1:
        return block.gram(weights[0])[None]
    if n_columns > FEW_COLUMNS:
        return np.stack([block.gram(row) for row in weights])
    summed = np.zeros((n_matrices * n_columns, n_columns))
    n_some = max(NUMBERS_WEIGHTED // len(summed), 1)
    for first in range(0, block.n_rows, n_some):
        some = slice(first, first + n_some)
        x = block.transposed(some)
        summed += np.dot((weights[:, None, some] * x).reshape(len(summed), -1), x.T)
    return summed.reshape(n_matrices, n_columns, n_columns)


def drawn_grams(
    data: DataTerm, params: Array, matrices: Matrices, share: float
) -> tuple[Any, ...]:
    """Question: Gram matrices of rows drawn for each, and how many were drawn in all.

    Three sums: the matrices, shape ``(n_matrices, n_columns, n_columns)``; the weights of all
    rows, ``(n_matrices,)``; and the number of rows drawn for all matrices together. One pass over
    all rows draws a ``share`` of them for each matrix; the drawn rows are then read once. Which
    rows are drawn depends on their numbers among all rows and on the weights in their block.
    """
    rows, weights_of = data.rows, data.curvatures_at(params, matrices)

    def draw(block: Block) -> tuple[tuple[Array], list[tuple[NDArray[np.intp], Array]]]:
        weights = weights_of(block)
        first = data.numbers(block).start
        return (weights.sum(axis=1),), [drawn(row, share, first) for row in weights]

    (totals,), of_blocks = rows.collect(draw)
    subsets, terms = [], []
    for draws in zip(*of_blocks, strict=True):
        numbers, weights = (np.concatenate(part) for part in zip(*draws, strict=True))
        subsets.append(numbers - data.first_row)
        terms.append(partial(_gram_term, weights=weights))
    grams = np.empty((len(totals), rows.n_columns, rows.n_columns))
    for gram, (summed,) in zip(grams, rows.sums_of_subsets(subsets, terms), strict=True):
        gram[:] = summed
    return grams, totals, sum(map(len, subsets))


def _gram_term(block: Block, weights: Array) -> tuple[Array]:
    """Return the Gram matrix of a block of rows that have these weights, ``(n_rows,)``."""
    return (block.gram(weights[block.rows]),)
