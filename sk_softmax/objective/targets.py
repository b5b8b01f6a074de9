"""What the rows should be: a label each, or a probability for each class.

All forms answer the same few questions of a block, so that the loss is written once. None of them
makes an array of rows by classes that the user did not bring.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from sk_softmax.interfaces import Array, Index


class Targets(Protocol):
    """Probabilities ``y_i`` of the classes for each row ``i``, which add up to 1."""

    are_labels: bool
    """Whether every row gives all its probability to one class."""

    def at(self, rows: Index) -> Targets:
        """Return the targets of these rows."""
        ...

    def of_class(self, number: int) -> Array:
        """Probabilities of one class, shape ``(n_rows,)``."""
        ...

    def expected(self, logits: Array) -> Array:
        """``sum_k y_ik z_ki`` of class-major logits of shape ``(n_classes, n_rows)``."""
        ...

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract ``share`` times the targets from class-major probabilities, in place."""
        ...

    def totals(self, weights: Array | None) -> Array:
        """``sum_i s_i y_i``, shape ``(n_classes,)``."""
        ...


class Labels:
    """One class a row, as a number ``0 .. n_classes - 1``."""

    are_labels = True

    def __init__(self, labels: NDArray[np.intp], n_classes: int) -> None:
        self._labels = labels
        self._n_classes = n_classes

    def at(self, rows: Index) -> Self:
        """Return the labels of these rows."""
        return type(self)(self._labels[rows], self._n_classes)

    def of_class(self, number: int) -> Array:
        """One where this is the label and zero elsewhere."""
        return np.asarray(self._labels == number, dtype=np.float64)

    @cached_property
    def _positions(self) -> NDArray[np.intp]:
        """Where the labels' entries are in flattened class-major arrays.

        One index a row is gathered five times as fast as a pair.
        """
        n_rows = len(self._labels)
        positions = self._labels * n_rows
        positions += np.arange(n_rows)
        return positions

    def expected(self, logits: Array) -> Array:
        """Logit of each row's label."""
        return logits.reshape(-1).take(self._positions)

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract the share from each label's probability."""
        probabilities.reshape(-1)[self._positions] -= share

    def totals(self, weights: Array | None) -> Array:
        """Weight of each class."""
        totals = np.bincount(self._labels, weights=weights, minlength=self._n_classes)
        return totals.astype(np.float64)


class Probabilities:
    """A probability for each class, row-major as users hold them: ``(n_rows, n_classes)``."""

    are_labels = False

    def __init__(self, probabilities: Array) -> None:
        self._probabilities = probabilities

    def at(self, rows: Index) -> Self:
        """Return the probabilities of these rows."""
        return type(self)(self._probabilities[rows])

    def of_class(self, number: int) -> Array:
        """Probabilities of one class."""
        return self._probabilities[:, number]

    def expected(self, logits: Array) -> Array:
        """Mean logit of each row under its probabilities."""
        probabilities = self._probabilities.T.astype(logits.dtype, copy=False)
        return np.asarray(np.einsum("ki,ki->i", logits, probabilities))

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract a share of the targets."""
        own = self._probabilities.T.astype(probabilities.dtype, copy=False)
        probabilities -= own if share == 1 else share * own

    def totals(self, weights: Array | None) -> Array:
        """Weighted sum of the probabilities of each class."""
        if weights is None:
            return np.asarray(self._probabilities.sum(axis=0, dtype=np.float64))
        return np.asarray(weights.astype(np.float64, copy=False) @ self._probabilities)


class Smoothed:
    """Other targets with a part of every row's probability spread evenly over all classes.

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
        """Probabilities of one class."""
        kept = (1 - self._amount) * self._targets.of_class(number)
        return np.asarray(kept + self._amount / self._n_classes)

    def expected(self, logits: Array) -> Array:
        """Mean logit of each row under its targets."""
        kept = (1 - self._amount) * self._targets.expected(logits)
        return np.asarray(kept + self._amount * logits.mean(axis=0))

    def subtract_from(self, probabilities: Array, share: float = 1.0) -> None:
        """Subtract a share of the targets."""
        self._targets.subtract_from(probabilities, share * (1 - self._amount))
        probabilities -= share * self._amount / self._n_classes

    def totals(self, weights: Array | None) -> Array:
        """Weighted sum of the probabilities of each class."""
        totals = self._targets.totals(weights)
        return np.asarray((1 - self._amount) * totals + self._amount * totals.mean())


def targets_of(given: Any, n_classes: int, smoothing: float = 0.0) -> Targets:
    """Return targets of labels ``0 .. n_classes - 1`` or of a row of probabilities for each row.

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
