"""Sums over the rows of products of scores: the information, and the meat of a sandwich.

The coordinates are contrasts of classes with a base, in the columns that are kept: parameter
``a * n_kept + j`` belongs to class ``a`` of those besides the base and to column ``j``. With
``z_i`` the kept columns of row ``i`` and ``p_i``, ``y_i`` its probabilities and targets without
the base, the score of a row is ``(y_i - p_i) (x) z_i`` and its information ``(diag(p_i) - p_i
p_i') (x) z_i z_i'``.

A large matrix is summed strip by strip, so that the partial sums of threads take little memory
beside it. Only its upper triangle is computed; the lower is that of blocks on the diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.inference.column_products import (
    FEW_COLUMNS,
    assembled,
    class_weights,
    distinct_products,
)
from sk_softmax.inference.column_products import rows_at_once as few_at_once
from sk_softmax.inference.outcomes import Outcomes
from sk_softmax.interfaces import Array, Block
from sk_softmax.objective import DataTerm

# Numbers in the products of some rows with all classes, 2 MiB in float64, which a cache holds; but
# a product of fewer rows than these would wait for memory.
NUMBERS_AT_ONCE, FEW_ROWS = 2**18, 128

# A matrix is summed in parts of this many bytes, but in so many at most. Their number does not
# depend on the number of threads, because the rounding of the sums depends on it. An inference of
# 12,000 x 150 in 13 classes took 1.42 covariances beside the rows with parts of 4 MiB on two
# threads, and 1.15 with these, both in 7.1 s on one core.
BYTES_OF_PART, MOST_PARTS = 2**20, 16

Kind: TypeAlias = Literal["information", "scores", "labelled scores"]
"""Which products: ``labelled scores`` are those of the ``w_i y_ik`` rows labelled ``k`` that a row
with a distribution stands for: ``sum_k y_ik (e_k - p_i)(e_k - p_i)' (x) z_i z_i'``."""


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Which parameters the matrices are about."""

    outcomes: Outcomes
    kept: NDArray[np.intp]
    """Columns, shape ``(n_kept,)``."""

    @property
    def n_parameters(self) -> int:
        """How many there are."""
        return (len(self.outcomes.classes) - 1) * len(self.kept)


def second_moment(
    data: DataTerm,
    params: Array,
    coordinates: Coordinates,
    kind: Kind,
    *,
    power: int = 1,
) -> Array:
    """Return the mean of products over the rows, its upper triangle filled.

    Parameters
    ----------
    data : DataTerm
        The rows.
    params : ndarray of shape (n_outputs, n_columns)
        Where the probabilities are computed.
    coordinates : Coordinates
        The parameters.
    kind : str
        Which products.
    power : {1, 2}
        Of the relative weights of the rows.

    Returns
    -------
    matrix : ndarray of shape (n_parameters, n_parameters)
        In C order; below the diagonal it is not complete.
    """
    ask = partial(_asked, data, params, coordinates, kind, power)
    if len(coordinates.kept) <= FEW_COLUMNS:
        (sums,) = ask(sum_of_distinct_products)
        matrix = assembled(sums, len(coordinates.outcomes.others), len(coordinates.kept))
        matrix /= data.n_rows
        return matrix
    n = coordinates.n_parameters
    matrix = np.zeros((n, n))
    for strip in _strips(n):
        (part,) = ask(strip_of_products, strip=strip)
        matrix[strip, strip.start :] = part
    matrix /= data.n_rows
    return matrix


def _asked(
    data: DataTerm,
    params: Array,
    coordinates: Coordinates,
    kind: Kind,
    power: int,
    question: Any,
    **more: Any,
) -> tuple[Any, ...]:
    """Return the answer to a question about these products."""
    known = {"params": params, "coordinates": coordinates, "kind": kind, "power": power}
    return data.ask(partial(question, **known, **more))


def sum_of_distinct_products(
    data: DataTerm, params: Array, coordinates: Coordinates, kind: Kind, power: int
) -> tuple[Any, ...]:
    """Question: the sum of class weights times column products, ``(n_pairs, n_products)``."""
    prepared = data.rows.prepare(params)
    n_kept, n_others = len(coordinates.kept), len(coordinates.outcomes.others)

    def term(block: Block) -> tuple[Array]:
        factors = _factors(data, block, prepared, coordinates.outcomes, kind)
        weight = data.weighted(np.ones(block.n_rows), block) ** power
        total = np.zeros((n_others * (n_others + 1) // 2, n_kept * (n_kept + 1) // 2))
        for rows, design in pieces(block, coordinates.kept, few_at_once(n_kept)):
            by_class = class_weights(factors, rows)
            by_class *= weight[rows]
            total += by_class @ distinct_products(np.ascontiguousarray(design.T)).T
        return (total,)

    return data.rows.sum(term)


def _strips(n: int) -> Iterator[slice]:
    """Yield the rows of a matrix of shape ``(n, n)`` in parts."""
    n_parts = min(max(8 * n**2 // BYTES_OF_PART, 1), MOST_PARTS, n)
    for first, last in pairwise(np.linspace(0, n, n_parts + 1).astype(int)):
        yield slice(int(first), int(last))


def strip_of_products(
    data: DataTerm,
    params: Array,
    coordinates: Coordinates,
    kind: Kind,
    power: int,
    strip: slice,
) -> tuple[Any, ...]:
    """Question: some rows of the sum of products, from the diagonal on.

    Shape ``(strip.stop - strip.start, n_parameters - strip.start)``.
    """
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[Array]:
        total = np.zeros((strip.stop - strip.start, coordinates.n_parameters - strip.start))
        factors = _factors(data, block, prepared, coordinates.outcomes, kind)
        weight = data.weighted(np.ones(block.n_rows), block)
        root = np.sqrt(weight) if power == 1 else weight
        for rows, design in pieces(
            block, coordinates.kept, rows_at_once(coordinates.n_parameters)
        ):
            design *= root[rows, None]
            for factor in factors:
                _add(total, design, factor, rows, strip)
        return (total,)

    return data.rows.sum(term)


@dataclass(frozen=True, eq=False)
class _Factor:
    """Values of each class and row, whose products are added or subtracted.

    With ``diagonal`` the values themselves are added to the products of a class with itself.
    """

    whole: Array
    """Of all classes, shape ``(n_classes, n_rows)``."""

    others: NDArray[np.intp]
    sign: float
    diagonal: bool

    def at(self, rows: slice, first: int = 0) -> Array:
        """Return the values of some rows, of the classes besides the base from a number on.

        Shape ``(n_classes - 1 - first, n_rows)``. A copy for all rows of a block would be the
        largest array of the sum: on 100,000 x 10 with 7 classes 1.2 MB in each thread.
        """
        return np.asarray(self.whole[self.others[first:], rows])


def _factors(
    data: DataTerm, block: Block, prepared: Any, outcomes: Outcomes, kind: Kind
) -> Sequence[_Factor]:
    """Return what is multiplied with the columns of a block's rows."""
    others, targets = outcomes.others, data.targets.at(block.rows)
    whole = data.loss.probabilities(data.logits(block, prepared))
    if kind == "information":
        return [_Factor(whole, others, -1.0, diagonal=True)]
    targets.subtract_from(whole)  # the scores but for their sign, which no product has
    scores = _Factor(whole, others, 1.0, diagonal=False)
    if kind == "scores":
        return [scores]
    own = np.array([targets.of_class(number) for number in range(len(whole))], dtype=np.float64)
    return [_Factor(own, others, -1.0, diagonal=True), scores]


def pieces(block: Block, columns: NDArray[np.intp], length: int) -> Iterator[tuple[slice, Array]]:
    """Yield ``length`` rows of a block at a time, and their columns as a new dense array.

    The array has shape ``(n_rows, len(columns))``. Blocks of sparse rows are long: as a whole they
    would take more memory than the matrix that they are summed to.
    """
    for first in range(0, block.n_rows, length):
        rows = slice(first, min(first + length, block.n_rows))
        part = block.part(np.arange(rows.start, rows.stop), columns)
        yield rows, np.asarray(part.toarray() if sp.issparse(part) else part)


def rows_at_once(n_numbers: int) -> int:
    """Return how many rows to read at a time where each takes so many numbers."""
    return max(NUMBERS_AT_ONCE // n_numbers, FEW_ROWS)


def _add(total: Array, design: Array, factor: _Factor, rows: slice, strip: slice) -> None:
    """Add the products of some rows to a strip, in place.

    ``design`` has shape ``(n_rows, n_kept)``.
    """
    n_kept = design.shape[1]
    first_class = strip.start // n_kept  # classes before it are above the strip
    values = factor.at(rows, first_class)
    spread = (values.T[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    own = slice(strip.start - first_class * n_kept, strip.stop - first_class * n_kept)
    if own.start == 0 and own.stop == spread.shape[1]:
        product = spread.T @ spread  # NumPy computes one triangle of it
    else:
        product = spread[:, own].T @ spread[:, own.start :]
    product *= factor.sign
    total += product
    if not factor.diagonal:
        return
    for number in range(-(-own.stop // n_kept)):
        of_class = slice(number * n_kept, (number + 1) * n_kept)
        first, last = max(of_class.start, own.start), min(of_class.stop, own.stop)
        columns = slice(first - own.start, of_class.stop - own.start)
        added = spread[:, first:last].T @ design[:, first - of_class.start :]
        total[first - own.start : last - own.start, columns] += added


def cluster_scores(
    data: DataTerm,
    params: Array,
    coordinates: Coordinates,
    groups: NDArray[np.intp],
    n_groups: int,
) -> Array:
    """Return the sum of the weighted scores of each cluster, shape ``(n_groups, n_parameters)``.

    ``groups`` has the number of each row's cluster, shape ``(n_rows,)``.
    """
    question = partial(scores_by_group, params=params, coordinates=coordinates, groups=groups)
    present, sums = data.ask(question)
    total = np.zeros((n_groups, coordinates.n_parameters))
    for numbers, of_numbers in zip(present, sums, strict=True):
        total[numbers] += of_numbers
    return total


def scores_by_group(
    data: DataTerm, params: Array, coordinates: Coordinates, groups: NDArray[np.intp]
) -> tuple[Any, ...]:
    """Question: for each block in turn the clusters in it, and the sums of their scores.

    Two lists, of arrays of shapes ``(n_present,)`` and ``(n_present, n_parameters)``.
    """
    prepared = data.rows.prepare(params)

    def term(block: Block) -> tuple[tuple[Any, ...], tuple[Any, Array]]:
        (scores,) = _factors(data, block, prepared, coordinates.outcomes, "scores")
        weight = data.weighted(np.ones(block.n_rows), block)
        present, places = np.unique(groups[data.numbers(block)], return_inverse=True)
        sums = np.zeros((len(present), coordinates.n_parameters))
        for rows, design in pieces(
            block, coordinates.kept, rows_at_once(coordinates.n_parameters)
        ):
            values = scores.at(rows) * -weight[rows]
            spread = (values.T[:, :, None] * design[:, None, :]).reshape(len(design), -1)
            ones = np.ones(len(design))
            member = sp.csr_matrix(
                (ones, (places[rows], np.arange(len(design)))), shape=(len(present), len(design))
            )
            sums += member @ spread
        return (), (present, sums)

    _, kept = data.rows.collect(term)
    return [present for present, _ in kept], [sums for _, sums in kept]
