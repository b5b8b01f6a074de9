"""Which fold holds out which row, told by the number and the label of the row alone.

Both splits are those of scikit-learn's splitters without ``shuffle``. A part needs no row of
another to know them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.intp]


class RowSplit(Protocol):
    """A split of all rows among folds: every row is held out by one of them."""

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        ...

    def held_out_by(self, labels: Numbers, number: int, first_row: int) -> Numbers:
        """Return which fold holds out each row of a part, shape ``(n_rows,)``.

        Parameters
        ----------
        labels : ndarray of int, shape (n_rows,)
            Numbers of the rows' classes.
        number : int
            Number of the part.
        first_row : int
            Number of its first row among all rows.
        """
        ...


@dataclass(frozen=True)
class BlocksOfRows:
    """Consecutive rows, as ``KFold`` splits them: the first folds have one row more."""

    n_rows: int
    n_folds: int

    def held_out_by(self, labels: Numbers, number: int, first_row: int) -> Numbers:
        """Return which fold holds out each row of a part, shape ``(n_rows,)``."""
        least, n_longer = divmod(self.n_rows, self.n_folds)
        ends = np.cumsum(least + (np.arange(self.n_folds) < n_longer))
        return np.searchsorted(ends, first_row + np.arange(len(labels)), side="right")


@dataclass(frozen=True, eq=False)
class Stratified:
    """The rows of each class in turn, as ``StratifiedKFold`` splits them."""

    ends: Numbers
    """How many rows of each class the folds up to each hold out, ``(n_classes, n_folds)``."""

    before: Numbers
    """How many rows of each class are in the parts before each, ``(n_parts, n_classes)``."""

    @property
    def n_folds(self) -> int:
        """Number of folds."""
        return int(self.ends.shape[1])

    @classmethod
    def of(cls, n_folds: int, counts: Numbers, first_rows: Numbers) -> Stratified:
        """Return the split that gives every fold as many rows of each class, but for one.

        Parameters
        ----------
        n_folds : int
            Number of folds.
        counts : ndarray of int, shape (n_parts, n_classes)
            How many rows of each class each part has.
        first_rows : ndarray of int, shape (n_classes,)
            Number of the first row of each class among all rows. The rows are dealt out to the
            folds class by class, in the order in which the classes occur.
        """
        of_class = counts.sum(axis=0)
        order = np.argsort(first_rows, kind="stable")
        ends = np.empty_like(of_class)
        ends[order] = np.cumsum(of_class[order])
        fold = np.arange(n_folds)
        dealt = _dealt(ends[:, None], fold, n_folds) - _dealt(
            (ends - of_class)[:, None], fold, n_folds
        )
        return cls(np.cumsum(dealt, axis=1), np.cumsum(counts, axis=0) - counts)

    def held_out_by(self, labels: Numbers, number: int, first_row: int) -> Numbers:
        """Return which fold holds out each row of a part, shape ``(n_rows,)``."""
        folds = np.empty(len(labels), dtype=np.intp)
        order = np.argsort(labels, kind="stable")
        counts = np.bincount(labels, minlength=len(self.ends))
        first = 0
        for ends, before, count in zip(self.ends, self.before[number], counts, strict=True):
            ranks = before + np.arange(count)
            folds[order[first : first + count]] = np.searchsorted(ends, ranks, side="right")
            first += count
        return folds


def _dealt(n_rows: Numbers, fold: Numbers, n_folds: int) -> Numbers:
    """Return how many of the first rows a fold gets if they are dealt out in turn."""
    return (n_rows - fold + n_folds - 1) // n_folds


@dataclass(frozen=True, eq=False)
class Tally:
    """How many rows of each class a part has, and where the first of them is."""

    counts: Numbers
    """Shape ``(n_classes,)``."""

    first: Numbers
    """Number of the first row of each class within the part; ``n_rows`` if there is none."""

    @classmethod
    def of(cls, labels: Numbers, n_classes: int) -> Tally:
        """Return the tally of labels ``0 .. n_classes - 1``, shape ``(n_rows,)``."""
        first = np.full(n_classes, len(labels))
        np.minimum.at(first, labels, np.arange(len(labels)))
        return cls(np.bincount(labels, minlength=n_classes), first)
