"""What is known of a part before a fit begins: sizes, columns, classes, weights; and of all parts.

Summaries are small, so that those of all parts are brought together in one round. What a fit in
memory finds by looking at all rows (the shift of far columns, the least weight, the totals of the
classes) is found from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from sk_softmax.interfaces import Array
from sk_softmax.rows import rows_of

# Numbers of X that are looked at at a time: 8 MiB in float64.
NUMBERS_AT_ONCE = 2**20


@dataclass(frozen=True, eq=False)
class ColumnMoments:
    """Mean, variance and range of columns; each field but ``weight`` has shape ``(n_features,)``.

    Mean and variance are in units of ``unit``, because squares of large and small values would
    overflow and underflow.
    """

    weight: float
    """Of all rows together; those without weight are not counted."""

    unit: Array
    mean: Array
    variance: Array
    least: Array
    largest: Array

    @classmethod
    def of(cls, X: Any, weights: Array | None) -> ColumnMoments:
        """Return the moments of rows, dense or sparse, with these weights.

        ``X`` has shape ``(n_rows, n_features)`` and ``weights`` ``(n_rows,)``.
        """
        if weights is not None and not weights.all():
            seen = np.flatnonzero(weights)
            X, weights = X[seen], weights[seen]
        moments = _sparse_moments if sp.issparse(X) else _moments
        length = _rows_at_once(X)
        found = cls.none(X.shape[1])
        for first in range(0, X.shape[0], length):
            some = slice(first, first + length)
            found += moments(X[some], None if weights is None else weights[some])
        return found

    def __add__(self, other: ColumnMoments) -> ColumnMoments:
        """Return the moments of the rows of both together."""
        return self.joined([self, other])

    @classmethod
    def none(cls, n_features: int) -> ColumnMoments:
        """Return the moments of no rows."""
        zeros = np.zeros(n_features)
        return cls(0.0, zeros, zeros, zeros, zeros + np.inf, zeros - np.inf)

    @classmethod
    def joined(cls, several: Sequence[ColumnMoments]) -> ColumnMoments:
        """Return the moments of the rows of several together (Chan et al., 1983)."""
        weights = np.array([some.weight for some in several])
        total = float(weights.sum())
        if total == 0:
            return several[0]
        shares = (weights / total)[:, None]
        units = np.array([some.unit for some in several])
        unit = units.max(axis=0)
        ratio = units / np.where(unit > 0, unit, 1.0)
        means = ratio * np.array([some.mean for some in several])
        mean = (shares * means).sum(axis=0)
        within = ratio**2 * np.array([some.variance for some in several])
        return cls(
            total,
            unit,
            mean,
            (shares * (within + (means - mean) ** 2)).sum(axis=0),
            np.min([some.least for some in several], axis=0),
            np.max([some.largest for some in several], axis=0),
        )

    def mean_and_ratio(self) -> tuple[Array, Array]:
        """Return the mean of each column, and how many standard deviations it is from zero.

        Both have shape ``(n_features,)``. The mean lies between the least and the largest value.
        """
        mean = np.clip(self.mean * self.unit, self.least, self.largest)
        is_constant = self.least == self.largest
        deviation = np.where(is_constant, 0.0, np.sqrt(self.variance))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(mean == 0, 0.0, np.abs(self.mean) / deviation)
        return mean, ratio

    def less(self, shift: Array) -> ColumnMoments:
        """Return the moments of the columns less a shift of shape ``(n_features,)``."""
        moved = np.where(shift == 0, self.mean, self.mean - shift / self._positive_unit)
        return replace(self, mean=moved, least=self.least - shift, largest=self.largest - shift)

    def of_features(self, features: NDArray[np.intp]) -> ColumnMoments:
        """Return the moments of these columns alone."""
        fields = {n: getattr(self, n)[features] for n in vars(self) if n != "weight"}
        return replace(self, **fields)

    @property
    def _positive_unit(self) -> Array:
        return np.where(self.unit > 0, self.unit, 1.0)

    def square_and_deviation(self) -> tuple[Array, Array]:
        """Return mean square and standard deviation of the columns with different values."""
        varies = self.least < self.largest
        unit, mean, variance = self.unit[varies], self.mean[varies], self.variance[varies]
        return (variance + mean**2) * unit**2, np.sqrt(variance) * unit

    def sizes(self, shift: Array | float = 0.0) -> Array:
        """Return the largest size of the values of each column less a shift."""
        return np.asarray(np.maximum(np.abs(self.least - shift), np.abs(self.largest - shift)))


def _rows_at_once(X: Any) -> int:
    """Return how many rows of a matrix are looked at at a time."""
    n_rows, n_features = int(X.shape[0]), int(X.shape[1])
    if not sp.issparse(X):
        return max(NUMBERS_AT_ONCE // max(n_features, 1), 1)
    if X.format != "csr":  # rows of columns are not to be had one by one
        return max(n_rows, 1)
    return max(NUMBERS_AT_ONCE * n_rows // max(int(X.nnz), 1), 1)


def _sparse_moments(X: Any, weights: Array | None) -> ColumnMoments:
    """Return the moments of sparse rows, ``(n_rows, n_features)``, all with weight.

    Only what is stored is looked at: a column of ``n`` zeros adds ``n`` times its squared mean.
    """
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    stored, n_features = X.tocoo(), X.shape[1]
    values, column = stored.data.astype(np.float64, copy=False), stored.col
    of_row = np.ones(X.shape[0]) if weights is None else weights
    total = float(of_row.sum())
    share = (of_row / total)[stored.row]
    least, largest = (
        np.asarray(ends.toarray(), np.float64).ravel() for ends in (X.min(axis=0), X.max(axis=0))
    )
    unit = np.maximum(-least, largest)
    scaled = values / np.where(unit > 0, unit, 1.0)[column]
    mean = np.bincount(column, share * scaled, n_features).astype(np.float64, copy=False)
    scaled -= mean[column]
    variance = np.bincount(column, share * scaled**2, n_features)
    # A rounding of the share of zeros would count as much as a column far from zero varies.
    has_zeros = np.bincount(column, minlength=n_features) < X.shape[0]
    zeros = has_zeros * np.maximum(1 - np.bincount(column, share, n_features), 0.0)
    return ColumnMoments(total, unit, mean, variance + zeros * mean**2, least, largest)


def _moments(values: Array, weights: Array | None) -> ColumnMoments:
    """Return the moments of a few dense rows, ``(n_rows, n_features)``, all with weight."""
    values = np.asarray(values).astype(np.float64, copy=False)
    least, largest = values.min(axis=0), values.max(axis=0)
    unit = np.maximum(-least, largest)
    scaled = values / np.where(unit > 0, unit, 1.0)
    total = float(len(values) if weights is None else weights.sum())
    shares = np.full(len(values), 1 / len(values)) if weights is None else weights / total
    mean = shares @ scaled
    scaled -= mean
    return ColumnMoments(total, unit, mean, shares @ scaled**2, least, largest)


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """The weights of the rows of each class; each field has shape ``(n_classes,)``.

    A row with probabilities adds to the total of every class, and to the other fields of its most
    probable one.
    """

    classes: NDArray[Any]
    """Sorted."""

    total: Array
    least: Array
    least_positive: Array
    largest: Array

    @classmethod
    def of(cls, given: Any, weights: Array | None, classes: NDArray[Any]) -> ClassWeights:
        """Return the weights of rows with these targets: see ``TrainingSet.given``."""
        n_classes = len(classes)
        labels = given if given.ndim == 1 else given.argmax(axis=1)
        weights = np.ones(len(labels)) if weights is None else weights
        if given.ndim == 1:
            total = np.bincount(labels, weights=weights, minlength=n_classes).astype(np.float64)
        else:
            total = weights @ given
        least, positive, largest = (np.full(n_classes, v) for v in (np.inf, np.inf, 0.0))
        np.minimum.at(least, labels, weights)
        np.minimum.at(positive, labels, np.where(weights > 0, weights, np.inf))
        np.maximum.at(largest, labels, weights)
        return cls(classes, total, least, positive, largest)

    @classmethod
    def joined(cls, several: Sequence[ClassWeights]) -> ClassWeights:
        """Return the weights of all rows, by the classes that occur in any of several."""
        classes = np.unique(np.concatenate([some.classes for some in several]))
        size = len(classes)
        total, least = np.zeros(size), np.full(size, np.inf)
        positive, largest = np.full(size, np.inf), np.zeros(size)
        for some in several:
            at = np.searchsorted(classes, some.classes)
            total[at] += some.total
            least[at] = np.minimum(least[at], some.least)
            positive[at] = np.minimum(positive[at], some.least_positive)
            largest[at] = np.maximum(largest[at], some.largest)
        return cls(classes, total, least, positive, largest)

    def among(self, classes: NDArray[Any]) -> ClassWeights:
        """Return the same weights with a place for each of these classes, which hold all."""
        none = np.zeros(len(classes))
        empty = ClassWeights(classes, none, none + np.inf, none + np.inf, none)
        return ClassWeights.joined([empty, self])

    def times(self, factor: Array) -> ClassWeights:
        """Return the weights after each class's were multiplied by its factor, ``(n_classes,)``.

        With a factor of zero no weight is positive.
        """
        with np.errstate(invalid="ignore"):
            positive = np.where(factor > 0, self.least_positive * factor, np.inf)
            least = np.where(np.isinf(self.least), np.inf, self.least * factor)
        return ClassWeights(
            self.classes, self.total * factor, least, positive, self.largest * factor
        )

    @property
    def are_equal(self) -> bool:
        """Whether all rows have the same weight."""
        return bool(self.least.min() == self.largest.max())


@dataclass(frozen=True, eq=False)
class Summary:
    """What is known of the rows of a part, or of all parts."""

    n_rows: int
    n_features: int
    dtype: np.dtype[Any]
    is_sparse: bool
    stored: NDArray[np.bool_]
    """Which features can be shifted, shape ``(n_features,)``."""

    columns: ColumnMoments
    weights: ClassWeights
    are_labels: bool
    """Whether one class has all the probability in every row."""

    largest_difference: float = 0.0
    """By how much an offset's logits of two classes differ in a row at most, in nats."""

    @classmethod
    def of(
        cls,
        X: Any,
        given: Any,
        weights: Array | None,
        classes: NDArray[Any],
        offset: Array | None = None,
    ) -> Summary:
        """Return what is known of checked rows; the parameters are fields of a training set."""
        rows = rows_of(X, 1, has_intercept=False, n_threads=1)
        difference = 0.0
        if offset is not None and len(offset):
            is_single = offset.shape[1] == 1
            differences = np.abs(offset) if is_single else np.ptp(offset, axis=1)
            difference = float(differences.max())
        return cls(
            X.shape[0],
            X.shape[1],
            X.dtype,
            sp.issparse(X),
            rows.mostly_stored(),
            ColumnMoments.of(X, weights),
            ClassWeights.of(given, weights, classes),
            given.ndim == 1 or bool((given.max(axis=1) == 1).all()),
            difference,
        )

    def without_columns(self) -> Summary:
        """Return the same without what is known of single columns: a few numbers a class."""
        nothing = ColumnMoments.none(0)
        return replace(self, columns=nothing, stored=np.zeros(0, dtype=np.bool_))

    def with_columns(self, columns: ColumnMoments, stored: NDArray[np.bool_]) -> Summary:
        """Return the same with what is known of single columns."""
        return replace(self, columns=columns, stored=stored)

    @classmethod
    def joined(cls, several: Sequence[Summary]) -> Summary:
        """Return what is known of the rows of several together; none of them is without rows."""
        return cls(
            sum(some.n_rows for some in several),
            several[0].n_features,
            np.result_type(*[some.dtype for some in several]),
            any(some.is_sparse for some in several),
            np.all([some.stored for some in several], axis=0),
            ColumnMoments.joined([some.columns for some in several]),
            ClassWeights.joined([some.weights for some in several]),
            all(some.are_labels for some in several),
            max(some.largest_difference for some in several),
        )
