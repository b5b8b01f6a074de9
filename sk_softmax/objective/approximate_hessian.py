"""An approximate Hessian that costs about a pass to measure: what quasi-Newton steps start from.

The Hessian of softmax regression has a block for each pair of classes. Left out are the pairs of
different classes; what remains is a Gram matrix a class, ``X' diag(s p_k (1 - p_k)) X``. Where a
matrix a class is too dear they share their mean, and where even that is, its diagonal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, Curvature
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

# Numbers of the matrices that are summed in one pass, or of the drawn rows that are multiplied.
NUMBERS_AT_ONCE = 2**20


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
    matrices: Callable[[Array], Array],
) -> Array:
    """How much each of a block's rows counts in each matrix, shape ``(n_matrices, n_rows)``."""
    curvatures = data.loss.curvatures(data.logits(block, prepared))
    return data.weighted(matrices(curvatures), block)


def _undecided(data: DataTerm) -> float:
    """Mean curvature of a row whose classes are all equally likely."""
    n_classes, n_outputs = data.loss.n_classes, data.loss.n_outputs
    return (1 - 1 / n_classes) / n_classes * n_outputs / max(n_outputs - 1, 1)


def _mean_diagonal(data: DataTerm, params: Array, damping: float) -> Array:
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Array, Array]:
        (weights,) = _weights(data, block, prepared, _mean)
        return block.gram_diagonal(weights), weights.sum()

    diagonal, weight = data.sum(term)
    n_rows = data.n_rows
    return np.asarray(diagonal / n_rows + damping * weight / n_rows * data.mean_square)


def _damped_grams(
    data: DataTerm,
    params: Array,
    damping: float,
    matrices: Callable[[Array], Array],
    n_matrices: int,
) -> Array:
    """Gram matrices of rows drawn by their curvature, each of the weights of one matrix."""
    n_rows, (_, n_columns) = data.n_rows, data.shape
    share = _rows_drawn(data, n_matrices) / n_rows
    grams = np.zeros((n_matrices, n_columns, n_columns))
    add_up = _add_grams_of_all if share == 1 else partial(_add_drawn_grams, share=share)
    weight = add_up(data, params, matrices, grams)
    grams /= n_rows
    for gram, more in zip(grams, damping * weight / n_rows, strict=True):
        gram += more * data.gram
    return grams


def _add_grams_of_all(
    data: DataTerm,
    params: Array,
    matrices: Callable[[Array], Array],
    grams: Array,
) -> Array:
    """Add each matrix's weighted Gram matrix of all rows, and return the sums of the weights.

    In as many passes as it takes to hold no more than some of the blocks' matrices.
    """
    rows, prepared = data.rows, data.rows.prepare(params)
    totals = np.empty(len(grams))

    def measure(some: slice) -> None:
        def term(block: Block) -> tuple[Array, Array]:
            weights = _weights(data, block, prepared, matrices)[some]
            return np.stack([block.gram(row) for row in weights]), weights.sum(axis=1)

        # Adding up matrices of p^2 numbers is cheap only if each is of as many rows as columns.
        grams[some], totals[some] = data.sum(term, rows_per_block=rows.n_columns)

    at_once = max(NUMBERS_AT_ONCE // rows.n_columns**2, 1)
    for first in range(0, len(grams), at_once):
        measure(slice(first, first + at_once))
    return totals


def _add_drawn_grams(
    data: DataTerm,
    params: Array,
    matrices: Callable[[Array], Array],
    grams: Array,
    share: float,
) -> Array:
    """Do the same with a share of the rows for each matrix: one pass to draw them, then theirs."""
    rows, prepared = data.rows, data.rows.prepare(params)
    by_block: dict[int, list[tuple[NDArray[np.intp], Array]]] = {}

    def term(block: Block) -> tuple[Array]:
        weights = _weights(data, block, prepared, matrices)
        assert isinstance(block.rows, slice)  # sums read consecutive rows
        first = block.rows.start
        by_block[first] = [drawn(row, share, first) for row in weights]
        return (weights.sum(axis=1),)

    (totals,) = data.sum(term)
    at_once = max(NUMBERS_AT_ONCE // rows.n_columns, 1)

    def add(number: int) -> None:
        parts = [by_block[first][number] for first in sorted(by_block)]
        indices, weights = (np.concatenate(part) for part in zip(*parts, strict=True))
        for first in range(0, len(indices), at_once):
            some = slice(first, first + at_once)
            grams[number] += rows.take(indices[some]).gram(weights[some])

    rows.each(add, range(len(grams)))
    data.count(sum(len(d) for block in by_block.values() for d, _ in block) / rows.n_rows)
    return np.asarray(totals)


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
