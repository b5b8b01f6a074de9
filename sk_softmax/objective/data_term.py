"""The part of an objective that depends on the data: rows, their targets and weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Block, Rows
from sk_softmax.objective.cross_entropy import CrossEntropy
from sk_softmax.objective.kept_spread import MOST_SPREAD, KeptSpread
from sk_softmax.objective.sampling import SpreadOut, spread_out
from sk_softmax.objective.targets import Targets

DataQuestion: TypeAlias = "Callable[[DataTerm], tuple[Any, ...]]"
"""A question about the data: a partial of a module-level function, so that it can be pickled.

The function takes the data term first and returns a tuple of sums. Rows may be divided into parts.
Each part answers from its own rows, and the answers are combined: numbers and arrays are added up,
lists are joined in the order of the rows. What is no sum, like a maximum, is a list of one.
"""

Matrices: TypeAlias = Callable[[Array], Array]
"""A function from the curvatures of some rows, shape ``(n_outputs, n_rows)``, to their weights in
each matrix, shape ``(n_matrices, n_rows)``."""


class DataTerm:
    """``sum_i s_i CE_i / sum_i s_i``, the mean loss of the rows: an objective without its penalty.

    All that is computed from the rows is asked for by a :data:`DataQuestion`. Only the functions
    in questions read the rows, targets and weights of a term, because a term may hold only a part
    of all rows.

    Parameters
    ----------
    rows : Rows
        The data.
    targets : Targets
        Probabilities of the classes for each row.
    loss : CrossEntropy
        The form of the loss: one row of logits per class, or a single row of log-odds.
    relative_weight : ndarray of shape (n_rows,), optional
        ``s_i`` divided by their mean, in the width of the rows; None if all are equal.
    offset : ndarray of shape (n_outputs, n_rows), optional
        What is added to the logits of each row, in the width of the rows; None for nothing.
    first_row : int, default=0
        Number of the first row among all rows, if these are a part of them.
    n_rows : int, optional
        How many rows all parts have together; by default the number of rows here.
    has_offset : bool, optional
        Whether any of the parts has an offset; by default whether there is one here.
    """

    def __init__(
        self,
        rows: Rows,
        targets: Targets,
        loss: CrossEntropy,
        relative_weight: Array | None = None,
        *,
        offset: Array | None = None,
        first_row: int = 0,
        n_rows: int | None = None,
        has_offset: bool | None = None,
    ) -> None:
        self.rows = rows
        self.targets = targets
        self.loss = loss
        self.relative_weight = relative_weight
        self.offset = offset
        self.has_offset = offset is not None if has_offset is None else has_offset
        self.first_row = first_row
        self.n_rows = rows.n_rows if n_rows is None else n_rows
        self.passes = 0.0
        self.keeps_spread = rows.n_rows * loss.n_outputs <= MOST_SPREAD
        self._kept_spread = KeptSpread()
        self._all_rows: DataTerm | None = None
        self._narrowed: DataTerm | None = None

    @property
    def is_read_anew(self) -> bool:
        """Whether every question reads all rows again, however few of them it looks at."""
        return False

    @property
    def are_labels(self) -> bool:
        """Whether one class has all the probability in every row."""
        return self.targets.are_labels

    @property
    def number_of_targets(self) -> int:
        """A number that two terms have in common if they share their targets."""
        return id(self.targets)

    @property
    def least_weight(self) -> float:
        """The least positive weight of a row, divided by the mean."""
        weight = self.relative_weight
        return 1.0 if weight is None else float(weight[weight > 0].min())

    @property
    def largest_difference(self) -> float:
        """By how much an offset's logits of two classes differ in a row at most, in nats."""
        if self.offset is None:
            return 0.0
        if len(self.offset) == 1:
            return float(np.abs(self.offset).max())
        return float(np.ptp(self.offset, axis=0).max())

    @property
    def n_features(self) -> int:
        """How many features the rows have."""
        return self.rows.n_features

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of params, ``(n_outputs, n_columns)``."""
        return self.loss.n_outputs, self.rows.n_columns

    def on(self, rows: Rows, indices: NDArray[np.intp] | None = None) -> DataTerm:
        """Return the term on other rows, with the same loss.

        ``rows`` are the rows of these indices; without indices, all rows in another form.
        """
        if indices is None:
            return self._in_another_form(rows)
        targets, weight, offset = self.targets, self.relative_weight, self.offset
        targets = targets.at(indices)
        weight = None if weight is None else weight[indices].astype(rows.dtype, copy=False)
        offset = None if offset is None else offset[:, indices].astype(rows.dtype, copy=False)
        other = DataTerm(rows, targets, self.loss, weight, offset=offset)
        other._all_rows = self._all_rows
        return other

    def _in_another_form(self, rows: Rows) -> DataTerm:
        """Return the term on all of its rows in another form, or with other features."""
        weight, offset = self.relative_weight, self.offset
        other = DataTerm(
            rows,
            self.targets,
            self.loss,
            None if weight is None else weight.astype(rows.dtype, copy=False),
            offset=None if offset is None else offset.astype(rows.dtype, copy=False),
            first_row=self.first_row,
            n_rows=self.n_rows,
            has_offset=self.has_offset,
        )
        other._all_rows = self._all_rows
        return other

    def at(self, numbers: NDArray[np.intp]) -> DataTerm:
        """Return the term on the rows of these numbers, which are gathered when they are read."""
        return self.on(self.rows.subset(numbers), numbers)

    def design_at(self, numbers: NDArray[np.intp]) -> Array:
        """Return the rows of these numbers, a constant column included, ``(n, n_columns)``."""
        return self.rows.take(numbers).design()

    def copied(self, numbers: NDArray[np.intp]) -> DataTerm:
        """Return the term on a copy, in float32, of the rows of these numbers."""
        return self.on(self.rows.copied(numbers), numbers)

    def sampled(self, n_sampled: int) -> DataTerm:
        """Return the term on a copy, in float32, of so many rows spread over all of them."""
        return self.copied(spread_out(self.n_rows, n_sampled))

    def square_and_deviation(self, n_rows: int) -> tuple[Array, Array]:
        """Return mean square and standard deviation of the columns that vary in so many rows."""
        design = self.design_at(spread_out(self.n_rows, n_rows))
        values = design[:, (design != design[0]).any(axis=0)]
        return np.mean(values**2, axis=0), values.std(axis=0)

    def in_float64(self) -> DataTerm:
        """Return the term on rows that are read in float64: itself if they are so already."""
        return self if self.rows.dtype == np.float64 else self.on(self.rows.widened())

    def of_features(self, features: NDArray[np.intp]) -> DataTerm:
        """Return the term on the same rows with these features alone."""
        other = self._in_another_form(self.rows.columns(features))
        other._all_rows = None  # its Gram matrix is that of all features
        return other

    def counting_anew(self) -> DataTerm:
        """Return a copy that has counted no pass yet and measures on its own rows."""
        other = copy.copy(self)
        other.passes, other._narrowed = 0.0, None
        other._kept_spread = copy.copy(self._kept_spread)
        return other

    # --- questions ------------------------------------------------------------------------------

    def ask(self, question: DataQuestion, passes: float = 1.0) -> tuple[Any, ...]:
        """Return the answer to a question, and count the passes over the rows that it takes."""
        self.count(passes)
        return question(self)

    def count(self, passes: float) -> None:
        """Add to the passes over the data that have been taken; less than 1 for some rows."""
        self.passes += passes

    # --- for the functions in questions: logits, weights and numbers of a block's rows ----------

    def logits(self, block: Block, prepared: Any) -> Array:
        """Return a block's class-major logits, shape ``(n_outputs, n_rows)``.

        All logits of the rows that a model is fitted to are computed here, but those of several
        terms in one product: see `stacked_logits`. They include the offset: a product with a
        direction is the block's own.
        """
        return self.with_offset(block.logits(prepared), block)

    def with_offset(self, logits: Array, block: Block) -> Array:
        """Add the offset of a block's rows to their logits, ``(n_outputs, n_rows)``, in place."""
        if self.offset is not None:
            logits += self.offset[:, block.rows]
        return logits

    def keep_spread(self, params: Array, spreads: Sequence[Array | None]) -> None:
        """Keep the spread of the rows at these params, block by block: see `KeptSpread.keep`."""
        self._kept_spread.keep(params, spreads)

    def spread_at(self, params: Array) -> Callable[[Block], Array]:
        """Return a function from a block to the spread of its rows: see `CrossEntropy.spread`.

        It is kept from the last evaluation if that was at this very array of params.
        """
        kept = self._kept_spread.at(params)
        if kept is not None:
            return lambda block: kept[:, block.rows]
        prepared = self.rows.prepare(params)
        return lambda block: self.loss.spread(self.logits(block, prepared))

    def spread_fall(self, since: Array, params: Array) -> float:
        """Return by what factor a row's Hessian in its logits fell: see `KeptSpread.fall`."""
        return self._kept_spread.fall(since, params)

    def curvatures_at(self, params: Array, matrices: Matrices) -> Callable[[Block], Array]:
        """Return a function from a block to its rows' weights in each matrix.

        ``params`` has shape ``(n_outputs, n_columns)``, and the weights ``(n_matrices, n_rows)``;
        nobody may write to them.
        """
        spread, curvatures = self.spread_at(params), self.loss.curvatures_of
        return lambda block: self.weighted(matrices(curvatures(spread(block))), block)

    def weighted(self, values: Array, block: Block) -> Array:
        """Return values times the weights of a block's rows, which are their last axis."""
        if self.relative_weight is None:
            return values
        return values * self.relative_weight[block.rows]

    def numbers(self, block: Block) -> slice:
        """Return the numbers, among all rows, of the rows in a block of a sum."""
        assert isinstance(block.rows, slice)  # sums read consecutive rows
        return slice(self.first_row + block.rows.start, self.first_row + block.rows.stop)

    def here(self, numbers: NDArray[np.intp] | SpreadOut) -> NDArray[np.intp]:
        """Return which of some rows are in this part, as indices of its rows.

        ``numbers`` are ascending and count among all rows.
        """
        if isinstance(numbers, SpreadOut):
            numbers = numbers.numbers
        ends = self.first_row, self.first_row + self.rows.n_rows
        first, last = np.searchsorted(numbers, ends)
        return numbers[first:last] - self.first_row

    def among(self, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the same of numbers in any order, which is kept."""
        if self.n_rows == self.rows.n_rows:
            return numbers
        here = numbers - self.first_row
        return here[(here >= 0) & (here < self.rows.n_rows)]

    # --- measured once --------------------------------------------------------------------------

    def damp_like(self, all_rows: DataTerm) -> None:
        """Use the Gram matrix of a term in which more rows have weight: it is measured once."""
        self._all_rows = all_rows

    def measure_on(self, narrowed: DataTerm | None) -> None:
        """Use the Gram matrix of narrowed rows: it only damps matrices that are measured anew."""
        self._narrowed = narrowed

    @cached_property
    def class_totals(self) -> Array:
        """The weighted sum of the targets, shape ``(n_classes,)``; counted as no pass."""
        (totals,) = self.ask(totals_of_classes, passes=0)
        return np.asarray(totals)

    @cached_property
    def gram(self) -> Array:
        """``X' diag(s) X / sum(s)``, shape ``(n_columns, n_columns)``, measured once and kept."""
        stand_in = self._all_rows or self._narrowed
        if stand_in is not None:
            return stand_in.gram
        (gram,) = self.ask(gram_of_rows)
        return np.asarray(gram)

    @cached_property
    def mean_square(self) -> Array:
        """Diagonal of :attr:`gram`, shape ``(n_columns,)``."""
        if self._all_rows is not None:
            return self._all_rows.mean_square
        (diagonal,) = self.ask(mean_square_of_rows)
        return np.asarray(diagonal)

    @cached_property
    def mean(self) -> Array:
        """The mean of the rows, weighted, shape ``(n_columns,)``."""
        if self._all_rows is not None:
            return self._all_rows.mean
        (mean,) = self.ask(mean_of_rows)
        return np.asarray(mean)


def totals_of_classes(data: DataTerm) -> tuple[Any, ...]:
    """Question: the weighted sum of the targets, shape ``(n_classes,)``."""
    return (data.targets.totals(data.relative_weight),)


def gram_of_rows(data: DataTerm) -> tuple[Any, ...]:
    """Question: ``X' diag(s) X / sum(s)``, shape ``(n_columns, n_columns)``."""
    return data.rows.sum(lambda block: (block.gram(_share_of_rows(data, block)),))


def mean_square_of_rows(data: DataTerm) -> tuple[Any, ...]:
    """Question: the diagonal of ``X' diag(s) X / sum(s)``, shape ``(n_columns,)``."""
    return data.rows.sum(lambda block: (block.gram_diagonal(_share_of_rows(data, block)),))


def mean_of_rows(data: DataTerm) -> tuple[Any, ...]:
    """Question: the mean of the rows, weighted, shape ``(n_columns,)``."""
    return data.rows.sum(lambda block: (block.pull_back(_share_of_rows(data, block)[None])[0],))


def _share_of_rows(data: DataTerm, block: Block) -> Array:
    """Return the weights ``s_i / sum(s)`` of a block's rows, shape ``(n_rows,)``.

    The weights are divided, and not their sum over squares of features, which would overflow
    earlier.
    """
    return data.weighted(np.full(block.n_rows, 1 / data.n_rows, data.rows.dtype), block)
