"""Marginal effects: by how much a probability changes with a feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from sk_softmax.inference.estimate import Estimate
from sk_softmax.inference.predicted import GivenRows, check_rows, slopes_of, whole_logits
from sk_softmax.inference.quantities import Quantities
from sk_softmax.inference.second_moments import pieces, rows_at_once
from sk_softmax.interfaces import Array, Block

# Numbers of the gradients of the effects of some features, which one pass over the rows sums.
NUMBERS_AT_ONCE = 2**22


def marginal_effects(
    estimate: Estimate,
    given: GivenRows,
    shares: Array,
    names: Sequence[str],
    count: Sequence[int],
    dummy: Sequence[int],
) -> Quantities:
    """Return the effects of all features, averaged over rows; see ``Inference``.

    ``shares`` are those of the rows in the mean, shape ``(n_rows,)``.
    """
    check_rows(estimate, given.rows)
    n_features, n_classes = given.rows.n_features, len(estimate.outcomes.classes)
    n_parameters = estimate.coordinates.n_parameters
    effects = np.full((n_features, n_classes), np.nan)
    std_err = np.full((n_features, n_classes), np.nan)
    at_once = max(NUMBERS_AT_ONCE // (n_classes * n_parameters), 1)
    determined = np.flatnonzero(estimate.is_reported()[:n_features])
    for first in range(0, len(determined), at_once):
        features = determined[first : first + at_once]
        values, gradients = _sums(estimate, given, shares, features, count, dummy)
        effects[features] = values
        products = gradients @ estimate.covariance
        std_err[features] = np.sqrt(np.maximum((products * gradients).sum(axis=2), 0.0))
    classes = estimate.outcomes.classes.tolist()
    index = [(name, label) for name in names for label in classes]
    return Quantities(effects, std_err, index, ("feature", "class"))


def _sums(
    estimate: Estimate,
    given: GivenRows,
    shares: Array,
    features: NDArray[np.intp],
    count: Sequence[int],
    dummy: Sequence[int],
) -> tuple[Array, Array]:
    """Return effects of some features, ``(n, n_classes)``, and their gradients.

    The gradients have shape ``(n, n_classes, n_parameters)``.
    """
    kept, others = estimate.coordinates.kept, estimate.outcomes.others
    prepared = given.rows.prepare(estimate.contrasts)
    coef = whole_logits(estimate, estimate.contrasts).T  # (n_classes, n_columns)
    origin = np.append(estimate.shift.of_columns, 0.0)
    asked = []
    for column in map(int, features):
        kind = _Dummy if column in dummy else _Count if column in count else _Derivative
        place = int(np.searchsorted(kept, column))
        asked.append(kind(others, place, coef[:, column], float(origin[column])))

    def term(block: Block) -> tuple[Array, Array]:
        values = np.zeros((len(asked), len(coef)))
        gradients = np.zeros((len(asked), len(coef), len(others), len(kept)))
        logits = given.logits(estimate, block, prepared)
        share = shares[block.rows]
        length = rows_at_once(len(coef) * len(others) + len(kept))
        for part, design in pieces(block, kept, length):
            for number, effect in enumerate(asked):
                value, gradient = effect.summed(design, logits[part], share[part])
                values[number] += value
                gradients[number] += gradient
        return values, gradients

    values, gradients = given.rows.sum(term)
    return values, gradients.reshape(*gradients.shape[:2], -1)


@dataclass(frozen=True, eq=False)
class _Effect:
    """The effect of one feature on all probabilities, summed over some rows."""

    others: NDArray[np.intp]
    """Numbers of the classes besides the base."""

    place: int
    """Of the feature among the kept columns."""

    coef: Array
    """Its contrasts, zero for the base, shape ``(n_classes,)``."""

    origin: float
    """What is subtracted from its column."""

    def summed(self, design: Array, logits: Array, share: Array) -> tuple[Array, Array]:
        """Return the effect and its gradient.

        From ``(n_rows, n_kept)``, ``(n_rows, n_classes)`` and ``(n_rows,)`` to ``(n_classes,)``
        and ``(n_classes, n_others, n_kept)``.
        """
        raise NotImplementedError

    def _moved(
        self, design: Array, logits: Array, share: Array, values: Array
    ) -> tuple[Array, Array]:
        """Return probabilities and their gradients with other values of the feature."""
        change = values - design[:, self.place]
        probabilities = softmax(logits + change[:, None] * self.coef, axis=1)
        moved = design.copy()
        moved[:, self.place] = values
        slopes = slopes_of(probabilities, self.others) * share[:, None, None]
        return share @ probabilities, np.tensordot(slopes, moved, axes=(0, 0))


class _Derivative(_Effect):
    """``dp_k / dx_j = p_k (b_kj - sum_l p_l b_lj)``."""

    def summed(self, design: Array, logits: Array, share: Array) -> tuple[Array, Array]:
        """Return the effect and its gradient."""
        p = softmax(logits, axis=1)
        lead = self.coef - (p @ self.coef)[:, None]
        slopes = slopes_of(p, self.others)
        by_row = slopes * lead[:, :, None]
        by_row -= p[:, :, None] * (p * lead)[:, None, self.others]
        by_row *= share[:, None, None]
        gradient = np.tensordot(by_row, design, axes=(0, 0))
        gradient[:, :, self.place] += np.tensordot(share, slopes, axes=(0, 0))
        return share @ (p * lead), gradient


class _Dummy(_Effect):
    """From zero to one."""

    def summed(self, design: Array, logits: Array, share: Array) -> tuple[Array, Array]:
        """Return the effect and its gradient."""
        zero = np.full(len(design), -self.origin)
        before, slope_before = self._moved(design, logits, share, zero)
        after, slope_after = self._moved(design, logits, share, zero + 1)
        return after - before, slope_after - slope_before


class _Count(_Effect):
    """From what it is to one more."""

    def summed(self, design: Array, logits: Array, share: Array) -> tuple[Array, Array]:
        """Return the effect and its gradient."""
        here = design[:, self.place]
        before, slope_before = self._moved(design, logits, share, here)
        after, slope_after = self._moved(design, logits, share, here + 1)
        return after - before, slope_after - slope_before
