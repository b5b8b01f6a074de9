"""Targets of the rows: one label per row, or one probability per row and class.

All forms have the same methods, so that the loss is written once. None of them makes an array of
shape ``(n_rows, n_classes)``: such an array exists only if the user passed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Index


class Targets(Protocol):
    """Probabilities ``y_i`` of the classes for each row ``i``, which add up to 1."""

    @property
    def are_labels(self) -> bool:
        """Whether one class has all the probability in every row."""
        ...

    def at(self, rows: Index) -> Targets:
        """Return the targets of these rows."""
        ...

    def of_class(self, number: int) -> Array:
        """Return the probabilities of one class, shape ``(n_rows,)``."""
        ...

    def most_probable(self) -> NDArray[np.intp]:
        """Return the number of each row's most probable class, shape ``(n_rows,)``."""
        ...

    def expected(self, logits: Array) -> Array:
        """Return ``sum_k y_ik z_ki``, shape ``(n_rows,)``, of logits ``(n_classes, n_rows)``."""
        ...

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract ``share`` times the targets from class-major probabilities, in place."""
        ...

    def totals(self, weights: Array | None) -> Array:
        """Return ``sum_i s_i y_i``, shape ``(n_classes,)``; all ``s_i`` are 1 if None."""
        ...

    def joined(self, others: Sequence[Any]) -> Targets:
        """Return these targets and, below them, others of the same class and data set."""
        ...


class Labels:
    """One class per row, as a number ``0 .. n_classes - 1``."""

    are_labels = True

    def __init__(self, labels: NDArray[np.intp], n_classes: int) -> None:
        self._labels = labels
        self._n_classes = n_classes

    def at(self, rows: Index) -> Self:
        """Return the labels of these rows."""
        n_rows = len(self._labels)
        if isinstance(rows, slice) and rows.indices(n_rows) == (0, n_rows, 1):
            return self  # which may know the positions of its entries already
        return type(self)(self._labels[rows], self._n_classes)

    def of_class(self, number: int) -> Array:
        """Return one for each row with this label and zero for the others."""
        if number != 1:
            return np.asarray(self._labels == number, dtype=np.float64)
        return self._second

    def most_probable(self) -> NDArray[np.intp]:
        """Return the labels, shape ``(n_rows,)``."""
        return self._labels

    @cached_property
    def _second(self) -> Array:
        """One for each row of the second class, which every evaluation of two classes needs."""
        return np.asarray(self._labels == 1, dtype=np.float64)

    @cached_property
    def _positions(self) -> NDArray[np.intp]:
        """Positions of the labels' entries in flattened class-major arrays, ``(n_rows,)``.

        Entries are gathered five times as fast by one index per row as by a pair of indices.
        """
        n_rows = len(self._labels)
        positions = self._labels * n_rows
        positions += np.arange(n_rows)
        return positions

    def expected(self, logits: Array) -> Array:
        """Return the logit of each row's label, shape ``(n_rows,)``."""
        return logits.reshape(-1).take(self._positions)

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract ``share`` from the probability of each row's label, in place."""
        probabilities.reshape(-1)[self._positions] -= share

    def totals(self, weights: Array | None) -> Array:
        """Return the sum of the weights of each class's rows, shape ``(n_classes,)``."""
        totals = np.bincount(self._labels, weights=weights, minlength=self._n_classes)
        return totals.astype(np.float64)

    def joined(self, others: Sequence[Self]) -> Self:
        """Return these labels and others below them."""
        labels = [self._labels, *(other._labels for other in others)]
        return type(self)(np.concatenate(labels), self._n_classes)


class Probabilities:
    """One probability per row and class, row-major as users pass it: ``(n_rows, n_classes)``."""

    def __init__(self, probabilities: Array) -> None:
        self._probabilities = probabilities

    @cached_property
    def are_labels(self) -> bool:
        """Whether one class has all the probability in every row."""
        return bool((self._probabilities.max(axis=1) == 1).all())

    def at(self, rows: Index) -> Self:
        """Return the probabilities of these rows."""
        return type(self)(self._probabilities[rows])

    def of_class(self, number: int) -> Array:
        """Return the probabilities of one class, shape ``(n_rows,)``."""
        return self._probabilities[:, number]

    def most_probable(self) -> NDArray[np.intp]:
        """Return the number of each row's most probable class, shape ``(n_rows,)``."""
        return np.asarray(self._probabilities.argmax(axis=1))

    def expected(self, logits: Array) -> Array:
        """Return the mean logit of each row, weighted by its probabilities."""
        probabilities = self._probabilities.T.astype(logits.dtype, copy=False)
        return np.asarray(np.einsum("ki,ki->i", logits, probabilities))

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract ``share`` times the targets, in place."""
        own = self._probabilities.T.astype(probabilities.dtype, copy=False)
        probabilities -= own if share == 1 else share * own

    def totals(self, weights: Array | None) -> Array:
        """Return the weighted sum of the probabilities of each class."""
        if weights is None:
            return np.asarray(self._probabilities.sum(axis=0, dtype=np.float64))
        return np.asarray(weights.astype(np.float64, copy=False) @ self._probabilities)

    def joined(self, others: Sequence[Self]) -> Self:
        """Return these probabilities and others below them."""
        rows = [self._probabilities, *(other._probabilities for other in others)]
        return type(self)(np.concatenate(rows))


class Smoothed:
    """Other targets, with a share of each row's probability spread evenly over all classes.

    ``(1 - amount) y_i + amount / K`` (Szegedy et al., 2016, section 7).
    """

    are_labels = False

    def __init__(self, targets: Targets, amount: float, n_classes: int) -> None:
        self._targets = targets
        self._amount = amount
        self._n_classes = n_classes

    def at(self, rows: Index) -> Self:
        """Return the smoothed targets of these rows."""
        return type(self)(self._targets.at(rows), self._amount, self._n_classes)

    def of_class(self, number: int) -> Array:
        """Return the probabilities of one class, shape ``(n_rows,)``."""
        kept = (1 - self._amount) * self._targets.of_class(number)
        return np.asarray(kept + self._amount / self._n_classes)

    def most_probable(self) -> NDArray[np.intp]:
        """Return the number of each row's most probable class, shape ``(n_rows,)``."""
        return self._targets.most_probable()

    def expected(self, logits: Array) -> Array:
        """Return the mean logit of each row, weighted by its smoothed targets."""
        kept = (1 - self._amount) * self._targets.expected(logits)
        return np.asarray(kept + self._amount * logits.mean(axis=0))

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract ``share`` times the targets, in place."""
        self._targets.subtract_from(probabilities, share * (1 - self._amount))
        probabilities -= share * self._amount / self._n_classes

    def totals(self, weights: Array | None) -> Array:
        """Return the weighted sum of the probabilities of each class."""
        totals = self._targets.totals(weights)
        return np.asarray((1 - self._amount) * totals + self._amount * totals.mean())

    def joined(self, others: Sequence[Self]) -> Self:
        """Return these targets and others below them."""
        exact = self._targets.joined([other._targets for other in others])
        return type(self)(exact, self._amount, self._n_classes)


def targets_of(given: Any, n_classes: int, smoothing: float = 0.0) -> Targets:
    """Return the targets for labels ``0 .. n_classes - 1``, or for probabilities of the classes.

    Parameters
    ----------
    given : ndarray of int, shape (n_rows,), or ndarray of float, shape (n_rows, n_classes)
        Labels, or probabilities.
    n_classes : int
        Number of classes.
    smoothing : float, default=0
        Share of each row's probability to spread evenly over the classes.
    """
    exact: Targets = Labels(given, n_classes) if given.ndim == 1 else Probabilities(given)
    return Smoothed(exact, smoothing, n_classes) if smoothing else exact
