"""The data term of rows that lie in parts: it asks them, and has no row, target or weight."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Rows
from sk_softmax.objective import DataTerm, SpreadOut, Targets
from sk_softmax.objective.cross_entropy import CrossEntropy
from sk_softmax.objective.data_term import DataQuestion, totals_of_classes
from sk_softmax.parts.parted_rows import PartedRows, stacked
from sk_softmax.rows import rows_of


@dataclass(frozen=True)
class KnownOfTargets:
    """What is known of the targets, weights and offset of all rows."""

    are_labels: bool
    """Whether one class has all the probability in every row."""

    least_weight: float = 1.0
    """The least positive weight of a row, divided by the mean."""

    has_offset: bool = False
    largest_difference: float = 0.0
    """By how much an offset's logits of two classes differ in a row at most, in nats."""

    class_totals: Array | None = None
    """The sum of the targets, weighted by relative weights, shape ``(n_classes,)``; None if it is
    not known."""


class PartedData(DataTerm):
    """``sum_i s_i CE_i / sum_i s_i`` over rows in parts.

    Parameters
    ----------
    rows : PartedRows
        The rows, in the form in which they are read.
    loss : CrossEntropy
        The form of the loss.
    known : KnownOfTargets
        What is known of targets, weights and offset.
    """

    rows: PartedRows

    def __init__(self, rows: PartedRows, loss: CrossEntropy, known: KnownOfTargets) -> None:
        nowhere: Any = None
        super().__init__(rows, nowhere, loss, has_offset=known.has_offset)
        self.keeps_spread = False
        self._known = known
        self._sample: DataTerm | None = None

    @property
    def is_read_anew(self) -> bool:
        """Whether every question reads all rows again, however few of them it looks at."""
        return self.rows.parts.is_read_anew

    @property
    def are_labels(self) -> bool:
        """Whether one class has all the probability in every row."""
        return self._known.are_labels

    @property
    def least_weight(self) -> float:
        """The least positive weight of a row, divided by the mean."""
        return self._known.least_weight

    @property
    def largest_difference(self) -> float:
        """By how much an offset's logits of two classes differ in a row at most, in nats."""
        return self._known.largest_difference

    def ask(self, question: DataQuestion, passes: float = 1.0) -> tuple[Any, ...]:
        """Return the sum of the answers of all parts, and count the passes that it takes."""
        self.count(1.0 if self.is_read_anew else passes)
        return self.rows.ask(question)

    def on(self, rows: Rows, indices: NDArray[np.intp] | None = None) -> DataTerm:
        """Return the term on the same rows in another form; rows are picked by :meth:`at`."""
        assert indices is None
        assert isinstance(rows, PartedRows)
        other = self._of(rows)
        other._all_rows = self._all_rows
        return other

    def of_features(self, features: NDArray[np.intp]) -> DataTerm:
        """Return the term on the same rows with these features alone."""
        return self._of(self.rows.columns(features))

    def _of(self, rows: PartedRows) -> PartedData:
        """Return the term on rows in another form, or with other features."""
        return PartedData(rows, self.loss, self._known)

    def at(self, numbers: NDArray[np.intp] | SpreadOut) -> DataTerm:
        """Return the term on the rows of these numbers, ascending, which are gathered here."""
        outline = self.rows.outline
        values, targets, weights, offsets = self.ask(partial(gathered, numbers=numbers), 0)
        rows = rows_of(
            stacked(values),
            outline.n_outputs,
            has_intercept=outline.has_intercept,
            n_threads=outline.n_threads,
        )
        weight = np.concatenate(weights) if weights else None
        offset = np.concatenate(offsets, axis=1) if offsets else None
        return DataTerm(rows, targets[0].joined(targets[1:]), self.loss, weight, offset=offset)

    def copied(self, numbers: NDArray[np.intp] | SpreadOut) -> DataTerm:
        """Return the term on a copy, in float32, of the rows of these numbers."""
        return self._of(self.rows.narrowed()).at(numbers)

    def gather_sample(self, n_rows: int) -> None:
        """Gather so many rows, spread over all, from which smaller samples are taken."""
        self._sample = self.copied(SpreadOut(self.n_rows, n_rows))

    def sampled(self, n_sampled: int) -> DataTerm:
        """Return the term on a copy, in float32, of so many rows spread over all of them.

        They are taken from the rows that were gathered, if these are enough.
        """
        kept = self._sample
        if kept is None or kept.n_rows < n_sampled:
            return self.copied(SpreadOut(self.n_rows, n_sampled))
        return kept if kept.n_rows == n_sampled else kept.sampled(n_sampled)

    def square_and_deviation(self, n_rows: int) -> tuple[Array, Array]:
        """Return mean square and standard deviation of columns, without a look at rows if known.

        Columns with the same value in all rows are left out.
        """
        moments = self.rows.moments
        if moments is None:
            return super().square_and_deviation(n_rows)
        return moments.square_and_deviation()

    @cached_property
    def class_totals(self) -> Array:
        """The weighted sum of the targets, shape ``(n_classes,)``; counted as no pass."""
        if self._known.class_totals is not None:
            return self._known.class_totals
        (totals,) = self.ask(totals_of_classes, passes=0)
        return np.asarray(totals)

    def design_at(self, numbers: NDArray[np.intp]) -> Array:
        """Return the rows of these numbers, a constant column included, ``(n, n_columns)``."""
        return self.at(numbers).design_at(np.arange(len(numbers)))


def gathered(data: DataTerm, numbers: NDArray[np.intp] | SpreadOut) -> tuple[Any, ...]:
    """Question: the rows of these numbers, their targets, weights and offsets, in four lists.

    ``numbers`` are ascending and count among all rows. The last two lists are empty where all
    rows have the same weight, or no offset.
    """
    here = data.here(numbers)
    if numbers.size and not len(here):  # of no numbers each part returns no rows
        return [], [], [], []
    targets: Targets = data.targets.at(here)
    weight, offset = data.relative_weight, data.offset
    if offset is None and data.has_offset:  # that of this part is zero
        offset = np.zeros((data.loss.n_outputs, data.rows.n_rows), dtype=data.rows.dtype)
    return (
        [data.rows.values(here)],
        [targets],
        [] if weight is None else [weight[here]],
        [] if offset is None else [offset[:, here]],
    )
