"""An approximate Hessian that costs about a pass to measure: what quasi-Newton steps start from.

The Hessian of softmax regression has a block for each pair of classes. Left out are the pairs of
different classes; what remains is a Gram matrix a class, ``X' diag(s p_k (1 - p_k)) X``. Where a
matrix a class is too dear they share their mean, and where even that is, its diagonal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, Curvature, Rows
from sk_softmax.objective.curvature import ClassGrams, SharedDiagonal, SharedGram
from sk_softmax.objective.data_term import DataTerm

# A matrix a class pays off while measuring and factoring all of them takes no more multiplications
# than so many evaluations, and while they fit in memory. Iterations to 1e-6 with one shared matrix
# and with one a class: 128 and 48 on MNIST / 255.
AFFORDABLE = 25
MOST_NUMBERS = 2**23

# Above this many columns the Gram matrix is too dear (n p^2) and too big (p^2).
MOST_COLUMNS = 1024

# Rows that enter a sampled Gram matrix: so many a column for its accuracy, and at least what
# makes it cost as much as a few evaluations. Standardised MNIST to 1e-3 with three different
# draws: 8 to 13 seconds with 3 rows a column, 7 to 9 with 6.
ROWS_PER_COLUMN = 6
EVALUATIONS = 20

# The most rows drawn for all matrices together: their numbers and weights are kept for a moment.
MOST_DRAWN = 2**21

# Numbers of the matrices that are summed in one pass.
NUMBERS_AT_ONCE = 2**20

Matrices: TypeAlias = Callable[[Array], Array]
"""From the curvatures of some rows in each class to their weights in each matrix."""


def approximate_hessian(
    data: DataTerm, params: Array, penalty: Array, damping: float
) -> Curvature:
    """Measure the curvature at these params: one matrix a class, a shared one or its diagonal.

    Rows whose class is decided have next to no curvature, and a feature that is rare outside of
    them would get steps without bound. So each row counts as if it had ``damping`` times the mean
    curvature more. ``penalty`` is the diagonal of the penalty's Hessian for one class, of shape
    ``(n_columns,)``.
    """
    n_outputs, n_columns = data.shape
    if n_columns > MOST_COLUMNS:
        return shared_diagonal(data, params, penalty, damping)
    if not params.any():  # every row is undecided between all classes
        return SharedGram(_undecided(data) * data.gram + np.diag(penalty), n_outputs)
    if n_outputs == 1 or not _can_afford_one_a_class(data):
        (gram,) = _damped_grams(data, params, damping, _mean, 1)
        return SharedGram(gram + np.diag(penalty), n_outputs)
    grams = _damped_grams(data, params, damping, _each, n_outputs)
    np.einsum("kii->ki", grams)[:] += penalty
    return ClassGrams(grams)


def shared_diagonal(
    data: DataTerm, params: Array, penalty: Array, damping: float
) -> SharedDiagonal:
    """Measure the diagonal of the mean curvature of the classes; see approximate_hessian."""
    n_outputs, _ = data.shape
    return SharedDiagonal(_mean_diagonal(data, params, damping) + penalty, n_outputs)


def _rows_drawn(data: DataTerm, n_matrices: int) -> float:
    """How many rows enter each of these Gram matrices."""
    n_rows, (_, n_columns) = data.n_rows, data.shape
    wanted = max(ROWS_PER_COLUMN * n_columns, EVALUATIONS * n_rows / n_columns)
    wanted = min(wanted, MOST_DRAWN / n_matrices)
    return float(wanted if 2 * wanted < n_rows else n_rows)


def _can_afford_one_a_class(data: DataTerm) -> bool:
    """Whether measuring and factoring a matrix a class costs little beside the evaluations."""
    n_outputs, n_columns = data.shape
    work = n_outputs * n_columns**2 * (_rows_drawn(data, n_outputs) + n_columns)
    evaluation = 4 * data.n_rows * n_outputs * n_columns
    return work <= AFFORDABLE * evaluation and n_outputs * n_columns**2 <= MOST_NUMBERS


def _each(curvatures: Array) -> Array:
    return curvatures


def _mean(curvatures: Array) -> Array:
    """Spread the curvature of a row over the ``K - 1`` directions in which softmax can change."""
    return np.asarray(curvatures.sum(axis=0, keepdims=True) / max(len(curvatures) - 1, 1))


def _weights(
    data: DataTerm,
    block: Block,
    prepared: Any,
    matrices: Matrices,
) -> Array:
    """How much each of a block's rows counts in each matrix, shape ``(n_matrices, n_rows)``."""
    curvatures = data.loss.curvatures(data.logits(block, prepared))
    return data.weighted(matrices(curvatures), block)


def _undecided(data: DataTerm) -> float:
    """Mean curvature of a row whose classes are all equally likely."""
    n_classes, n_outputs = data.loss.n_classes, data.loss.n_outputs
    return (1 - 1 / n_classes) / n_classes * n_outputs / max(n_outputs - 1, 1)


def _mean_diagonal(data: DataTerm, params: Array, damping: float) -> Array:
    diagonal, weight = data.ask(partial(diagonal_of_mean, params=params))
    n_rows = data.n_rows
    return np.asarray(diagonal / n_rows + damping * weight / n_rows * data.mean_square)


def diagonal_of_mean(data: DataTerm, params: Array) -> tuple[Any, ...]:
    """Answer the diagonal of the Gram matrix of the mean curvature, and the sum of the weights."""
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array]:
        (weights,) = _weights(data, block, prepared, _mean)
        return block.gram_diagonal(weights), weights.sum()

    return data.rows.sum(term)


def _damped_grams(
    data: DataTerm, params: Array, damping: float, matrices: Matrices, n_matrices: int
) -> Array:
    """Gram matrices of rows drawn by their curvature, each of the weights of one matrix."""
    share = _rows_drawn(data, n_matrices) / data.n_rows
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
    """Weighted Gram matrices of all rows, and the sums of the weights.

    In as many passes as it takes to hold no more than some of the blocks' matrices.
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
    """Answer the Gram matrices of some of the weights, and the sums of these.

    Shapes ``(n_matrices, n_columns, n_columns)`` and ``(n_matrices,)``.
    """
    rows, prepared = data.rows, data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array]:
        weights = _weights(data, block, prepared, matrices)[some]
        return np.stack([block.gram(row) for row in weights]), weights.sum(axis=1)

    # Adding up matrices of p^2 numbers is cheap only if each is of as many rows as columns.
    return rows.sum(term, rows_per_block=rows.n_columns)


def drawn_grams(
    data: DataTerm, params: Array, matrices: Matrices, share: float
) -> tuple[Any, ...]:
    """Answer the same of a share of the rows for each matrix, and how many were drawn in all.

    One pass to draw them, then theirs. Which rows are drawn depends on their numbers among all
    rows and on what the rows of their block weigh.
    """
    rows, prepared = data.rows, data.rows.prepare(params)

    def draw(block: Block) -> tuple[tuple[Array], list[tuple[NDArray[np.intp], Array]]]:
        weights = _weights(data, block, prepared, matrices)
        first = data.numbers(block).start
        return (weights.sum(axis=1),), [drawn(row, share, first) for row in weights]

    (totals,), of_blocks = rows.collect(draw)
    grams = np.zeros((len(totals), rows.n_columns, rows.n_columns))
    n_drawn = 0
    for gram, draws in zip(grams, zip(*of_blocks, strict=True), strict=True):
        numbers, weights = (np.concatenate(part) for part in zip(*draws, strict=True))
        n_drawn += len(numbers)
        if len(numbers):
            _add_gram(rows.subset(numbers - data.first_row), weights, gram)
    return grams, totals, n_drawn


def _add_gram(rows: Rows, weights: Array, gram: Array) -> None:
    """Add the weighted Gram matrix of all rows."""
    (summed,) = rows.sum(lambda block: (block.gram(weights[block.rows]),))
    gram += summed


def drawn(weights: Array, share: float, first: int = 0) -> tuple[NDArray[np.intp], Array]:
    """Draw at most this share of the rows, and weigh them so that sums stay unbiased.

    A row is kept with a probability in proportion to its weight, at most 1, and its weight
    divided by that (Poisson sampling; Horvitz and Thompson, 1952, JASA 47). Multiples of the
    golden ratio stand in for random numbers: they are spread evenly whatever period the rows have.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Of consecutive rows, not negative.
    share : float
        Of the rows to draw, on average.
    first : int, default=0
        Number of the first of these rows.

    Returns
    -------
    indices : ndarray of int, shape (n_drawn,)
        Numbers of the rows.
    weights : ndarray of shape (n_drawn,)
        Their weights.
    """
    level = weights.sum() / (share * len(weights))
    numbers = np.arange(first, first + len(weights))
    evenly = (numbers + 1) * ((np.sqrt(5) - 1) / 2) % 1
    kept = weights > level * evenly
    of_drawn = np.maximum(weights[kept], level).astype(weights.dtype, copy=False)
    return numbers[kept], of_drawn
